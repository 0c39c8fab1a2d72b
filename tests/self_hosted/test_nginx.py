"""Through the real nginx as the example sets it up the function answers as ever, and what it guards stays guarded."""

import http.server
import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic
from typing import ClassVar

import pytest
import requests

from dev.local import free_port
from simulator.zoom_api import zoom_id
from tests.raw_http import read
from tests.self_hosted.machine import CREATE, PUBLIC_URL, THREADS, Machine
from tests.self_hosted.proxy import CONF, PAUSE, WAIT, head, needs_nginx, proxying

pytestmark = needs_nginx
CAP = 256 * 1024
CANARY = "c4n4ry"
AT_ONCE = 4.0
"""Seconds, shorter than the function waits for a client that stalls."""
UNAUTHENTICATED = b'{"error": "unauthenticated"}'
SPOOFED = (
    *(f"Host: {CANARY}.example", f"Forwarded: for={CANARY};host={CANARY}.example;proto=http"),
    *(f"X-Forwarded-{name}: {CANARY}" for name in ("For", "Host", "Proto", "Protocol", "Ssl")),
    *(f"X-Real-IP: {CANARY}", f"Function-Execution-Id: {CANARY}", f"SCRIPT_NAME: /{CANARY}", f"PATH_INFO: /{CANARY}"),
    *(
        f"script_name: /{CANARY}",
        f"REMOTE_USER: {CANARY}",
        "X-Cloud-Trace-Context: c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4/1;o=1",
    ),
)


def test_the_same_click_twice_gives_one_conference(machine: Machine) -> None:
    user = machine.user()
    first = machine.create(user)
    assert first.status == 200
    assert json.loads(first.body)["conferenceData"]["entryPoints"][0]["uri"].startswith(machine.simulator.url)
    assert machine.create(user).body == first.body
    assert first.headers["Strict-Transport-Security"].startswith("max-age=")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed: apt-get install curl")
def test_a_create_over_http_2(machine: Machine) -> None:
    user = machine.user()
    said = subprocess.run(
        [
            *("curl", "-sS", "--http2", "--cacert", machine.proxy.trusted, "-w", "\n%{http_version} %{http_code}"),
            *("-H", machine.bearer(user), "--data-binary", "@-"),
            f"https://localhost:{machine.proxy.port}/conferences?solution=demo",
        ],
        input=machine.body(user),
        capture_output=True,
        timeout=WAIT,
        check=True,
    ).stdout
    body, _, how = said.rpartition(b"\n")
    assert how == b"2 200"
    assert body == machine.create(user).body


def test_old_tls_and_another_host_s_certificate_are_not_spoken(machine: Machine) -> None:
    with machine.proxy.connection("h2", "http/1.1") as connection:
        assert connection.selected_alpn_protocol() == "h2"
        assert connection.version() == "TLSv1.3"
    context = ssl.create_default_context(cafile=machine.proxy.trusted)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with (
        socket.create_connection(("127.0.0.1", machine.proxy.port), timeout=WAIT) as plain,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(plain, server_hostname="localhost")


def test_nothing_is_answered_in_the_clear_but_the_certificate_s_challenge(machine: Machine) -> None:
    challenge = machine.proxy.folder / "www/.well-known/acme-challenge/token"
    challenge.parent.mkdir(parents=True)
    challenge.write_text("proof")

    def clear(line: str) -> tuple[int, bytes]:
        with socket.create_connection(("127.0.0.1", machine.proxy.clear), timeout=WAIT) as connection:
            connection.sendall(head(line))
            reply = read(connection, line.partition(" ")[0])
        assert "Location" not in reply.headers
        return reply.status, reply.body

    assert clear("GET /.well-known/acme-challenge/token HTTP/1.1") == (200, b"proof")
    assert clear("GET /health HTTP/1.1")[0] == clear("GET /settings HTTP/1.1")[0] == 404


def test_f28_a_body_up_to_the_cap_reaches_the_function_and_none_above_it(machine: Machine) -> None:
    bearer = machine.bearer(machine.user())
    full = machine.proxy.ask(CREATE, bearer, body=b" " * CAP)
    assert (full.status, full.headers["Content-Type"]) == (400, "application/json")
    before = machine.log()
    assert machine.proxy.ask(CREATE, bearer, body=b" " * (CAP + 1)).status == 413
    with machine.proxy.connection() as connection:
        connection.sendall(head(CREATE, bearer, "Transfer-Encoding: chunked") + b"%x\r\n%s" % (CAP + 1, b" " * CAP))
        assert read(connection, "POST").status == 413
    assert machine.log() == before


def test_no_body_is_ever_written_to_a_disk(machine: Machine) -> None:
    for folder in ("bodies", "answers"):
        shutil.rmtree(machine.proxy.folder / folder)
    bearer = machine.bearer(machine.user())
    assert machine.proxy.ask(CREATE, bearer, body=b" " * CAP).status == 400
    with machine.proxy.connection() as connection:
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (b" " * (CAP - 1), b" ", b""))
        connection.sendall(head(CREATE, bearer, "Transfer-Encoding: chunked") + chunks)
        assert read(connection, "POST").status == 400


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("POST //conferences?solution=demo HTTP/1.1", 404),
        ("POST /x/%2e%2e/conferences?solution=demo HTTP/1.1", 404),
        ("POST /Conferences HTTP/1.1", 404),
        ("GET /healthz HTTP/1.1", 404),
        ("GET /.well-known/acme-challenge/token HTTP/1.1", 404),
        ("GET /conferences?solution=demo HTTP/1.1", 405),
        ("TRACE /health HTTP/1.1", 405),
        ("OPTIONS /health HTTP/1.1", 405),
        ("POST /sweep HTTP/1.1", 401),
        ("POST /sync HTTP/1.1", 401),
        ("GET /health HTTP/1.1", 200),
    ],
)
def test_f29_paths_and_methods_are_the_function_s_to_refuse(machine: Machine, line: str, status: int) -> None:
    reply = machine.proxy.ask(line, f"X-Canary: {CANARY}")
    assert reply.status == status
    assert CANARY.encode() not in reply.body
    if status == 401:
        assert reply.body == UNAUTHENTICATED


