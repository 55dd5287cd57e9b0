"""`longhand write`: the main job, alone and beside a server."""

import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import unittest

from harness import BINARY, Api, LonghandTest, default_sources, environment, run


def read_until(stream, word):
    """Reads lines until one has the word."""
    told = ""
    while word not in told:
        line = stream.readline()
        if not line:
            raise AssertionError(f"it ended before it said {word!r}:\n{told}")
        told += line


class Write(LonghandTest):
    def setUp(self):
        super().setUp()
        self.sources = []
        for name, content in default_sources():
            (self.folder / name).write_bytes(content)
            self.sources += ["--source", self.folder / name]
        self.out = self.folder / "out"

    def words(self, *options):
        prompt = "Write a short guide to how a job is made safe."
        return ["write", prompt, *self.sources, "--pages", "3-4", "--data", self.data, "--out", self.out, *options]

    def begin(self, *options):
        """A `write` that goes on by itself and is killed at the test's end."""
        child = subprocess.Popen([BINARY, *map(str, self.words(*options))], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment())
        self.addCleanup(child.kill)
        return child

    def stop_while_writing(self, child, how):
        """What it says from then on, on standard error."""
        read_until(child.stderr, "writing")
        child.send_signal(how)
        _, rest = child.communicate(timeout=20)
        self.assertEqual(child.returncode, 1)
        return rest

    def test_a_document_is_written_and_its_figures_are_printed(self):
        done = run(*self.words("--format", "pdf,md"))
        self.assertRegex(done.stderr, r"[\d,]+/[\d,]+ words")
        figures = dict(re.findall(r"^(\w+) +(.+)$", done.stdout, re.M))
        self.assertTrue(pathlib.Path(figures["pdf"]).read_bytes().startswith(b"%PDF-"))
        self.assertGreater(int(figures["pages"]), 2)
        self.assertGreater(int(figures["citations"].replace(",", "")), 5)
        self.assertGreater(int(figures["words"].replace(",", "")), 200)
        self.assertTrue(pathlib.Path(figures["md"]).read_text().startswith("# "))

    def test_json_lines_are_for_programs(self):
        done = run(*self.words("--json"))
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(lines[-1]["kind"], "done")
        self.assertTrue(os.path.exists(lines[-1]["files"]["pdf"]))
        progress = [line["progress"] for line in lines if line["kind"] == "progress"]
        self.assertEqual(progress, sorted(progress))

    def test_sources_that_can_not_be_read_are_named_and_the_rest_goes_on(self):
        (self.folder / "empty.txt").write_bytes(b"")
        (self.folder / "binary.bin").write_bytes(bytes(range(256)) * 50)
        done = run(*self.words("--source", self.folder / "missing.txt", "--source", self.folder / "empty.txt", "--source", self.folder / "binary.bin"))
        told = done.stderr + done.stdout
        for name in ("missing.txt", "empty.txt", "binary.bin"):
            self.assertIn(name, told)

    def test_no_readable_source_at_all_is_a_failure(self):
        (self.folder / "binary.bin").write_bytes(bytes(range(256)) * 50)
        for source in (self.folder / "missing.txt", self.folder / "binary.bin"):
            done = run("write", "Write a short guide to it.", "--source", source, "--data", self.data, "--out", self.out, status=1)
            self.assertIn(source.name, done.stderr)

    def test_without_sources_there_is_nothing_to_cite(self):
        done = run("write", "Write a short guide to keeping a diary.", "--pages", "2", "--data", self.data, "--out", self.out)
        self.assertRegex(done.stdout, r"citations +0\n")

    def test_ctrl_c_cancels_and_resume_goes_on(self):
        model = self.model("--tokens-per-second", "600")
        rest = self.stop_while_writing(self.begin("--provider", model.url + "/v1"), signal.SIGINT)
        words = shlex.split(re.search(r"longhand (write --resume .*)", rest).group(1))
        job = words[2]
        before = Api(model.url).get("/v1/stats")["calls"]
        done = run(*words)
        self.assertIn("pages", done.stdout)
        after = Api(model.url).get("/v1/stats")["calls"]
        self.assertGreater(after, before)
        # Completed: the files again, and no call.
        again = run("write", "--resume", job, "--data", self.data, "--out", self.out, "--provider", model.url + "/v1")
        self.assertIn("pdf", again.stdout)
        self.assertEqual(Api(model.url).get("/v1/stats")["calls"], after)

    def test_beside_a_running_server_it_becomes_its_client(self):
        server = self.serve()
        done = run(*self.words())
        self.assertIn(server.url, done.stderr)
        self.assertRegex(done.stdout, r"pages +\d")
        listed = run("list", "--data", self.data).stdout
        self.assertIn("completed", listed)

    def test_beside_a_server_what_the_server_decides_is_refused(self):
        self.serve()
        for option in (("--typesetters", "3"), ("--sandbox", "limits-only"), ("--model", "x")):
            self.assertIn(option[0], run(*self.words(*option), status=2).stderr)

    def test_sigterm_of_a_client_leaves_the_servers_job(self):
        model = self.model("--tokens-per-second", "600")
        server = self.serve("--provider", model.url + "/v1")
        rest = self.stop_while_writing(self.begin(), signal.SIGTERM)
        words = shlex.split(re.search(r"longhand (watch .*)", rest).group(1))
        self.assertIn(Api(server.url, self.token()).status(words[1])["status"], ("queued", "in_progress", "completed"))
        self.assertIn("completed", run(*words).stdout)

    def test_a_failure_is_a_json_line_too(self):
        (self.folder / "binary.bin").write_bytes(bytes(range(256)) * 50)
        done = run("write", "Write a short guide to it.", "--source", self.folder / "binary.bin", "--data", self.data, "--out", self.out, "--json", status=1)
        last = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual((last["kind"], last["code"]), ("error", "sources_unreadable"))
        self.assertIn("start a new one", last["text"])
        self.assertNotIn("--resume", done.stderr)
        done = run(*self.words("--json", "--nosuchoption"), status=2)
        self.assertEqual(json.loads(done.stdout)["code"], "usage")

    def test_sources_and_folder_come_from_the_environment_too(self):
        variables = {"LONGHAND_SOURCE": "\n".join(map(str, self.sources[1::2])), "LONGHAND_OUT": self.out, "LONGHAND_DATA": self.data}
        done = run("write", "Write a short guide to how a job is made safe.", "--pages", "3", variables=variables)
        self.assertGreater(int(re.search(r"citations +(\d+)", done.stdout).group(1)), 0)
        self.assertEqual(len(list(self.out.iterdir())), 1)

    @unittest.skipIf(os.geteuid() == 0, "root may write anywhere")
    def test_a_folder_that_takes_no_documents_is_noticed_before_the_work(self):
        self.out.mkdir(mode=0o500)
        done = run(*self.words(), status=1)
        self.assertIn("--out", done.stderr)
        self.assertNotIn("job ", done.stderr)

    def test_beside_another_write_it_names_the_process(self):
        model = self.model("--first-token-ms", "30000")
        child = subprocess.Popen([BINARY, *map(str, self.words("--provider", model.url + "/v1"))], stderr=subprocess.PIPE, text=True, env=environment())
        self.addCleanup(child.stderr.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        read_until(child.stderr, "job ")
        message = run(*self.words(), status=1).stderr
        self.assertIn(str(child.pid), message)

    def test_a_provider_that_is_not_there_or_refuses_says_so(self):
        done = run(*self.words("--provider", "http://127.0.0.1:9/v1"), status=1)
        self.assertIn("127.0.0.1:9", done.stderr)


if __name__ == "__main__":
    unittest.main()
