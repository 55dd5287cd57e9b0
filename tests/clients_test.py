"""What callers send in practice works: the HTTP clients of Node, Python and Go and curl, every form of a credential, and
bodies as people write them."""

import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest
import uuid

import httpx
import requests

from harness import DEADLINE, ROOT, Api, Process, environment, run

# Where `npm ci` has put what tests/npm/package-lock.json names; `./dev test` sees to it.
NODE_MODULES = ROOT / "build/npm/node_modules"
os.environ["NO_PROXY"] = "127.0.0.1"

# What callers send where no document asks for it.
ODD = {"is_default": True, "isDefault": 1, "model": "some/model", "free_trial_mode": "false", "email": "caller@example.org",
       "extra": {"deep": [None, {"er": 1}]}}  # fmt: skip
FILES = [
    ("notes on bees.md", "# Bees\n\nBees live in hives. A hive has one queen. In summer the bees gather nectar and make honey."),
    ("Ernte.csv", "month,kilograms\nMay,12\nJune,31\nJuly,24"),
]
ORDER = {"prompt": "Write a short guide to how bees live.", "author": "A caller", "page_length": 1, "max_pages": "2"} | ODD
# For a job that is cancelled: it is not done before that.
LONGER = {"page_length": "40 pages", "max_pages": 350}


class WithRequests:
    def __init__(self, url, headers):
        self.url, self.headers = url, headers

    def __call__(self, method, path, body=None, parts=None):
        json_type = {} if parts else {"Content-Type": "application/json"}
        fields = {part: text for part, text, name in parts or [] if not name}
        files = [(part, (name, text.encode())) for part, text, name in parts or [] if name]
        # `data` as text, which is what most scripts do.
        data = fields or (json.dumps(body) if body is not None else None)
        answer = requests.request(method, self.url + path, headers=self.headers | json_type, data=data, files=files, timeout=DEADLINE)
        return answer.status_code, answer.text


class WithHttpx:
    def __init__(self, url, headers):
        self.url, self.headers = url, headers

    def __call__(self, method, path, body=None, parts=None):
        with httpx.Client(base_url=self.url, headers=self.headers, timeout=DEADLINE) as client:
            if parts:
                fields = {part: text for part, text, name in parts if not name}
                files = [(part, (name, text.encode(), "application/octet-stream")) for part, text, name in parts if name]
                answer = client.request(method, path, data=fields, files=files)
            else:
                answer = client.request(method, path, json=body, headers={"Content-Type": "application/json"})
            return answer.status_code, answer.text


class WithCurl:
    """It asks for HTTP/2 on a connection of HTTP/1.1, and before an upload whether it may send it."""

    def __init__(self, url, headers):
        self.url = url
        self.words = ["curl", "-sS", "--http2", "--max-time", str(DEADLINE), "-w", "\n%{http_code}"]
        for name, value in headers.items():
            self.words += ["-H", f"{name}: {value}"]

    def __call__(self, method, path, body=None, parts=None):
        words = [*self.words, "-X", method]
        for part, text, name in parts or []:
            words += ["-F", f'{part}={text};filename="{name}"' if name else f"{part}={text}"]
        words += ["-H", "Expect: 100-continue"] if parts else ["-H", "Content-Type: application/json"]
        if body is not None:
            words += ["-d", json.dumps(body)]
        done = subprocess.run([*words, self.url + path], capture_output=True, text=True, check=True, timeout=DEADLINE)
        text, _, status = done.stdout.rpartition("\n")
        return int(status), text


def walk(send, plan):
    """The whole way of a job, as tests/npm/walk.cjs and tests/walk.go go it."""

    def call(method, path, body=None, parts=None):
        status, text = send(method, path, body, parts)
        if status != 200:
            raise AssertionError(f"{method} {path}: {status} {text}")
        return text

    def parsed(*words):
        return json.loads(call(*words))

    project = parsed("POST", "/api/createProject", plan["project"])["id"]
    first, *rest = [("files", text, name) for name, text in plan["files"]]
    seen = {"project": project}
    seen["uploaded"] = parsed("POST", "/api/uploadProjectFiles", None, [first, ("projectId", project, None), *rest])
    seen["files"] = parsed("GET", f"/api/getProjectFiles?projectId={project}")
    order = plan["order"] | {"projectId": project}
    job = parsed("POST", "/api/generateWizardWork", order)["jobId"]
    while True:
        seen["done"] = parsed("GET", f"/api/getJobStatus?jobId={job}")
        if seen["done"]["status"] not in ("submitted", "queued", "in_progress"):
            break
        time.sleep(0.05)
    seen["markdown"] = call("GET", f"/api/jobs/{job}/output.md")
    if "output_url_pdf" in seen["done"]:
        seen["pdf"] = requests.get(seen["done"]["output_url_pdf"], timeout=DEADLINE).text[:5]
    second = parsed("POST", "/api/generateWizardWork", order | plan["longer"])["jobId"]
    seen["cancelled"] = parsed("POST", "/api/cancelJob", {"jobId": second})
    seen["after"] = parsed("GET", f"/api/getJobStatus?jobId={second}")
    seen["deleted"] = parsed("DELETE", f"/api/deleteProject?projectId={project}")
    status, text = send("GET", f"/api/getProjectDetails?projectId={project}")
    seen["gone"] = {"status": status} | json.loads(text)
    return seen


