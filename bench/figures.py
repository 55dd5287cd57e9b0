"""What every benchmark says: the machine, the floors beside the figure, a table for people, one JSON line a figure.

    report = Report("start", "cold start and idle memory")
    report.add("cold_start", {"p50_ms": 21.3}, load="exec to first 200, 20 starts")
    report.close()

Lines go to BENCH_OUT/NAME.jsonl, which a run writes anew; the table goes to standard output.
"""

import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

OUT = pathlib.Path(os.environ.get("BENCH_OUT", "build/bench"))
BINARY = os.environ.get("LONGHAND_BINARY", "build/release/longhand")


def machine():
    """The machine and how busy others keep it: a figure without these can't be held against another."""
    model = "unknown"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return {"cpu": model, "cores": os.cpu_count(), "memory_mb": memory, "kernel": platform.release(),
            "load_1min": round(os.getloadavg()[0], 2)}  # fmt: skip


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def latencies(seconds):
    """p50, p99 and the largest of durations in seconds, as milliseconds."""
    return {"p50_ms": round(statistics.median(seconds) * 1000, 3), "p99_ms": round(percentile(seconds, 0.99) * 1000, 3),
            "max_ms": round(max(seconds) * 1000, 3)}  # fmt: skip


def sync_floor(folder=None, times=200):
    """Durations of a 4 KB write with fdatasync, on the disk that the benchmark's data is on (/tmp may be memory)."""
    taken = []
    with tempfile.TemporaryFile(dir=folder or OUT, buffering=0) as file:
        for _ in range(times):
            block = os.urandom(4096)
            began = time.monotonic()
            file.write(block)
            os.fdatasync(file.fileno())
            taken.append(time.monotonic() - began)
    return taken


def exec_floor(times=50):
    """Durations of starting /bin/true and waiting for its end: what no start can be under."""
    taken = []
    for _ in range(times):
        began = time.monotonic()
        subprocess.run(["/bin/true"], check=True)
        taken.append(time.monotonic() - began)
    return taken


class Report:
    """The figures of one benchmark: shown as they come, kept as JSON lines."""

    def __init__(self, bench, about):
        self.bench, self.machine = bench, machine()
        OUT.mkdir(parents=True, exist_ok=True)
        self.lines = open(OUT / f"{bench}.jsonl", "w")
        print(f"{bench}: {about}")
        print("  " + ", ".join(f"{key} {value}" for key, value in self.machine.items()))

    def add(self, figure, values, **about):
        """One figure: numbers by name; `about` says how it was taken (load, durability, target)."""
        row = {"bench": self.bench, "figure": figure, **about, **values, "machine": self.machine,
               "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}  # fmt: skip
        self.lines.write(json.dumps(row) + "\n")
        self.lines.flush()
        numbers = "  ".join(f"{name} {_shown(value)}" for name, value in values.items())
        print(f"  {figure:28} {numbers}", flush=True)

    def close(self):
        self.lines.close()


def _shown(value):
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def say(text):
    """What a long run is at: to standard error, so that the table stays one."""
    print(f"  … {text}", file=sys.stderr, flush=True)
