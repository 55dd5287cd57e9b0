"""A server with jobs that all stream from one provider, each side on a core of its own, for `streams` and `events`."""

import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import resource
import shutil
import sqlite3
import subprocess
import tempfile
import time

from figures import BINARY, OUT, percentile

LOAD = pathlib.Path(BINARY).parent / "bench/stream_load"
SERVER_CORE, OTHER_CORE = "0", "1"
JOBS_OF_A_USER = 16  # run at once
START_S = 120


def on_core(core, *words):
    return ["taskset", "-c", core, *map(str, words)]


class Cpu:
    """Processor time of a process between two instants."""

    def __init__(self, pid):
        self.pid, self.at, self.used = pid, time.monotonic(), self.seconds(pid)
        self.cores = 0.0

    @staticmethod
    def seconds(pid):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self):
        self.cores = (self.seconds(self.pid) - self.used) / (time.monotonic() - self.at)


class Installation:
    """Provider and server run while it is open; ended by process id, the folder removed."""

    def __init__(self, jobs, rate):
        self.count, self.rate = jobs, rate
        self.jobs = []  # pairs: a job's id, its owner's token
        self.ends = contextlib.ExitStack()

    def __enter__(self):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        with contextlib.ExitStack() as ends:
            # On the disk that the repository is on: /tmp may be memory.
            folder = pathlib.Path(tempfile.mkdtemp(dir=OUT, prefix="streams-"))
            ends.callback(shutil.rmtree, folder, ignore_errors=True)
            self.data = folder / "data"
            self.provider = subprocess.Popen(on_core(OTHER_CORE, LOAD, "provide", self.rate), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            ends.callback(self._end, self.provider)
            url = f"http://127.0.0.1:{self.provider.stdout.readline().strip()}/v1"
            words = [BINARY, "serve", "--listen", "127.0.0.1:0", "--data", self.data, "--provider", url, "--model", "bench",
                     "--workers", self.count, "--log-level", "warning"]  # fmt: skip
            self.server = subprocess.Popen(on_core(SERVER_CORE, *words), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            ends.callback(self._end, self.server)
            line = next(line for line in self.server.stdout if line.startswith("listening on "))
            self.port = int(line.rsplit(":", 1)[1])
            self.ends = ends.pop_all()
        return self

    def __exit__(self, *_):
        self.ends.close()

    @staticmethod
    def _end(process):
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()

    def _command(self, *words):
        return subprocess.run([BINARY, *words, "--data", self.data], capture_output=True, text=True, check=True).stdout.strip()

    def start_jobs(self):
        """All of them under way: each has text that is durable."""
        for first in range(0, self.count, JOBS_OF_A_USER):
            user = f"user{first}@example.org"
            self._command("user", "add", user)
            token = self._command("token", user)
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            for number in range(first, min(first + JOBS_OF_A_USER, self.count)):
                self.jobs.append((self._begin_job(connection, token, number), token))
            connection.close()
        end = time.monotonic() + START_S
        while len(self._durable_texts()) < self.count:
            if time.monotonic() > end:
                raise RuntimeError(f"only {len(self._durable_texts())} of {self.count} jobs stream")
            time.sleep(0.2)

    @staticmethod
    def _begin_job(connection, token, number):
        def call(path, body):
            connection.request("POST", path, json.dumps(body), {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"POST {path}: {answer.status} {text[:300]}")
            return json.loads(text)

        project = call("/api/createProject", {"newProjectName": f"Bench {number}"})["id"]
        body = {"projectId": project, "prompt": f"Write a short guide that has the number {number}.", "author": "Bench", "email": "bench@example.org"}
        return call("/api/generateWizardWork", body)["jobId"]

    def _durable_texts(self):
        database = sqlite3.connect(f"file:{self.data}/longhand.db?mode=ro", uri=True)
        with contextlib.closing(database):
            return [bytes(text).decode() for (text,) in database.execute("SELECT text FROM partial_texts WHERE length(text) > 0")]

    def durable_lag(self):
        """How old the newest durable word of each job is, over all jobs."""
        now = time.monotonic()
        ages = [now - int(text.rsplit(None, 1)[-1], 36) / 1e3 for text in self._durable_texts()]
        return {"p50_ms": round(percentile(ages, 0.5) * 1000), "max_ms": round(max(ages) * 1000)}

    def memory_kb(self):
        status = pathlib.Path(f"/proc/{self.server.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])

    @contextlib.contextmanager
    def cpu(self):
        """What the server's process takes meanwhile: `cores`, once it is over."""
        cpu = Cpu(self.server.pid)
        yield cpu
        cpu.close()

    @contextlib.contextmanager
    def watching(self, jobs, seconds):
        """Watchers of `jobs`, all of whose streams have begun: a future of what they see in `seconds` from now on."""
        words = on_core(OTHER_CORE, LOAD, "watch", self.port, seconds)
        watchers = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            watchers.stdin.write("".join(f"{job} {token}\n" for job, token in jobs))
            watchers.stdin.close()
            watchers.stdin = None
            if watchers.stdout.readline().strip() != "watching":
                raise RuntimeError("the streams did not begin")
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                yield pool.submit(lambda: json.loads(watchers.stdout.readline()))
        finally:
            self._end(watchers)

    def stop_provider(self):
        """What it has sent, and the latest that a word of it was."""
        self.provider.stdin.close()
        self.provider.stdin = None
        return json.loads(self.provider.stdout.readline())