def run_client(words, plan):
    done = subprocess.run([*words, json.dumps(plan)], text=True, capture_output=True, timeout=DEADLINE,
                          env=environment() | {"NODE_PATH": str(NODE_MODULES)})  # fmt: skip
    if done.returncode != 0:
        raise AssertionError(f"{words[0]} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def run_node(plan):
    if not (NODE_MODULES / "axios").is_dir():
        raise AssertionError(f"undici and axios are not in {NODE_MODULES}: ./dev test puts them there")
    return run_client(["node", ROOT / "tests/npm/walk.cjs"], plan)


def run_go(plan, folder):
    subprocess.run(["gccgo-12", "-o", folder / "walk", ROOT / "tests/walk.go"], check=True, timeout=DEADLINE)
    return {"go": run_client([folder / "walk"], plan)}


class Server(unittest.TestCase):
    """One server for all tests of a class, with its owner's session and key."""

    options = ()

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="longhand clients "))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        server = Process(["serve", "--listen", "127.0.0.1:0", "--data", cls.folder / "data", *cls.options])
        cls.addClassCleanup(server.close)
        cls.url = server.url
        cls.session = run("token", "owner@localhost", "--data", cls.folder / "data").stdout.strip()
        cls.key = run("key", "owner@localhost", "--data", cls.folder / "data").stdout.strip()
        cls.api = Api(cls.url, cls.session)

    def credentials(self):
        """Every form that callers send, by a name."""
        return {
            "key": {"x-api-key": self.key},
            "key as bearer": {"Authorization": f"Bearer {self.key}"},
            "session": {"Authorization": f"Bearer {self.session}"},
            "bare session": {"Authorization": self.session},
            "both": {"Authorization": f"Bearer {self.session}", "X-API-Key": self.key},
            "a key beside an old session": {"authorization": "Bearer eyJhbGciOiJIUzI1NiJ9.e30.AAAA", "x-api-key": self.key},
            "a session beside an old key": {"Authorization": f"bearer {self.session}", "x-api-key": "dw_replaced"},
        }


class Clients(Server):
    def test_each_walks_the_whole_way_of_a_job(self):
        forms = list(self.credentials().values())
        names = ["fetch", "undici", "axios", "requests", "httpx", "curl", "go"]
        headers = {name: form | {"Origin": "https://app.example"} for name, form in zip(names, forms, strict=True)}
        order = ORDER | {"email": "caller@example.org"}
        project = {"newProjectName": "Of bees"} | ODD
        plan = {"url": self.url, "headers": headers, "project": project, "order": order, "longer": LONGER, "files": FILES}
        ways = {"requests": WithRequests, "httpx": WithHttpx, "curl": WithCurl}
        walks = [lambda: run_node(plan), lambda: run_go(plan, self.folder)]
        walks += [lambda name=name, way=way: {name: walk(way(self.url, headers[name]), plan)} for name, way in ways.items()]
        with concurrent.futures.ThreadPoolExecutor(len(walks)) as pool:
            seen = {name: what for one in pool.map(lambda go: go(), walks) for name, what in one.items()}
        self.assertEqual(set(seen), set(names))
        for name, what in seen.items():
            with self.subTest(client=name):
                self.check(what)

    def check(self, seen):
        self.assertEqual(str(uuid.UUID(seen["project"])), seen["project"])
        uploaded, summary = seen["uploaded"], seen["uploaded"]["summary"]
        self.assertTrue(uploaded["success"])
        self.assertEqual(summary, {"total_files": 2, "successful_uploads": 2, "failed_uploads": 0, "errors": []})
        self.assertEqual({file["file_name"] for file in seen["files"]}, {name for name, _ in FILES})
        self.assertEqual({file["file_size"] for file in seen["files"]}, {len(text) for _, text in FILES})
        done = seen["done"]
        self.assertEqual((done["status"], done["progress"], done["percent_complete"]), ("completed", 100, 100), done)
        self.assertIn("ees", seen["markdown"])
        self.assertEqual(seen["pdf"], "%PDF-")
        self.assertEqual(seen["cancelled"], {"message": "Job cancelled successfully"})
        self.assertEqual(seen["after"]["status"], "cancelled")
        self.assertIn(seen["project"], seen["deleted"]["message"])
        gone = seen["gone"]
        self.assertEqual((gone["status"], gone["code"], gone["error"]), (404, "not_found", gone["message"]))


