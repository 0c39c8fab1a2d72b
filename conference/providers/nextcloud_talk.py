"""Nextcloud Talk: a public conversation for each event, owned by one account of the server, with its app password.

Sources: Talk's API documentation and its OpenAPI description; tried against Nextcloud 32 with Talk 22. It takes Talk 21
or newer: older ones ignore what a conversation is created with beside its name.

Talk takes no key of ours and makes a second conversation of the same name, so the attempt stands in the last line of
the description, where `find` reads it. Objects of type "event" would keep one too, but then Talk takes no new name and
no new description, and deletes the conversation 28 days later.

A series is one conversation, whose lobby opens before the first start and stays open. Guests are not told to Talk,
which would mail each of them. Links hold eight characters: `password_secret` keeps strangers out who try them all.
"""

import base64
import hmac
import html
import re
from collections.abc import Iterator
from typing import Annotated, Any, Generic, Literal, TypeVar
from urllib.parse import urlencode

import msgspec

from conference.data import EntryPoint, dial, shorten
from conference.errors import (
    ConferenceFailure,
    CredentialsRefused,
    InvalidConferenceData,
    Permanent,
    PermissionDenied,
    SolutionForbidden,
)
from conference.event import PLACEHOLDER_TITLE, Event
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
    check_address,
    origin,
)

T = TypeVar("T")

MOST_DESCRIPTION = 2000
"""Characters, our marker among them."""
MOST_LISTED = 32 << 20
"""Bytes of the account's whole list, which Talk does not page: about 1,500 for a conversation."""
DIAL_IN_SECONDS = 4.0
"""A telephone number is not worth a longer wait for the room."""
MOST_NUMBERS = 10

_GONE: frozenset[Code] = frozenset({404})
_PUBLIC, _OWNER = 3, 1
_SIP_STATES = {"pin": 1, "open": 2}
_LETTERS = "abcdefghjkmnpqrstuvwxyz"
_MARKER = re.compile(r"(?:\A|\n)anyroom:([a-z2-7]{26})\Z")
_NUMBER = re.compile(r"\+[0-9][0-9 ().\-/\u00a0]{5,28}[0-9]")


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is Nextcloud's address, `user` and `app_password` an account's that owns every conversation; it should have
    no others. With `pretty_urls` the server's links are without /index.php.

    From `password_secret` every conversation's password is derived, so that it need not be kept; it must not change
    while conversations live. With `lobby` guests wait until `lobby_minutes` before the start; false switches the lobby
    off at each update, None leaves it to who moderates. `dial_in` asks for telephones where the server has them: "open"
    for callers who dial the conversation's number only, "pin" for the account's PIN after it, as which callers count.
    """

    url: str
    user: str
    app_password: str
    password_secret: str = ""
    lobby: bool | None = None
    lobby_minutes: Annotated[int, msgspec.Meta(ge=0, le=1440)] = 10
    dial_in: Literal["", "open", "pin"] = ""
    pretty_urls: bool = False

    def __post_init__(self) -> None:
        check_address("url", self.url)
        if "?" in self.url:
            raise ValueError("url: must have no query")
        if not self.user or ":" in self.user:
            raise ValueError("user: must not be empty, and have no colon")
        if not self.app_password:
            raise ValueError("app_password: must not be empty; Nextcloud's personal settings, Security, make one")


class _Ocs(msgspec.Struct, Generic[T]):
    data: T


class _Envelope(msgspec.Struct, Generic[T]):
    ocs: _Ocs[T]


def _code(reply: Reply) -> Code | None:
    """The word that Talk has for what it refuses."""
    if reply.status < 400:
        return None
    data = reply.read(_Envelope[Any]).ocs.data
    word = data.get("error") if isinstance(data, dict) else None
    return word if isinstance(word, str) else None


PROVIDER = Provider(
    name="nextcloud_talk",
    authentication="secrets",
    idempotency="searchable",
    options=Options,
    hosts=lambda options: (origin(options.url),),
    updates=frozenset({"summary", "description", "start"}),
    deletes=True,
    outlives_event=True,
    limits=Limits(summary=255),
    errors={
        401: CredentialsRefused,
        412: Permanent,
        # The administrator has not allowed this account to start conversations.
        "permissions": SolutionForbidden,
        # The password that is derived does not please the server's policy, or is missing where one is enforced.
        "password": Permanent,
        **dict.fromkeys(("breakout-room", "description", "event", "invite", "listable", "lobby"), Permanent),
        **dict.fromkeys(("lobby-timer", "name", "object", "sip-enabled", "token", "type", "value"), Permanent),
    },
    error_code=_code,
)


class _Room(msgspec.Struct, rename="camel"):
    token: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9]{4,32}\Z")]
    type: int
    participant_type: int
    description: str = ""
    has_password: bool = False
    sip_enabled: int = 0
    attendee_pin: str | None = None


class _Settings(msgspec.Struct):
    dial_in: str = msgspec.field(name="sipDialinInfo", default="")


def create(event: Event, attempt: str, call: Call) -> Conference:
    """A conversation with the attempt in its description. Raises SolutionForbidden."""
    options: Options = call.options
    body: dict[str, Any] = {"roomType": _PUBLIC, "roomName": _name(event), "description": _description(event, attempt)}
    if lobby := _lobby(event, call):
        body |= {"lobbyState": lobby["state"], "lobbyTimer": lobby["timer"]}
    if options.password_secret:
        body["password"] = _password(attempt, call)
    if options.dial_in:
        body["sipEnabled"] = _SIP_STATES[options.dial_in]
    room = _read(_asked(call, "POST", "/api/v4/room", body), _Room)
    if _marker(attempt) not in room.description:
        call.note("nextcloud_talk-not-marked")
    return _conference(room, attempt, call)


def update(known: Known, changes: Changes, call: Call) -> None:
    """Tell Talk what changed, each with a request of its own that says the whole value: all of them may be repeated.

    The lobby comes first, so that nobody is let in at a time that has changed. Raises PermissionDenied where the
    account does not moderate the conversation any more.
    """
    event = changes.event
    lobby = _lobby(event, call) if "start" in changes.fields else None
    if lobby:
        _change(known, "/webinar/lobby", lobby, call)
    if "summary" in changes.fields:
        _change(known, "", {"roomName": _name(event)}, call)
    if "description" in changes.fields:
        _change(known, "/description", {"description": _description(event, known.attempt)}, call)


def delete(known: Known, call: Call) -> None:
    """Delete the conversation; one that is gone already is as good. Raises PermissionDenied as `update`."""
    if _asked(call, "DELETE", f"/api/v4/room/{known.id}", accept=_GONE).status == 404:
        _check_gone(known, call)


def find(attempt: str, call: Call) -> Conference | None:
    """The account's own conversation with that attempt in its description."""
    found = next((room for room in _owned(call) if room.description.endswith(_marker(attempt))), None)
    return _conference(found, attempt, call) if found else None


