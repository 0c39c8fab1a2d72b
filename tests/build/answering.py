"""A server on loopback that answers the smoke check as the function does, but for what a test has it do wrong."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

RIGHT: Mapping[str, tuple[int, bytes]] = {
    "/health": (200, b'{"status": "ok"}'),
    "/conferences": (401, b'{"error": "unauthenticated"}'),
    "/notifications": (404, b'{"error": "not found"}'),
}


@dataclass
class Answering:
    """What is wrong with which path: `status`, `body`, `hangs`, and `times`, after which it is right again."""

    wrong: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    asked: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    def answer(self, path: str) -> tuple[int, bytes]:
        self.asked += 1
        status, body = RIGHT.get(path, (404, b'{"error": "not found"}'))
        wrong = self.wrong.get(path, {})
        if self.asked > wrong.get("times", self.asked):
            return status, body
        if wrong.get("hangs"):
            self.released.wait(60)
        return wrong.get("status", status), wrong.get("body", body)


@contextmanager
def answering(how: Answering) -> Iterator[str]:
    """Its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = how.answer(self.path.partition("?")[0])
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            how.released.set()
            server.shutdown()
            thread.join()
