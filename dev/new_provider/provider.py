"""Acme: a room for each event, made with an API token.

Sources: name here the pages of the vendor's documentation that this file follows, and the day you read them.
"""

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec

from conference.data import EntryPoint
from conference.errors import Permanent, PermissionDenied, Temporary
from conference.event import Event
from conference.providers.base import (
    Call,
    Changes,
    Code,
    Conference,
    Known,
    Limits,
    Provider,
    Reply,
    Request,
    check_address,
    origin,
)


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is the address of the system's API, `token` an API token: write it `secret:NAME`."""

    # What an administrator sets in anyroom.toml. One with a default need not be set.
    url: str
    token: str

    def __post_init__(self) -> None:
        check_address("url", self.url)
        if "?" in self.url:
            raise ValueError("url: must have no query")


class _Refusal(msgspec.Struct):
    # What a refusal looks like, as far as it is read. Everything has a default: not every refusal is the system's own.
    code: str = ""


def _code(reply: Reply) -> Code | None:
    """The system's own code of a refusal."""
    return None if reply.status < 400 else reply.read(_Refusal).code or None


PROVIDER = Provider(
    name="acme",
    authentication="secrets",
    # What keeps a second room from being made when an answer is lost: "searchable" when the system can be searched for
    # a text of ours, as `find` does below; "keyed" when the same key gets the same room; "chosen" when we choose the
    # id; "none" when there is nothing.
    idempotency="searchable",
    options=Options,
    # All that can be asked. A link for guests is not asked, so its host does not belong here.
    hosts=lambda options: (origin(options.url),),
    # Of summary, description, start, end, recurrence and attendees, what the system can follow.
    updates=frozenset({"summary", "description", "start", "end", "recurrence"}),
    deletes=True,
    # A room is still there when its event is over, and deleted a while later. False where it goes by itself, or where
    # its recordings would go with it.
    outlives_event=True,
    # The most characters that the system takes. Longer text is shortened before it comes here.
    limits=Limits(summary=100, description=2000),
    # The system's own codes, or HTTP statuses, where they mean something else than HTTP says. Temporary is worth trying
    # again, Permanent is not, PermissionDenied is for the user to clear up, CredentialsRefused for the administrator.
    errors={"room_limit": PermissionDenied, "time_in_past": Permanent, "maintenance": Temporary},
    error_code=_code,
)


class _Room(msgspec.Struct):
    # What is read of a reply: ids stand in addresses, so nothing else than such characters is taken for one. Where the
    # system's name is not fit for Python, give it: `msgspec.field(name="joinUrl")`.
    id: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{1,128}\Z")]
    join_url: str
    passcode: str = ""
    external_id: str = ""


class _Rooms(msgspec.Struct):
    rooms: list[_Room]


def create(event: Event, attempt: str, call: Call) -> Conference:
    """A room that carries the attempt, so that `find` knows it."""
    body = {"external_id": attempt, **_told(event)}
    return _conference(call(Request("POST", _rooms(call), json=body, headers=_headers(call))).read(_Room))


def update(known: Known, changes: Changes, call: Call) -> None:
    """Tell the system what changed, and nothing else."""
    told = _told(changes.event)
    body = {name: told[name] for field in changes.fields for name in _FIELDS.get(field, ())}
    call(Request("PATCH", f"{_rooms(call)}/{known.id}", json=body, headers=_headers(call)))


def delete(known: Known, call: Call) -> None:
    """Delete the room; one that is gone already is as good."""
    call(Request("DELETE", f"{_rooms(call)}/{known.id}", headers=_headers(call)), frozenset({404}))


def find(attempt: str, call: Call) -> Conference | None:
    """The room that carries the attempt, if there is one."""
    query = urlencode({"external_id": attempt})
    listed = call(Request("GET", f"{_rooms(call)}?{query}", headers=_headers(call))).read(_Rooms)
    # A search may be content with less than the whole text: look again.
    return next((_conference(room) for room in listed.rooms if room.external_id == attempt), None)


_TIMES = ("starts", "ends")
_FIELDS = {"summary": ("title",), "description": ("notes",), "start": _TIMES, "end": _TIMES, "recurrence": _TIMES}
"""The system's own fields for each of `updates`; times go together, lest an end stand before the start in between."""


def _told(event: Event) -> dict[str, Any]:
    """What the system is told of an event; a series is one room without times."""
    return {
        "title": event.summary,
        "notes": event.description,
        "starts": None if event.recurrence else _moment(event.start),
        "ends": None if event.recurrence else _moment(event.end),
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _conference(room: _Room) -> Conference:
    # More ways in are EntryPoint.fitted("PHONE", dial(number)), "SIP" and "MORE": webex.py and zoom.py have them all.
    return Conference(str(room.id), (EntryPoint.fitted("VIDEO", room.join_url, passcode=room.passcode),))


def _rooms(call: Call) -> str:
    return f"{call.options.url.rstrip('/')}/rooms"


def _headers(call: Call) -> dict[str, str]:
    return {"Authorization": f"Bearer {call.secret(call.options.token)}"}
