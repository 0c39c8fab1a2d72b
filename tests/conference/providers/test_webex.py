"""Webex, against a stand-in of its API: what it is told to the letter, its hosts, its ways in, series, and searches."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from msgspec.structs import replace

from conference.errors import PermissionDenied, SolutionForbidden, Temporary
from conference.event import Event
from conference.http import HttpCall
from conference.providers import load, read_options, webex
from conference.providers.base import Changes, Known
from simulator.webex import Webex
from simulator.webex_api import WebexApi
from tests.conference.providers.conftest import MakeCall
from tests.contracts.providers.conftest import new_attempt
from tests.contracts.providers.events import CHANGED, EVENT
from tests.contracts.providers.harness import ACCESS_TOKEN
from tests.contracts.providers.wire import Answer, Asked, Wire, says

NOW = datetime(2031, 3, 1, 12, 30, 20, tzinfo=UTC)
USER, STRANGER, DEFAULT = "user@webex.example", "stranger@other.example", "rooms@webex.example"
SERVICE_APP = "service-app-token"
ZURICH = ZoneInfo("Europe/Zurich")

Call = Callable[..., HttpCall]


@pytest.fixture
def site() -> Webex:
    bearer = {ACCESS_TOKEN: USER, SERVICE_APP: ""}.get
    return Webex(random.Random(1), bearer, now=lambda: NOW, users=frozenset({USER, DEFAULT}))


@pytest.fixture
def call(site: Webex, wire: Wire, make_call: MakeCall) -> Call:
    """`call(caller, **options)`: of the user's own connection, or the service app's for a caller."""
    app = Flask("webex")
    WebexApi(site).register(app)

    def system(asked: Asked) -> Answer:
        with app.test_client() as client:
            reply = client.open(asked.target, method=asked.method, headers=dict(asked.headers), data=asked.body)
            return Answer(reply.status_code, reply.data, {"Content-Type": reply.content_type or ""})

    wire.system = system

    def make(caller: str = "", **options: Any) -> HttpCall:
        token = SERVICE_APP if caller else ACCESS_TOKEN
        table = {"client_id": "c", "client_secret": "s", "api_url": f"{wire.url}/webex/v1", **options}
        return make_call("webex", table, host=caller, token=token, now=NOW)

    return make


def told(event: Event, call: Call, wire: Wire, **options: Any) -> Any:
    webex.create(event, "attempt1", call(**options))
    return wire.asked[-1].json()


def test_a_meeting_is_asked_for_like_this(call: Call, wire: Wire) -> None:
    assert told(EVENT, call, wire) == {
        "title": EVENT.summary,
        "agenda": "Canary description",
        "start": "2031-03-14T15:00:00+01:00",
        "end": "2031-03-14T16:30:00+01:00",
        "timezone": "Europe/Zurich",
        "sendEmail": False,
        "integrationTags": ["anyroom-attempt1"],
    }


def test_options_go_along(call: Call, wire: Wire) -> None:
    options = {"password": "pass-1", "lobby": "allowJoin", "site": "x.webex.example", "join_before_host": 0}
    body = told(EVENT, call, wire, **options)

    assert (body["password"], body["siteUrl"]) == ("pass-1", "x.webex.example")
    assert body["unlockedMeetingJoinSecurity"] == "allowJoin"
    assert (body["enabledJoinBeforeHost"], body["joinBeforeHostMinutes"]) == (True, 0)


def test_everything_that_webex_gives_is_an_entry_point(call: Call, site: Webex) -> None:
    conference = webex.create(EVENT, new_attempt(), call())

    meeting = site.get(USER, conference.id)
    video, toll, free, sip = conference.entry_points
    assert video.uri == f"https://anyroom.webex.example/site/j.php?MTID=m{meeting.id}"
    assert (video.meeting_code, video.password) == (meeting.number, meeting.fields["password"])
    assert toll.uri == f"tel:+12025550111,,,{meeting.number}%23,,,{meeting.pin}%23"
    assert (toll.label, toll.access_code, toll.pin) == ("US Toll", meeting.number, meeting.pin)
    assert (toll.features, free.features) == (("TOLL",), ("TOLL_FREE",))
    assert (sip.uri, sip.pin) == (f"sip:{meeting.number}@anyroom.webex.example", meeting.pin)
    assert conference.host == USER


def test_the_host_key_is_shown_to_nobody(call: Call) -> None:
    assert "'123456'" not in repr([point.to_record() for point in webex.create(EVENT, "a", call()).entry_points])


def test_a_number_that_cannot_be_dialled_is_left_out(call: Call, wire: Wire) -> None:
    telephony = {"accessCode": "1", "callInNumbers": [{"callInNumber": "ask reception", "label": "x"}]}
    reply = {"id": "m1", "webLink": "https://webex.example/m1", "telephony": telephony}
    wire.spoil(says(Answer.json(200, reply)))
    asking = call()

    assert [point.type for point in webex.create(EVENT, "a", asking).entry_points] == ["VIDEO"]
    assert asking.notes == ["webex-number-unusable"]


def times(minutes: float, start: datetime = EVENT.start) -> Event:
    return replace(EVENT, start=start, end=start + timedelta(minutes=minutes))


@pytest.mark.parametrize(("minutes", "length"), [(0, 10), (9, 10), (60.5, 60), (1439, 1439), (1440, 1439)])
def test_a_meeting_lasts_ten_minutes_to_a_day_less_one(minutes: float, length: int, call: Call, wire: Wire) -> None:
    body = told(times(minutes), call, wire)

    lasts = datetime.fromisoformat(body["end"]) - datetime.fromisoformat(body["start"])
    assert lasts == timedelta(minutes=length)
    assert "recurrence" not in body


def test_an_event_of_several_days_is_a_meeting_on_each(call: Call, wire: Wire) -> None:
    start = datetime(2031, 3, 14, tzinfo=ZURICH)
    body = told(replace(EVENT, all_day=True, start=start, end=start + timedelta(days=3)), call, wire)

    assert (body["start"], body["end"]) == ("2031-03-14T00:00:00+01:00", "2031-03-14T23:59:00+01:00")
    assert body["recurrence"] == "FREQ=DAILY;INTERVAL=1;COUNT=3"


def test_a_day_of_25_hours_is_one_day(call: Call, wire: Wire) -> None:
    start = datetime(2031, 10, 26, tzinfo=ZURICH)
    body = told(replace(EVENT, all_day=True, start=start, end=datetime(2031, 10, 27, tzinfo=ZURICH)), call, wire)

    assert (body["start"], body["end"]) == ("2031-10-26T00:00:00+02:00", "2031-10-26T22:59:00+01:00")
    assert "recurrence" not in body


def test_what_has_begun_starts_in_the_next_minute(call: Call, wire: Wire) -> None:
    body = told(times(90, datetime(2031, 3, 1, 13, 0, 7, tzinfo=ZURICH)), call, wire)

    assert (body["start"], body["end"]) == ("2031-03-01T13:31:00+01:00", "2031-03-01T15:01:00+01:00")


LONG_AGO = datetime(2031, 1, 6, 9, 0, tzinfo=ZURICH)


@pytest.mark.parametrize(
    ("rule", "start"),
    [
        ("FREQ=DAILY", "2031-03-02T09:00:00+01:00"),
        ("FREQ=DAILY;INTERVAL=5", "2031-03-02T09:00:00+01:00"),
        ("FREQ=WEEKLY;BYDAY=MO", "2031-03-03T09:00:00+01:00"),
        ("FREQ=WEEKLY;INTERVAL=3", "2031-03-10T09:00:00+01:00"),
        ("FREQ=MONTHLY", "2031-03-06T09:00:00+01:00"),
        ("FREQ=MONTHLY;INTERVAL=3", "2031-04-06T09:00:00+02:00"),
        ("FREQ=YEARLY", "2032-01-06T09:00:00+01:00"),
    ],
)
def test_a_series_that_has_begun_starts_at_its_next_turn(rule: str, start: str, call: Call, wire: Wire) -> None:
    event = replace(EVENT, start=LONG_AGO, end=LONG_AGO + timedelta(hours=1), recurrence=(f"RRULE:{rule}",))
    body = told(event, call, wire)

    assert (body["start"], body["recurrence"]) == (start, rule)


@pytest.mark.parametrize("frequency", ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
@pytest.mark.parametrize("interval", ["9" * 12, "9" * 5000, "0", "-1", "X"], ids=["long", "longest", "0", "-1", "X"])
def test_an_interval_that_makes_no_sense_is_webexs_to_judge(
    frequency: str, interval: str, call: Call, wire: Wire
) -> None:
    rule = f"RRULE:FREQ={frequency};INTERVAL={interval}"
    event = replace(EVENT, start=LONG_AGO, end=LONG_AGO + timedelta(hours=1), recurrence=(rule,))

    assert datetime.fromisoformat(told(event, call, wire)["start"]) > NOW


def test_a_day_that_a_month_lacks_is_not_its_turn(call: Call, wire: Wire) -> None:
    start = datetime(2031, 1, 31, 9, 0, tzinfo=ZURICH)
    rule = "RRULE:FREQ=MONTHLY;INTERVAL=3"
    event = replace(EVENT, start=start, end=start + timedelta(hours=1), recurrence=(rule,))

    assert told(event, call, wire)["start"] == "2031-07-31T09:00:00+02:00"


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        (("RRULE:FREQ=WEEKLY;BYDAY=MO,WE", "EXDATE:20310321T140000Z"), "FREQ=WEEKLY;BYDAY=MO,WE"),
        (("RRULE:FREQ=DAILY;UNTIL=20310401",), "FREQ=DAILY;UNTIL=20310401T235959Z"),
        (("RRULE:FREQ=DAILY;UNTIL=20310401T100000Z",), "FREQ=DAILY;UNTIL=20310401T100000Z"),
        ((f"RRULE:FREQ=YEARLY;COUNT={'9' * 5000}",), "FREQ=YEARLY;COUNT=5"),
        (("RRULE:FREQ=MONTHLY;COUNT=100;BYMONTHDAY=10",), "FREQ=MONTHLY;COUNT=60;BYMONTHDAY=10"),
    ],
)
def test_a_series_has_the_rule_of_its_event(lines: tuple[str, ...], rule: str, call: Call, wire: Wire) -> None:
    assert told(replace(EVENT, recurrence=lines), call, wire)["recurrence"] == rule


@pytest.mark.parametrize(
    "lines",
    [
        ("RRULE:FREQ=HOURLY;INTERVAL=4",),
        ("RRULE:FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1",),
        ("RDATE:20310401T100000Z",),
        ("RRULE:FREQ=WEEKLY", "RRULE:FREQ=MONTHLY"),
        ("RRULE:",),
    ],
)
def test_a_series_that_webex_does_not_have_is_every_day(lines: tuple[str, ...], call: Call, wire: Wire) -> None:
    asking = call()
    webex.create(replace(EVENT, recurrence=lines), "a", asking)

    assert wire.asked[-1].json()["recurrence"] == "FREQ=DAILY;INTERVAL=1"
    assert asking.notes == ["webex-series-every-day"]


CHANGES = {
    "summary": {"title": CHANGED.summary},
    "description": {"agenda": CHANGED.description},
    "start": {
        "start": "2031-03-21T09:00:00+01:00",
        "end": "2031-03-21T09:45:00+01:00",
        "timezone": "Europe/Zurich",
        "recurrence": "FREQ=WEEKLY",
    },
}


@pytest.mark.parametrize("field", CHANGES)
def test_a_change_is_told_like_this(field: Any, call: Call, wire: Wire) -> None:
    conference = webex.create(EVENT, "a", call())
    webex.update(Known(conference.id, "a"), Changes(CHANGED, frozenset({field})), call())

    assert wire.asked[-1].method == "PATCH"
    assert wire.asked[-1].json() == {**CHANGES[field], "sendEmail": False}


def test_a_series_can_become_one_meeting_and_an_agenda_nothing(call: Call, wire: Wire, site: Webex) -> None:
    conference = webex.create(CHANGED, "a", call())
    changes = Changes(replace(EVENT, description=""), frozenset({"recurrence", "description"}))
    webex.update(Known(conference.id, "a"), changes, call())

    assert (wire.asked[-1].json()["recurrence"], wire.asked[-1].json()["agenda"]) == (None, None)
    assert site.get(USER, conference.id).fields["recurrence"] is None


def test_a_deletion_sends_no_mail(call: Call, wire: Wire) -> None:
    conference = webex.create(EVENT, "a", call())
    webex.delete(Known(conference.id, "a"), call())

    assert wire.asked[-1].query == {"sendEmail": "false"}


@pytest.mark.parametrize("event", [EVENT, CHANGED], ids=["one", "series"])
def test_a_meeting_years_ahead_is_found_as_what_was_made(event: Event, call: Call) -> None:
    late = replace(event, start=event.start.replace(year=2040), end=event.end.replace(year=2040))
    conference = webex.create(late, "a", call())

    assert webex.find("a", call()) == conference
    assert webex.find("b", call()) is None


def test_the_service_app_makes_the_meeting_of_who_asks(call: Call, wire: Wire, site: Webex) -> None:
    conference = webex.create(EVENT, "a", call(USER))
    assert wire.asked[-1].json()["hostEmail"] == USER
    assert conference.host == USER

    known = Known(conference.id, "a", USER)
    webex.update(known, Changes(CHANGED, frozenset({"summary"})), call(USER))
    assert site.get(USER, conference.id).fields["title"] == CHANGED.summary
    webex.delete(known, call(USER))
    assert len(site) == 0


def test_for_a_stranger_the_default_host_makes_it_and_it_is_found(call: Call) -> None:
    conference = webex.create(EVENT, "a", call(STRANGER, host=DEFAULT))

    assert conference.host == DEFAULT
    assert webex.find("a", call(STRANGER, host=DEFAULT)) == conference


def test_a_stranger_without_a_default_host_may_not_use_it(call: Call, site: Webex) -> None:
    with pytest.raises(SolutionForbidden):
        webex.create(EVENT, "a", call(STRANGER))
    assert len(site) == 0


@pytest.mark.parametrize(
    "refusal",
    [
        Answer(403),
        Answer(404),
        Answer.json(400, {"message": "Invalid Host Email"}),
        Answer.json(400, {"errors": [{"description": "hostEmail is unknown"}]}),
    ],
    ids=["403", "404", "message", "error"],
)
def test_every_refusal_that_can_mean_the_host_counts(refusal: Answer, call: Call, wire: Wire) -> None:
    wire.spoil(says(refusal))

    with pytest.raises(SolutionForbidden):
        webex.create(EVENT, "a", call(USER))


def test_a_user_of_their_own_who_may_not_is_told_so(call: Call, wire: Wire) -> None:
    wire.spoil(says(Answer(403)))

    with pytest.raises(PermissionDenied):
        webex.create(EVENT, "a", call())


def test_a_locked_meeting_is_tried_again_when_webex_says(call: Call, wire: Wire) -> None:
    wire.spoil(says(Answer(423, b"", {"Retry-After": "12"})))

    with pytest.raises(Temporary) as locked:
        webex.delete(Known("m1", "a"), call())
    assert locked.value.retry_after == 12


def test_a_service_app_gets_its_token_by_its_refresh_token() -> None:
    oauth = load("webex").declared.oauth
    assert oauth is not None
    table = {"client_id": "c", "client_secret": "s"}
    options = read_options("webex", {**table, "service_app_refresh_token": "secret:webex"})

    assert oauth.account(options) == {"grant_type": "refresh_token", "refresh_token": "secret:webex"}
    assert oauth.account(read_options("webex", table)) is None
    assert oauth.authorize(options) == "https://webexapis.com/v1/authorize"
    assert oauth.token(options) == "https://webexapis.com/v1/access_token"
    assert oauth.scopes(options) == ("meeting:schedules_read", "meeting:schedules_write", "spark:people_read")
    assert load("webex").declared.hosts(options) == ("https://webexapis.com:443",)
