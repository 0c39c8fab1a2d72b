"""GoTo Meeting: a meeting for each event, made by the user's own connection.

Sources: GoTo's developer pages and its OpenAPI description of the GoToMeeting API 1.0. What it does not describe is
what a refusal looks like: codes are read where the older or the newer form has one, the common table does the rest.
A link holds nothing but the meeting's nine digits: `password_required` keeps strangers out.
"""

import html
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec

from conference.data import EntryPoint, shorten
from conference.errors import CredentialsRefused
from conference.event import Event
from conference.providers.base import (
    Account,
    Call,
    Changes,
    Code,
    Conference,
    Known,
    Limits,
    OAuth,
    Provider,
    Reply,
    Request,
    check_address,
    origin,
)

MOST_SUBJECT = 100
"""Characters, in which `<` and `>` count as the references that GoTo wants in their place."""

_GONE = frozenset({404})


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`client_id` and `client_secret` are those of an OAuth client in GoTo's developer center.

    `audio` is what guests may use: Hybrid, Free, PSTN, VoIP, Private, or numbers and codes of your own. With
    `password_required` the organizer sets a password in GoTo, which no event ever shows. `scopes` are asked for where
    the client has optional ones.
    """

    client_id: str
    client_secret: str
    audio: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] = "Hybrid"
    password_required: bool = False
    scopes: str = ""
    api_url: str = "https://api.getgo.com/G2M/rest"
    admin_url: str = "https://api.getgo.com/admin/rest/v1"
    oauth_url: str = "https://authentication.logmeininc.com/oauth"

    def __post_init__(self) -> None:
        for field in ("api_url", "admin_url", "oauth_url"):
            check_address(field, getattr(self, field))
            if "?" in getattr(self, field):
                raise ValueError(f"{field}: must have no query")


class _Refusal(msgspec.Struct):
    older: str = msgspec.field(name="int_err_code", default="")
    newer: str = msgspec.field(name="errorCode", default="")


def _code(reply: Reply) -> Code | None:
    if reply.status < 400:
        return None
    refusal = reply.read(_Refusal)
    return refusal.older or refusal.newer or None


PROVIDER = Provider(
    name="gotomeeting",
    authentication="oauth",
    idempotency="none",
    options=Options,
    hosts=lambda options: (origin(options.api_url), origin(options.admin_url), origin(options.oauth_url)),
    updates=frozenset({"summary", "start", "end", "recurrence"}),
    deletes=True,
    outlives_event=True,
    limits=Limits(summary=MOST_SUBJECT),
    # Both come with HTTP 403 too, which would otherwise be the user's lack of a right.
    errors=dict.fromkeys(("InvalidToken", "AUTHN_INVALID_TOKEN", "AUTHN_EXPIRED_TOKEN"), CredentialsRefused),
    error_code=_code,
    oauth=OAuth(
        authorize=lambda options: f"{options.oauth_url.rstrip('/')}/authorize",
        token=lambda options: f"{options.oauth_url.rstrip('/')}/token",
        scopes=lambda options: tuple(options.scopes.split()),
        client="basic",
    ),
)


_Number = Annotated[int, msgspec.Meta(gt=0)] | Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,20}\Z")]
"""Described as a number for some calls and as text for others."""


class _Made(msgspec.Struct):
    join_url: str = msgspec.field(name="joinURL")
    id: _Number = msgspec.field(name="meetingid")
    call_info: str | None = msgspec.field(name="conferenceCallInfo", default=None)


class _Me(msgspec.Struct):
    key: int | str
    email: str = ""


def account(call: Call) -> Account:
    """Whose access token it is, as GoTo's Admin API says; it is not in what is described of meetings."""
    me = call(Request("GET", f"{call.options.admin_url.rstrip('/')}/me")).read(_Me)
    return Account(str(me.key), me.email)


def create(event: Event, attempt: str, call: Call) -> Conference:
    """A meeting. GoTo has no place for a key, so that a lost answer leaves one that nobody finds."""
    reply = call(Request("POST", _meetings(call), json=_told(event, call)))
    made: _Made = reply.read(Annotated[list[_Made], msgspec.Meta(min_length=1)])[0]
    video = EntryPoint.fitted("VIDEO", made.join_url, meeting_code=made.id)
    return Conference(str(made.id), (video,), notes=_notes(made.call_info or ""))


def update(known: Known, changes: Changes, call: Call) -> None:
    """Tell GoTo the whole meeting again, because nothing less is taken."""
    call(Request("PUT", f"{_meetings(call)}/{known.id}", json=_told(changes.event, call)))


def delete(known: Known, call: Call) -> None:
    """Delete the meeting; one that is gone already is as good."""
    call(Request("DELETE", f"{_meetings(call)}/{known.id}"), _GONE)


def _meetings(call: Call) -> str:
    return f"{call.options.api_url.rstrip('/')}/meetings"


def _told(event: Event, call: Call) -> dict[str, Any]:
    """The whole meeting; a series is one that GoTo holds at no particular time, whatever times it is given."""
    options: Options = call.options
    end = max(event.end.astimezone(UTC), event.start.astimezone(UTC) + timedelta(minutes=1))
    return {
        "subject": _escaped(shorten(event.summary, MOST_SUBJECT, _length)),
        "starttime": _moment(event.start),
        "endtime": _moment(end),
        "passwordrequired": options.password_required,
        "conferencecallinfo": options.audio,
        "timezonekey": "",
        "meetingtype": "recurring" if event.recurrence else "scheduled",
    }


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;").replace(">", "&gt;")


def _length(text: str) -> int:
    return len(_escaped(text).encode("utf-16-le")) // 2


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _notes(call_info: str) -> str:
    """Telephone numbers and access code as GoTo words them; a bare word such as Hybrid tells guests nothing."""
    if not any(character.isdigit() for character in call_info):
        return ""
    return "<br>".join(html.escape(line.strip(), quote=False) for line in call_info.strip().splitlines())
