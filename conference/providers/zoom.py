"""Zoom: a scheduled meeting for each event, made by the user's own connection, or by the account for its users.

Sources: Zoom's Meetings API (its OpenAPI description of 2026) and OAuth guide. Two things it does not say: the domain
for SIP, which is an option, and that a scope which is missing comes as code 104, as developers report.
"""

import hashlib
import hmac
import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

import msgspec

from conference.data import EntryPoint, Feature, dial
from conference.errors import (
    BadRequest,
    CredentialsRefused,
    InvalidConferenceData,
    NotFound,
    Permanent,
    PermissionDenied,
    SolutionForbidden,
    Temporary,
    Unauthenticated,
)
from conference.event import Event
from conference.providers.base import (
    FRESH,
    Account,
    Call,
    Changes,
    Code,
    Conference,
    Hook,
    Known,
    Limits,
    Marked,
    Notice,
    OAuth,
    Provider,
    Reply,
    Request,
    Secret,
    check_address,
    origin,
)

MOST_MINUTES = 1440
"""Of duration, which is what Zoom's own scheduler offers; nobody is put out when a meeting takes longer."""

_SCHEDULED, _RECURRING_WITHOUT_TIMES = 2, 3
_TIMES = frozenset({"start", "end", "recurrence"})
_MARKED = re.compile(r"\[anyroom ([a-z2-7]{26})\]")
_UNKNOWN_USER = frozenset({"1001", "1010"})
_GONE = frozenset({"3001", "3007"})
_FEATURES: Mapping[str | None, tuple[Feature, ...]] = {"toll": ("TOLL",), "tollfree": ("TOLL_FREE",)}
_SCOPES = (
    "meeting:write:meeting meeting:update:meeting meeting:delete:meeting meeting:read:meeting"
    " meeting:read:list_meetings user:read:user"
)


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`client_id` and `client_secret` are those of an app in Zoom's Marketplace, `scopes` what its users grant.

    With `account_id` the app is a server-to-server one, granted the same scopes with `:admin` in the Marketplace. Who
    makes a conference is then looked up in the account; `host` is the address of its user who hosts for those whom it
    does not have. `passcode`, `waiting_room` and `join_before_host` are as the host's own settings say unless they are
    given; Zoom makes the passcodes. Room systems dial in at `sip_domain`, at none when it is empty. `webhook_secret` is
    the app's Secret Token, which proves the webhooks that it sends to /webhooks/ID.
    """

    client_id: str
    client_secret: str
    account_id: str = ""
    host: str = ""
    scopes: str = _SCOPES
    passcode: bool | None = None
    waiting_room: bool | None = None
    join_before_host: bool | None = None
    webhook_secret: str = ""
    sip_domain: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9.-]*\Z")] = "zoomcrc.com"
    api_url: str = "https://api.zoom.us/v2"
    oauth_url: str = "https://zoom.us/oauth"

    def __post_init__(self) -> None:
        for field in ("api_url", "oauth_url"):
            check_address(field, getattr(self, field))
            if "?" in getattr(self, field):
                raise ValueError(f"{field}: must have no query")
        if self.host and not self.account_id:
            raise ValueError("host: needs account_id, because a user's own connection hosts its meetings itself")


class _Refusal(msgspec.Struct):
    code: int


def _code(reply: Reply) -> Code | None:
    """Zoom's own code as text, because some of them are also an HTTP status that means something else."""
    return None if reply.status < 400 else str(reply.read(_Refusal).code)


def _at(place: str) -> Callable[[Options], str]:
    return lambda options: f"{options.oauth_url.rstrip('/')}/{place}"


def _account(options: Options) -> Mapping[str, str] | None:
    return {"grant_type": "account_credentials", "account_id": options.account_id} if options.account_id else None


PROVIDER = Provider(
    name="zoom",
    authentication="oauth",
    idempotency="searchable",
    options=Options,
    hosts=lambda options: (origin(options.api_url), origin(options.oauth_url)),
    updates=frozenset({"summary", "description", "start", "end", "recurrence"}),
    deletes=True,
    outlives_event=True,
    limits=Limits(summary=200, description=2000 - len(f"[anyroom {'x' * 26}]\n\n")),
    errors={
        **dict.fromkeys(("104", "124", "4700", "4711"), CredentialsRefused),
        **dict.fromkeys(("200", "1001", "1010", "3161"), SolutionForbidden),
        **dict.fromkeys(("2306", "3000", "3003"), PermissionDenied),
        **dict.fromkeys(("300", "2300", "3001", "3018"), Permanent),
        **dict.fromkeys(("429", "3002"), Temporary),
    },
    error_code=_code,
    oauth=OAuth(
        authorize=_at("authorize"),
        token=_at("token"),
        revoke=_at("revoke"),
        scopes=lambda options: tuple(options.scopes.split()),
        client="basic",
        account=_account,
    ),
)


class _Number(msgspec.Struct):
    number: str
    country: str | None = None
    city: str | None = None
    type: str | None = None


class _Settings(msgspec.Struct):
    global_dial_in_numbers: list[_Number] | None = None


