"""contract_test.py BASE_URL TOKEN: what the running server answers is what its contract says.

Asks every path of GET /api/openapi.json with every method, its own with good and bad input, and looks at each answer: the status is
documented, the body fits the schema of its status and type, the headers that every answer has are there, 405 comes with Allow.
"""

import http.client
import json
import sys
import urllib.parse
import uuid

import jsonschema

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
WORK = {"prompt": "Write a short handbook.", "author": "Ada", "email": "ada@example.org", "page_length": "1-2 pages"}


class Server:
    def __init__(self, base_url, token):
        parts = urllib.parse.urlsplit(base_url)
        self.host, self.port, self.token = parts.hostname, parts.port, token

    def ask(self, method, target, body=None, headers=None, authorized=True):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        try:
            sent = {"Authorization": f"Bearer {self.token}"} if authorized else {}
            sent.update(headers or {})
            connection.request(method, target, body, sent)
            answer = connection.getresponse()
            # The stream of all jobs has no end.
            body = b"" if target.split("?")[0] == "/api/events" and answer.status == 200 else answer.read()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body
        finally:
            connection.close()

    def json(self, method, target, body=None):
        encoded = None if body is None else json.dumps(body)
        status, _, answer = self.ask(method, target, encoded, {"Content-Type": "application/json"})
        assert status == 200, (method, target, status, answer)
        return json.loads(answer)


class Contract:
    def __init__(self, document):
        self.document = document
        self.paths = document["paths"]

    def resolved(self, node):
        while isinstance(node, dict) and "$ref" in node:
            target = self.document
            for key in node["$ref"].removeprefix("#/").split("/"):
                target = target[key]
            node = target
        return node

    def check_body(self, content, content_type, body, where):
        media = content_type.split(";")[0].strip()
        assert media in content, f"{where}: {media} is not documented"
        if media != "application/json" or media not in content:
            return
        schema = dict(content[media]["schema"], components=self.document["components"])
        jsonschema.Draft202012Validator(schema).validate(json.loads(body))

    def check(self, path, method, answer):
        """The answer to an operation that the contract has."""
        status, headers, body = answer
        where = f"{method} {path} -> {status}"
        assert "x-request-id" in headers, where
        responses = self.paths[path][method.lower().replace("head", "get")]["responses"]
        assert str(status) in responses, f"{where} is not documented: {body[:300]}"
        response = self.resolved(responses[str(status)])
        if status == 401:
            assert headers.get("www-authenticate") == "Bearer", where
        if status == 503:
            assert "retry-after" in headers, where
        if method != "HEAD" and "content" in response:
            self.check_body(response["content"], headers.get("content-type", ""), body, where)
        if method == "HEAD":
            assert body == b"", where

    def check_refused_method(self, path, method, answer):
        status, headers, body = answer
        assert status == 405, f"{method} {path} -> {status}"
        allowed = {word.strip() for word in headers.get("allow", "").split(",")}
        expected = {own.upper() for own in self.paths[path]}
        assert allowed == expected | ({"HEAD"} if "GET" in expected else set()), f"{method} {path}: Allow is {allowed}"
        error = self.resolved({"$ref": "#/components/responses/MethodNotAllowed"})
        self.check_body(error["content"], headers["content-type"], body, f"{method} {path}")


