"""Cisco Webex: a meeting of the user's own, or of the organization's service app for the user who asks.

Sources: Webex's OpenAPI description of the Meetings API (webex-meeting.json, 2026), its sample of a service app. Not
documented are which scopes a user needs at least (an option), how a host that Webex does not know is refused (so every
refusal that can mean it counts), and what a caller is asked after the access code (taken for the numeric password).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec

from conference.data import EntryPoint, Feature, dial
from conference.errors import InvalidConferenceData, SolutionForbidden
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

SHORTEST, LONGEST = timedelta(minutes=10), timedelta(hours=23, minutes=59)
SEARCHED = timedelta(days=3650)
"""How far ahead `find` looks: without a range, Webex lists seven days. A meeting starts within ten years."""
MOST_OCCURRENCES = {"DAILY": 1826, "WEEKLY": 261, "MONTHLY": 60, "YEARLY": 5}

_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
_GONE = frozenset({404, 410})
_NO_SUCH_HOST = "no-such-host"
_REFUSED_HOST: frozenset[Code] = frozenset({403, 404, _NO_SUCH_HOST})
_DAILY = "FREQ=DAILY;INTERVAL=1"
_UNDERSTOOD = frozenset(("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "WKST"))


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`client_id` and `client_secret` are an integration's, where each user connects, or a service app's.

    With `service_app_refresh_token`, which the administrator who authorizes a service app is given, the app makes every
    meeting: for who asks, or for `host` where Webex does not know them. `join_before_host` lets guests in that many
    minutes early, without the host; `lobby` is Webex's unlockedMeetingJoinSecurity; `password` is every meeting's, ""
    for a random one each; `site` is one of several sites.
    """

    client_id: str
    client_secret: str
    service_app_refresh_token: str = ""
    host: str = ""
    join_before_host: Literal["", 0, 5, 10, 15] = ""
    lobby: Literal["", "allowJoin", "allowJoinWithLobby", "blockFromJoin"] = ""
    password: str = ""
    site: str = ""
    scopes: str = "meeting:schedules_read meeting:schedules_write spark:people_read"
    api_url: str = "https://webexapis.com/v1"
    oauth_url: str = "https://webexapis.com/v1"

    def __post_init__(self) -> None:
        check_address("api_url", self.api_url)
        check_address("oauth_url", self.oauth_url)


class _Error(msgspec.Struct):
    description: str | None = None


class _Refusal(msgspec.Struct):
    message: str | None = None
    errors: list[_Error] | None = None


def _code(reply: Reply) -> Code | None:
    """Webex has no codes of its own: one is made of what it says about the host."""
    if reply.status != 400 or not reply.body:
        return None
    refusal = reply.read(_Refusal)
    words = " ".join([refusal.message or "", *(error.description or "" for error in refusal.errors or ())])
    return _NO_SUCH_HOST if "hostemail" in words.lower().replace(" ", "") else None


def _account(options: Options) -> dict[str, str] | None:
    token = options.service_app_refresh_token
    return {"grant_type": "refresh_token", "refresh_token": token} if token else None


PROVIDER = Provider(
    name="webex",
    authentication="oauth",
    idempotency="searchable",
    options=Options,
    hosts=lambda options: tuple(dict.fromkeys((origin(options.api_url), origin(options.oauth_url)))),
    updates=frozenset({"summary", "description", "start", "end", "recurrence"}),
    deletes=True,
    limits=Limits(summary=128, description=1300),
    errors={_NO_SUCH_HOST: SolutionForbidden},
    error_code=_code,
    oauth=OAuth(
        authorize=lambda options: f"{options.oauth_url}/authorize",
        token=lambda options: f"{options.oauth_url}/access_token",
        scopes=lambda options: tuple(options.scopes.split()),
        account=_account,
    ),
)


class _Number(msgspec.Struct, rename="camel"):
    call_in_number: str
    label: str | None = None
    toll_type: str | None = None


class _Telephony(msgspec.Struct, rename="camel"):
    access_code: str | None = None
    call_in_numbers: list[_Number] | None = None


