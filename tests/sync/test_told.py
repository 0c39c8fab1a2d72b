"""Which fields of an event a provider is told again."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from conference.event import Attendee, Event, placeholder
from sync.told import changed_fields

START = datetime(2026, 7, 1, 9, tzinfo=UTC)
EVENT = Event("e", "c", "Plan", START, START + timedelta(hours=1), "UTC", attendees=(Attendee("bob@example.com"),))
ALL = {"summary", "description", "start", "end", "recurrence", "attendees"}


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"summary": "Better plan"}, {"summary"}),
        ({"summary": ""}, {"summary"}),
        ({"description": "Bring tea"}, {"description"}),
        ({"start": START - timedelta(hours=1)}, {"start"}),
        ({"end": START + timedelta(hours=2)}, {"end"}),
        ({"zone": "Africa/Abidjan"}, {"start", "end"}),
        ({"recurrence": ("RRULE:FREQ=DAILY",)}, {"recurrence"}),
        ({"attendees": ()}, {"attendees"}),
        ({"attendees": (Attendee("eve@example.com"),)}, {"attendees"}),
        ({"summary": "Better plan", "attendees": ()}, {"summary", "attendees"}),
        ({}, set()),
        ({"attendees": (Attendee("bob@example.com", response_status="declined", optional=True),)}, set()),
        ({"attendees": (Attendee("bob@example.com"), Attendee("room@example.com", resource=True))}, set()),
        ({"location": "Room 5", "visibility": "private", "ical_uid": "other"}, set()),
    ],
)
def test_what_differs_from_what_was_told(changes: dict[str, Any], fields: set[str]) -> None:
    assert changed_fields(EVENT.told(), replace(EVENT, **changes).told()) == fields


def test_the_same_moment_in_another_zone_differs() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    moved = replace(EVENT, start=START.astimezone(tokyo), end=EVENT.end.astimezone(tokyo), zone="Asia/Tokyo")
    assert changed_fields(EVENT.told(), moved.told()) == {"start", "end"}


def test_the_order_of_the_guests_is_no_difference() -> None:
    both = (Attendee("bob@example.com"), Attendee("eve@example.com"))
    assert changed_fields(replace(EVENT, attendees=both).told(), replace(EVENT, attendees=both[::-1]).told()) == set()


def test_all_of_it_is_told_after_a_placeholder_or_when_nothing_was() -> None:
    assert changed_fields(placeholder("c", "e", START).told(), EVENT.told()) == ALL
    assert changed_fields(None, EVENT.told()) == ALL


def test_what_is_told_names_nobody_and_nothing() -> None:
    told = repr(replace(EVENT, description="secret plan").told())
    assert not [word for word in ("Plan", "secret", "bob", "example.com") if word in told]
