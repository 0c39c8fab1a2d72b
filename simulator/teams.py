"""The online meetings of Microsoft Graph, as strict as its documentation: both times or none, attendees by upn."""

import random
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

CREATED: Final = frozenset({"externalId", "subject", "startDateTime", "endDateTime", "participants"})
CHANGED: Final = frozenset({"subject", "startDateTime", "endDateTime", "participants", "lobbyBypassSettings"})
LOBBIES: Final = ("organizer", "organization", "organizationAndFederated", "everyone", "invited")
LONGEST_SUBJECT: Final = 255

_ROLES = ("attendee", "presenter", "coorganizer", "producer")


class Refused(ValueError):
    """A request that Graph refuses; the message is what it says."""


@dataclass(slots=True)
class Meeting:
    """One online meeting, times in UTC."""

    id: str
    external_id: str
    organizer: str
    conference_id: str
    subject: str | None
    start: datetime
    end: datetime
    attendees: list[dict[str, Any]] = field(default_factory=list)
    lobby: str = "organization"

    def json(self) -> dict[str, Any]:
        """The meeting as Graph sends it, with fields that a reader does not expect."""
        return {
            "@odata.context": "https://graph.microsoft.example/v1.0/$metadata#users('me')/onlineMeetings/$entity",
            "id": self.id,
            "externalId": self.external_id,
            "subject": self.subject,
            "startDateTime": _written(self.start),
            "endDateTime": _written(self.end),
            "creationDateTime": "2031-01-01T00:00:00.0000000Z",
            "joinWebUrl": f"https://teams.microsoft.example/l/meetup-join/{self.id}/0",
            "joinMeetingIdSettings": {
                "isPasscodeRequired": True,
                "joinMeetingId": f"30{self.conference_id}0",
                "passcode": f"p{self.conference_id[:5]}",
            },
            "audioConferencing": {
                "ConferenceId": self.conference_id,
                "tollNumber": "+1 202-555-0111",
                "tollFreeNumber": None,
                "tollNumbers": ["+1 202-555-0111", "+1 202-555-0112"],
                "tollFreeNumbers": ["+1 800-555-0122"],
                "dialinUrl": f"https://dialin.teams.microsoft.example/{self.id}?id={self.conference_id}",
            },
            "videoTeleconferenceId": f"1{self.conference_id}",
            "isBroadcast": False,
            "lobbyBypassSettings": {"scope": self.lobby, "isDialInBypassEnabled": False},
            "participants": {
                "organizer": {"upn": self.organizer, "role": "presenter", "identity": {"user": {"id": "1"}}},
                "attendees": self.attendees,
            },
            "chatInfo": {"threadId": "19:1@thread.v2", "messageId": "0", "replyChainMessageId": None},
        }


@dataclass(slots=True)
class Teams:
    """All meetings of one tenant. `bearer` says whose an access token is: an address, "" for an application, None for
    nobody; `scopes` what a user has granted it, None for everything. `users` are the tenant's, object id by address,
    `granted` those whom the application's policy covers.
    """

    randomness: random.Random
    bearer: Callable[[str], str | None]
    scopes: Callable[[str], Collection[str] | None] = lambda token: None
    users: Mapping[str, str] = field(default_factory=dict)
    granted: Collection[str] = frozenset()
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    _meetings: dict[str, Meeting] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def create_or_get(self, organizer: str, body: Any) -> tuple[Meeting, bool]:
        """The organizer's meeting of that external id, and whether it is new. Raises Refused."""
        fields = _checked(body, CREATED)
        if not fields.get("externalId"):
            raise Refused("externalId is required.")
        with self._lock:
            for meeting in self._meetings.values():
                if (meeting.organizer, meeting.external_id) == (organizer, fields["externalId"]):
                    return meeting, False
            if "endDateTime" in fields and "startDateTime" not in fields:
                raise Refused("endDateTime is provided without startDateTime.")
            start = fields.get("startDateTime", self.now())
            end = fields.get("endDateTime", start + timedelta(hours=1))
            _check_order(start, end)
            made = Meeting(
                id=f"MSp{self.randomness.getrandbits(128):032x}",
                external_id=fields["externalId"],
                organizer=organizer,
                conference_id=f"{self.randomness.randrange(10**8, 10**9)}",
                subject=fields.get("subject"),
                start=start,
                end=end,
                attendees=fields.get("participants", []),
            )
            self._meetings[made.id] = made
            return made, True

    def get(self, organizer: str, meeting: str) -> Meeting:
        """That meeting of that organizer. Raises KeyError."""
        found = self._meetings[meeting]
        if found.organizer != organizer:
            raise KeyError(meeting)
        return found

    def change(self, organizer: str, meeting: str, body: Any) -> Meeting:
        """Set what is given. Raises KeyError and Refused."""
        fields = _checked(body, CHANGED)
        if ("startDateTime" in fields) != ("endDateTime" in fields):
            raise Refused("startDateTime and endDateTime go together.")
        with self._lock:
            found = self.get(organizer, meeting)
            if "startDateTime" in fields:
                _check_order(fields["startDateTime"], fields["endDateTime"])
                found.start, found.end = fields["startDateTime"], fields["endDateTime"]
            found.subject = fields.get("subject", found.subject)
            found.attendees = fields.get("participants", found.attendees)
            found.lobby = fields.get("lobbyBypassSettings", found.lobby)
            return found

    def delete(self, organizer: str, meeting: str) -> None:
        """Remove it; raises KeyError when it is gone."""
        with self._lock:
            self.get(organizer, meeting)
            del self._meetings[meeting]

    def __len__(self) -> int:
        return len(self._meetings)


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")


def _check_order(start: datetime, end: datetime) -> None:
    if end < start:
        raise Refused("endDateTime is earlier than startDateTime.")


def _checked(body: Any, allowed: frozenset[str]) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refused("The body is no JSON object.")
    unknown = sorted(set(body) - allowed)
    if unknown:
        raise Refused(f"The property '{unknown[0]}' does not exist or cannot be set here.")
    return {name: _READ[name](value) for name, value in body.items()}


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_SUBJECT:
        raise Refused("A text is none, or too long.")
    return value


def _time(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Refused("A time is no DateTimeOffset.") from None
    if moment.tzinfo is None:
        raise Refused("A time has no offset.")
    return moment.astimezone(UTC)


def _attendees(value: Any) -> list[dict[str, Any]]:
    attendees = value.get("attendees") if isinstance(value, dict) and set(value) == {"attendees"} else None
    if not isinstance(attendees, list):
        raise Refused("Only attendees can be set.")
    for attendee in attendees:
        if not isinstance(attendee, dict) or not isinstance(attendee.get("upn"), str) or "@" not in attendee["upn"]:
            raise Refused("An attendee has no upn.")
        if set(attendee) - {"upn", "role", "identity"} or attendee.get("role", "attendee") not in _ROLES:
            raise Refused("An attendee has something that is not known.")
    return attendees


def _lobby(value: Any) -> str:
    if not isinstance(value, dict) or set(value) != {"scope"} or value["scope"] not in LOBBIES:
        raise Refused("lobbyBypassSettings is not valid.")
    scope: str = value["scope"]
    return scope


_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "externalId": _text,
    "subject": _text,
    "startDateTime": _time,
    "endDateTime": _time,
    "participants": _attendees,
    "lobbyBypassSettings": _lobby,
}
