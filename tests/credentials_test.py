"""Who is let in and who is not: every bad credential is a 401 that no log repeats; a rotated secret ends nobody's session."""

import base64
import hashlib
import hmac
import http.client
import json
import stat
import time
import unittest
import uuid

from harness import Api, LonghandTest, run, wait_until

ABSENT = None


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(header, claims, secret, digest="sha256"):
    """A token of any header and claims: dicts, or their text where JSON alone would not do."""
    texts = [text if isinstance(text, str) else json.dumps(text) for text in (header, claims)]
    body = ".".join(base64url(text.encode()) for text in texts)
    return body + "." + base64url(hmac.new(secret, body.encode(), digest).digest())


class Credentials(LonghandTest):
    def setUp(self):
        super().setUp()
        self.server = self.serve("--log-level", "debug")
        self.api = Api(self.server.url, self.token())
        self.secret = bytes.fromhex((self.data / "secret").read_text().split()[0])
        header, claims, _ = self.api.token.split(".")
        self.header = json.loads(base64.urlsafe_b64decode(header + "=="))
        self.claims = json.loads(base64.urlsafe_b64decode(claims + "=="))

    def ask(self, headers, path="/api/jobs"):
        connection = http.client.HTTPConnection(self.api.url.hostname, self.api.url.port, timeout=30)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("www-authenticate"), json.loads(answer.read())
        finally:
            connection.close()

    def of(self, **claims):
        """Signed as it should be, with other claims; ABSENT leaves one out."""
        merged = self.claims | claims
        return signed(self.header, {k: v for k, v in merged.items() if v is not ABSENT}, self.secret)

    def under(self, header, **kwargs):
        return signed(header, self.claims, self.secret, **kwargs)

    def bad_tokens(self):
        good, now = self.api.token, int(time.time())
        header, claims, signature = good.split(".")
        kid = self.header["kid"]
        flipped = signature[:9] + ("A" if signature[9] != "A" else "B") + signature[10:]
        claims_text = json.dumps(self.claims)
        twice = claims_text[:-1] + f', "exp": {now + 9999999}}}'
        return {
            "a word": "nonsense-canary-0123456789",
            "two parts": header + "." + claims,
            "four parts": good + "." + signature,
            "alg none without signature": base64url(b'{"alg":"none","typ":"JWT"}') + "." + claims + ".",
            "alg none with a signature": self.under(self.header | {"alg": "none"}),
            "alg None": self.under(self.header | {"alg": "None"}),
            "RS256 in the header of an HMAC": self.under(self.header | {"alg": "RS256"}),
            "ES256 in the header of an HMAC": self.under(self.header | {"alg": "ES256"}),
            "HS512, made as it says": self.under(self.header | {"alg": "HS512"}, digest="sha512"),
            "no alg": self.under({"typ": "JWT", "kid": kid}),
            "two algs": self.under(f'{{"alg":"none","alg":"HS256","kid":"{kid}"}}'),
            "an extension that must be understood": self.under(self.header | {"crit": ["exp"]}),
            "a key of its own": signed(self.header | {"jwk": {"kty": "oct", "k": base64url(b"k" * 32)}}, self.claims, b"k" * 32),
            "another secret": signed(self.header, self.claims, b"another secret of 32 bytes, say."),
            "an empty secret": signed(self.header, self.claims, b""),
            "the kid as the secret": signed(self.header, self.claims, kid.encode()),
            "expired": self.of(exp=now - 61),
            "expired long ago": self.of(exp=0),
            "not yet valid": self.of(nbf=now + 120),
            "exp as a string": self.of(exp=str(now + 3600)),
            "exp as a list": self.of(exp=[now + 3600]),
            "no exp": self.of(exp=ABSENT),
            "another audience": self.of(aud="another"),
            "other audiences": self.of(aud=["another", "and another"]),
            "no audience": self.of(aud=ABSENT),
            "no subject": self.of(sub=ABSENT),
            "a subject that is no id": self.of(sub="owner@localhost"),
            "a subject that is nobody": self.of(sub=str(uuid.uuid4())),
            "a claim twice": signed(self.header, twice, self.secret),
            "claims that are a list": signed(self.header, "[]", self.secret),
            "claims that are no JSON": signed(self.header, claims_text[:-1], self.secret),
            "claims as deep as a well": signed(self.header, "[" * 2000 + "]" * 2000, self.secret),
            "cut at its end": good[:-1],
            "cut in its claims": header + "." + claims[:-4] + "." + signature,
            "a bit of the signature": f"{header}.{claims}.{flipped}",
            "a bit of the claims": f"{header}.{claims[:20]}{'A' if claims[20] != 'A' else 'B'}{claims[21:]}.{signature}",
            "no base64": f"{header}.{claims[:-2]}!*.{signature}",
            "padded base64": f"{header}.{claims}.{signature}=",
            "the other base64": good.replace("-", "+").replace("_", "/") + "+/",
            "kid: a path": self.under(self.header | {"kid": "../../../../../../dev/null"}),
            "kid: a path, and what lies there": signed(self.header | {"kid": "/dev/null"}, self.claims, b""),
            "kid: SQL": self.under(self.header | {"kid": "' UNION SELECT 'key' --"}),
            "kid: 10 KB": self.under(self.header | {"kid": "k" * 10_000}),
            "kid: a number": self.under(self.header | {"kid": 7}),
            "kid: null": self.under(self.header | {"kid": None}),
            "kid: empty": self.under(self.header | {"kid": ""}),
            "kid: with a NUL": self.under(self.header | {"kid": kid + "\x00"}),
            "12 KB": self.of(more="m" * 9_000),
            "100 KB": self.of(more="m" * 75_000),
            "a key that is mistyped": "dw_" + "k" * 49,
            "a key that nobody has": "dw_" + "k" * 43 + hashlib.sha256(b"k" * 43).hexdigest()[:6],
        }

    def test_a_bad_credential_is_a_401_that_says_what_to_send_and_is_in_no_log(self):
        self.assertEqual(self.ask({"Authorization": "Bearer " + self.of()})[0], 200, "the table's own tokens are good but for one thing")
        self.assertEqual(self.ask({"Authorization": "Bearer " + self.of(exp=int(time.time()) - 50)})[0], 200, "within the leeway")
        tokens = self.bad_tokens()
        cases = {name: {"Authorization": "Bearer " + token} for name, token in tokens.items()}
        cases |= {f"{name}, bare": {"Authorization": tokens[name]} for name in ("expired", "RS256 in the header of an HMAC", "100 KB")}
        cases |= {f"{name}, as a key": {"x-api-key": tokens[name]} for name in ("expired", "a key that nobody has", "100 KB")}
        cases |= {"none": {}, "empty": {"Authorization": ""}, "the scheme alone": {"Authorization": "Bearer"}, "an empty token": {"Authorization": "Bearer  "},
                  "two bad ones": {"Authorization": "Bearer " + tokens["expired"], "x-api-key": tokens["a key that nobody has"]},
                  "basic": {"Authorization": "Basic " + base64.b64encode(b"owner@localhost:canary").decode()},
                  "another scheme": {"Authorization": "Digest " + self.api.token},
                  "in a cookie": {"Cookie": "token=" + self.api.token}}  # fmt: skip
        for name, headers in cases.items():
            with self.subTest(name):
                status, challenge, body = self.ask(headers)
                self.assertEqual((status, challenge, body["code"]), (401, "Bearer", "unauthorized"))
                for value in headers.values():
                    self.assertFalse(len(value) > 12 and value.split()[-1] in json.dumps(body), "the answer repeats it")
        status, challenge, _ = self.ask({}, "/api/jobs?token=" + self.api.token)
        self.assertEqual((status, challenge), (401, "Bearer"), "a token in the query")
        self.assertEqual(self.api.raw("GET", "/api/jobs")[0], 200)

        log = self.server.log_text() + "".join(self.server.lines)
        self.assertIn("/api/jobs", log)
        for name, headers in cases.items():
            for value in headers.values():
                for part in value.split()[-1:] + value.split()[-1].split(".") if value.strip() else []:
                    self.assertFalse(len(part) > 12 and part in log, f"{name}: the log has {part[:40]}")
        self.assertNotIn(self.api.token.split(".")[2], log)
        self.assertNotIn(self.secret.hex(), log)

    def test_a_token_that_expires_between_two_requests_of_a_connection(self):
        def answer(token):
            connection.request("GET", "/api/jobs", headers={"Authorization": "Bearer " + token})
            got = connection.getresponse()
            got.read()
            return got.status, got.getheader("www-authenticate")

        connection = http.client.HTTPConnection(self.api.url.hostname, self.api.url.port, timeout=30)
        self.addCleanup(connection.close)
        short = self.of(exp=int(time.time()) - 57)  # three seconds more, with the leeway
        self.assertEqual(answer(short), (200, None))
        sock = connection.sock
        wait_until(lambda: answer(short) == (401, "Bearer"), "the end of the token", seconds=10)
        self.assertEqual(answer(self.api.token), (200, None))
        self.assertIs(connection.sock, sock, "the connection was closed meanwhile")


