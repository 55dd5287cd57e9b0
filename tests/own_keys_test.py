"""Users' own provider keys: tried, used alone, sealed again by a rotation, refused when touched, and nowhere in clear."""

import contextlib
import json
import pathlib
import sqlite3
import tarfile
import threading
import time
import unittest
import urllib.request

from harness import Api, LonghandTest, run, wait_until

OF_THE_SERVER = "sk-canary-of-the-server-5f2d9c"
OF_ADA = "sk-canary-of-ada-81b7e0"
OF_BOB = "sk-canary-of-bob-33aa90"
CANARIES = (OF_THE_SERVER, OF_ADA, OF_BOB)


class Environments(threading.Thread):
    """The environments of all descendants of a process, as often as they can be looked at."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid = pid
        self.seen = {}
        self.over = threading.Event()

    def run(self):
        while not self.over.is_set():
            parents = {}
            for entry in pathlib.Path("/proc").iterdir():
                if entry.name.isdigit():
                    with contextlib.suppress(OSError):
                        parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            for pid in parents:
                above = parents.get(pid)
                while above and above != self.pid:
                    above = parents.get(above)
                if above:
                    with contextlib.suppress(OSError):
                        self.seen[pid] = (pathlib.Path(f"/proc/{pid}/environ").read_bytes(), pathlib.Path(f"/proc/{pid}/cmdline").read_bytes())
            time.sleep(0.01)

    def stop(self):
        self.over.set()
        self.join()
        return self.seen


class OwnKeys(LonghandTest):
    def write_keys(self, *keys):
        path = self.folder / "keys"
        path.write_text("".join(key + "\n" for key in keys))
        return path

    def begin(self, *model_options, keys=CANARIES):
        self.provider = self.model("--keys-file", self.write_keys(*keys), *model_options)
        key = self.folder / "server key"
        key.write_text(OF_THE_SERVER + "\n")
        self.server = self.serve("--provider", self.provider.url + "/v1", "--provider-key-file", key, "--log-level", "debug",
                                 "--beat", "200ms", "--lease", "2s")
        self.ada = Api(self.server.url, self.token())

    def calls_by_key(self, key=OF_THE_SERVER):
        asked = urllib.request.Request(self.provider.url + "/v1/stats", headers={"Authorization": "Bearer " + key})
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return json.load(answer)["calls_by_key"]

    def submit(self, api, key, status=200):
        return api.post("/api/submitApiKey", {"apiKey": key}, status)

    def database(self):
        return contextlib.closing(sqlite3.connect(self.data / "longhand.db", timeout=20, isolation_level=None))

    def expect_no_canary(self, data, where):
        for canary in CANARIES:
            self.assertNotIn(canary.encode(), data, where)

    def test_nothing_that_a_run_leaves_behind_has_a_key_in_clear(self):
        self.begin()
        refused = self.submit(self.ada, "sk-canary-of-nobody", 400)
        self.assertEqual(refused["code"], "provider_key_refused")
        self.assertNotIn("canary-of-nobody", json.dumps(refused))
        self.assertEqual(self.submit(self.ada, OF_ADA), {"message": "API key validated and stored successfully"})
        before = self.calls_by_key()
        environments = Environments(self.server.child.pid)
        environments.start()
        job = self.ada.start_job(pages="2")
        done = self.ada.wait_for(job, "completed", "failed")
        seen = environments.stop()
        self.assertEqual(done["status"], "completed", done)
        self.assertTrue(done["is_byok"])
        calls = [now - then for now, then in zip(self.calls_by_key(), before)]
        self.assertEqual(calls[0], 0, "the server's key was used")
        self.assertGreater(calls[1], 2, "the user's key was not used")
        self.assertTrue(seen, "no child was seen")
        for pid, (environ, words) in seen.items():
            self.expect_no_canary(environ + words, f"child {pid}")
        for path in ("/metrics", "/readyz", f"/getJobStatus?jobId={job}", "/api/jobs", "/api/apiKeyStatus", f"/api/jobs/{job}/ledger",
                     f"/api/jobs/{job}/events", *(f"/api/jobs/{job}/output.{kind}" for kind in ("pdf", "tex", "md", "quality.json"))):
            status, headers, body = self.ada.raw("GET", path)
            self.assertEqual(status, 200, path)
            self.expect_no_canary(body + repr(headers).encode(), path)
        run("backup", self.folder / "backup.tar", "--data", self.data)
        with tarfile.open(self.folder / "backup.tar") as backup:
            for member in backup:
                self.expect_no_canary(backup.extractfile(member).read(), f"{member.name} in the backup")
        self.server.kill()
        self.expect_no_canary(self.server.log_text().encode() + "\n".join(self.server.lines).encode(), "the log")
        for path in self.data.rglob("*"):
            if path.is_file():
                self.expect_no_canary(path.read_bytes(), path)

    def test_a_key_that_is_gone_or_refused_fails_the_job_and_no_other_is_used(self):
        self.begin("--tokens-per-second", "60")
        self.submit(self.ada, OF_ADA)
        before = self.calls_by_key()[0]
        gone, refused = self.ada.start_job(pages="3"), self.ada.start_job(pages="3")
        wait_until(lambda: self.calls_by_key()[1] > 1, "calls with the user's key")
        self.ada.call("DELETE", "/api/submitApiKey")
        for job in (gone, refused):
            failed = self.ada.wait_for(job, "failed")
            self.assertIn("submitApiKey", failed["error_message"])
            self.assertTrue(failed["is_byok"])
        self.assertEqual(self.calls_by_key()[0], before, "the server's key was used")
        # With another key of the user's the same job goes on; then its provider takes that no more.
        self.submit(self.ada, OF_BOB)
        self.ada.post("/api/retryJob", {"jobId": refused})
        wait_until(lambda: self.calls_by_key()[2] > 1, "calls with the user's other key")
        address = self.provider.url.removeprefix("http://")
        self.provider.kill()
        self.provider = self.start("model", "--listen", address, "--keys-file", self.write_keys(OF_THE_SERVER), "--tokens-per-second", "60")
        failed = self.ada.wait_for(refused, "failed")
        self.assertIn("submitApiKey", failed["error_message"])
        self.assertIn("your own key", failed["error_message"])
        self.assertEqual(self.calls_by_key(), [0], "the server's key was used")

    def test_a_rotation_beside_the_server_seals_again_and_what_was_touched_is_refused(self):
        self.begin("--tokens-per-second", "60")
        bob = Api(self.server.url, self.user("bob@example.org"))
        self.submit(self.ada, OF_ADA)
        self.submit(bob, OF_BOB)
        with self.database() as database:
            sealed = dict(database.execute("SELECT user, sealed FROM provider_keys"))
        self.assertIn("2 provider keys", run("secret", "rotate", "--data", self.data).stdout)
        with self.database() as database:
            again = dict(database.execute("SELECT user, sealed FROM provider_keys"))
            self.assertEqual(len(set(sealed.values()) & set(again.values())), 0, "not sealed again")
            # Only the newest secret is left: it alone opens them.
            secret = self.data / "secret"
            secret.write_text(secret.read_text().splitlines()[0] + "\n")
            self.ada.token = self.token()
            bob.token = self.token("bob@example.org")
            job = self.ada.start_job(pages="2")
            self.assertTrue(self.ada.status(job)["is_byok"])
            self.ada.post("/cancelJob", {"jobId": job})
            # Rows that are swapped, whole but for their users, open for neither; nor does one with a flipped bit.
            (one, first), (other, second) = again.items()
            ids = dict(database.execute("SELECT user, id FROM provider_keys"))
            for user, of in ((one, other), (other, one)):
                database.execute("UPDATE provider_keys SET sealed = ?, id = ? WHERE user = ?", (again[of], ids[of], user))
            for api in (self.ada, bob):
                self.expect_refused(api)
            flipped = bytes([first[0] ^ 1]) + first[1:]
            for user, text in ((one, flipped), (other, second)):
                database.execute("UPDATE provider_keys SET sealed = ?, id = ? WHERE user = ?", (text, ids[user], user))
        apis = (self.ada, bob)
        with self.database() as database:
            bobs = database.execute("SELECT id FROM users WHERE email = 'bob@example.org'").fetchone()[0]
        touched, whole = (apis[1], apis[0]) if one == bobs else apis
        self.expect_refused(touched)
        self.assertTrue(whole.status(whole.start_job(pages="2"))["is_byok"])
        # The next rotation names it, and leaves it.
        failed = run("secret", "rotate", "--data", self.data, status=1)
        self.assertIn("can't be opened", failed.stderr)

    def expect_refused(self, api):
        project = api.post("/api/createProject", {"newProjectName": "A project"})["id"]
        body = {"projectId": project, "prompt": "Write a short guide.", "author": "A", "email": "a@example.org"}
        refused = api.post("/api/generateWizardWork", body, 400)
        self.assertEqual(refused["code"], "provider_key_unusable")
        self.assertIn("can't be opened", refused["message"])

    def test_what_can_not_be_tried_is_not_stored(self):
        self.begin()
        self.provider.kill()
        self.assertEqual(self.submit(self.ada, OF_ADA, 503)["code"], "provider_unreachable")
        self.assertFalse(self.ada.get("/api/apiKeyStatus")["hasProviderKey"])
        self.server.kill()
        # A provider that takes any key says so: one token shows that it writes.
        self.provider = self.model()
        self.server = self.serve("--provider", self.provider.url + "/v1")
        self.ada = Api(self.server.url, self.token())
        self.submit(self.ada, OF_ADA)
        self.server.kill()
        self.server = self.serve()
        self.ada = Api(self.server.url, self.token())
        self.assertEqual(self.submit(self.ada, OF_ADA, 400)["code"], "provider_takes_no_keys")
        # The stored key is not for the offline model, and no job goes on without it unasked.
        project = self.ada.post("/api/createProject", {"newProjectName": "A project"})["id"]
        body = {"projectId": project, "prompt": "Write a short guide.", "author": "A", "email": "a@example.org"}
        self.assertEqual(self.ada.post("/api/generateWizardWork", body, 400)["code"], "provider_key_unusable")
        self.ada.call("DELETE", "/api/submitApiKey")
        self.ada.post("/api/generateWizardWork", body)


if __name__ == "__main__":
    unittest.main()
