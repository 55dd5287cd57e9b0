"""A server whose jobs all stream at once. The provider (bench/stream_load.cc) is on another core; each of its words
carries the instant at which it was sent.

`streams`: what the server's process takes for 1,000 jobs at 50 words a second each: processor time, memory a job, and
how old a word is when a watcher of its job has it (a twentieth of the jobs is watched), and when it is durable.
"""

import os
import sys

import streaming
from figures import Report, say

JOBS = int(os.environ.get("BENCH_JOBS", "1000"))
RATE = 50
WATCHED = 20  # every so many-th job
SECONDS = int(os.environ.get("BENCH_SECONDS", "20"))


def main():
    report = Report("streams", f"{JOBS} jobs at {RATE} words a second each, HTTP/1.1; SQLite synchronous=FULL")
    load = f"{JOBS} jobs, {RATE} words a second each, for {SECONDS} s; server on one core, provider and watchers on another"
    with streaming.Installation(JOBS, RATE) as server:
        idle = server.memory_kb()
        say(f"starting {JOBS} jobs")
        server.start_jobs()
        with server.watching(server.jobs[::WATCHED], SECONDS) as watchers, server.cpu() as used:
            seen = watchers.result()
        grown = server.memory_kb() - idle
        durable = server.durable_lag()
        provider = server.stop_provider()
    report.add("server", {"cores": round(used.cores, 3), "kb_a_job": round(grown / JOBS, 1)}, target="under 1 core, under 100 KB", load=load)
    report.add("word to watcher", {key: seen[key] for key in ("p50_ms", "p99_ms", "max_ms", "words_per_s")}, target="at most 100 ms", load=load)
    report.add("word to durable", durable, load=load)
    report.add("provider", provider, load=load)
    report.close()


if __name__ == "__main__":
    sys.exit(main())
