"""formatPrompt: an answer in time whatever the model does, and what it cost in the ledger."""

import contextlib
import http.client
import json
import sqlite3
import time
import unittest

from harness import ROOT, Api, LonghandTest, wait_until

PROMPT = {"prompt": "Write a handbook of the safety of jobs for operators: what a lease is, how a crash is survived, and when a job is given up."}


class FormatPrompt(LonghandTest):
    def begin(self, *model_options):
        self.provider = self.model(*model_options)
        self.server = self.serve("--provider", self.provider.url + "/v1")
        self.ada = Api(self.server.url, self.token())

    def ask(self, **more):
        began = time.monotonic()
        answer = self.ada.post("/api/formatPrompt", PROMPT | more)
        self.assertLess(time.monotonic() - began, 20)
        text = answer["enhanced_prompt"]
        self.assertEqual((answer["formatted_prompt"], answer["formattedPrompt"]), (text, text))
        self.assertTrue(10 <= len(text) <= 10000)
        self.assertEqual(len(answer["questions"]), 9)
        return answer

    def rows(self, columns):
        with contextlib.closing(sqlite3.connect(self.data / "longhand.db", timeout=20)) as database:
            return database.execute(f"SELECT {columns} FROM prompt_calls ORDER BY reserved_at").fetchall()

    def test_the_model_is_asked_with_the_projects_files(self):
        self.begin()
        project = self.ada.post("/api/createProject", {"newProjectName": "A project"})["id"]
        self.ada.upload(project, [("state-machine.md", (ROOT / "docs/state-machine.md").read_bytes())])
        answer = self.ask(projectId=project, page_length="15-20 pages")
        self.assertIn("state-machine.md", answer["enhanced_prompt"])
        self.assertTrue(answer["enhanced_prompt"].startswith(PROMPT["prompt"]))
        self.assertIn("It is for operators", answer["enhanced_prompt"])
        self.assertNotIn("state-machine.md", self.ask(projectId="nonsense")["enhanced_prompt"])
        (settled, again) = self.rows("purpose, state, prompt_tokens > 100, completion_tokens > 50, project IS NULL")
        self.assertEqual(settled, ("format_prompt", "settled", 1, 1, 0))
        self.assertEqual(again[4], 1)
        self.assertIn("longhand_model_calls_total", self.ada.raw("GET", "/metrics")[2].decode())

    def test_a_provider_that_fails_or_is_gone_costs_an_answer_nothing(self):
        self.begin("--fail-rate", "1", "--fail-with", "500")
        self.assertTrue(self.ask()["enhanced_prompt"].startswith(PROMPT["prompt"]))
        self.assertTrue(all(state == ("released",) for state in self.rows("state")))
        self.provider.kill()
        self.ask()

    def test_a_client_that_leaves_ends_the_call(self):
        self.begin("--first-token-ms", "600000")
        connection = http.client.HTTPConnection(self.ada.url.hostname, self.ada.url.port, timeout=20)
        connection.request("POST", "/api/formatPrompt", json.dumps(PROMPT),
                           {"Authorization": "Bearer " + self.ada.token, "Content-Type": "application/json"})
        wait_until(lambda: self.rows("state") == [("reserved",)], "the call's row")
        connection.close()
        wait_until(lambda: self.rows("state") in ([("estimated",)], [("released",)]), "the call's end", 5)


if __name__ == "__main__":
    unittest.main()
