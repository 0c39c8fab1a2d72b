"""Janus VideoRoom: one permanent room for each event, on a Janus server that the deployer's own pages join.

Sources: Janus's documentation of its HTTP API and of the VideoRoom plugin, its apierror.h and janus_videoroom.c; tried
against Janus 1.1.2.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import msgspec

from conference.data import EntryPoint
from conference.errors import ConferenceFailure, CredentialsRefused, OutcomeUnknown, Permanent, Temporary
from conference.event import PLACEHOLDER_TITLE, Event
from conference.providers.base import (
    Call,
    Changes,
    Code,
    Conference,
    Known,
    Provider,
    Reply,
    Request,
    check_address,
    origin,
)

PLUGIN = "janus.plugin.videoroom"
FAREWELL_SECONDS = 2.0
"""A session that is not ended in this time ends by itself, after Janus's session_timeout (a minute)."""


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is Janus's HTTP API (https://janus.example.org/janus); `join_url` the page of a room, {room} being its id.

    `api_secret` and `admin_key` are the server's own, where it has them. From `room_secret` every room's secret and PIN
    are derived, so that they need not be kept; it must not change while rooms live. `string_ids` must be as in the
    plugin's configuration. `publishers` is the most participants that send; `pin` has each room guarded by one.
    """

    url: str
    join_url: str
    room_secret: str
    api_secret: str = ""
    admin_key: str = ""
    string_ids: bool = True
    publishers: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 25
    pin: bool = False

    def __post_init__(self) -> None:
        for field in ("url", "join_url"):
            check_address(field, getattr(self, field).replace("{room}", "room"))
        if "{room}" not in self.join_url:
            raise ValueError("join_url: must have {room} where the room's id goes")
        if "?" in self.url:
            raise ValueError("url: must have no query")
        if not self.room_secret:
            raise ValueError("room_secret: must not be empty; any long random text will do")


def _code(reply: Reply) -> Code | None:
    """Janus answers errors with HTTP 200; `core-N` is the server's own code, `room-N` the plugin's."""
    answer = reply.read(_Answer)
    if answer.error:
        return f"core-{answer.error.code}"
    code = answer.plugindata and answer.plugindata.data.error_code
    return f"room-{code}" if code else None


_CORE = {
    **dict.fromkeys((403, 405, 470), CredentialsRefused),
    **dict.fromkeys((450, 458, 459, 461, 462, 468, 472, 490), Temporary),
    **dict.fromkeys((452, 453, 454, 455, 456, 457, 460, 463, 464, 465, 466, 467, 469, 471), Permanent),
}
_ROOM = {
    433: CredentialsRefused,
    499: Temporary,
    **dict.fromkeys((*range(421, 427), *range(428, 433), *range(434, 438)), Permanent),
}
_GONE = "room-426"
_EXISTS = "room-427"

PROVIDER = Provider(
    name="janus",
    authentication="secrets",
    idempotency="chosen",
    options=Options,
    hosts=lambda options: (origin(options.url),),
    updates=frozenset({"summary"}),
    deletes=True,
    outlives_event=True,
    errors={
        **{f"core-{code}": failure for code, failure in _CORE.items()},
        **{f"room-{code}": failure for code, failure in _ROOM.items()},
    },
    error_code=_code,
)


class _Error(msgspec.Struct):
    code: int


class _Id(msgspec.Struct):
    id: Annotated[int, msgspec.Meta(gt=0)]


class _Data(msgspec.Struct):
    videoroom: str = ""
    error_code: int | None = None
    exists: bool | None = None
    permanent: bool = True


class _PluginData(msgspec.Struct):
    data: _Data


class _Answer(msgspec.Struct):
    janus: str
    error: _Error | None = None
    data: _Id | None = None
    plugindata: _PluginData | None = None


def create(event: Event, attempt: str, call: Call) -> Conference:
    """A permanent, private room whose id is the attempt; that it exists already means that we made it before."""
    options: Options = call.options
    body: dict[str, Any] = {
        "request": "create",
        "room": _room(options, attempt),
        "permanent": True,
        "is_private": True,
        "description": event.summary or PLACEHOLDER_TITLE,
        "publishers": options.publishers,
        "secret": _derived(attempt, "secret", call),
    }
    if options.pin:
        body["pin"] = _pin(attempt, call)
    if options.admin_key:
        body["admin_key"] = call.secret(options.admin_key)
    with _plugin(call) as ask:
        made = ask(body, _EXISTS)
    if made.videoroom == "created" and not made.permanent:
        call.note("janus-room-not-permanent")
    return _conference(attempt, call)


def update(known: Known, changes: Changes, call: Call) -> None:
    """Rename the room. Its PIN stays as it is, because guests hold it in the event."""
    body = {
        "request": "edit",
        "room": _known_room(known, call),
        "secret": _derived(known.attempt, "secret", call),
        "new_description": changes.event.summary or PLACEHOLDER_TITLE,
        "permanent": True,
    }
    with _plugin(call) as ask:
        ask(body)


def delete(known: Known, call: Call) -> None:
    """Destroy the room; one that is gone already is as good."""
    body = {
        "request": "destroy",
        "room": _known_room(known, call),
        "secret": _derived(known.attempt, "secret", call),
        "permanent": True,
    }
    with _plugin(call) as ask:
        ask(body, _GONE)


def find(attempt: str, call: Call) -> Conference | None:
    """The room of that attempt, if there is one."""
    with _plugin(call) as ask:
        found = ask({"request": "exists", "room": _room(call.options, attempt)})
    return _conference(attempt, call) if found.exists else None


def _conference(attempt: str, call: Call) -> Conference:
    options: Options = call.options
    room = str(_room(options, attempt))
    pin = _pin(attempt, call) if options.pin else ""
    return Conference(room, (EntryPoint("VIDEO", options.join_url.replace("{room}", room), passcode=pin),))


def _room(options: Options, attempt: str) -> str | int:
    """The room's id: the attempt, or 53 bits of its digest, which is what every JSON parser keeps exactly."""
    if options.string_ids:
        return attempt
    return (int.from_bytes(hashlib.sha256(attempt.encode()).digest()[:7]) >> 3) or 1


