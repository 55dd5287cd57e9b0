"""Many jobs, and a process that dies again and again under them: the books of the server and of its provider agree, and
no document shows it. `DRILL_KILLS` says how many times (50; `./dev test --chaos` has 1,000)."""

import concurrent.futures
import os
import random
import re
import time
import unittest

from harness import Api, LonghandTest, run, wait_until

KILLS = int(os.environ.get("DRILL_KILLS", "50"))
SEED = int(os.environ.get("DRILL_SEED", "20261125"))
RUNNING = 20  # at every kill
WAITING = 4  # beside them
ENDS = ("completed", "failed", "cancelled", "moderated", "given_up")


def tokens(call):
    return call["prompt_tokens"] + call["completion_tokens"]


class Drill(LonghandTest):
    def charged(self):
        stats = Api(self.provider.url).get("/v1/stats")
        return stats["prompt_tokens"] + stats["completion_tokens"]

    def start_job(self):
        return self.api.start_job(pages="1-2")

    def documents(self, api, job):
        return [api.raw("GET", f"/api/jobs/{job}/output.{name}")[::2] for name in ("md", "tex")]

    def undisturbed(self):
        """What a job costs, call by call, and its documents."""
        calm = self.start("serve", "--listen", "127.0.0.1:0", "--data", self.folder / "calm", *self.options)
        self.api = Api(calm.url, run("token", "owner@localhost", "--data", self.folder / "calm").stdout.strip())
        job = self.start_job()
        self.api.wait_for(job, "completed")
        ledger = self.api.get(f"/api/jobs/{job}/ledger")
        documents = self.documents(self.api, job)
        calm.stop()
        self.assertEqual(ledger["spent"]["tokens"], self.charged())
        return {call["key"]: tokens(call) for call in ledger["calls"]}, documents

    def running(self):
        text = self.api.raw("GET", "/metrics")[2].decode()
        return int(float(re.search(r'^longhand_jobs\{status="in_progress"\} (\S+)', text, re.M)[1]))

    def feed(self):
        """Keeps as many jobs unfinished as run at a kill, and some that wait."""
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            states = list(pool.map(lambda job: self.api.status(job)["status"], self.unfinished))
        for job, state in zip(list(self.unfinished), states):
            self.assertIn(state, ("queued", "in_progress", "completed"), job)
            if state == "completed":
                self.unfinished.remove(job)
        while len(self.unfinished) < RUNNING + WAITING:
            self.jobs.append(self.start_job())
            self.unfinished.append(self.jobs[-1])

    def enough_run(self):
        if self.running() >= RUNNING:
            return True
        self.feed()
        return False

    def test_kills_under_load_lose_nothing_and_the_books_agree(self):
        chance = random.Random(SEED)
        self.provider = self.model("--tokens-per-second", "400")
        self.options = ("--provider", self.provider.url + "/v1", "--workers", str(RUNNING), "--beat", "200ms", "--lease", "1s")
        calm, documents = self.undisturbed()
        before = self.charged()

        server = self.serve(*self.options)
        self.api = Api(server.url, self.token())
        self.jobs, self.unfinished = [], []
        for _ in range(KILLS):
            wait_until(self.enough_run, f"{RUNNING} jobs that run")
            time.sleep(chance.uniform(0, 0.6))
            if self.running() < RUNNING:
                continue
            server.kill()
            server = self.serve(*self.options)
            self.api = Api(server.url, self.api.token)
        for job in self.jobs:
            self.api.wait_for(job, "completed", seconds=600)
        wait_until(lambda: Api(self.provider.url).get("/v1/stats")["active"] == 0, "no stream left")
        time.sleep(6)  # until what was in flight has been asked for, twice

        settled = estimated = 0
        for job in self.jobs:
            with self.subTest(job=job):
                self.assertEqual(self.documents(self.api, job), documents)
                events = [(int(id), kind) for id, kind, data in self.api.events(job) if "seq" in data]
                self.assertEqual([seq for seq, _ in events], list(range(1, len(events) + 1)))
                self.assertEqual([kind for _, kind in events if kind in ENDS], ["completed"])
                ledger = self.api.get(f"/api/jobs/{job}/ledger")
                calls = ledger["calls"]
                self.assertLessEqual({call["state"] for call in calls}, {"settled", "estimated"})
                self.assertEqual(sum(map(tokens, calls)), ledger["spent"]["tokens"])
                # Without those that were in flight at a kill: what an undisturbed job buys, and nothing twice.
                kept = [(call["key"], tokens(call)) for call in calls if call["ending"] != "lost"]
                self.assertEqual(sorted(kept), sorted(calm.items()))
                settled += sum(tokens(call) for call in calls if call["state"] == "settled")
                estimated += sum(tokens(call) for call in calls if call["state"] == "estimated")
                for call in calls:
                    if call["state"] == "settled":
                        self.assertEqual(self.charge_of(call), tokens(call), call)
        charged = self.charged() - before
        print(f"{KILLS} kills, {len(self.jobs)} jobs, {charged} tokens charged, {settled} settled, {estimated} estimated", flush=True)
        self.assertLessEqual(settled, charged)
        self.assertLessEqual(charged, settled + estimated)

    def charge_of(self, call):
        data = Api(self.provider.url).get(f"/v1/generation?id={call['generation_id']}")["data"]
        return data["tokens_prompt"] + data["tokens_completion"]


if __name__ == "__main__":
    unittest.main()
