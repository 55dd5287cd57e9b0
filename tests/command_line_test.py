"""The binary as a person or a script meets it."""

import contextlib
import json
import pathlib
import os
import re
import shlex
import shutil
import signal
import sqlite3
import stat
import subprocess
import time
import unittest

from harness import BINARY, DEADLINE, ROOT, SLOWNESS, Api, LonghandTest, environment, run
from web import Web


class Usage(LonghandTest):
    def message(self, *words, status=2):
        return run(*words, status=status).stderr

    def test_every_command_has_help_with_an_example(self):
        overview = run("--help").stdout
        names = re.findall(r"^  ([a-z]+(?: [a-z]+)?)  ", overview, re.M)
        self.assertLessEqual({"write", "serve", "user add", "token", "key", "submit", "list", "status", "watch", "cancel", "retry", "get",
                              "resume", "draft", "receipt", "model", "doctor", "secret rotate", "backup", "restore", "completion",
                              "manual"}, set(names))  # fmt: skip
        for name in names:
            self.assertIn(f"longhand {name}", run(*name.split(), "--help").stdout.partition("Example:")[2], name)

    def test_the_nearest_word_is_named(self):
        self.assertIn("'serve'", self.message("sevre"))
        self.assertIn("'--listen'", self.message("serve", "--lissten", "x"))
        self.assertIn("'longhand user add'", self.message("user"))
        for words, meant in ((["user", "lst"], "user list"), (["secret", "rotat"], "secret rotate"), (["usr", "add"], "user add"),
                             (["secert", "rotate"], "secret rotate"), (["usr"], "user"), (["useradd"], "user add"), (["--hlep"], "--help"),
                             (["--verison"], "--version"), (["wirte", "A prompt"], "write")):  # fmt: skip
            self.assertIn(f"Did you mean '{meant}'?", self.message(*words))
        self.assertIn("Did you mean 'stall'?", self.message("model", "--fail-with", "500,stal"))
        config = self.folder / "longhand.toml"
        config.write_text('lisen = "127.0.0.1:1"\n')
        self.assertIn("'listen'", self.message("serve", "--config", config, "--data", self.data))
        for command in (["serve"], ["user", "list"], ["doctor"], ["write", "A long enough prompt"]):
            self.assertIn("'warning'", self.message(*command, "--log-level", "warn", "--data", self.data))
            self.assertIn("text, json", self.message(*command, "--log-format", "xml", "--data", self.data))

    def complete(self, *words):
        """What Bash offers for the last of `words`, by the script that the program prints."""
        script = run("completion", "bash").stdout
        line = " ".join(words)
        ask = f"""compopt() {{ :; }}; {script}
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE={shlex.quote(line)}
            _longhand; printf '%s\\n' "${{COMPREPLY[@]}}\""""
        done = subprocess.run(["bash", "-u", "-c", ask, "bash", *words], cwd=self.folder, capture_output=True, text=True, timeout=30)
        self.assertEqual(done.stderr, "")
        return done.stdout.split("\n")[:-1]

    def test_a_misspelled_variable_is_named_and_a_foreign_one_is_not(self):
        run("user", "add", "ann@example.org", "--data", self.data)
        said = run("user", "list", "--data", self.data, variables={"LONGHAND_LOG_LEVLE": "debug"}).stderr
        self.assertIn("LONGHAND_LOG_LEVLE is not known and does nothing. Did you mean LONGHAND_LOG_LEVEL?", said)
        foreign = {"LONGHAND_PORT": "tcp://10.0.0.1:80", "LONGHAND_SERVICE_HOST": "10.0.0.1", "LONGHAND_LOG_LEVEL": "error"}
        self.assertEqual(run("user", "list", "--data", self.data, variables=foreign).stderr, "")

    def test_bash_completes_commands_options_words_and_files(self):
        (self.folder / "a file.toml").write_text("")
        (self.folder / "a folder").mkdir()
        self.assertEqual(set(self.complete("longhand", "se")), {"serve", "secret"})
        self.assertEqual(set(self.complete("longhand", "user", "")), {"add", "list", "remove"})
        self.assertEqual(self.complete("longhand", "secret", "r"), ["rotate"])
        self.assertEqual(set(self.complete("longhand", "serve", "--log-l")), {"--log-level"})
        self.assertLessEqual({"--data", "--log-format"}, set(self.complete("longhand", "user", "add", "--")))
        self.assertEqual(set(self.complete("longhand", "serve", "--log-level", "")), {"debug", "info", "warning", "error", "off"})
        self.assertEqual(self.complete("longhand", "serve", "--log-level", "=", "w"), ["warning"])
        self.assertEqual(self.complete("longhand", "serve", "--log-level", "="), self.complete("longhand", "serve", "--log-level", ""))
        self.assertEqual(set(self.complete("longhand", "serve", "--config", "a f")), {"a file.toml", "a folder"})
        self.assertEqual(self.complete("longhand", "serve", "--data", "a f"), ["a folder"])
        self.assertEqual(set(self.complete("longhand", "restore", "a f")), {"a file.toml", "a folder"})
        self.assertEqual(self.complete("longhand", "completion", ""), ["bash"])
        for words in (("serve", "--listen", ""), ("nothing", "")):
            self.assertEqual(self.complete("longhand", *words), [""], words)
        for name in re.findall(r"^  ([a-z]+(?: [a-z]+)?)  ", run("--help").stdout, re.M):
            known = set(re.findall(r"^  (--[a-z-]+)", run(*name.split(), "--help").stdout, re.M))
            self.assertLessEqual(known, set(self.complete("longhand", *name.split(), "--")), name)
        self.assertIn("bash", self.message("completion", "zsh"))

    def test_the_manual_has_every_command_and_option_and_troff_takes_it(self):
        page = run("manual").stdout
        for name in re.findall(r"^  ([a-z]+(?: [a-z]+)?)  ", run("--help").stdout, re.M):
            section = page.partition(f'.SS "{name}"')[2].partition(".SS ")[0].replace("\\-", "-")
            self.assertTrue(section, name)
            for option in re.findall(r"^  (--[a-z-]+)", run(*name.split(), "--help").stdout, re.M):
                self.assertIn(option, section, name)
        troff = shutil.which("groff")
        if troff:
            set_page = subprocess.run([troff, "-man", "-ww", "-z"], input=page, capture_output=True, text=True, timeout=60)
            self.assertEqual((set_page.returncode, set_page.stderr), (0, ""))

    def test_a_group_of_commands_has_help(self):
        for words in (("user", "--help"), ("user", "-h")):
            told = run(*words).stdout
            self.assertIn("user remove", told)
            self.assertIn("longhand user add", told.partition("Example:")[2])

    def test_a_config_that_is_no_file_is_refused(self):
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        for config in (self.folder, fifo, self.folder / "missing.toml"):
            self.assertIn(str(config), self.message("user", "list", "--data", self.data, "--config", config))

    def test_what_belongs_to_one_call_is_not_taken_from_elsewhere(self):
        done = run("write", "A long enough prompt", "--data", self.data, status=2, variables={"LONGHAND_RESUME": "x"})
        self.assertIn("LONGHAND_RESUME", done.stderr)

    def test_output_that_can_not_be_written_is_a_failure(self):
        with open("/dev/full", "w") as full:
            for words in (("--version",), ("--help",), ("write", "--help"), ("user", "add", "ann@example.org", "--data", self.data)):
                self.assertIn("No space left", run(*words, status=1, stdout=full).stderr)

    def test_wrong_values_say_what_would_be_right(self):
        cases = {
            ("serve", "--workers", "-1"): "whole number",
            ("serve", "--beat", "5"): "a time such as",
            ("serve", "--listen", "nowhere"): "HOST:PORT",
            ("serve", "--beat", "10s", "--lease", "15s"): "three beats",
            ("serve", "--provider", "ftp://x/v1"): "base URL",
            ("serve", "--public-url", "notaurl"): "http or https",
            ("serve", "--public-url", "https://example.org/?a=b"): "no query",
            ("write", "short"): "10 to 10,000",
            ("write", "A long enough prompt", "--pages", "0"): "1 to 350",
            ("write", "A long enough prompt", "--format", "pfd"): "'pdf'",
            ("write",): "PROMPT",
            ("write", "--resume", "nonsense"): "job's id",
            ("status", "no id"): "no job's id",
            ("status", "abc"): "no job's id",
            ("status", ""): "status wants ID",
            ("cancel", ""): "cancel wants ID",
            ("get", ""): "get wants ID",
            ("user", "remove", ""): "user remove wants EMAIL",
            ("write", "--data", "x", "--", "--short"): "10 to 10,000",
            ("submit", "--", "--short", "--json"): "does not know what to do with '--json'",
            ("write", "--resume", "0190a2f4-5b1c-7d3e-8f00-0123456789ab", "--title", "Another"): "--title",
            ("write", "--resume", "0190a2f4-5b1c-7d3e-8f00-0123456789ab", "--model", "another"): "--model",
            ("user", "add", "nobody"): "ann@example.org",
            ("token", "a@example.org", "--ttl", "soon"): "a time such as",
        }
        for words, expected in cases.items():
            with self.subTest(words=words):
                extra = () if words[0] == "status" or "--" in words else ("--data", self.data)
                self.assertIn(expected.replace("10,000", "10000"), self.message(*words, *extra).replace("10,000", "10000"))

    def test_version_names_itself(self):
        self.assertRegex(run("--version").stdout, r"^longhand \d+\.\d+\.\d+")


