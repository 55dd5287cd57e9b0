"""1,000 watchers of jobs that stream: what the server takes for them, and how old a word is when a watcher has it.
The provider and the watchers (bench/stream_load.cc) are on another core than the server."""

import os
import sys

import streaming
from figures import Report, say

JOBS = int(os.environ.get("BENCH_JOBS", "50"))
WATCHERS = int(os.environ.get("BENCH_WATCHERS", "1000"))
RATE = 50
SECONDS = int(os.environ.get("BENCH_SECONDS", "20"))


def main():
    report = Report("events", f"{WATCHERS} watchers of {JOBS} jobs at {RATE} words a second each, HTTP/1.1")
    load = f"{WATCHERS} watchers of {JOBS} jobs, {RATE} words a second each, for {SECONDS} s; server on one core, the rest on another"
    with streaming.Installation(JOBS, RATE) as server:
        say(f"starting {JOBS} jobs")
        server.start_jobs()
        with server.watching(server.jobs[:1], SECONDS // 4) as watcher, server.cpu() as alone:
            watcher.result()
        before = server.memory_kb()
        watched = [server.jobs[number % JOBS] for number in range(WATCHERS)]
        with server.watching(watched, SECONDS) as watchers, server.cpu() as used:
            seen = watchers.result()
            grown = server.memory_kb() - before
        provider = server.stop_provider()
    report.add("server", {"cores": round(used.cores, 3), "kb_a_watcher": round(grown / WATCHERS, 1)}, target="under 0.5 cores, under 20 KB", load=load)
    report.add("without watchers", {"cores": round(alone.cores, 3)}, load=load)
    report.add("word to watcher", {key: seen[key] for key in ("p50_ms", "p99_ms", "max_ms")}, load=load)
    report.add("watchers", {key: seen[key] for key in ("texts_per_s", "words_per_s", "bytes_per_s", "ended")}, load=load)
    report.add("provider", provider, load=load)
    report.close()


if __name__ == "__main__":
    sys.exit(main())
