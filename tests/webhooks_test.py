"""Webhooks from outside: a receiver of the tests' own, and the official verifier of Standard Webhooks from npm."""

import base64
import contextlib
import json
import sqlite3
import subprocess
import tarfile
import threading
import unittest
import uuid

from harness import DEADLINE, ROOT, Api, LonghandTest, environment, run, wait_until
from web import Web

# Where `npm ci` has put what tests/npm/package-lock.json names; `./dev test` sees to it.
NODE_MODULES = ROOT / "build/npm/node_modules"


def verified(messages):
    """What the official verifier makes of [(secret, headers, body)]."""
    if not (NODE_MODULES / "standardwebhooks").is_dir():
        raise AssertionError(f"the verifier of Standard Webhooks is not in {NODE_MODULES}: ./dev test puts it there")
    sent = json.dumps([{"secret": secret, "headers": headers, "body": body} for secret, headers, body in messages])
    variables = environment() | {"NODE_PATH": str(NODE_MODULES)}
    words = ["node", ROOT / "tests/npm/webhook_verifier.cjs"]
    done = subprocess.run(words, input=sent, text=True, capture_output=True, timeout=DEADLINE, env=variables)
    if done.returncode != 0:
        raise AssertionError(f"the verifier failed:\n{done.stderr}")
    return json.loads(done.stdout)


class WebhookTest(LonghandTest):
    """A server, and a receiver that it may reach."""

    def setUp(self):
        super().setUp()
        self.receiver = Web()
        self.addCleanup(self.receiver.close)
        self.begin()

    def begin(self):
        self.server = self.serve("--allow-network", "127.0.0.1")
        self.api = Api(self.server.url, self.token())

    def messages(self, *types):
        """What has come, in order; of these types alone where any is given."""
        come = [(request, json.loads(request["body"])) for request in list(self.receiver.requests)]
        return [(request, body) for request, body in come if not types or body["type"] in types]

    def deliveries(self, webhook):
        return self.api.get(f"/api/webhookDeliveries?webhookId={webhook}")["deliveries"]

    def cancelled_job(self):
        job = self.api.start_job(pages="1-2")
        self.api.post("/cancelJob", {"jobId": job})
        return job


