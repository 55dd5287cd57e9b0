"""A running installation as one file, and a working server out of it. What a hostile or broken archive may do: nothing."""

import gzip
import hashlib
import io
import json
import os
import pathlib
import signal
import sqlite3
import stat
import subprocess
import tarfile
import threading
import unittest

from harness import BINARY, DEADLINE, Api, LonghandTest, environment, run, wait_until


class Installations(LonghandTest):
    def setUp(self):
        super().setUp()
        self.file = self.folder / "backup.tar"
        self.other = self.folder / "restored"

    def backup(self, file=None, **kwargs):
        return run("backup", file or self.file, "--data", self.data, **kwargs)

    def restore(self, file=None, **kwargs):
        return run("restore", file or self.file, "--data", self.other, **kwargs)

    def names(self):
        return sorted(path.name for path in self.folder.iterdir())


class Running(Installations):
    def outputs(self, api, job):
        return {name: api.raw("GET", f"/api/jobs/{job}/output.{name}")[2] for name in ("pdf", "tex", "md", "quality.json")}

    def test_a_copy_of_a_busy_server_goes_on_elsewhere(self):
        model = self.model("--tokens-per-second", "400")
        options = ("--provider", model.url + "/v1", "--beat", "200ms", "--lease", "2s")
        server = self.serve(*options)
        api = Api(server.url, self.token())
        done = api.start_job(pages="2")
        link = api.wait_for(done, "completed")["output_url_pdf"].removeprefix(server.url)
        outputs = self.outputs(api, done)
        running = [api.start_job(pages="3-4") for _ in range(2)]
        for job in running:
            api.wait_for(job, "in_progress")

        # Projects come and go, with their files, as long as the backup is being made.
        stop = threading.Event()
        churned = []

        def churn():
            while not stop.is_set():
                project = api.post("/api/createProject", {"newProjectName": "Passing"})["id"]
                api.upload(project, [("a.md", os.urandom(50).hex().encode() * 200)])
                api.call("DELETE", f"/api/deleteProject?projectId={project}")
                churned.append(project)

        thread = threading.Thread(target=churn)
        thread.start()
        try:
            wait_until(lambda: len(churned) > 2, "projects that come and go")
            told = self.backup()
            self.assertEqual(told.stderr, "", "files were missing")
        finally:
            stop.set()
            thread.join()
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o600)
        self.assertIn("secret", told.stdout)
        self.assertEqual(self.names(), ["backup.tar", "data"])
        for job in running:
            self.assertIn(api.status(job)["status"], ("in_progress", "completed"), "the backup disturbed a job")
        with tarfile.open(self.file) as tar:
            self.assertTrue(all(member.isreg() and member.mode == 0o600 for member in tar))
            self.assertIn((self.data / "secret").read_text(), tar.extractfile("secret").read().decode())
        server.kill()

        self.restore(umask=0o022)
        self.assertEqual(stat.S_IMODE((self.other / "secret").stat().st_mode), 0o600)
        folders = [path for path in self.other.rglob("*") if path.is_dir()]
        self.assertGreater(len(folders), 2)
        for folder in (self.other, *folders):
            self.assertEqual(stat.S_IMODE(folder.stat().st_mode), 0o700, folder)
        again = self.start("serve", "--listen", "127.0.0.1:0", "--data", self.other, *options)
        api = Api(again.url, api.token)
        self.assertEqual(self.outputs(api, done), outputs)
        self.assertEqual(Api(again.url).raw("GET", link)[0], 200, "a link of before")
        for job in running:
            self.assertEqual(api.wait_for(job, "completed")["progress"], 100)
            keys = [data["data"]["key"] for _, kind, data in api.events(job) if kind == "step"]
            self.assertEqual(len(keys), len(set(keys)), "a step that was recorded was done again")
        left = {str(path.relative_to(self.other)) for path in self.other.glob("uploads/*")}
        with sqlite3.connect(self.other / "longhand.db") as database:
            named = {row[0] for row in database.execute("SELECT path FROM files UNION SELECT path FROM job_sources")}
        database.close()
        self.assertEqual(left, named)

    def test_what_a_killed_server_left_can_be_copied(self):
        server = self.serve()
        api = Api(server.url, self.token())
        project = api.post("/api/createProject", {"newProjectName": "Kept"})["id"]
        api.upload(project, [("a.md", b"# Kept\n\nA text.\n")])
        server.kill()
        self.backup()
        self.restore()
        again = self.start("serve", "--listen", "127.0.0.1:0", "--data", self.other)
        self.assertIn(project, json.dumps(Api(again.url, api.token).get("/api/listProjects")))