def test_f24_without_proof_the_answer_is_401_with_a_constant_body(machine: Machine) -> None:
    for bearer in ((), ("Authorization: Bearer x.y.z",), ("Authorization: Bearer " + "x" * 8000,)):
        reply = machine.proxy.ask(CREATE, *bearer, body=b"{")
        assert (reply.status, reply.body) == (401, UNAUTHENTICATED)


class Recorder(http.server.BaseHTTPRequestHandler):
    """Stands where the function does, and keeps what comes there."""

    seen: ClassVar[list[dict[str, str]]] = []

    def do_GET(self) -> None:
        self.seen.append({"path": self.path, **self.headers})
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def seen() -> Iterator[tuple[list[dict[str, str]], int]]:
    """What reaches a port behind nginx, and that port."""
    Recorder.seen = []
    with http.server.HTTPServer(("127.0.0.1", 0), Recorder) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield Recorder.seen, server.server_port
        server.shutdown()
        thread.join()


def test_no_header_by_which_a_client_says_who_or_where_it_is_reaches_the_function(
    seen: tuple[list[dict[str, str]], int], tmp_path: Path
) -> None:
    with proxying(tmp_path / "nginx", seen[1]) as proxy:
        assert proxy.ask("GET /x?a=%2F HTTP/1.1", *SPOOFED, "Authorization: Bearer kept").status == 204
    [arrived] = seen[0]
    assert arrived == {
        "path": "/x?a=%2F",
        "Host": "localhost",
        "Connection": "close",
        "Content-Length": "0",
        "Authorization": "Bearer kept",
    }


def test_spoofed_headers_change_neither_the_answer_nor_the_log(machine: Machine) -> None:
    user = machine.user()
    fields, body = (machine.bearer(user), *SPOOFED), machine.body(user)
    reply = machine.proxy.ask("POST /settings-url HTTP/1.1", *fields, body=body)
    assert json.loads(reply.body) == {"settingsUrl": f"{PUBLIC_URL}/settings"}
    assert machine.proxy.ask(CREATE, *fields, body=body).body == machine.create(user).body
    page = machine.proxy.ask("GET /connect/zoom HTTP/1.1", *SPOOFED)
    assert page.status == 303
    assert CANARY not in str(page.headers) + machine.log() + machine.proxy.written()
    assert "c4c4c4c4" not in machine.log()


def test_gunicorn_itself_takes_no_header_of_a_proxy_s(machine: Machine) -> None:
    for field in SPOOFED[1:]:
        with socket.create_connection(("127.0.0.1", machine.function.port), timeout=WAIT) as connection:
            connection.sendall(head("GET /health HTTP/1.1", field))
            assert read(connection, "GET").status == 200, field


def cut_after(connection: socket.socket, drip: bytes) -> float:
    """Seconds until the other side ends a connection on which a byte comes every now and then."""
    began = monotonic()
    connection.settimeout(PAUSE / 4)
    for byte in drip:
        try:
            connection.sendall(bytes([byte]))
            if not connection.recv(4096):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    else:
        raise AssertionError("it was never cut")
    return monotonic() - began


def ended(connection: socket.socket) -> bool:
    """Whether the other side ends a connection, without an answer, soon after it may."""
    connection.settimeout(PAUSE + AT_ONCE)
    try:
        return not connection.recv(4096)
    except TimeoutError:
        return False
    except OSError:
        return True


def test_who_drips_a_header_is_cut_off(machine: Machine) -> None:
    before = machine.log()
    with machine.proxy.connection() as connection:
        assert cut_after(connection, b"GET /health HTTP/1.1\r\nX: " + b"x" * 40) < PAUSE + AT_ONCE
    assert machine.log() == before


def test_who_stops_sending_a_body_is_cut_off_and_holds_no_thread(machine: Machine) -> None:
    before = machine.log()
    with machine.proxy.connection() as connection:
        connection.sendall(head(CREATE, machine.bearer(machine.user()), "Content-Length: 500") + b"{")
        assert ended(connection)
    assert machine.log() == before


