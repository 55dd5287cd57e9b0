"""Durable jobs a second, from the first enqueue to the last completion: enqueued one by one by as many callers as run
at once, claimed, three progress writes each durable before the next, completed. In turns, in one run:

  longhand       the product's store and engine, synchronous=FULL
  bullmq         BullMQ on Redis with appendfsync always
  sqlite groups  a bare C loop that makes the same writes, as many jobs in each transaction
  on the beat    longhand, its progress stored by the beat: what a job that only reports costs

A rate is the median of the rounds; a ratio is the median of the rounds' ratios.
"""

import os
import statistics
import sys

import queues
from figures import Report, latencies, say, sync_floor

JOBS = int(os.environ.get("BENCH_JOBS", "20000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
TARGETS = {64: 1.0, 256: 1.4}  # of BullMQ's rate
FLOOR_TARGET = 0.7
DURABILITY = "SQLite synchronous=FULL; Redis appendfsync always"


def round_of(in_flight):
    return {
        "longhand": queues.longhand("steps", JOBS, in_flight),
        "bullmq": queues.bullmq("queue", JOBS, in_flight),
        "sqlite groups": queues.sqlite_groups(JOBS, in_flight),
        "on the beat": queues.longhand("beat", JOBS, in_flight),
    }


def main():
    report = Report("queue", f"{JOBS} jobs through store and engine; {DURABILITY}")
    for in_flight, target in TARGETS.items():
        rounds = []
        for number in range(ROUNDS):
            say(f"{in_flight} in flight, round {number + 1} of {ROUNDS}")
            rounds.append(round_of(in_flight))
        load = f"{JOBS} jobs, {in_flight} callers and {in_flight} at work"
        for name in rounds[0]:
            rates = [row[name]["jobs_per_s"] for row in rounds]
            report.add(f"{name}, {in_flight}", {"jobs_per_s": statistics.median(rates), "least": min(rates), "most": max(rates)}, load=load, durability=DURABILITY)
        for name, least in (("bullmq", target), ("sqlite groups", FLOOR_TARGET)):
            ratio = statistics.median(row["longhand"]["jobs_per_s"] / row[name]["jobs_per_s"] for row in rounds)
            report.add(f"longhand / {name}, {in_flight}", {"ratio": round(ratio, 3)}, target=least, load=load)
        commits = statistics.median(row["longhand"]["commits"] for row in rounds)
        report.add(f"jobs a commit, {in_flight}", {"jobs": round(JOBS / commits, 2)}, load=load)
    report.add("write_4k_fdatasync", latencies(sync_floor()))
    report.close()


if __name__ == "__main__":
    sys.exit(main())
