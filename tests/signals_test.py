"""SIGTERM under load, and SIGHUP with other options in the file: what was accepted is there, and nobody waits in vain."""

import http.client
import http.server
import json
import signal
import threading
import time
import unittest

from harness import SLOWNESS, Api, LonghandTest, wait_until
from streams import Listener, Stream, pump

NOTES = [("notes.txt", b"A river rises in the hills and runs to the sea. Its water is cold in spring. " * 20)]


class Client(threading.Thread):
    """Makes projects over one connection after another, until nothing answers. Counts what was answered how."""

    def __init__(self, api, name):
        super().__init__(daemon=True)
        self.api, self.prefix = api, name
        self.made, self.refused, self.unanswered = [], [], 0

    def run(self):
        connection = None
        for number in range(100_000):
            title = f"{self.prefix} {number}"
            try:
                connection = connection or http.client.HTTPConnection(self.api.url.hostname, self.api.url.port, timeout=30)
                headers = {"Content-Type": "application/json", "Authorization": "Bearer " + self.api.token}
                connection.request("POST", "/api/createProject", json.dumps({"newProjectName": title}), headers)
                answer = connection.getresponse()
                body = json.loads(answer.read())
            except ConnectionRefusedError:
                return
            except (OSError, http.client.HTTPException):
                self.unanswered += 1
                connection.close()
                connection = None
                continue
            (self.made if answer.status == 200 else self.refused).append((title, answer.status, body))
            if answer.getheader("connection") == "close":
                connection.close()
                connection = None


