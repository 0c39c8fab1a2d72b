"""A Calendar event is read exactly: times, zones, people, recurrence; what makes no sense is refused with a reason."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conference.errors import Permanent
from conference.event import (
    clean,
    from_calendar,
    from_record,
    names_zone,
    original_start,
    placeholder,
    pointer,
    to_record,
)
from sync.store import Create
from sync.store.documents import prepared


def timed(start: str, end: str, zone: str = "Europe/Berlin", **more: Any) -> dict[str, Any]:
    return {
        "id": "e1",
        "start": {"dateTime": start, "timeZone": zone},
        "end": {"dateTime": end, "timeZone": zone},
        **more,
    }


def days(first: str, after_last: str) -> dict[str, Any]:
    return {"id": "e1", "start": {"date": first}, "end": {"date": after_last}}


def test_a_timed_event_keeps_its_instants_and_its_zone() -> None:
    event = from_calendar("ada@example.com", timed("2026-07-01T09:00:00+02:00", "2026-07-01T10:30:00+02:00"))
    assert event.start == datetime(2026, 7, 1, 7, tzinfo=UTC)
    assert event.start.isoformat() == "2026-07-01T09:00:00+02:00"
    assert (event.zone, event.duration, event.all_day) == ("Europe/Berlin", timedelta(minutes=90), False)


def test_an_end_in_another_zone_keeps_its_instant() -> None:
    body = timed("2026-07-01T09:00:00+02:00", "2026-07-01T10:00:00+02:00")
    body["end"] = {"dateTime": "2026-07-01T05:00:00-04:00", "timeZone": "America/New_York"}
    assert from_calendar("c", body).duration == timedelta(hours=2)


@pytest.mark.parametrize(
    ("first", "after_last", "hours"),
    [("2026-03-29", "2026-03-30", 23), ("2026-10-25", "2026-10-26", 25), ("2026-07-01", "2026-07-02", 24)],
)
def test_f17_an_all_day_event_lasts_as_long_as_the_day_of_its_zone(first: str, after_last: str, hours: int) -> None:
    event = from_calendar("c", days(first, after_last), "Europe/Berlin")
    assert event.all_day
    assert event.start.isoformat().startswith(f"{first}T00:00:00")
    assert event.duration == timedelta(hours=hours)


def test_f17_a_day_that_begins_at_one_because_midnight_is_skipped() -> None:
    event = from_calendar("c", days("2026-04-24", "2026-04-25"), "Africa/Cairo")
    assert event.start.isoformat() == "2026-04-24T01:00:00+03:00"


def test_f17_only_an_event_without_any_zone_needs_the_calendars() -> None:
    assert not names_zone(days("2026-07-01", "2026-07-02"))
    assert names_zone(timed("2026-07-01T09:00:00+02:00", "2026-07-01T10:00:00+02:00"))


@pytest.mark.parametrize(
    ("name", "known_as"),
    [
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Pacific Standard Time", "America/Los_Angeles"),
        ("Asia/Kolkata", "Asia/Kolkata"),
    ],
)
def test_f18_windows_names_become_iana_names(name: str, known_as: str) -> None:
    event = from_calendar("c", timed("2026-07-01T09:00:00", "2026-07-01T10:00:00", name))
    assert (event.zone, event.zone_guessed) == (known_as, False)
    assert event.start == datetime(2026, 7, 1, 9, tzinfo=ZoneInfo(known_as))


@pytest.mark.parametrize("name", ["Mars/Olympus", "../../etc/passwd", "\0", "A" * 300])
def test_f18_an_unknown_zone_keeps_the_instant_by_its_offset_and_says_so(name: str) -> None:
    event = from_calendar("c", timed("2026-07-01T09:00:00+05:00", "2026-07-01T10:00:00+05:00", name))
    assert event.start == datetime(2026, 7, 1, 4, tzinfo=UTC)
    assert (event.zone, event.zone_guessed) == ("Etc/GMT-5", True)


def test_f18_an_unknown_zone_is_the_calendars_where_the_offset_agrees() -> None:
    event = from_calendar(
        "c", timed("2026-07-01T09:00:00+02:00", "2026-07-01T10:00:00+02:00", "Mars/X"), "Europe/Paris"
    )
    assert event.zone == "Europe/Paris"


def test_f18_a_local_time_that_happens_twice_means_the_first() -> None:
    event = from_calendar("c", timed("2026-10-25T02:30:00", "2026-10-25T04:00:00"))
    assert event.start.astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_f18_a_local_time_that_does_not_exist_is_moved_past_the_gap() -> None:
    event = from_calendar("c", timed("2026-03-29T02:30:00", "2026-03-29T04:00:00"))
    assert event.start.isoformat() == "2026-03-29T03:30:00+02:00"


@pytest.mark.parametrize(
    ("body", "duration"),
    [
        ({"id": "e1", "start": {"dateTime": "2026-07-01T09:00:00Z"}}, timedelta(hours=1)),
        ({"id": "e1", "start": {"date": "2026-07-01"}}, timedelta(days=1)),
        (timed("2026-07-01T09:00:00Z", "2026-07-01T09:00:00Z"), timedelta()),
        (timed("2026-07-01T09:00:00Z", "2036-07-01T09:00:00Z"), timedelta(days=3653)),
    ],
    ids=["no end", "a day without end", "no length", "ten years"],
)
def test_f16_odd_lengths_are_normalised(body: dict[str, Any], duration: timedelta) -> None:
    assert from_calendar("c", body).duration == duration


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (timed("2026-07-01T10:00:00Z", "2026-07-01T09:00:00Z"), "event-ends-before-start"),
        ({"id": "e1"}, "event-without-start"),
        ({"id": "e1", "start": {"dateTime": "tomorrow"}}, "event-time-unreadable"),
        ({"id": "e1", "start": {"date": "2026-02-30"}}, "event-time-unreadable"),
        ({"id": "e1", "start": 7, "end": []}, "event-without-start"),
        ({"id": "e1", "start": {"dateTime": "9999-12-31T23:30:00Z"}}, "event-time-unreadable"),
        ({"id": "e1", "start": {"dateTime": "9999-12-31T23:30:00-12:00"}}, "event-time-unreadable"),
        ({"id": "e1", "start": {"date": "9999-12-31"}}, "event-time-unreadable"),
        ({"id": "e1", "start": {"dateTime": "0001-01-01T00:00:00+14:00"}}, "event-time-unreadable"),
    ],
)
def test_f16_times_that_make_no_sense_are_refused_with_a_reason(body: dict[str, Any], reason: str) -> None:
    with pytest.raises(Permanent) as refused:
        from_calendar("c", body)
    assert refused.value.reason == reason


def test_people_recurrence_and_our_parameter_are_kept_exactly() -> None:
    body = timed(
        "2026-07-01T09:00:00+02:00",
        "2026-07-01T10:00:00+02:00",
        summary="Plan 🧑‍🚀",
        recurrence=["RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;TZID=Europe/Berlin:20260708T090000"],
        organizer={"email": "bob@example.com", "displayName": "Bob", "self": False},
        attendees=[
            {"email": "ada@example.com", "self": True, "responseStatus": "accepted", "organizer": False},
            {"email": "room@resource.calendar.google.com", "resource": True, "additionalGuests": 0, "optional": True},
        ],
        iCalUID="uid@google.com",
        recurringEventId="opaque",
        conferenceData={"parameters": {"addOnParameters": {"parameters": {"anyroom": "k1", "scriptId": "s"}}}},
    )
    event = from_calendar("c", body)
    assert event.recurrence == ("RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;TZID=Europe/Berlin:20260708T090000")
    assert (event.organizer.email, event.organizer.display_name, event.organizer.is_self) == (
        "bob@example.com",
        "Bob",
        False,
    )
    assert [attendee.email for attendee in event.attendees] == ["ada@example.com", "room@resource.calendar.google.com"]
    assert event.attendees[0].is_self
    assert event.attendees[0].response_status == "accepted"
    assert event.attendees[1].resource
    assert event.attendees[1].optional
    assert (event.summary, event.ical_uid, event.recurring_event_id) == ("Plan 🧑‍🚀", "uid@google.com", "opaque")
    assert pointer(body) == "k1"


def test_what_a_provider_is_told_is_small_whatever_the_event_holds() -> None:
    body = timed("2026-07-01T09:00:00Z", "2026-07-01T10:00:00Z", summary="x" * 300_000, recurrence=["y" * 300_000])
    assert len(str(from_calendar("c", body).told())) < 1000


def test_what_a_provider_is_told_changes_with_the_guests_but_not_with_their_answers() -> None:
    def told(*attendees: dict[str, Any]) -> dict[str, Any]:
        body = timed("2026-07-01T09:00:00Z", "2026-07-01T10:00:00Z", attendees=list(attendees))
        return from_calendar("c", body).told()

    ada = {"email": "ada@example.com", "responseStatus": "needsAction"}
    assert told(ada) == told({**ada, "responseStatus": "declined"})
    assert told(ada) != told(ada, {"email": "bob@example.com"})
    assert "example.com" not in str(told(ada))


@pytest.mark.parametrize(
    ("now", "start"),
    [
        ("2026-07-01T09:00:00+00:00", "2026-07-01T09:00:00+00:00"),
        ("2026-07-01T09:00:01+00:00", "2026-07-01T09:30:00+00:00"),
        ("2026-07-01T23:45:00+02:00", "2026-07-01T22:00:00+00:00"),
    ],
)
def test_a_placeholder_is_a_meeting_of_an_hour_at_the_next_half_hour(now: str, start: str) -> None:
    event = placeholder("c", "e1", datetime.fromisoformat(now))
    assert (event.summary, event.start.isoformat(), event.duration) == ("Meeting", start, timedelta(hours=1))
    assert event.placeholder


@given(st.text(st.characters(exclude_categories=[])))
def test_f14_any_text_becomes_one_that_every_store_takes(text: str) -> None:
    cleaned = clean(text)
    assert "\0" not in cleaned
    assert cleaned.encode() is not None
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize("text", ["مرحبا", "👩‍👩‍👧", "e\u0301", "é", "a\u200db"])
def test_f14_right_to_left_emoji_and_both_normal_forms_are_preserved(text: str) -> None:
    assert clean(text) == text


def test_f63_an_event_is_written_as_every_store_takes_it_and_read_again() -> None:
    body = timed("2026-10-25T01:00:00+02:00", "2026-10-25T03:00:00+01:00", recurrence=["RRULE:FREQ=DAILY;COUNT=3"])
    attendees = [{"email": "bob@example.com", "displayName": "Bob"}, {"email": "room@example.com", "resource": True}]
    own = {"anyroom": "0" * 32, "_x": ""}
    data = {"parameters": {"addOnParameters": {"parameters": own}}}
    event = from_calendar("ada@example.com", {**body, "attendees": attendees, "conferenceData": data})
    assert len(event.parameters) == 2
    [stored] = prepared([Create("mapping", "k", to_record(event))])
    assert stored
    assert from_record(stored) == event
    assert from_record(stored).start.isoformat() == event.start.isoformat()


@pytest.mark.parametrize(
    ("original", "written"),
    [
        ({"dateTime": "2027-03-01T09:00:00+01:00"}, "20270301T080000Z"),
        ({"dateTime": "2027-03-01T09:00:00Z", "timeZone": "Europe/Berlin"}, "20270301T090000Z"),
        ({"date": "2027-03-01"}, "20270301"),
        ({"dateTime": "2027-03-01T09:00:00"}, ""),
        ({"dateTime": "0001-01-01T00:00:00+14:00"}, ""),
        ({"dateTime": 7}, ""),
        ({"date": "soon"}, ""),
        ({}, ""),
        ("soon", ""),
    ],
)
def test_when_its_series_has_an_occurrence_begin_is_read_where_it_can_be(original: object, written: str) -> None:
    assert original_start({"originalStartTime": original}) == written


@pytest.mark.parametrize(
    ("times", "written"),
    [
        ({"start": {"dateTime": "2027-03-01T09:00:00+01:00"}}, "20270301T080000Z"),
        ({"start": {"date": "2027-03-01"}}, "20270301"),
    ],
)
def test_a_start_is_written_as_that_of_its_series(times: dict[str, Any], written: str) -> None:
    assert from_calendar("ada@example.com", {"id": "e", **times}, "Europe/Berlin").starts() == written
