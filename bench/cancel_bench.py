"""From the request to cancel a job to its provider seeing the stream closed: the spending has stopped.

A provider in this process streams words to every job and never ends; each job is cancelled in turn. Both instants are of
the one monotonic clock. Beside it, in the same run: the round trip of GET /healthz over the same connection, and a
4 KB write with fdatasync on the same disk, for the answer comes after the commit.
"""

import asyncio
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from figures import BINARY, OUT, Report, latencies, sync_floor

JOBS = int(os.environ.get("BENCH_JOBS", "200"))
JOBS_OF_A_USER = 16  # run at once
# Numbered: a model that says the same for ever is cut off.
WORD = b'data: {"id":"gen","choices":[{"delta":{"content":"word%d "}}]}\n\n'


class Provider:
    """Keeps every stream open; tells when each was closed by its client, by the number in the job's prompt."""

    def __init__(self):
        self.open = set()
        self.closed = {}

    async def serve(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(re.search(rb"content-length: *(\d+)", head, re.I)[1])
            body = await reader.readexactly(length)
            number = int(re.search(rb"number (\d+)", body)[1])
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Generation-Id: gen-%d\r\nConnection: close\r\n\r\n" % number)
            self.open.add(number)
            words = asyncio.create_task(self.write_words(writer))
            await reader.read()  # until its client closes it
            self.closed.setdefault(number, time.monotonic())
            self.open.discard(number)
            words.cancel()
        except (asyncio.IncompleteReadError, ConnectionError, TypeError):
            pass
        finally:
            writer.close()

    async def write_words(self, writer):
        for count in itertools.count():
            if writer.is_closing():
                return
            writer.write(WORD % count)
            await asyncio.sleep(0.1)


class Client:
    """One kept connection: requests in turn."""

    def __init__(self, host, port, token):
        self.place, self.token = (host, port), token

    async def connect(self):
        self.reader, self.writer = await asyncio.open_connection(*self.place)

    async def call(self, method, path, body=None, expect=200):
        data = json.dumps(body).encode() if body is not None else b""
        kind = b"Content-Type: application/json\r\n" if data else b""
        self.writer.write(b"%s %s HTTP/1.1\r\nHost: %s:%d\r\nAuthorization: Bearer %s\r\n%sContent-Length: %d\r\n\r\n" % (
            method.encode(), path.encode(), self.place[0].encode(), self.place[1], self.token.encode(), kind, len(data)) + data)  # fmt: skip
        head = await self.reader.readuntil(b"\r\n\r\n")
        answer = await self.reader.readexactly(int(re.search(rb"content-length: *(\d+)", head, re.I)[1]))
        if int(head.split()[1]) != expect:
            raise RuntimeError(f"{method} {path}: {head.split()[1]} {answer[:300]}")
        return json.loads(answer) if answer[:1] == b"{" else answer


def command(*words):
    return subprocess.run([BINARY, *words], capture_output=True, text=True, check=True).stdout.strip()


async def begin_job(client, number):
    project = (await client.call("POST", "/api/createProject", {"newProjectName": f"Bench {number}"}))["id"]
    body = {"projectId": project, "prompt": f"Write a short guide that has the number {number}.", "author": "Bench", "email": "bench@example.org"}
    return (await client.call("POST", "/api/generateWizardWork", body))["jobId"]


async def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("not in time")
        await asyncio.sleep(0.005)


async def measure(folder, provider, clients):
    client_of = lambda number: clients[number % len(clients)]
    jobs = {number: await begin_job(client_of(number), number) for number in range(1, JOBS + 1)}
    await until(lambda: len(provider.open) == JOBS)
    closed, answered, trips = [], [], []
    for number, job in jobs.items():
        client = client_of(number)
        began = time.monotonic()
        await client.call("GET", "/healthz")
        trips.append(time.monotonic() - began)
        began = time.monotonic()
        await client.call("POST", "/api/cancelJob", {"jobId": job})
        answered.append(time.monotonic() - began)
        await until(lambda: number in provider.closed)
        closed.append(provider.closed[number] - began)
    return {"cancel_to_closed": closed, "cancel_to_answer": answered, "healthz": trips, "write_4k_fdatasync": sync_floor(folder)}


async def main():
    provider = Provider()
    listening = await asyncio.start_server(provider.serve, "127.0.0.1", 0, backlog=1024)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    # On the disk that the repository is on: /tmp may be memory.
    with tempfile.TemporaryDirectory(dir=OUT) as name:
        folder = pathlib.Path(name)
        data = folder / "data"
        words = [BINARY, "serve", "--listen", "127.0.0.1:0", "--data", data, "--provider", url, "--model", "bench", "--workers", str(JOBS)]
        server = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            listening_on = next(line for line in server.stdout if line.startswith("listening on "))
            host, port = listening_on.split()[-1].removeprefix("http://").split(":")
            clients = []
            for user in range(-(-JOBS // JOBS_OF_A_USER)):
                command("user", "add", f"user{user}@example.org", "--data", data)
                clients.append(Client(host, int(port), command("token", f"user{user}@example.org", "--data", data)))
                await clients[-1].connect()
            found = await measure(folder, provider, clients)
        finally:
            server.kill()
            server.wait()
    load = f"{JOBS} jobs, each streaming from one provider on the loopback, cancelled one after the other"
    report = Report("cancel", f"{load}; SQLite, synchronous=FULL")
    for name, seconds in found.items():
        report.add(name, latencies(seconds), load=load, durability="synchronous=FULL")
    report.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
