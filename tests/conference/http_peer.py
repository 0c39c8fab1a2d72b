"""The other end of a connection, byte by byte: it plays one script for each connection that comes in."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from conference.exchange import HttpClient
from conference.providers.base import Reply, Request, origin

Script = Callable[["Line"], None]


class Line:
    """One accepted connection."""

    def __init__(self, connection: socket.socket, number: int, over: threading.Event) -> None:
        self.connection = connection
        self.number = number
        self.over = over

    def hears(self) -> bytes:
        """The next request, head and body; empty when the other end has closed."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.connection.recv(65536)
            if not more:
                return b""
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += self.connection.recv(65536)
        return head + b"\r\n\r\n" + body

    def says(self, data: bytes) -> None:
        self.connection.sendall(data)

    def replies(self, body: bytes = b"{}", status: str = "200 OK", *headers: str) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        self.says("\r\n".join(lines).encode() + body)

    def drips(self, data: bytes, pause: float = 0.02) -> None:
        for byte in data:
            if self.over.wait(pause):
                return
            self.says(bytes((byte,)))

    def waits(self) -> None:
        self.over.wait(30)


class Peer:
    """What came in: `heard` holds every request, `connections` how many there were."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.heard: list[bytes] = []
        self.connections = 0


@contextmanager
def playing(script: Script, context: ssl.SSLContext | None = None) -> Iterator[Peer]:
    """A peer on loopback; with `context` it speaks TLS."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=50)
    over = threading.Event()
    peer = Peer(listener.getsockname()[1])
    open_connections: list[socket.socket] = []

    def play(connection: socket.socket, number: int) -> None:
        with suppress(OSError):
            if context:
                connection = context.wrap_socket(connection, server_side=True)
            open_connections.append(connection)
            line = Line(connection, number, over)
            hears = line.hears
            line.hears = lambda: _noted(hears(), peer)  # type: ignore[method-assign]  # every request is noted
            script(line)
        with suppress(OSError):
            connection.close()

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                peer.connections += 1
                threading.Thread(target=play, args=(connection, peer.connections), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield peer
    finally:
        over.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _noted(request: bytes, peer: Peer) -> bytes:
    if request:
        peer.heard.append(request)
    return request


def ask(peer: Peer, request: Request | None = None, seconds: float = 10.0, repeatable: bool = False) -> Reply:
    request = request or Request("POST", f"{peer.url}/rooms?key=canary", json={"a": 1})
    return HttpClient().exchange(request, seconds, {origin(peer.url)}, repeatable)


def answers(body: bytes = b"{}", status: str = "200 OK", *headers: str) -> Script:
    def script(line: Line) -> None:
        while line.hears():
            line.replies(body, status, *headers)

    return script


def nobody() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def closes_on_the_second_request(line: Line) -> None:
    if line.hears():
        line.replies(str(line.number).encode())
        if line.number == 1:
            line.hears()
        else:
            answers()(line)
