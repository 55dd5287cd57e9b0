"""`kill -9` at random instants, and power from a switch: jobs go on where they stopped, and no recorded call is made again."""

import os
import random
import time
import unittest

from harness import Api, LonghandTest, beats, run, wait_until

KILLS = 20
SEED = int(os.environ.get("CRASH_SEED", "20261124"))
# A wave of one job has at most so many calls in flight (EngineOptions::calls_per_job).
CALLS_IN_FLIGHT = 8


class Crash(LonghandTest):
    def model_calls(self, model):
        return Api(model.url).get("/v1/stats")["calls"]

    def steps(self, api, job):
        return sum(kind == "step" for _, kind, _ in events_so_far(api, job))

    def documents(self, api, job):
        return {name: api.raw("GET", f"/api/jobs/{job}/output.{name}") for name in ("md", "tex")}

    def test_twenty_kills_lose_nothing_and_buy_no_recorded_call_again(self):
        chance = random.Random(SEED)
        model = self.model("--tokens-per-second", "500")
        options = ("--provider", model.url + "/v1", *beats(100, 1000))

        # Undisturbed first: what the same job costs, and its bytes.
        calm = self.start("serve", "--listen", "127.0.0.1:0", "--data", self.folder / "calm", *options)
        api = Api(calm.url, run("token", "owner@localhost", "--data", self.folder / "calm").stdout.strip())
        job = api.start_job(pages="6-7")
        api.wait_for(job, "completed")
        calm_calls = self.model_calls(model)
        expected = self.documents(api, job)
        self.assertEqual({s for s, _, _ in expected.values()}, {200})
        calm.stop()

        server = self.serve(*options)
        api = Api(server.url, self.token())
        job = api.start_job(pages="6-7")
        kills = 0
        steps, fruitless = 0, 0
        while kills < KILLS and api.status(job)["status"] != "completed":
            # A job that takes its process down again and again with nothing new durable is given up (docs/state-machine.md): at the
            # latest the third life in a row brings a step.
            if fruitless == 2:
                wait_until(lambda: self.steps(api, job) > steps or api.status(job)["status"] == "completed", "a new step")
            time.sleep(chance.uniform(0.02, 0.6))
            seen = api.status(job)
            server.kill()
            kills += 1
            server = self.serve(*options)
            api = Api(server.url, api.token)
            now = api.status(job)
            self.assertGreaterEqual(now["progress"], seen["progress"] - 0.001)
            found = self.steps(api, job)
            steps, fruitless = found, 0 if found > steps else fruitless + 1
            self.assertIn(now["status"], ("queued", "in_progress", "completed"))
        done = api.wait_for(job, "completed")
        self.assertEqual(done["progress"], 100)
        self.assertGreaterEqual(kills, 5, "the job was over before it could be disturbed")

        events = [(int(id), kind) for id, kind, data in api.events(job) if "seq" in data]
        self.assertEqual([seq for seq, _ in events], list(range(1, len(events) + 1)))
        self.assertEqual(sum(kind in ("completed", "failed", "cancelled", "moderated", "given_up") for _, kind in events), 1)
        for name, (status, _, body) in self.documents(api, job).items():
            self.assertEqual((status, body), (200, expected[name][2]), name)
        bought = self.model_calls(model) - calm_calls
        self.assertLessEqual(bought, calm_calls + kills * CALLS_IN_FLIGHT)

    def test_a_step_that_was_recorded_before_the_kill_is_not_asked_for_again(self):
        model = self.model("--tokens-per-second", "1000")
        options = ("--provider", model.url + "/v1")
        server = self.serve(*options)
        api = Api(server.url, self.token())
        job = api.start_job(pages="4-5")

        def recorded():
            return [data["data"]["key"] for _, kind, data in events_so_far(api, job) if kind == "step"]

        wait_until(lambda: len(recorded()) >= 6, "six steps recorded")
        server.kill()
        before = None
        server = self.serve(*options)
        api = Api(server.url, api.token)
        before = set(recorded())
        api.wait_for(job, "completed")
        keys = [data["data"]["key"] for _, kind, data in api.events(job) if kind == "step"]
        self.assertEqual(len(keys), len(set(keys)), "a step was recorded twice")
        self.assertLessEqual(before, set(keys))

    def test_sigterm_hands_the_job_back_and_the_next_server_goes_on(self):
        model = self.model("--tokens-per-second", "800")
        options = ("--provider", model.url + "/v1")
        server = self.serve(*options)
        api = Api(server.url, self.token())
        job = api.start_job()
        api.wait_for(job, "in_progress")
        began = time.monotonic()
        self.assertEqual(server.stop(), 0, server.log_text())
        self.assertLess(time.monotonic() - began, 10)
        server = self.serve(*options)
        api = Api(server.url, api.token)
        api.wait_for(job, "completed")
        kinds = [kind for _, kind, data in api.events(job) if "seq" in data]
        self.assertIn("handed_over", kinds)
        self.assertNotIn("rescued", kinds)


def events_so_far(api, job):
    """The durable events that are there now, from a stream that is cut when it has told them."""
    import http.client

    from harness import parse_events

    last = api.status(job)
    connection = http.client.HTTPConnection(api.url.hostname, api.url.port, timeout=30)
    connection.request("GET", f"/api/jobs/{job}/events", headers={"Authorization": "Bearer " + api.token})
    answer = connection.getresponse()
    text = b""
    end = time.monotonic() + 0.3
    connection.sock.settimeout(0.3)
    try:
        while time.monotonic() < end:
            piece = answer.read1(65536)
            if not piece:
                break
            text += piece
    except TimeoutError:
        pass
    connection.close()
    assert last
    return list(parse_events(text.decode(errors="replace").rpartition("\n\n")[0]))


if __name__ == "__main__":
    unittest.main()
