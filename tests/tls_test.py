"""serve under TLS and behind a proxy."""

import contextlib
import http.client
import json
import signal
import ssl
import subprocess
import unittest
import urllib.parse

from harness import DEADLINE, Api, LonghandTest, run, wait_until


class Tls(LonghandTest):
    def certificate(self, name="books.example"):
        """A new certificate in the files `cert.pem` and `key.pem`, for a name that is not the address it is asked by."""
        words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
        words += ["-addext", f"subjectAltName=DNS:{name}", "-keyout", self.folder / "key.pem.new", "-out", self.folder / "cert.pem.new"]
        subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=DEADLINE)
        for file in ("key.pem", "cert.pem"):
            (self.folder / f"{file}.new").rename(self.folder / file)

    def options(self):
        return "--tls-cert", self.folder / "cert.pem", "--tls-key", self.folder / "key.pem"

    def connect(self, server):
        """A connection that trusts the certificate as it is in its file now, and nothing else."""
        context = ssl.create_default_context(cafile=self.folder / "cert.pem")
        url = urllib.parse.urlsplit(server.url)
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=DEADLINE)
        connection.connect()
        connection.sock = context.wrap_socket(connection.sock, server_hostname="books.example")
        return contextlib.closing(connection)

    def ask(self, connection, path, **headers):
        connection.request("GET", path, headers={"Host": "127.0.0.1"} | headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def test_a_server_answers_under_tls_and_its_own_clients_know_it(self):
        self.certificate()
        server = self.serve(*self.options())
        self.assertTrue(server.url.startswith("https://127.0.0.1:"), server.url)
        with self.connect(server) as connection:
            self.assertEqual(self.ask(connection, "/healthz"), (200, b'{"status":"ok"}'))
            self.assertGreaterEqual(connection.sock.version(), "TLSv1.2")
            status, body = self.ask(connection, "/api/jobs", Authorization="Bearer " + self.token())
            self.assertEqual((status, json.loads(body)["total"]), (200, 0))
        listed = run("list", "--data", self.data, "--json")
        self.assertIn("jobs", listed.stdout)
        self.assertIn("jobs", run("list", "--data", self.data, "--json", "--server", server.url).stdout)
        # A server that the folder does not tell of is checked as any other.
        other = run("list", "--data", self.folder / "other", "--server", server.url, "--token", self.token(), status=1)
        self.assertIn("does not answer", other.stderr)
        self.assertEqual(server.stop(), 0)

    def test_a_hangup_reads_the_certificate_again(self):
        self.certificate()
        server = self.serve(*self.options())
        with self.connect(server) as former:
            self.assertEqual(self.ask(former, "/healthz")[0], 200)
            (self.folder / "cert.pem").write_text("nonsense")
            server.child.send_signal(signal.SIGHUP)
            wait_until(lambda: "stays as it was" in server.log_text(), "the failure in the log")
            self.certificate()
            server.child.send_signal(signal.SIGHUP)
            wait_until(lambda: "read again: the TLS certificate" in server.log_text(), "the new certificate")
            with self.connect(server) as connection:
                self.assertEqual(self.ask(connection, "/healthz")[0], 200)
            self.assertEqual(self.ask(former, "/healthz")[0], 200)
        self.assertIn("jobs", run("list", "--data", self.data, "--json").stdout)

    def test_a_hangup_without_tls_ends_nothing(self):
        server = self.serve()
        server.child.send_signal(signal.SIGHUP)
        wait_until(lambda: "SIGHUP" in server.log_text(), "a word in the log")
        self.assertEqual(Api(server.url).get("/healthz"), {"status": "ok"})

    def test_what_is_of_no_use_is_refused_at_the_start(self):
        self.certificate()
        key, cert = self.folder / "key.pem", self.folder / "cert.pem"
        cases = [
            (["--tls-cert", cert], "--tls-key"),
            (["--tls-key", key], "--tls-cert"),
            (["--tls-cert", self.folder / "none", "--tls-key", key], "No such file"),
            (["--tls-cert", cert, "--tls-key", cert], "no private key"),
            (["--tls-cert", key, "--tls-key", key], "no certificate"),
            (["--trusted-proxy", "10.0.0.0/8,proxy.example"], "'proxy.example'"),
        ]
        for words, said in cases:
            self.assertIn(said, run("serve", "--data", self.data, *words, status=2).stderr, words)

    def test_a_trusted_proxy_is_believed_and_nobody_else_is(self):
        headers = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "books.example"}
        server = self.serve("--trusted-proxy", "10.0.0.0/8, 127.0.0.1")
        api = Api(server.url, self.token())
        job = api.start_job(pages="1-2")
        api.wait_for(job, "completed")
        for sent, base in ((headers, "https://books.example/"), ({}, server.url + "/")):
            _, _, body = api.raw("GET", f"/api/getJobStatus?jobId={job}", headers=sent)
            self.assertTrue(json.loads(body)["output_url_pdf"].startswith(base), body)
        wait_until(lambda: any("getJobStatus" in line and line.rstrip().endswith(" 192.0.2.7") for line in server.log_text().splitlines()), "the client's address")
        # The check of Host is of Host alone.
        status, _, _ = api.raw("GET", "/healthz", headers=headers | {"Host": "evil.example", "X-Forwarded-Host": "127.0.0.1"})
        self.assertEqual(status, 403)
        self.assertEqual(server.stop(), 0)
        server = self.serve("--trusted-proxy", "10.0.0.0/8", "--log-format", "text")
        _, _, body = Api(server.url, self.token()).raw("GET", f"/api/getJobStatus?jobId={job}", headers=headers)
        self.assertTrue(json.loads(body)["output_url_pdf"].startswith(server.url), body)
        self.assertNotIn("192.0.2.7", server.log_text())


if __name__ == "__main__":
    unittest.main()
