"""Webhooks from outside: a receiver of the tests' own, and the official verifier of Standard Webhooks from npm."""

import json
import subprocess
import threading
import unittest

from harness import DEADLINE, ROOT, Api, LonghandTest, environment, wait_until
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


class Webhooks(LonghandTest):
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


if __name__ == "__main__":
    unittest.main()