class Rotated(Installations):
    def test_the_secret_is_no_older_than_the_database(self):
        """A file goes while its backup is being made, so the database is copied a second time; before that its secret is rotated."""
        run("user", "add", "ann@example.org", "--data", self.data)
        large, passing = (f"uploads/{digit * 32}" for digit in "0f")
        (self.data / "uploads").mkdir(mode=0o700)
        with open(self.data / large, "wb") as file:
            file.truncate(256 << 20)
        (self.data / passing).write_text("It goes.")
        with sqlite3.connect(self.data / "longhand.db") as database:
            for number, path in enumerate((large, passing)):
                database.execute("INSERT INTO job_sources VALUES (x'00', ?, x'00', 'h', 'n', 1, ?)", (number, path))
        database.close()
        child = subprocess.Popen([BINARY, "backup", self.file, "--data", self.data], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment())
        with child:
            wait_until(lambda: any(path.stat().st_size > 1 << 20 for path in self.folder.glob(".backup.tar.partial-*/archive")), "some of the file")
            child.send_signal(signal.SIGSTOP)
            run("secret", "rotate", "--data", self.data)
            with sqlite3.connect(self.data / "longhand.db") as database:
                database.execute("DELETE FROM job_sources WHERE path = ?", (passing,))
            database.close()
            (self.data / passing).unlink()
            child.send_signal(signal.SIGCONT)
            self.assertEqual(child.wait(DEADLINE), 0, child.stderr.read())
            self.assertEqual(child.stderr.read(), "")
        with tarfile.open(self.file) as tar:
            self.assertEqual(tar.extractfile("secret").read().decode(), (self.data / "secret").read_text())


