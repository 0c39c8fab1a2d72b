"""What may be written into an event: times, zones, recurrence and people are checked and completed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from simulator import event as rules
from simulator.errors import GoogleError

ZURICH = "Europe/Zurich"
START = {"dateTime": "2026-03-10T10:00:00+01:00"}
END = {"dateTime": "2026-03-10T11:00:00+01:00"}


def completed(**body: Any) -> dict[str, Any]:
    return rules.completed(body, ZURICH, "ada@example.com")


def test_a_time_without_a_zone_is_in_the_calendars() -> None:
    assert completed(start=START, end=END)["start"] == {**START, "timeZone": ZURICH}


def test_a_local_time_is_resolved_in_its_own_zone() -> None:
    local = {"dateTime": "2026-07-10T10:00:00", "timeZone": "America/New_York"}
    assert completed(start=local, end=local)["start"]["dateTime"] == "2026-07-10T10:00:00-04:00"


def test_milliseconds_are_dropped() -> None:
    assert completed(start={"dateTime": "2026-03-10T10:00:00.750Z"}, end=END)["start"]["dateTime"].endswith(
        "10:00:00+00:00"
    )


def test_a_zero_length_event_is_allowed() -> None:
    assert completed(start=START, end=START)["end"]["dateTime"] == START["dateTime"]


@pytest.mark.parametrize(
    ("body", "reason", "message"),
    [
        ({"end": END}, "required", "Missing start time."),
        ({"start": START}, "required", "Missing end time."),
        ({"start": {}, "end": END}, "required", "Missing start time."),
        ({"start": START, "end": {"date": "2026-03-11"}}, "invalid", "Invalid end time."),
        ({"start": {"date": "2026-03-11"}, "end": END}, "invalid", "Invalid start time."),
        ({"start": {"date": "2026-03-11", **START}, "end": END}, "invalid", "Invalid start time."),
        ({"start": {"date": "2026-02-30"}, "end": {"date": "2026-03-11"}}, "invalid", "Invalid start time."),
        ({"start": {"dateTime": "tomorrow"}, "end": END}, "invalid", "Invalid start time."),
        ({"start": {"dateTime": "2026-03-10T25:00:00Z"}, "end": END}, "invalid", "Invalid start time."),
        (
            {"start": {"dateTime": "2026-03-10T10:00:00"}, "end": END},
            "required",
            "Missing time zone definition for start time.",
        ),
        (
            {"start": {**START, "timeZone": "Mars/Olympus"}, "end": END},
            "invalid",
            "Invalid time zone definition for start time.",
        ),
        (
            {"start": {**START, "timeZone": "/etc/passwd"}, "end": END},
            "invalid",
            "Invalid time zone definition for start time.",
        ),
        ({"start": END, "end": START}, "timeRangeEmpty", "The specified time range is empty."),
        (
            {"start": START, "end": END, "recurrence": ["RRULE:FREQ=DAILY"]},
            "required",
            "Missing time zone definition for start time.",
        ),
        ({"start": START, "end": END, "status": "maybe"}, "invalid", "Invalid value for: status"),
        ({"start": START, "end": END, "attendees": [{}]}, "required", "Missing attendee email."),
        ({"start": START, "end": END, "attendees": [{"email": "bob"}]}, "invalid", "Invalid attendee email."),
    ],
)
def test_what_makes_no_sense_is_refused(body: dict[str, Any], reason: str, message: str) -> None:
    with pytest.raises(GoogleError) as caught:
        completed(**body)
    assert (caught.value.reply.reason, caught.value.reply.message) == (reason, message)


@pytest.mark.parametrize("line", ["DTSTART:20260310T100000Z", "FREQ=DAILY", "RRULE:", ""])
def test_only_recurrence_lines_are_recurrence(line: str) -> None:
    day = {"date": "2026-03-10"}
    with pytest.raises(GoogleError, match="recurrence"):
        completed(start=day, end={"date": "2026-03-11"}, recurrence=[line])


def test_recurrence_is_kept_as_it_is() -> None:
    lines = ["RRULE:FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20260601T000000Z", "EXDATE;TZID=Europe/Zurich:20260316T100000"]
    zoned = {**START, "timeZone": ZURICH}
    assert completed(start=zoned, end={**END, "timeZone": ZURICH}, recurrence=lines)["recurrence"] == lines


def test_the_organizer_is_marked_among_the_guests() -> None:
    guests = completed(start=START, end=END, attendees=[{"email": "Ada@example.com", "self": True}])["attendees"]
    assert guests == [{"email": "ada@example.com", "responseStatus": "needsAction", "organizer": True}]


@pytest.mark.parametrize(
    ("old", "patch", "new"),
    [
        ({"a": 1}, {"a": None}, {}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({}, {"a": {"b": None, "c": 1}}, {"a": {"c": 1}}),
    ],
)
def test_a_patch_merges_objects_and_replaces_lists(old: Any, patch: Any, new: Any) -> None:
    assert rules.merged(old, patch) == new


def test_an_all_day_event_begins_at_midnight_of_the_calendar() -> None:
    body = {"start": {"date": "2026-03-29"}, "end": {"date": "2026-03-30"}}
    start, end = rules.instants(body, ZURICH)
    assert (start.astimezone(UTC), end.astimezone(UTC)) == (
        datetime(2026, 3, 28, 23, tzinfo=UTC),
        datetime(2026, 3, 29, 22, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("rule", "last"),
    [
        ("FREQ=DAILY", None),
        ("FREQ=DAILY;COUNT=3", datetime(2026, 3, 13, 10, tzinfo=UTC)),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=2", datetime(2026, 4, 7, 10, tzinfo=UTC)),
        ("FREQ=DAILY;UNTIL=20260315T090000Z", datetime(2026, 3, 15, 10, tzinfo=UTC)),
        ("FREQ=DAILY;UNTIL=20260315", datetime(2026, 3, 15, 0, tzinfo=UTC)),
    ],
)
def test_a_series_ends_no_earlier_than_its_rule_says(rule: str, last: datetime | None) -> None:
    body = {"start": START, "end": END, "recurrence": [f"RRULE:{rule}"]}
    assert rules.until(body, ZURICH) == last
