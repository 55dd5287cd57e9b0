"""Uploads: streamed in bounded memory, each file with an outcome of its own, and of a broken request nothing is left. Files that can't
be read are named with the reason, and the work goes on without them."""

import contextlib
import io
import json
import os
import re
import selectors
import socket
import struct
import subprocess
import time
import unittest
import zipfile

from harness import DEADLINE, SLOWNESS, Api, LonghandTest, wait_until

# `./dev test --chaos` sends 100 of 50 MB.
UPLOADS = int(os.environ.get("UPLOADS", "20"))
UPLOAD_MB = int(os.environ.get("UPLOAD_MB", "4"))
MB = 1 << 20

GOOD = b"# Bees\n\nBees live in hives. A hive has one queen. In summer the bees gather nectar and make honey.\n"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(40)
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def part(name, data, file_name=None, more=b""):
    """One part of a multipart body with the boundary XX. Names are bytes or text."""
    head = b'--XX\r\nContent-Disposition: form-data; name="' + encoded(name) + b'"'
    head += b'; filename="' + encoded(file_name) + b'"' if file_name is not None else b""
    return head + b"\r\n" + more + b"\r\n" + encoded(data) + b"\r\n"


def encoded(text):
    return text if isinstance(text, bytes) else text.encode()


def form(*parts):
    return b"".join(parts) + b"--XX--\r\n"


def pdf(pages, content=None, coding=b""):
    """A PDF of so many pages, each with a line of text, or with this content, which `coding` packs."""
    objects, kids = [], []
    for page in range(pages):
        drawn = content or b"BT /F 12 Tf 72 720 Td (A line of page %d.) Tj ET" % (page + 1)
        number = 5 + 2 * page
        kids.append(b"%d 0 R" % number)
        objects.append(b"%d 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R/Resources"
                       b"<</Font<</F 3 0 R>>/XObject<</Im 4 0 R>>>>>> endobj\n%d 0 obj <<%b/Length %d>> stream\n%b\nendstream endobj\n"
                       % (number, number + 1, number + 1, coding, len(drawn), drawn))  # fmt: skip
    fixed = (b"%%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Kids[%b]/Count %d>> endobj\n"
             b"3 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj\n"
             b"4 0 obj <</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>> stream\n"
             b"x\nendstream endobj\n" % (b" ".join(kids), pages))  # fmt: skip
    return fixed + b"".join(objects) + b"trailer <</Root 1 0 R>>\n%%EOF\n"


# A page that is an image alone.
SCAN = b"q 400 0 0 400 50 50 cm /Im Do Q"


def docx(text_bytes=20):
    """A Word document of one paragraph of so many bytes, packed as tightly as may be."""
    package = "http://schemas.openxmlformats.org/package/2006/"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    types = (f'<Types xmlns="{package}content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
             f'relationships+xml"/><Override PartName="/word/document.xml" ContentType="{WORD}.main+xml"/></Types>')  # fmt: skip
    links = f'<Relationships xmlns="{package}relationships"><Relationship Id="r" Type="{office}" Target="word/document.xml"/></Relationships>'
    start = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", types)
        archive.writestr("_rels/.rels", links)
        with archive.open("word/document.xml", "w") as document:
            document.write(start)
            for at in range(0, text_bytes, MB):
                document.write(b"a" * min(MB, text_bytes - at))
            document.write(b"</w:t></w:r></w:p></w:body></w:document>")
    return out.getvalue()


