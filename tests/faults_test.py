"""The machine lets the server down: what needs the broken part is refused with a sentence, what does not goes on, nothing
is lost, and all is well again by itself. The binary is that of drill_server.cc, whose disk a test can make bad."""

import contextlib
import datetime
import json
import os
import pathlib
import resource
import socket
import sqlite3
import sys
import time
import unittest

from harness import SLOWNESS, Api, LonghandTest, beats, run, wait_until
from streams import Listener, Stream, pump

NOTES = [("notes.txt", b"A river rises in the hills and runs to the sea. Its water is cold in spring. " * 20)]


class Faults(LonghandTest):
    def begin(self, *options, variables=None, tokens_per_second=300):
        provider = self.model("--tokens-per-second", str(tokens_per_second // SLOWNESS))
        self.server = self.serve("--provider", provider.url + "/v1", *options, variables=variables)
        self.api = Api(self.server.url, self.token())

    def start_job(self, **fields):
        return self.api.start_job(files=NOTES, pages="1-2", **fields)

    def under_way(self, job):
        wait_until(lambda: self.api.status(job)["progress_stage"] == "generating_work", f"{job} under way")

    def refused(self, method, path, body, code):
        status, headers, answer = self.api.raw(method, path, json.dumps(body), {"Content-Type": "application/json"})
        answer = json.loads(answer)
        self.assertEqual((status, answer["code"]), (503, code), answer)
        self.assertGreaterEqual(int(headers["retry-after"]), 1)
        self.assertEqual(answer["error"], answer["message"])
        self.assertNotIn(str(self.data), answer["message"])

    def readiness(self):
        status, _, body = Api(self.server.url).raw("GET", "/readyz")
        body = json.loads(body)
        self.assertEqual(set(body["provider"]), {"name", "state", "message"}, body)
        return status, body.get("code")

    def is_ready(self):
        return self.readiness()[0] == 200

    def wait_for_line(self, words):
        wait_until(lambda: words in self.server.log_text(), f"a line with '{words}' in the log", seconds=30 * SLOWNESS)

    def check_whole(self, job):
        """It was finished once, and its log has no gap."""
        self.assertEqual(self.api.wait_for(job, "completed", "failed", "cancelled")["status"], "completed")
        events = [(data["seq"], kind) for _, kind, data in self.api.events(job) if "seq" in data]
        self.assertEqual([seq for seq, _ in events], list(range(1, len(events) + 1)))
        kinds = [kind for _, kind in events]
        self.assertEqual(kinds.count("completed"), 1)
        self.assertNotIn("rescued", kinds)
        return kinds

    def projects(self):
        return [project["title"] for project in self.api.get("/api/listProjects")["projects"]]

    # ---- The disk

    def break_disk(self, error):
        part = self.folder / "switch.part"
        part.write_text(f"{error} {self.data}")
        part.rename(self.folder / "switch")

    def mend_disk(self):
        (self.folder / "switch").unlink()

    def test_a_disk_that_turns_read_only_and_one_that_is_full(self):
        self.begin(*beats(200, 3000), variables={"BAD_DISK": self.folder / "switch"})
        project = self.api.post("/api/createProject", {"newProjectName": "Before"})["id"]
        for error, words in (("EROFS", "disk refuses longhand.db (disk I/O error"), ("ENOSPC", "is full")):
            job = self.start_job()
            self.under_way(job)
            self.break_disk(error)
            self.refused("POST", "/api/createProject", {"newProjectName": "No room"}, "unavailable")
            self.refused("POST", "/api/cancelJob", {"jobId": job}, "unavailable")
            self.assertEqual(self.api.upload(project, [("a.txt", b"text")], status=503)["code"], "storage_full")
            self.assertEqual(self.readiness(), (503, "unavailable"))
            self.assertEqual(self.api.status(job)["status"], "in_progress")
            self.assertIn("Before", self.projects())
            self.wait_for_line(words)
            # Past the lease: the process stops the job, and hands it back as soon as it can write that.
            self.wait_for_line(f"job {job}: no beat was answered for too long")
            self.mend_disk()
            wait_until(self.is_ready, "a server that is ready again", seconds=30 * SLOWNESS)
            self.assertIn("handed_over", self.check_whole(job))
            self.assertNotIn("No room", self.projects())
        self.api.upload(project, [("a.txt", b"text")])
        self.wait_for_line("the beats are stored again")

    def test_the_folder_of_the_artifacts_is_gone(self):
        self.begin()
        done = self.start_job()
        self.api.wait_for(done, "completed")
        artifacts, away = self.data / "artifacts", self.data / "away"
        artifacts.rename(away)
        artifacts.write_text("This is no folder.")
        status, headers, body = self.api.raw("GET", f"/api/jobs/{done}/output.md")
        self.assertEqual((status, json.loads(body)["code"]), (503, "unavailable"))
        self.assertIn("retry-after", headers)
        self.assertEqual(self.readiness(), (503, "storage_full"))
        job = self.start_job()
        self.wait_for_line(f"job {job}: goes back to the queue, for its files can't be kept")
        self.wait_for_line(f"{artifacts}")
        self.assertEqual(self.api.wait_for(job, "queued")["error_message"], None)
        artifacts.unlink()
        away.rename(artifacts)
        self.assertIn("handed_over", self.check_whole(job))
        self.assertEqual(self.api.raw("GET", f"/api/jobs/{done}/output.md")[0], 200)
        self.assertTrue(self.is_ready())

    # ---- The database

    def test_another_program_holds_the_lock_of_the_database(self):
        self.begin()
        job = self.start_job()
        self.under_way(job)
        for kind in ("IMMEDIATE", "EXCLUSIVE"):
            with contextlib.closing(sqlite3.connect(self.data / "longhand.db", isolation_level=None, timeout=30)) as other:
                other.execute(f"BEGIN {kind}")
                self.refused("POST", "/api/createProject", {"newProjectName": "Locked out"}, "unavailable")
                self.assertEqual(self.readiness(), (503, "unavailable"))
                self.assertIn(self.api.status(job)["status"], ("queued", "in_progress"))
                self.wait_for_line("another program holds the lock of longhand.db")
            wait_until(self.is_ready, "a server that is ready again", seconds=30 * SLOWNESS)
            self.api.post("/api/createProject", {"newProjectName": kind})
        self.check_whole(job)
        self.assertLessEqual({"IMMEDIATE", "EXCLUSIVE"}, set(self.projects()))
        self.assertNotIn("Locked out", self.projects())

    # ---- Descriptors

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.server.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def open_descriptors(self):
        return len(os.listdir(f"/proc/{self.server.child.pid}/fd"))

    def crowd(self):
        """More connections than the limit on open files leaves room for, none of which says anything."""
        crowd = contextlib.ExitStack()
        self.addCleanup(crowd.close)
        for _ in range(110):
            crowd.enter_context(socket.create_connection((self.api.url.hostname, self.api.url.port)))
        return crowd

    def test_connections_use_up_the_descriptors(self):
        self.begin()
        limit = self.open_descriptors() + 100
        resource.prlimit(self.server.child.pid, resource.RLIMIT_NOFILE, (limit, limit))
        with self.crowd():
            self.wait_for_line("connections have used up their share of the open files")
            spent, since, lines = self.cpu_seconds(), time.monotonic(), len(self.server.log_text().splitlines())
            time.sleep(1)
            self.assertLess(self.cpu_seconds() - spent, 0.6 * (time.monotonic() - since), "it spins")
            self.assertLess(len(self.server.log_text().splitlines()) - lines, 10, "the log fills")
            self.refused("POST", "/api/createProject", {"newProjectName": "One too many"}, "too_many_connections")
        job = wait_until(self.start_job_if_answered, "an answer once the crowd has gone")
        self.wait_for_line("connections are taken again")
        self.under_way(job)
        # What the crowd can't have is there for the job: the database, the provider, its files.
        with self.crowd(), contextlib.closing(sqlite3.connect(self.data / "longhand.db", timeout=30)) as database:
            wait_until(lambda: database.execute("SELECT state FROM jobs").fetchall() == [("completed",)], "the job's end")
        wait_until(lambda: self.readiness()[0] == 200, "answers again")
        self.check_whole(job)
        self.assertNotIn("Too many open files", self.server.log_text())

    def start_job_if_answered(self):
        status = self.api.raw("GET", "/healthz")[0]
        return self.start_job() if status == 200 else None

    # ---- The clock

    def set_clock(self, offset):
        """Of the server, by so many seconds ahead: see jumping_clock.cc."""
        file = os.open(self.folder / "clock", os.O_WRONLY | os.O_CREAT, 0o600)
        os.pwrite(file, offset.to_bytes(8, sys.byteorder, signed=True), 0)
        os.close(file)

    def test_the_clock_jumps_on_and_back(self):
        self.set_clock(0)
        clock = {"LONGHAND_TEST_CLOCK": self.folder / "clock"}
        self.begin(variables=clock)
        tokens = [self.api.token]
        jobs, times = [], []
        streams, listeners = [], []
        for jump in (3600, -3600, 0):
            job = self.start_job()
            jobs.append(job)
            self.under_way(job)
            listeners.append(Listener())
            streams.append(Stream(self.api, job, listeners[-1].take))
            self.set_clock(jump)
            times.append(self.api.status(job))
            made = run("token", "owner@localhost", "--data", self.data, variables=clock).stdout.strip()
            tokens.append(made)
            for token in tokens:
                self.assertEqual(Api(self.server.url, token).get("/healthz"), {"status": "ok"})
                Api(self.server.url, token).get("/api/jobs")
            self.assertLessEqual(times[-1]["created_at"], times[-1]["updated_at"])
        ahead = [datetime.datetime.fromisoformat(row["created_at"]).timestamp() - time.time() for row in times]
        self.assertGreater(ahead[1], 3000, "the clock did jump")
        pump(streams)
        self.assertEqual({stream.status for stream in streams}, {200})
        for job, before, listener in zip(jobs, times, listeners):
            kinds = self.check_whole(job)
            self.assertEqual(kinds, listener.kinds())
            self.assertEqual((kinds.count("claimed"), kinds.count("handed_over")), (1, 0), "held by one lease to its end")
            keys = [data["data"]["key"] for _, kind, data in self.api.events(job) if kind == "step"]
            self.assertEqual(len(keys), len(set(keys)))
            at = [data["at"] for _, _, data in self.api.events(job) if "seq" in data]
            self.assertEqual(at, sorted(at))
            if before["status"] == "in_progress":
                self.assertLess(before["updated_at"], self.api.status(job)["updated_at"])
        self.assertEqual([row["id"] for row in self.api.get("/api/jobs")["jobs"]], jobs[::-1], "the newest first")


if __name__ == "__main__":
    unittest.main()
