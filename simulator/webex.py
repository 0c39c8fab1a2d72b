"""Webex's meetings, as strict as its documentation: whole minutes, ten minutes to a day, nothing in the past."""

import random
import re
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LONGEST: Final = {"title": 128, "agenda": 1300, "password": 128, "timezone": 64, "hostEmail": 254, "siteUrl": 253}
MOST_TAGS, LONGEST_TAG = 3, 64
FREQUENCIES: Final = {"DAILY": 1826, "WEEKLY": 261, "MONTHLY": 60, "YEARLY": 5}

_TEXTS = frozenset(LONGEST)
_FLAGS = frozenset({"sendEmail", "enabledJoinBeforeHost"})
_LOBBIES = ("allowJoin", "allowJoinWithLobby", "blockFromJoin")
_CHANGEABLE = (
    _TEXTS
    | _FLAGS
    | {"start", "end", "recurrence", "integrationTags", "joinBeforeHostMinutes", "unlockedMeetingJoinSecurity"}
)
_NULLABLE = frozenset({"agenda", "recurrence", "integrationTags"})
_RULE = re.compile(r"[A-Z]+=[A-Z0-9,+-]+(?:;[A-Z]+=[A-Z0-9,+-]+)*")
_SHORTEST, _LONGEST = timedelta(minutes=10), timedelta(hours=23, minutes=59)
_MINUTE = timedelta(minutes=1)


class Refused(ValueError):
    """A request that Webex refuses; the message is what it says."""


@dataclass(slots=True)
class Meeting:
    """One meeting series: `fields` as they were asked for, the rest as Webex gave it."""

    id: str
    number: str
    host: str
    pin: str
    site: str
    fields: dict[str, Any]

    @property
    def start(self) -> datetime:
        """When the series, or its one meeting, starts."""
        return datetime.fromisoformat(self.fields["start"])

    def json(self, number: str = "") -> dict[str, Any]:
        """The meeting as the API sends it, with fields that a reader does not expect."""
        hidden = _NULLABLE & {name for name, value in self.fields.items() if value is None} | {"sendEmail"}
        return {
            **{name: value for name, value in self.fields.items() if name not in hidden},
            "id": number or self.id,
            "meetingNumber": self.number,
            "phoneAndVideoSystemPassword": self.pin,
            "meetingType": "meetingSeries",
            "state": "active",
            "hostEmail": self.host,
            "hostUserId": "Y2lzY29zcGFyazovL3VzL1BFT1BMRS8x",
            "hostKey": "123456",
            "siteUrl": self.site,
            "webLink": f"https://{self.site}/site/j.php?MTID=m{self.id}",
            "sipAddress": f"{self.number}@{self.site}",
            "dialInIpAddress": "192.0.2.10",
            "scheduledType": "meeting",
            "telephony": {
                "accessCode": self.number,
                "callInNumbers": [
                    {"label": "US Toll", "callInNumber": "+1-202-555-0111", "tollType": "toll"},
                    {"label": "US Toll Free", "callInNumber": "1-800-555-0122", "tollType": "tollFree"},
                ],
                "links": [{"rel": "globalCallinNumbers", "href": f"/v1/meetings/{self.id}/globalCallinNumbers"}],
            },
        }


