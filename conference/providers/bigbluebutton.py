"""BigBlueButton, also behind Scalelite or BBBLB: a meeting is made at the click, because an empty one dies in minutes.

Sources: BigBlueButton's API reference and how its own server answers, Scalelite's API controller, BBBLB's verifier.

Each call is signed over the query exactly as it is sent. Everything goes into the query of a GET, titles and names too,
which is what all three take: of a form BigBlueButton signs nothing and BBBLB everything, and Scalelite passes it on as
slides. Older servers know a repeated meeting and a role by passwords; these are derived from the secret, so that nobody
has to keep them, and are good for nothing without it.

There are no telephones in the event. A meeting's PIN, its voice bridge, is one of 90,000 numbers that all meetings of a
server share: one chosen when the event is saved may be another meeting's by the time that somebody dials, and until the
first click nobody would answer. The meeting itself shows its number and PIN, where the server has telephones.
"""

import hashlib
import hmac
import math
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Final, Literal
from urllib.parse import urlencode, urlsplit

import msgspec
from defusedxml.ElementTree import ParseError, fromstring

from conference.data import EntryPoint, clean, shorten
from conference.errors import CredentialsRefused, OutcomeUnknown, Permanent, Temporary
from conference.event import PLACEHOLDER_TITLE, Event
from conference.providers.base import (
    Call,
    Code,
    Conference,
    Known,
    Provider,
    Reply,
    Request,
    Visitor,
    check_address,
    origin,
)

MOST_REPLY = 64 << 10
"""Bytes of a reply: that to `create` has about one thousand."""
LONGEST_NAME = 64
"""Characters of a meeting's name that every version takes; newer ones take 256."""

_OVER: Final[frozenset[Code]] = frozenset({"notFound", "invalidMeetingIdentifier", "meetingForciblyEnded"})
_PREFIX = re.compile(r"[A-Za-z0-9_-]{0,64}")
_PARAMETER = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,99})=([^\x00-\x1f\x7f]{0,1000})")
_OURS = frozenset(
    (
        *("meetingID", "name", "attendeePW", "moderatorPW", "checksum", "voiceBridge"),
        *("duration", "welcome", "guestPolicy", "record", "maxParticipants", "logoutURL"),
    )
)
_FOR_JOIN = "userdata-"
_CREATE_TIME = re.compile(r"[0-9]{1,19}")

