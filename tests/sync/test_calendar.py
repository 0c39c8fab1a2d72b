"""Calendar is read through Google's own client, only read, and each of its errors becomes the right failure of ours."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from conference.clock import Deadline, SystemClock
from conference.errors import (
    ConferenceFailure,
    CursorExpired,
    OutcomeUnknown,
    OverQuota,
    Permanent,
    PermissionDenied,
    Temporary,
)
from conference.exchange import HttpClient
from conference.providers.base import Reply, Request, origin
from simulator import faults
from simulator.server import Simulator
from sync.calendar import CHANNEL_SECONDS, MOST_LISTED, UNAUTHENTICATED, GoogleCalendar
from tests import simulating
from tests.world import ADA, BOB

TIMES: dict[str, Any] = {"start": {"dateTime": "2027-03-01T09:00:00Z"}, "end": {"dateTime": "2027-03-01T10:00:00Z"}}


def soon() -> Deadline:
    return Deadline(SystemClock(), 5.0)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with simulating.simulator(validate=True) as running:
        running.add_user(ADA, time_zone="Asia/Kolkata")
        running.add_user(BOB)
        yield running


@pytest.fixture
def calendar(simulator: Simulator) -> GoogleCalendar:
    client = HttpClient()

    def send(request: Request, deadline: Deadline) -> Reply:
        return client.exchange(request, deadline.left(), frozenset({origin(simulator.url)}), repeatable=True)

    return GoogleCalendar(simulator.url, send)


def canned(status: int, body: Any) -> GoogleCalendar:
    """A Calendar that answers everything alike."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return GoogleCalendar("http://127.0.0.1:1", lambda request, deadline: Reply(status, {}, content))


def error(reason: object) -> Mapping[str, Any]:
    return {"error": {"code": 403, "message": "about ada@example.com", "errors": [{"reason": reason}]}}


def test_an_event_is_read_with_the_callers_token_and_two_ids(simulator: Simulator, calendar: GoogleCalendar) -> None:
    event = simulator.calendar.add_event(ADA, summary="Plan", **TIMES)
    read = calendar.event(ADA, event, simulator.access_token(ADA), soon())
    assert read
    assert (read.id, read.summary, read.start.isoformat()) == (event, "Plan", "2027-03-01T14:30:00+05:30")
    assert len(simulator.requests) == 1


def test_an_all_day_event_has_its_calendars_zone(simulator: Simulator, calendar: GoogleCalendar) -> None:
    event = simulator.calendar.add_event(ADA, start={"date": "2027-03-01"}, end={"date": "2027-03-02"})
    read = calendar.event(ADA, event, simulator.access_token(ADA), soon())
    assert read
    assert (read.zone, read.start.isoformat()) == ("Asia/Kolkata", "2027-03-01T00:00:00+05:30")


def test_an_event_that_is_not_there_or_cancelled_does_not_exist_yet(
    simulator: Simulator, calendar: GoogleCalendar
) -> None:
    event = simulator.calendar.add_event(ADA, **TIMES)
    simulator.calendar.delete(ADA, event)
    token = simulator.access_token(ADA)
    assert calendar.event(ADA, event, token, soon()) is None
    assert calendar.event(ADA, "neverexisted", token, soon()) is None


@pytest.mark.parametrize("role", ["freeBusyReader", "reader", "writer", "writerWithoutPrivateAccess", "owner"])
def test_the_role_on_a_calendar_is_what_a_list_says(simulator: Simulator, calendar: GoogleCalendar, role: str) -> None:
    simulator.calendar.share(BOB, ADA, role)
    assert calendar.access_role(BOB, simulator.access_token(ADA), soon()) == role


def test_a_calendar_that_cannot_be_seen_is_denied(simulator: Simulator, calendar: GoogleCalendar) -> None:
    with pytest.raises(PermissionDenied):
        calendar.access_role(BOB, simulator.access_token(ADA), soon())


