"""Guided jobs from outside: the stops, the user's edits, kills, and that nothing is paid twice."""

import collections
import unittest

from harness import Api, LonghandTest, run

MINE = "A short manual for lighthouse keepers, in two parts."


class Guided(LonghandTest):
    def begin(self):
        """A guided job at its first stop, on a server whose model outlives it."""
        self.provider = self.model()
        self.restart()
        self.project = self.api.post("/api/createProject", {"newProjectName": "A guided project"})["id"]
        self.api.upload(self.project, [("notes.md", NOTES)])
        order = {"projectId": self.project, "prompt": "Write a short guide to how a job is made safe.", "author": "The tests"}
        order |= {"email": "tests@example.org", "page_length": "3-4", "guided": "on"}
        self.job = self.api.post("/api/generateWizardWork", order)["jobId"]
        self.expect_stop_at("description")

    def restart(self):
        if hasattr(self, "server"):
            self.server.kill()
        self.server = self.serve("--provider", self.provider.url + "/v1", "--model", "offline")
        self.api = Api(self.server.url, self.token())

    def draft(self):
        return self.api.get(f"/api/getDraft?jobId={self.job}")

    def expect_stop_at(self, milestone):
        self.assertEqual(self.api.wait_for(self.job, "draft", "failed", "completed")["progress_stage"], "waiting_for_user")
        draft = self.draft()
        self.assertEqual(draft["milestone"], milestone)
        self.assertTrue(draft["work_" + milestone])
        project = self.api.get(f"/api/getProjectDetails?projectId={self.project}")["project"]
        for name in ("work_description", "work_details", "work_vision"):
            self.assertEqual(project[name], draft[name])
        return draft

    def expect_end(self):
        ended = self.api.wait_for(self.job, "completed", "failed", "draft")
        self.assertEqual(ended["status"], "completed", ended["error_message"])

    def resume(self, **fields):
        self.api.post("/api/resumeJob", {"jobId": self.job} | fields)

    def bought(self):
        """How often the step of each key was paid for."""
        calls = self.api.get(f"/api/jobs/{self.job}/ledger")["calls"]
        return collections.Counter(call["key"] for call in calls if call["state"] in ("settled", "estimated"))

    def test_it_stops_at_each_milestone_and_what_is_edited_changes_what_follows(self):
        self.begin()
        first = self.draft()["work_description"]
        self.assertIn("how a job is made safe", first.lower())
        self.assertEqual(self.bought(), {"milestone/description": 1})
        self.assertEqual(self.api.post("/api/resumeJob", {"jobId": self.job, "skip": "perhaps"}, status=400)["field"], "skip")

        self.resume(work_description=MINE)
        details = self.expect_stop_at("details")
        self.assertEqual(details["work_description"], MINE)
        self.assertTrue(details["work_details"].startswith(f"The work keeps to its description: {MINE}"), details["work_details"])

        # Back to the model's text: other details follow, and are read before the vision.
        self.api.call("PATCH", f"/api/updateProject?projectId={self.project}", {"work_description": None})
        self.resume()
        others = self.expect_stop_at("details")
        self.assertEqual(others["work_description"], first)
        self.assertNotIn(MINE, others["work_details"])
        # And to the user's again: what followed from it is there.
        paid = self.bought()
        self.resume(work_description=MINE)
        vision = self.expect_stop_at("vision")
        self.assertEqual(vision["work_details"], details["work_details"])
        self.assertEqual(len(self.bought()), len(paid) + 1)

        shown = run("draft", self.job, "--data", self.data)
        self.assertIn(f"== description ==\n{MINE}\n", shown.stdout)
        self.assertIn("waits for you to read its vision", shown.stderr)
        self.assertIn("waits for you", run("watch", self.job, "--data", self.data, status=1).stderr)
        run("resume", self.job, "--data", self.data)
        self.expect_end()
        paid = self.bought()
        self.assertEqual(len([key for key in paid if key.startswith("milestone/")]), 4)
        self.assertEqual(set(paid.values()), {1}, "a step was bought twice")
        self.assertIn("by", self.draft()["versions"][0])
        kinds = [event for _, event, _ in self.api.events(self.job)]
        self.assertEqual(kinds.count("waiting_for_user"), 4)
        self.assertEqual(kinds.count("resumed"), 4)
        refused = self.api.post("/api/resumeJob", {"jobId": self.job, "work_vision": "Late."}, status=409)
        self.assertEqual(refused["code"], "not_paused")

    def test_kills_a_cancel_and_a_skip_keep_what_is_there(self):
        self.begin()
        self.restart()
        self.assertEqual(self.draft()["milestone"], "description")
        self.resume(work_description=MINE)
        self.restart()
        details = self.expect_stop_at("details")
        self.assertEqual(details["work_description"], MINE)
        self.api.post("/api/cancelJob", {"jobId": self.job})
        self.assertIsNone(self.draft()["milestone"])
        self.api.post("/api/retryJob", {"jobId": self.job})
        self.assertEqual(self.expect_stop_at("details")["work_details"], details["work_details"])
        # A call that a kill cut off is made again; what was recorded is not.
        paid = self.bought()
        self.assertEqual(len(paid), 2)
        self.assertEqual(paid["milestone/description"], 1)

        run("resume", self.job, "--skip", "--data", self.data)
        self.restart()
        self.expect_end()
        self.assertEqual({key: times for key, times in self.bought().items() if key in paid}, paid)
        self.assertTrue(self.draft()["skips"])
        self.assertTrue(any(key.startswith("milestone/vision/") for key in self.bought()))

    def test_the_command_line_starts_one(self):
        self.provider = self.model()
        self.restart()
        self.job = run("submit", "Write a short guide to bees.", "--guided", "--data", self.data).stdout.strip()
        self.api.wait_for(self.job, "draft")
        self.assertIn("== description ==", run("draft", self.job, "--data", self.data).stdout)


NOTES = b"""# How a job is made safe

A job is a row and a journal. The row says which state it is in. The journal holds one entry for each finished step.
Whoever holds the newest lease walks the steps again, and only what is missing costs anything.

# What a kill does

A process that dies loses no text that was paid for. Another process opens the folder and goes on with the job.
A write with an old lease changes nothing, and the worker stops.

# What a user sees

A watcher sees each section as it is written. A cancel closes the stream of the provider within milliseconds.
What is finished is kept, and a retry goes on from there.
"""

if __name__ == "__main__":
    unittest.main()