def good_and_bad_bodies(path, world):
    """Bodies for a POST or PATCH: (body, content type)."""
    as_json = "application/json"
    good = {
        "/cancelJob": {"jobId": world["job"]},
        "/api/cancelJob": {"jobId": world["job"]},
        "/api/retryJob": {"jobId": world["job"]},
        "/api/resumeJob": {"jobId": world["job"], "max_cost_usd": 1.5, "max_tokens": 1000000},
        "/api/createProject": {"newProjectName": "Another", "email": ""},
        "/api/updateProject": {"author": "Ada", "work_vision": None, "questions_answers": [{"question": "Who?", "answer": "All."}]},
        "/api/generateWizardWork": dict(WORK, projectId=world["project"]),
        "/api/generateWork": dict(WORK, projectId=world["project"]),
        "/api/generateApiKey": {},
        "/api/formatPrompt": {"prompt": "Write a handbook of bees.", "projectId": world["project"], "page_length": 12},
        "/api/submitApiKey": {"apiKey": "sk-of-nobody-0123456789"},
        "/api/starJob": {"jobId": world["job"], "starred": True},
        "/api/renameJob": {"jobId": world["job"], "title": "Another title"},
        "/api/deleteJob": {"jobId": world["gone"]},
        "/api/undeleteJob": {"jobId": world["gone"]},
        "/api/estimateJob": dict(WORK, projectId=world["project"]),
        "/api/createWebhook": {"url": "http://127.0.0.1:9/hook", "events": "job.completed", "projectId": world["project"]},
        "/api/updateWebhook": {"enabled": False, "events": ["*"]},
        "/api/rotateWebhookSecret": {"webhookId": world["webhook"]},
        "/api/replayWebhook": {"webhookId": world["webhook"], "deliveryId": world["delivery"]},
    }
    if path == "/api/uploadProjectFiles":
        return upload_bodies(world)
    bodies = [(json.dumps(good[path]), as_json)]
    bodies += [(bad, as_json) for bad in ("", "[]", "{", "{}", '{"jobId":1,"jobId":2}', '{"jobId":"%s"}' % world["nobody"], "\xff")]
    if path == "/api/resumeJob":
        words = ('"skip":"no"', '"skip":true', '"work_vision":7', '"work_details":"Mine."')
        bodies += [('{"jobId":"%s",%s}' % (world["ended"], word), as_json) for word in words]
        caps = ('"max_cost_usd":%s' % cap for cap in ("0", "-1", "1e308", "NaN", '"5"', "0.5"))
        bodies += [('{"jobId":"%s",%s}' % (world["ended"], cap), as_json) for cap in caps]
    bodies += [("<a/>", "application/xml"), (" " * (1024 * 1024 + 1), as_json)]
    return bodies


def form(*parts):
    body = "".join(f"--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n" for head, text in parts)
    return body + "--B--\r\n", "multipart/form-data; boundary=B"


def upload_bodies(world):
    project = ('name="projectId"', world["project"])
    notes = ('name="files"; filename="notes.md"', "# Notes\n\n" + world["nobody"])
    empty = ('name="file"; filename="empty.md"', "")
    binary = ('name="files"; filename="a.bin"', "\x00\x01\x02")
    return [
        form(notes, empty, project),
        form(project, notes),
        form(project, empty, binary),
        form(project, binary),
        form(project),
        form(notes),
        form(('name="projectId"', world["nobody"]), notes),
        form(project, ('name="file"', "text")),
        ("--B\r\n", "multipart/form-data; boundary=B"),
        ("{}", "application/json"),
    ]


def good_and_bad_targets(path, world):
    if "{name}" in path:
        yield from (path.replace("{name}", name) for name in ("errors.md", "README.md", "none.md"))
        return
    if "{id}" in path:
        kinds = ["pdf", "docx", "none"] if "{format}" in path else [""]
        for kind in kinds:
            for job in (world["ended"], world["nobody"], "seven"):
                yield path.replace("{id}", job).replace("{format}", kind)
        yield path.replace("{id}", world["ended"]).replace("{format}", "pdf") + "?sig=forged&exp=9&lastEventId=1"
        return
    yield path
    for name, own in (("jobId", world["job"]), ("projectId", world["project"]), ("fileId", world["file"]), ("webhookId", world["webhook"])):
        for value in (own, world["nobody"], "seven", ""):
            yield f"{path}?{name}={value}"
        yield f"{path}?{name}={own}&{name}={own}"
    if path == "/api/jobs":
        for query in ("limit=1", "limit=0", "limit=x", "status=queued,failed", "status=done", "ids=seven", "cursor=x", "ids=" + ",".join([world["job"]] * 201)):
            yield f"{path}?{query}"


