"""Links given for research: fetched once, cited, named where they are dead, and never fetched from inside."""

import json
import unittest

from harness import Api, LonghandTest, wait_until
from web import Web

TEXT = (
    "A heron stands still in shallow water for a long time before it strikes. It eats fish, frogs and small mammals, and it hunts alone. "
    "Herons build their nests in tall trees, close to one another, and use them again in the next year. "
    "The young leave the nest after about seven weeks and learn to hunt by watching. In winter many herons move to milder coasts. "
)

NOTES = (
    "Heron numbers fell when rivers were straightened and reed beds were drained. Clean water has brought the birds back to most towns. "
    "Anglers once shot them; since the law protects them, colonies have grown for forty years. A hard frost is now what costs most lives. "
)


def page(title, text):
    return f"<!doctype html><html><head><title>{title}</title></head><body><nav>Home</nav><main><h1>{title}</h1><p>{text}</p></main></body></html>".encode()


class Links(LonghandTest):
    def setUp(self):
        super().setUp()
        self.web = Web(self.answer)
        self.addCleanup(self.web.close)

    def answer(self, request):
        path = request["path"]
        if path == "/moved":
            return 302, {"Location": "/heron"}, b""
        if path == "/heron":
            return 200, {"Content-Type": "text/html"}, page("The grey heron", TEXT * 3)
        if path == "/notes.txt":
            return 200, {"Content-Type": "text/plain"}, NOTES.encode()
        if path == "/image":
            return 200, {"Content-Type": "image/png"}, b"\x89PNG\r\n\x1a\n" + bytes(200)
        return 404, {}, b""

    def order(self, api, links, **fields):
        project = api.post("/api/createProject", {"newProjectName": "Birds"})["id"]
        body = {"projectId": project, "prompt": "Write a short guide to herons.", "author": "A", "email": "a@example.org"}
        return api.post("/api/generateWizardWork", body | {"page_length": "2-3", "urls_for_research": links} | fields)

    def output(self, api, job, name):
        status, _, data = api.raw("GET", f"/api/jobs/{job}/output.{name}")
        self.assertEqual(status, 200)
        return data.decode()

    def test_they_are_sources_with_title_address_and_time(self):
        server = self.serve("--allow-network", "127.0.0.1", "--beat", "50ms", "--lease", "500ms")
        api = Api(server.url, self.token())
        links = [self.web.url(path) for path in ("/moved", "/notes.txt", "/gone", "/image")]
        answer = self.order(api, ",".join(links))
        self.assertNotIn("warnings", answer)
        job = answer["jobId"]
        wait_until(lambda: self.web.asked("/notes.txt") and api.status(job)["progress_stage"] not in ("queued", "reading_sources"), "the links are read")
        if api.status(job)["status"] == "in_progress":
            server.kill()
            server = self.serve("--allow-network", "127.0.0.1")
            api = Api(server.url, self.token())
        self.assertEqual(api.wait_for(job, "completed", "failed")["status"], "completed")
        self.assertEqual((self.web.asked("/heron"), self.web.asked("/notes.txt")), (1, 1), "a killed job fetches nothing twice")

        text = " ".join(self.output(api, job, "md").split())
        self.assertRegex(text, r"<http://127\.0\.0\.1:\d+/(heron|notes\.txt)>, accessed 20\d\d-\d\d-\d\d \d\d:\d\d UTC")
        sheet = json.loads(self.output(api, job, "quality.json"))
        addresses = {source["address"] for source in sheet["sources"]}
        self.assertIn(self.web.url("/heron"), addresses)
        for source in sheet["sources"]:
            for id in source["passage_ids"]:
                passage = api.get(f"/api/getPassage?jobId={job}&passageId={id}")
                self.assertEqual((passage["fileId"], passage["file_name"], passage["address"]), (None, source["name"], source["address"]))
        self.assertTrue(any(source["passage_ids"] for source in sheet["sources"]))
        unread = {entry["name"]: entry["reason"] for entry in sheet["sources_unread"]}
        self.assertIn("answers 404", unread[self.web.url("/gone")])
        self.assertIn(self.web.url("/image"), unread)
        self.assertEqual(sum("link" in warning for warning in sheet["warnings"]), 2, sheet["warnings"])
        told = [data for _, kind, data in api.events(job) if "problem" in json.dumps(data)]
        self.assertEqual(len(told), 2, told)

    def test_nothing_inside_is_ever_asked(self):
        server = self.serve()
        api = Api(server.url, self.token())
        port = self.web.server.server_port
        hosts = ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "0"]
        links = [f"http://{host}:{port}/heron" for host in hosts] + ["http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/"]
        job = self.order(api, links)["jobId"]
        status = api.wait_for(job, "failed", "completed")
        self.assertEqual(status["status"], "failed")
        self.assertIn("not public", status["error_message"])
        self.assertEqual(self.web.requests, [])
        for bad in ("ftp://example.org/", "http://user:word@example.org/", "file:///etc/passwd"):
            with self.subTest(bad):
                with self.assertRaisesRegex(AssertionError, "400"):
                    self.order(api, [bad])

    def test_a_setting_that_can_not_be_honoured_is_named(self):
        server = self.serve()
        api = Api(server.url, self.token())
        answer = self.order(api, [], has_technical_diagrams="on")
        self.assertEqual(len(answer["warnings"]), 1)
        with self.assertRaisesRegex(AssertionError, "no search provider"):
            self.order(api, [], use_web_research="on")


if __name__ == "__main__":
    unittest.main()
