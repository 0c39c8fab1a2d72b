"""A conferencing system on loopback over real HTTP, with somebody on the wire who may spoil any reply."""

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree


@dataclass(frozen=True)
class Asked:
    """A request as it came off the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    def json(self) -> Any:
        return json.loads(self.body)


def asked_for(url: str) -> Asked:
    """What a browser asks that is sent to `url`."""
    parts = urlsplit(url)
    return Asked("GET", f"{parts.path}?{parts.query}", {"Host": parts.netloc}, b"")


@dataclass(frozen=True)
class Answer:
    """A reply before it goes onto the wire."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, status: int, value: Any, **headers: str) -> "Answer":
        given = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(status, json.dumps(value).encode(), {"Content-Type": "application/json", **given})

    def raw(self, closing: bool = False) -> bytes:
        """The whole reply as bytes, framed by its length; `closing` says that the connection ends with it."""
        headers = {**self.headers, "Connection": "close"} if closing else self.headers
        lines = [f"HTTP/1.1 {self.status} X", *(f"{name}: {text}" for name, text in headers.items())]
        return "\r\n".join([*lines, f"Content-Length: {len(self.body)}", "", ""]).encode() + self.body


System = Callable[[Asked], Answer]


@dataclass(frozen=True)
class Onto:
    """The wire's end of one exchange, for a spoiler to write to."""

    connection: socket.socket
    answer: Callable[[], Answer]
    over: threading.Event

    def drip(self, data: bytes) -> None:
        """One byte at a time, for as long as somebody listens."""
        with suppress(OSError):
            for byte in data:
                if self.over.wait(0.02):
                    return
                self.connection.sendall(bytes((byte,)))


Spoiler = Callable[[Onto], None]


class Wire:
    """Carries each request to the system and the answer back; what `spoil` names is spoiled instead. Port 0 is any."""

    def __init__(self, system: System, port: int = 0) -> None:
        self.system = system
        self.asked: list[Asked] = []
        self.connections = 0
        self._spoils: Callable[[Asked], bool] = lambda asked: False
        self._spoiler: Spoiler | None = None
        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler(), bind_and_activate=True)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def spoil(self, spoiler: Spoiler | None, which: Callable[[Asked], bool] = lambda asked: True) -> None:
        """From now on have `spoiler` write what it likes in place of the answers to `which`; None is honest again."""
        self._spoiler, self._spoils = spoiler, which

    @contextmanager
    def running(self) -> Iterator["Wire"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._server.shutdown()
            thread.join()
            self._server.socket.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                wire.connections += 1

            def handle(self) -> None:
                with suppress(OSError):
                    super().handle()

            def exchange(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                asked = Asked(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
                wire.asked.append(asked)
                if wire._spoiler and wire._spoils(asked):
                    wire._spoiler(Onto(self.connection, lambda: wire.system(asked), wire._over))
                    self.close_connection = True
                else:
                    self.connection.sendall(wire.system(asked).raw())

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = exchange

            def log_message(self, *args: object) -> None:
                pass

        return Handler


def says(answer: Answer) -> Spoiler:
    """Another answer than the system's, which is not asked."""
    return lambda onto: onto.connection.sendall(answer.raw(closing=True))


def changes(edit: Callable[[Any], Any]) -> Spoiler:
    """The system's own answer, its JSON edited, or the list of the texts in its XML."""

    def spoil(onto: Onto) -> None:
        answer = onto.answer()
        if "xml" in answer.headers.get("Content-Type", ""):
            edited = Answer(answer.status, _edited_xml(answer.body, edit), answer.headers)
        else:
            edited = Answer.json(answer.status, edit(json.loads(answer.body)))
        onto.connection.sendall(edited.raw(closing=True))

    return spoil


def _edited_xml(body: bytes, edit: Callable[[Any], Any]) -> bytes:
    root = ElementTree.fromstring(body)
    written = [element for element in root.iter() if element.text]
    for element, text in zip(written, edit([element.text for element in written]), strict=True):
        element.text = re.sub("[\x00-\x1f]", "", str(text))
    return ElementTree.tostring(root)


def each_text(edit: Callable[[str], Any]) -> Callable[[Any], Any]:
    """An edit of a JSON value that edits each text in it, wherever it stands."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: walk(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner) for inner in value]
        return edit(value) if isinstance(value, str) else value

    return walk


def stays_silent(onto: Onto) -> None:
    """The request is taken and never answered."""
    onto.over.wait(30)


def drips_headers(onto: Onto) -> None:
    onto.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: yes\r\n" * 500)


def drips_body(onto: Onto) -> None:
    onto.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n")
    onto.drip(b" " * 9000)


def hangs_up(onto: Onto) -> None:
    """The connection closes without a word."""


def acts_and_hangs_up(onto: Onto) -> None:
    """The system does what it was asked, and its answer is lost."""
    onto.answer()


def answers_half(onto: Onto) -> None:
    raw = onto.answer().raw()
    onto.connection.sendall(raw[: -max(1, len(onto.answer().body) // 2)])