def _known_room(known: Known, call: Call) -> str | int:
    return int(known.id) if known.id.isdecimal() and not call.options.string_ids else known.id


def _derived(attempt: str, purpose: str, call: Call) -> str:
    key = call.secret(call.options.room_secret).encode()
    digest = hmac.digest(key, f"{purpose}:{attempt}".encode(), "sha256")
    return base64.b32encode(digest[:20]).decode().lower()


def _pin(attempt: str, call: Call) -> str:
    """Eight digits, the same for every try of the attempt."""
    return f"{int.from_bytes(_derived(attempt, 'pin', call).encode()) % 10**8:08}"


@contextmanager
def _plugin(call: Call) -> Iterator[Callable[..., _Data]]:
    """A handle of the VideoRoom plugin, in a session that is ended whatever happens: `ask(body, *accepted codes)`."""
    api = call.options.url.rstrip("/")
    session = f"{api}/{_post(call, api, {'janus': 'create'})}"
    try:
        handle = f"{session}/{_post(call, session, {'janus': 'attach', 'plugin': PLUGIN})}"

        def ask(body: dict[str, Any], *accept: Code) -> _Data:
            answer = _send(call, handle, {"janus": "message", "body": body}, frozenset(accept)).plugindata
            if answer is None:
                raise OutcomeUnknown("malformed-reply", "an answer without the plugin's data")
            return answer.data

        yield ask
    finally:
        try:
            _send(call, session, {"janus": "destroy"}, seconds=FAREWELL_SECONDS)
        except ConferenceFailure:
            call.note("janus-session-left")


def _post(call: Call, url: str, message: dict[str, Any]) -> int:
    """The id that Janus gives to a new session or handle."""
    given = _send(call, url, message).data
    if given is None:
        raise Temporary("malformed-reply", "an answer without an id")
    return given.id


def _send(
    call: Call, url: str, message: dict[str, Any], accept: frozenset[Code] = frozenset(), seconds: float | None = None
) -> _Answer:
    # Every reply comes on the connection of its request, so that the transaction needs no value of its own.
    message = {"transaction": "anyroom", **message}
    if call.options.api_secret:
        message["apisecret"] = call.secret(call.options.api_secret)
    return call(Request("POST", url, json=message, seconds=seconds), accept).read(_Answer)