class _Meeting(msgspec.Struct, rename="camel"):
    id: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{1,256}\Z")]
    web_link: str
    meeting_number: str | None = None
    password: str | None = None
    phone_and_video_system_password: str | None = None
    sip_address: str | None = None
    host_email: str | None = None
    telephony: _Telephony | None = None


class _Meetings(msgspec.Struct):
    items: list[_Meeting]


class _Person(msgspec.Struct):
    id: str
    emails: list[str] = []


def account(call: Call) -> Account:
    """Whose access token it is: a user's, or the service app's own."""
    person = call(Request("GET", f"{call.options.api_url}/people/me")).read(_Person)
    return Account(person.id, person.emails[0] if person.emails else "")


def create(event: Event, attempt: str, call: Call) -> Conference:
    """A meeting with the attempt as its tag, hosted by who asks, else by the default host. Raises SolutionForbidden."""
    options: Options = call.options
    body = {
        "title": event.summary,
        **({"agenda": event.description} if event.description else {}),
        **{name: value for name, value in _times(event, call).items() if value is not None},
        "sendEmail": False,
        "integrationTags": [_tag(attempt)],
        **({"password": call.secret(options.password)} if options.password else {}),
        **({"unlockedMeetingJoinSecurity": options.lobby} if options.lobby else {}),
        **({"siteUrl": options.site} if options.site else {}),
    }
    if options.join_before_host != "":
        body |= {"enabledJoinBeforeHost": True, "joinBeforeHostMinutes": options.join_before_host}
    for host in _hosts(call):
        as_host = {"hostEmail": host} if host else {}
        reply = call(Request("POST", f"{options.api_url}/meetings", json={**body, **as_host}), _tolerated(host))
        if reply.status < 400:
            return _conference(reply.read(_Meeting), call)
    raise SolutionForbidden("webex-no-such-host", "neither who asks nor the default host")


def update(known: Known, changes: Changes, call: Call) -> None:
    """Tell Webex what changed; times and recurrence go together, and end what was changed at Webex in a series."""
    event = changes.event
    body: dict[str, Any] = {}
    if "summary" in changes.fields:
        body["title"] = event.summary
    if "description" in changes.fields:
        body["agenda"] = event.description or None
    if changes.fields & {"start", "end", "recurrence"}:
        body |= _times(event, call)
    body |= {"sendEmail": False, **({"hostEmail": call.host} if call.host else {})}
    call(Request("PATCH", f"{call.options.api_url}/meetings/{known.id}", json=body))


def delete(known: Known, call: Call) -> None:
    """Delete the meeting, without a mail to anybody; one that is gone already is as good."""
    query = urlencode({"sendEmail": "false", **({"hostEmail": call.host} if call.host else {})})
    call(Request("DELETE", f"{call.options.api_url}/meetings/{known.id}?{query}"), _GONE)


def find(attempt: str, call: Call) -> Conference | None:
    """The meeting with that attempt as its tag, of any host that it can have. A series is asked for as a whole."""
    now = call.now()
    asked = {"integrationTag": _tag(attempt), "meetingType": "meetingSeries", "current": "false"}
    asked |= {"from": _utc(now - _DAY), "to": _utc(now + SEARCHED)}
    for host in _hosts(call):
        query = urlencode({**asked, **({"hostEmail": host} if host else {})})
        reply = call(Request("GET", f"{call.options.api_url}/meetings?{query}"), _tolerated(host))
        if reply.status < 400 and (found := reply.read(_Meetings).items):
            return _conference(found[0], call)
    return None


def _hosts(call: Call) -> tuple[str, ...]:
    """Who may host, first choice first; "" is the user whose connection is used."""
    return tuple(dict.fromkeys((call.host, call.options.host or call.host))) if call.host else ("",)


def _tolerated(host: str) -> frozenset[Code]:
    return _REFUSED_HOST if host else frozenset()


