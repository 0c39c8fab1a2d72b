"""A small threaded HTTP/1.1 server with keep-alive, on Werkzeug's, that closes every connection when it is closed.

Werkzeug's own handler ends each connection after one reply, which would put a handshake into every measured call.
"""

import io
import os
import socket
import struct
import sys
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from flask import Flask
from flask.typing import RouteCallable
from werkzeug.routing import Map
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from simulator.wire import ConnectionCut

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

MAX_BODY: Final = 4 << 20
"""Bytes of a request's body that are read."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_BODILESS = (204, 304)


class Routed(Flask):
    """A Flask that may take over the compiled `routes` of another one that has the same."""

    def __init__(self, name: str, routes: Map | None, **folders: Any) -> None:
        self._compiled = routes
        super().__init__(name, **folders)
        if routes is not None:
            self.url_map = routes

    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: RouteCallable | None = None, *rest: Any, **options: Any
    ) -> None:
        """Answer the route with this view; compile it only where that was not done before."""
        if self._compiled is None:
            super().add_url_rule(rule, endpoint, view_func, *rest, **options)
        elif view_func is not None:
            self.view_functions[endpoint or view_func.__name__] = view_func


class _Handler(WSGIRequestHandler):
    """One connection: requests are read whole, replies are sent in one piece unless they come in pieces."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def run_wsgi(self) -> None:
        """Answer the request whose head was just read."""
        environ = self.make_environ()
        try:
            body = self._read_body(environ["wsgi.input"])
        except (OSError, ValueError):
            self.send_error(400)
            return
        if body is None:
            self.send_error(413)
            return
        environ["wsgi.input"] = io.BytesIO(body)
        environ["wsgi.input_terminated"] = True
        try:
            self._answer(self.server.app(environ, self._start))
        except ConnectionCut:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        except ConnectionError:
            self.close_connection = True

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: the journal has every request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the journal has every request."""

    def _read_body(self, stream: Any) -> bytes | None:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            read = bytes(stream.read(MAX_BODY + 1))
            return read if len(read) <= MAX_BODY else None
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= MAX_BODY:
            return None
        return bytes(self.rfile.read(length))

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        self._status, self._reply_headers = status, headers

    def _answer(self, chunks: Iterable[bytes]) -> None:
        try:
            iterator = iter(chunks)
            first = next(iterator, b"")
            code, _, phrase = self._status.partition(" ")
            self.send_response(int(code), phrase)
            for name, value in self._reply_headers:
                self.send_header(name, value)
            names = {name.lower() for name, _ in self._reply_headers}
            if "content-length" not in names and int(code) not in _BODILESS:
                # The end of the connection ends the body.
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(first)
            for chunk in iterator:
                self.wfile.flush()
                self.wfile.write(chunk)
            self.wfile.flush()
        finally:
            if hasattr(chunks, "close"):
                chunks.close()


class Server(ThreadedWSGIServer):
    """Serves `app` on a bound socket, which it takes over, in threads of its own."""

    def __init__(self, listener: socket.socket, app: "WSGIApplication") -> None:
        host, port = listener.getsockname()[:2]
        super().__init__(host, port, app, _Handler, fd=listener.fileno())
        listener.close()
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    def start(self) -> None:
        """Begin to accept connections."""
        self.socket.listen(self.request_queue_size)
        self._thread.start()

    def close(self) -> None:
        """Accept no more, and end the connections that are open."""
        self.shutdown()
        self._thread.join()
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    # The other side was faster.
                    continue

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection while it is open."""
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection: with a reset where a fault asked for one."""
        with self._lock:
            self._connections.discard(request)
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == _RESET_ON_CLOSE:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report what went wrong outside a handler, unless the client just went away."""
        if not isinstance(sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def bound(host: str, port: int) -> socket.socket:
    """A socket bound to the address and not listening yet. Raises OSError when the port is in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
