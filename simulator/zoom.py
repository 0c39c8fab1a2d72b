"""Zoom's meetings, as its Meetings API keeps them: what it takes, what it refuses with which code, what it replies.

Source: Zoom's Meetings API, its OpenAPI description of 2026. Stricter than Zoom where Zoom is silent: a field that the
description does not have is refused.
"""

import random
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import UNSET, Meta, UnsetType

SCHEDULED: Final = 2
NO_FIXED_TIME: Final = 3
DAILY: Final = 100
"""Creates and updates together that one host may have in a day of UTC."""
NUMBERS: Final = (
    {"country": "US", "country_name": "US", "city": "New York", "number": "+1 2025550123", "type": "toll"},
    {"country": "US", "country_name": "US", "number": "+1 8005550199", "type": "tollfree"},
    {"country": "GB", "country_name": "United Kingdom", "city": "London", "number": "+44 2079460123", "type": "toll"},
)
"""Numbers that are set aside for fiction, in Zoom's own form."""

_LIST_AGENDA = 250
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
_NO_TIMES = {"start_time", "duration", "timezone"}


class Refused(Exception):
    """A request that Zoom refuses: HTTP status, its own code, its message, and when to come back."""

    def __init__(self, status: int, code: int, message: str, retry_after: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after = retry_after


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """The settings of a meeting that a client may send, those of guests and calendars left out."""

    join_before_host: bool | UnsetType = UNSET
    waiting_room: bool | UnsetType = UNSET
    use_pmi: bool | UnsetType = UNSET
    email_notification: bool | UnsetType = UNSET
    registrants_confirmation_email: bool | UnsetType = UNSET
    registrants_email_notification: bool | UnsetType = UNSET
    push_change_to_calendar: bool | UnsetType = UNSET


class Sent(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a create or an update."""

    topic: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET
    agenda: Annotated[str, Meta(max_length=2000)] | UnsetType = UNSET
    type: Literal[2, 3] | UnsetType = UNSET
    start_time: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")] | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    duration: Annotated[int, Meta(ge=1, le=1440)] | UnsetType = UNSET
    password: Annotated[str, Meta(max_length=10, pattern=r"^[A-Za-z0-9@_*-]*$")] | UnsetType = UNSET
    default_password: bool | UnsetType = UNSET
    settings: Settings | UnsetType = UNSET


@dataclass(slots=True)
class Meeting:
    """One meeting: what its host sent, and what Zoom made."""

    id: int
    host: str
    secret: str
    passcode: str
    created: datetime
    sent: dict[str, Any]

    def starts(self) -> datetime | None:
        """When it starts; None without a fixed time."""
        start = self.sent.get("start_time")
        return datetime.fromisoformat(start) if start else None

    def ends(self) -> datetime | None:
        """When it should be over; None without a fixed time."""
        start = self.starts()
        return start + timedelta(minutes=self.sent["duration"]) if start else None


@dataclass(slots=True)
class Zoom:
    """One account: its users' addresses and their meetings, the oldest first. Thread-safe.

    `bearer` tells the address of the user that an access token belongs to, "" for the account itself, None for none;
    `scopes` what it was granted, None for everything. `deleted` are told of each meeting that is deleted, whoever did
    it.
    """

    randomness: random.Random
    now: Callable[[], datetime]
    users: Collection[str]
    bearer: Callable[[str], str | None]
    scopes: Callable[[str], Collection[str] | None] = lambda token: None
    meetings: dict[int, Meeting] = field(default_factory=dict)
    deleted: list[Callable[[Meeting], None]] = field(default_factory=list)
    _asked: dict[tuple[str, object], int] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def caller(self, token: str, scope: str) -> str:
        """Whose token it is, if it is good for that. The scopes of an account end in :admin. Raises Refused."""
        caller, granted = self.bearer(token), self.scopes(token)
        if caller is None:
            raise Refused(401, 124, "Invalid access token.")
        needed = scope if caller else f"{scope}:admin"
        if granted is not None and needed not in granted:
            raise Refused(400, 4711, f"Invalid access token, does not contain scopes:[{needed}].")
        return caller

    def host(self, caller: str, user: str) -> str:
        """The address behind `me`, or one in the account that the caller may act for. Raises Refused."""
        if caller and user in ("me", caller):
            return caller
        if caller:
            raise Refused(400, 4711, "Invalid access token, does not contain scopes:[meeting:write:meeting:admin].")
        if user not in self.users:
            raise Refused(404, 1001, f"User does not exist: {user}.")
        return user

    def create(self, host: str, body: bytes) -> dict[str, Any]:
        """A new meeting, as it is replied. Raises Refused."""
        sent = _checked(body)
        if "topic" not in sent:
            raise _invalid("topic", "is required")
        with self._lock:
            self._count(host)
            number = self.randomness.randrange(10**10, 10**11)
            passcode = f"{self.randomness.randrange(10**6):06d}" if sent.get("default_password", True) else ""
            secret = "".join(self.randomness.choices(_LETTERS, k=32))
            known = _timed({"type": SCHEDULED, **sent})
            self.meetings[number] = Meeting(number, host, secret, sent.get("password", passcode), self.now(), known)
            return self.reply(self.meetings[number])

    def get(self, caller: str, number: str) -> Meeting:
        """The meeting, if it is the caller's or the caller is the account. Raises Refused."""
        meeting = self.meetings.get(int(number)) if number.isdecimal() else None
        if meeting is None or caller not in ("", meeting.host):
            raise Refused(404, 3001, f"Meeting does not exist: {number}.")
        return meeting

    def change(self, caller: str, number: str, body: bytes) -> None:
        """Set what is sent; a start that is past is ignored without a word. Raises Refused."""
        sent = _checked(body)
        with self._lock:
            meeting = self.get(caller, number)
            self._count(meeting.host)
            if "start_time" in sent and datetime.fromisoformat(sent["start_time"]) < self.now():
                del sent["start_time"]
            settings = {**meeting.sent.get("settings", {}), **sent.pop("settings", {})}
            meeting.sent = _timed({**meeting.sent, **sent, "settings": settings})

    def delete(self, caller: str, number: str) -> None:
        """Remove a meeting. Raises Refused."""
        with self._lock:
            meeting = self.meetings.pop(self.get(caller, number).id)
        for tell in self.deleted:
            tell(meeting)

    def listed(self, host: str, kind: str) -> list[dict[str, Any]]:
        """The host's meetings as a list has them: "scheduled" are all, "upcoming" those that are not over."""
        with self._lock:
            mine = [meeting for meeting in self.meetings.values() if meeting.host == host]
            over = {meeting.id for meeting in mine if (ends := meeting.ends()) and ends < self.now()}
            return [self._summary(meeting) for meeting in mine if kind == "scheduled" or meeting.id not in over]

    def reply(self, meeting: Meeting) -> dict[str, Any]:
        """The meeting as create and get reply it, with much that a client does not know."""
        sent = {key: value for key, value in meeting.sent.items() if key not in ("default_password", "password")}
        codes = {}
        if meeting.passcode:
            codes = {"password": meeting.passcode, "encrypted_password": meeting.secret}
            codes |= {"pstn_password": meeting.passcode, "h323_password": meeting.passcode}
        return {
            **self._summary(meeting),
            **sent,
            **codes,
            "assistant_id": "",
            "host_email": meeting.host,
            "status": "waiting",
            "start_url": f"https://zoom.example/s/{meeting.id}?zak={meeting.secret}",
            "occurrences": [],
            "settings": {
                "host_video": True,
                "audio": "both",
                **sent.get("settings", {}),
                "global_dial_in_countries": ["US", "GB"],
                "global_dial_in_numbers": [dict(number) for number in NUMBERS],
            },
        }

    def _summary(self, meeting: Meeting) -> dict[str, Any]:
        kept = {key: meeting.sent[key] for key in ("topic", "type", *_NO_TIMES) if key in meeting.sent}
        return {
            **kept,
            "id": meeting.id,
            "uuid": f"{meeting.secret[:22]}==",
            "host_id": meeting.secret[::-1][:22],
            "agenda": meeting.sent.get("agenda", "")[:_LIST_AGENDA],
            "created_at": f"{meeting.created.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "join_url": f"https://zoom.example/j/{meeting.id}?pwd={meeting.secret}",
        }

    def _count(self, host: str) -> None:
        """Let the host have one more of the day's creates and updates."""
        today = self.now().astimezone(UTC).date()
        asked = self._asked[host, today] = self._asked.get((host, today), 0) + 1
        if asked > DAILY:
            tomorrow = datetime.combine(today + timedelta(days=1), time(), UTC)
            raise Refused(429, 429, "You have reached the daily rate limit.", f"{tomorrow:%Y-%m-%dT%H:%M:%SZ}")


def _checked(body: bytes) -> dict[str, Any]:
    """What was sent, as JSON values. Raises Refused, naming the field."""
    try:
        sent = msgspec.json.decode(body, type=Sent)
    except msgspec.ValidationError as error:
        raise Refused(400, 300, f"Validation Failed. {error}") from None
    except msgspec.DecodeError:
        raise Refused(400, 300, "Request Body should be a valid JSON object.") from None
    known: dict[str, Any] = msgspec.to_builtins(sent)
    try:
        ZoneInfo(known.get("timezone", "UTC"))
        datetime.fromisoformat(known.get("start_time", "2000-01-01T00:00:00Z"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _invalid("start_time", "or timezone is none") from None
    return known


def _timed(sent: Mapping[str, Any]) -> dict[str, Any]:
    """The meeting with the times of its type. Raises Refused for one that has to have a time and has none."""
    if sent["type"] == NO_FIXED_TIME:
        return {key: value for key, value in sent.items() if key not in _NO_TIMES}
    if "start_time" not in sent:
        raise _invalid("start_time", "is required")
    return {"duration": 60, "timezone": "UTC", **sent}


def _invalid(name: str, message: str) -> Refused:
    return Refused(400, 300, f"Validation Failed. {name} {message}.")
