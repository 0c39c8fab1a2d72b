"""The function as it is deployed: a process under functions-framework's server, and what odd clients do to it."""

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench.process import Running, connect, running
from dev.local import free_port
from simulator import faults
from simulator.server import Simulator
from tests import simulating
from tests.raw_http import Reply, head, read
from tests.world import LOGO, toml

ROOT = Path(__file__).parents[1]
PUBLIC_URL = "http://localhost:8080"
START_LIMIT = 30.0
WAIT = 10.0
"""Seconds for an answer, on a slow machine."""
AT_ONCE = 4.0
"""Seconds, shorter than the function waits for a client that stalls."""
CREATE = "POST /conferences?solution=demo HTTP/1.1"
TITLE = "Takeover of Acme c4n4ry"
SECRET = "s3cret-c4n4ry"


class Served:
    """The running function, one simulator beside it, and a connection for each request."""

    def __init__(self, server: Running, simulator: Simulator) -> None:
        self.server = server
        self.simulator = simulator
        self._users = 0

    def user(self) -> str:
        """Somebody new, whose budget is full."""
        self._users += 1
        return self.simulator.add_user(f"ada{self._users}@example.com")

    def bearer(self, user: str) -> str:
        return f"Authorization: Bearer {self.simulator.identity.script_token(user)}"

    def body(self, user: str, event: str = "event1") -> bytes:
        access = self.simulator.access_token(user)
        return json.dumps({"calendarId": user, "eventId": event, "oauthToken": access}).encode()

    def create(self, user: str, solution: str = "demo", event: str = "event1") -> Reply:
        """One click of the user's."""
        line = CREATE.replace("demo", solution)
        return self.ask(line, self.bearer(user), body=self.body(user, event))

    def ask(self, line: str, *fields: str, body: bytes = b"") -> Reply:
        """A request with a body of the right length."""
        return self.send(line, *fields, f"Content-Length: {len(body)}", after=body)

    def send(self, line: str, *fields: str, after: bytes = b"", cut: bool = False, limit: float = WAIT) -> Reply:
        """Send these bytes, `cut` off there or left open, and read the answer: never a 5xx, never a redirect."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=limit) as connection:
            connection.sendall(head(line, *fields) + after)
            if cut:
                connection.shutdown(socket.SHUT_WR)
            reply = read(connection, line.partition(" ")[0])
        assert reply.status < 500, reply
        assert not 300 <= reply.status < 400, reply
        assert "Location" not in reply.headers
        return reply

    def log(self) -> str:
        return self.server.log.read_text("utf-8")


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    with simulating.simulator() as simulator:
        table = {"provider": "demo", "name": "Demo", "logo": LOGO, "url": simulator.url}
        keyed = {**table, "api_key": "secret:rooms-key"}
        config, keys, port = folder / "anyroom.toml", folder / "keys.json", free_port()
        config.write_text(toml({"demo": table, "keyed": keyed, "signin": {**table, "sign_in": True}}), "utf-8")
        simulator.identity.write_keyfile(str(keys))
        environment = {name: value for name, value in os.environ.items() if name not in ("DEBUG", "K_SERVICE")} | {
            "ANYROOM_CONFIG": str(config),
            "ANYROOM_IDENTITY": f"local:{keys}",
            "ANYROOM_GOOGLE_API": simulator.url,
            "ANYROOM_PUBLIC_URL": PUBLIC_URL,
            "ANYROOM_STORE": f"sqlite:{folder / 'anyroom.db'}",
            "ANYROOM_SECRETS": "env:",
            "ROOMS_KEY": SECRET,
            "HOST": "127.0.0.1",
            "THREADS": "8",
        }
        command = [sys.executable, "-m", "functions_framework", "--target=anyroom", f"--source={ROOT / 'main.py'}"]
        command += ["--host=127.0.0.1", f"--port={port}"]
        with running(command, environment, ROOT, port, folder / "function.log") as server:
            connect(server, START_LIMIT).close()
            yield Served(server, simulator)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("serving")) as served:
        yield served


def test_the_same_click_twice_gives_one_conference(served: Served) -> None:
    user = served.user()
    first = served.create(user)
    assert first.status == 200
    assert json.loads(first.body)["conferenceData"]["entryPoints"][0]["uri"].startswith(served.simulator.url)
    assert served.create(user).body == first.body


def test_a_chunked_body_and_http_1_0_are_read_like_any_other(served: Served) -> None:
    user = served.user()
    body = served.body(user)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:9], body[9:], b""))
    chunked = served.send(CREATE, served.bearer(user), "Transfer-Encoding: chunked", after=chunks)
    old = served.ask(CREATE.replace("1.1", "1.0"), served.bearer(user), body=body)
    assert (chunked.status, old.status) == (200, 200)
    assert chunked.body == old.body == served.create(user).body


CHUNKED = "Transfer-Encoding: chunked"
FULL_CHUNK = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
ODD_BODIES = {
    "a chunk size that is no number": (CHUNKED, b"zz\r\n{}\r\n", False, 400),
    "a later chunk size that is no number": (CHUNKED, b"2\r\n{}\r\n-1\r\n{}\r\n", False, 400),
    "a chunk longer than its size": (CHUNKED, b"2\r\n{}{}\r\n0\r\n\r\n", False, 400),
    "a trailer that is none": (CHUNKED, b"2\r\n{}\r\n0\r\nno trailer\r\n\r\n", False, 400),
    "cut within a chunk": (CHUNKED, b"ff\r\n{}", True, 400),
    "cut between chunks": (CHUNKED, b"2\r\n{}\r\n", True, 400),
    "chunks without end": (CHUNKED, FULL_CHUNK * 20, False, 413),
    "cut before its length": ("Content-Length: 500", b'{"calendarId"', True, 400),
    "a length over the cap": ("Content-Length: 99999999999", b"{}", False, 413),
    "compressed": ("Content-Encoding: gzip\r\nContent-Length: 3", b"\x1f\x8b\x08", False, 400),
}
odd_bodies = pytest.mark.parametrize(("field", "after", "cut", "status"), ODD_BODIES.values(), ids=ODD_BODIES)


@odd_bodies
def test_f27_a_body_that_cannot_be_read_is_the_clients_fault(
    served: Served, field: str, after: bytes, cut: bool, status: int
) -> None:
    reply = served.send(CREATE, served.bearer(served.user()), field, after=after, cut=cut)
    assert reply.status == status
    if field == CHUNKED and status == 400:
        assert reply.body == b'{"error": "body-cut"}'


@odd_bodies
def test_f24_without_a_token_the_body_is_not_waited_for(
    served: Served, field: str, after: bytes, cut: bool, status: int
) -> None:
    reply = served.send(CREATE, field, after=after, cut=cut, limit=AT_ONCE)
    assert (reply.status, reply.body) == (401, b'{"error": "unauthenticated"}')
    stalled = served.send(CREATE, field, limit=AT_ONCE)
    assert (stalled.status, stalled.body) == (reply.status, reply.body)


def test_a_client_that_stops_sending_is_given_up(served: Served) -> None:
    reply = served.send(CREATE, served.bearer(served.user()), "Content-Length: 500", after=b"{", limit=2 * WAIT)
    assert (reply.status, reply.body) == (400, b'{"error": "body-cut"}')


def test_what_follows_a_refused_request_is_read_where_it_begins(served: Served) -> None:
    hidden = b"GET /settings HTTP/1.1\r\nHost: localhost\r\n\r\n"
    first = f"{CREATE}\r\nHost: localhost\r\nContent-Length: {len(hidden)}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", served.server.port), timeout=WAIT) as connection:
        connection.sendall(first + hidden)
        assert read(connection, "POST").status == 401
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert read(connection, "GET").body == b'{"status": "ok"}'


@pytest.mark.parametrize("fields", [[f"X-{n}: 1" for n in range(200)], ["X: " + "x" * 20_000], ["Content-Length: -1"]])
def test_headers_beyond_measure_are_refused(served: Served, fields: list[str]) -> None:
    for line in (CREATE, "GET /health HTTP/1.1"):
        assert served.send(line, *fields).status in (400, 431)


@pytest.mark.parametrize(
    "path", ["//conferences", "/%2e%2e/conferences", "/x/%2e%2e/conferences", "/conferences/%2e", "/conferences%00"]
)
def test_f29_a_path_is_taken_as_it_stands(served: Served, path: str) -> None:
    for fields in ((), (served.bearer(served.user()),)):
        assert served.ask(f"POST {path}?solution=demo HTTP/1.1", *fields, body=b"{}").status == 404


def test_the_name_that_a_client_calls_us_by_means_nothing(served: Served) -> None:
    user = served.user()
    absolute = "POST http://evil.example{} HTTP/1.1"
    assert served.ask(absolute.format("/conferences?solution=demo"), body=b"{}").status == 401
    for line, host in (("POST /settings-url HTTP/1.1", "evil.example"), (absolute.format("/settings-url"), "x")):
        reply = served.ask(line, f"Host: {host}", served.bearer(user), body=served.body(user))
        assert json.loads(reply.body) == {"settingsUrl": f"{PUBLIC_URL}/settings"}


def test_f29_other_methods_do_nothing(served: Served) -> None:
    trace = served.send("TRACE /health HTTP/1.1", "X-Canary: c4n4ry")
    assert trace.status == 405
    assert b"c4n4ry" not in trace.body
    head = served.send("HEAD /health HTTP/1.1")
    assert (head.status, head.body) == (200, b"")
    for line in ("OPTIONS * HTTP/1.1", "CONNECT localhost:80 HTTP/1.1", "BREW /health HTTP/1.1"):
        assert served.send(line).status in (400, 404, 405)


@pytest.mark.parametrize("path", ["/robots.txt", "/favicon.ico"])
def test_what_functions_framework_answers_itself_is_harmless(served: Served, path: str) -> None:
    assert served.send(f"GET {path} HTTP/1.1").status == 404


def test_f72_nothing_of_anybodys_is_in_the_output_and_each_line_is_json(served: Served) -> None:
    user = served.user()
    times: dict[str, Any] = {"start": {"dateTime": "2027-03-01T09:00:00Z"}, "end": {"dateTime": "2027-03-01T10:00:00Z"}}
    event = served.simulator.calendar.add_event(user, summary=TITLE, **times)
    bearer, body = served.bearer(user), served.body(user, event)
    kinds = [next(iter(_data(served.create(user, name, event)))) for name in ("demo", "keyed", "signin")]
    assert kinds == ["conferenceId", "error", "error"]
    served.simulator.faults.add(faults.malformed(), "/rooms-api/*", times=None)
    assert "error" in _data(served.create(user, event="event2"))
    served.simulator.faults.clear()
    assert served.ask(CREATE, bearer, body=body).status == 200
    assert served.ask(CREATE, bearer[:-4], body=body).status == 401
    assert served.ask(CREATE, bearer, body=body[:-1]).status == 400
    chunk = b"%x\r\n%s\r\nzz\r\n" % (len(body), body)
    assert served.send(CREATE, bearer, CHUNKED, after=chunk).status == 400
    output = served.log()
    access = json.loads(body)["oauthToken"]
    for private in (access, bearer.split()[-1], bearer.split(".")[-1], user, "@example.com", TITLE, SECRET, "c4n4ry"):
        assert private not in output
    lines = [json.loads(line) for line in output.splitlines()]
    assert {line["logger"].partition(".")[0] for line in lines} == {"anyroom"}
    assert all(line["severity"] in ("INFO", "WARNING", "ERROR") for line in lines)


def _data(reply: Reply) -> Mapping[str, object]:
    data: Mapping[str, object] = json.loads(reply.body)["conferenceData"]
    return data


def test_sigterm_ends_it_although_a_client_keeps_its_connection(tmp_path: Path) -> None:
    with serving(tmp_path) as served, connect(served.server, START_LIMIT) as kept:
        kept.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert read(kept, "GET").status == 200
        assert served.create(served.user()).status == 200
        served.server.process.send_signal(signal.SIGTERM)
        assert served.server.process.wait(3) == 0
        assert "Traceback" not in served.log()
