"""One HTTP exchange, bounded: to a declared origin, within its seconds and its bytes, without redirects."""

import logging
import re
import time
from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from conference.errors import OutcomeUnknown, Permanent, Temporary
from conference.providers.base import Reply, Request, origin

if TYPE_CHECKING:
    from conference.transport import BoundedAdapter

USER_AGENT = "Anyroom"

_TRIES = 3
_HEADER_NAME = re.compile("[A-Za-z0-9-]+")
_HEADER_VALUE = re.compile("[ -~]*")
_encode = msgspec.json.Encoder().encode


class HttpClient:
    """The connections of one process, kept between exchanges; safe in many threads, without cookies or proxies.

    `trusted` is the path of a PEM file with the certificate authorities to trust, certifi's when None. The transport is
    imported at the first exchange, so that a solution that asks nobody does not pay for it.
    """

    def __init__(self, trusted: str | None = None) -> None:
        self._trusted = trusted
        # At lower levels it logs URLs with their queries.
        logging.getLogger("urllib3").setLevel(logging.ERROR)

    def open(self) -> None:
        """Do now what the first exchange would do: load the transport."""
        from conference import transport  # noqa: F401  # loading it is all

    def exchange(self, request: Request, seconds: float, origins: Collection[str], repeatable: bool) -> Reply:
        """Send the request to one of `origins` and return the reply, whatever its status, within `seconds`.

        A kept connection that the other side closed before any of the reply is replaced once or twice when the request
        is `repeatable`, that is, doing it twice is doing it once. Raises Permanent for an origin that is not declared
        or leads to a forbidden address, and for a header that cannot be sent, Temporary when nothing was sent,
        OutcomeUnknown when the request may have been acted on.
        """
        from conference.transport import StaleConnection

        ends = time.monotonic() + seconds
        target = _target(request.url, origins)
        adapter = self._secure if target.startswith("https:") else self._plain
        body, headers = _content(request)
        for _ in range(_TRIES if repeatable else 1):
            left = ends - time.monotonic()
            if left <= 0:
                raise Temporary("deadline", "no time left to send")
            try:
                return adapter.exchange(request, headers, body, left)
            except StaleConnection:
                continue
        raise OutcomeUnknown("connection-closed", target)

    @cached_property
    def _plain(self) -> "BoundedAdapter":
        from conference.transport import BoundedAdapter

        return BoundedAdapter()

    @cached_property
    def _secure(self) -> "BoundedAdapter":
        from conference.transport import BoundedAdapter, tls_context

        return BoundedAdapter(tls_context(self._trusted))


def _target(url: str, origins: Collection[str]) -> str:
    try:
        target = origin(url)
    except ValueError:
        raise Permanent("bad-url", f"{len(url)} characters that are no plain URL") from None
    if target not in origins:
        raise Permanent("undeclared-host", target)
    return target


def _content(request: Request) -> tuple[bytes | None, dict[str, str]]:
    """The body and the headers. Replies are asked for uncompressed: they are small, and a bomb is still cut."""
    headers = {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"}
    body = None
    if request.json is not None:
        body, headers["Content-Type"] = _encode(request.json), "application/json"
    elif request.form is not None:
        body, headers["Content-Type"] = urlencode(request.form).encode(), "application/x-www-form-urlencoded"
    if body is not None or request.method != "GET":
        headers["Content-Length"] = str(len(body or b""))
    for name, value in request.headers.items():
        if not (_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value)):
            # http.client's error would repeat the value, which may be a secret.
            raise Permanent("bad-header", name if _HEADER_NAME.fullmatch(name) else "a name that is none")
        headers[name] = value
    return body, headers
