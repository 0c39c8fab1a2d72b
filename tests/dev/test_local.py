"""A port is free or not, and a web server on it is asked without a proxy in between."""

import http.server
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPException

import pytest

from dev import local


class Greeter(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path.startswith("/yes") else 404)
        self.end_headers()
        self.wfile.write("grüezi".encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with http.server.ThreadingHTTPServer((local.HOST, 0), Greeter) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_port_that_somebody_listens_on_is_not_free(address: str) -> None:
    with socket.create_server((address, 0)) as other:
        assert not local.is_free(other.getsockname()[1])


def test_a_free_port_is_free() -> None:
    assert local.is_free(local.free_port())


def test_a_free_port_is_none_that_was_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    port = local.free_port()
    promised = local.free_port(port)
    monkeypatch.setattr(local, "_PORTS", [promised, port])
    assert {local.free_port(promised) for _ in range(20)} == {port}


def test_only_200_is_an_answer(port: int) -> None:
    assert local.answers(port, "/yes")
    assert not local.answers(port, "/no")
    assert not local.answers(local.free_port(), "/yes")


def test_text_is_read_or_the_status_said_without_the_query(port: int) -> None:
    assert local.read_text(port, "/yes") == "grüezi"
    with pytest.raises(HTTPException, match=rf"^GET /no on port {port} was answered with 404$"):
        local.read_text(port, "/no?email=ada")