class Uploads(LonghandTest):
    def setUp(self):
        super().setUp()
        self.server = self.serve(*self.options)
        self.api = Api(self.server.url, self.token())
        self.project = self.new_project()

    # Its jobs stay queued.
    options = ("--workers", "0")

    def new_project(self):
        return self.api.post("/api/createProject", {"newProjectName": "A project"})["id"]

    def stored(self):
        return sorted(path.name for path in (self.data / "uploads").glob("*"))

    def listed(self):
        return self.api.get(f"/api/getProjectFiles?projectId={self.project}")

    def descriptors(self):
        """Open in the server, but for the database's: two that read at the same moment open a connection more, which stays."""
        folder, count = f"/proc/{self.server.child.pid}/fd", 0
        for name in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                count += "/longhand.db" not in os.readlink(f"{folder}/{name}")
        return count

    def memory_kb(self, name):
        with open(f"/proc/{self.server.child.pid}/status") as status:
            return int(re.search(rf"^{name}:\s+(\d+) kB", status.read(), re.M).group(1))

    def head(self, length, content_type="multipart/form-data; boundary=XX", more=""):
        lines = ["POST /api/uploadProjectFiles HTTP/1.1", "Host: 127.0.0.1", "Connection: close", f"Authorization: Bearer {self.api.token}"]
        lines += [f"Content-Type: {content_type}"] if content_type else []
        lines += [f"Content-Length: {length}"] if length is not None else []
        return ("\r\n".join(lines) + f"\r\n{more}\r\n").encode()

    def connect(self):
        return socket.create_connection((self.api.url.hostname, self.api.url.port), timeout=DEADLINE)

    def send(self, body, length=None, half_close=False, head=None, **more):
        """(status, parsed body) of a raw upload; `length` is what the head says of it."""
        with self.connect() as connection:
            connection.sendall((head or self.head(len(body) if length is None else length, **more)) + body)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            return read_answer(connection)

    def upload(self, *files, status=200):
        return self.api.upload(self.project, files, status)


def read_answer(connection):
    data = b""
    while piece := connection.recv(65536):
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), json.loads(body)


