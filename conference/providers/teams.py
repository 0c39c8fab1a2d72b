"""Microsoft Teams: a meeting of the user's own, or of the tenant's application for the user who asks.

Sources: Microsoft Graph v1.0, onlineMeeting (createOrGet, update, delete, audioConferencing), "Configure application
access to online meetings" and "Error responses"; what the service really says about a missing policy, and that it wants
object ids and no addresses under /users, is from issues of microsoftgraph on GitHub. Graph does not say how long a
subject may be: 255, as in Exchange. createOrGet takes no lobby, so that a PATCH sets it, and neither takes a passcode,
which is the tenant's to ask for. A series is one meeting, at the time of its first occurrence. Meetings expire by
themselves and keep chat and reports until then, so that they are not deleted for being over.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec

from conference.data import EntryPoint, Feature, dial
from conference.errors import InvalidConferenceData, Permanent, SolutionForbidden
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
from conference.uris import check

_NO_POLICY = "no-application-access-policy"
_GONE = frozenset({404, 410})
_SHARED_TENANTS = frozenset({"common", "organizations", "consumers"})


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`client_id` and `client_secret` are an app registration's in Microsoft Entra, for the users of `tenant`.

    With `app_only` the application itself makes every meeting, under an application access policy, and finds its user
    by User.ReadBasic.All: who asks, by their user principal name, or `host` where the tenant does not know them.
    `lobby` is who need not wait in it; `attendees` has guests told to Teams, who get no mail of it; `video_interop` is
    the SIP address of the tenant's interoperability service.
    """

    client_id: str
    client_secret: str
    tenant: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9.-]{1,128}\Z")] = "organizations"
    app_only: bool = False
    host: str = ""
    lobby: Literal["", "organizer", "organization", "organizationAndFederated", "everyone", "invited"] = ""
    attendees: bool = False
    video_interop: str = ""
    scopes: str = "OnlineMeetings.ReadWrite User.Read offline_access openid email"
    app_scope: str = "https://graph.microsoft.com/.default"
    api_url: str = "https://graph.microsoft.com/v1.0"
    oauth_url: str = "https://login.microsoftonline.com"

    def __post_init__(self) -> None:
        check_address("api_url", self.api_url)
        check_address("oauth_url", self.oauth_url)
        if self.app_only and self.tenant in _SHARED_TENANTS:
            raise ValueError("tenant: must be the tenant's own id or domain with app_only")
        if self.video_interop:
            try:
                check("SIP", self.video_interop)
            except InvalidConferenceData:
                raise ValueError("video_interop: must be sip:NAME@HOST") from None


class _Error(msgspec.Struct):
    code: str | None = None
    message: str | None = None


class _Refusal(msgspec.Struct):
    error: _Error = msgspec.field(default_factory=_Error)


def _code(reply: Reply) -> Code | None:
    """Graph's own code; a missing policy has only words ("General", "Forbidden" and others are its codes)."""
    if reply.status < 400 or not reply.body:
        return None
    error = reply.read(_Refusal).error
    if reply.status == 403 and "application access policy" in (error.message or "").lower():
        return _NO_POLICY
    return error.code or None


def _account(options: Options) -> dict[str, str] | None:
    return {"grant_type": "client_credentials", "scope": options.app_scope} if options.app_only else None


def _endpoint(options: Options, name: str) -> str:
    return f"{options.oauth_url}/{options.tenant}/oauth2/v2.0/{name}"


PROVIDER = Provider(
    name="teams",
    authentication="oauth",
    idempotency="keyed",
    options=Options,
    hosts=lambda options: tuple(dict.fromkeys((origin(options.api_url), origin(options.oauth_url)))),
    updates=frozenset({"summary", "start", "end", "attendees"}),
    deletes=True,
    limits=Limits(summary=255),
    errors={
        _NO_POLICY: SolutionForbidden,
        # A personal account, which may have no online meetings.
        "AuthenticationError": SolutionForbidden,
    },
    error_code=_code,
    oauth=OAuth(
        authorize=lambda options: _endpoint(options, "authorize"),
        token=lambda options: _endpoint(options, "token"),
        scopes=lambda options: tuple(options.scopes.split()),
        account=_account,
    ),
)


class _User(msgspec.Struct, rename="camel"):
    id: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9-]{1,64}\Z")]
    user_principal_name: str | None = None


class _Users(msgspec.Struct):
    value: list[_User]


class _Organizer(msgspec.Struct):
    upn: str | None = None


class _Participants(msgspec.Struct):
    organizer: _Organizer | None = None


class _JoinId(msgspec.Struct, rename="camel"):
    join_meeting_id: str | None = None
    passcode: str | None = None


class _Audio(msgspec.Struct, rename="camel"):
    """Graph's own examples spell the first field either way."""

    conference_id: str | None = None
    capital_conference_id: str | None = msgspec.field(default=None, name="ConferenceId")
    toll_number: str | None = None
    toll_free_number: str | None = None
    toll_numbers: list[str] | None = None
    toll_free_numbers: list[str] | None = None
    dialin_url: str | None = None


