"""The one HTTP function: who is calling, which route, hand over, answer.

Deployed as `anyroom` on Google Cloud Functions; run locally by functions-framework.
"""

import startup  # isort: skip  # before all that it makes quick

import atexit
import io
import json
import logging
import math
import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

import flask

import logs
import settings as knobs
from conference.clock import Deadline, SystemClock
from conference.errors import (
    BadRequest,
    ConferenceFailure,
    InvalidSetting,
    MethodNotAllowed,
    NotFound,
    RequestRefused,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
)
from conference.legs import Legs
from conference.solution import ID
from sync.store.opening import check_store

if TYPE_CHECKING:
    from conference.browser import Sent, Visit
    from conference.endpoint import Answer, Incoming
    from service import Service
    from visitors import Visitors

DEADLINE = 15.0
"""Seconds for an answer, beside one last word with the store: an add-on has 30 (Quotas for Google services), and we
promise 20."""
MAX_BODY = 256 * 1024
"""Bytes of a request's body."""
BODY_PAUSE = 5.0
"""Seconds to wait for more of a request's body."""
_JOIN = "/join/ID"
_MAX_URL = 4096
"""Characters of a request's path and query: Entra's codes have more than a thousand."""

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
            _Joined.service = _joined()
            startup.loaded()
            atexit.register(_Joined.service.close)
        return _Joined.service


class Asked(NamedTuple):
    """One request on its way; `note` is what its log line will say."""

    request: flask.Request
    deadline: Deadline
    legs: Legs
    note: dict[str, Any]


class Response(NamedTuple):
    """What is sent, its outcome in a word, and the level of its log line."""

    sent: flask.Response
    outcome: str = "ok"
    level: int = logging.INFO


def _joined() -> "Service":
    """Join everything; what it is made of loads while the certificates are on their way."""
    from conference import audit
    from conference.certificates import google_keys, local_keys
    from conference.exchange import HttpClient

    clock, client = SystemClock(), HttpClient()
    client.open()
    path = _settings.key_file
    keys = local_keys(path, clock) if path else google_keys(_settings.google_api, client, clock)
    threading.Thread(target=keys.prefetch, name="certificates", daemon=True).start()
    from service import Service

    audit.record("policy", audit.START, "configuration", **_settings.policy)
    joined = Service(_settings, clock, int(os.environ.get("THREADS", "80")), client, keys)
    if not _settings.in_cloud:
        joined.begin_sweeping()
    return joined


def anyroom(request: flask.Request) -> flask.Response:
    """Answer one HTTP request, whatever it is, and log one line about it."""
    clock = SystemClock()
    started = clock.monotonic()
    asked = Asked(request, Deadline(clock, DEADLINE), Legs(clock), {"route": "unknown"})
    identifier = secrets.token_hex(8)
    logs.request_id.set(identifier)
    logs.trace.set(logs.trace_name(request.headers.get("X-Cloud-Trace-Context", ""), _settings.project))
    sent, outcome, level = _answered(asked)
    request.stream = io.BytesIO()  # functions-framework would read what we left unread, however much it is
    for name, value in _HEADERS.items():
        sent.headers.setdefault(name, value)
    sent.headers["X-Request-Id"] = identifier
    if timing := asked.legs.server_timing():
        sent.headers["Server-Timing"] = timing
    elapsed = round((clock.monotonic() - started) * 1000, 1)
    asked.note.update(outcome=outcome, status=sent.status_code, legs=asked.legs.milliseconds(), milliseconds=elapsed)
    _log.log(level, "%s %s", asked.note["route"], outcome, extra={"fields": asked.note})
    return sent


def _answered(asked: Asked) -> Response:
    """The response, whatever happens. Raises nothing."""
    try:
        return _answered_or_refused(asked)
    except Exception as error:  # noqa: BLE001  # functions-framework would send its text to the caller
        asked.note["defect"] = logs.defect(error)
        return Response(_json({"error": "internal"}, 500), "defect", logging.ERROR)


