"""The calendars that a developer meets: Ada's own and her team's, each with a few ordinary events."""

from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from simulator.calendars import Calendars

ADA: Final = "ada@example.com"
TEAM: Final = "c_7d0f1c9a5b3e4f62@group.calendar.google.com"
COLLEAGUES: Final = ("grace@example.com", "edsger@example.com")
ZONE: Final = "Europe/Zurich"


def fill(calendars: Calendars, today: datetime) -> None:
    """Add the demonstration's calendars and events, around the time `today`."""
    calendars.add_calendar(ADA, summary=ADA, time_zone=ZONE)
    calendars.add_calendar(TEAM, ADA, summary="Analytical engine team", time_zone=ZONE)
    for colleague in COLLEAGUES:
        calendars.add_calendar(colleague, time_zone=ZONE)
        calendars.share(TEAM, colleague, "writer")
    guests = [{"email": email} for email in (ADA, *COLLEAGUES)]
    calendars.add_event(
        ADA,
        summary="Review of the engine's drawings",
        description="Sheets 4 to 9, please read them before.",
        location="Library",
        attendees=guests,
        **_timed(today, 1, time(10), 60, ZONE),
    )
    calendars.add_event(ADA, summary="Call with the printers", **_timed(today, 2, time(16, 30), 30, "America/New_York"))
    calendars.add_event(ADA, summary="Holiday of the Academy", **_all_day(today, 4))
    calendars.add_event(
        TEAM,
        summary="Weekly stand-up",
        creator=ADA,
        recurrence=["RRULE:FREQ=WEEKLY;BYDAY=MO,WE"],
        attendees=guests[1:],
        **_timed(today, -today.weekday(), time(9, 15), 15, ZONE),
    )
    calendars.add_event(TEAM, summary="Demonstration for visitors", creator=ADA, **_timed(today, 3, time(14), 90, ZONE))


def _timed(today: datetime, days: int, start: time, minutes: int, zone: str) -> dict[str, Any]:
    begins = datetime.combine(today.date() + timedelta(days=days), start, ZoneInfo(zone))
    ends = begins + timedelta(minutes=minutes)
    return {
        "start": {"dateTime": begins.isoformat(), "timeZone": zone},
        "end": {"dateTime": ends.isoformat(), "timeZone": zone},
    }


def _all_day(today: datetime, days: int) -> dict[str, Any]:
    day = today.date() + timedelta(days=days)
    return {"start": {"date": day.isoformat()}, "end": {"date": (day + timedelta(days=1)).isoformat()}}