class _Meeting(msgspec.Struct):
    id: Annotated[int, msgspec.Meta(gt=0)]
    join_url: str
    host_email: str | None = None
    password: str | None = None
    pstn_password: str | None = None
    h323_password: str | None = None
    settings: _Settings | None = None


class _Listed(msgspec.Struct):
    id: Annotated[int, msgspec.Meta(gt=0)]
    agenda: str | None = None


class _Page(msgspec.Struct):
    meetings: list[_Listed]
    next_page_token: str | None = None


class _User(msgspec.Struct):
    id: str
    email: str = ""


def account(call: Call) -> Account:
    """Whose access token it is: a user's, or the owner's of an account that makes the meetings itself."""
    user = call(Request("GET", f"{_api(call)}/users/me")).read(_User)
    return Account(user.id, user.email)


class _Told(msgspec.Struct):
    """Any event: `event_ts` is when it happened, in milliseconds since 1970."""

    event: str
    event_ts: Annotated[int, msgspec.Meta(ge=0, le=253402300799000)] | None = None
    payload: msgspec.Raw = msgspec.Raw(b"{}")


class _Validation(msgspec.Struct):
    plain_token: Annotated[str, msgspec.Meta(min_length=1)] = msgspec.field(name="plainToken")


class _Deauthorized(msgspec.Struct):
    user_id: Annotated[str, msgspec.Meta(min_length=1)]


class _DeletedMeeting(msgspec.Struct):
    id: int | Annotated[str, msgspec.Meta(pattern=r"\A[0-9]+\Z")]


class _Deleted(msgspec.Struct):
    object: _DeletedMeeting
    operation: str = "all"


def webhook(hook: Hook, secret: Secret) -> Notice:
    """What Zoom tells: a user took our access away, or deleted a meeting. Raises Unauthenticated, BadRequest.

    Other events are nothing to us, whatever they hold. Sources: Zoom, "Using webhooks" (signature, URL validation) and
    the events app_deauthorized and meeting.deleted, whose `operation` is "single" for one occurrence.
    """
    if not hook.options.webhook_secret:
        raise NotFound("no-webhook", "the solution has no webhook_secret")
    moment = _fresh(hook)
    key = secret(hook.options.webhook_secret).encode()
    _check_signed(hook, moment, key)
    try:
        return _read(msgspec.json.decode(hook.body, type=_Told), key)
    except (ValueError, RecursionError) as error:
        raise BadRequest("malformed-webhook", "the body is no event of Zoom's") from error


def _read(told: _Told, key: bytes) -> Notice:
    """Raises ValueError, RecursionError."""
    if told.event == "endpoint.url_validation":
        plain = msgspec.json.decode(told.payload, type=_Validation).plain_token
        encrypted = hmac.new(key, plain.encode(), hashlib.sha256).hexdigest()
        return Notice(reply={"plainToken": plain, "encryptedToken": encrypted})
    since = None if told.event_ts is None else datetime.fromtimestamp(told.event_ts / 1000, UTC)
    if told.event == "app_deauthorized":
        return Notice("deauthorised", msgspec.json.decode(told.payload, type=_Deauthorized).user_id, since)
    if told.event == "meeting.deleted":
        deleted = msgspec.json.decode(told.payload, type=_Deleted)
        if deleted.operation != "single":
            return Notice("deleted", str(deleted.object.id), since)
    return Notice()


def _fresh(hook: Hook) -> str:
    """The time at which the call says that it was signed. Raises Unauthenticated unless that is within FRESH of now."""
    moment = hook.headers.get("x-zm-request-timestamp", "")
    if not (moment.isascii() and moment.isdecimal() and len(moment) < 13):
        raise Unauthenticated("no-signature")
    if abs(hook.now.timestamp() - int(moment)) > FRESH:
        raise Unauthenticated("not-fresh", "the call was signed too long ago, or a clock is wrong")
    return moment


def _check_signed(hook: Hook, moment: str, key: bytes) -> None:
    """Raise Unauthenticated unless Zoom has signed the call at that moment."""
    signed = hmac.new(key, f"v0:{moment}:".encode() + hook.body, hashlib.sha256).hexdigest()
    signature = hook.headers.get("x-zm-signature", "")
    if not hmac.compare_digest(f"v0={signed}".encode(), signature.encode()):
        raise Unauthenticated("bad-signature")


def create(event: Event, attempt: str, call: Call) -> Conference:
    """A meeting whose agenda begins with the attempt. Zoom writes to nobody: guests have the event."""
    options: Options = call.options
    body: dict[str, Any] = {
        "topic": event.summary,
        "agenda": _agenda(event, attempt),
        **_times(event),
        "settings": {
            "use_pmi": False,
            "email_notification": False,
            "registrants_confirmation_email": False,
            "registrants_email_notification": False,
            "push_change_to_calendar": False,
            **_given(waiting_room=options.waiting_room, join_before_host=options.join_before_host),
        },
        **_given(default_password=options.passcode),
    }
    return _conference(_of_host("POST", "meetings", call, body).read(_Meeting), call)