def _answered_or_refused(asked: Asked) -> Response:
    """The answer, or why there is none: as JSON, and as a page for a browser, but for who is not proved."""
    try:
        return _route(asked)(asked)
    except RequestRefused as refused:
        asked.note.update(reason=refused.reason, detail=refused.detail)
        response = _refusal(refused)
        in_browser = "text/html" in asked.request.headers.get("Accept", "")
        if in_browser and not isinstance(refused, Unauthenticated):  # a page would say why
            _show_page(response, asked, refused)
        return Response(response, "refused", logging.WARNING)


def _route(asked: Asked) -> Callable[[Asked], Response]:
    """What answers the request's path and method. Raises BadRequest, NotFound, MethodNotAllowed."""
    request = asked.request
    if len(request.full_path) > _MAX_URL:
        raise BadRequest("url-too-long")
    path = request.environ["PATH_INFO"]  # request.path would forgive a second slash
    if path not in ROUTES:
        folder, _, solution = path.rpartition("/")
        path = f"{folder}/ID"
        if path not in ROUTES or not ID.fullmatch(solution):
            raise NotFound("no-such-path")
        if path != _JOIN:  # whoever reads the log may not enter
            asked.note.update(solution=solution)
    asked.note["route"] = path
    method, answer = ROUTES[path]
    if request.method != method and (request.method, path) not in _ALSO:
        raise MethodNotAllowed("wrong-method", method)
    return answer


def _health(asked: Asked) -> Response:
    return Response(_json({"status": "ok"}))


def _page(show: "Callable[[Visitors, Visit], Sent]") -> Callable[[Asked], Response]:
    """What answers a user's browser."""
    return lambda asked: _browsed(asked, show)


def _join(visitors: "Visitors", visit: "Visit") -> "Sent":
    return visitors.enter(visit) if flask.request.method == "POST" else visitors.join(visit)


def _webhook(asked: Asked) -> Response:
    from conference.errors import Unavailable

    headers = {name.lower(): value for name, value in asked.request.headers.items()}
    try:
        body = service().visitors.webhook(asked.note["solution"], headers, _body(asked.request))
    except ConferenceFailure as failure:
        _log.error("webhook of %s: %s", asked.note["solution"], failure)
        raise Unavailable(failure.reason, failure.detail) from failure
    return Response(_json(body) if body else flask.Response(status=204))


def _browsed(asked: Asked, show: "Callable[[Visitors, Visit], Sent]") -> Response:
    """What a user's browser is sent: a page, whatever happens. Cookies are for us alone, and come back when Google or a
    system sends it here.
    """
    from conference import refused

    visit = _visit(asked)
    try:
        page = show(service().visitors, visit)
    except (RequestRefused, ConferenceFailure) as failure:
        page = refused.page(visit, failure)
    except Exception as error:  # noqa: BLE001  # a person reads what comes
        asked.note["defect"] = logs.defect(error)
        page = refused.page(visit, error)
    sent = flask.Response(page.content, page.status, page.headers)
    for name, value, seconds in page.cookies:
        secure = name.startswith("__Host-")
        sent.set_cookie(name, value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="Lax")
    return Response(sent, page.outcome, page.level)


def _show_page(response: flask.Response, asked: Asked, failure: RequestRefused) -> None:
    """Put a page in place of the JSON: a person in a browser asked for what is not there, or cannot be got."""
    from conference import refused

    page = refused.page(_visit(asked), failure)
    response.data = page.content
    response.headers.update(page.headers)


def _visit(asked: Asked) -> "Visit":
    from conference.browser import Visit

    request = asked.request
    return Visit(
        solution=asked.note.get("solution", ""),
        query=request.args.to_dict(),
        form=lambda: _form(request),
        cookies=request.cookies,
        languages=request.headers.get("Accept-Language", ""),
        number=logs.request_id.get(),
        token=request.environ["PATH_INFO"].rpartition("/")[2] if asked.note["route"] == _JOIN else "",
        deadline=asked.deadline,
        legs=asked.legs,
        note=asked.note,
    )


def _create_conference(asked: Asked) -> Response:
    return _sent(service().endpoint.create_conference(_incoming(asked)))


def _settings_url(asked: Asked) -> Response:
    return _sent(service().endpoint.settings_url(_incoming(asked)))


