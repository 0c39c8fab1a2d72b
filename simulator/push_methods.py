"""The methods of the Calendar API about push channels: events.watch and channels.stop.

Source: Calendar API, "Get push notifications"; error reasons as quoted in issues of Google's client libraries.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Response

from conference.clock import Clock
from simulator import discovery
from simulator.calendars import Calendars
from simulator.call import Call, as_json, body
from simulator.errors import NOT_FOUND, ErrorReply, GoogleError, invalid, required
from simulator.push import Push
from simulator.reach import Reach

LONGEST_ID: Final = 64
LONGEST_TOKEN: Final = 256
NOT_UNIQUE: Final = ErrorReply(400, "channelIdNotUnique", "Channel id not unique")
NOT_HTTPS: Final = ErrorReply(400, "push.webhookUrlNotHttps", "WebHook callback must be HTTPS")

_ID = re.compile(r"[A-Za-z0-9\-_+/=]+")


class PushMethods:
    """The methods over `push`; beside https, addresses on this machine are taken."""

    def __init__(self, clock: Clock, calendars: Calendars, push: Push) -> None:
        self._clock = clock
        self._push = push
        self._reach = Reach(calendars)

    def watch(self, call: Call, calendar: str) -> Response:
        """events.watch"""
        home = self._reach.calendar(call, calendar)
        given = _channel()
        _check_id(given.get("id"))
        if given.get("type") not in ("web_hook", "webhook"):
            raise invalid("Unknown channel type")
        _check_address(given.get("address"))
        token = given.get("token") or ""
        if len(token) > LONGEST_TOKEN:
            raise invalid("Channel token is too long")
        made = self._push.open(given["id"], call.email, home.id, given["address"], token, self._seconds(given))
        if made is None:
            raise GoogleError(NOT_UNIQUE)
        reply = {
            "kind": "api#channel",
            "id": made.id,
            "resourceId": made.resource_id,
            "resourceUri": made.resource_uri,
            "expiration": str(made.milliseconds),
        }
        return as_json({**reply, "token": token} if token else reply, 200)

    def stop(self, call: Call) -> Response:
        """channels.stop"""
        given = _channel()
        for name in ("id", "resourceId"):
            if not given.get(name):
                raise required(f"Missing {name}")
        if not self._push.stop(given["id"], given["resourceId"], call.email):
            message = f"Channel '{given['id']}' not found"
            raise GoogleError(ErrorReply(NOT_FOUND.status, NOT_FOUND.reason, message))
        return Response(status=204)

    def _seconds(self, given: Mapping[str, Any]) -> float | None:
        """The life that is asked for: by an expiration, a ttl or neither."""
        try:
            if given.get("expiration"):
                seconds = int(given["expiration"]) / 1000 - self._clock.now().timestamp()
            elif (given.get("params") or {}).get("ttl"):
                seconds = float(int(given["params"]["ttl"]))
            else:
                return None
        except ValueError:
            raise invalid("Invalid channel expiration") from None
        if seconds <= 0:
            raise invalid("Channel expiration is in the past")
        return seconds


def _channel() -> Mapping[str, Any]:
    given = body()
    if not isinstance(given, dict):
        raise GoogleError(ErrorReply(400, "parseError", "Parse Error"))
    discovery.check_value(given, {"$ref": "Channel"})
    return given


def _check_id(value: str | None) -> None:
    if not value:
        raise required("Missing channel id")
    if len(value) > LONGEST_ID or not _ID.fullmatch(value):
        raise GoogleError(ErrorReply(400, "channelIdInvalid", "Invalid channel id"))


def _check_address(value: str | None) -> None:
    if not value:
        raise required("Missing channel address")
    address = urlsplit(value)
    local = address.scheme == "http" and address.hostname in ("localhost", "127.0.0.1")
    if not address.hostname or not (address.scheme == "https" or local):
        raise GoogleError(NOT_HTTPS)
