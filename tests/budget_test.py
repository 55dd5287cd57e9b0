"""What a job costs, from outside: prices, budgets, pauses, receipts, and that all that tells of money says the same."""

import json
import re
import unittest
import urllib.request

from harness import Api, LonghandTest, run, wait_until

PROMPT = "Write a short guide to how a job is made safe."


class Money(LonghandTest):
    def priced_server(self, *options):
        """A server whose provider is a model in a process of its own, at a dollar and ten dollars a million tokens."""
        self.provider = self.model()
        prices = self.folder / "prices.toml"
        prices.write_text("[offline]\nprompt = 1.0\ncompletion = 10.0\n")
        server = self.serve("--provider", self.provider.url + "/v1", "--model", "offline", "--prices", prices, *options)
        return server, Api(server.url, self.token())

    def charged(self, generation):
        with urllib.request.urlopen(f"{self.provider.url}/v1/generation?id={generation}", timeout=30) as answer:
            data = json.load(answer)["data"]
        return data["tokens_prompt"], data["tokens_completion"]

    def check_books(self, ledger):
        """Sums are those of the rows, and settled rows are what the provider charged."""
        calls = ledger["calls"]
        self.assertAlmostEqual(sum(call["cost_usd"] for call in calls), ledger["spent"]["cost_usd"], places=6)
        self.assertEqual(sum(call["prompt_tokens"] + call["completion_tokens"] for call in calls), ledger["spent"]["tokens"])
        self.assertEqual(ledger["reserved"], {"cost_usd": 0, "tokens": 0})
        settled = [call for call in calls if call["state"] == "settled"]
        self.assertEqual(len({call["key"] for call in settled}), len(settled), "a step was bought twice")
        for call in settled:
            self.assertEqual(self.charged(call["generation_id"]), (call["prompt_tokens"], call["completion_tokens"]), call)

    def test_a_job_pauses_at_its_budget_and_goes_on_under_a_higher_one(self):
        server, api = self.priced_server()
        job = api.start_job(max_cost_usd=0.03)
        status = api.wait_for(job, "draft")
        self.assertEqual(status["progress_stage"], "waiting_for_budget")
        ledger = api.get(f"/api/jobs/{job}/ledger")
        self.assertLessEqual(ledger["spent"]["cost_usd"], 0.03)
        self.assertGreater(len(ledger["calls"]), 0)
        self.check_books(ledger)

        refused = api.post("/api/resumeJob", {"jobId": job, "max_cost_usd": 0.03}, status=400)
        self.assertEqual(refused["code"], "budget_reached")
        self.assertEqual(refused["spent"]["cost_usd"], ledger["spent"]["cost_usd"])
        run("resume", job, "--max-cost-usd", "50", "--data", self.data)
        api.wait_for(job, "completed")
        ledger = api.get(f"/api/jobs/{job}/ledger")
        self.check_books(ledger)
        self.assertIsNone(ledger["receipt"])

        figure = ledger["spent"]["cost_usd"]
        receipt = run("receipt", job, "--data", self.data).stdout
        self.assertIn(f"spent         ${figure:.6f}", receipt)
        self.assertEqual(json.loads(run("receipt", job, "--data", self.data, "--json").stdout)["spent"]["cost_usd"], figure)
        _, _, metrics = api.raw("GET", "/metrics")
        told = re.search(r"^longhand_ledger_cost_usd (\S+)", metrics.decode(), re.M)
        self.assertAlmostEqual(float(told[1]), figure, places=6)
        self.assertIn("completed", run("resume", job, "--data", self.data, status=1).stderr)

    def test_a_cancel_has_a_receipt_with_what_was_in_flight(self):
        self.provider = self.model("--tokens-per-second", "20")
        server = self.serve("--provider", self.provider.url + "/v1", "--model", "offline")
        api = Api(server.url, self.token())
        job = api.start_job()
        api.wait_for(job, "in_progress")
        self.wait_for_open_call(api, job)
        api.post("/api/cancelJob", {"jobId": job})
        ledger = self.wait_for_ends(api, job)
        receipt = ledger["receipt"]
        self.assertEqual(receipt["cancelled_at"], api.status(job)["updated_at"])
        self.assertGreater(len(receipt["in_flight"]), 0)
        self.assertIn("estimated", [call["state"] for call in receipt["in_flight"]])
        for call in receipt["in_flight"]:
            self.assertEqual(call["ending"], "cancelled")
            self.assertIs(call["bills_the_rest"], False)
        self.assertIn("in flight", run("receipt", job, "--data", self.data).stdout)

    def wait_for_open_call(self, api, job):
        wait_until(lambda: any(call["state"] == "open" for call in api.get(f"/api/jobs/{job}/ledger")["calls"]), "an open call")

    def wait_for_ends(self, api, job):
        def ended():
            ledger = api.get(f"/api/jobs/{job}/ledger")
            return ledger if all(call["ended_at"] for call in ledger["calls"]) else None

        return wait_until(ended, "all calls ended")

    def test_write_pauses_and_resumes(self):
        words = ("write", PROMPT, "--pages", "1-2", "--data", self.data, "--out", self.folder)
        paused = run(*words, "--max-tokens", "2000", status=1).stderr
        self.assertIn("budget is reached", paused)
        job = re.search(r"--resume (\S+)", paused)[1]
        resume = ("write", "--resume", job, "--data", self.data, "--out", self.folder)
        self.assertIn("reached already", run(*resume, status=1).stderr)
        done = run(*resume, "--max-tokens", "100000000").stdout
        self.assertRegex(done, r"cost +\$0\.00")

    def test_caps_and_prices_that_are_none_are_refused(self):
        prices = self.folder / "prices.toml"
        good = "[m]\nprompt = 1\ncompletion = 1\n"
        cases = [
            (good, ("--max-cost-usd", "0"), "from 0.000001"),
            (good, ("--max-cost-usd", "-1"), "from 0.000001"),
            (good, ("--max-cost-usd", "nan"), "from 0.000001"),
            (good, ("--max-cost-usd", "1e308"), "from 0.000001"),
            (good, ("--max-tokens", "0"), "whole number from 1"),
            ("[m]\nprompt = -1\ncompletion = 1\n", (), "line 2: 'prompt'"),
            ("[m]\nprompt = 1\ncompletion = 1\noutput = 1\n", (), "line 4"),
            ("[m]\nprompt = 1\ncompletion = 1\ncurrency = 'EUR'\n", (), "US dollars"),
            ("[other]\nprompt = 1\ncompletion = 1\n", ("--max-cost-usd", "5"), "price of the model 'm'"),
        ]
        provider = ("--provider", "https://provider.invalid/v1", "--model", "m", "--prices", prices)
        for text, options, expected in cases:
            with self.subTest(text=text, options=options):
                prices.write_text(text)
                refused = run("serve", "--listen", "127.0.0.1:0", "--data", self.data, *provider, *options, status=2)
                self.assertIn(expected, refused.stderr)


if __name__ == "__main__":
    unittest.main()
