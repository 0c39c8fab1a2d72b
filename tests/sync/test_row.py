"""A row says what there is of an event, however little Calendar shows of it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sync import row
from sync.row import Row

TIMES = {
    "start": {"dateTime": "2026-07-01T09:00:00+02:00", "timeZone": "Europe/Berlin"},
    "end": {"dateTime": "2026-07-01T10:00:00+02:00", "timeZone": "Europe/Berlin"},
}
OURS = {"conferenceId": "room", "parameters": {"addOnParameters": {"parameters": {"anyroom": "key"}}}}


def read(**body: Any) -> Row:
    return row.read("ada@example.com", {"id": "e", **body}, "Asia/Tokyo")


def test_an_event_with_our_conference() -> None:
    found = read(summary="Plan", conferenceData=OURS, **TIMES)
    assert (found.id, found.state, found.pointer, found.conference) == ("e", "there", "key", "room")
    assert found.event
    assert found.event.summary == "Plan"


def test_an_event_with_somebody_elses() -> None:
    found = read(conferenceData={"conferenceId": "abc-defg-hij"}, **TIMES)
    assert (found.state, found.pointer, found.conference) == ("there", "", "abc-defg-hij")


@pytest.mark.parametrize("data", [None, "odd", {}, {"conferenceId": ""}])
def test_an_event_without_a_conference(data: Any) -> None:
    found = read(conferenceData=data, **TIMES)
    assert (found.state, found.pointer, found.conference) == ("there", "", "")


def test_an_all_day_event_is_in_the_calendars_zone() -> None:
    found = read(start={"date": "2026-07-01"}, end={"date": "2026-07-02"})
    assert found.event
    assert found.event.zone == "Asia/Tokyo"


def test_a_deleted_event_with_its_details() -> None:
    assert read(status="cancelled", conferenceData=OURS, **TIMES) == Row("e", "cancelled")


def test_f53_a_deleted_event_of_which_the_id_is_left() -> None:
    assert read(status="cancelled") == Row("e", "vanished") == row.vanished("e")


def test_f57_a_cancelled_occurrence_names_its_series() -> None:
    found = read(status="cancelled", recurringEventId="s", originalStartTime=TIMES["start"])
    assert found == Row("e", "vanished", series="s", original="20260701T070000Z")


def test_an_occurrence_names_its_series() -> None:
    assert read(recurringEventId="s", **TIMES).series == "s"


@pytest.mark.parametrize(
    ("times", "fault"),
    [
        ({}, "event-without-start"),
        ({"start": {"dateTime": "yesterday"}}, "event-time-unreadable"),
        ({"start": TIMES["end"], "end": TIMES["start"]}, "event-ends-before-start"),
    ],
)
def test_an_event_with_odd_times_is_there_and_says_what_is_wrong(times: dict[str, Any], fault: str) -> None:
    found = read(conferenceData=OURS, **times)
    assert (found.state, found.pointer, found.event, found.fault) == ("there", "key", None, fault)


@pytest.mark.parametrize(
    ("text", "seconds"), [("2026-07-01T09:00:00.500Z", 0.5), ("", None), ("soon", None), ("2026-07-01T09:00:00", None)]
)
def test_when_it_was_changed_is_known_as_far_as_calendar_says_so(text: str, seconds: float | None) -> None:
    found = read(updated=text, **TIMES).event
    assert found
    moment = datetime(2026, 7, 1, 9, tzinfo=UTC)
    assert ((found.updated - moment).total_seconds() if found.updated else None) == seconds
