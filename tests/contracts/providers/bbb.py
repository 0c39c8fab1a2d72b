"""BigBlueButton's API as strict as it is documented, and stricter: a parameter or a type that it would overlook is
refused, in its own XML with HTTP 200."""

import hashlib
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus, urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring

from tests.contracts.providers.wire import Answer, Asked

PREFIX = "/bigbluebutton/api"
SECRET = "canary-bbb-secret-639259d4"
XML = {"Content-Type": "text/xml;charset=utf-8"}

BOOLEAN = re.compile("true|false")
NUMBER = re.compile("[0-9]+")
TEXT = re.compile(r"[^\x00-\x1f]+")
PASSWORD = re.compile(r"[^\x00-\x1f]{2,64}")
MEETING = re.compile(r"[^,\x00-\x1f]{2,256}")

CREATE: Mapping[str, re.Pattern[str]] = {
    "name": re.compile(r"[^\x00-\x1f]{2,64}"),
    "meetingID": MEETING,
    "attendeePW": PASSWORD,
    "moderatorPW": PASSWORD,
    "welcome": TEXT,
    "guestPolicy": re.compile("ALWAYS_ACCEPT|ALWAYS_DENY|ASK_MODERATOR"),
    "record": BOOLEAN,
    "muteOnStart": BOOLEAN,
    "maxParticipants": NUMBER,
    "duration": NUMBER,
    "logoutURL": re.compile(r"https?://[!-~]+"),
    "meetingEndedURL": re.compile(r"https?://[!-~]+"),
}
JOIN: Mapping[str, re.Pattern[str]] = {
    "meetingID": MEETING,
    "fullName": re.compile(r"(?=.*\S)[^\x00-\x1f]+"),
    "userID": TEXT,
    "role": re.compile("MODERATOR|VIEWER"),
    "password": PASSWORD,
    "createTime": NUMBER,
    "guest": BOOLEAN,
    "userdata-bbb_skip_check_audio": BOOLEAN,
}
END: Mapping[str, re.Pattern[str]] = {"meetingID": MEETING, "password": PASSWORD}
ALGORITHMS = {40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}