class Folder(LonghandTest):
    def test_a_folder_that_can_not_be_used_is_named(self):
        self.data.write_text("a file")
        self.assertIn(str(self.data), run("serve", "--data", self.data / "below", status=1).stderr)

    def test_a_file_that_is_no_database_is_refused(self):
        self.data.mkdir()
        (self.data / "longhand.db").write_bytes(b"This is no database at all." * 200)
        self.assertIn("longhand.db", run("serve", "--data", self.data, "--listen", "127.0.0.1:0", status=1).stderr)

    def make_first_schema(self):
        self.data.mkdir()
        with contextlib.closing(sqlite3.connect(self.data / "longhand.db")) as database:
            database.executescript((ROOT / "src/store/sqlite/sql/migrations/0001_initial.sql").read_text())
            database.executescript(f"PRAGMA user_version = 1; PRAGMA application_id = {0x4C684A62}")

    def schema(self):
        with contextlib.closing(sqlite3.connect(self.data / "longhand.db")) as database:
            return database.execute("PRAGMA user_version").fetchone()[0]

    def test_only_who_holds_the_folder_brings_its_database_up_to_date(self):
        """A server of the older version may be at work on it."""
        self.make_first_schema()
        secret = self.data / "secret"
        secret.write_text("ab" * 32 + "\n")
        secret.chmod(0o600)
        for words in (("user", "add", "ann@example.org"), ("user", "list"), ("user", "remove", "ann@example.org"), ("token", "ann@example.org"),
                      ("key", "ann@example.org"), ("secret", "rotate")):  # fmt: skip
            self.assertRegex(run(*words, "--data", self.data, status=1).stderr, r"schema 1 and this program needs \d+: .*longhand migrate")
        self.assertRegex(run("doctor", "--data", self.data, status=1).stdout, r"BAD +database .*schema 1 and .*longhand migrate")
        self.assertEqual((self.schema(), secret.read_text()), (1, "ab" * 32 + "\n"))
        run("backup", self.folder / "before.tar", "--data", self.data)
        self.assertEqual(self.schema(), 1)
        self.serve()
        self.assertGreater(self.schema(), 1)
        run("list", "--data", self.data)
        with contextlib.closing(sqlite3.connect(self.data / "longhand.db")) as database:
            database.execute("PRAGMA user_version = 2")
        self.assertIn("schema 2 and this program needs", run("list", "--data", self.data, status=1).stderr)

    def test_a_check_that_is_said_to_be_off_is_off(self):
        config = self.folder / "longhand.toml"
        config.write_text("check = false\n")
        for words, variables in ((("--check=false",), {}), ((), {"LONGHAND_CHECK": "false"}), (("--config", config), {})):
            self.make_first_schema()
            self.assertIn("was at schema 1", run("migrate", "--data", self.data, *words, variables=variables).stdout)
            shutil.rmtree(self.data)

    def test_a_mistyped_folder_becomes_no_installation(self):
        (self.folder / "empty").mkdir()
        for data in (self.data, self.folder / "empty"):
            for words in (("user", "list"), ("user", "remove", "a@b.org"), ("token", "a@b.org"), ("key", "a@b.org"), ("backup", self.folder / "x.tar"),
                          ("migrate",)):  # fmt: skip
                self.assertIn(f"There is no installation in {data}", run(*words, "--data", data, status=1).stderr, words)
            self.assertRegex(run("doctor", "--data", data).stdout, rf"ok +database +There is no installation in {re.escape(str(data))} yet: .*serve")
        self.assertFalse(self.data.exists())
        self.assertEqual(list((self.folder / "empty").iterdir()), [])
        run("user", "add", "a@b.org", "--data", self.data)
        self.assertIn("a@b.org", run("user", "list", "--data", self.data).stdout)
        other = self.folder / "no such secret"
        self.assertIn(str(other), run("token", "a@b.org", "--data", self.data, "--secret-file", other, status=1).stderr)
        run("doctor", "--data", self.data, "--secret-file", other)
        self.assertFalse(other.exists())

    def test_doctor_says_where_no_folder_can_be_made(self):
        (self.folder / "file").write_text("")
        said = run("doctor", "--data", self.folder / "file" / "data", status=1).stdout
        self.assertRegex(said, r"BAD +database +There is no installation in .* and none can be made there")

    def test_a_folder_that_can_not_be_read_is_not_called_empty(self):
        self.data.symlink_to(self.data)
        for words in (("user", "list"), ("backup", self.folder / "x.tar"), ("migrate",), ("secret", "rotate"), ("token", "ann@example.org")):
            self.assertRegex(run(*words, "--data", self.data, status=1).stderr, r"can't be read: \w+")
        self.assertRegex(run("doctor", "--data", self.data, status=1).stdout, r"BAD +database .*can't be read: \w+")

    def test_an_older_database_is_brought_up_to_date(self):
        where = ("--data", self.data)
        self.assertIn("There is no installation", run("migrate", *where, status=1).stderr)
        self.assertFalse(self.data.exists())
        self.make_first_schema()
        self.assertIn("is at schema 1, and this program needs", run("migrate", "--check", *where, status=1).stderr)
        self.assertIn("was at schema 1", run("migrate", *where).stdout)
        self.assertIn("which is this program's", run("migrate", "--check", *where).stdout)
        server = self.serve()
        self.assertIn("which is this program's", run("migrate", *where).stdout)
        with contextlib.closing(sqlite3.connect(self.data / "longhand.db")) as database:
            database.execute("PRAGMA user_version = 1")
        self.assertIn(str(server.child.pid), run("migrate", *where, status=1).stderr)
        with contextlib.closing(sqlite3.connect(self.data / "longhand.db")) as database:
            database.execute("PRAGMA user_version = 99")
        self.assertIn("has schema 99, newer than", run("migrate", "--check", *where, status=1).stderr)

    def test_the_folder_has_one_holder_and_it_is_named(self):
        server = self.serve()
        refused = run("serve", "--data", self.data, "--listen", "127.0.0.1:0", status=1).stderr
        self.assertIn(str(server.child.pid), refused)

    def test_a_taken_port_is_named_and_the_first_start_is_the_next_one(self):
        server = self.serve()
        port = Api(server.url).url.port
        failed = run("serve", "--data", self.folder / "other", "--listen", f"127.0.0.1:{port}", status=1)
        self.assertIn(str(port), failed.stderr)
        self.assertIn("--listen", failed.stderr)
        self.assertEqual(failed.stdout, "")
        self.data = self.folder / "other"
        self.assertIn("longhand token owner@localhost", self.serve().lines[0])

    def test_beyond_loopback_there_has_to_be_a_user(self):
        message = run("serve", "--data", self.data, "--listen", "0.0.0.0:0", status=1).stderr
        self.assertIn("user add", message)

    def test_secrets_are_their_owners_alone(self):
        self.serve()
        for name in ("secret", "longhand.db"):
            mode = stat.S_IMODE((self.data / name).stat().st_mode)
            self.assertEqual(mode & 0o077, 0, f"{name} {mode:o}")
        self.assertEqual(stat.S_IMODE(self.data.stat().st_mode), 0o700)

    def test_a_key_on_the_command_line_is_wiped(self):
        model = self.model()
        server = self.serve("--provider", model.url + "/v1", "--provider-key", "sk-canary-0123456789")
        line = pathlib.Path(f"/proc/{server.child.pid}/cmdline").read_bytes()
        self.assertNotIn(b"canary", line)
        self.assertIn("--provider-key-file", server.log_text())
        self.assertNotIn("canary", server.log_text())