class Rotation(LonghandTest):
    def rotate(self):
        return run("secret", "rotate", "--data", self.data).stdout

    def secrets(self):
        return [line.split()[0] for line in (self.data / "secret").read_text().splitlines()]

    def test_old_tokens_and_links_hold_beside_a_running_server_and_after_its_restart(self):
        server = self.serve()
        old = Api(server.url, self.token())
        job = old.start_job(pages="2")
        link = old.wait_for(job, "completed")["output_url_pdf"].removeprefix(server.url)
        first = self.secrets()
        self.assertIn(str(self.data / "secret"), self.rotate())
        self.assertEqual(self.secrets()[1:], first)
        self.assertEqual(stat.S_IMODE((self.data / "secret").stat().st_mode), 0o600)

        # At once: the server looks at the file for a key that it does not know.
        new = Api(server.url, self.token())
        self.assertNotEqual(new.token.split(".")[0], old.token.split(".")[0])
        for api in (new, old):
            self.assertEqual(api.status(job)["status"], "completed")
        new_link = wait_until(lambda: (lambda url: url if url != link else None)(
            old.status(job)["output_url_pdf"].removeprefix(server.url)), "links of the new secret", seconds=5)  # fmt: skip
        for path in (link, new_link):
            self.assertEqual(Api(server.url).raw("GET", path)[0], 200)
        self.assertEqual(json.loads(run("list", "--data", self.data, "--json").stdout)["total"], 1)

        server.stop()
        self.rotate()
        server = self.serve()
        for token in (old.token, new.token, self.token()):
            self.assertEqual(Api(server.url, token).status(job)["status"], "completed")
        for path in (link, new_link):
            self.assertEqual(Api(server.url).raw("GET", path)[0], 200)
        for secret in self.secrets():
            self.assertNotIn(secret, server.log_text())

        # Where a secret may be known to others, its file is removed instead.
        server.stop()
        (self.data / "secret").unlink()
        server = self.serve()
        self.assertEqual(Api(server.url, old.token).raw("GET", "/api/jobs")[0], 401)
        self.assertEqual(Api(server.url).raw("GET", link)[0], 403)

    def test_there_has_to_be_a_secret_to_rotate(self):
        self.assertIn(str(self.data / "secret"), run("secret", "rotate", "--data", self.data, status=1).stderr)
        self.assertFalse(self.data.exists())
        run("user", "add", "ann@example.org", "--data", self.data)
        (self.data / "secret").chmod(0o644)
        before = self.secrets()
        self.assertIn("chmod 600", run("secret", "rotate", "--data", self.data, status=1).stderr)
        self.assertEqual(self.secrets(), before)


