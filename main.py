"""The one HTTP function: who is calling, which route, hand over, answer.

Deployed as `anyroom` on Google Cloud Functions; run locally by functions-framework.
"""

import json
import logging
import math
import os
import secrets
import sys
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import flask

import logs
import settings as knobs
import startup
from conference.clock import Deadline, SystemClock
from conference.errors import (
    BadRequest,
    InvalidSetting,
    MethodNotAllowed,
    NotFound,
    RequestRefused,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
)
from conference.legs import Legs

if TYPE_CHECKING:
    from conference.endpoint import AddOnEndpoint, Answer, Incoming
    from service import Service

DEADLINE = 18.0
"""Seconds for a whole answer: an add-on has 30 (Quotas for Google services), and we promise 20."""
MAX_BODY = 256 * 1024
"""Bytes of a request's body."""
_MAX_URL = 2048

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_CONSTANT = {401: "unauthenticated", 404: "not found"}
_log = logging.getLogger("anyroom")


class _Joined:
    """The service of this process, joined at the first use: gunicorn forks after main.py is imported."""

    service: "Service | None" = None
    lock = threading.Lock()


def service() -> "Service":
    """Everything that answers requests, joined once in each process."""
    with _Joined.lock:
        if _Joined.service is None:
            from service import Service

            _Joined.service = Service(_settings, SystemClock(), int(os.environ.get("THREADS", "80")))
            startup.loaded()
        return _Joined.service


def anyroom(request: flask.Request) -> flask.Response:
    """Answer one HTTP request, whatever it is, and log one line about it."""
    clock = SystemClock()
    started = clock.monotonic()
    legs = Legs(clock)
    identifier = secrets.token_hex(8)
    logs.request_id.set(identifier)
    logs.trace.set(logs.trace_name(request.headers.get("X-Cloud-Trace-Context", ""), _settings.project))
    note: dict[str, Any] = {"route": "unknown"}
    response, outcome, level = _answered(request, Deadline(clock, DEADLINE), legs, note)
    response.headers.update(_HEADERS)
    response.headers["X-Request-Id"] = identifier
    if timing := legs.server_timing():
        response.headers["Server-Timing"] = timing
    elapsed = round((clock.monotonic() - started) * 1000, 1)
    note.update(outcome=outcome, status=response.status_code, legs=legs.milliseconds(), milliseconds=elapsed)
    _log.log(level, "%s %s", note["route"], outcome, extra={"fields": note})
    return response


def _answered(
    request: flask.Request, deadline: Deadline, legs: Legs, note: dict[str, Any]
) -> tuple[flask.Response, str, int]:
    """The response, its outcome in a word, and the level of its log line. Raises nothing."""
    try:
        handler = _handler(request)
        note["route"] = request.path
        if handler is None:
            return _json({"status": "ok"}), "ok", logging.INFO
        answer = handler(service().endpoint, _incoming(request, deadline, legs, note))
        return _json(answer.body), answer.outcome, answer.level
    except RequestRefused as refused:
        note.update(reason=refused.reason, detail=refused.detail)
        return _refusal(refused), "refused", logging.WARNING
    except Exception as error:  # functions-framework would send the text of anything that gets past here
        note["defect"] = logs.defect(error)
        return _json({"error": "internal"}, 500), "defect", logging.ERROR


def _handler(request: flask.Request) -> "Handler | None":
    """What answers the request's path and method. Raises BadRequest, NotFound, MethodNotAllowed."""
    if len(request.full_path) > _MAX_URL:
        raise BadRequest("url-too-long")
    path = request.environ["PATH_INFO"]  # request.path would forgive a second slash
    if path not in ROUTES:
        raise NotFound("no-such-path")
    method, handler = ROUTES[path]
    if request.method != method and not (method == "GET" and request.method == "HEAD"):
        raise MethodNotAllowed("wrong-method", method)
    return handler


def _incoming(request: flask.Request, deadline: Deadline, legs: Legs, note: dict[str, Any]) -> "Incoming":
    from conference.endpoint import Incoming

    return Incoming(
        url=request.full_path.rstrip("?"),
        authorization=request.headers.get("Authorization", ""),
        solution=request.args.get("solution", ""),
        body=_body(request),
        deadline=deadline,
        legs=legs,
        note=note,
    )


def _body(request: flask.Request) -> bytes:
    """The body, read up to the cap. Raises TooLarge, BadRequest."""
    if (request.content_length or 0) > MAX_BODY:
        raise TooLarge("body-too-large")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise BadRequest("content-encoding", "a compressed body is not read")
    body = request.stream.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise TooLarge("body-too-large")
    return body


def _refusal(refused: RequestRefused) -> flask.Response:
    """A constant body where the caller is not known; elsewhere the reason, which holds nothing of anybody's."""
    response = _json({"error": _CONSTANT.get(refused.status, refused.reason)}, refused.status)
    if isinstance(refused, MethodNotAllowed):
        response.headers["Allow"] = refused.detail
    if isinstance(refused, TooManyRequests):
        response.headers["Retry-After"] = str(math.ceil(refused.retry_after))
    if isinstance(refused, Unauthenticated):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _json(body: Mapping[str, Any], status: int = 200) -> flask.Response:
    return flask.Response(json.dumps(body), status, content_type="application/json")


Handler = Callable[["AddOnEndpoint", "Incoming"], "Answer"]

ROUTES: Mapping[str, tuple[str, Handler | None]] = {
    "/health": ("GET", None),
    "/conferences": ("POST", lambda endpoint, incoming: endpoint.create_conference(incoming)),
    "/settings-url": ("POST", lambda endpoint, incoming: endpoint.settings_url(incoming)),
}

logs.start()
try:
    _settings = knobs.load(os.environ)
except InvalidSetting as error:
    sys.exit(f"Anyroom does not start. {error}")
startup.prepare(lambda: service().prefetch())
flask.current_app.url_map.merge_slashes = False