def test_f60_nothing_but_reads_ever_leaves(simulator: Simulator, calendar: GoogleCalendar) -> None:
    token = simulator.access_token(ADA)
    calendar.event(ADA, simulator.calendar.add_event(ADA, **TIMES), token, soon())
    calendar.access_role(ADA, token, soon())
    assert {request.method for request in simulator.requests} == {"GET"}


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (401, error("authError"), PermissionDenied),
        (403, error("forbidden"), PermissionDenied),
        (403, error("rateLimitExceeded"), OverQuota),
        (403, error("userRateLimitExceeded"), OverQuota),
        (403, error("quotaExceeded"), OverQuota),
        (403, error("accessNotConfigured"), Permanent),
        (429, error("rateLimitExceeded"), OverQuota),
        (408, b"", Temporary),
        (500, error("backendError"), Temporary),
        (503, b"<html>", Temporary),
        (400, error("badRequest"), Permanent),
        (403, b"<html>", PermissionDenied),
        (200, b"<html>", Temporary),
        (200, b"", Temporary),
        (200, [], Temporary),
    ],
)
@pytest.mark.parametrize(
    "ask",
    [
        lambda calendar: calendar.event(ADA, "e1", "token", soon()),
        lambda calendar: calendar.access_role(ADA, "token", soon()),
    ],
    ids=["event", "role"],
)
def test_f20_each_error_of_calendar_is_a_refusal_or_a_hiccup(
    ask: Callable[[GoogleCalendar], object], status: int, body: Any, failure: type[ConferenceFailure]
) -> None:
    with pytest.raises(failure) as raised:
        ask(canned(status, body))
    assert type(raised.value) is failure
    assert ADA not in str(raised.value)


@pytest.mark.parametrize("reason", ["../x", 7, None, "a" * 100, "two words"])
def test_a_reason_that_is_no_word_is_not_logged(reason: object) -> None:
    with pytest.raises(PermissionDenied) as raised:
        canned(403, error(reason)).event(ADA, "e1", "token", soon())
    assert raised.value.detail == "Calendar answered 403"


def test_a_lost_reply_of_calendar_is_a_hiccup(simulator: Simulator, calendar: GoogleCalendar) -> None:
    simulator.faults.add(faults.reset(), times=None)
    with pytest.raises((Temporary, OutcomeUnknown)):
        calendar.event(ADA, "e1", simulator.access_token(ADA), soon())


SERIES: dict[str, Any] = {"recurrence": ["RRULE:FREQ=DAILY;COUNT=5"]}
ASKS: dict[str, Callable[[GoogleCalendar], object]] = {
    "page": lambda calendar: calendar.page(ADA, "token", soon(), cursor="c"),
    "look": lambda calendar: calendar.look(ADA, "e1", "token", soon()),
    "series": lambda calendar: calendar.of_series(ADA, "uid", "token", soon()),
    "watch": lambda calendar: calendar.watch(ADA, "id", "secret", "https://x.example", "token", soon()),
    "stop": lambda calendar: calendar.stop("id", "resource", "token", soon()),
}


class Sent:
    """What a Calendar with canned answers was asked."""

    def __init__(self, body: Any) -> None:
        self.requests: list[Request] = []
        self.content = json.dumps(body).encode()
        self.calendar = GoogleCalendar("https://calendar.example", self._send)

    def _send(self, request: Request, deadline: Deadline) -> Reply:
        self.requests.append(request)
        return Reply(200, {}, self.content)

    @property
    def parameters(self) -> dict[str, str]:
        """Those of the last request, without the mask of fields."""
        found = dict(parse_qsl(urlsplit(self.requests[-1].url).query))
        return {name: value for name, value in found.items() if name not in ("fields", "alt")}


ALWAYS = {"singleEvents": "false", "showDeleted": "true", "maxResults": "2500", "eventTypes": "default"}
MARCH = datetime(2027, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("how", "more"),
    [
        ({"cursor": "c"}, {"syncToken": "c"}),
        ({"cursor": "c", "page": "p"}, {"syncToken": "c", "pageToken": "p"}),
        ({"since": MARCH}, {"timeMin": "2027-03-01T00:00:00Z"}),
        ({"since": MARCH, "page": "p"}, {"timeMin": "2027-03-01T00:00:00Z", "pageToken": "p"}),
        ({"cursor": "c" * 1000, "page": "p" * 1000}, {"syncToken": "c" * 1000, "pageToken": "p" * 1000}),
    ],
)
def test_f51_a_list_has_exactly_these_parameters(how: dict[str, Any], more: dict[str, str]) -> None:
    sent = Sent({"accessRole": "owner", "items": [], "nextSyncToken": "next"})
    listed = sent.calendar.page(ADA, "token", soon(), **how)
    assert (listed.role, list(listed.rows), listed.next_page, listed.next_sync) == ("owner", [], "", "next")
    assert sent.parameters == {**ALWAYS, **more}
    [request] = sent.requests
    assert (request.method, request.json, request.headers) == ("GET", None, {"Authorization": "Bearer token"})
    assert request.most == MOST_LISTED