class Outcomes(Uploads):
    def test_each_file_has_its_own(self):
        answer = self.upload(("good.md", GOOD), ("empty.txt", b""), ("same.md", GOOD), ("notes.txt", PNG), ("locked.docx", OLE), status=207)
        self.assertEqual([file["file_name"] for file in answer["files"]], ["good.md"])
        summary = answer["summary"]
        self.assertEqual((summary["total_files"], summary["successful_uploads"], summary["failed_uploads"]), (5, 1, 4))
        errors = {error["file_name"]: error["error"] for error in summary["errors"]}
        for name, word in (("empty.txt", "empty"), ("same.md", "same bytes"), ("notes.txt", "type"), ("locked.docx", "password")):
            self.assertIn(word, errors[name])
            self.assertIn(f"'{name}'", errors[name])
        self.assertEqual([file["file_name"] for file in self.listed()], ["good.md"])
        self.assertEqual(len(self.stored()), 1)

    def test_when_all_fail_the_status_says_why(self):
        self.upload(("good.md", GOOD))
        for files, status, code in (
            ([("other name.txt", GOOD)], 409, "duplicate"), ([("a.txt", b"")], 400, "upload_failed"), ([("a.txt", PNG)], 415, "unsupported_file_type"),
            ([("big.txt", b"x" * (50 * MB + 1))], 413, "file_too_large"), ([("a.txt", b""), ("b.txt", PNG)], 400, "upload_failed"), ([], 400, "no_files"),
        ):  # fmt: skip
            answer = self.upload(*files, status=status)
            self.assertEqual((answer["code"], answer["error"], answer["files"]), (code, answer["message"], []))
            self.assertEqual([error["file_name"] for error in answer["summary"]["errors"]], [name for name, _ in files])
        self.assertEqual(len(self.stored()), 1)

    def test_the_same_bytes_may_be_in_another_project_and_back_after_removal(self):
        file = self.upload(("good.md", GOOD))["files"][0]
        self.api.upload(self.new_project(), [("good.md", GOOD)])
        self.api.call("DELETE", f"/api/deleteProjectFile?fileId={file['id']}")
        self.upload(("good.md", GOOD))

    def test_files_lie_under_random_names(self):
        files = self.upload(("notes.md", GOOD), ("a/path/of/mine.md", b"Text."))["files"]
        self.assertEqual([file["file_name"] for file in files], ["notes.md", "mine.md"])
        for file, data in zip(files, (GOOD, b"Text."), strict=True):
            self.assertRegex(file["storage_path"], r"\Auploads/[0-9a-f]{32}\Z")
            path = self.data / file["storage_path"]
            self.assertEqual((path.read_bytes(), path.stat().st_mode & 0o777), (data, 0o600))

    def test_a_type_is_told_by_content(self):
        for name, data, kind in (
            ("notes.txt", pdf(1), "application/pdf"), ("upload", docx(), WORD), ("letter.pdf", docx(), WORD), ("report.pdf", b"Only text.", "text/plain"),
            ("page.txt", b"<!doctype html><p>Text.</p>", "text/html"), ("data.json", b'{"a": 1}', "application/json"),
            ("about.md", b"# PDF\n\nIt begins with %PDF-1.7.\n", "text/markdown"), ("a.txt", b"ID3 is a tag.", "text/plain"),
            ("a.bin", b"@PJL\r\n" + pdf(1).replace(b"\n", b"\n%\xe2\xe3\xcf\xd3\n", 1), "application/pdf"),
        ):  # fmt: skip
            self.project = self.new_project()
            self.assertEqual(self.upload((name, data))["files"][0]["file_type"], kind, name)

    def test_names_of_every_kind_come_as_they_were_sent(self):
        names = ["naïve.md", "Пчёлы.txt", "שלום.txt", 'a"b.txt', "x" * 251 + ".txt", "a;b=c.txt", "…", "50%25 %2522.txt"]
        parts = [part("file", f"Text {i}.", name.replace('"', '\\"')) for i, name in enumerate(names)]
        parts.append(part("file", "Of a browser.", "the %22first%22%0D%0Aof two.txt"))
        names.append('the "first"__of two.txt')
        parts.append(b"--XX\r\nContent-Disposition: form-data; name=files; filename*=utf-8''na%C3%AFf.md\r\n\r\nOf an old client.\r\n")
        status, answer = self.send(form(part("projectId", self.project), *parts))
        self.assertEqual(status, 200, answer)
        self.assertEqual([file["file_name"] for file in answer["files"]], [*names, "naïf.md"])

    def test_a_field_without_a_chosen_file_is_none(self):
        nothing = part("files", b"", "", b"Content-Type: application/octet-stream\r\n")
        status, answer = self.send(form(part("projectId", self.project), nothing, part("files", GOOD, "good.md")))
        self.assertEqual((status, answer["summary"]["total_files"]), (200, 1), answer)
        status, answer = self.send(form(part("projectId", self.project), nothing))
        self.assertEqual((status, answer["code"]), (400, "no_files"))

    def test_what_looks_like_a_boundary_within_a_line_is_data(self):
        data = b"--XX\r\n--X\r\n-- XX\r\na--XX--\r\n\r\n--XY"
        status, answer = self.send(form(part("files", b"-" + data, "a.txt"), part("projectId", self.project)))
        self.assertEqual((status, answer["files"][0]["file_size"]), (200, len(data) + 1), answer)


