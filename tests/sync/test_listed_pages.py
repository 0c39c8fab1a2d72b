"""A page of a list is read one event after the other, and what is wrong with it is said as of any reply."""

import json
from typing import Any

import pytest

from conference.clock import Deadline, SystemClock
from conference.errors import CursorExpired, PermissionDenied, Temporary
from conference.providers.base import Reply
from sync.calendar import GoogleCalendar, Listed
from tests.world import ADA

TIMES = {"start": {"dateTime": "2027-03-01T09:00:00Z"}, "end": {"dateTime": "2027-03-01T10:00:00Z"}}


def page(body: Any, status: int = 200) -> Listed:
    """What a Calendar's one answer is taken for."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    calendar = GoogleCalendar("http://127.0.0.1:1", lambda request, deadline: Reply(status, {}, content))
    return calendar.page(ADA, "token", Deadline(SystemClock(), 5.0), cursor="cursor")


def test_a_page_has_its_events_in_order_as_often_as_they_are_asked_for() -> None:
    items = [{"id": "a", **TIMES}, {"id": "b", "status": "cancelled"}, {"id": "c", **TIMES, "recurringEventId": "a"}]
    listed = page({"accessRole": "owner", "nextSyncToken": "next", "items": items})
    assert (listed.role, listed.next_page, listed.next_sync, len(listed.rows)) == ("owner", "", "next", 3)
    for _ in range(2):
        assert [(row.id, row.state, row.series) for row in listed.rows] == [
            ("a", "there", ""),
            ("b", "vanished", ""),
            ("c", "there", "a"),
        ]


def test_an_all_day_event_is_read_in_the_calendars_zone() -> None:
    days = {"start": {"date": "2027-03-01"}, "end": {"date": "2027-03-02"}}
    [row] = page({"timeZone": "Asia/Kolkata", "items": [{"id": "a", **days}]}).rows
    assert row.event
    assert row.event.start.isoformat() == "2027-03-01T00:00:00+05:30"


def test_a_page_without_events_and_names_says_so() -> None:
    listed = page({})
    assert (listed.role, list(listed.rows), listed.next_page, listed.next_sync) == ("none", [], "", "")


def test_half_a_character_in_one_title_holds_up_no_event() -> None:
    body = (
        rb'{"accessRole": "owner", "nextSyncToken": "n", "items": [{"id": "a", "summary": "x\ud83d", %s}, {"id": "b"}]}'
    )
    listed = page(body % json.dumps(TIMES).encode()[1:-1])
    first, second = listed.rows
    assert first.event
    assert (first.event.summary, second.id, listed.role, listed.next_sync) == ("x\ufffd", "b", "owner", "n")


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b"null", b'{"items": 1}', b'{"nextPageToken": {}}', b"\xff"])
def test_what_is_no_page_is_a_hiccup_of_calendars(body: bytes) -> None:
    with pytest.raises(Temporary, match="calendar-malformed"):
        page(body)


def test_what_is_no_event_is_a_hiccup_too() -> None:
    with pytest.raises(Temporary, match="calendar-malformed"):
        list(page({"items": [{"id": "a", **TIMES}, 7]}).rows)


def test_errors_are_read_as_ever() -> None:
    with pytest.raises(CursorExpired):
        page({"error": {"errors": [{"reason": "fullSyncRequired"}]}}, 410)
    with pytest.raises(PermissionDenied):
        page({"error": {"errors": [{"reason": "notFound"}]}}, 404)
