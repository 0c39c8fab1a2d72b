"""The events that the conformance suite has conferences made for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from conference.event import Attendee, Event, Person

TITLE = "Canary title: Zürich \U0001f469\u200d\U0001f680 & co"
DESCRIPTION = "Canary description"
GUEST = "canary.guest@example.org"

_ZONE = ZoneInfo("Europe/Zurich")

EVENT = Event(
    id="c4n4ry3v3nt",
    calendar="canary.owner@example.org",
    summary=TITLE,
    description=DESCRIPTION,
    start=datetime(2031, 3, 14, 15, 0, tzinfo=_ZONE),
    end=datetime(2031, 3, 14, 16, 30, tzinfo=_ZONE),
    zone="Europe/Zurich",
    organizer=Person("canary.owner@example.org"),
    attendees=(Attendee(GUEST),),
)
CHANGED = Event(
    id=EVENT.id,
    calendar=EVENT.calendar,
    summary="Canary title, the second",
    description="Canary description, the second",
    start=datetime(2031, 3, 21, 9, 0, tzinfo=_ZONE),
    end=datetime(2031, 3, 21, 9, 45, tzinfo=_ZONE),
    zone="Europe/Zurich",
    organizer=EVENT.organizer,
    attendees=(Attendee(GUEST), Attendee("canary.second@example.org")),
    recurrence=("RRULE:FREQ=WEEKLY",),
)
ONE_CHANGE: Mapping[str, Any] = {
    "summary": CHANGED.summary,
    "description": CHANGED.description,
    "start": EVENT.start.replace(hour=14),
    "end": EVENT.end.replace(hour=18),
    "recurrence": CHANGED.recurrence,
    "attendees": CHANGED.attendees,
}
"""Another value for each field of `EventField`."""
PRIVATE = (TITLE, CHANGED.summary, "Canary", "canary.", DESCRIPTION, EVENT.id)
"""What must stand in no link, log line or error."""
