"""Matrix room for Element Call: one room for each event, made by an account of yours on a homeserver.

A room has no time, no telephone and no passcode. Guests may enter, talk, write and take part in calls; name, access and
everything else in the room stay with our account and the `moderators`. Neither can the server open a door at a given
time: `lobby` has guests ask to enter whenever they come. A conference that is deleted is gone from the homeserver where
the account is an administrator of Synapse (`admin`). Any other account can only close the room: its alias is free
again, nobody is in it or can enter, and what was said in it stays with the homeserver.

Sources: the Matrix specification v1.15 (client-server API; appendices), Synapse's Admin API documentation, Element
Call's url-params.md and UrlParams.ts, for links; tried against Synapse 1.163.2.
"""

import re
from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import quote

import msgspec

from conference.data import EntryPoint
from conference.errors import CredentialsRefused, InvalidConferenceData, Permanent, Temporary
from conference.event import PLACEHOLDER_TITLE, Event
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
from conference.uris import check_web

MOST_WAIT = 3600.0
"""Seconds: a longer wait that a homeserver asks for is taken for this."""
MOST_MEMBERS = 16 << 20
"""Bytes of the list of a room's members: half a kilobyte for each of them."""
CALL_MEMBERSHIP = ("org.matrix.msc3401.call.member", "m.call.member")
"""The state events by which a guest takes part in a call (MatrixRTC, MSC4143). A homeserver lets nobody write under the
id of another user; the keys of single devices, which begin with `_`, it does not guard before MSC3757."""

