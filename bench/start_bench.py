"""Cold start, from exec to the first 200 of a status read, and memory when idle; beside it what exec alone takes, a
Fastify server of the same read, and a BullMQ worker with its Redis.

The installation exists and has jobs; files are in the system's cache. Ours starts with its default options: workers,
the offline model, all threads.
"""

import contextlib
import http.client
import json
import os
import pathlib
import re
import time

import servers
import status_data
from figures import BINARY, OUT, Report, exec_floor, latencies, say

STARTS = int(os.environ.get("BENCH_STARTS", "20"))
IDLE_SECONDS = float(os.environ.get("BENCH_IDLE", "5"))


def first_answer(port, job, token):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(connection):
        connection.request("GET", f"/getJobStatus?jobId={job}", headers={"Authorization": "Bearer " + token})
        if connection.getresponse().status != 200:
            raise RuntimeError("the first answer is no 200")


def resident(pid):
    """Resident, and this process's share of it, after it had nothing to do for a while."""
    time.sleep(IDLE_SECONDS)
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    kib = lambda name: int(re.search(rf"^{name}:\s+(\d+)", rollup, re.M)[1])
    return {"rss_mb": round(kib("Rss") / 1024, 1), "pss_mb": round(kib("Pss") / 1024, 1)}


@contextlib.contextmanager
def ours(data, job, token):
    with servers.process([BINARY, "serve", "--data", data, "--listen", "127.0.0.1:0"]) as child:
        first_answer(servers.port_of(child), job, token)
        yield child


@contextlib.contextmanager
def fastify(data, job, token):
    secret = (data / "secret").read_text().split()[0]
    with servers.node("status_sqlite.mjs", DATABASE=data / "longhand.db", SECRET=secret, AUDIENCE="longhand") as child:
        first_answer(servers.port_of(child), job, token)
        yield child


@contextlib.contextmanager
def bullmq(port):
    with servers.node("idle_bullmq.mjs", REDIS_PORT=port) as child:
        if child.stdout.readline() != "ready\n":
            raise RuntimeError("the worker did not get ready")
        yield child


def main():
    data = status_data.copy_of(status_data.stored(1000, 0), OUT / "start-run")
    ids = json.loads((status_data.stored(1000, 0) / "ids.json").read_text())
    job, token = ids["resting"][0], status_data.token_maker(data)(ids["users"][0])
    report = Report("start", f"exec to the first 200 of an authenticated status read, {STARTS} starts in turns; idle after {IDLE_SECONDS:g} s")
    with servers.redis("always") as redis:
        starts = {"longhand": lambda: ours(data, job, token), "fastify": lambda: fastify(data, job, token), "bullmq worker": lambda: bullmq(redis)}
        taken, memory = {name: [] for name in starts}, {}
        for number in range(STARTS):
            say(f"start {number + 1} of {STARTS}")
            for name, start in starts.items():
                began = time.monotonic()
                with start() as child:
                    taken[name].append(time.monotonic() - began)
                    if number == STARTS - 1:
                        memory[name] = resident(child.pid)
    for name, seconds in taken.items():
        report.add(f"{name}/start", latencies(seconds), load=f"{STARTS} starts", target="p50 under 50 ms" if name == "longhand" else "")
        report.add(f"{name}/idle", memory[name], target="rss under 20 MB" if name == "longhand" else "")
    report.add("exec_true", latencies(exec_floor()))
    report.close()


if __name__ == "__main__":
    main()
