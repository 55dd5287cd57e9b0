"""A job over HTTP, from its project to its documents: as a client of the API sees it."""

import json
import os
import re
import unittest

from harness import SLOWNESS, Api, LonghandTest, run, wait_until

FIELDS = {
    "id", "user_id", "project_id", "status", "progress", "progress_stage", "percent_complete", "title", "is_byok", "reasoning_model",
    "writing_model", "function_model", "error_message", "is_starred", "created_at", "updated_at",
}  # fmt: skip


class Lifecycle(LonghandTest):
    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.api = Api(self.server.url, self.token())

    def test_a_job_is_started_watched_and_its_documents_are_fetched(self):
        job = self.api.start_job()
        first = self.api.status(job)
        self.assertLessEqual(FIELDS, set(first))
        self.assertIn(first["status"], ("queued", "in_progress"))
        self.assertEqual(first["progress"], first["percent_complete"])
        done = self.api.wait_for(job, "completed")
        self.assertEqual((done["progress"], done["progress_stage"], done["error_message"]), (100, "done", None))

        link = done["output_url_pdf"]
        self.assertEqual(link, self.api.status(job)["output_url_pdf"])
        anyone = Api(self.server.url)
        path = link.removeprefix(self.server.url)
        status, headers, body = anyone.raw("GET", path)
        self.assertEqual((status, headers["content-type"], body[:5]), (200, "application/pdf", b"%PDF-"))
        self.assertNotEqual(anyone.raw("GET", path[:-1] + ("0" if path[-1] != "0" else "1"))[0], 200)

        starts = {"tex": b"%", "md": b"#", "html": b"<!DOCTYPE", "docx": b"PK", "epub": b"PK", "quality.json": b"{"}
        for name, start in starts.items():
            status, _, body = self.api.raw("GET", f"/api/jobs/{job}/output.{name}")
            self.assertEqual(status, 200, name)
            if name != "tex":
                self.assertEqual(body[: len(start)].upper(), start.upper(), name)
        quality = json.loads(self.api.raw("GET", f"/api/jobs/{job}/output.quality.json")[2])
        self.assertGreater(quality["words"], 200)

        listed = self.api.get("/api/jobs")
        self.assertEqual((listed["total"], listed["jobs"][0]["id"], listed["jobs"][0]["percent_complete"]), (1, job, 1))

    def test_the_event_stream_tells_the_whole_life_and_resumes_anywhere(self):
        job = self.api.start_job()
        live = self.api.events(job)
        durable = [(id, kind) for id, kind, data in live if "seq" in data]
        self.assertEqual([int(id) for id, _ in durable], list(range(1, len(durable) + 1)))
        self.assertEqual([kind for _, kind in durable][:3], ["submitted", "queued", "claimed"])
        self.assertEqual(durable[-1][1], "completed")
        texts = [data for _, kind, data in live if kind == "text"]
        self.assertTrue(texts, "no text was streamed")
        percents = [data["progress"] for _, kind, data in live if kind == "progress"]
        self.assertEqual(percents, sorted(percents))
        for cut in (1, len(durable) // 2, len(durable) - 1):
            rest = [int(id) for id, _, data in self.api.events(job, last=str(cut)) if "seq" in data]
            self.assertEqual(rest, list(range(cut + 1, len(durable) + 1)))
        self.assertEqual(self.api.events(job, last=str(len(durable))), [])

    def test_a_cancel_is_durable_and_nothing_of_the_run_follows(self):
        model = self.model("--tokens-per-second", "60")
        slow = self.start("serve", "--listen", "127.0.0.1:0", "--data", self.folder / "slow", "--provider", model.url + "/v1")
        api = Api(slow.url, run("token", "owner@localhost", "--data", self.folder / "slow").stdout.strip())
        job = api.start_job()
        api.wait_for(job, "in_progress")
        self.assertEqual(api.post("/api/cancelJob", {"jobId": job}), {"message": "Job cancelled successfully"})
        after = api.status(job)
        self.assertEqual((after["status"], after["progress_stage"], after["error_message"]), ("cancelled", "stopped", None))
        self.assertEqual(api.post("/cancelJob", {"jobId": job}), {"message": "Job cancelled successfully"})
        calls = Api(model.url).get("/v1/stats")["calls"]
        slow.stop()
        again = self.start("serve", "--listen", "127.0.0.1:0", "--data", self.folder / "slow", "--provider", model.url + "/v1")
        api = Api(again.url, api.token)
        self.assertEqual(api.status(job), after)
        self.assertEqual(Api(model.url).get("/v1/stats")["calls"], calls)
        self.assertEqual(api.events(job)[-1][1], "cancelled")

        self.assertIn("message", api.post("/api/retryJob", {"jobId": job}))
        api.post("/api/cancelJob", {"jobId": job})

    def test_completed_jobs_can_not_be_cancelled_and_the_answer_names_the_state(self):
        job = self.api.start_job()
        self.api.wait_for(job, "completed")
        error = self.api.post("/api/cancelJob", {"jobId": job}, status=400)
        self.assertIn("completed", error["message"])
        self.assertEqual(error["error"], error["message"])
        self.assertTrue(re.fullmatch(r"[a-z_]+", error["code"]))

    def test_another_users_things_are_not_there(self):
        job = self.api.start_job()
        project = self.api.status(job)["project_id"]
        other = Api(self.server.url, self.user("other@example.org"))
        for path in (f"/api/getJobStatus?jobId={job}", f"/api/jobs/{job}/events", f"/api/jobs/{job}/output.pdf",
                     f"/api/jobs/{job}/output.quality.json", f"/api/getProjectDetails?projectId={project}"):  # fmt: skip
            self.assertEqual(other.raw("GET", path)[0], 404, path)
        other.post("/api/cancelJob", {"jobId": job}, status=404)
        other.post("/api/retryJob", {"jobId": job}, status=404)
        other.call("DELETE", f"/api/deleteProject?projectId={project}", status=404)
        self.assertEqual(other.get("/api/jobs"), other.get("/api/jobs") | {"jobs": [], "total": 0})

    def test_of_a_deleted_project_no_file_is_left(self):
        job = self.api.start_job()
        project = self.api.status(job)["project_id"]
        self.api.wait_for(job, "completed")

        def left():
            # os.walk, for Path.rglob throws when the server deletes a folder between its listing and its reading.
            files = ((os.path.basename(folder), name) for folder, folders, names in os.walk(self.data) for name in folders + names)
            return [name for folder, name in files if project in name or job in name or folder == "uploads"]

        self.assertTrue(left())
        self.api.call("DELETE", f"/api/deleteProject?projectId={project}")
        wait_until(lambda: not left(), "an empty folder")

    def test_a_second_job_in_a_project_is_refused_and_told_which_one_runs(self):
        model = self.model("--first-token-ms", "60000")
        server = self.start("serve", "--listen", "127.0.0.1:0", "--data", self.folder / "slow", "--provider", model.url + "/v1")
        api = Api(server.url, run("token", "owner@localhost", "--data", self.folder / "slow").stdout.strip())
        job = api.start_job()
        body = {"projectId": api.status(job)["project_id"], "prompt": "Another work in it.", "author": "A", "email": "a@example.org"}
        error = api.post("/api/generateWizardWork", body, status=409)
        self.assertIn(job, error["message"])
        self.assertIn("cancelJob", error["message"])
        api.post("/api/cancelJob", {"jobId": job})
        api.post("/api/generateWizardWork", body)

    def test_a_removed_user_is_out_within_a_second(self):
        api = Api(self.server.url, self.user("gone@example.org"))
        api.get("/api/jobs")
        run("user", "remove", "gone@example.org", "--data", self.data)
        wait_until(lambda: api.raw("GET", "/api/jobs")[0] == 401, "the removed user's session is refused", SLOWNESS)


if __name__ == "__main__":
    unittest.main()
