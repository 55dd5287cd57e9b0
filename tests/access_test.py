"""Every operation of the contract, as somebody whose things they are not: made from the contract, so that no new operation is left out.

The owner's ids go wherever an operation takes one (query, path, body, form). A stranger is told 404, in the same words as for an id that
nobody has; who has no credential is told 401; and nothing of the owner's changes.
"""

import contextlib
import itertools
import json
import re
import sqlite3
import unittest
import urllib.parse
import uuid

from contract_test import Contract, form
from harness import Api, LonghandTest, run, wait_until

MARKS = re.compile(r"\{(\w+)\}")


class Operation:
    def __init__(self, contract, path, method, operation):
        self.path, self.method, self.operation = path, method, operation
        self.is_open = operation.get("security") == []
        self.is_stream = "text/event-stream" in json.dumps(operation["responses"])
        parameters = [contract.resolved(one) for one in operation.get("parameters", [])]
        self.query = [one["name"] for one in parameters if one["in"] == "query" and one.get("required")]
        self.optional = [one["name"] for one in parameters if one["in"] == "query" and not one.get("required")]
        self.kind, self.body = None, {}
        request = contract.resolved(operation.get("requestBody", {}))
        for kind, content in request.get("content", {}).items():
            self.kind, self.body = kind, self.fields(contract, content["schema"])

    @staticmethod
    def fields(contract, schema):
        """{name: (schema, is required)} of an object, whatever it is put together from."""
        parts, found, required = [schema], {}, set()
        while parts:
            part = contract.resolved(parts.pop())
            parts += part.get("allOf", []) + part.get("anyOf", [])[:1] + part.get("oneOf", [])[:1]
            required |= set(part.get("required", []))
            found |= {name: contract.resolved(one) for name, one in part.get("properties", {}).items()}
        return {name: (one, name in required) for name, one in found.items()}

    def __str__(self):
        return f"{self.method} {self.path}"

    def id_names(self):
        """What of its input names a thing of somebody's."""
        in_path = [name for name in MARKS.findall(self.path) if name not in ("format", "name")]
        named = [name for name in itertools.chain(self.query, self.body) if re.search(r"[a-z]Ids?$", name)]
        return in_path + named

    def request(self, ids):
        """(target, body, headers), with `ids` for what it names."""
        target = self.path.replace("{format}", "md").replace("{name}", "errors.md")
        target = MARKS.sub(lambda mark: ids[mark[1]], target)
        query = {name: ids.get(name, "1") for name in self.query}
        if query:
            target += "?" + urllib.parse.urlencode(query)
        if self.kind is None:
            return target, None, {}
        if self.kind == "multipart/form-data":
            body, kind = form(('name="projectId"', ids["projectId"]), ('name="files"; filename="a.md"', f"# {uuid.uuid4()}"))
            return target, body, {"Content-Type": kind}
        values = {name: ids[name] if name in ids else example(one) for name, (one, required) in self.body.items() if required or name in ids}
        if "url" in values:  # one that needs no name server
            values["url"] = "http://127.0.0.1:9/hook"
        if not values:  # a change of nothing is refused before anybody looks whose it is
            values = {name: example(one) for name, (one, _) in itertools.islice(self.body.items(), 1)}
        return target, json.dumps(values), {"Content-Type": "application/json"}