class _Meeting(msgspec.Struct, rename="camel"):
    id: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_=*+/%:@!-]{1,512}\Z")]
    join_web_url: str
    join_meeting_id_settings: _JoinId | None = None
    audio_conferencing: _Audio | None = None
    video_teleconference_id: str | None = None
    participants: _Participants | None = None


def create(event: Event, attempt: str, call: Call) -> Conference:
    """A meeting under the attempt as its external id: the same id gets the same meeting. Raises SolutionForbidden."""
    options: Options = call.options
    meetings = _meetings(call, call.host, options.host)
    if not meetings:
        raise SolutionForbidden("teams-no-such-user", "neither who asks nor the default host")
    body = {"externalId": attempt, "subject": event.summary, **_times(event), **_people(event, options)}
    made = call(Request("POST", f"{meetings}/createOrGet", json=body)).read(_Meeting)
    if options.lobby:
        lobby = {"lobbyBypassSettings": {"scope": options.lobby}}
        call(Request("PATCH", f"{meetings}/{quote(made.id, safe='')}", json=lobby))
    return _conference(made, call)


def update(known: Known, changes: Changes, call: Call) -> None:
    """Tell Teams what changed: both times together, and all attendees, as it asks for."""
    event = changes.event
    body: dict[str, Any] = {}
    if "summary" in changes.fields:
        body["subject"] = event.summary
    if changes.fields & {"start", "end"}:
        body |= _times(event)
    if "attendees" in changes.fields:
        body |= _people(event, call.options)
    if not body:
        return
    meetings = _meetings(call, call.host)
    if not meetings:
        raise Permanent("teams-organizer-gone", "the tenant does not know who made the meeting")
    call(Request("PATCH", f"{meetings}/{quote(known.id, safe='')}", json=body))


def delete(known: Known, call: Call) -> None:
    """Delete the meeting; one that is gone already, or whose organizer is, is as good."""
    meetings = _meetings(call, call.host)
    if meetings:
        call(Request("DELETE", f"{meetings}/{quote(known.id, safe='')}"), _GONE)


def account(call: Call) -> Account:
    """Whose access token it is; the application itself is nobody, and may read users."""
    api, asked = call.options.api_url, "$select=id,userPrincipalName"
    if call.options.app_only:
        call(Request("GET", f"{api}/users?{asked}&$top=1")).read(_Users)
        return Account("")
    me = call(Request("GET", f"{api}/me?{asked}")).read(_User)
    return Account(me.id, me.user_principal_name or "")


def _meetings(call: Call, *addresses: str) -> str:
    """The meetings of the connected user, or of the first of `addresses` that the tenant knows, "" when of none."""
    api = call.options.api_url
    if not call.host:
        return f"{api}/me/onlineMeetings"
    for address in dict.fromkeys(filter(None, addresses)):
        reply = call(Request("GET", f"{api}/users/{quote(address, safe='')}?$select=id"), _GONE)
        if reply.status < 400:
            return f"{api}/users/{reply.read(_User).id}/onlineMeetings"
    return ""


def _times(event: Event) -> dict[str, str]:
    return {"startDateTime": _utc(event.start), "endDateTime": _utc(event.end)}


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _people(event: Event, options: Options) -> dict[str, Any]:
    if not options.attendees:
        return {}
    guests = dict.fromkeys(guest.email for guest in event.attendees if guest.email and not guest.resource)
    return {"participants": {"attendees": [{"upn": email, "role": "attendee"} for email in guests]}}


def _conference(meeting: _Meeting, call: Call) -> Conference:
    join, audio = meeting.join_meeting_id_settings or _JoinId(), meeting.audio_conferencing or _Audio()
    video = EntryPoint.fitted("VIDEO", meeting.join_web_url, meeting_code=join.join_meeting_id, passcode=join.passcode)
    points = [video, *_phones(audio, call)]
    if call.options.video_interop and meeting.video_teleconference_id:
        interop = EntryPoint.fitted("SIP", call.options.video_interop, access_code=meeting.video_teleconference_id)
        points.append(interop)
    if audio.dialin_url:
        points.append(EntryPoint.fitted("MORE", audio.dialin_url))
    organizer = (meeting.participants or _Participants()).organizer or _Organizer()
    return Conference(meeting.id, tuple(points), host=organizer.upn or call.host)


def _phones(audio: _Audio, call: Call) -> Iterator[EntryPoint]:
    """Every number once, with the conference id to dial after it."""
    pin = audio.conference_id or audio.capital_conference_id
    steps = (f"{pin}#",) if pin else ()
    kinds: dict[Feature, list[str | None]] = {
        "TOLL": [audio.toll_number, *(audio.toll_numbers or ())],
        "TOLL_FREE": [audio.toll_free_number, *(audio.toll_free_numbers or ())],
    }
    for feature, numbers in kinds.items():
        for number in dict.fromkeys(filter(None, numbers)):
            try:
                yield EntryPoint.fitted("PHONE", dial(number, *steps), label=number, pin=pin, features=(feature,))
            except InvalidConferenceData:
                call.note("teams-number-unusable")
