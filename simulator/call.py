"""One call of a method of the Calendar API: who makes it and how, the body it brings, and the reply it gets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Response, request

from simulator import discovery, fields
from simulator.errors import ErrorReply, GoogleError
from simulator.event import Json

MAX_BODY: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a method: who makes it, with which parameters, and what of the reply is wanted."""

    email: str
    parameters: Mapping[str, list[str]]
    mask: fields.Mask | None

    def number(self, name: str) -> int | None:
        """An integer parameter."""
        return int(self.parameters[name][0]) if name in self.parameters else None

    def reply(self, body: Json) -> Response:
        """A reply with its etag, masked; 304 without a body when the caller has it already."""
        if request.method == "GET" and request.if_none_match.contains(body["etag"].strip('"')):
            return Response(status=304, headers={"ETag": body["etag"]})
        response = as_json(fields.apply(self.mask, body), 200)
        response.headers["ETag"] = body["etag"]
        return response


def mask_of(name: str, parameters: Mapping[str, list[str]]) -> fields.Mask | None:
    """The `fields` parameter of a call of the method `name`. Raises GoogleError 400 when it does not fit the reply."""
    if "fields" not in parameters or "response" not in discovery.method(name):
        return None
    mask = fields.parse(parameters["fields"][0])
    fields.check(mask, discovery.method(name)["response"])
    return mask


def body() -> Any:
    """The request's JSON. Raises GoogleError 413 and 400."""
    if (request.content_length or 0) > MAX_BODY:
        raise GoogleError(ErrorReply(413, "uploadTooLarge", "Request Entity Too Large"))
    try:
        return json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise GoogleError(ErrorReply(400, "parseError", "Parse Error")) from None


def error_reply(reply: ErrorReply) -> Response:
    """An error as Google sends it."""
    response = as_json(reply.body(), reply.status)
    response.headers.update(reply.headers)
    return response


def as_json(body: Any, status: int) -> Response:
    """A reply that no cache keeps."""
    response = Response(json.dumps(body), status, content_type="application/json; charset=UTF-8")
    response.headers["Cache-Control"] = "private, max-age=0, must-revalidate, no-transform"
    return response
