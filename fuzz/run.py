#!/usr/bin/env python3
"""Runs the fuzz targets of a build, two at once: run.py BUILD_FOLDER SECONDS

Each target runs SECONDS, beginning with the kept corpus (fuzz/corpus/NAME) and with what former runs have found worth
keeping (BUILD_FOLDER/corpus/NAME). An input that breaks a target is kept in BUILD_FOLDER/findings, and is told with the
command that replays it. Ends with what was found, and with status 1 when that is anything.
"""
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import time

SOURCES = pathlib.Path(__file__).resolve().parent
AT_ONCE = 2
# For an input, in seconds: past it the input is a finding.
SLOWEST_INPUT = 20
# Beside the time asked for: what reading the corpus and the last input may take.
GRACE = 300


def newest(text, pattern):
    found = re.findall(pattern, text)
    return found[-1] if found else "-"


class Target:
    def __init__(self, build, program):
        self.name = program.name.removesuffix("_fuzz")
        self.program = program
        self.kept = SOURCES / "corpus" / self.name
        self.grown = build / "corpus" / self.name
        self.findings = build / "findings"
        self.log = build / "logs" / f"{self.name}.log"
        for folder in (self.grown, self.findings, self.log.parent):
            folder.mkdir(parents=True, exist_ok=True)

    def run(self, seconds):
        words = [str(self.program), str(self.grown), str(self.kept), f"-max_total_time={seconds}",
                 f"-timeout={SLOWEST_INPUT}", "-rss_limit_mb=2048", "-print_final_stats=1",
                 f"-artifact_prefix={self.findings}/{self.name}-"]
        dictionary = SOURCES / f"{self.name}.dict"
        if dictionary.exists():
            words.append(f"-dict={dictionary}")
        began = time.monotonic()
        with open(self.log, "w") as log:
            try:
                status = subprocess.run(words, stdout=log, stderr=log, timeout=seconds + GRACE).returncode
            except subprocess.TimeoutExpired:
                log.write("The target did not end.\n")
                status = 1
        return status, time.monotonic() - began

    def told(self, status, taken):
        """The target's line of the table, and what to say of a finding."""
        text = self.log.read_text(errors="replace")
        runs = newest(text, r"number_of_executed_units: (\d+)")
        if runs == "-":
            runs = newest(text, r"#(\d+)\t")
        line = f"{self.name:<12}{taken:>8.0f}{runs:>14}{newest(text, r' cov: ([0-9]+)'):>10}   "
        if status == 0:
            return line + "nothing found", None
        report = f"{self.name}: see {self.log}\n"
        property_ = newest(text, r"(This must be true, and is not: .*)")
        summary = newest(text, r"SUMMARY: (.*)")
        report += f"  {property_ if property_ != '-' else summary}\n"
        kept = newest(text, r"Test unit written to (\S+)")
        if kept != "-":
            report += f"  replay it: {self.program} {kept}\n"
        return line + "FOUND SOMETHING", report


def main():
    build, seconds = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2])
    targets = [Target(build, program) for program in sorted((build / "fuzz").glob("*_fuzz"))]
    if not targets:
        sys.exit(f"There are no targets in {build}/fuzz.")
    reports = []
    print(f"{'target':<12}{'seconds':>8}{'runs':>14}{'coverage':>10}", flush=True)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        runs = [(target, pool.submit(target.run, seconds)) for target in targets]
        for target, run in runs:
            line, report = target.told(*run.result())
            print(line, flush=True)
            if report:
                reports.append(report)
    print("\n" + "\n".join(reports) + f"{len(targets)} targets, {len(reports)} of them with a finding.")
    sys.exit(1 if reports else 0)


if __name__ == "__main__":
    main()
