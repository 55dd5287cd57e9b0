"""Requests with an Idempotency-Key over whole processes: done once, whatever dies between the commit and the reply."""

import contextlib
import http.client
import json
import random
import sqlite3
import threading
import time
import unittest

from harness import Api, LonghandTest, wait_until

KILLS = 12
SEED = 20261129


class RepeatedRequests(LonghandTest):
    def start_server(self, *options):
        server = self.serve("--workers", "0", *options)
        return server, Api(server.url, self.token())

    def keyed(self, api, path, body, key):
        status, headers, data = api.raw("POST", path, json.dumps(body), {"Content-Type": "application/json", "Idempotency-Key": key})
        return status, headers, json.loads(data)

    def order(self, api):
        project = api.post("/api/createProject", {"newProjectName": "A project"})["id"]
        return {"projectId": project, "prompt": "Write a short handbook.", "author": "The tests", "email": "tests@example.org"}

    def jobs_of(self, api, order):
        return [job["id"] for job in api.get(f"/api/jobs?projectId={order['projectId']}")["jobs"]]

    def test_a_kill_between_commit_and_reply_makes_no_second_job(self):
        chance = random.Random(SEED)
        server, api = self.start_server()
        lost = 0
        for round in range(KILLS):
            order, key = self.order(api), f'"round-{round}"'
            connection = http.client.HTTPConnection(api.url.hostname, api.url.port, timeout=30)
            self.addCleanup(connection.close)
            headers = {"Content-Type": "application/json", "Idempotency-Key": key, "Authorization": "Bearer " + api.token}
            connection.request("POST", "/api/generateWizardWork", json.dumps(order), headers)
            # The reply is never read; some lives end before the commit, some behind it.
            time.sleep(chance.choice((0, 0.001, 0.003, 0.01, 0.05)))
            server.kill()
            server, api = self.start_server()
            before = self.jobs_of(api, order)
            self.assertLessEqual(len(before), 1)
            lost += len(before)
            status, headers, answer = self.keyed(api, "/api/generateWizardWork", order, key)
            self.assertEqual(status, 200, answer)
            self.assertEqual(self.jobs_of(api, order), [answer["jobId"]])
            if before:
                self.assertEqual(before, [answer["jobId"]])
                self.assertEqual(headers.get("idempotency-replayed"), "true")
        self.assertGreater(lost, 0, "no life ended behind its commit: the test shows nothing")

    def test_a_retry_that_was_answered_is_answered_again_by_the_next_life(self):
        server, api = self.start_server()
        order = self.order(api)
        _, _, started = self.keyed(api, "/api/generateWizardWork", order, "start")
        job = {"jobId": started["jobId"]}
        api.post("/api/cancelJob", job)
        first = self.keyed(api, "/api/retryJob", job, "again")
        self.assertEqual(first[0], 200)
        api.post("/api/cancelJob", job)
        server.kill()
        _, api = self.start_server()
        # Done again it would queue the job.
        status, headers, answer = self.keyed(api, "/api/retryJob", job, "again")
        self.assertEqual((status, answer), (200, first[2]))
        self.assertEqual(headers["idempotency-replayed"], "true")
        self.assertEqual(api.status(job["jobId"])["status"], "cancelled")
        self.assertEqual(self.keyed(api, "/api/retryJob", job | {"more": 1}, "again")[0], 422)
        self.assertEqual(self.keyed(api, "/api/retryJob", job, "x" * 256)[0], 400)

    def test_a_webhook_is_made_once_and_its_kept_secret_is_sealed(self):
        server, api = self.start_server("--allow-network", "127.0.0.1")
        body = {"url": "http://127.0.0.1:9/hook"}
        status, _, made = self.keyed(api, "/api/createWebhook", body, "hook")
        self.assertEqual(status, 200, made)
        rotation = {"webhookId": made["id"]}
        rotated = self.keyed(api, "/api/rotateWebhookSecret", rotation, "rotate")[2]
        server.kill()
        server, api = self.start_server("--allow-network", "127.0.0.1")
        status, headers, answer = self.keyed(api, "/api/createWebhook", body, "hook")
        self.assertEqual((status, answer, headers.get("idempotency-replayed")), (200, made, "true"))
        # A second rotation would make the first one's secret the former.
        self.assertEqual(self.keyed(api, "/api/rotateWebhookSecret", rotation, "rotate")[2], rotated)
        self.assertEqual(len(api.get("/api/listWebhooks")["webhooks"]), 1)
        self.assertEqual(server.stop(), 0)
        with contextlib.closing(sqlite3.connect(self.data / "longhand.db")) as database:
            kept = [body for (body,) in database.execute("SELECT body FROM kept_answers")]
        self.assertEqual([body.startswith("sealed:") for body in kept], [True, True])

    def test_a_hundred_at_once_make_one_job(self):
        _, api = self.start_server()
        order = self.order(api)
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.keyed(api, "/api/generateWizardWork", order, "one"))) for _ in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), 100)
        self.assertLessEqual({status for status, _, _ in answers}, {200, 409})
        self.assertEqual({body["code"] for status, _, body in answers if status == 409} - {"request_in_progress"}, set())
        made = {body["jobId"] for status, _, body in answers if status == 200}
        self.assertEqual(len(made), 1)
        self.assertEqual(set(self.jobs_of(api, order)), made)

    def test_an_upload_is_kept_once(self):
        server, api = self.start_server()
        project = api.post("/api/createProject", {"newProjectName": "A project"})["id"]

        def upload(boundary, text):
            part = f"--{boundary}\r\nContent-Disposition: form-data; name="
            body = f'{part}"projectId"\r\n\r\n{project}\r\n{part}"files"; filename="a.txt"\r\n\r\n{text}\r\n--{boundary}--\r\n'
            headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Idempotency-Key": "files"}
            status, _, data = api.raw("POST", "/api/uploadProjectFiles", body, headers)
            return status, json.loads(data)

        first = upload("one", "The text.")
        self.assertEqual(first[0], 200)
        server.kill()
        _, api = self.start_server()
        self.assertEqual(upload("two", "The text."), first)
        self.assertEqual(upload("three", "Another text.")[0], 422)
        self.assertEqual(len(api.get(f"/api/getProjectFiles?projectId={project}")), 1)
        wait_until(lambda: len(list((self.data / "uploads").iterdir())) == 1, "what was sent twice is there once")


if __name__ == "__main__":
    unittest.main()
