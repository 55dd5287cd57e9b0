"""Everything at once, for minutes: event streams, uploads, status reads and running jobs beside each other. No error, flat memory; and what
one user's flood does to another's reads. The clients and the provider are on another core than the server."""

import asyncio
import contextlib
import http.client
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import uuid

import servers
from figures import BINARY, OUT, Report, latencies, say

SECONDS = int(os.environ.get("BENCH_SECONDS", "300"))
STREAMS = int(os.environ.get("BENCH_STREAMS", "500"))
UPLOADS = int(os.environ.get("BENCH_UPLOADS", "100"))
READS = int(os.environ.get("BENCH_READS", "1000"))  # a second
JOBS = int(os.environ.get("BENCH_JOBS", "50"))
USERS = 5
UPLOAD_BYTES, UPLOAD_SECONDS = 2 * 2**20, 20
READERS = 50  # connections over which the reads go
SERVER_CORE, CLIENT_CORE = 0, 1
FLOOD_SECONDS = 15
SETTLED = 60  # of the run, after which memory should have stopped growing


class Account:
    def __init__(self, data, number):
        self.email = f"user{number}@example.org"
        self.run("user", "add", self.email, "--data", data)
        self.token = self.run("token", self.email, "--data", data)
        self.jobs = []

    @staticmethod
    def run(*words):
        return subprocess.run([BINARY, *map(str, words)], capture_output=True, text=True, check=True).stdout.strip()

    def ask(self, port, method, path, body):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, json.dumps(body), {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{method} {path}: {answer.status}: {text[:200]}")
            return json.loads(text)

    def start_job(self, port):
        project = self.ask(port, "POST", "/api/createProject", {"newProjectName": "Load"})["id"]
        order = {"projectId": project, "prompt": "A long guide to rivers and the towns beside them.", "author": "Load", "email": self.email,
                 "page_length": "300-350"}  # fmt: skip
        self.jobs.append(self.ask(port, "POST", "/api/generateWizardWork", order)["jobId"])
        return project


class Load:
    """What runs side by side until `end`; what went wrong is kept by its words."""

    def __init__(self, port, accounts, seconds):
        self.port, self.accounts = port, accounts
        self.end = time.monotonic() + seconds
        self.errors, self.taken = {}, []
        self.events = self.uploaded = self.late = 0

    def over(self):
        return time.monotonic() >= self.end

    def failed(self, what):
        if not self.over():
            self.errors[what] = self.errors.get(what, 0) + 1

    async def watch(self, account, job):
        request = f"GET /api/jobs/{job}/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {account.token}\r\n\r\n"
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(request.encode())
            status = await reader.readline()
            if b" 200 " not in status:
                return self.failed(f"stream: {status!r}")
            while not self.over():
                piece = await asyncio.wait_for(reader.read(65536), self.end - time.monotonic() + 5)
                if not piece:
                    return self.failed("stream: ended")
                self.events += piece.count(b"\nevent:") + piece.count(b"\r\nevent:")
            writer.close()
        except (OSError, asyncio.TimeoutError) as error:
            self.failed(f"stream: {error!r}")

    async def upload(self, account, project, delay):
        await asyncio.sleep(delay)
        while not self.over():
            text = (uuid.uuid4().hex + " the river runs to the sea.\n").encode()
            data = text * (UPLOAD_BYTES // len(text))
            head = f'--B\r\nContent-Disposition: form-data; name="projectId"\r\n\r\n{project}\r\n--B\r\n'
            head += f'Content-Disposition: form-data; name="files"; filename="{uuid.uuid4().hex}.txt"\r\n\r\n'
            body = head.encode() + data + b"\r\n--B--\r\n"
            request = f"POST /api/uploadProjectFiles HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {account.token}\r\n"
            request += f"Content-Type: multipart/form-data; boundary=B\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.write(request.encode())
                piece = len(body) // 20 + 1
                for at in range(0, len(body), piece):
                    writer.write(body[at : at + piece])
                    await writer.drain()
                    await asyncio.sleep(UPLOAD_SECONDS / 20)
                answer = await reader.read()
                writer.close()
                if b" 200 " not in answer[:20]:
                    self.failed(f"upload: {answer[:15]!r} {answer[-160:]!r}")
                self.uploaded += 1
            except OSError as error:
                self.failed(f"upload: {error!r}")

    async def read(self, number, rate):
        """Status reads at a steady pace, whatever the last one took."""
        account = self.accounts[number % len(self.accounts)]
        connection = None
        due = time.monotonic() + number / READERS / rate
        turn = number
        while not self.over():
            await asyncio.sleep(max(0, due - time.monotonic()))
            self.late += time.monotonic() - due > 0.1
            due += 1 / rate
            job = account.jobs[turn % len(account.jobs)]
            turn += 1
            try:
                connection = connection or await asyncio.open_connection("127.0.0.1", self.port)
                reader, writer = connection
                began = time.monotonic()
                writer.write(f"GET /getJobStatus?jobId={job} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {account.token}\r\n\r\n".encode())
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                self.taken.append(time.monotonic() - began)
                if b" 200 " not in head[:20]:
                    self.failed(f"read: {head[:20]!r}")
            except (OSError, asyncio.IncompleteReadError) as error:
                self.failed(f"read: {error!r}")
                connection = None


async def sample(pid, load, seen):
    began = time.monotonic()
    while not load.over():
        seen.append((time.monotonic() - began, servers.memory_mb(pid)["rss_mb"]))
        await asyncio.sleep(5)


async def everything(load, projects, pid):
    pairs = [(account, job) for account in load.accounts for job in account.jobs]
    memory = []
    tasks = [load.watch(*pairs[number % len(pairs)]) for number in range(STREAMS)]
    for number in range(UPLOADS):
        account = number % len(load.accounts)
        tasks.append(load.upload(load.accounts[account], projects[account][number % len(projects[account])], number * UPLOAD_SECONDS / UPLOADS))
    tasks += [load.read(number, READS / READERS) for number in range(READERS)]
    await asyncio.gather(sample(pid, load, memory), *tasks)
    return memory


def quiet_and_flooded(port, accounts, script, tokens, ids):
    """Latencies of one user's reads, 50 a second, alone and beside a flood of another's."""
    found = []
    for flooded in (False, True, False, True):
        load = Load(port, accounts[:1], FLOOD_SECONDS)
        flood = None
        if flooded:
            env = {**os.environ, "TOKENS": str(tokens), "IDS": str(ids), "SEED": "1"}
            words = ["taskset", "-c", str(CLIENT_CORE), "wrk", "-t1", "-c200", f"-d{FLOOD_SECONDS + 1}s", "-s", str(script), f"http://127.0.0.1:{port}/"]
            flood = subprocess.Popen(words, stdout=subprocess.DEVNULL, env=env)
        # The flood's client must not hold up who measures, with which it shares a core.
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        asyncio.run(load.read(0, 50))
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        if flood:
            flood.wait()
        found.append((flooded, load.taken, load.errors))
    return found


def main():
    os.sched_setaffinity(0, {CLIENT_CORE})
    load_words = f"{STREAMS} event streams, {UPLOADS} uploads, {READS} status reads a second, {JOBS} running jobs, {SECONDS} s"
    report = Report("load", load_words)
    with tempfile.TemporaryDirectory(dir=OUT) as name:
        data = pathlib.Path(name).resolve() / "data"
        accounts = [Account(data, number) for number in range(USERS)]
        with servers.process([BINARY, "model", "--listen", "127.0.0.1:0", "--tokens-per-second", 30], CLIENT_CORE) as model:
            provider = f"http://127.0.0.1:{servers.port_of(model)}/v1"
            words = [BINARY, "serve", "--data", data, "--listen", "127.0.0.1:0", "--provider", provider, "--log-level", "warning"]
            with servers.process(words, SERVER_CORE) as child:
                measure(report, load_words, child, servers.port_of(child), accounts, data)
    report.close()


def measure(report, about, child, port, accounts, data):
    projects = [[account.start_job(port) for _ in range(JOBS // USERS)] for account in accounts]
    time.sleep(3)
    say("one user's reads, alone and beside another's flood")
    tokens, ids = data.parent / "tokens", data.parent / "ids"
    tokens.write_text(accounts[1].token + "\n")
    ids.write_text("".join(job + "\n" for job in accounts[1].jobs))
    script = pathlib.Path(__file__).with_name("status.lua")
    rows = quiet_and_flooded(port, accounts, script, tokens, ids)
    pick = lambda flooded: [taken for was, times, _ in rows if was == flooded for taken in times]
    quiet, flooded = latencies(pick(False)), latencies(pick(True))
    report.add("reads, quiet", quiet, load="50 status reads a second of one user, beside the running jobs")
    report.add("reads, beside a flood", flooded, load="the same, and wrk -c200 with another user's token")
    report.add("flooded / quiet, p99", {"ratio": round(flooded["p99_ms"] / quiet["p99_ms"], 2)}, target="at most 2")
    say(about)
    load = Load(port, accounts, SECONDS)
    memory = asyncio.run(everything(load, projects, child.pid))
    settled = [mb for at, mb in memory if at >= min(SETTLED, SECONDS / 2)]
    report.add("errors", {"count": sum(load.errors.values())}, target="0", load=about)
    report.add("status reads", {**latencies(load.taken), "per_s": round(len(load.taken) / SECONDS, 1), "client_late": load.late}, load=about)
    report.add("events", {"per_s": round(load.events / SECONDS, 1)}, load=about)
    report.add("uploads", {"done": load.uploaded, "mb": UPLOAD_BYTES / 2**20}, load=about)
    report.add("memory", {"first_mb": settled[0], "last_mb": settled[-1], "most_mb": max(settled)}, target="flat", load=about)
    by_minute = {f"{minute}_min": next(mb for at, mb in memory if at >= 60 * minute - 5) for minute in range(1, SECONDS // 60 + 1)}
    report.add("memory by the minute", by_minute, load=about)
    for what, count in load.errors.items():
        say(f"{count} times: {what}")


if __name__ == "__main__":
    sys.exit(main())