_ALIAS = "{alias}"
_SERVER = r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_USER = rf"@[!-9;-~]*:{_SERVER}"
_EVERYTHING = 100


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is the homeserver's (https://matrix.example.org), `access_token` that of the account that makes the rooms;
    a login that asks for no refresh token gives one that lasts.

    `join_url` is where guests enter, {alias} being the room's alias without its #: in Element Call
    https://call.example.org/room/#{alias}, in Element Web https://app.element.io/#/room/%23{alias}. `admin` says that
    the account is an administrator of Synapse. `moderators` are invited to every room with the account's own rights.
    With `lobby` guests ask to enter and a moderator lets them in.
    """

    url: str
    join_url: str
    access_token: str
    admin: bool = False
    moderators: tuple[str, ...] = ()
    lobby: bool = False

    def __post_init__(self) -> None:
        check_address("url", self.url)
        if "?" in self.url:
            raise ValueError("url: must have no query")
        if self.join_url.count(_ALIAS) != 1:
            raise ValueError("join_url: must have {alias} once, where the room's alias goes")
        try:
            # Its colon is refused wherever it would change the host.
            check_web(self.join_url.replace(_ALIAS, "alias:example.org"))
        except InvalidConferenceData as error:
            raise ValueError(f"join_url: is no address for guests ({error.reason})") from error
        for moderator in self.moderators:
            if not re.fullmatch(_USER, moderator) or len(moderator) > 255:
                raise ValueError("moderators: must be Matrix ids such as @name:example.org")
        if self.lobby and not self.moderators:
            raise ValueError("moderators: must not be empty with lobby, because nobody else lets guests in")


class _Refusal(msgspec.Struct):
    errcode: str
    soft_logout: bool = False
    retry_after_ms: Annotated[int, msgspec.Meta(ge=0)] | None = None


def _code(reply: Reply) -> Code | None:
    """The errcode, but where it says too little: "soft-logout" is a token that has expired, not one that was revoked;
    "alias-exists" is Synapse's answer to who asks while the room of that alias is being made.
    """
    if reply.status < 400:
        return None
    refusal = reply.read(_Refusal)
    if refusal.errcode == "M_UNKNOWN_TOKEN" and refusal.soft_logout:
        return "soft-logout"
    return "alias-exists" if (refusal.errcode, reply.status) == ("M_UNKNOWN", 409) else refusal.errcode


_LIMITED = "M_LIMIT_EXCEEDED"
_LIMITED_STATUS = 429
_TAKEN = ("M_ROOM_IN_USE", "alias-exists")
_MISSING = "M_NOT_FOUND"
_FORBIDDEN = "M_FORBIDDEN"
_OF_THE_TOKEN = ("M_UNKNOWN_TOKEN", "soft-logout", "M_MISSING_TOKEN", "M_UNAUTHORIZED")
_OF_THE_ACCOUNT = ("M_USER_LOCKED", "M_USER_DEACTIVATED", "ORG_MATRIX_EXPIRED_ACCOUNT")
# HTTP 403 would otherwise be the user's lack of a right, but what is refused here is our account.
_OF_ITS_RIGHTS = (_FORBIDDEN, "M_GUEST_ACCESS_FORBIDDEN", "M_USER_SUSPENDED", "M_CONSENT_NOT_GIVEN", "M_EXCLUSIVE")
_OF_THE_SERVER = ("M_RESOURCE_LIMIT_EXCEEDED", "M_UNRECOGNIZED", "M_UNSUPPORTED_ROOM_VERSION")
_OF_THE_REQUEST = (
    *("M_BAD_JSON", "M_NOT_JSON", "M_MISSING_PARAM", "M_INVALID_PARAM", "M_TOO_LARGE", "M_INVALID_ROOM_STATE"),
    *("M_INCOMPATIBLE_ROOM_VERSION", "M_BAD_STATE", "M_BAD_ALIAS", _MISSING),
)

PROVIDER = Provider(
    name="matrix",
    authentication="secrets",
    idempotency="chosen",
    options=Options,
    hosts=lambda options: (origin(options.url),),
    updates=frozenset({"summary", "description"}),
    deletes=True,
    outlives_event=True,
    # No limit but an event's 65,536 bytes; Synapse keeps a topic twice.
    limits=Limits(summary=255, description=4000),
    errors={
        **dict.fromkeys((*_OF_THE_TOKEN, *_OF_THE_ACCOUNT), CredentialsRefused),
        **dict.fromkeys((*_OF_ITS_RIGHTS, *_OF_THE_SERVER, *_OF_THE_REQUEST), Permanent),
        _LIMITED: Temporary,
    },
    error_code=_code,
)


class _Me(msgspec.Struct):
    user_id: Annotated[str, msgspec.Meta(pattern=rf"\A{_USER}\Z", max_length=255)]

    @property
    def server(self) -> str:
        return self.user_id.partition(":")[2]


class _Room(msgspec.Struct):
    """Of rooms of version 12 the id has no server in it."""

    room_id: Annotated[str, msgspec.Meta(pattern=r"\A![!-~]{1,254}\Z")]


class _Content(msgspec.Struct):
    membership: str


class _Member(msgspec.Struct):
    state_key: str
    content: _Content


class _Members(msgspec.Struct):
    chunk: list[_Member]


def create(event: Event, attempt: str, call: Call) -> Conference:
    """A room whose alias is the attempt; that the alias is taken means that we made it before."""
    me = _me(call)
    reply = _ask(call, "POST", "createRoom", _new(event, attempt, call.options), accept=_TAKEN)
    if reply.status < 400:
        return _conference(reply.read(_Room), attempt, me, call)
    made = _resolved(attempt, me, call)
    if made is None:
        raise Temporary("alias-gone", "taken when the room was asked for, and free afterwards")
    return _conference(made, attempt, me, call)


def find(attempt: str, call: Call) -> Conference | None:
    """The room of that attempt, if there is one."""
    me = _me(call)
    made = _resolved(attempt, me, call)
    return _conference(made, attempt, me, call) if made else None


def update(known: Known, changes: Changes, call: Call) -> None:
    """Write name and topic anew."""
    event = changes.event
    if "summary" in changes.fields:
        _write(known.id, "m.room.name", {"name": event.summary or PLACEHOLDER_TITLE}, call)
    if "description" in changes.fields:
        _write(known.id, "m.room.topic", {"topic": event.description}, call)


def delete(known: Known, call: Call) -> None:
    """Delete the room, or close it where the account may not; one that is gone already is as good."""
    if call.options.admin:
        # The older form of this call, because only that one says that it is done.
        path = f"/_synapse/admin/v1/rooms/{_quoted(known.id)}"
        _send(call, Request("DELETE", _base(call) + path, json={"purge": True}), (404,))
    else:
        _close(known, call)


def _new(event: Event, attempt: str, options: Options) -> dict[str, Any]:
    """The body of createRoom: in no directory, and open to who has the link, or to who is let in."""
    join_rule = "knock" if options.lobby else "public"
    body: dict[str, Any] = {
        "visibility": "private",
        "room_alias_name": attempt,
        "name": event.summary or PLACEHOLDER_TITLE,
        # An id of version 12 is a hash of this event, which without the attempt holds nothing that cannot be guessed.
        "creation_content": {"org.anyroom.attempt": attempt},
        # Lets in guests without an account, and gives who is invited the creator's rights, in every version of rooms.
        "preset": "trusted_private_chat",
        "initial_state": [{"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": join_rule}}],
        "power_level_content_override": {
            "users_default": 0,
            "events_default": 0,
            **dict.fromkeys(("state_default", "invite", "kick", "ban", "redact"), _EVERYTHING),
            "events": dict.fromkeys(CALL_MEMBERSHIP, 0),
        },
    }
    if event.description:
        body["topic"] = event.description
    if options.moderators:
        body["invite"] = list(options.moderators)
    return body


def _conference(room: _Room, attempt: str, me: _Me, call: Call) -> Conference:
    alias = quote(f"{attempt}:{me.server}", safe=":")
    return Conference(room.room_id, (EntryPoint("VIDEO", call.options.join_url.replace(_ALIAS, alias)),))


def _me(call: Call) -> _Me:
    """Whose token it is: the alias is on that account's homeserver, which may have another name than its address."""
    return _ask(call, "GET", "account/whoami").read(_Me)


