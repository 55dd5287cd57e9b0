"""A disk that is full: what needs it is refused with a sentence, what does not goes on, and all is well again with the first free byte."""

import resource
import signal
import unittest

from harness import Api, LonghandTest, Process, wait_until


def without_the_signal():
    """A write beyond the limit on a file's size then fails as one to a full disk does."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


class FullDisk(LonghandTest):
    def start_server(self, *options):
        process = Process(("serve", "--listen", "127.0.0.1:0", "--data", self.data, *options), preexec_fn=without_the_signal)
        self.addCleanup(process.close)
        return process

    def limit(self, server, size):
        hard = resource.prlimit(server.child.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(server.child.pid, resource.RLIMIT_FSIZE, (size, hard))

    def test_writes_are_refused_reads_go_on_and_the_job_ends_well(self):
        model = self.model("--tokens-per-second", "400")
        server = self.start_server("--provider", model.url + "/v1")
        api = Api(server.url, self.token())
        job = api.start_job()
        wait_until(lambda: api.status(job)["progress"] > 10, "the job under way")

        self.limit(server, 1)
        refused = api.call("POST", "/api/createProject", {"newProjectName": "No room"}, status=503)
        self.assertEqual(refused["error"], refused["message"])
        self.assertNotIn(str(self.data), refused["message"])
        self.assertEqual(api.status(job)["status"], "in_progress")
        cancelled = api.call("POST", "/api/cancelJob", {"jobId": job}, status=503)
        self.assertEqual(cancelled["code"], refused["code"])
        self.assertEqual(api.status(job)["status"], "in_progress", "a cancel that was refused has done nothing")

        self.limit(server, resource.RLIM_INFINITY)
        names = [project["title"] for project in api.get("/api/listProjects")["projects"]]
        self.assertNotIn("No room", names)
        api.post("/api/createProject", {"newProjectName": "Room"})
        done = api.wait_for(job, "completed", "failed", "cancelled")
        self.assertEqual(done["status"], "completed", done)
        events = [data["seq"] for _, _, data in api.events(job) if "seq" in data]
        self.assertEqual(events, list(range(1, len(events) + 1)))


if __name__ == "__main__":
    unittest.main()
