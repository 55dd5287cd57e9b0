"""The official OpenAI client from npm against `longhand model`, streamed and not."""

import json
import subprocess
import unittest

from harness import DEADLINE, ROOT, Api, Process, environment, wait_until

# Where `npm ci` has put what tests/npm/package-lock.json names; `./dev test` sees to it.
NODE_MODULES = ROOT / "build/npm/node_modules"


def run_client(base_url):
    """What tests/npm/openai_client.cjs got from the server."""
    if not (NODE_MODULES / "openai").is_dir():
        raise AssertionError(f"the OpenAI client is not in {NODE_MODULES}: ./dev test puts it there")
    words = ["node", ROOT / "tests/npm/openai_client.cjs", base_url]
    variables = environment() | {"NODE_PATH": str(NODE_MODULES)}
    done = subprocess.run(words, text=True, capture_output=True, timeout=DEADLINE, env=variables)
    if done.returncode != 0:
        raise AssertionError(f"the client failed:\n{done.stderr}")
    return json.loads(done.stdout)


class OpenAiClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = Process(["model", "--listen", "127.0.0.1:0", "--tokens-per-second", "40"])
        cls.addClassCleanup(server.close)
        cls.server = Api(server.url)
        cls.got = run_client(server.url + "/v1")

    def test_it_gets_an_answer_at_once(self):
        answer = self.got["at_once"]
        self.assertEqual((answer["object"], answer["model"], answer["id"]), ("chat.completion", "offline", answer["header"]))
        choice = answer["choices"][0]
        self.assertEqual((choice["index"], choice["message"]["role"]), (0, "assistant"))
        self.assertGreater(len(choice["message"]["content"].split()), 5)
        self.assertIn(choice["finish_reason"], ("stop", "length"))
        usage = answer["usage"]
        self.assertGreater(usage["completion_tokens"], 5)
        self.assertEqual(usage["total_tokens"], usage["prompt_tokens"] + usage["completion_tokens"])

    def test_it_gets_the_same_answer_as_a_stream(self):
        stream, whole = self.got["streamed"], self.got["at_once"]
        self.assertEqual(stream["text"], whole["choices"][0]["message"]["content"])
        self.assertEqual(stream["finish"], whole["choices"][0]["finish_reason"])
        self.assertEqual(stream["usage"], whole["usage"])
        self.assertEqual(len(stream["ids"]), 1)
        self.assertGreater(stream["chunks"], 5)

    def test_it_puts_a_stream_together_itself(self):
        self.assertEqual(self.got["put_together"]["choices"][0]["message"]["content"], self.got["streamed"]["text"])

    def test_a_bound_on_the_tokens_ends_an_answer(self):
        self.assertEqual(self.got["bounded"]["finish_reason"], "length")

    def test_a_stream_that_it_leaves_is_ended_at_the_server(self):
        self.assertTrue(self.got["left_early"])
        wait_until(lambda: self.server.get("/v1/stats")["left"] == 1, "one stream left")

    def test_it_lists_the_models(self):
        self.assertEqual(self.got["models"], ["offline"])

    def test_it_knows_the_refusals(self):
        unknown, empty = self.got["unknown_model"], self.got["no_messages"]
        self.assertEqual((unknown["kind"], unknown["status"], unknown["code"]), ("NotFoundError", 404, "model_not_found"))
        self.assertIn("offline", unknown["message"])
        self.assertEqual((empty["kind"], empty["status"], empty["param"]), ("BadRequestError", 400, "messages"))


if __name__ == "__main__":
    unittest.main()
