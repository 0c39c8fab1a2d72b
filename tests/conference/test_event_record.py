"""An event that is stored and read again is the same event, in its zone and for a provider."""

from datetime import UTC, datetime
from typing import Any

import pytest

from conference.event import Event, from_calendar, from_record, placeholder, pointer, to_record
from sync.store import Create
from sync.store.documents import prepared

TIMES: dict[str, dict[str, Any]] = {
    "timed": {
        "start": {"dateTime": "2026-10-25T01:30:00+02:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2026-10-25T02:30:00+01:00", "timeZone": "Europe/Berlin"},
    },
    "all-day": {"start": {"date": "2026-03-29"}, "end": {"date": "2026-03-30"}},
    "windows": {
        "start": {"dateTime": "2026-07-01T09:00:00", "timeZone": "W. Europe Standard Time"},
        "end": {"dateTime": "2026-07-01T10:00:00", "timeZone": "W. Europe Standard Time"},
    },
    "offset-only": {
        "start": {"dateTime": "2026-07-01T09:00:00+05:45"},
        "end": {"dateTime": "2026-07-01T10:00:00+05:45"},
    },
    "unknown-zone": {
        "start": {"dateTime": "2026-07-01T09:00:00+03:00", "timeZone": "Mars/Olympus"},
        "end": {"dateTime": "2026-07-01T10:00:00+03:00", "timeZone": "Mars/Olympus"},
    },
    "other-end": {
        "start": {"dateTime": "2026-07-01T09:00:00+02:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2026-07-01T05:00:00-04:00", "timeZone": "America/New_York"},
    },
}


def stored(event: Event) -> Event:
    """The event after a store had it."""
    body = prepared([Create("mapping", "0", to_record(event))])[0]
    assert body
    return from_record(body)


@pytest.mark.parametrize("times", TIMES.values(), ids=TIMES)
def test_f63_a_stored_event_is_the_same_event(times: dict[str, Any]) -> None:
    people = [{"email": "bob@example.com", "optional": True}, {"email": "room@example.com", "resource": True}]
    parameters = {"addOnParameters": {"parameters": {"anyroom": "0" * 32, "$theirs": "x"}}}
    body = {"id": "e", "summary": "Plan", "attendees": people, "organizer": {"email": "ada@example.com", "self": True}}
    rest = {"recurrence": ["RRULE:FREQ=DAILY;COUNT=2"], "conferenceData": {"parameters": parameters}}
    event = from_calendar("ada@example.com", {**body, **times, **rest}, "Asia/Tokyo")
    again = stored(event)
    assert again == event
    assert again.told() == event.told()
    assert (again.start.isoformat(), again.end.isoformat()) == (event.start.isoformat(), event.end.isoformat())
    assert (again.duration, again.last_end()) == (event.duration, event.last_end())


def test_a_stored_placeholder_is_one_still() -> None:
    event = placeholder("ada@example.com", "e", datetime(2026, 3, 2, 9, 10, tzinfo=UTC))
    again = stored(event)
    assert (again, again.told()) == (event, event.told())
    assert again.placeholder


def test_the_last_end_of_a_single_event_is_its_end() -> None:
    event = from_calendar("c", {"id": "e", **TIMES["timed"]})
    assert event.last_end() == event.end
    series = from_calendar("c", {"id": "e", **TIMES["timed"], "recurrence": ["RRULE:FREQ=DAILY"]})
    assert series.last_end() is None


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"parameters": {"addOnParameters": {"parameters": {"anyroom": "key", "other": "x"}}}}, "key"),
        ({"parameters": {"addOnParameters": {"parameters": {"other": "x"}}}}, ""),
        ({"parameters": {"addOnParameters": {}}}, ""),
        ({"parameters": None}, ""),
        ({}, ""),
        (None, ""),
        ("odd", ""),
    ],
)
def test_our_parameter_is_the_pointer(data: Any, found: str) -> None:
    assert pointer({"id": "e", "conferenceData": data}) == found
    assert pointer({"id": "e"}) == ""