def rooms(call: Call) -> list[Marked]:
    """The account's own conversations with an attempt in their description."""
    marked = ((_MARKER.search(room.description), room.token) for room in _owned(call))
    return [Marked(marker[1], token) for marker, token in marked if marker]


def _owned(call: Call) -> Iterator[_Room]:
    """What the account has made: others can add it to theirs, whatever is written in them."""
    listed = _asked(call, "GET", "/api/v4/room?noStatusUpdate=1", most=MOST_LISTED)
    return (room for room in _read(listed, list[_Room]) if room.participant_type == _OWNER and room.type == _PUBLIC)


def _change(known: Known, what: str, body: dict[str, Any], call: Call) -> None:
    if _asked(call, "PUT", f"/api/v4/room/{known.id}{what}", body, accept=_GONE).status == 404:
        _check_gone(known, call)
        raise Permanent("nextcloud_talk-404", "the conversation is gone")


def _check_gone(known: Known, call: Call) -> None:
    """Raise PermissionDenied when the conversation is there: Talk says 404 to those who do not moderate it, too.

    Asked only then, because Nextcloud slows down who asks for conversations that are not there.
    """
    if _asked(call, "GET", f"/api/v4/room/{known.id}", accept=_GONE).status != 404:
        raise PermissionDenied("nextcloud_talk-not-moderator", "the account does not moderate the conversation")


def _name(event: Event) -> str:
    """Never empty: Talk would call it ---."""
    return event.summary.strip() or PLACEHOLDER_TITLE


def _marker(attempt: str) -> str:
    return f"anyroom:{attempt}"


def _description(event: Event, attempt: str) -> str:
    ending = f"\n\n{_marker(attempt)}"
    return (shorten(event.description.strip(), MOST_DESCRIPTION - len(ending)) + ending).lstrip()


def _lobby(event: Event, call: Call) -> dict[str, Any] | None:
    """The lobby's state and until when, None where it is not ours. One that would be over is off.

    Talk puts everybody out of a call whose lobby is closed, even until a time that has passed.
    """
    options: Options = call.options
    if options.lobby is None:
        return None
    opens = int(event.start.timestamp()) - 60 * options.lobby_minutes
    if options.lobby and opens > call.now().timestamp():
        return {"state": 1, "timer": opens}
    return {"state": 0, "timer": None}


