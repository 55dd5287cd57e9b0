"""The same 1,000 live jobs claimed, read and cancelled with few and with many others stored: what a job costs must not
depend on how many there are.

Each round runs bench/scale_load.cc on a fresh copy of each installation in turn; a ratio is the median of the rounds'.
"""

import json
import os
import statistics
import subprocess

import servers
import status_data
from figures import OUT, Report, latencies, say, sync_floor

LIVE = 1000
FEW, MANY = 1000, int(os.environ.get("BENCH_JOBS", "1000000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
LOAD = status_data.ROOT / "build/release/bench/scale_load"
VERBS = ("claim", "read", "cancel")


def one_run(stored):
    data = status_data.copy_of(stored, OUT / "scale-run")
    # What the copy left to be written must not be waited for in the run's own commits.
    with open(data / "longhand.db", "rb") as file:
        os.fsync(file.fileno())
    with servers.process([LOAD, data]) as child:
        found = json.loads(child.stdout.readline() or "{}")
    if found.get("jobs") != LIVE:
        raise RuntimeError(f"{LIVE} live jobs should have been claimed: {found}")
    return found


def main():
    stored = {count: status_data.stored(count, LIVE) for count in (FEW, MANY)}
    report = Report("scale", f"{LIVE:,} live jobs claimed (by 16), read, and cancelled (64 callers), through the store")
    found = {count: [] for count in stored}
    for number in range(ROUNDS):
        for count, folder in stored.items():
            say(f"round {number + 1}: {count:,} others")
            found[count].append(one_run(folder))
    about = {"load": f"{LIVE} live jobs, {ROUNDS} rounds in turns", "durability": "synchronous=FULL"}
    for verb in VERBS:
        key = f"{verb}_us"
        values = {f"us_with_{count:,}": round(statistics.median(run[key] for run in found[count]), 1) for count in stored}
        ratio = statistics.median(many[key] / few[key] for few, many in zip(found[FEW], found[MANY]))
        report.add(verb, {**values, "ratio": round(ratio, 3)}, target="ratio at most 1.2", **about)
    report.add("write_4k_fdatasync", latencies(sync_floor()))
    report.close()
    subprocess.run(["rm", "-rf", OUT / "scale-run"], check=True)


if __name__ == "__main__":
    main()
