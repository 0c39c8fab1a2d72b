"""Carries the requests of google-api-python-client through our own bounded exchange."""

from collections.abc import Callable, Mapping
from typing import Literal

import httplib2
import msgspec

from conference.clock import Deadline
from conference.providers.base import MOST_BODY, Reply, Request

Send = Callable[[Request, Deadline], Reply]
"""One bounded exchange."""


class Carrier:
    """What google-api-python-client takes for an httplib2.Http: one exchange within a deadline, by one method.

    `most` is how many bytes the reply's body may have.
    """

    def __init__(self, send: Send, deadline: Deadline, method: Literal["GET", "POST"], most: int = MOST_BODY) -> None:
        self._send = send
        self._deadline = deadline
        self._method = method
        self._most = most

    def request(
        self, uri: str, method: str, headers: Mapping[str, str], body: str | None = None, **_: object
    ) -> tuple[httplib2.Response, bytes]:
        """Send the request and its JSON; the status and the body are all that is read of the reply.

        The library turns a GET with a long URL into a POST of its query: it goes out as what it is, a GET.
        """
        if headers.get("x-http-method-override") == "GET":
            uri, method, body = f"{uri}?{body}", "GET", None
        assert method == self._method, f"only {self._method} is sent here"
        content = msgspec.Raw(body.encode()) if body else None
        authorization = {"Authorization": headers["authorization"]}
        reply = self._send(Request(self._method, uri, content, headers=authorization, most=self._most), self._deadline)
        return httplib2.Response({"status": str(reply.status)}), reply.body
