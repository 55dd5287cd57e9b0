"""Requests made from the contract, at random: to every operation valid ones, and ones that are wrong in a place or two. Whatever is sent,
the answer is one that the contract has (no 500), and fits its schema.

The seed is fixed, so a failure comes again; PROPERTY_EXAMPLES says how many requests an operation gets.
"""

import json
import os
import re
import unittest
import urllib.parse

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from contract_test import Contract, Server, form
from harness import Api, LonghandTest

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "15"))
NOBODY = "018f0000-0000-7000-8000-000000000000"
# What ends what the others need gets no id of theirs.
ENDS_THINGS = re.compile("delete|cancel", re.I)
TEXTS = st.text(st.characters(blacklist_categories=("Cs",)), max_size=40)
WRONG = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.lists(st.integers(), max_size=3),
                  st.dictionaries(TEXTS, st.integers(), max_size=2), st.just("9" * 400), st.just("a" * 20_000))  # fmt: skip


class Generator:
    """Values that a schema of the contract takes."""

    def __init__(self, contract, ids):
        self.contract, self.ids = contract, ids

    def of(self, schema, name=""):
        schema = self.contract.resolved(schema)
        for key in ("oneOf", "anyOf"):
            if key in schema:
                return st.one_of([self.of(one, name) for one in schema[key]])
        if "allOf" in schema:
            return self.of_object(self.together(schema))
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        kinds = schema.get("type", "object" if "properties" in schema else "string")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        return st.one_of([self.of_kind(kind, schema, name) for kind in kinds])

    def of_kind(self, kind, schema, name):
        if kind == "null":
            return st.none()
        if kind == "boolean":
            return st.booleans()
        if kind in ("integer", "number"):
            low, high = schema.get("minimum", schema.get("exclusiveMinimum", 0)), schema.get("maximum", 2**31)
            whole = st.integers(int(low), int(high))
            return whole if kind == "integer" else st.one_of(whole, st.floats(float(low), float(high), allow_nan=False))
        if kind == "array":
            return st.lists(self.of(schema.get("items", {}), name.removesuffix("s")), max_size=min(schema.get("maxItems", 4), 4))
        if kind == "object":
            return self.of_object(schema)
        return self.of_text(schema, name)

    def together(self, schema):
        """One object out of the parts that a value has to fit."""
        found = {"properties": dict(schema.get("properties", {})), "required": list(schema.get("required", []))}
        for part in schema.get("allOf", []):
            part = self.together(self.contract.resolved(part))
            found["properties"] |= part["properties"]
            found["required"] += part["required"]
        return found

    def of_object(self, schema):
        fields = {name: self.of(one, name) for name, one in schema.get("properties", {}).items()}
        required = {name: fields.pop(name) for name in schema.get("required", []) if name in fields}
        return st.fixed_dictionaries(required, optional=fields)

    def of_text(self, schema, name):
        if schema.get("format") == "uuid":
            return st.sampled_from(self.ids.get(name, [NOBODY]))
        if schema.get("format") == "email":
            return st.sampled_from(["ada@example.org", ""])
        if schema.get("format") == "uri":
            return st.sampled_from(["https://example.org/a", "http://192.0.2.7/"])
        words = schema.get("examples", []) + ([schema["example"]] if "example" in schema else [])
        low, high = schema.get("minLength", 0), min(schema.get("maxLength", 60), 60)
        free = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=low, max_size=max(low, high))
        return st.one_of(st.sampled_from(words), free) if words else free


