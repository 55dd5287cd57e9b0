"""Event streams: a thousand watchers, a slow one among them, and clients that are cut again and again."""

import resource
import unittest

from harness import SLOWNESS, Api, LonghandTest
from streams import Listener, Stream, pump

JOBS = 50
WATCHERS = 1000
NOTES = [("notes.txt", b"A river rises in the hills and runs to the sea. Its water is cold in spring. " * 20)]


class Watchers(LonghandTest):
    def setUp(self):
        super().setUp()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = WATCHERS + 200
        if soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))

    def begin(self, *options, model=()):
        provider = self.model(*model)
        self.options = ("--provider", provider.url + "/v1", *options)
        self.server = self.serve(*self.options)
        self.api = Api(self.server.url, self.token())

    def restart(self):
        self.server.kill()
        self.server = self.serve(*self.options)
        self.api = Api(self.server.url, self.api.token)

    def watch(self, job, listener, take=None, **kwargs):
        stream = Stream(self.api, job, take or listener.take, last=listener.last, **kwargs)
        self.addCleanup(stream.close)
        return stream

    def test_a_thousand_watchers_of_fifty_jobs_each_hear_all(self):
        self.begin("--workers", str(JOBS), model=("--tokens-per-second", str(400 // SLOWNESS)))
        jobs = [self.api.start_job(files=NOTES, pages="1-2") for _ in range(JOBS)]
        listeners = [(jobs[i % JOBS], Listener()) for i in range(WATCHERS)]
        streams = [self.watch(job, listener) for job, listener in listeners]
        pump(streams, seconds=300 * SLOWNESS)
        logs = {}
        for job, listener in listeners:
            self.assertEqual(listener.kinds()[-1], "completed")
            self.assertEqual(logs.setdefault(job, listener.events), listener.events)
        self.assertTrue(all(stream.ended for stream in streams))
        self.assertEqual(len(logs), JOBS)

    def test_a_slow_watcher_holds_nothing_back_and_is_told_what_it_missed(self):
        self.begin()
        sources = [("notes.txt", b"".join(b"Part %d of the river has bank %d and depth %d. " % (i, i * 7, i * 3) for i in range(2000)))]
        job = self.api.start_job(files=sources, pages="20-25")
        slow, quick = Listener(), Listener()
        asleep = self.watch(job, slow, receive_buffer=4096)
        pump([self.watch(job, quick)], seconds=300 * SLOWNESS)
        self.assertEqual((quick.kinds()[-1], slow.heard), ("completed", 0), "the job ended, and the slow one had read nothing")

        pump([asleep], seconds=60 * SLOWNESS)
        was_dropped = not asleep.ended
        if was_dropped:  # it was too slow for too long
            slow.reconnects()
            pump([self.watch(job, slow)], seconds=60 * SLOWNESS)
        self.assertEqual(slow.events, quick.events)
        self.assertTrue(slow.missed, "so slow a watcher missed text")
        for key, (_, whole) in quick.texts.items():
            if key in quick.missed:
                continue
            told = slow.texts.get(key, (0, b""))[1]
            self.assertEqual(told, whole[: len(told)], key)
            # Of a step that began and ended while it was away, its event alone tells.
            if not was_dropped or key in slow.missed:
                self.assertEqual(slow.missed.get(key, len(whole)), len(told), key)

    def test_a_client_that_is_cut_after_each_event_misses_and_doubles_nothing(self):
        self.begin(model=("--tokens-per-second", str(150 // SLOWNESS)))
        job = self.api.start_job(files=NOTES, pages="1-2")
        cut = Listener()
        heard_steps = restarts = 0
        while cut.kinds()[-1:] != ["completed"]:
            cut.reconnects()
            stream = self.watch(job, cut, take=lambda id, event, data: self.take_one(stream, cut, id, event, data))
            pump([stream], seconds=60 * SLOWNESS)
            self.assertIn(stream.status, (200, None))
            steps = cut.kinds().count("step")
            if steps > heard_steps and steps % 4 == 2 and restarts < 2:
                self.restart()
                restarts += 1
            heard_steps = steps
        whole = Listener()
        pump([self.watch(job, whole)])
        self.assertEqual(cut.events, whole.events)
        # The client hears of a step after it; a kill may find the job complete already.
        self.assertIn(cut.kinds().count("rescued"), range(1, restarts + 1))
        for at in range(1, len(whole.events)):
            rest = [data["seq"] for _, _, data in self.api.events(job, last=str(at)) if "seq" in data]
            self.assertEqual(rest, [seq for seq, _ in whole.events[at:]])

    def take_one(self, stream, listener, id, event, data):
        if event == "progress":
            return
        listener.take(id, event, data)
        if event is not None:
            stream.close()


if __name__ == "__main__":
    unittest.main()