def update(known: Known, changes: Changes, call: Call) -> None:
    """Tell Zoom what changed. A series has no times there, so that moving one is nothing to tell."""
    event, fields = changes.event, changes.fields
    body: dict[str, Any] = {}
    if "summary" in fields:
        body["topic"] = event.summary
    if "description" in fields:
        body["agenda"] = _agenda(event, known.attempt)
    if "recurrence" in fields or (fields & _TIMES and not event.recurrence):
        body |= _times(event)
    if body:
        call(Request("PATCH", _meeting(known.id, call), json=body))


def delete(known: Known, call: Call) -> None:
    """Delete the meeting without a word to anybody; one that is gone or over is as good."""
    silently = urlencode({"schedule_for_reminder": "false", "cancel_meeting_reminder": "false"})
    call(Request("DELETE", f"{_meeting(known.id, call)}?{silently}"), _GONE)


def find(attempt: str, call: Call) -> Conference | None:
    """The meeting whose agenda names the attempt, among all that its host has and that have not expired."""
    for listed in _scheduled(call):
        if _marker(attempt) in (listed.agenda or ""):
            return _conference(call(Request("GET", _meeting(str(listed.id), call))).read(_Meeting), call)
    return None


def rooms(call: Call) -> list[Marked]:
    """The meetings of one host whose agenda begins with our marker, and that have not expired."""
    return [Marked(match[1], str(one.id)) for one in _scheduled(call) if (match := _MARKED.match(one.agenda or ""))]


def _scheduled(call: Call) -> Iterator[_Listed]:
    """All meetings of who is to host, page by page."""
    query = {"type": "scheduled", "page_size": "300"}
    while True:
        page = _of_host("GET", f"meetings?{urlencode(query)}", call).read(_Page)
        yield from page.meetings
        if not (token := page.next_page_token):
            return
        query["next_page_token"] = token


def _of_host(method: Literal["GET", "POST"], what: str, call: Call, body: Any = None) -> Reply:
    """The reply for who is to host; where Zoom does not know that address, for the solution's own host."""
    addresses = dict.fromkeys((call.host, call.options.host))
    *others, last = [quote(address, safe="@") for address in addresses if address] or ["me"]
    for user in others:
        reply = call(Request(method, f"{_api(call)}/users/{user}/{what}", json=body), _UNKNOWN_USER)
        if reply.status < 400:
            return reply
    return call(Request(method, f"{_api(call)}/users/{last}/{what}", json=body))


def _api(call: Call) -> str:
    url: str = call.options.api_url
    return url.rstrip("/")


def _meeting(number: str, call: Call) -> str:
    return f"{_api(call)}/meetings/{number}"


def _given(**settings: bool | None) -> dict[str, bool]:
    return {name: value for name, value in settings.items() if value is not None}


def _marker(attempt: str) -> str:
    """First in the agenda, by which a meeting is found again: a list has an agenda's first 250 characters only."""
    return f"[anyroom {attempt}]"


def _agenda(event: Event, attempt: str) -> str:
    return f"{_marker(attempt)}\n\n{event.description}".strip()


def _times(event: Event) -> dict[str, Any]:
    """Type and times: a moment in UTC, and the zone in which Zoom shows it."""
    if event.recurrence:
        return {"type": _RECURRING_WITHOUT_TIMES}
    return {
        "type": _SCHEDULED,
        "start_time": event.start.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z",
        "duration": min(max(1, math.ceil(event.duration.total_seconds() / 60)), MOST_MINUTES),
        "timezone": "UTC" if event.zone_guessed else event.zone,
    }


def _conference(meeting: _Meeting, call: Call) -> Conference:
    number, domain = str(meeting.id), call.options.sip_domain
    video = EntryPoint.fitted("VIDEO", meeting.join_url, meeting_code=number, passcode=meeting.password)
    entry_points = [video, *_phones(meeting, call)]
    if domain and meeting.h323_password and meeting.h323_password.isalnum():
        address = f"sip:{number}.{meeting.h323_password}@{domain}"
        entry_points.append(EntryPoint.fitted("SIP", address, meeting_code=number, passcode=meeting.h323_password))
    return Conference(number, tuple(entry_points), host=meeting.host_email or "")


def _phones(meeting: _Meeting, call: Call) -> Iterator[EntryPoint]:
    """A number for each place, which dials the meeting and its passcode in Zoom's own one-tap form."""
    passcode = meeting.pstn_password
    steps = (f",,{meeting.id}#", f",,,,*{passcode}#" if passcode else "")
    places = meeting.settings.global_dial_in_numbers if meeting.settings else None
    for place in places or ():
        try:
            yield EntryPoint.fitted(
                "PHONE",
                dial(place.number, *steps),
                label=f"{place.number} ({place.city})" if place.city else place.number,
                meeting_code=meeting.id,
                passcode=passcode,
                region_code=place.country,
                features=_FEATURES.get(place.type, ()),
            )
        except InvalidConferenceData:
            call.note("zoom-number-unreadable")