@contextmanager
def held(machine: Machine, number: int) -> Iterator[None]:
    """So many clients that have sent half of a body."""
    bearer = machine.bearer(machine.user())
    with ExitStack() as stack:
        for _ in range(number):
            connection = stack.enter_context(machine.proxy.connection())
            connection.sendall(head(CREATE, bearer, "Content-Length: 500") + b"{")
        yield


def test_slow_clients_of_any_number_keep_nobody_waiting(machine: Machine) -> None:
    before = asked(machine)
    with held(machine, 2 * THREADS):
        assert machine.create(machine.user(), limit=AT_ONCE).status == 200
    assert machine.create(machine.user()).status == 200
    assert asked(machine) == before + 2  # the function has seen none of the others


def asked(machine: Machine) -> int:
    """How many requests for a conference have reached the function."""
    return machine.log().count('"route": "/conferences"')


def test_one_address_may_hold_100_connections(machine: Machine, tmp_path: Path) -> None:
    assert CONF.read_text("utf-8").count("limit_conn anyroom_clients 100;") == 1
    few = CONF.read_text("utf-8").replace("limit_conn anyroom_clients 100;", "limit_conn anyroom_clients 3;")
    with proxying(tmp_path / "nginx", machine.function.port, few) as proxy:
        held_back = Machine(machine.function, proxy, machine.simulator, machine.places, machine.ready)
        with held(held_back, 2):
            assert held_back.create(machine.user()).status == 200
            with held(held_back, 1):
                assert held_back.create(machine.user()).status == 429


def test_f72_a_webhook_s_body_arrives_byte_by_byte(machine: Machine) -> None:
    zoom = machine.simulator.systems.zoom_webhooks
    zoom.address = f"https://localhost:{machine.proxy.port}/webhooks/zoom"
    sent: list[bytes] = []

    def send(address: str, headers: Mapping[str, str], body: bytes) -> int:
        # In pieces, with what a proxy might be tempted to tidy.
        sent.append(body)
        pieces = (body[at : at + 7] for at in range(0, len(body), 7))
        with requests.Session() as session:
            session.trust_env = False
            reply = session.post(
                address, data=pieces, headers=dict(headers), verify=machine.proxy.trusted, timeout=WAIT
            )
        return reply.status_code

    zoom.send = send
    odd = {"user_id": zoom_id("ada@example.com"), "odd": "\u00e4\r\n\t \\u0041  // %2F + \u2028"}
    zoom.tell("app_deauthorized", {**odd, "deauthorization_time": "2026-01-01T00:00:00.000Z"})
    zoom.double()
    assert zoom.deliver() == 204
    assert zoom.pending
    forged = send(zoom.address, zoom.signed(sent[0]), sent[0].replace(b"  ", b" "))
    assert forged == 401


PRIVATE = ("c0de", "st4te", "ada", "example.com", "localhost", "eyJ", "127.0.0.1")


def test_nothing_that_is_anybody_s_is_written_down(machine: Machine, tmp_path: Path) -> None:
    secret = "/oauth/callback/zoom?code=c0de&state=st4te"
    down = free_port()
    with proxying(tmp_path / "nginx", down) as proxy:
        referer = f"Referer: https://localhost{secret}"
        assert proxy.ask(f"GET {secret} HTTP/1.1", referer).status == 502
        assert proxy.ask(f"POST {secret} HTTP/1.1", referer, body=b"c0de" * CAP).status == 413
        assert proxy.ask(f"GET {secret}{'x' * 20_000} HTTP/1.1").status == 414
        assert proxy.ask(f"GET {secret} HTTP/1.1", "X: " + "c0de" * 10_000).status in (400, 494)
        with proxy.connection() as connection:
            connection.sendall(head(f"POST {secret} HTTP/1.1", referer, "Content-Length: 9") + b"c0de")
            assert ended(connection)
        proxy.server.process.terminate()
        proxy.server.process.wait(WAIT)
        written = proxy.written()
    for status in (408, 413, 414, 502):
        assert written.count(f" {status} ") == 1
    for private in PRIVATE:
        assert private not in written


def test_what_nginx_writes_down_is_found_in_the_function_s_log(machine: Machine) -> None:
    number = machine.proxy.ask("GET /health HTTP/1.1").headers["X-Request-Id"]
    began = monotonic()
    while f"request={number}" not in machine.proxy.written():
        assert monotonic() - began < WAIT
    assert f'"request": "{number}"' in machine.log()


def test_the_file_alone_is_what_nginx_takes(tmp_path: Path) -> None:
    with proxying(tmp_path / "nginx", free_port()) as proxy:
        warnings = (proxy.folder / "error.log").read_text("utf-8").splitlines()
    expected = 'the "listen ... http2" directive is deprecated'  # since 1.25; Debian 12 has no other
    assert [line for line in warnings if "[warn]" in line and expected not in line] == []