def ask_with_keys(server, contract, path, target, world):
    """A POST again under one Idempotency-Key, another one under it, and under a key that is none."""
    (body, kind), (other, other_kind) = good_and_bad_bodies(path, world)[:2]
    ask = lambda body, kind, key: server.ask("POST", target, body.encode("latin-1"), {"Content-Type": kind, "Idempotency-Key": key})
    key = f'"{uuid.uuid4()}"'
    first, again = ask(body, kind, key), ask(body, kind, key)
    for answer in (first, again, ask(other, other_kind, key)):
        contract.check(path, "POST", answer)
    if first[0] < 300:
        assert again[0] == first[0] and again[2] == first[2], f"POST {path}: {first} and then {again}"
        assert again[1].get("idempotency-replayed") == "true", f"POST {path}: {again}"
    bad = ask(body, kind, '"open')
    assert bad[0] == 400 and json.loads(bad[2])["code"] == "invalid_idempotency_key", f"POST {path}: {bad}"
    contract.check(path, "POST", bad)


def ask_operation(server, contract, path, method, world):
    for target in good_and_bad_targets(path, world):
        if method in ("POST", "PATCH"):
            for body, kind in good_and_bad_bodies(path, world):
                answer = server.ask(method, target, body.encode("latin-1"), {"Content-Type": kind})
                contract.check(path, method, answer)
            if method == "POST":
                ask_with_keys(server, contract, path, target, world)
        else:
            # The project that all others need goes last, see `main`.
            contract.check(path, method, server.ask(method, target))
            if method in ("GET", "HEAD"):
                contract.check(path, method, server.ask(method, target, headers={"If-None-Match": "*", "Prefer": "wait=0"}))
    if contract.paths[path][method.lower().replace("head", "get")].get("security") != []:
        target = next(good_and_bad_targets(path, world))
        answer = server.ask(method, target, authorized=False)
        assert answer[0] == 401, f"{method} {target} without a credential -> {answer[0]}"
        contract.check(path, method, answer)
    contract.check(path, method, server.ask(method, path.replace("{id}", world["nobody"]).replace("{format}", "pdf"), headers={"Host": "foreign.example"}))


def make_world(server):
    project = server.json("POST", "/api/createProject", {"newProjectName": "Contract"})["id"]
    hook = {"url": "http://127.0.0.1:9/hook", "events": ["job.cancelled", "job.queued"]}
    webhook = server.json("POST", "/api/createWebhook", hook)["id"]
    ended_in = server.json("POST", "/api/createProject", {"newProjectName": "Ended"})["id"]
    ended = server.json("POST", "/api/generateWizardWork", dict(WORK, projectId=ended_in))["jobId"]
    server.json("POST", "/api/cancelJob", {"jobId": ended})
    job = server.json("POST", "/api/generateWizardWork", dict(WORK, projectId=project))["jobId"]
    gone_in = server.json("POST", "/api/createProject", {"newProjectName": "Gone"})["id"]
    gone = server.json("POST", "/api/generateWizardWork", dict(WORK, projectId=gone_in))["jobId"]
    body, kind = form(('name="projectId"', project), ('name="files"; filename="world.md"', "# The world"))
    _, _, answer = server.ask("POST", "/api/uploadProjectFiles", body, {"Content-Type": kind})
    file = json.loads(answer)["files"][0]["id"]
    delivery = server.json("GET", f"/api/webhookDeliveries?webhookId={webhook}")["deliveries"][0]["id"]
    return {"webhook": webhook, "delivery": delivery, "project": project, "job": job, "ended": ended, "gone": gone, "file": file, "nobody": str(uuid.uuid4())}


def main(base_url, token):
    server = Server(base_url, token)
    status, _, document = server.ask("GET", "/api/openapi.json", authorized=False)
    assert status == 200, status
    contract = Contract(json.loads(document))
    world = make_world(server)
    asked = 0
    # What ends things comes after what reads them.
    for path in sorted(contract.paths, key=lambda path: ("delete" in path, "cancel" in path, path)):
        own = {method.upper() for method in contract.paths[path]}
        own |= {"HEAD"} if "GET" in own else set()
        for method in METHODS:
            target = path.replace("{id}", world["ended"]).replace("{format}", "pdf")
            if method in own:
                ask_operation(server, contract, path, method, world)
            elif method == "HEAD":
                answer = server.ask(method, target)
                assert answer[0] == 405 and "allow" in answer[1], f"HEAD {path} -> {answer[0]}"
            else:
                contract.check_refused_method(path, method, server.ask(method, target))
            asked += 1
    print(f"{len(contract.paths)} paths, {asked} operations: all answers are as the contract says")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
