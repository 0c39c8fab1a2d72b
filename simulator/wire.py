"""Where requests come in: each is put into the journal and may meet a scripted fault before or after its handler."""

import io
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request as HttpRequest
from werkzeug.wrappers import Response

from simulator.faults import Fault, Faults
from simulator.journal import Journal, Request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class ConnectionCut(ConnectionResetError):
    """Raised to the server, which then resets the connection."""


class Wire:
    """A WSGI application around `app`. `wait` sleeps some seconds, less when the simulator is being closed."""

    def __init__(
        self, app: "WSGIApplication", journal: Journal, faults: Faults, wait: Callable[[float], object]
    ) -> None:
        self._app = app
        self._journal = journal
        self._faults = faults
        self._wait = wait

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request; raises ConnectionCut where a fault says so."""
        request = HttpRequest(environ)
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = request.get_data()
        environ["wsgi.input"] = io.BytesIO(body)
        path = request.path
        self._journal.record(Request(request.method, path, request.query_string.decode("latin-1"), headers, body))
        taken = self._faults.take(request.method, path)
        if not taken:
            return self._app(environ, start_response)
        return self._disturbed(taken, environ, start_response)

    def _disturbed(
        self, taken: list[Fault], environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        self._wait(sum(fault.latency for fault in taken))
        last = taken[-1]
        response = None
        if last.acted or not (last.reset or last.canned):
            response = Response.from_app(self._app, environ, buffered=True)
        if last.reset:
            raise ConnectionCut("scripted")
        if last.canned:
            response = Response(last.canned.body, last.canned.status, last.canned.headers)
        assert response is not None
        pause = 0.0
        for fault in taken:
            pause = max(pause, fault.drip)
            if fault.damage:
                response.set_data(fault.damage(response.get_data()))
        if pause:
            return self._dripping(response, pause, environ, start_response)
        return response(environ, start_response)

    def _dripping(
        self, response: Response, pause: float, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterator[bytes]:
        for chunk in response(environ, start_response):
            for byte in chunk:
                yield bytes((byte,))
                self._wait(pause)