def example(schema):
    for key in ("example", "default", "const"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if key in schema:
            return schema[key][0]
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if schema.get("format") == "email":
        return "ada@example.org"
    if schema.get("format") == "uri":
        return "https://example.org/hook"
    return {"string": "A text of some length.", "integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}[kind]


class Access(LonghandTest):
    def setUp(self):
        super().setUp()
        model = self.model("--tokens-per-second", "100")
        self.server = self.serve("--provider", model.url + "/v1", "--allow-network", "127.0.0.0/8")
        self.owner = Api(self.server.url, self.token())
        self.contract = Contract(self.owner.get("/api/openapi.json"))
        self.operations = [
            Operation(self.contract, path, method.upper(), operation)
            for path, item in self.contract.paths.items()
            for method, operation in item.items()
            if method in ("get", "post", "put", "patch", "delete")
        ]
        self.make_world()

    def make_world(self):
        """The owner's things: one of each kind that an operation can name."""
        done = self.owner.start_job(files=[("a.txt", b"A river runs to the sea. " * 40)], pages="1")
        self.owner.wait_for(done, "in_progress")
        self.owner.post("/api/cancelJob", {"jobId": done})
        # Long enough to run all the while.
        job = self.owner.start_job(files=[("a.txt", b"A river runs to the sea. " * 40)], pages="80-90")
        project = self.owner.wait_for(job, "in_progress")["project_id"]
        file = self.owner.get(f"/api/getProjectFiles?projectId={project}")[0]["id"]
        self.jobs = {"running": job, "cancelled": done}
        webhook = self.owner.post("/api/createWebhook", {"url": "http://127.0.0.1:9/hook"})["id"]
        for one in (done, job):  # which no plan changes then
            self.owner.post("/api/renameJob", {"jobId": one, "title": "A title"})
        self.owner.post("/api/retryJob", {"jobId": done})
        self.owner.post("/api/cancelJob", {"jobId": done})
        delivery = self.owner.get(f"/api/webhookDeliveries?webhookId={webhook}")["deliveries"][0]["id"]
        with contextlib.closing(sqlite3.connect(f"file:{self.data}/longhand.db?mode=ro", uri=True)) as database:
            passage = wait_until(lambda: database.execute("SELECT key FROM passages").fetchone(), "a passage that was read")[0]
        self.ids = {"jobId": job, "id": job, "projectId": project, "fileId": file, "webhookId": webhook, "deliveryId": delivery, "passageId": passage}

    def kept(self):
        """What the owner sees of them, without what moves by itself."""
        steady = ("id", "project_id", "status", "title", "is_starred", "created_at")
        jobs = [{name: self.owner.status(job)[name] for name in steady} for job in self.jobs.values()]
        files = self.owner.get(f"/api/getProjectFiles?projectId={self.ids['projectId']}")
        return jobs, files, self.owner.get(f"/api/getProjectDetails?projectId={self.ids['projectId']}")

    def named(self):
        return [operation for operation in self.operations if operation.id_names()]

    def test_every_id_that_an_operation_takes_is_in_this_world(self):
        unknown = {name for operation in self.named() for name in operation.id_names()} - set(self.ids)
        self.assertEqual(unknown, set(), "make one of the owner's in make_world")
        self.assertGreater(len(self.named()), 12)

    def ask(self, api, operation, ids, headers=None):
        target, body, own = operation.request(ids)
        status, _, answer = api.raw(operation.method, target, body, {**own, **(headers or {})})
        return status, answer

    def test_a_strangers_answer_is_that_for_an_id_of_nobody(self):
        session = Api(self.server.url, self.user("stranger@example.org"))
        by_key = {"x-api-key": run("key", "stranger@example.org", "--data", self.data).stdout.strip()}
        before = self.kept()
        for operation in self.named():
            for job in self.jobs.values():
                ids = self.ids | {"jobId": job, "id": job}
                nobody = {name: str(uuid.uuid4()) for name in ids}
                for api, headers in ((session, {}), (Api(self.server.url), by_key)):
                    with self.subTest(operation=str(operation), job=job, by="key" if headers else "session"):
                        status, answer = self.ask(api, operation, ids, headers)
                        if operation.path == "/api/formatPrompt":  # an unknown project does not fail it, and another's is unknown
                            self.assertEqual((status, self.without(ids, answer)), (200, self.without(nobody, self.ask(api, operation, nobody, headers)[1])))
                            continue
                        if headers and status == 403:  # what takes a session tells a key so before it looks
                            self.assertEqual(self.ask(api, operation, nobody, headers)[0], 403)
                            continue
                        self.assertEqual(status, 404, answer)
                        self.assertEqual((status, self.without(ids, answer)), (404, self.without(nobody, self.ask(api, operation, nobody, headers)[1])))
        self.assertEqual(self.kept(), before)

    @staticmethod
    def without(ids, answer):
        text = answer.decode()
        for value in ids.values():
            text = text.replace(value, "ID")
        return text

    def test_lists_of_a_stranger_have_nothing_of_the_owners(self):
        stranger = Api(self.server.url, self.user("stranger@example.org"))
        own = [value for value in (*self.ids.values(), *self.jobs.values())]
        for operation in self.operations:
            if operation.id_names() or operation.method != "GET" or operation.is_open or operation.is_stream:
                continue
            queries = [{}] + [{name: value} for name in operation.optional for value in (self.ids.get(name), ",".join(self.jobs.values())) if value]
            for query in queries:
                target = operation.path + ("?" + urllib.parse.urlencode(query) if query else "")
                with self.subTest(target=target):
                    status, _, answer = stranger.raw("GET", target)
                    self.assertIn(status, (200, 400), answer)
                    if status == 200:
                        for value in own:
                            self.assertNotIn(value, answer.decode())

    def test_without_a_credential_or_with_a_removed_users_nothing_is_told(self):
        gone = Api(self.server.url, self.user("gone@example.org"))
        run("user", "remove", "gone@example.org", "--data", self.data)
        before = self.kept()
        for operation in self.operations:
            if operation.is_open:
                continue
            for name, api in (("nobody", Api(self.server.url)), ("removed", gone)):
                with self.subTest(operation=str(operation), by=name):
                    ids = self.ids | {mark: self.ids.get(mark, "x") for mark in MARKS.findall(operation.path)}
                    self.assertEqual(self.ask(api, operation, ids)[0], 401)
        self.assertEqual(self.kept(), before)

    def test_an_owner_is_let_in(self):
        """Else all of the above would hold of a server that refuses everybody."""
        ids = self.ids | {"jobId": self.jobs["cancelled"], "id": self.jobs["cancelled"]}
        for operation in self.named():
            if operation.method != "GET":
                continue
            with self.subTest(operation=str(operation)):
                status, answer = self.ask(self.owner, operation, ids)
                self.assertIn(status, (200, 204, 409), answer)


if __name__ == "__main__":
    unittest.main()
