"""From just before the enqueue to the first step, one job at a time on an idle queue. Longhand and BullMQ (Redis with
appendfsync always) in turns; the percentiles are over all rounds of each."""

import os
import sys

import queues
from figures import Report, latencies, percentile, say, sync_floor

TIMES = int(os.environ.get("BENCH_TIMES", "300"))
ROUNDS = 3
IN_FLIGHT = 64  # workers that wait
TARGET = 0.75
DURABILITY = "SQLite synchronous=FULL; Redis appendfsync always"


def main():
    report = Report("pickup", f"enqueue to first step on an idle queue, {TIMES} times; {DURABILITY}")
    taken = {"longhand": [], "bullmq": []}
    for number in range(ROUNDS):
        say(f"round {number + 1} of {ROUNDS}")
        some = TIMES // ROUNDS
        taken["longhand"] += queues.longhand("pickup", some, IN_FLIGHT)["pickup_ms"]
        taken["bullmq"] += queues.bullmq("pickup", some, IN_FLIGHT)["pickup_ms"]
    load = f"{TIMES} times, {IN_FLIGHT} workers wait"
    for name, milliseconds in taken.items():
        report.add(name, latencies([value / 1000 for value in milliseconds]), load=load, durability=DURABILITY)
    ratio = percentile(taken["longhand"], 0.99) / percentile(taken["bullmq"], 0.99)
    report.add("longhand / bullmq, p99", {"ratio": round(ratio, 3)}, target=f"at most {TARGET}", load=load)
    report.add("write_4k_fdatasync", latencies(sync_floor()))
    report.close()


if __name__ == "__main__":
    sys.exit(main())