class Properties(LonghandTest):
    def setUp(self):
        super().setUp()
        model = self.model("--tokens-per-second", "20")
        serving = self.serve("--provider", model.url + "/v1", "--workers", "2")
        self.log_text = serving.log_text
        owner = Api(serving.url, self.token())
        self.server = Server(serving.url, owner.token)
        self.contract = Contract(owner.get("/api/openapi.json"))
        job = owner.start_job(files=[("a.txt", b"A river runs to the sea. " * 40)], pages="40-50")
        project = owner.status(job)["project_id"]
        file = owner.get(f"/api/getProjectFiles?projectId={project}")[0]["id"]
        self.ids = {"jobId": [job, NOBODY], "id": [job, NOBODY], "ids": [job, NOBODY], "projectId": [project, NOBODY], "fileId": [file, NOBODY], "webhookId": [NOBODY],
                    "deliveryId": [NOBODY]}  # fmt: skip

    def operations(self):
        for path, item in self.contract.paths.items():
            for method, operation in item.items():
                if method in ("get", "post", "put", "patch", "delete"):
                    yield path, method.upper(), operation

    def requests(self, path, operation):
        """A strategy of (target, body, headers)."""
        ids = {name: [NOBODY] for name in self.ids} if ENDS_THINGS.search(path) else self.ids
        values = Generator(self.contract, ids)
        parameters = [self.contract.resolved(one) for one in operation.get("parameters", [])]
        place = lambda where: {one["name"]: values.of(one.get("schema", {}), one["name"]) for one in parameters if one["in"] == where}
        needed = {one["name"] for one in parameters if one["in"] == "query" and one.get("required")}
        query = place("query")
        required = {name: query.pop(name) for name in needed}
        bodies = st.just((None, None))
        for kind, content in self.contract.resolved(operation.get("requestBody", {})).get("content", {}).items():
            bodies = self.bodies(kind, values.of(content["schema"]))
        parts = st.tuples(st.fixed_dictionaries(place("path")), st.fixed_dictionaries(required, optional=query), st.fixed_dictionaries({}, optional=place("header")), bodies)
        return st.tuples(parts, st.lists(st.tuples(st.integers(0, 10**6), WRONG), max_size=2)).map(lambda made: self.request(path, *made))

    @staticmethod
    def bodies(kind, objects):
        if kind == "multipart/form-data":
            head = st.sampled_from(['name="files"; filename="a.md"', 'name="file"; filename="b.csv"', 'name="files"', 'name="projectId"', 'filename="c"'])
            part = st.tuples(head, st.text(st.characters(max_codepoint=0xFF, blacklist_characters="\r\n"), max_size=60))
            project = st.sampled_from([NOBODY, "seven", ""]).map(lambda value: ('name="projectId"', value))
            return st.lists(st.one_of(part, project), max_size=4).map(lambda parts: form(*parts))
        return objects.map(lambda value: (value, kind))

    @staticmethod
    def request(path, parts, faults):
        in_path, query, headers, (body, kind) = parts
        fields = [place for place in (query, body if isinstance(body, dict) else None) if place]
        for where, wrong in faults:  # a wrong value somewhere, or a field gone
            if fields:
                place = fields[where % len(fields)]
                name = sorted(place)[where % len(place)] if place else "x"
                place[name] = wrong
                if where % 5 == 0:
                    del place[name]
                fields = [one for one in fields if one]
        for name, value in in_path.items():
            path = path.replace("{%s}" % name, urllib.parse.quote(str(value), safe=""))
        words = {name: value if isinstance(value, str) else json.dumps(value) for name, value in query.items()}
        sent = {name: re.sub(r"[^\x20-\x7e]", "", str(value)).strip() for name, value in headers.items()}
        if kind:
            sent["Content-Type"] = kind
        encoded = json.dumps(body) if isinstance(body, dict) else body
        return path + ("?" + urllib.parse.urlencode(words) if words else ""), encoded.encode("latin-1", "replace") if encoded else encoded, sent

    def test_whatever_is_sent_is_answered_as_the_contract_says(self):
        statuses = {}
        for path, method, operation in self.operations():
            if "text/event-stream" in json.dumps(operation["responses"]):
                continue  # does not end; contract_test has it

            @seed(11)
            @settings(max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
            @given(self.requests(path, operation))
            def holds(request):
                target, body, headers = request
                if "wait" in headers.get("Prefer", "") or "wait" in headers.get("prefer", ""):
                    headers = {name: value for name, value in headers.items() if name.lower() != "prefer"}
                answer = self.server.ask(method, target, body, headers)
                statuses.setdefault(f"{method} {path}", set()).add(answer[0])
                self.assertNotEqual(answer[0], 500, f"{method} {target} {body!r}: {answer[2][:300]}")
                self.contract.check(path, method, answer)

            with self.subTest(operation=f"{method} {path}"):
                holds()
        self.assertNotRegex(self.log_text(), r" (?:GET|POST|PUT|PATCH|DELETE) \S+ 500 ")
        # Else what was sent may all have been wrong, or right.
        for name in ("POST /api/createProject", "GET /api/jobs", "PATCH /api/updateProject", "GET /api/getProjectFiles"):
            self.assertLessEqual({200, 400}, statuses[name], f"{name}: {statuses[name]}")


if __name__ == "__main__":
    unittest.main()