class Term(LonghandTest):
    def test_under_load_what_was_answered_is_there_and_streams_say_when_to_come_back(self):
        provider = self.model("--tokens-per-second", str(60 // SLOWNESS))
        options = ("--provider", provider.url + "/v1", "--workers", "12")
        server = self.serve(*options)
        api = Api(server.url, self.token())
        jobs = [api.start_job(files=NOTES, pages="1-2") for _ in range(12)]
        for job in jobs:
            wait_until(lambda: api.status(job)["progress_stage"] not in ("queued", "reading_sources"), f"{job} under way")
        listeners = [Listener() for _ in range(60)]
        streams = [Stream(api, jobs[i % len(jobs)], listener.take) for i, listener in enumerate(listeners)]
        pump(streams, until=lambda: all(stream.status for stream in streams))
        clients = [Client(api, f"Client {i}") for i in range(16)]
        for client in clients:
            client.start()
        wait_until(lambda: all(len(client.made) > 3 for client in clients), "requests of every client")

        server.child.send_signal(signal.SIGTERM)
        began = time.monotonic()
        pump(streams, seconds=30 * SLOWNESS)
        self.assertEqual(server.child.wait(30 * SLOWNESS), 0, server.log_text())
        self.assertLess(time.monotonic() - began, 10 * SLOWNESS)
        for client in clients:
            client.join(30 * SLOWNESS)
        # Whole answers, each with its own hint, so that not all come back at once.
        self.assertTrue(all(stream.ended for stream in streams))
        self.assertEqual({len(stream.retry) for stream in streams}, {2}, "at the beginning, and at the end")
        self.assertGreater(len({stream.retry[-1] for stream in streams}), len(streams) // 2)
        for client in clients:
            self.assertLessEqual({status for _, status, _ in client.refused}, {503})

        server = self.serve(*options)
        again = Api(server.url, api.token)
        titles = {project["title"] for project in again.get("/api/listProjects")["projects"]}
        made = {title for client in clients for title, _, _ in client.made}
        self.assertLessEqual(made, titles, "answered, and not there")
        refused = {title for client in clients for title, _, _ in client.refused}
        self.assertEqual(refused & titles, set(), "refused, and there all the same")
        for i, listener in enumerate(listeners):
            stream = Stream(again, jobs[i % len(jobs)], listener.take, last=listener.last)
            self.addCleanup(stream.close)
            listener.reconnects()
            pump([stream], until=lambda: "handed_over" in listener.kinds())
            self.assertNotIn("rescued", listener.kinds())


class Hup(LonghandTest):
    def setUp(self):
        super().setUp()
        self.provider = self.model()
        self.config = self.folder / "longhand.toml"
        self.prices = self.folder / "prices.toml"
        self.key = self.folder / "key"
        self.key.write_text("first-key\n")
        self.prices.write_text("[offline]\nprompt = 1\ncompletion = 1\n")

    def configure(self, **changes):
        values = {"provider": self.provider.url + "/v1", "provider_key_file": str(self.key), "prices": str(self.prices),
                  "model": "offline", "log_level": "info", "workers": 3} | changes  # fmt: skip
        self.config.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items() if value is not None))

    def hang_up(self, words):
        """Sends the signal and waits for a new line with `words`. Gives the lines since."""
        before = len(self.server.log_text())
        self.server.child.send_signal(signal.SIGHUP)
        return wait_until(lambda: (lambda text: text if words in text else None)(self.server.log_text()[before:]), f"a line with '{words}'")

    def test_what_can_change_is_taken_up_and_the_rest_is_named(self):
        self.configure()
        self.server = self.serve("--config", self.config)
        api = Api(self.server.url, self.token())

        self.configure(log_level="debug", max_tokens=1500, workers=5, beat="1s")
        lines = self.hang_up("SIGHUP: read again")
        self.assertIn("taken up: log-level, max-tokens", lines)
        for name in ("workers", "beat"):
            self.assertIn(f"{name} in {self.config} has changed, and takes a restart", lines)
        self.assertNotIn("model in", lines)
        job = api.start_job(files=NOTES)
        self.assertEqual(api.wait_for(job, "draft")["progress_stage"], "waiting_for_budget")
        wait_until(lambda: " debug " in self.server.log_text(), "a line of the new level")

        # A file that is of no use changes nothing, not even what is well in it.
        wrong = {"max_tokens": None, "log_level": "loud"}, {"max_tokens": None, "wrokers": 3}, {"max_tokens": "many"}
        for changes in wrong:
            self.configure(**changes)
            self.hang_up("SIGHUP: nothing was changed: ")
        self.config.write_text("max_tokens = \n")
        self.hang_up("SIGHUP: nothing was changed: ")
        self.configure(max_tokens=None)
        self.key.write_text("\n")
        self.hang_up("first line of")
        self.key.write_text("second-key\n")
        self.prices.write_text("nonsense")
        self.hang_up("SIGHUP: nothing was changed: ")
        self.assertEqual(api.wait_for(api.start_job(files=NOTES), "draft")["progress_stage"], "waiting_for_budget")

        self.prices.write_text("[offline]\nprompt = 2\ncompletion = 2\n")
        lines = self.hang_up("SIGHUP: read again")
        self.assertIn("taken up: log-level, max-tokens", lines)
        self.assertNotIn("takes a restart", lines, "all of that is as it was at the start")
        self.assertEqual(api.wait_for(api.start_job(files=NOTES), "completed", "draft")["status"], "completed")
        self.assertNotIn("second-key", self.server.log_text())

    def test_a_new_key_goes_with_the_next_call_and_never_to_another_provider(self):
        asked = []
        provider = self.listen(asked)
        self.configure(provider=provider + "/v1", log_level="debug")
        self.server = self.serve("--config", self.config)
        api = Api(self.server.url, self.token())
        api.start_job(files=NOTES)
        wait_until(lambda: "Bearer first-key" in asked, "a call")
        self.key.write_text("second-key\n")
        self.hang_up("SIGHUP: read again")
        wait_until(lambda: "Bearer second-key" in asked, "a call with the new key")
        self.key.write_text("third-key\n")
        self.configure(provider="https://another.example/v1", log_level="debug")
        self.hang_up("provider in")
        calls = len(asked)
        wait_until(lambda: len(asked) > calls + 1, "more calls")
        self.assertNotIn("Bearer third-key", asked)

    def listen(self, asked):
        """A provider that is always busy and notes the credentials."""

        class Busy(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["content-length"]))
                asked.append(self.headers["authorization"])
                self.send_response(503)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Busy)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_address[1]}"


if __name__ == "__main__":
    unittest.main()