class Webhooks(WebhookTest):
    def test_messages_are_signed_and_in_order(self):
        hook = self.api.post("/api/createWebhook", {"url": self.receiver.url("/hook?key=1"), "events": "*"})
        job = self.api.start_job(pages="1-2")
        self.api.wait_for(job, "completed")
        wait_until(lambda: self.messages("job.completed"), "the end was told")
        come = self.messages()
        self.assertEqual([body["data"]["seq"] for _, body in come], list(range(1, len(come) + 1)))
        self.assertEqual([body["type"] for _, body in come[:2]] + [come[-1][1]["type"]], ["job.submitted", "job.queued", "job.completed"])
        self.assertEqual({request["path"] for request, _ in come}, {"/hook?key=1"})
        last = come[-1][1]["data"]
        self.assertEqual((last["jobId"], last["status"], last["progress"]), (job, "completed", 100))

        results = verified([(hook["secret"], request["headers"], request["body"]) for request, _ in come])
        self.assertEqual([result.get("payload") for result in results], [body for _, body in come])
        request = come[0][0]
        forged = request["body"].replace("submitted", "completed")
        other = "whsec_" + "A" * 43 + "="
        results = verified([(hook["secret"], request["headers"], forged), (other, request["headers"], request["body"])])
        self.assertEqual([result.get("error") for result in results], ["WebhookVerificationError"] * 2)
        self.assertNotIn("whsec_", self.server.log_text() + self.api.raw("GET", "/api/listWebhooks")[2].decode())

    def test_what_fails_is_sent_again_also_after_a_kill(self):
        self.receiver.answer = lambda request: (500, {}, b"no")
        hook = self.api.post("/api/createWebhook", {"url": self.receiver.url("/"), "events": ["job.queued", "job.cancelled"]})["id"]
        self.cancelled_job()
        wait_until(lambda: self.receiver.requests, "the first try")
        wait_until(lambda: self.deliveries(hook)[-1]["log"], "its end in the log")
        self.server.kill()
        self.receiver.answer = lambda request: (204, {}, b"")
        self.begin()
        wait_until(lambda: self.messages("job.cancelled"), "the last message")
        tries = [body["type"] for _, body in self.messages()]
        self.assertEqual(tries[-2:], ["job.queued", "job.cancelled"], "nothing overtakes what failed")
        self.assertEqual(len({request["headers"]["webhook-id"] for request, _ in self.messages("job.queued")}), 1)
        log = wait_until(lambda: (lambda d: d if all(e["status"] == "delivered" for e in d) else None)(self.deliveries(hook)), "both delivered")
        self.assertEqual((log[-1]["log"][0]["status"], log[-1]["log"][-1]["status"]), (500, 204))

        replayed = log[-1]["id"]
        before = len(self.receiver.requests)
        self.api.post("/api/replayWebhook", {"webhookId": hook, "deliveryId": replayed})
        wait_until(lambda: len(self.receiver.requests) > before, "the replay")
        self.assertEqual(self.receiver.requests[-1]["headers"]["webhook-id"], replayed)

    def test_a_new_secret_signs_beside_the_former_one(self):
        hook = self.api.post("/api/createWebhook", {"url": self.receiver.url("/"), "events": ["job.cancelled"]})
        new = self.api.post("/api/rotateWebhookSecret", {"webhookId": hook["id"]})["secret"]
        self.cancelled_job()
        request = wait_until(lambda: self.messages("job.cancelled"), "the message")[0][0]
        results = verified([(secret, request["headers"], request["body"]) for secret in (hook["secret"], new)])
        self.assertEqual(["payload" in result for result in results], [True, True])

    def test_a_receiver_that_hangs_slows_no_job(self):
        over = threading.Event()
        self.addCleanup(over.set)
        self.receiver.answer = lambda request: (over.wait(DEADLINE), (204, {}, b""))[1]
        self.api.post("/api/createWebhook", {"url": self.receiver.url("/"), "events": "*"})
        job = self.api.start_job(pages="1-2")
        self.api.wait_for(job, "completed")
        self.assertLess(len(self.receiver.requests), 6)

    def test_redirects_and_addresses_inside_are_not_followed(self):
        inside = Web()
        self.addCleanup(inside.close)
        self.receiver.answer = lambda request: (302, {"Location": inside.url("/x")}, b"")
        hook = self.api.post("/api/createWebhook", {"url": self.receiver.url("/"), "events": ["job.cancelled"]})["id"]
        self.cancelled_job()
        log = wait_until(lambda: (self.deliveries(hook) or [{"log": []}])[0]["log"], "the try in the log")
        self.assertEqual((log[0]["status"], log[0]["problem"]), (302, "The receiver answered 302."))
        self.assertEqual(inside.requests, [])
        for host in ("127.0.0.2", "[::1]", "10.0.0.1", "169.254.169.254", "0x7f000002"):
            with self.subTest(host):
                answer = self.api.post("/api/createWebhook", {"url": f"http://{host}/"}, status=400)
                self.assertEqual(answer["code"], "address_not_allowed", answer)

    def test_the_range_is_looked_at_again_at_each_delivery(self):
        hook = self.api.post("/api/createWebhook", {"url": self.receiver.url("/"), "events": ["job.cancelled"]})["id"]
        self.server.stop()
        self.server = self.serve()
        self.api = Api(self.server.url, self.token())
        self.cancelled_job()
        log = wait_until(lambda: (self.deliveries(hook) or [{"log": []}])[0]["log"], "the try in the log")
        self.assertIn("not public", log[0]["problem"])
        self.assertEqual(self.receiver.requests, [])


