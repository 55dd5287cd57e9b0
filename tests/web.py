"""A web server of the tests' own: pages for links, and a receiver for webhooks."""

import http.server
import threading


class Web:
    """Answers on loopback until it is closed. `answer(request)` gives (status, headers, body); it may be changed at any time."""

    def __init__(self, answer=None):
        self.requests = []
        self.answer = answer or (lambda request: (204, {}, b""))
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                request = {"method": self.command, "path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body.decode()}
                web.requests.append(request)
                status, headers, answer = web.answer(request)
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(answer))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                """Who asked may have gone before the answer."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def asked(self, path):
        return sum(request["path"] == path for request in self.requests)

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
