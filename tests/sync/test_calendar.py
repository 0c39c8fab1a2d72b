"""Calendar is read through Google's own client, only read, and each of its errors becomes the right failure of ours."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from conference.clock import Deadline, SystemClock
from conference.errors import ConferenceFailure, OutcomeUnknown, OverQuota, Permanent, PermissionDenied, Temporary
from conference.exchange import HttpClient
from conference.providers.base import Reply, Request, origin
from simulator.server import Simulator
from sync.calendar import GoogleCalendar
from tests.world import ADA, BOB

TIMES: dict[str, Any] = {"start": {"dateTime": "2027-03-01T09:00:00Z"}, "end": {"dateTime": "2027-03-01T10:00:00Z"}}


def soon() -> Deadline:
    return Deadline(SystemClock(), 5.0)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(validate=True) as running:
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
    from simulator import faults

    simulator.faults.add(faults.reset(), times=None)
    with pytest.raises((Temporary, OutcomeUnknown)):
        calendar.event(ADA, "e1", simulator.access_token(ADA), soon())