class RemovedUser(LonghandTest):
    def test_is_out_within_a_second_on_open_streams_too(self):
        model = self.model("--first-token-ms", "60000")
        server = self.serve("--provider", model.url + "/v1")
        api = Api(server.url, self.user("gone@example.org"))
        key = run("key", "gone@example.org", "--data", self.data).stdout.strip()
        job = api.start_job()
        streams = []
        for headers in ({"Authorization": "Bearer " + api.token}, {"x-api-key": key}):
            connection = http.client.HTTPConnection(api.url.hostname, api.url.port, timeout=30)
            self.addCleanup(connection.close)
            connection.request("GET", f"/api/jobs/{job}/events", headers=headers)
            streams.append(connection.getresponse())
            self.assertEqual(streams[-1].status, 200)
        run("user", "remove", "gone@example.org", "--data", self.data)
        removed = time.monotonic()
        # A session is believed for half a second; a key is looked up each time.
        self.assertEqual(api.raw("GET", "/api/jobs", headers={"x-api-key": key})[0], 401)
        wait_until(lambda: api.raw("GET", "/api/jobs")[0] == 401, "the removed user's session is refused")
        for stream in streams:
            stream.read()
        # A busy machine gets as much again.
        self.assertLess(time.monotonic() - removed, 2)


if __name__ == "__main__":
    unittest.main()