def test_requests_are_counted_for_the_user_that_they_are_charged_to() -> None:
    sent = Sent({"items": []})
    charged = sent.calendar.charged_to("1234")
    charged.page(ADA, "token", soon(), cursor="c")
    assert sent.parameters == {**ALWAYS, "syncToken": "c", "quotaUser": "1234"}
    charged.stop("id", "resource", "token", soon())
    assert sent.parameters == {"quotaUser": "1234"}
    sent.calendar.page(ADA, "token", soon(), cursor="c")
    assert "quotaUser" not in sent.parameters


def test_pages_show_what_changed_and_end_with_a_token(simulator: Simulator, calendar: GoogleCalendar) -> None:
    token = simulator.access_token(ADA)
    kept = simulator.calendar.add_event(ADA, summary="Kept", **TIMES)
    first = calendar.page(ADA, token, soon(), since=MARCH)
    assert ([row.id for row in first.rows], first.role) == ([kept], "owner")
    gone = simulator.calendar.add_event(ADA, summary="Gone", **TIMES)
    simulator.calendar.delete(ADA, gone)
    stub = simulator.calendar.add_event(ADA, **TIMES)
    simulator.calendar.delete(ADA, stub, stub=True)
    second = calendar.page(ADA, token, soon(), cursor=first.next_sync)
    assert {row.id: row.state for row in second.rows} == {gone: "cancelled", stub: "vanished"}


def test_an_all_day_event_of_a_list_has_its_calendars_zone(simulator: Simulator, calendar: GoogleCalendar) -> None:
    simulator.calendar.add_event(ADA, start={"date": "2027-03-01"}, end={"date": "2027-03-02"})
    [row] = calendar.page(ADA, simulator.access_token(ADA), soon(), since=MARCH).rows
    assert row.event
    assert row.event.start.isoformat() == "2027-03-01T00:00:00+05:30"


def test_a_look_says_whether_an_event_is_there(simulator: Simulator, calendar: GoogleCalendar) -> None:
    token = simulator.access_token(ADA)
    event = simulator.calendar.add_event(ADA, start={"date": "2027-03-01"}, end={"date": "2027-03-02"})
    row = calendar.look(ADA, event, token, soon())
    assert row.event
    assert (row.state, row.event.zone) == ("there", "Asia/Kolkata")
    simulator.calendar.delete(ADA, event)
    assert calendar.look(ADA, event, token, soon()).state == "cancelled"
    assert calendar.look(ADA, "neverexisted", token, soon()).state == "vanished"


def test_of_a_series_all_is_shown_with_what_was_cancelled(simulator: Simulator, calendar: GoogleCalendar) -> None:
    zone = {"timeZone": "UTC"}
    times: dict[str, Any] = {"start": {**TIMES["start"], **zone}, "end": {**TIMES["end"], **zone}}
    series = simulator.calendar.add_event(ADA, **times, **SERIES)
    start = {"dateTime": "2027-03-02T09:00:00Z", **zone}
    moved = simulator.calendar.add_occurrence(ADA, series, start, summary="Moved")
    uid = simulator.calendar.get(ADA, series)["iCalUID"]
    rows = calendar.of_series(ADA, uid, simulator.access_token(ADA), soon())
    assert {(row.id, row.series) for row in rows} == {(series, ""), (moved, series)}
    simulator.calendar.delete(ADA, moved)
    rows = calendar.of_series(ADA, uid, simulator.access_token(ADA), soon())
    assert [(row.original, row.event) for row in rows if row.series] == [("20270302T090000Z", None)]
    simulator.calendar.delete(ADA, series)
    assert [row for row in calendar.of_series(ADA, uid, simulator.access_token(ADA), soon()) if row.event] == []