class Accounts(LonghandTest):
    def test_users_are_added_listed_and_removed_beside_a_server_or_without_one(self):
        run("user", "add", "ann@example.org", "--data", self.data)
        self.assertIn("already", run("user", "add", "ANN@example.org", "--data", self.data, status=1).stderr)
        server = self.serve()
        api = Api(server.url, self.token("ann@example.org"))
        self.assertEqual(api.get("/api/jobs")["total"], 0)
        key = run("key", "ann@example.org", "--data", self.data).stdout.strip()
        self.assertTrue(key.startswith("dw_"))
        self.assertEqual(Api(server.url).raw("GET", "/api/jobs", headers={"x-api-key": key})[0], 200)
        run("key", "ann@example.org", "--data", self.data)
        self.assertEqual(Api(server.url).raw("GET", "/api/jobs", headers={"x-api-key": key})[0], 401)
        run("user", "remove", "ann@example.org", "--data", self.data)
        self.assertNotIn("ann@", run("user", "list", "--data", self.data).stdout)
        self.assertIn("user add", run("token", "ann@example.org", "--data", self.data, status=1).stderr)


class Client(LonghandTest):
    def test_the_client_commands_do_what_the_api_does(self):
        server = self.serve()
        source = self.folder / "guide.md"
        source.write_bytes((ROOT / "docs/state-machine.md").read_bytes())
        here = ("--server", server.url, "--token", self.token())
        job = run("submit", "Write a short guide to the states.", "--source", source, "--pages", "2-3", *here).stdout.strip()
        watched = run("watch", job, *here)
        self.assertIn("completed", watched.stdout)
        self.assertIn(job, run("list", *here).stdout)
        self.assertEqual(json.loads(run("status", job, "--json", *here).stdout)["status"], "completed")
        out = self.folder / "guide.epub"
        run("get", job, "--format", "epub", "--out", out, *here)
        self.assertTrue(out.read_bytes().startswith(b"PK"))
        self.assertIn("completed", run("cancel", job, *here, status=1).stderr)
        self.assertIn("token", run("list", "--server", server.url, "--token", "nonsense", status=1).stderr)
        unknown = "0190a2f4-5b1c-7d3e-8f00-0123456789ab"
        for command in ("status", "watch", "cancel", "retry", "get"):
            self.assertTrue(run(command, unknown, *here, status=1).stderr)

    def test_no_server_is_said_in_a_sentence(self):
        self.assertIn("longhand serve", run("list", "--server", "http://127.0.0.1:9", "--token", "x", status=1).stderr)

    def test_watch_says_how_to_get_the_document_and_that_works_as_printed(self):
        server = self.serve()
        here = ("--data", self.data)
        job = run("submit", "Write a short guide to keeping a diary.", "--pages", "2", *here).stdout.strip()
        line = run("watch", job, "--server", server.url + "/", *here).stdout.splitlines()[-1]
        _, _, *words = shlex.split(line)
        out = self.folder / "diary.pdf"
        run(*words, "--out", out)
        self.assertTrue(out.read_bytes().startswith(b"%PDF-"))
        # What the environment says for `write` is no obstacle.
        done = run("get", job, *here, variables={"LONGHAND_FORMAT": "md,pdf", "LONGHAND_OUT": self.folder / "books"})
        self.assertEqual(done.stdout.strip(), str(self.folder / "books" / f"{job}.md"))
        run("submit", "Write a short guide to keeping bees.", "--pages", "2", *here)
        listed = run("list", "--limit", "1", *here)
        self.assertEqual(len(listed.stdout.splitlines()), 1)
        self.assertIn("1 of 2", listed.stderr)
        self.assertEqual(len(run("list", "--limit", "1", "--all", *here).stdout.splitlines()), 2)

    def test_a_client_makes_neither_accounts_nor_secrets(self):
        secret = self.folder / "the secret"
        server = self.serve("--secret-file", secret)
        _, _, hint = server.lines[0].partition("a token for it: longhand ")
        token = run(*shlex.split(hint)).stdout.strip()
        self.assertEqual(Api(server.url, token).get("/api/jobs")["total"], 0)
        self.assertIn("--secret-file", run("list", "--data", self.data, status=1).stderr)
        self.assertFalse((self.data / "secret").exists())
        here = ("--data", self.data, "--secret-file", secret)
        run("list", *here)
        run("user", "remove", "owner@localhost", *here)
        self.assertIn("owner@localhost", run("list", *here, status=1).stderr)
        self.assertNotIn("owner@", run("user", "list", *here).stdout)

    def test_a_document_goes_into_a_fifo_and_to_where_a_link_leads(self):
        self.serve()
        here = ("--data", self.data)
        job = run("submit", "--pages", "2", *here, "--", "--help and the other options of a command, explained.").stdout.strip()
        run("watch", job, *here)
        fifo, link, book = self.folder / "fifo", self.folder / "link", self.folder / "book.pdf"
        os.mkfifo(fifo)
        with subprocess.Popen([BINARY, "get", job, *map(str, here), "--out", fifo], env=environment(), stdout=subprocess.PIPE) as getting:
            written = fifo.read_bytes()
            getting.communicate(timeout=DEADLINE)
        self.assertEqual(getting.returncode, 0)
        self.assertTrue(stat.S_ISFIFO(fifo.stat().st_mode))
        link.symlink_to("book.pdf")
        for old in (False, True):
            run("get", job, *here, "--out", link)
            self.assertTrue(link.is_symlink())
            self.assertEqual(book.read_bytes(), written, old)
            book.write_text("old")
        self.assertTrue(written.startswith(b"%PDF-"))
        # Nobody reads it, and Ctrl-C ends the wait.
        with subprocess.Popen([BINARY, "get", job, *map(str, here), "--out", fifo], env=environment(), stdout=subprocess.PIPE) as waiting:
            time.sleep(0.5 * SLOWNESS)
            self.assertIsNone(waiting.poll())
            waiting.send_signal(signal.SIGINT)
            waiting.communicate(timeout=DEADLINE)
        self.assertEqual(waiting.returncode, 1)
        self.assertEqual(list(self.folder.glob("*.part")), [])

    def test_a_client_logs_its_calls_when_it_is_asked_to(self):
        server = self.serve()
        here = ("--data", self.data, "--token", self.token())
        self.assertEqual(run("list", *here).stderr, "There are no jobs yet; 'longhand submit' starts one.\n")
        log = run("list", *here, "--log-level", "debug").stderr
        self.assertIn(f"GET {server.url}/api/jobs?limit=100: 200", log)
        self.assertNotIn(here[-1], log)
        lines = run("list", *here, "--log-format", "json", variables={"LONGHAND_LOG_LEVEL": "debug"}).stderr.splitlines()
        self.assertEqual({json.loads(line)["level"] for line in lines if line.startswith("{")}, {"debug"})

    def test_doctor_tries_the_key_where_anybody_may_list_the_models(self):
        web = Web()
        self.addCleanup(web.close)
        refusal = b'{"error": {"message": "Incorrect API key provided."}}'
        models = b'{"object": "list", "data": [{"id": "one", "object": "model"}]}'
        web.answer = lambda request: (200, {}, models) if request["path"] == "/v1/models" else (401, {}, refusal)
        asked = ("doctor", "--data", self.data, "--provider", web.url("/v1"))
        said = run(*asked, status=1, variables={"LONGHAND_PROVIDER_KEY": "sk-canary"}).stdout
        self.assertRegex(said, r"BAD +provider .*--provider-key-file")
        self.assertNotIn("canary", said)
        self.assertIn("BAD", run(*asked, status=1).stdout)
        model = self.model()
        self.assertNotIn("BAD", run("doctor", "--data", self.data, "--provider", model.url + "/v1").stdout)

    def test_doctor_asks_the_provider_for_the_model(self):
        done = run("doctor", "--data", self.data, "--provider", "http://127.0.0.1:9/v1", "--model", "x", status=1)
        self.assertRegex(done.stdout, r"BAD +provider .*127\.0\.0\.1:9")
        self.assertRegex(run("doctor", "--data", self.data, "--model", "nosuchmodel", status=1).stdout, r"BAD +provider .*'nosuchmodel'")

    def test_doctor_finds_all_well(self):
        self.assertNotIn("BAD", run("doctor", "--data", self.data).stdout)


if __name__ == "__main__":
    unittest.main()