class SealedSecrets(WebhookTest):
    def hook(self, path="/"):
        return self.api.post("/api/createWebhook", {"url": self.receiver.url(path), "events": ["job.cancelled"]})

    def rotated(self, hook):
        return self.api.post("/api/rotateWebhookSecret", {"webhookId": hook["id"]})

    def database(self):
        return contextlib.closing(sqlite3.connect(self.data / "longhand.db", timeout=20, isolation_level=None))

    def kept(self, hook):
        with self.database() as database:
            return database.execute("SELECT secret, former_secret FROM webhooks WHERE id = ?", (uuid.UUID(hook["id"]).bytes,)).fetchone()

    def put(self, hook, secret):
        with self.database() as database:
            database.execute("UPDATE webhooks SET secret = ? WHERE id = ?", (secret, uuid.UUID(hook["id"]).bytes))

    def come_to(self, path):
        return [request for request in list(self.receiver.requests) if request["path"] == path]

    def not_sent(self, hook):
        """The end of the only delivery, once one try of it has failed."""
        log = wait_until(lambda: (self.deliveries(hook["id"]) or [{"log": []}])[0]["log"], "the try in the log")
        self.assertEqual(self.deliveries(hook["id"])[0]["status"], "pending")
        self.assertIn("can't be opened", log[-1]["problem"])
        self.assertIn("rotateWebhookSecret", log[-1]["problem"])
        self.assertIsNone(log[-1]["status"])
        return log[-1]["problem"]

    def expect_verified(self, request, *secrets, refused=()):
        results = verified([(secret, request["headers"], request["body"]) for secret in (*secrets, *refused)])
        self.assertEqual(["payload" in result for result in results], [True] * len(secrets) + [False] * len(refused))

    def expect_no_secret(self, secrets, data, where):
        for secret in secrets:
            text = secret.removeprefix("whsec_")
            for form in (text.encode(), base64.b64decode(text)):
                self.assertNotIn(form, data, where)

    def expect_no_file_with(self, secrets):
        files = [path for path in self.data.rglob("*") if path.is_file()]
        for path in files:
            self.expect_no_secret(secrets, path.read_bytes(), path)
        self.expect_no_secret(secrets, (self.server.log_text() + "\n".join(self.server.lines)).encode(), "the log")
        return files

    def test_nothing_that_a_run_leaves_behind_has_a_secret_in_clear(self):
        first = self.hook()
        keyed = {"Content-Type": "application/json", "Idempotency-Key": "one"}
        answers = []
        for path, body in (("/api/createWebhook", {"url": self.receiver.url("/")}), ("/api/rotateWebhookSecret", {"webhookId": first["id"]})):
            status, _, answer = self.api.raw("POST", path, json.dumps(body), keyed | {"Idempotency-Key": path})
            self.assertEqual(status, 200, answer)
            self.assertEqual(self.api.raw("POST", path, json.dumps(body), keyed | {"Idempotency-Key": path})[2], answer)
            answers.append(json.loads(answer))
        secrets = [first["secret"], *(answer["secret"] for answer in answers), self.rotated(first)["secret"]]
        self.assertEqual(len(set(secrets)), 4)
        self.cancelled_job()
        request = wait_until(lambda: self.messages("job.cancelled"), "the message")[0][0]
        run("backup", self.folder / "backup.tar", "--data", self.data)
        with tarfile.open(self.folder / "backup.tar") as backup:
            for member in backup:
                self.expect_no_secret(secrets, backup.extractfile(member).read(), f"{member.name} in the backup")
        self.server.kill()
        files = self.expect_no_file_with(secrets)
        self.assertTrue(any(b"sealed:" in path.read_bytes() for path in files), "these are not the files")
        self.assertIn(self.data / "longhand.db-wal", files)
        self.assertIn("webhook-signature", request["headers"])

    def test_what_was_changed_or_moved_to_another_row_sends_nothing_till_it_is_rotated(self):
        one, other, whole = (self.hook(path) for path in ("/one", "/other", "/whole"))
        of_one, of_other = self.kept(one)[0], self.kept(other)[0]
        self.put(one, of_other)
        self.put(other, of_one)
        self.cancelled_job()
        said = self.not_sent(one) + self.not_sent(other) + wait_until(self.server.log_text, "the log")
        for hook in (one, other):
            self.assertIn(f"webhook {hook['id']}: its secret can't be opened", said)
        self.assertNotIn("whsec_", said)
        self.expect_no_secret([one["secret"], other["secret"]], said.encode(), "what is said of it")
        self.expect_verified(wait_until(lambda: self.come_to("/whole"), "the third's message")[0], whole["secret"])

        # With its own again the other goes on by itself; a flipped byte is no better than another's.
        middle = len(of_one) - 30
        self.put(one, of_one[:middle] + ("A" if of_one[middle] != "A" else "B") + of_one[middle + 1:])
        self.put(other, of_other)
        self.expect_verified(wait_until(lambda: self.come_to("/other"), "the other's message")[0], other["secret"])
        tries = wait_until(lambda: (lambda log: log if len(log) > 1 else None)(self.deliveries(one["id"])[0]["log"]), "another try")
        self.assertIn("can't be opened", tries[-1]["problem"])
        self.assertEqual(self.come_to("/one"), [])

        new = self.rotated(one)
        self.assertIsNone(new["former_secret_expires_at"])
        request = wait_until(lambda: self.come_to("/one"), "the message")[0]
        self.expect_verified(request, new["secret"], refused=[one["secret"]])
        self.assertEqual(len(request["headers"]["webhook-signature"].split()), 1)

    def test_one_sealed_under_a_signing_secret_that_is_gone_is_mended_by_a_rotation(self):
        hook = self.hook()
        self.server.stop()
        (self.data / "secret").unlink()
        self.begin()
        self.assertIn(f"the secret of the webhook {hook['id']}", self.server.log_text())
        self.cancelled_job()
        self.not_sent(hook)
        self.assertEqual(self.receiver.requests, [])
        self.assertIn("can't be opened", run("secret", "rotate", "--data", self.data, status=1).stderr)
        new = self.rotated(hook)
        request = wait_until(lambda: self.messages("job.cancelled"), "the message")[0][0]
        self.expect_verified(request, new["secret"], refused=[hook["secret"]])

    def test_a_rotation_of_the_signing_secret_beside_the_server_seals_again_and_all_messages_verify(self):
        hook = self.hook()
        new = self.rotated(hook)["secret"]
        before = self.kept(hook)
        over = threading.Event()
        jobs = []

        def cancel_jobs():
            while not over.is_set():
                jobs.append(self.cancelled_job())

        cancelling = threading.Thread(target=cancel_jobs)
        cancelling.start()
        try:
            wait_until(lambda: self.receiver.requests, "the first message")
            rotated = run("secret", "rotate", "--data", self.data)
            count = len(jobs)
            wait_until(lambda: len(jobs) > count + 1, "jobs after it")
        finally:
            over.set()
            cancelling.join()
        self.assertIn("2 secrets of webhooks are sealed under it", rotated.stdout)
        after = self.kept(hook)
        self.assertEqual(set(before) & set(after), set(), "not sealed again")
        # Only the newest signing secret is left: it alone opens them.
        path = self.data / "secret"
        path.write_text(path.read_text().splitlines()[0] + "\n")
        self.api.token = self.token()
        jobs.append(self.cancelled_job())
        wait_until(lambda: len(self.messages("job.cancelled")) >= len(jobs), "all messages")
        come = self.messages("job.cancelled")
        self.assertEqual({body["data"]["jobId"] for _, body in come}, set(jobs))
        results = verified([(secret, request["headers"], request["body"]) for request, _ in come for secret in (hook["secret"], new)])
        self.assertTrue(all("payload" in result for result in results), results)

    def test_secrets_of_before_are_sealed_when_the_server_starts(self):
        hook = self.hook()
        new = self.rotated(hook)["secret"]
        self.server.stop()
        with self.database() as database:
            database.execute("UPDATE webhooks SET secret = ?, former_secret = ?", (new, hook["secret"]))
        self.assertTrue(any(new.encode() in path.read_bytes() for path in self.data.rglob("*") if path.is_file()))
        self.begin()
        self.assertIn("2 secrets of webhooks are sealed", self.server.log_text())
        self.assertEqual([text.startswith("sealed:") for text in self.kept(hook)], [True, True])
        self.cancelled_job()
        self.expect_verified(wait_until(lambda: self.messages("job.cancelled"), "the message")[0][0], new, hook["secret"])
        self.server.stop()
        self.expect_no_file_with([hook["secret"], new])


if __name__ == "__main__":
    unittest.main()
