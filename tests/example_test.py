"""The examples that the README shows write what it says they write."""

import json
import pathlib
import re
import shlex
import subprocess
import unittest

from harness import BINARY, ROOT, LonghandTest, environment


def sentences(text):
    return [s.strip() for s in re.split(r"(?<=[.!?])\s+", re.sub(r"\s+", " ", text)) if len(s.split()) > 5]


class Handbook(LonghandTest):
    def test_the_handbook_is_a_full_cited_document_from_many_files(self):
        done = subprocess.run([ROOT / "examples/handbook.sh", self.folder / "out"], text=True, capture_output=True, timeout=300,
                              env=environment() | {"LONGHAND": BINARY})  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        figures = dict(re.findall(r"^(\w+) +(.+)$", done.stdout, re.M))
        number = lambda name: int(figures[name].replace(",", ""))
        self.assertIn(number("pages"), range(12, 16))
        self.assertGreater(number("words"), 3000)
        self.assertGreater(number("citations"), 60)
        self.assertIn("seconds", figures)
        self.assertTrue(pathlib.Path(figures["pdf"]).read_bytes().startswith(b"%PDF-"))

        quality = json.loads(next((self.folder / "out/data/artifacts").glob("*/quality.json-*")).read_text())
        self.assertLessEqual(quality["largest_source_share"], 0.4)
        self.assertEqual(quality["citations_dropped"], 0)
        for section in quality["sections"]:
            self.assertGreater(section["words"], 0, section)

        text = pathlib.Path(figures["md"]).read_text()
        # Code spans may name the marks: the sources do.
        prose = re.sub(r"`[^`]*`", "", text)
        for leftover in ("[@p", "As an AI", "{{"):
            self.assertTrue(leftover not in prose, leftover)
        numbers = {int(n) for n in re.findall(r"\(#source-(\d+)\)", text)}
        self.assertEqual(numbers, set(range(1, max(numbers) + 1)), "the bibliography has what is cited, and no more")
        pages = subprocess.run(["pdftotext", figures["pdf"], "-"], capture_output=True, text=True, check=True).stdout
        self.assertNotIn("]{#", pages)
        self.assertIn("Sources", pages)

    def test_the_commands_that_it_prints_can_be_typed(self):
        longhand = self.folder / "a stand-in's longhand"
        longhand.write_text("#!/bin/sh\n")
        longhand.chmod(0o755)
        out = self.folder / "an $out"
        done = subprocess.run([ROOT / "examples/handbook.sh", out], text=True, capture_output=True, timeout=60,
                              env=environment() | {"LONGHAND": str(longhand)})  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        typed = [shlex.split(line) for line in done.stdout.splitlines() if line.startswith("  ")]
        data = ["--data", str(out / "data")]
        self.assertEqual(typed, [[str(longhand), "serve", *data], [str(longhand), "token", "owner@localhost", *data]])


if __name__ == "__main__":
    unittest.main()