class Refused(Exception):
    """A call that BigBlueButton answers with a messageKey."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True)
class Entered:
    """Somebody in a meeting, or in front of it."""

    meeting: str
    name: str
    role: str
    user: str
    guest: bool
    waits: bool


@dataclass
class Meeting:
    """One that goes on: what it was made with, and who is there."""

    made_with: Mapping[str, str]
    create_time: str
    voice_bridge: str
    people: list[Entered] = field(default_factory=list)


class BigBlueButton:
    """A server and its meetings. `old` is one from before 2.4, which knows people by their passwords only; `algorithms`
    are those that it is set up to take."""

    def __init__(self, secret: str = SECRET, algorithms: frozenset[str] | None = None, old: bool = False) -> None:
        self._secret = secret
        self._algorithms = frozenset(ALGORITHMS.values()) if algorithms is None else algorithms
        self._old = old
        self._times = itertools.count(1_531_155_809_613, 1009)
        self.meetings: dict[str, Meeting] = {}

    def __call__(self, asked: Asked) -> Answer:
        """The answer to a request."""
        call = asked.path.removeprefix(f"{PREFIX}/")
        calls: Mapping[str, tuple[Callable[[dict[str, str]], Answer], Mapping[str, re.Pattern[str]]]] = {
            "create": (self._create, CREATE),
            "join": (self._join, JOIN),
            "end": (self._end, END),
            "getMeetings": (self._list, {}),
        }
        try:
            if asked.method != "GET" or asked.body or not asked.path.startswith(PREFIX) or call not in calls:
                raise Refused("unsupportedRequest")
            act, known = calls[call]
            query = urlsplit(asked.target).query
            self._check_signed(call, query)
            return act(_checked(query, known))
        except Refused as refused:
            return failure(refused.key)

    def forget_the_empty(self) -> None:
        """Five minutes pass in which nobody comes."""
        self.meetings = {name: meeting for name, meeting in self.meetings.items() if meeting.people}

    def _check_signed(self, call: str, query: str) -> None:
        parts = query.split("&")
        given = [part.removeprefix("checksum=") for part in parts if part.startswith("checksum=")]
        if len(given) != 1 or ALGORITHMS.get(len(given[0])) not in self._algorithms:
            raise Refused("checksumError")
        signed = "&".join(part for part in parts if not part.startswith("checksum="))
        digest = hashlib.new(ALGORITHMS[len(given[0])], (call + signed + self._secret).encode())
        if digest.hexdigest() != given[0]:
            raise Refused("checksumError")

    def _create(self, query: dict[str, str]) -> Answer:
        name = query["meetingID"]
        if "name" not in query:
            raise Refused("validationError")
        meeting = self.meetings.get(name)
        if meeting is None:
            meeting = Meeting(query, str(next(self._times)), str(70_000 + len(self.meetings)))
            self.meetings[name] = meeting
            return _of(meeting, {})
        if any(meeting.made_with.get(word) != query.get(word) for word in ("attendeePW", "moderatorPW")):
            raise Refused("idNotUnique")
        return _of(meeting, {"messageKey": "duplicateWarning", "message": "This conference was already in existence."})

    def _join(self, query: dict[str, str]) -> Answer:
        meeting = self.meetings.get(query["meetingID"])
        if "fullName" not in query:
            raise Refused("missingParamFullName")
        if meeting is None:
            raise Refused("invalidMeetingIdentifier" if self._old else "notFound")
        if query.get("createTime", meeting.create_time) != meeting.create_time:
            raise Refused("mismatchCreateTimeParam")
        passwords = {meeting.made_with.get("moderatorPW"): "MODERATOR", meeting.made_with.get("attendeePW"): "VIEWER"}
        by_password = passwords.get(query.get("password"))
        role = by_password if self._old else query.get("role", by_password)
        if role is None:
            raise Refused("invalidPassword")
        guest = query.get("guest") == "true"
        policy = (
            meeting.made_with.get("guestPolicy", "ALWAYS_ACCEPT") if guest and role == "VIEWER" else "ALWAYS_ACCEPT"
        )
        if policy == "ALWAYS_DENY":
            raise Refused("guestDeny")
        if len(meeting.people) >= int(meeting.made_with.get("maxParticipants", 10**9)):
            raise Refused("maxParticipantsReached")
        waits = policy == "ASK_MODERATOR"
        who = Entered(query["meetingID"], query["fullName"], role, query.get("userID", ""), guest, waits)
        meeting.people.append(who)
        return Answer(302, b"", {"Location": f"/html5client/?sessionToken={len(meeting.people)}"})

    def _end(self, query: dict[str, str]) -> Answer:
        meeting = self.meetings.get(query["meetingID"])
        if meeting is None:
            raise Refused("notFound")
        if self._old and query.get("password") != meeting.made_with.get("moderatorPW"):
            raise Refused("invalidPassword")
        del self.meetings[query["meetingID"]]
        return success({"messageKey": "sentEndMeetingRequest", "message": "A request to end the meeting was sent."})

    def _list(self, query: dict[str, str]) -> Answer:
        return success({"meetings": ""})


def success(fields: Mapping[str, str]) -> Answer:
    """The XML of a call that succeeded."""
    return _answer({"returncode": "SUCCESS", **fields})


def failure(key: str) -> Answer:
    """The XML of one that failed."""
    return _answer({"returncode": "FAILED", "messageKey": key, "message": "The call was refused."})


def _answer(fields: Mapping[str, str]) -> Answer:
    response = Element("response")
    for name, text in fields.items():
        SubElement(response, name).text = text
    return Answer(200, tostring(response), XML)


def _of(meeting: Meeting, more: Mapping[str, str]) -> Answer:
    told = {
        "meetingID": meeting.made_with["meetingID"],
        "internalMeetingID": f"640ab2bae07bedc4c163f679a746f7ab7fb5d1fa-{meeting.create_time}",
        "parentMeetingID": "bbb-none",
        "attendeePW": meeting.made_with.get("attendeePW", "drawn"),
        "moderatorPW": meeting.made_with.get("moderatorPW", "drawn"),
        "createTime": meeting.create_time,
        "voiceBridge": meeting.voice_bridge,
        "dialNumber": "613-555-1234",
        "createDate": "Mon Jul 09 17:03:29 UTC 2018",
        "hasUserJoined": str(bool(meeting.people)).lower(),
        "duration": meeting.made_with.get("duration", "0"),
        "hasBeenForciblyEnded": "false",
    }
    return success({**told, **more})


def _checked(query: str, known: Mapping[str, re.Pattern[str]]) -> dict[str, str]:
    """The parameters, each known, of its type, and there once."""
    pairs = [*_pairs(query)]
    parameters = dict(pairs)
    if len(parameters) < len(pairs):
        raise Refused("validationError")
    for name, text in parameters.items():
        shape = TEXT if name.startswith("meta_") else known.get(name)
        if shape is None or not shape.fullmatch(text):
            raise Refused("validationError")
    if "meetingID" in known and "meetingID" not in parameters:
        raise Refused("missingParamMeetingID")
    return parameters


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for part in query.split("&"):
        name, _, text = part.partition("=")
        if part and name != "checksum":
            yield unquote_plus(name, errors="strict"), unquote_plus(text, errors="strict")