@dataclass(slots=True)
class Webex:
    """All meetings of one site. `bearer` says whose an access token is: an address, "" for a service app, None for
    nobody; `scopes` what it was granted, None for everything. `users` are the addresses that a service app may act for.
    Thread-safe.
    """

    randomness: random.Random
    bearer: Callable[[str], str | None]
    scopes: Callable[[str], Collection[str] | None] = lambda token: None
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    users: Collection[str] = frozenset()
    site: str = "anyroom.webex.example"
    _meetings: dict[str, Meeting] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def create(self, host: str, body: Any) -> Meeting:
        """A new meeting. Raises Refused."""
        fields = _checked(body, _CHANGEABLE)
        for name in ("title", "start", "end"):
            if not fields.get(name):
                raise Refused(f"'{name}' is required.")
        self._check_times(fields)
        with self._lock:
            identifier = f"{self.randomness.getrandbits(128):032x}"
            number = f"{self.randomness.randrange(10**10, 10**11)}"
            fields.setdefault("password", f"{self.randomness.getrandbits(40):010x}")
            fields.setdefault("timezone", "UTC")
            pin = f"{self.randomness.randrange(10**8):08d}"
            made = Meeting(identifier, number, host, pin, fields.pop("siteUrl", self.site), fields)
            self._meetings[identifier] = made
            return made

    def get(self, host: str, meeting: str) -> Meeting:
        """That meeting of that host. Raises KeyError."""
        found = self._meetings[meeting]
        if found.host != host:
            raise KeyError(meeting)
        return found

    def change(self, host: str, meeting: str, body: Any) -> Meeting:
        """Set what is given. Raises KeyError and Refused."""
        fields = _checked(body, _CHANGEABLE - {"siteUrl"})
        with self._lock:
            found = self.get(host, meeting)
            if {"start", "end"} & fields.keys():
                self._check_times({**found.fields, **fields})
            found.fields.update(fields)
            return found

    def delete(self, host: str, meeting: str) -> None:
        """Remove it; raises KeyError when it is gone."""
        with self._lock:
            self.get(host, meeting)
            del self._meetings[meeting]

    def listed(self, host: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """The host's series between `from` and `to`, seven days where that is not said; one turn each if `current`."""
        start = _time(query["from"]) if "from" in query else None
        end = _time(query["to"]) if "to" in query else (start or self.now()) + timedelta(days=7)
        start = start or (end - timedelta(days=7) if "to" in query else self.now())
        if end < start:
            raise Refused("'from' cannot be after 'to'.")
        tag = query.get("integrationTag")
        found = [
            meeting
            for meeting in self._meetings.values()
            if meeting.host == host
            and start <= meeting.start < end
            and (tag is None or tag in (meeting.fields.get("integrationTags") or ()))
        ]
        current = query.get("current", "true") == "true"
        return [meeting.json(_turn(meeting) if current else "") for meeting in found[: int(query.get("max", "10"))]]

    def __len__(self) -> int:
        return len(self._meetings)

    def _check_times(self, fields: Mapping[str, Any]) -> None:
        start, end = _time(fields["start"]), _time(fields["end"])
        if start < self.now().replace(second=0, microsecond=0):
            raise Refused("'start' cannot be before current date and time.")
        if not _SHORTEST <= end - start <= _LONGEST:
            raise Refused("Duration between 'start' and 'end' is 10 minutes to 23 hours 59 minutes.")


def _turn(meeting: Meeting) -> str:
    """The id of a series' upcoming meeting, which is another than the series' own."""
    return f"{meeting.id}_{meeting.start.astimezone(UTC):%Y%m%dT%H%M%SZ}" if meeting.fields.get("recurrence") else ""


def _time(text: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise Refused("A time is not ISO 8601.") from None
    if moment.tzinfo is None:
        raise Refused("A time has no offset.")
    return moment.replace(second=0, microsecond=0)


def _checked(body: Any, allowed: frozenset[str]) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refused("The body is no JSON object.")
    for name, value in body.items():
        if name not in allowed:
            raise Refused(f"'{name}' is not known.")
        if value is None:
            if name not in _NULLABLE:
                raise Refused(f"'{name}' cannot be null.")
        else:
            _check(name, value)
    return {name: value for name, value in body.items() if name != "hostEmail"}


def _check(name: str, value: Any) -> None:
    if name in _FLAGS:
        good = isinstance(value, bool)
    elif name == "joinBeforeHostMinutes":
        good = value in (0, 5, 10, 15) and not isinstance(value, bool)
    elif name == "integrationTags":
        good = isinstance(value, list) and len(value) <= MOST_TAGS
        good = good and all(isinstance(tag, str) and len(tag) <= LONGEST_TAG for tag in value)
    elif name == "recurrence":
        good = isinstance(value, str) and _is_rule(value)
    elif name == "unlockedMeetingJoinSecurity":
        good = value in _LOBBIES
    elif name == "timezone":
        good = isinstance(value, str) and _is_zone(value)
    elif name in ("start", "end"):
        good = bool(_time(value))
    else:
        good = isinstance(value, str) and len(value) <= LONGEST[name]
    if not good:
        raise Refused(f"'{name}' is not valid.")


def _is_rule(text: str) -> bool:
    if not _RULE.fullmatch(text):
        return False
    parts = dict(part.split("=", 1) for part in text.split(";"))
    most = FREQUENCIES.get(parts.get("FREQ", ""))
    return most is not None and int(parts.get("COUNT", "1")) <= most and len(parts.get("UNTIL", "T" * 16)) == 16


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
