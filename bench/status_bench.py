"""Status reads a second: live jobs that change meanwhile, and random ids among a million, beside nginx's static answer of
the same bytes and a Fastify server over the same database.

Every server has core 0 to itself while it is measured, wrk (64 connections, one thread, the same requests for all) and
this script have core 1. Cells are taken in turns, BENCH_ROUNDS times of BENCH_SECONDS, and a ratio is the median of the
ratios of its rounds. While live jobs are read, every commit that is told is followed by a read of its own, which must
not show less.
"""

import contextlib
import http.client
import json
import os
import signal
import statistics
import subprocess
import threading

import servers
import status_data
from figures import BINARY, OUT, Report, latencies, say, sync_floor

JOBS = int(os.environ.get("BENCH_JOBS", "1000000"))
LIVE = int(os.environ.get("BENCH_LIVE", "10000"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "8"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
WARM_UP_SECONDS = 3
SERVER_CORE, CLIENT_CORE = 0, 1
SCRIPT = status_data.ROOT / "bench/status.lua"
STATUS_SERVER = os.environ.get("STATUS_SERVER", str(status_data.ROOT / "build/release/bench/status_server"))
TARGETS = {"live": "0.9 of nginx (floor 0.8), 6 times Fastify", "random": "0.5 of nginx, 6 times Fastify, under 100 MB"}


class Reader:
    """One user's reads over a kept connection."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def status(self, job, token):
        self.connection.request("GET", f"/getJobStatus?jobId={job}", headers={"Authorization": "Bearer " + token})
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {body[:200]}")
        return body, sum(len(name) + len(value) + 4 for name, value in answer.getheaders())


class Freshness(threading.Thread):
    """Reads each job that the server says it has changed, after its commit; keeps what was older than that."""

    def __init__(self, child, port, token_of):
        super().__init__(daemon=True)
        self.lines, self.reader, self.token_of = child.stdout, Reader(port), token_of
        self.checked, self.stale, self.is_over = 0, [], False

    def run(self):
        for line in self.lines:
            if self.is_over:
                return
            word, *rest = line.split()
            if word != "changed":
                continue
            job, told = rest[0], float(rest[1])
            shown = json.loads(self.reader.status(job, self.token_of[job])[0])["progress"]
            self.checked += 1
            # Shown to two decimals, rounded down.
            if shown < told - 0.011:
                self.stale.append((job, told, shown))

    def finish(self):
        self.is_over = True
        self.join()


@contextlib.contextmanager
def live_server(data, token_of):
    with servers.process([STATUS_SERVER, data], SERVER_CORE) as child:
        port = servers.port_of(child)
        moving = child.stdout.readline()
        if moving != f"moving {LIVE} jobs\n":
            raise RuntimeError(f"it should move {LIVE} jobs, and said: {moving}")
        freshness = Freshness(child, port, token_of)
        freshness.start()
        yield child, port, freshness
        freshness.finish()


@contextlib.contextmanager
def product(data):
    words = [BINARY, "serve", "--data", data, "--listen", "127.0.0.1:0", "--threads", 1, "--workers", 0, "--log-level", "warning"]
    with servers.process(words, SERVER_CORE) as child:
        yield child, servers.port_of(child)


@contextlib.contextmanager
def fastify(data):
    secret = (data / "secret").read_text().split()[0]
    with servers.node("status_sqlite.mjs", SERVER_CORE, DATABASE=data / "longhand.db", SECRET=secret, AUDIENCE="longhand") as child:
        yield servers.port_of(child)


@contextlib.contextmanager
def at_rest(child):
    """The others have the core to themselves."""
    child.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        child.send_signal(signal.SIGCONT)


def rounds(cells, variables):
    """Each cell in turns: {name: [what wrk found, ...]}."""
    found = {name: [] for name in cells}
    for cell in cells.values():
        with cell["while"]():
            servers.wrk(cell["port"], CLIENT_CORE, WARM_UP_SECONDS, SCRIPT, SEED=0, **variables)
    for number in range(ROUNDS):
        for name, cell in cells.items():
            say(f"round {number + 1}: {name}")
            with cell["while"]():
                found[name].append(servers.wrk(cell["port"], CLIENT_CORE, SECONDS, SCRIPT, SEED=number + 1, **variables))
    return found


def tell(report, load, found, sizes):
    middle = lambda rows, key: statistics.median(row[key] for row in rows)
    about = {"load": f"{load}: {JOBS:,} jobs of {status_data.USERS} users stored, wrk -t1 -c64, {ROUNDS} x {SECONDS} s",
             "durability": "synchronous=FULL", "target": TARGETS[load]}  # fmt: skip
    for name, rows in found.items():
        report.add(f"{load}/{name}", {"rate": round(middle(rows, "rate")), "p50_ms": middle(rows, "p50_ms"), "p99_ms": middle(rows, "p99_ms")}, **about)
    ours = [row["rate"] for row in found["longhand"]]
    for peer in ("nginx", "fastify"):
        ratios = [mine / row["rate"] for mine, row in zip(ours, found[peer])]
        report.add(f"{load}/of {peer}", {"ratio": round(statistics.median(ratios), 3), "least": round(min(ratios), 3), "most": round(max(ratios), 3)}, **about)
    report.add(f"{load}/bytes", sizes, **about)


def measure_live(report, stored, ids, tokens, files):
    data = status_data.copy_of(stored, OUT / "status-run")
    token_of = {job: tokens[number % status_data.USERS] for number, job in enumerate(ids["live"])}
    with live_server(data, token_of) as (child, port, freshness):
        body, head = Reader(port).status(ids["live"][0], tokens[0])
        with servers.nginx(body, SERVER_CORE) as static, fastify(data) as node:
            rest = lambda: at_rest(child)
            cells = {"nginx": {"port": static, "while": rest}, "longhand": {"port": port, "while": contextlib.nullcontext},
                     "fastify": {"port": node, "while": rest}}  # fmt: skip
            found = rounds(cells, {"IDS": files["live"], "TOKENS": files["tokens"]})
            nginx_body, nginx_head = Reader(static).status(ids["live"][0], tokens[0])
        memory = servers.memory_mb(child.pid)
    tell(report, "live", found, {"body": len(body), "headers": head, "nginx_body": len(nginx_body), "nginx_headers": nginx_head})
    report.add("live/read after commit", {"checked": freshness.checked, "stale": len(freshness.stale)}, target="0 stale")
    report.add("live/memory", memory)
    if freshness.stale or freshness.checked == 0:
        raise RuntimeError(f"older than the last commit, of {freshness.checked}: {freshness.stale[:5]}")


def measure_random(report, stored, ids, tokens, files):
    data = status_data.copy_of(stored, OUT / "status-run")
    with product(data) as (child, port):
        body, head = Reader(port).status(ids["resting"][0], tokens[0])
        with servers.nginx(body, SERVER_CORE) as static, fastify(data) as node:
            cells = {name: {"port": one, "while": contextlib.nullcontext} for name, one in (("nginx", static), ("longhand", port), ("fastify", node))}
            found = rounds(cells, {"IDS": files["resting"], "TOKENS": files["tokens"]})
        memory = servers.memory_mb(child.pid)
    tell(report, "random", found, {"body": len(body), "headers": head})
    report.add("random/memory", memory, target="resident under 100 MB")


def main():
    os.sched_setaffinity(0, {CLIENT_CORE})
    stored = status_data.stored(JOBS, LIVE)
    ids = json.loads((stored / "ids.json").read_text())
    make_token = status_data.token_maker(stored)
    tokens = [make_token(user) for user in ids["users"]]
    files = {name: OUT / f"status-{name}.txt" for name in ("tokens", "live", "resting")}
    for name, lines in (("tokens", tokens), ("live", ids["live"]), ("resting", ids["resting"])):
        files[name].write_text("\n".join(lines) + "\n")
    report = Report("status", f"GET /getJobStatus with a JWT for each of {status_data.USERS} users; every server on one core")
    wanted = os.environ.get("BENCH_LOADS", "live random").split()
    if "live" in wanted:
        measure_live(report, stored, ids, tokens, files)
    if "random" in wanted:
        measure_random(report, stored, ids, tokens, files)
    report.add("write_4k_fdatasync", latencies(sync_floor()))
    report.close()
    subprocess.run(["rm", "-rf", OUT / "status-run"], check=True)


if __name__ == "__main__":
    main()