Minutes = Annotated[int, msgspec.Meta(ge=0, le=10_080)]


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` and `secret` are what `bbb-conf --secret` prints on the server, or a load balancer's; `checksum` is how
    calls are signed.

    `meeting_prefix` stands before the unguessable part of each meeting's id; `meeting_name` is what every meeting is
    called instead of the event's title. The rest is told the server when a meeting is made, and left to it otherwise:
    `welcome` is shown in the chat, `guest_policy` says whether guests wait, `record` whether moderators may record,
    `max_participants` is 0 for any number, `logout_url` where people land afterwards. `ends_after` are the minutes
    after the event's end at which everybody is put out. `api_parameters` are others of `create`, each "name=value";
    those that begin with "userdata-" go along with `join`.
    """

    url: str
    secret: str
    checksum: Literal["sha1", "sha256", "sha384", "sha512"] = "sha256"
    meeting_prefix: str = ""
    meeting_name: str = ""
    welcome: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    guest_policy: Literal["", "ALWAYS_ACCEPT", "ASK_MODERATOR", "ALWAYS_DENY"] = ""
    record: bool | None = None
    max_participants: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0
    ends_after: Minutes | None = None
    logout_url: str = ""
    api_parameters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_address("url", self.url)
        if "?" in self.url:
            raise ValueError("url: must have no query")
        if not self.secret:
            raise ValueError("secret: must not be empty")
        if not _PREFIX.fullmatch(self.meeting_prefix):
            raise ValueError("meeting_prefix: may have at most 64 letters, digits, hyphens and underscores")
        if self.meeting_name and not 2 <= len(self.meeting_name) <= LONGEST_NAME:
            raise ValueError(f"meeting_name: must have 2 to {LONGEST_NAME} characters")
        if self.logout_url:
            check_address("logout_url", self.logout_url)
        for text in self.api_parameters:
            found = _PARAMETER.fullmatch(text)
            if found is None:
                raise ValueError(
                    'api_parameters: must be texts such as "muteOnStart=true", of at most 1,000 characters'
                )
            if found[1] in _OURS:
                raise ValueError(f"api_parameters: {found[1]} is set by an option of its own, or by Anyroom")


def _code(reply: Reply) -> Code | None:
    """The messageKey of a failure, which comes with HTTP 200; a success may have one too, such as duplicateWarning."""
    answer = _read(reply)
    return None if answer["returncode"] == "SUCCESS" else answer.get("messageKey") or "FAILED"


PROVIDER = Provider(
    name="bigbluebutton",
    authentication="secrets",
    idempotency="chosen",
    options=Options,
    hosts=lambda options: (origin(options.url),),
    deletes=True,
    joins=True,
    errors={
        "checksumError": CredentialsRefused,
        "internalError": Temporary,
        "noServerAvailable": Temporary,
        "maxParticipantsReached": Temporary,
        "meetingForciblyEnded": Temporary,  # until the server has forgotten the meeting that was ended
        "mismatchCreateTimeParam": Temporary,
        "nonUniqueVoiceBridge": Temporary,  # the server draws another one
        "notFound": Permanent,
        "idNotUnique": Permanent,
        "invalidMeetingIdentifier": Permanent,
        "invalidPassword": Permanent,
        "missingParamMeetingID": Permanent,
        "missingParameterMeetingID": Permanent,
        "missingParameterName": Permanent,
        "sizeError": Permanent,
        "unsupportedRequest": Permanent,
        "validationError": Permanent,
    },
    error_code=_code,
)


def create(event: Event, attempt: str, call: Call) -> Conference:
    """Our own page, and the id that its meeting will have. Nothing is asked: there is no meeting before the click.

    Raises SecretUnavailable here already when nobody could enter at the click.
    """
    call.secret(call.options.secret)
    return Conference(call.options.meeting_prefix + attempt, (EntryPoint("VIDEO", call.link),))


def join(known: Known, visitor: Visitor, call: Call) -> str:
    """Make the meeting unless it is there, and return the signed address at which that visitor enters it.

    The address is as good as a ticket until this very meeting is over. Raises ConferenceFailure.
    """
    secret = call.secret(call.options.secret)
    made = _ask("create", _meeting(known.id, visitor, call, secret), call, secret)
    if made.get("hasBeenForciblyEnded") == "true":
        raise Temporary("bigbluebutton-meetingForciblyEnded", "the server has not forgotten yet that it was ended")
    if not _CREATE_TIME.fullmatch(made.get("createTime", "")):
        raise OutcomeUnknown("malformed-reply", "a meeting without a createTime")
    role: Literal["MODERATOR", "VIEWER"] = "MODERATOR" if visitor.host else "VIEWER"
    entering = {
        "meetingID": known.id,
        "fullName": _line(visitor.name) or ("Host" if visitor.host else "Guest"),
        "userID": visitor.id,
        "role": role,
        "password": _password(role, known.id, secret),
        "createTime": made["createTime"],
        "guest": "false" if visitor.host else "true",
    }
    return _signed("join", entering | _parameters(call.options, for_join=True), call.options, secret)


def delete(known: Known, call: Call) -> None:
    """End the meeting; where none is running, that is as good."""
    secret = call.secret(call.options.secret)
    ending = {"meetingID": known.id, "password": _password("MODERATOR", known.id, secret)}
    _ask("end", ending, call, secret, accept=_OVER)


def _meeting(meeting: str, visitor: Visitor, call: Call, secret: str) -> dict[str, str]:
    """What `create` is told. Whoever comes first decides it: for all others the meeting is there already."""
    options: Options = call.options
    title = shorten(_line(options.meeting_name or visitor.summary), LONGEST_NAME)
    told = {
        "name": title if len(title) > 1 else PLACEHOLDER_TITLE,
        "meetingID": meeting,
        "attendeePW": _password("VIEWER", meeting, secret),
        "moderatorPW": _password("MODERATOR", meeting, secret),
        "welcome": _line(options.welcome),
        "guestPolicy": options.guest_policy,
        "record": "" if options.record is None else str(options.record).lower(),
        "maxParticipants": str(options.max_participants or ""),
        "duration": _duration(visitor, call),
        "logoutURL": options.logout_url,
    }
    return {name: value for name, value in told.items() if value} | _parameters(options)


def _duration(visitor: Visitor, call: Call) -> str:
    """The minutes that a meeting which begins now may last, "" for any number."""
    ends_after = call.options.ends_after
    if ends_after is None or visitor.until is None:
        return ""
    left = (visitor.until - call.now() + timedelta(minutes=ends_after)) / timedelta(minutes=1)
    return str(math.ceil(left)) if left > 0 else ""


def _parameters(options: Options, for_join: bool = False) -> dict[str, str]:
    pairs = (text.partition("=") for text in options.api_parameters)
    return {name: value for name, _, value in pairs if name.startswith(_FOR_JOIN) == for_join}


def _password(role: Literal["MODERATOR", "VIEWER"], meeting: str, secret: str) -> str:
    return hmac.digest(secret.encode(), f"{role}:{meeting}".encode(), "sha256").hex()[:32]


def _line(text: str) -> str:
    return clean(text).strip()


def _ask(
    name: Literal["create", "end"],
    query: Mapping[str, str],
    call: Call,
    secret: str,
    accept: frozenset[Code] = frozenset(),
) -> dict[str, str]:
    url = _signed(name, query, call.options, secret)
    return _read(call(Request("GET", url, headers={"Accept": "application/xml"}, most=MOST_REPLY), accept))


def _signed(name: str, query: Mapping[str, str], options: Options, secret: str) -> str:
    """The address of a call. All of it that is not the server's is letters, digits and "%&+-.=_~", which nobody on the
    way has to write in another way."""
    sent = urlencode(query)
    return f"{_api(options.url)}/{name}?{sent}&checksum={_checksum(name, sent, secret, options.checksum)}"


def _checksum(name: str, query: str, secret: str, algorithm: str) -> str:
    return hashlib.new(algorithm, f"{name}{query}{secret}".encode()).hexdigest()


def _api(url: str) -> str:
    """Where the API is, of an address with or without its last parts."""
    base = url.rstrip("/").removesuffix("/api")
    return f"{base}/api" if urlsplit(base).path else f"{base}/bigbluebutton/api"


def _read(reply: Reply) -> dict[str, str]:
    """The texts of a reply, by the names of their elements.

    Raises OutcomeUnknown for what is no answer; one with a document type, of which bombs are made, is none.
    """
    try:
        response = fromstring(reply.body, forbid_dtd=True)
        answer = {element.tag: (element.text or "").strip() for element in response}
        if response.tag == "response" and answer["returncode"] in ("SUCCESS", "FAILED"):
            return answer
    except (ParseError, ValueError, LookupError):
        pass
    raise OutcomeUnknown("malformed-reply", f"HTTP {reply.status}, {len(reply.body)} bytes that are no answer")
