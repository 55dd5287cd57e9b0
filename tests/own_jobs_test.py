"""What a user does with jobs beside running them, over whole processes: deletion that leaves nothing but the bill, usage, estimates,
the outline, passages, and one stream of all jobs that goes on over a crash."""

import contextlib
import http.client
import json
import os
import re
import sqlite3
import threading
import time
import unittest

from harness import Api, LonghandTest, default_sources, parse_events, wait_until
from web import Web

CANARY = "xylocanary"


class OwnJobs(LonghandTest):
    def start_server(self, *options):
        server = self.serve(*options)
        return server, Api(server.url, self.token())

    def listen(self, api, last, until):
        """What the stream of all jobs tells behind the id `last`, until that is enough or the server is gone."""
        connection = http.client.HTTPConnection(api.url.hostname, api.url.port, timeout=60)
        headers = {"Authorization": "Bearer " + api.token} | ({"Last-Event-ID": last} if last is not None else {})
        connection.request("GET", "/api/events", headers=headers)
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        text = ""
        try:
            while not until(text):
                piece = answer.read1(65536)
                if not piece:
                    break
                text += piece.decode()
        except (ConnectionError, http.client.HTTPException):
            pass
        connection.close()
        return text

    def test_of_a_deleted_job_nothing_is_left_but_what_it_cost(self):
        text = f"The {CANARY} lives in dead wood. It bores its nest with its jaws, and its young leave it in summer. "
        web = Web(lambda request: (200, {"Content-Type": "text/plain"}, text.encode() * 5) if request["path"] == "/wood.txt" else (204, {}, b""))
        self.addCleanup(web.close)
        server, api = self.start_server("--undo-deletion", "1s", "--allow-network", "127.0.0.1")
        api.post("/api/createWebhook", {"url": web.url("/hook"), "events": "*"})
        files = [("habits.md", f"# Habits\n\nNobody has seen the {CANARY} by night.\n".encode()), *default_sources()]
        prompt = f"Write a short guide to the {CANARY} and its habits."
        job = api.start_job(prompt=prompt, pages="1-2", files=files, urls_for_research=[web.url("/wood.txt")])
        api.wait_for(job, "completed")
        api.post("/api/renameJob", {"jobId": job, "title": f"The {CANARY}"})
        spent = api.get(f"/api/jobs/{job}/ledger")["spent"]
        link = api.status(job)["output_url_pdf"]
        project = api.status(job)["project_id"]
        (file,) = [one for one in api.get(f"/api/getProjectFiles?projectId={project}") if one["file_name"] == "habits.md"]
        api.call("DELETE", f"/api/deleteProjectFile?fileId={file['id']}")
        with contextlib.closing(sqlite3.connect(f"file:{self.data}/longhand.db?mode=ro", uri=True)) as database:
            (read,) = database.execute("SELECT count(DISTINCT sha256) FROM passages WHERE instr(text, ?)", (CANARY,)).fetchone()
        self.assertEqual(read, 2, "the link and the file were read")
        wait_until(lambda: any("job.completed" in request["body"] for request in web.requests), "the webhook is told")
        self.assertTrue((self.data / "artifacts" / job).exists())
        deleted = api.post("/api/deleteJob", {"jobId": job})
        self.assertIn("undo_until", deleted)
        api.get(f"/api/getJobStatus?jobId={job}", 404)
        self.assertEqual(Api(server.url).raw("GET", link.split(server.url)[-1])[0], 404)
        wait_until(lambda: not (self.data / "artifacts" / job).exists(), "the documents are removed")
        wait_until(lambda: "purged 1 deleted jobs" in server.log_text(), "the job is purged")
        api.post("/api/undeleteJob", {"jobId": job}, 404)
        usage = api.get("/api/getUsage")
        self.assertEqual(usage["total"]["works"], 1)
        self.assertEqual(usage["total"]["prompt_tokens"] + usage["total"]["completion_tokens"], spent["tokens"])
        self.assertGreaterEqual(usage["total"]["pages"], 1)
        self.assertEqual(server.stop(), 0)
        # The log of the database is worked off and removed at its end.
        left = [path for path in self.data.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
        self.assertEqual(left, [])

    def test_an_upload_that_a_crash_left_without_a_name_is_removed(self):
        server, api = self.start_server()
        project = api.post("/api/createProject", {"newProjectName": "A project"})["id"]
        api.upload(project, default_sources())
        uploads = self.data / "uploads"
        named = set(uploads.iterdir())
        server.kill()
        orphan, young = uploads / "0123456789abcdef", uploads / "fedcba9876543210"
        for path in (orphan, young):
            path.write_text("left behind")
        long_ago = time.time() - 3 * 24 * 3600
        for path in (orphan, *named):
            os.utime(path, (long_ago, long_ago))
        self.start_server("--undo-deletion", "1s")
        wait_until(lambda: not orphan.exists(), "the orphan is removed")
        self.assertEqual(set(uploads.iterdir()), named | {young})

    def test_a_deleted_job_comes_back_whole(self):
        _, api = self.start_server()
        job = api.start_job(pages="1-2")
        api.wait_for(job, "completed")
        before = api.raw("GET", f"/api/jobs/{job}/output.md")[2]
        api.post("/api/deleteJob", {"jobId": job})
        self.assertEqual(api.post("/api/undeleteJob", {"jobId": job})["status"], "completed")
        self.assertEqual(api.raw("GET", f"/api/jobs/{job}/output.md")[2], before)

    def test_an_estimate_holds_what_the_job_then_takes(self):
        _, api = self.start_server()
        for pages in ("2-3", "6-7"):
            job = api.start_job(pages=pages)
            done = api.wait_for(job, "completed")
            order = {"projectId": done["project_id"], "prompt": "Write a short guide to how a job is made safe.", "author": "The tests",
                     "email": "tests@example.org", "page_length": pages}
            estimate = api.post("/api/estimateJob", order)
            calls = api.get(f"/api/jobs/{job}/ledger")["calls"]
            taken = {"calls": len(calls), "prompt_tokens": sum(call["prompt_tokens"] for call in calls),
                     "completion_tokens": sum(call["completion_tokens"] for call in calls)}
            for figure, value in taken.items():
                self.assertGreaterEqual(value, estimate[figure]["low"], (pages, figure, taken, estimate))
                self.assertLessEqual(value, estimate[figure]["high"], (pages, figure, taken, estimate))
            self.assertEqual(estimate["cost_usd"], {"low": 0, "high": 0})

    def test_the_outline_and_the_passages_of_a_work(self):
        model = self.model("--tokens-per-second", "300")
        _, api = self.start_server("--provider", model.url + "/v1")
        job = api.start_job(pages="6-7")
        states = set()

        def drafting():
            outline = api.get(f"/api/getOutline?jobId={job}")
            states.update(section["state"] for chapter in outline["chapters"] for section in chapter["sections"])
            return "drafted" in states and outline
        outline = wait_until(drafting, "a section is drafted")
        self.assertTrue(outline["is_whole"])
        api.wait_for(job, "completed")
        outline = api.get(f"/api/getOutline?jobId={job}")
        sections = [section for chapter in outline["chapters"] for section in chapter["sections"]]
        self.assertLessEqual({section["state"] for section in sections}, {"done", "left_out"})
        self.assertGreater(sum(section["words_written"] for section in sections), 500)
        journal = api.raw("GET", f"/api/jobs/{job}/output.md")[2].decode()
        for chapter in outline["chapters"]:
            self.assertIn(chapter["title"].split(":")[0], journal.replace("\\", ""))
        sources = json.loads(api.raw("GET", f"/api/jobs/{job}/output.quality.json")[2])["sources"]
        cited = [(source["name"], id) for source in sources for id in source["passage_ids"]]
        self.assertEqual(len(cited), sum(source["passages_cited"] for source in sources))
        self.assertTrue(cited)
        for name, id in cited:
            passage = api.get(f"/api/getPassage?jobId={job}&passageId={id}")
            self.assertEqual((passage["id"], passage["file_name"], passage["address"]), (id, name, None))
            self.assertTrue(passage["text"])

    def test_one_stream_tells_of_all_jobs_over_a_crash(self):
        server, api = self.start_server("--workers", "0")
        seen = []
        begun = threading.Event()
        first_life = []
        listener = threading.Thread(target=lambda: first_life.append(self.listen(api, None, lambda text: begun.set() if "id: 0" in text else False)))
        listener.start()
        self.assertTrue(begun.wait(20))
        jobs = [api.start_job() for _ in range(2)]
        time.sleep(0.5)
        server.kill()
        listener.join()
        seen += [(id, data) for id, _, data in parse_events(first_life[0]) if id]
        self.assertEqual([data["kind"] for _, data in seen], ["submitted", "queued"] * 2)
        server, api = self.start_server("--workers", "0")
        api.post("/api/cancelJob", {"jobId": jobs[0]})
        api.post("/api/starJob", {"jobId": jobs[1]})
        second = self.listen(api, "1", lambda text: "event: amended" in text and text.endswith("\n\n"))
        events = [(id, data) for id, _, data in parse_events(second) if id]
        self.assertEqual([int(id) for id, _ in events], list(range(2, 7)))
        self.assertEqual(events[:3], seen[1:])
        self.assertEqual([(data["kind"], data["jobId"]) for _, data in events[3:]], [("cancelled", jobs[0]), ("amended", jobs[1])])

    def test_who_was_away_for_more_than_a_week_is_told_so(self):
        server, api = self.start_server("--workers", "0")
        self.listen(api, None, lambda text: "id: 0" in text)
        job = api.start_job()
        seen = self.listen(api, "0", lambda text: "event: queued" in text and text.endswith("\n\n"))
        self.assertEqual([id for id, _, _ in parse_events(seen)], ["1", "2"])
        server.stop()
        with contextlib.closing(sqlite3.connect(self.data / "longhand.db")) as database, database:
            database.execute("UPDATE feeds SET asked_at = asked_at - 8 * 24 * 3600 * 1000")
        server, api = self.start_server("--workers", "0")
        api.post("/api/cancelJob", {"jobId": job})
        first_event = lambda text: text.endswith("\n\n") and ("event:" in text or ": waiting" in text)
        # Also one that lost the answer; not one that begins now, or that was told.
        for _ in range(2):
            events = list(parse_events(self.listen(api, "2", first_event)))
            self.assertEqual(events, [("3", "reset", {"from": 2, "to": 3})])
        self.listen(api, None, lambda text: "id: 3\n" in text)
        other = api.start_job()
        events = list(parse_events(self.listen(api, "3", lambda text: "event: queued" in text and text.endswith("\n\n"))))
        self.assertEqual([(id, kind, data["jobId"]) for id, kind, data in events], [("4", "submitted", other), ("5", "queued", other)])


if __name__ == "__main__":
    unittest.main()
