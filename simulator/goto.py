"""GoTo Meeting's REST API: meetings of organizers, for holders of an access token.

Source: GoTo's OpenAPI description of the GoToMeeting API 1.0. Stricter than it where it is silent: unknown fields, ends
that are not after their starts, and a `<` or `>` that is not written as a reference are refused.
"""

import json
import random
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from flask import Flask, Response, request
from msgspec import Meta

PREFIX: Final = "/goto/G2M/rest"
CALL_INFO: Final = "United States: +1 (202) 555-0123\nUnited Kingdom: +44 20 7946 0123\nAccess Code: {code}"
"""Numbers that are set aside for fiction, as GoTo words them."""

Time = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]


class Refused(Exception):
    """A request that GoTo refuses: HTTP status, and its own code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Sent(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a create or an update; every field is required."""

    subject: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^<>]*$")]
    starttime: Time
    endtime: Time
    passwordrequired: bool
    conferencecallinfo: Annotated[str, Meta(min_length=1, max_length=255)]
    timezonekey: Literal[""]
    meetingtype: Literal["immediate", "recurring", "scheduled"]


@dataclass(slots=True)
class Meeting:
    """One meeting and whose it is."""

    id: int
    organizer: str
    sent: Sent


@dataclass(slots=True)
class Goto:
    """All meetings, in the order they were made. Thread-safe.

    `bearer` tells the address of the organizer that an access token belongs to, None for a token that is good for
    nothing.
    """

    randomness: random.Random
    bearer: Callable[[str], str | None]
    meetings: dict[int, Meeting] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def create(self, organizer: str, body: bytes) -> Meeting:
        """A new meeting under nine digits. Raises Refused."""
        sent = _checked(body)
        with self._lock:
            number = self.randomness.randrange(10**8, 10**9)
            meeting = self.meetings[number] = Meeting(number, organizer, sent)
            return meeting

    def get(self, organizer: str, number: str) -> Meeting:
        """The organizer's own meeting. Raises Refused."""
        meeting = self.meetings.get(int(number)) if number.isdecimal() else None
        if meeting is None or meeting.organizer != organizer:
            raise Refused(404, "NotFound", "The meeting does not exist.")
        return meeting

    def replace(self, organizer: str, number: str, body: bytes) -> None:
        """Put what is sent in the place of what was. Raises Refused."""
        with self._lock:
            self.get(organizer, number).sent = _checked(body)

    def delete(self, organizer: str, number: str) -> None:
        """Remove a meeting. Raises Refused."""
        with self._lock:
            del self.meetings[self.get(organizer, number).id]


class GotoApi:
    """POST /meetings; GET, PUT and DELETE /meetings/ID; and GET /me of the Admin API, beside them."""

    def __init__(self, goto: Goto, prefix: str = PREFIX) -> None:
        self._goto = goto
        self._prefix = prefix

    def register(self, app: Flask) -> None:
        """Add the routes."""
        meetings = f"{self._prefix}/meetings"
        for path, verb, method in (
            (f"{self._prefix}/me", "GET", self.me),
            (meetings, "POST", self.create),
            (f"{meetings}/<number>", "GET", self.get),
            (f"{meetings}/<number>", "PUT", self.replace),
            (f"{meetings}/<number>", "DELETE", self.delete),
        ):
            app.add_url_rule(path, f"goto.{verb} {path}", self._answering(method), methods=[verb])

    def me(self, organizer: str) -> Response:
        """Whose token it is."""
        return _json({"key": 1_000_000_000_000 + len(organizer), "email": organizer, "firstName": "A"}, 200)

    def create(self, organizer: str) -> Response:
        """201 with a list of the one new meeting."""
        meeting = self._goto.create(organizer, request.get_data())
        made = {
            "joinURL": f"https://goto.example/join/{meeting.id}",
            "meetingid": meeting.id,
            "uniqueMeetingId": meeting.id,
            "maxParticipants": 26,
            "conferenceCallInfo": _call_info(meeting),
        }
        return _json([made], 201)

    def get(self, organizer: str, number: str) -> Response:
        """A list of the one meeting."""
        meeting = self._goto.get(organizer, number)
        sent = meeting.sent
        known = {
            "meetingId": meeting.id,
            "uniqueMeetingId": meeting.id,
            "meetingKey": meeting.id,
            "subject": sent.subject,
            "startTime": sent.starttime,
            "endTime": sent.endtime,
            "passwordRequired": sent.passwordrequired,
            "conferenceCallInfo": _call_info(meeting),
            "meetingType": sent.meetingtype,
            "maxParticipants": 26,
            "status": "INACTIVE",
            "createTime": "",
        }
        return _json([known], 200)

    def replace(self, organizer: str, number: str) -> Response:
        """Nothing, when it was there."""
        self._goto.replace(organizer, number, request.get_data())
        return Response(status=204)

    def delete(self, organizer: str, number: str) -> Response:
        """Nothing, when it was there."""
        self._goto.delete(organizer, number)
        return Response(status=204)

    def _answering(self, method: Callable[..., Response]) -> Callable[..., Response]:
        def answer(**path: str) -> Response:
            try:
                return method(self._organizer(), **path)
            except Refused as refused:
                return _json({"int_err_code": refused.code, "msg": str(refused)}, refused.status)

        return answer

    def _organizer(self) -> str:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        organizer = self._goto.bearer(token) if scheme == "Bearer" else None
        if not organizer:
            raise Refused(403, "InvalidToken", "Invalid token passed")
        return organizer


def _checked(body: bytes) -> Sent:
    try:
        sent = msgspec.json.decode(body, type=Sent)
        if datetime.fromisoformat(sent.endtime) <= datetime.fromisoformat(sent.starttime):
            raise Refused(400, "InvalidRequest", "The end is not after the start.")
    except ValueError as error:
        raise Refused(400, "InvalidRequest", str(error)) from None
    return sent


def _call_info(meeting: Meeting) -> str:
    """What guests may use: the numbers and a code for the words that mean telephones, else what was sent."""
    if meeting.sent.conferencecallinfo not in ("Hybrid", "PSTN", "Free"):
        return meeting.sent.conferencecallinfo
    return CALL_INFO.format(code=re.sub(r"(\d{3})(?=\d)", r"\1-", str(meeting.id)))


def _json(body: Any, status: int) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
