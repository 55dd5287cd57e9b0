"""Event streams by the thousand in one thread: raw sockets, a selector, and what a client can check of what it hears."""

import json
import selectors
import socket
import time

from harness import DEADLINE


class Stream:
    """One watcher's connection. `take` is called with (id, event, data) for each event, and (id, None, None) for an id alone."""

    def __init__(self, api, job, take, last=None, receive_buffer=None):
        self.take = take
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(DEADLINE)
        self.socket.connect((api.url.hostname, api.url.port))
        resumed = f"Last-Event-ID: {last}\r\n" if last else ""
        head = f"GET /api/jobs/{job}/events HTTP/1.1\r\nHost: {api.url.netloc}\r\nAuthorization: Bearer {api.token}\r\n{resumed}\r\n"
        self.socket.sendall(head.encode())
        self.status = None
        self.retry = []  # the hints when to come back
        self.raw = b""
        self.text = b""
        self.ended = False  # as a whole answer ends
        self.closed = False

    def receive(self):
        """What is there now. False when the stream is over."""
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            self.close()
            return False
        self.raw += data
        self.parse()
        return not self.closed

    def parse(self):
        if self.status is None:
            if b"\r\n\r\n" not in self.raw:
                return
            head, _, self.raw = self.raw.partition(b"\r\n\r\n")
            self.status = int(head.split()[1])
            if b"chunked" not in head.lower():
                self.ended = True
                return self.close()
        while not self.ended:
            size, line, rest = self.raw.partition(b"\r\n")
            if not line or len(rest) < int(size, 16) + 2:
                break
            length = int(size, 16)
            self.ended = length == 0
            self.text += rest[:length]
            self.raw = rest[length + 2 :]
        self.tell()
        if self.ended:
            self.close()

    def tell(self):
        *blocks, self.text = self.text.split(b"\n\n")
        for block in blocks:
            fields = {}
            for line in block.decode().split("\n"):
                name, colon, value = line.partition(":")
                if colon and name:
                    fields[name] = value.removeprefix(" ")
            if "retry" in fields:
                self.retry.append(int(fields["retry"]))
            if "data" in fields:
                self.take(fields.get("id"), fields.get("event", "message"), json.loads(fields["data"]))
            elif "id" in fields:
                self.take(fields["id"], None, None)
            if self.closed:
                return

    def close(self):
        self.closed = True
        self.socket.close()


def pump(streams, until=lambda: False, seconds=DEADLINE):
    """Reads all streams until each is over, or `until` holds."""
    end = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            if not stream.closed:
                selector.register(stream.socket, selectors.EVENT_READ, stream)
        while selector.get_map() and not until():
            for key, _ in selector.select(0.1):
                if not key.data.receive():
                    selector.unregister(key.fileobj)
            if time.monotonic() > end:
                raise AssertionError(f"{len(selector.get_map())} streams go on after {seconds} s")


class Listener:
    """What a client has of a job after any number of streams, with the promises of the contract checked at each event:
    numbers without gap or double, and text that is put where it says, the same wherever it comes twice."""

    def __init__(self):
        self.last = None  # the id to go on after
        self.events = []  # (seq, kind)
        self.texts = {}  # key: (attempt, bytes)
        self.missed = {}  # key: where what was not told of it begins
        self.restarted = []
        self.named = None  # the places in the id that the stream goes on after; none: it says nothing of texts
        self.heard = 0

    def take(self, id, event, data):
        self.heard += 1
        if event == "text":
            self.take_text(data)
        elif event == "text_missed":
            self.missed[data["key"]] = data["from"]
        elif event == "section_restarted":
            self.restarted.append(data["key"])
            self.texts[data["key"]] = (data["attempt"], b"")
        elif event not in (None, "progress"):
            assert data["seq"] == len(self.events) + 1, (data, self.events[-1:])
            assert id == str(data["seq"]) and event == data["kind"], (id, event, data)
            self.events.append((data["seq"], event))
        if id is not None:
            self.last = id

    def reconnects(self):
        _, colon, places = (self.last or "").partition(":")
        texts = [place.split(":") for place in places.split(",")] if colon else []
        self.named = {key: int(offset) for _, offset, key in texts} if colon else None

    def may_come_again(self, key, offset):
        """An id may name less than this client has, when that came after an id that said nothing."""
        return self.named is None or offset >= self.named.get(key, float("inf"))

    def take_text(self, data):
        key, piece = data["key"], data["text"].encode()
        attempt, text = self.texts.get(key, (data["attempt"], b""))
        if attempt != data["attempt"]:
            assert self.named is None, f"another attempt of {key}, and nothing said so"
            attempt, text = data["attempt"], b""
        offset = data["offset"]
        assert offset <= len(text), f"a gap in {key}: {len(text)} to {offset}"
        if offset < len(text):
            assert self.may_come_again(key, offset), f"{key} again from {offset}, after {self.last}"
            assert text[offset : offset + len(piece)] == piece[: len(text) - offset], f"{key} is another at {offset}"
        self.texts[key] = (attempt, text[:offset] + piece if offset + len(piece) > len(text) else text)

    def kinds(self):
        return [kind for _, kind in self.events]
