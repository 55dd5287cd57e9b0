"""A TypeScript client generated from the contract, as the server gives it: it compiles, strictly, and does a job from end to end."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import DEADLINE, ROOT, Api, LonghandTest, environment

# Where `npm ci` has put what tests/npm/package-lock.json names; `./dev test` sees to it.
NPM = ROOT / "build/npm"
PROGRAM = ROOT / "tests/npm/typed_client.mts"
STRICT = ["--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--noUnusedLocals", "--skipLibCheck"]
TARGET = ["--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext", "--lib", "es2022,dom,dom.iterable"]


class TypedClient(LonghandTest):
    def setUp(self):
        super().setUp()
        if not (NPM / "node_modules/typescript").is_dir():
            raise AssertionError(f"the TypeScript compiler is not in {NPM}: ./dev test puts it there")
        # Below the packages, for that is where the program looks for them.
        folder = tempfile.TemporaryDirectory(dir=NPM)
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.server = self.serve()

    def node(self, *words, status=0):
        variables = environment() | {"LONGHAND_TOKEN": self.token(), "NO_PROXY": "127.0.0.1", "NO_UPDATE_NOTIFIER": "1"}
        done = subprocess.run(["node", *map(str, words)], text=True, capture_output=True, timeout=DEADLINE, cwd=self.folder, env=variables)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def generate(self):
        """The types, of what the server itself says of itself."""
        with open(self.folder / "openapi.json", "w") as file:
            json.dump(Api(self.server.url).get("/api/openapi.json"), file)
        options = ["--empty-objects-unknown", "--default-non-nullable=false"]
        self.node(NPM / "node_modules/openapi-typescript/bin/cli.js", "openapi.json", "-o", "longhand_api.mts", *options)
        shutil.copy(PROGRAM, self.folder)

    def compile(self, status=0):
        return self.node(NPM / "node_modules/typescript/bin/tsc", *STRICT, *TARGET, "--outDir", "out", PROGRAM.name, status=status)

    def test_it_compiles_and_writes_a_document(self):
        self.generate()
        self.compile()
        seen = json.loads(self.node("out/typed_client.mjs", self.server.url))
        self.assertEqual(seen["uploaded"], {"total_files": 1, "successful_uploads": 1, "failed_uploads": 0, "errors": []})
        self.assertEqual(seen["busy"], [409, "project_busy"])
        job = seen["job"]
        self.assertEqual((job["status"], job["percent_complete"], job["error_message"]), ("completed", 100, None))
        self.assertIn("event: submitted", seen["events"])
        self.assertEqual(seen["events"][-1], "event: completed")
        self.assertGreater(seen["ledger"]["calls"], 3)
        self.assertGreater(seen["ledger"]["tokens"], 100)
        self.assertTrue(all(seen["outline"]), seen["outline"])
        self.assertRegex(seen["text"], r"(?s)^# .+\n# Sources")
        self.assertTrue(seen["cancelled"])
        (listed,) = seen["jobs"]
        self.assertEqual((listed["id"], listed["title"], listed["is_starred"]), (job["id"], "How bees live", True))
        self.assertEqual(seen["nobodys"], [404, "not_found"])
        self.assertEqual(seen["usage"]["total"]["works"], 1)

    def test_the_types_find_mistakes(self):
        self.generate()
        program = self.folder / PROGRAM.name
        without = re.sub(r"\n *// @ts-expect-error[^\n]*", "", program.read_text())
        program.write_text(without)
        errors = [line for line in self.compile(status=2).splitlines() if "error TS" in line]
        self.assertEqual(len(errors), PROGRAM.read_text().count("@ts-expect-error"), errors)


if __name__ == "__main__":
    unittest.main()