def _tag(attempt: str) -> str:
    return f"anyroom-{attempt}"[:64]


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _times(event: Event, call: Call) -> dict[str, Any]:
    """Start, end, zone and recurrence as Webex takes them: whole minutes, not past, ten minutes to a day less one.

    A series that has begun starts at its next turn. What lasts longer than a day is a meeting on each of its days.
    """
    rule = _rule(event, call)
    start = event.start.replace(second=0, microsecond=0)
    earliest = call.now().replace(second=0, microsecond=0) + _MINUTE
    if start < earliest:
        start = _next_turn(start, rule, earliest) if rule else earliest.astimezone(start.tzinfo)
    # By the clock on the wall: a day may have 25 hours.
    days = min(-(-(event.end - event.start) // _DAY), MOST_OCCURRENCES["DAILY"])
    if rule is None and days > 1:
        rule = f"{_DAILY};COUNT={days}"
    length = max(SHORTEST, min(event.duration // _MINUTE * _MINUTE, LONGEST))
    end = (start.astimezone(UTC) + length).astimezone(start.tzinfo)
    times = {"start": start.isoformat(), "end": end.isoformat(), "timezone": event.zone}
    return {**times, "recurrence": rule}


def _rule(event: Event, call: Call) -> str | None:
    """The series' rule without its exceptions; one that Webex does not have becomes every day, so the link holds."""
    if not event.recurrence:
        return None
    rules = [line.partition(":")[2].upper() for line in event.recurrence if line.upper().startswith("RRULE")]
    parts = _parts(rules[0]) if len(rules) == 1 else {}
    if parts.get("FREQ") not in MOST_OCCURRENCES or not parts.keys() <= _UNDERSTOOD:
        call.note("webex-series-every-day")
        return _DAILY
    if len(parts.get("UNTIL", "")) == len("20310314"):
        parts["UNTIL"] += "T235959Z"
    if parts.get("COUNT", "").isdecimal():
        parts["COUNT"] = str(min(int(parts["COUNT"][:9]), MOST_OCCURRENCES[parts["FREQ"]]))
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _parts(rule: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in rule.split(";") if "=" in part)


def _next_turn(start: datetime, rule: str, earliest: datetime) -> datetime:
    """The series' first turn at its own time of day that is not past, as far as frequency and interval tell."""
    parts = _parts(rule)
    interval = parts.get("INTERVAL", "1")[:3]
    every = max(1, int(interval)) if interval.isdecimal() else 1
    if parts["FREQ"] in ("DAILY", "WEEKLY"):
        step = every * (_DAY if parts["FREQ"] == "DAILY" else 7 * _DAY)
        turn = start + step * ((earliest - start) // step)
        return turn if turn >= earliest else turn + step
    months = every * (1 if parts["FREQ"] == "MONTHLY" else 12)
    turns = (_months_later(start, months * count) for count in range(1, 12 * 400))
    return next((turn for turn in turns if turn and turn >= earliest), earliest.astimezone(start.tzinfo))


def _months_later(start: datetime, months: int) -> datetime | None:
    """The same day of that month, None where it has no such day."""
    years, month = divmod(start.month - 1 + months, 12)
    try:
        return start.replace(year=start.year + years, month=month + 1)
    except ValueError:
        return None


def _conference(meeting: _Meeting, call: Call) -> Conference:
    video = EntryPoint.fitted("VIDEO", meeting.web_link, meeting_code=meeting.meeting_number, password=meeting.password)
    points = [video, *_phones(meeting, call)]
    if meeting.sip_address:
        address = f"sip:{meeting.sip_address.removeprefix('sip:')}"
        points.append(EntryPoint.fitted("SIP", address, pin=meeting.phone_and_video_system_password))
    return Conference(meeting.id, tuple(points), host=meeting.host_email or call.host)


_FEATURES: dict[str | None, tuple[Feature, ...]] = {"toll": ("TOLL",), "tollfree": ("TOLL_FREE",)}


def _phones(meeting: _Meeting, call: Call) -> Iterator[EntryPoint]:
    telephony, pin = meeting.telephony or _Telephony(), meeting.phone_and_video_system_password
    steps = [f"{code}#" for code in (telephony.access_code, pin) if code]
    for number in telephony.call_in_numbers or ():
        try:
            yield EntryPoint.fitted(
                "PHONE",
                dial(number.call_in_number, *steps),
                label=number.label,
                access_code=telephony.access_code,
                pin=pin,
                features=_FEATURES.get((number.toll_type or "").lower().replace("-", ""), ()),
            )
        except InvalidConferenceData:
            call.note("webex-number-unusable")