class Requests(Server):
    # Its jobs stay queued.
    options = ("--workers", "0")

    def project(self):
        return self.api.post("/api/createProject", {"newProjectName": "A project"})["id"]

    def order(self, **fields):
        basic = {"projectId": self.project(), "prompt": "Write a short guide.", "author": "A caller", "email": "a@example.org"}
        return basic | fields

    def start(self, **fields):
        return self.api.post("/api/generateWizardWork", self.order(**fields))["jobId"]

    def send(self, method, path, headers=None, body=None):
        """(status, parsed body); without the session where `headers` has a credential."""
        data = json.dumps(body) if isinstance(body, (dict, list)) else body
        sent = {"Authorization": f"Bearer {self.session}"} if not {"Authorization", "authorization", "x-api-key"} & set(headers or {}) else {}
        status, _, text = Api(self.url).raw(method, path, data, sent | (headers or {}))
        return status, json.loads(text)

    def test_every_form_of_a_credential_opens_every_kind_of_call(self):
        for name, form in self.credentials().items():
            with self.subTest(credential=name):
                job = self.start()
                project = self.api.status(job)["project_id"]
                calls = [
                    ("GET", "/api/listProjects", None), ("GET", f"/getJobStatus?jobId={job}", None), ("GET", "/api/jobs", None),
                    ("GET", "/api/fetchDocuments", None), ("PATCH", f"/api/updateProject?projectId={project}", {"author": "B"}),
                    ("POST", "/cancelJob", {"jobId": job}), ("POST", "/api/retryJob", {"jobId": job}),
                    ("DELETE", f"/api/deleteProject?projectId={project}", None),
                ]  # fmt: skip
                for method, path, body in calls:
                    self.assertEqual(self.send(method, path, form, body)[0], 200, (method, path))

    def test_without_a_good_credential_there_is_none(self):
        for form in ({"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Bearer dw_x", "x-api-key": "dw_y"},
                     {"Authorization": f"Basic {self.session}"}, {"x-api-key": self.key[:-1]}):  # fmt: skip
            status, answer = self.send("GET", "/api/jobs", form)
            self.assertEqual((status, answer["code"], answer["error"]), (401, "unauthorized", answer["message"]), form)

    def test_get_and_delete_may_say_json_and_send_nothing_or_an_empty_object(self):
        for body in (None, "", "{}", "null"):
            job = self.start()
            project = self.api.status(job)["project_id"]
            for method, path in (("GET", f"/api/getJobStatus?jobId={job}"), ("GET", "/api/jobs"),
                                 ("GET", f"/api/getProjectDetails?projectId={project}"),
                                 ("DELETE", f"/api/deleteProject?projectId={project}")):  # fmt: skip
                status, answer = self.send(method, path, {"Content-Type": "application/json"}, body)
                self.assertEqual(status, 200, (method, path, body, answer))

    def test_keys_are_made_with_an_empty_body_too(self):
        user = Api(self.url, self.other())
        for body in (None, "", "{}"):
            status, _, data = user.raw("POST", "/api/generateApiKey", body, {"Content-Type": "application/json"})
            self.assertEqual(status, 200, data)
            self.assertEqual(Api(self.url).raw("GET", "/api/jobs", headers={"x-api-key": json.loads(data)["apiKey"]})[0], 200)

    def other(self):
        email = f"{uuid.uuid4().hex}@example.org"
        run("user", "add", email, "--data", self.folder / "data")
        return run("token", email, "--data", self.folder / "data").stdout.strip()

    def test_lengths_and_bounds_are_numbers_or_strings(self):
        for fields in ({"page_length": 10}, {"page_length": "10"}, {"page_length": 10.0}, {"page_length": "15-20 pages"},
                       {"page_length": "5000 words"}, {"page_length": " 12 pages "}, {"page_length": None},
                       {"max_pages": 20}, {"max_pages": "20"}, {"max_pages": 20.0}, {"max_pages": None}):  # fmt: skip
            with self.subTest(fields=fields):
                self.start(**fields)
        for field, wrong in (("page_length", "many"), ("page_length", 0), ("page_length", -3), ("page_length", []),
                             ("page_length", True), ("max_pages", 0), ("max_pages", "351"), ("max_pages", 1.5),
                             ("max_pages", "a lot"), ("max_pages", {})):  # fmt: skip
            with self.subTest(field=field, wrong=wrong):
                status, answer = self.send("POST", "/api/generateWizardWork", body=self.order(**{field: wrong}))
                self.assertEqual((status, answer["field"], answer["error"]), (400, field, answer["message"]))
                self.assertIn(f"'{field}'", answer["message"])

    def test_fields_and_parameters_that_nobody_knows_are_passed_over(self):
        project = self.api.post("/api/createProject", {"newProjectName": "A project"} | ODD)["id"]
        self.assertEqual(self.api.get(f"/api/getProjectDetails?projectId={project}&_=1732900000&email=x")["project"]["email"], ODD["email"])
        changed = {"title": "Another", "user_id": "someone", "id": 7} | {k: v for k, v in ODD.items() if k != "model"}
        self.assertEqual(self.api.call("PATCH", f"/api/updateProject?projectId={project}", changed)["id"], project)
        order = self.order() | ODD | {"questions_answers": [{"question": "Who?", "answer": "All.", "id": 1}], "title": None}
        job = self.api.post("/api/generateWizardWork?source=app", order)["jobId"]
        self.assertEqual(self.api.get("/api/jobs?foo=bar&limit=5&_=2")["jobs"][0]["id"], job)
        self.assertEqual(self.api.get(f"/api/getJobStatus?t=1&jobId={job}")["id"], job)
        self.assertEqual(self.api.get(f"/api/getJobStatus?jobId={job.upper()}")["id"], job)
        self.api.post("/api/cancelJob", {"jobId": job} | ODD)
        self.api.post("/api/retryJob", {"jobId": job} | ODD)
        self.api.post("/cancelJob", {"jobId": job, "reason": None})
        older = {"projectId": project, "prompt": "Write a short guide.", "author": "A caller", "email": "a@example.org"} | ODD
        self.api.post("/api/generateWork", older)

    def test_an_origin_is_never_judged(self):
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "chrome-extension://abc"},
                        {"Origin": "http://localhost:3000", "Referer": "http://localhost:3000/", "Sec-Fetch-Site": "cross-site",
                         "Sec-Fetch-Mode": "cors"}):  # fmt: skip
            self.assertEqual(self.send("GET", "/api/jobs", headers)[0], 200, headers)
            self.assertEqual(self.send("POST", "/api/createProject", headers, {"newProjectName": "A project"})[0], 200, headers)

    def test_json_comes_under_the_types_that_scripts_send(self):
        for kind in ("application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8", "text/plain;charset=UTF-8",
                     "application/x-www-form-urlencoded", "application/vnd.api+json"):  # fmt: skip
            self.assertEqual(self.send("POST", "/api/createProject", {"Content-Type": kind}, {"newProjectName": "A"})[0], 200, kind)
        status, answer = self.send("POST", "/api/createProject", {"Content-Type": "application/xml"}, "<a/>")
        self.assertEqual((status, answer["code"]), (415, "unsupported_media_type"))

    def test_every_error_has_both_words_and_a_code(self):
        job, nobody = self.start(), str(uuid.uuid4())
        project = self.api.status(job)["project_id"]
        again = self.order(projectId=project)
        multipart = {"Content-Type": "multipart/form-data; boundary=XX"}
        for status, method, path, headers, body in (
            (400, "GET", "/api/getJobStatus", None, None), (400, "GET", "/getJobStatus?jobId=7", None, None),
            (400, "POST", "/api/cancelJob", None, "{"), (400, "POST", "/api/cancelJob", None, None), (400, "POST", "/api/createProject", None, []),
            (400, "POST", "/api/createProject", None, {"newProjectName": ""}), (400, "POST", "/api/uploadProjectFiles", multipart, "no parts"),
            (401, "GET", "/api/jobs", {"x-api-key": "dw_none"}, None), (403, "GET", "/api/apiKeyStatus", {"x-api-key": self.key}, None),
            (404, "GET", f"/api/getJobStatus?jobId={nobody}", None, None), (404, "POST", "/api/cancelJob", None, {"jobId": nobody}),
            (404, "DELETE", f"/api/deleteProjectFile?fileId={nobody}", None, None), (404, "GET", "/api/none", None, None),
            (405, "PUT", "/api/createProject", None, "{}"), (409, "POST", "/api/generateWizardWork", None, again),
            (413, "POST", "/api/createProject", None, {"newProjectName": "x" * 3_000_000}),
            (415, "POST", "/api/uploadProjectFiles", {"Content-Type": "application/json"}, "{}"),
        ):  # fmt: skip
            with self.subTest(status=status, method=method, path=path):
                got, answer = self.send(method, path, headers, body)
                self.assertEqual((got, answer["error"]), (status, answer["message"]), answer)
                self.assertRegex(answer["code"], r"\A[a-z_]+\Z")
                self.assertRegex(answer["message"], r"\A[A-Z'].*[.]\Z")


if __name__ == "__main__":
    unittest.main()
