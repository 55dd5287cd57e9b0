"""Instructions of a status read and of a job, counted by callgrind: the same on every machine that runs the same binary, so
a tenth more is a change of ours. The counts are kept in bench/baseline.json; `./dev bench baseline` renews them.

What N and 2 N requests take is told apart, so that start and end of the process do not count. One connection, whose requests come in
batches, and one job at a time: nothing depends on how threads happen to meet.
"""

import contextlib
import json
import os
import pathlib
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import harness

BASELINE = harness.ROOT / "bench/baseline.json"
JOB_LOAD = os.environ.get("JOB_LOAD", str(pathlib.Path(harness.BINARY).parent / "bench/job_load"))
LIVE_READS, READS, JOBS = 4000, 400, 60
BATCH = 20  # sent at once, so that what is done by the clock (looking at the user twice a second) is few among many
MOST_GROWTH = 1.10
PROVIDER = "nobody"  # a live job that no worker takes


def counted(words, folder, name):
    """Words that run a program under callgrind, and the file that its count will be in."""
    out = folder / f"{name}.callgrind"
    return ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}", *map(str, words)], out


def total(out):
    """All threads' instructions."""
    return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)[1])


class Installation:
    """Two jobs of one user: one that lives, one that has ended."""

    def __init__(self, folder):
        self.data = folder / "data"
        harness.run("user", "add", "ada@example.org", "--data", self.data)
        self.token = harness.run("token", "ada@example.org", "--data", self.data).stdout.strip()
        with contextlib.closing(sqlite3.connect(self.data / "longhand.db", isolation_level=None)) as database:
            owner = database.execute("SELECT id FROM users").fetchone()[0]
            self.live = self.put(database, owner, b"\1" * 16, "queued", 0.0, "ready")
            self.ended = self.put(database, owner, b"\2" * 16, "completed", 100.0, None)

    @staticmethod
    def put(database, owner, identifier, state, progress, place):
        database.execute(
            """INSERT INTO jobs (id, owner, project, state, stage, run, lease, worker, has_begun, progress, words_done, words_planned,
                 prompt_tokens, completion_tokens, title, is_byok, is_starred, provider, pipeline_version, created_at, updated_at,
                 last_event, rescues, occupies, place, start_tag, hangs)
               VALUES (?1, ?2, ?1, ?3, ?4, 1, 0, zeroblob(16), 0, ?5, 0, 12000, 0, 0, 'A handbook of our test process', 0, 0, ?6, 1,
                 1780000000000, 1780000000000, 2, 0, ?7, ?8, 0, 0)""",
            (identifier, owner, state, "queued" if place else "done", progress, PROVIDER, 1 if place else 0, place),
        )
        return "-".join((identifier.hex()[:8], identifier.hex()[8:12], identifier.hex()[12:16], identifier.hex()[16:20], identifier.hex()[20:]))

    def instructions(self, folder, name, reads):
        """Of a server that answers so many reads of each job: {job: reads}."""
        words = [harness.BINARY, "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--threads", "1", "--workers", "0"]
        command, out = counted(words, folder, name)
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=harness.environment()) as server:
            try:
                line = next(line for line in server.stdout if line.startswith("listening on "))
                with socket.create_connection(("127.0.0.1", int(line.rsplit(":", 1)[1]))) as connection:
                    for job, count in reads.items():
                        self.read(connection, job, count)
            finally:
                server.terminate()
                server.wait(harness.DEADLINE)
        return total(out)

    def read(self, connection, job, count):
        request = f"GET /getJobStatus?jobId={job} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.token}\r\n\r\n".encode()
        with connection.makefile("rb") as answers:
            for _ in range(count // BATCH):
                connection.sendall(request * BATCH)
                for _ in range(BATCH):
                    head = b"".join(iter(answers.readline, b"\r\n"))
                    answers.read(int(re.search(rb"content-length: (\d+)", head)[1]))
                    if not head.startswith(b"HTTP/1.1 200 "):
                        raise AssertionError(head)


def measure():
    """Instructions for one of each."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        place = Installation(folder)
        base = place.instructions(folder, "base", {place.live: LIVE_READS, place.ended: READS})
        live = place.instructions(folder, "live", {place.live: 2 * LIVE_READS, place.ended: READS})
        ended = place.instructions(folder, "ended", {place.live: LIVE_READS, place.ended: 2 * READS})
        jobs = []
        for count in (JOBS, 2 * JOBS):
            (folder / f"jobs{count}").mkdir()
            command, out = counted([JOB_LOAD, folder / f"jobs{count}", count], folder, f"jobs{count}")
            subprocess.run(command, check=True, env=harness.environment(), stderr=subprocess.DEVNULL, timeout=harness.DEADLINE)
            jobs.append(total(out))
        return {"status_read_live": (live - base) // LIVE_READS, "status_read_ended": (ended - base) // READS, "job": (jobs[1] - jobs[0]) // JOBS}


class Instructions(unittest.TestCase):
    def test_nothing_takes_a_tenth_more_than_its_baseline(self):
        kept, now = json.loads(BASELINE.read_text()), measure()
        print("instructions:", json.dumps(now), "baseline:", json.dumps(kept))
        self.assertEqual(kept.keys(), now.keys(), "./dev bench baseline renews it")
        for name, count in now.items():
            self.assertLess(count, kept[name] * MOST_GROWTH, f"{name}: {kept[name]:,} instructions were enough; if more are needed now, ./dev bench baseline renews it")


if __name__ == "__main__":
    if "--renew" in sys.argv:
        BASELINE.write_text(json.dumps(measure(), indent=2) + "\n")
        print(BASELINE.read_text(), end="")
    else:
        unittest.main()
