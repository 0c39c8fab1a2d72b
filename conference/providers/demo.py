"""Demo rooms: the conferencing system of the simulator, so that everything can be tried on a laptop.

Its API is described where it is served, in simulator/rooms.py.
"""

from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec

from conference.data import EntryPoint, dial
from conference.errors import AuthenticationRequired, CredentialsRefused, Permanent
from conference.event import Event
from conference.providers.base import (
    Call,
    Changes,
    Code,
    Conference,
    Known,
    Limits,
    Marked,
    Provider,
    Reply,
    Request,
    Visitor,
    check_address,
    origin,
)
from conference.uris import check_web

SIGN_IN_REQUIRED = "sign_in_required"
PUBLISHED_KEY = "demo-rooms-key"
SIGNED_OUT_KEY = "demo-rooms-key-signed-out"
"""Of the account whose owner has not signed in. Neither key is a secret: the simulator lives on loopback."""
MOST_GUESTS = 500

_GONE = frozenset({404, 410})


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is the system's address, `api_key` an account's key; with `sign_in` that of one who is signed out.

    With `join_page` guests enter by our own page, which knows the host.
    """

    url: str = "http://127.0.0.1:8090"
    api_key: str = PUBLISHED_KEY
    sign_in: bool = False
    join_page: bool = False

    def __post_init__(self) -> None:
        check_address("url", self.url)
        if "?" in self.url:
            raise ValueError("url: must have no query")


class _Refusal(msgspec.Struct):
    code: str = ""
    sign_in_url: str = ""


def _code(reply: Reply) -> Code | None:
    return None if reply.status < 400 else reply.read(_Refusal).code or None


PROVIDER = Provider(
    name="demo",
    authentication="secrets",
    idempotency="keyed",
    options=Options,
    hosts=lambda options: (origin(options.url),),
    updates=frozenset({"summary", "description", "start", "end", "recurrence", "attendees"}),
    deletes=True,
    outlives_event=True,
    limits=Limits(summary=200, description=8000),
    errors={
        "unauthorized": CredentialsRefused,
        **dict.fromkeys(("invalid_field", "malformed", "not_found", "too_large"), Permanent),
    },
    error_code=_code,
)


def declare(options: Options) -> Provider:
    """Everything, and our join page where that is wanted."""
    return msgspec.structs.replace(PROVIDER, joins=options.join_page)


class _Phone(msgspec.Struct):
    number: str
    pin: str = ""
    region: str = ""


class _Room(msgspec.Struct):
    id: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{1,128}\Z")]
    join_url: str
    passcode: str = ""
    phone: _Phone | None = None
    sip: str = ""
    host: str = ""


class _Rooms(msgspec.Struct):
    rooms: list[_Room]


class _Keyed(msgspec.Struct):
    id: str
    key: str | None = None


class _AllRooms(msgspec.Struct):
    rooms: list[_Keyed]


def create(event: Event, attempt: str, call: Call) -> Conference:
    """A room under the attempt as its key: the same key gets the same room. Raises AuthenticationRequired."""
    body = {"key": attempt, **_told(event)}
    request = Request("POST", _api(call), json=body, headers=_headers(call))
    return _conference(_signed_in(request, call).read(_Room), call)


def _signed_in(request: Request, call: Call) -> Reply:
    """The reply, of an account whose owner has signed in. Raises AuthenticationRequired."""
    reply = call(request, frozenset({SIGN_IN_REQUIRED}))
    if reply.status == 401:
        address = reply.read(_Refusal).sign_in_url
        check_web(address, "authentication_url")
        raise AuthenticationRequired("demo-sign-in", address)
    return reply


def update(known: Known, changes: Changes, call: Call) -> None:
    """Tell the system what changed, and nothing else."""
    told = _told(changes.event)
    body = {name: told[name] for field in changes.fields for name in _FIELDS.get(field, ())}
    call(Request("PATCH", f"{_api(call)}/{known.id}", json=body, headers=_headers(call)))


def delete(known: Known, call: Call) -> None:
    """Delete the room; one that is gone already is as good."""
    call(Request("DELETE", f"{_api(call)}/{known.id}", headers=_headers(call)), _GONE)


def find(attempt: str, call: Call) -> Conference | None:
    """The room made under that key, if there is one. Raises AuthenticationRequired."""
    query = urlencode({"key": attempt})
    rooms = _signed_in(Request("GET", f"{_api(call)}?{query}", headers=_headers(call)), call).read(_Rooms).rooms
    return _conference(rooms[0], call) if rooms else None


def join(known: Known, visitor: Visitor, call: Call) -> str:
    """The room's own link, for that visitor."""
    room = call(Request("GET", f"{_api(call)}/{known.id}", headers=_headers(call))).read(_Room)
    return f"{room.join_url}?{urlencode({'name': visitor.name, 'role': 'host' if visitor.host else 'guest'})}"


def rooms(call: Call) -> list[Marked]:
    """All rooms of the account that were made under a key, which only we do."""
    listed = _signed_in(Request("GET", _api(call), headers=_headers(call)), call).read(_AllRooms).rooms
    return [Marked(room.key, room.id) for room in listed if room.key]


_TIMES = ("starts", "ends", "time_zone")
_FIELDS = {
    "summary": ("title",),
    "description": ("description",),
    "start": _TIMES,
    "end": _TIMES,
    "recurrence": _TIMES,
    "attendees": ("guests",),
}
"""The system's own fields for each field of an event; times go together, because it refuses an end before the start."""


def _told(event: Event) -> dict[str, Any]:
    """What the system is told; a series is one room without fixed times."""
    return {
        "title": event.summary,
        "description": event.description,
        "starts": None if event.recurrence else event.start.isoformat(),
        "ends": None if event.recurrence else event.end.isoformat(),
        "time_zone": event.zone,
        "guests": [attendee.email for attendee in event.attendees if attendee.email][:MOST_GUESTS],
    }


def _conference(room: _Room, call: Call) -> Conference:
    entry_points = [EntryPoint.fitted("VIDEO", call.link or room.join_url, passcode=room.passcode)]
    if room.phone:
        steps = (f"{room.phone.pin}#",) if room.phone.pin else ()
        number = dial(room.phone.number, *steps)
        entry_points.append(EntryPoint.fitted("PHONE", number, pin=room.phone.pin, region_code=room.phone.region))
    if room.sip:
        entry_points.append(EntryPoint.fitted("SIP", room.sip))
    return Conference(room.id, tuple(entry_points), host=room.host)


def _api(call: Call) -> str:
    return f"{call.options.url.rstrip('/')}/rooms-api/v1/rooms"


def _headers(call: Call) -> dict[str, str]:
    key = SIGNED_OUT_KEY if call.options.sign_in else call.options.api_key
    return {"Authorization": f"Bearer {call.secret(key)}"}
