"""What the end-to-end tests share: the binary, processes in folders of their own, and a small HTTP client."""

import contextlib
import fcntl
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.parse
import uuid

BINARY = os.environ["LONGHAND_BINARY"]
ROOT = pathlib.Path(__file__).resolve().parent.parent
# How many times slower than usual the processes are, under a sanitizer: what is a matter of time is so much longer.
SLOWNESS = int(os.environ.get("TEST_SLOWNESS", "1"))
DEADLINE = SLOWNESS * float(os.environ.get("TEST_DEADLINE", "120"))


def environment():
    """The environment of a child: nothing of Longhand's own from outside."""
    return {k: v for k, v in os.environ.items() if not k.startswith("LONGHAND_")} | {"LC_ALL": "C.UTF-8"}


def beats(beat, lease):
    """The options for a beat and a lease of so many milliseconds."""
    return "--beat", f"{beat * SLOWNESS}ms", "--lease", f"{lease * SLOWNESS}ms"


def run(*words, status=0, variables=None, **kwargs):
    """Runs the binary to its end and checks its exit status. Gives the finished process, with text output."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | kwargs
    env = environment() | {name: str(value) for name, value in (variables or {}).items()}
    done = subprocess.run([BINARY, *map(str, words)], text=True, timeout=DEADLINE, env=env, **pipes)
    if status is not None and done.returncode != status:
        raise AssertionError(f"{words}: exit {done.returncode}, not {status}\n{done.stdout}\n{done.stderr}")
    return done


def wait_until(condition, what, seconds=DEADLINE):
    """Polls `condition` until it gives something true, and gives that."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


class Process:
    """A `serve` or `model` on a free port. Killed at the end of its test, by its process id."""

    def __init__(self, words, variables=None, **kwargs):
        self.log = tempfile.TemporaryFile(mode="a+")
        # The mode alone does not say it to the system: while this process reads, the child would write where it reads.
        fcntl.fcntl(self.log, fcntl.F_SETFL, fcntl.fcntl(self.log, fcntl.F_GETFL) | os.O_APPEND)
        env = environment() | {name: str(value) for name, value in (variables or {}).items()}
        self.child = subprocess.Popen([BINARY, *map(str, words)], stdout=subprocess.PIPE, stderr=self.log, text=True, env=env, **kwargs)
        self.url = None
        self.lines = []
        while self.url is None:
            line = self.child.stdout.readline()
            if not line:
                self.child.wait()
                raise AssertionError(f"{words} ended with {self.child.returncode} before it listened:\n{self.log_text()}")
            self.lines.append(line.strip())
            if line.startswith("listening on "):
                self.url = line.split()[-1]

    def log_text(self):
        self.log.seek(0)
        return self.log.read()

    def kill(self):
        """As a power cut of the process: nothing of it runs on."""
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGKILL)
        self.child.wait()

    def stop(self, seconds=10):
        self.child.send_signal(signal.SIGTERM)
        self.child.wait(seconds)
        return self.child.returncode

    def close(self):
        self.kill()
        self.child.stdout.close()
        self.log.close()


class Api:
    """One user's way to a server."""

    def __init__(self, url, token=None):
        self.url = urllib.parse.urlsplit(url)
        self.token = token

    def raw(self, method, path, body=None, headers=None):
        """(status, headers with lower-case names, bytes)"""
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=DEADLINE)
        with contextlib.closing(connection):
            sent = dict(headers or {})
            if self.token and "Authorization" not in sent and "x-api-key" not in sent:
                sent["Authorization"] = "Bearer " + self.token
            connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()

    def call(self, method, path, body=None, status=200):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        got, _, data = self.raw(method, path, json.dumps(body) if body is not None else None, headers)
        if got != status:
            raise AssertionError(f"{method} {path}: {got}, not {status}: {data[:500]!r}")
        return json.loads(data)

    def get(self, path, status=200):
        return self.call("GET", path, status=status)

    def post(self, path, body, status=200):
        return self.call("POST", path, body, status)

    def upload(self, project, files, status=200):
        """`files`: pairs of a name and bytes."""
        boundary = uuid.uuid4().hex
        parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="projectId"\r\n\r\n{project}\r\n'.encode()]
        for name, data in files:
            parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode() + data + b"\r\n")
        body = b"".join(parts) + f"--{boundary}--\r\n".encode()
        got, _, data = self.raw("POST", "/api/uploadProjectFiles", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
        if got != status:
            raise AssertionError(f"upload: {got}, not {status}: {data[:500]!r}")
        return json.loads(data)

    def start_job(self, prompt="Write a short guide to how a job is made safe.", files=None, pages="3-4", **fields):
        project = self.post("/api/createProject", {"newProjectName": "A project"})["id"]
        self.upload(project, files or default_sources())
        body = {"projectId": project, "prompt": prompt, "author": "The tests", "email": "tests@example.org", "page_length": pages} | fields
        return self.post("/api/generateWizardWork", body)["jobId"]

    def status(self, job):
        return self.get(f"/api/getJobStatus?jobId={job}")

    def wait_for(self, job, *states, seconds=DEADLINE):
        return wait_until(lambda: (lambda s: s if s["status"] in states else None)(self.status(job)), f"{job} in {states}", seconds)

    def events(self, job, last=None):
        """The whole event stream, to its end: a list of (id, event, data)."""
        headers = {"Last-Event-ID": last} if last else {}
        status, _, data = self.raw("GET", f"/api/jobs/{job}/events", headers=headers)
        assert status in (200, 204), status
        return list(parse_events(data.decode()))


def parse_events(text):
    for block in text.split("\n\n"):
        fields = {}
        for line in block.split("\n"):
            name, colon, value = line.partition(":")
            if colon and name:
                fields[name] = value.removeprefix(" ")
        if "data" in fields:
            yield fields.get("id"), fields.get("event", "message"), json.loads(fields["data"])


def default_sources():
    names = ["docs/state-machine.md", "docs/prompts.md", "src/store/job_store.h", "src/engine/engine.h"]
    return [(pathlib.Path(name).name, (ROOT / name).read_bytes()) for name in names]


class LonghandTest(unittest.TestCase):
    """A test with a folder of its own and processes that end with it."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="longhand test "))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.data = self.folder / "data"

    def start(self, *words, variables=None):
        process = Process(words, variables)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        """Ends a process; that of a failed test tells first how it fared."""
        outcome = self._outcome.result
        if any(test is self for test, _ in outcome.errors + outcome.failures):
            print(f"{process.child.args[1]} {process.child.pid}: exit {process.child.poll()}; the end of its log:")
            log = process.log_text().splitlines()
            print("\n".join([line for line in log[:-25] if " info " not in line] + log[-25:]), flush=True)
        process.close()

    def serve(self, *options, listen="127.0.0.1:0", variables=None):
        return self.start("serve", "--listen", listen, "--data", self.data, *options, variables=variables)

    def model(self, *options):
        return self.start("model", "--listen", "127.0.0.1:0", *options)

    def token(self, email="owner@localhost"):
        return run("token", email, "--data", self.data).stdout.strip()

    def user(self, email):
        run("user", "add", email, "--data", self.data)
        return self.token(email)