def test_a_channel_is_opened_for_as_long_as_calendar_says_and_stopped_once(
    simulator: Simulator, calendar: GoogleCalendar
) -> None:
    token = simulator.access_token(ADA)
    watched = calendar.watch(ADA, "id-1", "secret", "https://anyroom.example/notifications", token, soon())
    [channel] = simulator.push.channels
    assert (channel.id, channel.token, channel.address) == ("id-1", "secret", "https://anyroom.example/notifications")
    assert (watched.resource, watched.expires) == (channel.resource_id, channel.expiration)
    asked = simulator.requests.under("/calendar")[0].json
    assert (asked["type"], asked["params"]) == ("web_hook", {"ttl": str(CHANNEL_SECONDS)})
    calendar.stop("id-1", watched.resource, token, soon())
    assert channel.stopped
    calendar.stop("id-1", watched.resource, token, soon())
    calendar.stop("id-never", watched.resource, token, soon())


def test_i10_an_opening_that_was_repeated_may_have_succeeded(simulator: Simulator, calendar: GoogleCalendar) -> None:
    token = simulator.access_token(ADA)
    calendar.watch(ADA, "id-1", "secret", "https://anyroom.example", token, soon())
    with pytest.raises(OutcomeUnknown):
        calendar.watch(ADA, "id-1", "secret", "https://anyroom.example", token, soon())


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (401, error("authError"), PermissionDenied),
        (403, error("forbidden"), PermissionDenied),
        (403, error("userRateLimitExceeded"), OverQuota),
        (429, error("rateLimitExceeded"), OverQuota),
        (403, error("accessNotConfigured"), Permanent),
        (408, b"", Temporary),
        (400, error("badRequest"), Permanent),
    ],
)
@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_each_refusal_of_calendar_is_one_that_stays_or_one_that_passes(
    ask: Callable[[GoogleCalendar], object], status: int, body: Any, failure: type[ConferenceFailure]
) -> None:
    with pytest.raises(failure) as raised:
        ask(canned(status, body))
    assert type(raised.value) is failure
    assert ADA not in str(raised.value)
    assert (raised.value.reason == UNAUTHENTICATED) == (status == 401)


@pytest.mark.parametrize("name", ["page", "series"])
def test_f47_a_410_on_a_list_asks_for_a_full_one(name: str) -> None:
    with pytest.raises(CursorExpired):
        ASKS[name](canned(410, error("fullSyncRequired")))


def test_a_page_token_that_is_good_no_more_asks_for_a_full_list_too() -> None:
    with pytest.raises(CursorExpired):
        canned(400, error("badRequest")).page(ADA, "token", soon(), cursor="c", page="p")


@pytest.mark.parametrize("name", ["page", "series", "watch"])
def test_f76_a_404_on_the_calendar_means_that_it_cannot_be_read(name: str) -> None:
    with pytest.raises(PermissionDenied) as raised:
        ASKS[name](canned(404, error("notFound")))
    assert raised.value.reason == "calendar-not-readable"


@pytest.mark.parametrize(("status", "body"), [(500, b""), (503, b"<html>"), (200, b"<html>"), (200, []), (200, {})])
def test_i10_whether_a_channel_is_open_is_not_known_after_a_fault_of_calendars(status: int, body: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        ASKS["watch"](canned(status, body))


@pytest.mark.parametrize("name", ["page", "look", "series", "stop"])
def test_a_fault_of_calendars_passes(name: str) -> None:
    with pytest.raises(Temporary) as raised:
        ASKS[name](canned(503, b"<html>"))
    assert type(raised.value) is Temporary


@pytest.mark.parametrize("expiration", [None, "soon", "1e400", "9" * 30])
def test_a_channel_without_a_life_that_can_be_read_may_be_open(expiration: str | None) -> None:
    with pytest.raises(OutcomeUnknown):
        ASKS["watch"](canned(200, {"resourceId": "r", "expiration": expiration}))
