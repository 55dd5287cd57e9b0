"""A cancel in every place that a job can be in: what runs is stopped, nothing follows, and it stays so."""

import collections
import concurrent.futures
import os
import pathlib
import random
import signal
import socket
import threading
import time
import unittest

from harness import Api, LonghandTest, run, wait_until

DONE = {"message": "Job cancelled successfully"}


class BadProvider:
    """Takes connections and answers each request with `answer`, or with silence. Counts."""

    def __init__(self, answer=None):
        self.answer = answer
        self.requests = 0
        self.open = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        self.open += 1
        with connection:
            try:
                while data := connection.recv(65536):
                    if b"POST " not in data:
                        continue
                    self.requests += 1
                    if self.answer:
                        connection.sendall(self.answer)
                        return
            except OSError:
                pass
            finally:
                self.open -= 1

    def close(self):
        self.socket.close()


BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 20\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Cancel(LonghandTest):
    def begin(self, provider, *options):
        self.options = ("--provider", provider + "/v1", "--model", "offline", *options)
        self.server = self.serve(*self.options)
        self.api = Api(self.server.url, self.token())

    def bad_provider(self, answer=None):
        provider = BadProvider(answer)
        self.addCleanup(provider.close)
        return provider

    def stage(self, job):
        return self.api.status(job)["progress_stage"]

    def wait_for_stage(self, job, stage):
        wait_until(lambda: self.stage(job) == stage, f"{job} at {stage}")

    def cancel(self, job):
        self.assertEqual(self.api.post("/api/cancelJob", {"jobId": job}), DONE)
        row = self.api.status(job)
        self.assertEqual((row["status"], row["progress_stage"], row["error_message"]), ("cancelled", "stopped", None))
        return row

    def check_it_stays(self, job, row):
        """Nothing of the run is written after the 200, nor by the next process."""
        time.sleep(0.3)
        self.assertEqual(self.api.status(job), row)
        kinds = [kind for _, kind, data in self.api.events(job) if "seq" in data]
        self.assertEqual((kinds[-1], kinds.count("cancelled")), ("cancelled", 1))
        self.server.kill()
        self.server = self.serve(*self.options)
        self.api = Api(self.server.url, self.api.token)
        self.assertEqual(self.api.status(job), row)
        for call in self.api.get(f"/api/jobs/{job}/ledger")["calls"]:
            self.assertIsNotNone(call["ended_at"], call)

    def test_while_it_is_queued(self):
        model = self.model("--first-token-ms", "60000")
        self.begin(model.url, "--workers", "1")
        busy = self.api.start_job()
        self.api.wait_for(busy, "in_progress")
        job = self.api.start_job()
        self.assertEqual(self.api.status(job)["status"], "queued")
        row = self.cancel(job)
        self.cancel(busy)
        self.check_it_stays(job, row)

    def test_while_its_provider_takes_the_connection_and_says_nothing(self):
        provider = self.bad_provider()
        self.begin(provider.url)
        job = self.api.start_job()
        wait_until(lambda: provider.requests, "a request")
        row = self.cancel(job)
        wait_until(lambda: provider.open == 0, "closed connections", seconds=2)
        asked = provider.requests
        self.check_it_stays(job, row)
        self.assertEqual(provider.requests, asked)

    def test_while_a_model_streams(self):
        model = self.model("--tokens-per-second", "40")
        stats = Api(model.url)
        self.begin(model.url)
        job = self.api.start_job()
        self.wait_for_stage(job, "generating_work")
        wait_until(lambda: stats.get("/v1/stats")["active"] >= 2, "streams side by side")
        calls = stats.get("/v1/stats")["calls"]
        row = self.cancel(job)
        wait_until(lambda: stats.get("/v1/stats")["active"] == 0, "closed streams", seconds=2)
        self.check_it_stays(job, row)
        self.assertEqual(stats.get("/v1/stats")["calls"], calls)

    def test_while_it_sleeps_before_the_next_attempt(self):
        provider = self.bad_provider(BUSY)
        self.begin(provider.url)
        job = self.api.start_job()
        wait_until(lambda: provider.requests, "a request")
        time.sleep(0.2)
        row = self.cancel(job)
        asked = provider.requests
        self.check_it_stays(job, row)
        self.assertEqual(provider.requests, asked)

    def test_while_it_can_not_connect(self):
        gone = self.bad_provider()
        gone.close()
        self.begin(gone.url)
        job = self.api.start_job()
        self.api.wait_for(job, "in_progress")
        time.sleep(0.3)
        self.check_it_stays(job, self.cancel(job))

    def test_while_its_sources_are_read(self):
        words = pathlib.Path(__file__).read_bytes()
        files = [(f"notes-{i}.txt", (words + bytes(str(i), "ascii")) * 150) for i in range(20)]
        self.begin(self.model().url)
        job = self.api.start_job(files=files)
        self.wait_for_stage(job, "reading_sources")
        self.check_it_stays(job, self.cancel(job))

    def children(self):
        """Processes that work in the data folder, other than its server."""
        found = []
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit() or int(entry.name) == self.server.child.pid:
                continue
            try:
                if os.readlink(f"/proc/{entry.name}/cwd").startswith(str(self.data)):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def test_while_it_is_typeset(self):
        self.begin(self.model().url)
        job = self.api.start_job()
        self.wait_for_stage(job, "typesetting")
        wait_until(self.children, "a typesetter")
        row = self.cancel(job)
        wait_until(lambda: not self.children(), "no process left of it", seconds=2)
        self.check_it_stays(job, row)
        # What was finished is a document, in every form.
        for form in ("pdf", "tex", "md", "html", "docx", "epub", "quality.json"):
            status, _, body = self.api.raw("GET", f"/api/jobs/{job}/output.{form}")
            self.assertEqual(status, 200, (form, body[:200]))
        self.assertIn(b"Partial document", self.api.raw("GET", f"/api/jobs/{job}/output.md")[2])

    def test_while_its_server_hands_it_over(self):
        model = self.model("--tokens-per-second", "40")
        self.begin(model.url)
        jobs = [self.api.start_job() for _ in range(4)]
        for job in jobs:
            self.api.wait_for(job, "in_progress")
        self.server.child.send_signal(signal.SIGTERM)
        answers = {}
        for job in jobs:
            try:
                answers[job] = self.api.raw("POST", "/api/cancelJob", b'{"jobId": "%s"}' % job.encode(), {"Content-Type": "application/json"})[0]
            except OSError:
                answers[job] = None
        self.server.child.wait(10)
        self.server = self.serve(*self.options)
        self.api = Api(self.server.url, self.api.token)
        for job, answer in answers.items():
            self.assertIn(answer, (200, 503, None))
            status = self.api.status(job)["status"]
            self.assertEqual(status == "cancelled", answer == 200, (answer, status))
            if answer != 200:
                self.cancel(job)

    def test_while_it_is_paused(self):
        self.begin(self.model().url)
        job = self.api.start_job(max_tokens=3000)
        self.api.wait_for(job, "draft")
        row = self.cancel(job)
        self.check_it_stays(job, row)
        self.assertEqual(self.api.post("/api/resumeJob", {"jobId": job, "max_tokens": 10**9}, status=409)["status"], "cancelled")

    def test_a_hundred_at_once(self):
        model = self.model("--tokens-per-second", "20")
        stats = Api(model.url)
        self.begin(model.url, "--workers", "40")
        jobs = [self.api.start_job(files=[("notes.txt", b"A river rises in the hills. It runs to the sea. " * 20)]) for _ in range(100)]
        wait_until(lambda: stats.get("/v1/stats")["active"] >= 40, "streams of all workers")
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            rows = list(pool.map(self.cancel, jobs))
        wait_until(lambda: stats.get("/v1/stats")["active"] == 0, "closed streams", seconds=5)
        calls = stats.get("/v1/stats")["calls"]
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            again = list(pool.map(self.cancel, jobs))
        self.assertEqual(again, rows)
        self.check_it_stays(jobs[0], rows[0])
        self.assertEqual([self.api.status(job) for job in jobs], rows)
        self.assertEqual(stats.get("/v1/stats")["calls"], calls)

    def test_against_its_completion_exactly_one_wins(self):
        self.begin(self.model().url, "--typesetters", "2")
        chance = random.Random(7)
        jobs = [self.api.start_job(pages="1-2") for _ in range(6)]

        def race(job):
            wait_until(lambda: self.api.status(job)["progress"] > 90, f"{job} near its end")
            time.sleep(pauses[job])
            return self.api.raw("POST", "/api/cancelJob", b'{"jobId": "%s"}' % job.encode(), {"Content-Type": "application/json"})

        pauses = {job: chance.uniform(0, 6) for job in jobs}
        with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
            answers = dict(zip(jobs, pool.map(race, jobs)))
        for job, (status, _, body) in answers.items():
            state = self.api.status(job)["status"]
            self.assertEqual((status, state) if status == 200 else state, (200, "cancelled") if status == 200 else "completed")
            if status != 200:
                self.assertEqual((status, b"completed" in body), (400, True), body)
            ends = collections.Counter(kind for _, kind, data in self.api.events(job) if "seq" in data)
            self.assertEqual(ends["completed"] + ends["cancelled"], 1)
            listed = run("status", job, "--data", self.data).stdout
            self.assertIn(state, listed)


if __name__ == "__main__":
    unittest.main()
