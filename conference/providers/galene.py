"""Galène: a group for each event that only its link leads to, where guests enter by any name and operators moderate.

Sources: Galène's manual and the description of its administrative API, how version 1.2 was seen to answer, and its
source for what a login needs. Users and passwords are no part of the definition that the API takes: they follow one by
one, the guests' password last, so that nobody enters a group that is not finished, and each step may be repeated.

What an event's page shows is for all its guests, so the host cannot be told a password there: one password, known to
those who host, makes them operators of every group. Whoever has a link is shown the group's title, and the server would
also tell them its description: an event's stays here. There are no telephones: galene-sip is a gateway of its own, and
each of its processes serves one group.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

import msgspec

from conference.data import EntryPoint
from conference.errors import OutcomeUnknown, Permanent, Temporary
from conference.event import PLACEHOLDER_TITLE, Event
from conference.providers.base import (
    MOST_BODY,
    Call,
    Changes,
    Code,
    Conference,
    Known,
    Marked,
    Provider,
    Reply,
    Request,
    check_address,
    origin,
)

MOST_LIST = 8 << 20
"""Bytes of a list of groups: some two hundred thousand of ours."""
ITERATIONS = 4096
"""Of PBKDF2, as many as Galène itself takes for a password."""

_ADMIN = "galene-api/v0/.groups/"
_PREFIX = re.compile(r"(?:[a-z0-9_-]+/)*[a-z0-9_-]*")
_ATTEMPT = re.compile(r"[a-z2-7]{26}")
_USER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_GONE: Final[frozenset[Code]] = frozenset({404})
_OVERTAKEN: Final[frozenset[Code]] = frozenset({412})
_TRIES = 3
_NONE: Final[Mapping[str, str]] = MappingProxyType({})

Minutes = Annotated[int, msgspec.Meta(ge=0, le=10_080)]


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is where Galène is; `username` and `password`, or `token`, are an administrator's there, who needs
    `writableGroups`. `operator` is the name, `operator_password` the password of those who moderate.

    `guests` is what everybody else may do: `present`, `message` or `observe`. From `room_secret` each group's passcode
    is derived, so that it need not be kept; without it a link is enough. `lobby` has guests wait for an operator, who
    is never kept out; `opens_before` and `closes_after` are the minutes before the event's start and after its end
    between which guests may enter. `join_url` is the page of a group, {room} being its name, where that is not below
    `url`. `room_prefix` stands before the unguessable part of each name. `max_clients` is 0 for any number.
    """

    url: str
    operator_password: str
    username: str = ""
    password: str = ""
    token: str = ""
    operator: str = "operator"
    guests: Literal["present", "message", "observe"] = "present"
    room_secret: str = ""
    lobby: bool = False
    opens_before: Minutes | None = None
    closes_after: Minutes | None = None
    max_clients: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0
    recording: bool = False
    room_prefix: str = ""
    join_url: str = ""

    def __post_init__(self) -> None:
        check_address("url", self.url)
        if "?" in self.url:
            raise ValueError("url: must have no query")
        if self.join_url:
            check_address("join_url", self.join_url.replace("{room}", "room"))
            if "{room}" not in self.join_url:
                raise ValueError("join_url: must have {room} where the group's name goes")
        if bool(self.token) == bool(self.username or self.password):
            raise ValueError("token: either this is needed, or username and password")
        if not self.token and not (self.username and self.password):
            raise ValueError("password: goes with username")
        if ":" in self.username:
            raise ValueError("username: may have no colon")
        if not self.operator_password:
            raise ValueError("operator_password: must not be empty")
        if not _USER.fullmatch(self.operator):
            raise ValueError("operator: may have 1 to 64 letters, digits, hyphens and underscores")
        if len(self.room_prefix) > 64 or not _PREFIX.fullmatch(self.room_prefix):
            raise ValueError("room_prefix: may have 64 lower-case letters, digits, hyphens, and slashes between them")


def _code(reply: Reply) -> Code | None:
    """Galène has no codes. It answers an administrator with 401 too, while its groups are not writable."""
    return "not-writable" if reply.status == 401 and reply.body.strip() == b"not authorised" else None


PROVIDER = Provider(
    name="galene",
    authentication="secrets",
    idempotency="chosen",
    options=Options,
    hosts=lambda options: (origin(options.url),),
    updates=frozenset({"summary", "start", "end", "recurrence"}),
    deletes=True,
    outlives_event=True,
    errors={"not-writable": Permanent},
    error_code=_code,
)


class _Group(msgspec.Struct):
    title: str = msgspec.field(name="displayName")


def create(event: Event, attempt: str, call: Call) -> Conference:
    """A group whose name is the attempt, and who may enter it; what an earlier try left undone is done."""
    options: Options = call.options
    name = options.room_prefix + attempt
    users = _users(name, call)
    described = _following(event, options) | {
        "max-clients": options.max_clients or None,
        "allow-recording": options.recording or None,
    }
    made = _ask("PUT", name, call, _given(described), accept=_OVERTAKEN, headers={"If-None-Match": "*"})
    if made.status not in (201, 412):
        raise OutcomeUnknown("malformed-reply", f"HTTP {made.status} to a new group")
    for user, permissions, password in users:
        _ask("PUT", f"{name}/{user}", call, {"permissions": permissions})
        _ask("PUT", f"{name}/{user}/.password", call, password)
    return _conference(name, _ask("GET", name, call), call)