def _password(attempt: str, call: Call) -> str:
    """Such as Kmpxr-4821-qwtab, the same for every try of the attempt: all kinds of characters a policy may ask for."""
    key = call.secret(call.options.password_secret).encode()
    number = int.from_bytes(hmac.digest(key, f"password:{attempt}".encode(), "sha256"))
    letters = ""
    for _ in range(10):
        number, letter = divmod(number, len(_LETTERS))
        letters += _LETTERS[letter]
    return f"{letters[:5].capitalize()}-{number % 10**4:04}-{letters[5:]}"


def _conference(room: _Room, attempt: str, call: Call) -> Conference:
    options: Options = call.options
    path = "" if options.pretty_urls else "/index.php"
    passcode = _password(attempt, call) if options.password_secret and room.has_password else ""
    if options.password_secret and not passcode:
        call.note("nextcloud_talk-without-password")
    video = EntryPoint("VIDEO", f"{options.url.rstrip('/')}{path}/call/{room.token}", passcode=passcode)
    text, pin = _dial_in(room, call) if options.dial_in else ("", "")
    phones = tuple(_phones(text, room.token, pin, call))
    return Conference(room.token, (video, *phones[:MOST_NUMBERS]), notes=_notes(text, room.token, pin))


def _dial_in(room: _Room, call: Call) -> tuple[str, str]:
    """What the administrator wrote about dialling in, and the PIN that is needed; a failure does not cost the room."""
    try:
        wanted = _SIP_STATES[call.options.dial_in]
        if room.sip_enabled != wanted:
            switch = f"/api/v4/room/{room.token}/webinar/sip"
            room = _read(_asked(call, "PUT", switch, {"state": wanted}, seconds=DIAL_IN_SECONDS), _Room)
        pin = room.attendee_pin or "" if call.options.dial_in == "pin" else ""
        if room.sip_enabled != wanted or (call.options.dial_in == "pin" and not pin):
            call.note("nextcloud_talk-dial-in-off")
            return "", ""
        asked = f"/api/v3/signaling/settings?{urlencode({'token': room.token})}"
        return _read(_asked(call, "GET", asked, seconds=DIAL_IN_SECONDS), _Settings).dial_in.strip(), pin
    except ConferenceFailure as failure:
        call.note(f"nextcloud_talk-dial-in-{failure.reason}")
        return "", ""


def _phones(text: str, token: str, pin: str, call: Call) -> Iterator[EntryPoint]:
    """The international numbers in a text; local ones cannot be told from anything else that is counted."""
    for number in dict.fromkeys(_NUMBER.findall(text)):
        if sum(sign.isdigit() for sign in number) > 15:
            continue
        steps = (f"{token}#", f"{pin}#") if pin else (f"{token}#",)
        try:
            yield EntryPoint.fitted("PHONE", dial(number, *steps), label=number, meeting_code=token, pin=pin)
        except InvalidConferenceData:
            call.note("nextcloud_talk-dial-in-odd-number")


def _notes(text: str, token: str, pin: str) -> str:
    """The administrator's text, and what to dial after it."""
    if not text:
        return ""
    lines = [*text.splitlines(), f"ID: {token}", *([f"PIN: {pin}"] if pin else [])]
    return "<br>".join(html.escape(line.strip(), quote=False) for line in lines)


def _asked(
    call: Call,
    method: Literal["GET", "POST", "PUT", "DELETE"],
    path: str,
    body: dict[str, Any] | None = None,
    accept: frozenset[Code] = frozenset(),
    **bounds: Any,
) -> Reply:
    """Talk's reply; without the OCS header Nextcloud takes the request for a forged one and answers 412."""
    options: Options = call.options
    credentials = f"{options.user}:{call.secret(options.app_password)}".encode()
    headers = {"OCS-APIRequest": "true", "Authorization": f"Basic {base64.b64encode(credentials).decode()}"}
    url = f"{options.url.rstrip('/')}/ocs/v2.php/apps/spreed{path}"
    return call(Request(method, url, json=body, headers=headers, **bounds), accept)


def _read(reply: Reply, of: type[T]) -> T:
    envelope: _Envelope[T] = reply.read(_Envelope[of])  # type: ignore[valid-type]  # mypy knows no type in a variable
    return envelope.ocs.data