class BadMultipart(Uploads):
    """A clear 400; nothing stored, no row, no descriptor."""

    def setUp(self):
        super().setUp()
        self.api.get("/api/jobs")
        self.before = self.descriptors()

    def refused(self, what, body, word, field=None, **more):
        status, answer = self.send(body, **more)
        with self.subTest(what):
            self.assertEqual((status, answer["error"]), (400, answer["message"]), answer)
            self.assertIn(word, answer["message"])
            self.assertEqual(answer.get("field"), field)
            if answer["code"] != "bad_request":  # which the connection gives
                self.assertEqual((answer["files"], answer["summary"]["successful_uploads"]), ([], 0), answer)
                self.assertIsInstance(answer["summary"]["errors"], list)
            self.assertEqual(self.stored(), [])
        return answer

    def nothing_is_left(self):
        self.assertEqual((self.stored(), self.listed()), ([], []))
        wait_until(lambda: self.descriptors() <= self.before, f"{self.before} descriptors, not {self.descriptors()}", 5 * SLOWNESS)

    def test_of_its_form(self):
        owner, good = part("projectId", self.project), part("files", GOOD, "good.md")
        whole = form(owner, good)
        unnamed = b'--XX\r\nContent-Disposition: form-data; filename="a.md"\r\n\r\nText.\r\n'
        for kind in ("multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; charset=utf-8", "multipart/form-data; boundary=" + "x" * 71):
            self.refused(kind, whole, "boundary", content_type=kind)
        self.refused("another boundary", whole, "ends before its last boundary", content_type="multipart/form-data; boundary=YY")
        self.refused("no parts", b"", "ends before its last boundary")
        self.refused("a boundary in the data", form(owner, good, part("files", b"Text.\r\n--XX of mine\r\nMore.", "b.md")), "behind a boundary")
        self.refused("no name", form(owner, good, unnamed), "Content-Disposition")
        self.refused("an empty name", form(owner, good, part("", b"Text.", "a.md")), "Content-Disposition")
        self.refused("no disposition", form(owner, good, b"--XX\r\nContent-Type: text/plain\r\n\r\nText.\r\n"), "Content-Disposition")
        self.refused("another disposition", form(owner, b"--XX\r\nContent-Disposition: attachment; name=files; filename=a\r\n\r\nText.\r\n"), "form-data")
        self.refused("a NUL in a part's name", form(owner, good, part(b"fi\0les", b"Text.", "a.md")), "NUL")
        self.refused("a header without end", b"--XX\r\nContent-Disposition: " + b"x" * 20_000, "longer than 8192")
        self.refused("too many parts", form(owner, *[part("note", b"x")] * 1001), "more than 1000 parts")
        self.refused("no project", form(good), "projectId", "projectId")
        self.refused("two projects", form(owner, owner, good), "twice", "projectId")
        self.refused("a project that is none", form(part("projectId", b"\0\0"), good), "UUID", "projectId")
        self.refused("a long project", form(part("projectId", self.project + "0" * 9000), good), "UUID", "projectId")
        self.refused("text for a file", form(owner, good, part("file", b"Text.")), "filename", "file")
        self.nothing_is_left()

    def test_of_its_names(self):
        owner, good = part("projectId", self.project), part("files", GOOD, "good.md")
        for name, word in (("../a.md", "'..'"), ("../../../../etc/passwd", "'..'"), ("..", "'..'"), ("a\\..\\..\\b.md", "'..'"), ("x" * 4000, "4000 characters"),
                           ("ü" * 256, "256 characters"), ("\u202eidm.exe", "direction"), ("a\u200fb.md", "direction"), ("\u2067a", "direction")):  # fmt: skip
            escaped = name.replace("\\", "\\\\")
            answer = self.refused(name[:20], form(owner, good, part("files", b"Text.", escaped)), word, "files")
            self.assertNotIn("\u202e", answer["message"])
        extended = b"--XX\r\nContent-Disposition: form-data; name=files; filename*=utf-8''"
        for name, word in ((b"a%00.md", "NUL"), (b"..%2Fa.md", "'..'"), (b"%E2%80%AEa.md", "direction")):
            self.refused(name, form(owner, good, extended + name + b"\r\n\r\nText.\r\n"), word, "files")
        latin = b"--XX\r\nContent-Disposition: form-data; name=files; filename*=ISO-8859-1''na%EFve.md\r\n\r\nText.\r\n"
        self.refused("another charset", form(owner, good, latin), "charset 'ISO-8859-1'", "files")
        self.refused("NUL", form(owner, good, part("files", b"Text.", b"a\0.md")), "NUL")
        self.nothing_is_left()

    def test_of_its_length(self):
        whole = form(part("projectId", self.project), part("files", GOOD, "good.md"), part("file", b"Text.", "a.md"))
        for cut in (1, 50, len(whole) // 2, len(whole) - 12):
            self.refused(f"stops at {cut}", whole[:cut], "closed before", length=len(whole), half_close=True)
        self.refused("says less", whole, "ends before its last boundary", length=len(whole) - 40)
        self.refused("says more", whole, "closed before", length=len(whole) + 40, half_close=True)
        for said in ("Content-Length: none\r\n", "Content-Length: -1\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n"):
            self.refused(said, whole, "", head=self.head(None, more=said))
        chunked = self.head(None, more="Transfer-Encoding: chunked\r\n")
        self.refused("a broken chunk", b"xyz\r\n" + whole, "HTTP/1.1", head=chunked)
        self.refused("no last chunk", b"%x\r\n%b\r\n" % (len(whole), whole), "closed before", head=chunked, half_close=True)
        self.nothing_is_left()

    def test_of_a_client_that_is_gone(self):
        whole = form(part("projectId", self.project), part("files", GOOD, "good.md"), part("file", b"x" * 300_000, "a.md"))
        for cut in (len(whole) // 2, len(whole) - 3):
            with self.connect() as connection:
                connection.sendall(self.head(len(whole)) + whole[:cut])
                wait_until(self.stored, "the file that is whole")
                # Closed at once, with a reset.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            wait_until(lambda: not self.stored(), "nothing stored")
        self.nothing_is_left()

    def test_of_anothers_project(self):
        other = Api(self.server.url, self.user("other@example.org"))
        theirs = other.post("/api/createProject", {"newProjectName": "Theirs"})["id"]
        self.before = self.descriptors()
        self.assertEqual(self.send(form(part("files", GOOD, "good.md"), part("projectId", theirs)))[0], 404)
        self.assertEqual(other.get(f"/api/getProjectFiles?projectId={theirs}"), [])
        self.nothing_is_left()


@unittest.skipIf(SLOWNESS > 1, "a sanitizer's memory says nothing of ours")
class Memory(Uploads):
    def test_does_not_grow_with_what_is_sent(self):
        """All at once, a piece of each in turn, so that every one is under way to the end."""
        before, started = self.descriptors(), time.monotonic()
        resident = self.memory_kb("VmRSS")
        with open(f"/proc/{self.server.child.pid}/clear_refs", "w") as clear:
            clear.write("5")  # the peak begins anew
        answers = self.send_all_at_once()
        grown_mb = (self.memory_kb("VmHWM") - resident) / 1024
        seconds = time.monotonic() - started
        print(f"{UPLOADS} uploads of {UPLOAD_MB} MB at once: {grown_mb:.1f} MB of memory, {UPLOADS * UPLOAD_MB / seconds:.0f} MB/s", flush=True)
        for status, answer in answers:
            self.assertEqual((status, answer["files"][0]["file_size"]), (200, UPLOAD_MB * MB), answer)
        self.assertEqual(len(self.stored()), UPLOADS)
        self.assertLess(grown_mb, max(20, UPLOADS))
        wait_until(lambda: self.descriptors() <= before, "the descriptors of before")

    def send_all_at_once(self):
        piece = b"Bees live in hives. A hive has one queen. In summer they make honey.\n" * 950
        connections = []
        for i in range(UPLOADS):
            start, end = part("projectId", self.project) + part("files", b"", f"{i}.txt")[:-2], b"\r\n--XX--\r\n"
            connection = self.connect()
            self.addCleanup(connection.close)
            first = b"%16d\n" % i
            connection.sendall(self.head(len(start) + UPLOAD_MB * MB + len(end)) + start + first)
            connections.append([connection, UPLOAD_MB * MB - len(first), end])
        with selectors.DefaultSelector() as selector:
            for one in connections:
                one[0].setblocking(False)
                selector.register(one[0], selectors.EVENT_WRITE, one)
            while selector.get_map():
                for key, _ in selector.select():
                    self.send_piece(selector, key.data, piece)
        for connection, _, _ in connections:
            connection.settimeout(DEADLINE)
        return [read_answer(connection) for connection, _, _ in connections]

    def send_piece(self, selector, one, piece):
        connection, left, end = one
        if left > 0:
            one[1] -= connection.send(piece[:left])
            return
        one[2] = end[connection.send(end):]  # fmt: skip
        if not one[2]:
            selector.unregister(connection)


class Unreadable(Uploads):
    options = ()

    def encrypted(self):
        plain, locked = self.folder / "plain.pdf", self.folder / "locked.pdf"
        plain.write_bytes(pdf(2))
        # It mends a file without a table of objects, with a warning and status 3.
        done = subprocess.run(["qpdf", "--encrypt", "a word", "another", "256", "--", plain, locked], timeout=DEADLINE, capture_output=True)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        return locked.read_bytes()

    def start_work(self, *files, status=200):
        self.upload(*files, status=status)
        order = {"projectId": self.project, "prompt": "Write a short guide to bees.", "author": "A", "email": "a@example.org", "page_length": 1}
        return self.api.post("/api/generateWizardWork", order)["jobId"]

    def test_files_are_named_with_the_reason_and_the_rest_goes_on(self):
        bad = {
            "damaged.pdf": (b"%PDF-1.7\n" + GOOD, "damaged"),
            "damaged.docx": (docx(9 * MB)[:-60], "damaged"),
            "locked.pdf": (self.encrypted(), "password"),
            "bomb.docx": (docx(250 * MB), "unpacks to more than 200 MB"),
            "long.pdf": (pdf(10_000), "5,000 pages"),
            "scan.pdf": (pdf(3, SCAN), "OCR"),
            "blank.txt": (b" \n\n\t", "no text"),
        }
        files = [(name, data) for name, (data, _) in bad.items()]
        job = self.start_work(*files, ("good.md", GOOD), ("empty.txt", b""), status=207)
        done = self.api.wait_for(job, "completed", "failed")
        self.assertEqual(done["status"], "completed", done)
        sheet = json.loads(self.api.raw("GET", f"/api/jobs/{job}/output.quality.json")[2])
        unread = {one["name"]: one["reason"] for one in sheet["sources_unread"]}
        self.assertEqual(set(unread), set(bad))
        for name, (_, word) in bad.items():
            self.assertTrue(unread[name].startswith(name), unread[name])
            self.assertIn(word, unread[name])
        self.assertEqual([one["name"] for one in sheet["sources"]], ["good.md"])

    def test_the_same_bytes_are_read_by_each_name_and_tell_of_no_other(self):
        data = GOOD.replace(b"# Bees", b"## Bees").replace(b"honey", b"**honey**")
        for name, kind in (("draft for client Smith.txt", "text"), ("public.md", "markdown"), ("other.md", "markdown")):
            self.project = self.new_project()
            job = self.start_work((name, data))
            done = self.api.wait_for(job, "completed", "failed")
            self.assertEqual(done["status"], "completed", done)
            source = json.loads(self.api.raw("GET", f"/api/jobs/{job}/output.quality.json")[2])["sources"][0]
            self.assertEqual((source["name"], source["title"]), (name, name))
            text = self.api.raw("GET", f"/api/jobs/{job}/output.md")[2].decode()
            self.assertIn(name, text)
            self.assertEqual("Smith" in text, kind == "text", text[-600:])
            passage = self.api.get(f"/api/getPassage?jobId={job}&passageId={source['passage_ids'][0]}")
            self.assertEqual((passage["title"], passage["kind"]), (name, kind))
            self.assertEqual("**" in passage["text"], kind == "text", passage)

    def test_a_work_whose_sources_are_all_unreadable_says_which(self):
        job = self.start_work(("scan.pdf", pdf(1, SCAN)), ("damaged.pdf", b"%PDF-1.7\nnothing"))
        failed = self.api.wait_for(job, "failed", "completed")
        self.assertEqual(failed["status"], "failed")
        for word in ("scan.pdf", "OCR", "damaged.pdf"):
            self.assertIn(word, failed["error_message"])


if __name__ == "__main__":
    unittest.main()