def update(known: Known, changes: Changes, call: Call) -> None:
    """Tell the group its title and when guests may enter; whatever else it was given at Galène stays.

    It keeps its passwords, because guests hold theirs in the event.
    """
    told = _following(changes.event, call.options)
    for _ in range(_TRIES):
        reply = _ask("GET", known.id, call)
        group = reply.read(dict[str, Any])
        wanted = _given(group | told)
        if wanted == group:
            return
        if _ask("PUT", known.id, call, wanted, accept=_OVERTAKEN, headers={"If-Match": _tag(reply)}).status != 412:
            return
    raise Temporary("galene-412", "somebody else goes on changing the group")


def delete(known: Known, call: Call) -> None:
    """Delete the group; one that is gone already is as good."""
    _ask("DELETE", known.id, call, accept=_GONE)


def find(attempt: str, call: Call) -> Conference | None:
    """The group of that attempt, if there is one, also where a try to make it was cut short."""
    name = call.options.room_prefix + attempt
    reply = _ask("GET", name, call, accept=_GONE)
    return None if reply.status == 404 else _conference(name, reply, call)


def _conference(name: str, reply: Reply, call: Call) -> Conference:
    """The group that the reply shows."""
    reply.read(_Group)
    link = (call.options.join_url or f"{call.options.url.rstrip('/')}/group/{{room}}/").replace("{room}", quote(name))
    return Conference(name, (EntryPoint("VIDEO", link, passcode=_passcode(name, call)),))


def rooms(call: Call) -> list[Marked]:
    """The groups whose names are the prefix and an attempt: nobody else makes 26 random letters and digits."""
    prefix = call.options.room_prefix
    names = _ask("GET", "", call, most=MOST_LIST).read(list[str] | None) or []
    attempts = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    return [Marked(attempt, prefix + attempt) for attempt in attempts if _ATTEMPT.fullmatch(attempt)]


def _following(event: Event, options: Options) -> dict[str, Any]:
    """The fields of a group that follow the event; None where there shall be none. A series is one stretch of time."""
    early, late = options.opens_before, options.closes_after
    over = event.last_end()
    return {
        "displayName": event.summary or PLACEHOLDER_TITLE,
        "autolock": options.lobby or None,
        "not-before": None if early is None else _moment(event.start, -early),
        "expires": None if late is None or over is None else _moment(over, late),
    }


def _moment(moment: datetime, minutes: int) -> str | None:
    """So many minutes after the moment, None where no year has that: such a group is always open at that end."""
    try:
        moved = moment.astimezone(UTC) + timedelta(minutes=minutes)
    except OverflowError:
        return None
    return moved.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _users(name: str, call: Call) -> tuple[tuple[str, str, dict[str, Any]], ...]:
    """Who may enter: the path, the permissions and the password of the operators and of everybody else.

    The operators come first: some versions take no password for the others in a group that has no user with a name.
    """
    options: Options = call.options
    code = _passcode(name, call)
    salt = hashlib.sha256(name.encode()).digest()
    operators = _hashed(call.secret(options.operator_password), salt[:8])
    others = _hashed(code, salt[8:16]) if code else {"type": "wildcard"}
    return (f".users/{options.operator}", "op", operators), (".wildcard-user", options.guests, others)


def _hashed(password: str, salt: bytes) -> dict[str, Any]:
    """The password as Galène keeps it, so that no file there shows it."""
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    return {"type": "pbkdf2", "hash": "sha-256", "key": key.hex(), "salt": salt.hex(), "iterations": ITERATIONS}


def _passcode(name: str, call: Call) -> str:
    """Eight digits, the same for every try of the attempt; "" where there shall be none."""
    if not call.options.room_secret:
        return ""
    key = call.secret(call.options.room_secret).encode()
    return f"{int.from_bytes(hmac.digest(key, f'passcode:{name}'.encode(), 'sha256')) % 10**8:08}"


def _tag(reply: Reply) -> str:
    """The reply's entity tag. A proxy that packs replies calls it a weak one, which Galène would not know again."""
    tag = reply.headers.get("ETag", "").removeprefix("W/")
    if not tag:
        raise Temporary("malformed-reply", "a group without an entity tag")
    return tag


def _ask(
    method: Literal["GET", "PUT", "DELETE"],
    path: str,
    call: Call,
    body: Any = None,
    *,
    accept: frozenset[Code] = frozenset(),
    headers: Mapping[str, str] = _NONE,
    most: int = MOST_BODY,
) -> Reply:
    url = f"{call.options.url.rstrip('/')}/{_ADMIN}{quote(path)}"
    given = {"Authorization": _authorization(call), **headers}
    return call(Request(method, url, json=body, headers=given, most=most), accept)


def _authorization(call: Call) -> str:
    options: Options = call.options
    if options.token:
        return f"Bearer {call.secret(options.token)}"
    pair = f"{options.username}:{call.secret(options.password)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