def _calendar_changes(asked: Asked) -> Response:
    return _sent(service().following.calendar_changes(_incoming(asked)))


def _notifications(asked: Asked) -> Response:
    return _sent(service().following.notify(asked.request.headers.get, _incoming(asked)))


def _sync(asked: Asked) -> Response:
    return _sent(service().following.sync(_incoming(asked)))


def _sweep(asked: Asked) -> Response:
    return _sent(service().following.sweep(_incoming(asked)))


def _sent(answer: "Answer") -> Response:
    sent = flask.Response(status=204) if answer.status == 204 else _json(answer.body, answer.status)
    return Response(sent, answer.outcome, answer.level)


def _incoming(asked: Asked) -> "Incoming":
    from conference.endpoint import Incoming

    return Incoming(
        url=asked.request.full_path.rstrip("?"),
        authorization=asked.request.headers.get("Authorization", ""),
        solution=asked.request.args.get("solution", ""),
        body=lambda: _body(asked.request),
        deadline=asked.deadline,
        legs=asked.legs,
        note=asked.note,
    )


def _form(request: flask.Request) -> Mapping[str, str]:
    """The fields of a form. Raises TooLarge, BadRequest."""
    try:
        return dict(parse_qsl(_body(request).decode("utf-8", "replace"), max_num_fields=20))
    except ValueError as error:
        raise BadRequest("malformed-form") from error


def _body(request: flask.Request) -> bytes:
    """The body, read up to the cap. Raises TooLarge, BadRequest."""
    if (request.content_length or 0) > MAX_BODY:
        raise TooLarge("body-too-large")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise BadRequest("content-encoding", "a compressed body is not read")
    try:
        with _time_limit(request, BODY_PAUSE):
            body = request.stream.read(MAX_BODY + 1)
    except Exception as error:  # each server has errors of its own for what a client cut or garbled
        raise BadRequest("body-cut", type(error).__name__) from error
    if len(body) > MAX_BODY:
        raise TooLarge("body-too-large")
    return body


@contextmanager
def _time_limit(request: flask.Request, seconds: float) -> Iterator[None]:
    """Let no single wait for the client's bytes take longer; other servers than gunicorn show no socket."""
    connection = request.environ.get("gunicorn.socket")
    before = connection.gettimeout() if connection else None
    if connection:
        connection.settimeout(seconds)
    try:
        yield
    finally:
        if connection:
            connection.settimeout(before)


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


ROUTES: Mapping[str, tuple[str, Callable[[Asked], Response]]] = {
    "/health": ("GET", _health),
    "/settings": ("GET", _page(lambda visitors, visit: visitors.settings(visit))),
    "/connect/ID": ("GET", _page(lambda visitors, visit: visitors.connect(visit))),
    "/sign-in": ("GET", _page(lambda visitors, visit: visitors.signed_in(visit))),
    "/oauth/callback/ID": ("GET", _page(lambda visitors, visit: visitors.callback(visit))),
    "/disconnect/ID": ("POST", _page(lambda visitors, visit: visitors.disconnect(visit))),
    "/test/ID": ("POST", _page(lambda visitors, visit: visitors.test(visit))),
    "/forget": ("POST", _page(lambda visitors, visit: visitors.forget(visit))),
    "/sign-out": ("POST", _page(lambda visitors, visit: visitors.sign_out(visit))),
    "/join/ID": ("GET", _page(_join)),
    "/webhooks/ID": ("POST", _webhook),
    "/conferences": ("POST", _create_conference),
    "/settings-url": ("POST", _settings_url),
    "/calendar-changes": ("POST", _calendar_changes),
    "/notifications": ("POST", _notifications),
    "/sync": ("POST", _sync),
    "/sweep": ("POST", _sweep),
}

_ALSO = frozenset({("HEAD", "/health"), ("HEAD", "/settings"), ("POST", "/join/ID")})
"""Methods beside a route's own. No other page may be asked for its head: coming back from a sign-in happens once."""

logs.start()
try:
    _settings = knobs.load(os.environ)
    check_store(_settings.store)
except InvalidSetting as error:
    sys.exit(f"Anyroom does not start. {error}")
startup.prepare(service)
flask.current_app.url_map.merge_slashes = False