def _resolved(attempt: str, me: _Me, call: Call) -> _Room | None:
    reply = _ask(call, "GET", _directory(attempt, me), accept=(_MISSING,))
    return reply.read(_Room) if reply.status < 400 else None


def _write(room: str, kind: str, content: dict[str, str], call: Call, *accept: Code) -> Reply:
    return _ask(call, "PUT", f"rooms/{_quoted(room)}/state/{kind}", content, accept)


def _close(known: Known, call: Call) -> None:
    """Free the alias, let nobody in, send everybody out, leave. Whatever was done before is not done again."""
    me, room = _me(call), f"rooms/{_quoted(known.id)}"
    _ask(call, "DELETE", _directory(known.attempt, me), accept=(_MISSING,))
    closed = _write(known.id, "m.room.join_rules", {"join_rule": "invite"}, call, _FORBIDDEN)
    if closed.status < 400:
        members = _ask(call, "GET", f"{room}/members?not_membership=leave", most=MOST_MEMBERS).read(_Members).chunk
        for member in members:
            if member.state_key != me.user_id and member.content.membership != "ban":
                kicked = _ask(call, "POST", f"{room}/kick", {"user_id": member.state_key}, (_FORBIDDEN,))
                if kicked.status >= 400:
                    call.note("matrix-member-stays")
    for last in ("leave", "forget"):
        _ask(call, "POST", f"{room}/{last}", {}, (_FORBIDDEN, 404))


def _directory(attempt: str, me: _Me) -> str:
    return f"directory/room/{_quoted(f'#{attempt}:{me.server}')}"


def _quoted(part: str) -> str:
    return quote(part, safe="")


def _base(call: Call) -> str:
    url: str = call.options.url
    return url.rstrip("/")


def _ask(
    call: Call, method: Any, path: str, body: Any = None, accept: tuple[Code, ...] = (), most: int | None = None
) -> Reply:
    request = Request(method, f"{_base(call)}/_matrix/client/v3/{path}", json=body)
    return _send(call, msgspec.structs.replace(request, most=most) if most else request, accept)


def _send(call: Call, request: Request, accept: tuple[Code, ...]) -> Reply:
    """The reply. How long a limit holds stands in a header, of older homeservers in the body alone."""
    bearer = {"Authorization": f"Bearer {call.secret(call.options.access_token)}"}
    reply = call(msgspec.structs.replace(request, headers=bearer), frozenset({*accept, _LIMITED_STATUS}))
    if reply.status == _LIMITED_STATUS:
        raise Temporary(f"{PROVIDER.name}-{_LIMITED}", f"HTTP {reply.status}", retry_after=_wait(reply))
    return reply


def _wait(reply: Reply) -> float | None:
    header = reply.headers.get("Retry-After", "")
    if header.isdecimal():
        return min(float(header), MOST_WAIT)
    with suppress(Temporary):
        refusal: _Refusal = reply.read(_Refusal)
        if refusal.retry_after_ms is not None:
            return min(refusal.retry_after_ms / 1000, MOST_WAIT)
    return None