class Refusals(Installations):
    """With an installation that is no more than an account."""

    def setUp(self):
        super().setUp()
        run("user", "add", "ann@example.org", "--data", self.data)

    def refused(self, words, *expected):
        before = self.names()
        done = run(*words, status=1)
        for text in expected:
            self.assertIn(text, done.stderr)
        self.assertEqual(self.names(), before, "something is left behind")
        self.assertFalse(done.stdout)

    def refused_archive(self, *expected):
        self.refused(("restore", self.file, "--data", self.other), str(self.file), *expected)

    def test_nothing_that_is_there_is_replaced(self):
        self.backup()
        self.refused(("backup", self.file, "--data", self.data), "already")
        self.refused(("restore", self.file, "--data", self.data), "holds data", "longhand.db")
        self.refused(("restore", self.file, "--data", self.other, "--secret-file", self.data / "secret"), "secret", "already")
        self.other.mkdir()
        (self.other / "notes.txt").write_text("mine")
        self.refused(("restore", self.file, "--data", self.other), "notes.txt")
        self.assertEqual([path.name for path in self.other.iterdir()], ["notes.txt"])

    def test_a_folder_that_a_server_holds_is_not_restored_into(self):
        self.backup()
        server = self.serve()
        self.refused(("restore", self.file, "--data", self.data), str(server.child.pid))

    def test_there_has_to_be_an_installation_and_a_place(self):
        self.refused(("backup", self.file, "--data", self.folder / "nothing"), "no installation")
        self.refused(("backup", self.folder / "none" / "b.tar", "--data", self.data), "b.tar", "No such file")
        self.refused(("restore", self.folder / "none.tar", "--data", self.other), "none.tar", "No such file")
        (self.data / "longhand.db").write_bytes(b"This is no database at all." * 200)
        self.refused(("backup", self.file, "--data", self.data), "longhand.db")
        self.assertIn("FILE", run("backup", status=2).stderr)

    def test_a_secret_elsewhere_comes_along(self):
        secret = self.folder / "the secret"
        os.rename(self.data / "secret", secret)
        self.refused(("backup", self.file, "--data", self.data), "secret")
        run("backup", self.file, "--data", self.data, "--secret-file", secret)
        run("restore", self.file, "--data", self.other, "--secret-file", self.folder / "its secret")
        self.assertEqual((self.folder / "its secret").read_text(), secret.read_text())
        self.assertFalse((self.other / "secret").exists())

    def test_a_full_disk_leaves_nothing_half_made(self):
        # A limit on files' sizes is a disk that is full for every file that grows past it.
        with open(self.data / "longhand.db", "rb") as database:
            size = len(database.read())
        for limit in (size // 2, size + 4096):
            done = subprocess.run(["bash", "-c", f"trap '' XFSZ; ulimit -f {limit // 1024}; exec \"$@\"", "-", BINARY, "backup", self.file, "--data", self.data],
                                  text=True, capture_output=True, timeout=DEADLINE, env=environment())  # fmt: skip
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertRegex(done.stderr, "Nothing of .* is left")
            self.assertEqual(self.names(), ["data"])
        self.backup()
        done = subprocess.run(["bash", "-c", f"trap '' XFSZ; ulimit -f {size // 2048}; exec \"$@\"", "-", BINARY, "restore", self.file, "--data", self.other],
                              text=True, capture_output=True, timeout=DEADLINE, env=environment())  # fmt: skip
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("Nothing was restored", done.stderr)
        self.assertEqual(self.names(), ["backup.tar", "data"])

    def test_a_signal_stops_it_and_leaves_nothing(self):
        # A sparse file is read as slowly as a real one of its size.
        upload = self.data / "uploads" / ("0" * 32)
        upload.parent.mkdir(mode=0o700)
        with open(upload, "wb") as file:
            file.truncate(20 << 30)
        with sqlite3.connect(self.data / "longhand.db") as database:
            database.execute("INSERT INTO job_sources VALUES (x'00', 1, x'00', 'h', 'n', 1, ?)", (f"uploads/{'0' * 32}",))
        database.close()
        child = subprocess.Popen([BINARY, "backup", self.file, "--data", self.data], stderr=subprocess.PIPE, text=True, env=environment())
        with child:
            wait_until(lambda: any(path.stat().st_size > 1 << 20 for path in self.folder.glob(".backup.tar.partial-*/archive")), "some of the file")
            child.send_signal(signal.SIGINT)
            self.assertEqual(child.wait(30), 1)
            self.assertIn("nothing is left", child.stderr.read())
        self.assertEqual(self.names(), ["data"])

    def entries(self):
        """The good archive's files, to be changed one by one."""
        self.backup()
        with tarfile.open(self.file) as tar:
            return {member.name: tar.extractfile(member).read() for member in tar}

    def pack(self, entries, extra=(), sums=True):
        """An archive with right sums of `entries`, with `extra` (TarInfo, bytes) before the last."""
        entries = {name: data for name, data in entries.items() if name != "SHA256SUMS"}
        with tarfile.open(self.file, "w", format=tarfile.PAX_FORMAT) as tar:
            lines = ""
            for name, data in entries.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
                lines += f"{hashlib.sha256(data).hexdigest()}  {name}\n"
            for info, data in extra:
                info.size = len(data) if info.isreg() else info.size
                tar.addfile(info, io.BytesIO(data))
                lines += f"{hashlib.sha256(data).hexdigest()}  {info.name}\n"
            if sums:
                info = tarfile.TarInfo("SHA256SUMS")
                info.size = len(lines)
                tar.addfile(info, io.BytesIO(lines.encode()))

    def test_a_hostile_archive_is_refused_and_writes_nowhere(self):
        good = self.entries()
        self.pack(good)
        self.restore()
        self.other.rename(self.folder / "the good one")

        def info(name, type=tarfile.REGTYPE, linkname=""):
            made = tarfile.TarInfo(name)
            made.type, made.linkname = type, linkname
            return made

        upload, outside = f"uploads/{'1' * 32}", str(self.folder / "evil")
        for extra in (
            [(info("../evil"), b"x")], [(info(outside), b"x")], [(info("uploads/../../evil"), b"x")], [(info("uploads/x"), b"x")],
            [(info("./" + upload), b"x")], [(info("lock"), b"x")], [(info("longhand.db-wal"), b"x")], [(info(upload), b"x"), (info(upload), b"y")],
            [(info("secret"), b"x")], [(info(upload, tarfile.SYMTYPE, outside), b"")], [(info("uploads", tarfile.SYMTYPE, str(self.folder)), b"")],
            [(info(upload, tarfile.LNKTYPE, "secret"), b"")], [(info(upload, tarfile.FIFOTYPE), b"")], [(info(upload, tarfile.CHRTYPE), b"")],
            [(info("uploads", tarfile.DIRTYPE), b"")], [(info("evil\nname"), b"x")], [(info("e" * 5000), b"x")],
        ):  # fmt: skip
            with self.subTest([entry.name[:40] for entry, _ in extra]):
                self.pack(good, extra)
                self.refused_archive()
                self.assertFalse(pathlib.Path(outside).exists())

        big = tarfile.TarInfo(upload)
        big.size = 1 << 50
        header = big.tobuf(tarfile.GNU_FORMAT)
        self.pack(good)
        whole = self.file.read_bytes()
        first = 512 + (len(good["manifest.json"]) + 511) // 512 * 512
        self.file.write_bytes(whole[:first] + header + whole[first:])
        self.refused_archive("longer than the archive")
        sparse = self.folder / "sparse"
        with open(sparse, "wb") as file:
            file.truncate(1 << 34)
        (self.folder / "manifest.json").write_bytes(good["manifest.json"])
        self.file.unlink()
        subprocess.run(["tar", "--sparse", "--format=gnu", "-cf", self.file, "-C", self.folder, "manifest.json", f"--transform=s/^sparse$/{upload.replace('/', chr(92) + '/')}/", "sparse"],
                       check=True, timeout=DEADLINE)  # fmt: skip
        self.assertLess(self.file.stat().st_size, 1 << 20)
        self.refused_archive("not a plain file")

    def test_an_archive_that_is_none_or_not_whole_is_refused_in_a_sentence(self):
        good = self.entries()
        whole = self.file.read_bytes()
        self.file.write_bytes(gzip.compress(whole))
        self.refused_archive()
        for data in (b"", b"no archive", os.urandom(20_000), whole[: len(whole) // 2], whole[:1000], whole[: whole.rindex(b"SHA256SUMS")] + bytes(10240)):
            self.file.write_bytes(data)
            self.refused_archive("Nothing was restored")
        manifest = json.loads(good["manifest.json"])
        for changed, expected in (
            (good | {"longhand.db": b"no database" * 1000}, "database"),
            ({name: data for name, data in good.items() if name != "secret"}, "secret"),
            ({name: data for name, data in good.items() if name != "longhand.db"}, "longhand.db"),
            ({name: data for name, data in good.items() if name != "manifest.json"}, "no backup"),
            (good | {"manifest.json": b"[]"}, "no backup"),
            (good | {"manifest.json": json.dumps(manifest | {"version": 2}).encode()}, "newer"),
        ):
            self.pack(changed)
            self.refused_archive(expected)
        self.pack(good, sums=False)
        self.refused_archive("cut short")
        self.file.unlink()
        os.mkfifo(self.file)
        self.refused_archive("not a file")


if __name__ == "__main__":
    unittest.main()
