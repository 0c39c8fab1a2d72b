"""The occurrences of a series: ids from which nothing can be read, and what each is before it is changed.

Source: Calendar API, "Recurring events"; Event.recurringEventId and Event.originalStartTime.
"""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final

from simulator import event as rules
from simulator import recurrence
from simulator.calendar import Calendar, Event
from simulator.event import Json

AHEAD: Final = timedelta(days=730)
"""How far a series without a bound is expanded; Google does not say how far it does."""

_OF_SERIES: Final = frozenset({"recurrence", "id", "htmlLink", "etag"})


def occurrence_id(series_id: str, original_start: Json, zone: str) -> str:
    """The id of the occurrence that begins, or once began, then; the same for the same instant in every zone."""
    start = original_start.get("date") or rules.aware(original_start, zone).astimezone(UTC).isoformat()
    digest = hashlib.sha256(f"{series_id} {start}".encode()).digest()
    return base64.b32hexencode(digest).decode().lower()[:26]


def occurrence(body: Json, original_start: Json, zone: str) -> Json:
    """The occurrence as the series has it, without an id."""
    own = {key: value for key, value in body.items() if key not in _OF_SERIES}
    return {
        **own,
        **moved_to(body, original_start, zone),
        "recurringEventId": body["id"],
        "originalStartTime": original_start,
    }


def moved_to(body: Json, start: Json, zone: str) -> Json:
    """`start` and `end` of an event that begins at another time and takes as long."""
    begins, ends = rules.instants(body, zone)
    if "date" in start:
        last = datetime.fromisoformat(start["date"]) + (ends - begins)
        return {"start": start, "end": {"date": last.date().isoformat()}}
    end = datetime.fromisoformat(start["dateTime"]) + (ends - begins)
    return {"start": start, "end": {**start, "dateTime": end.isoformat()}}


def split(body: Json, at: Json, zone: str) -> tuple[list[str], list[str]]:
    """The recurrence of a series that ends before `at`, and that of the one that goes on there.

    Raises ValueError unless `at` is the start of an occurrence, and not of the first.
    """
    moment = rules.aware(at, zone)
    # What was excluded counts.
    whole = {**body, "recurrence": [line for line in body["recurrence"] if not line.startswith("EXDATE")]}
    starts = recurrence.starts(whole, zone, moment + timedelta(seconds=1))
    if len(starts) < 2 or rules.aware(starts[-1], zone) != moment:
        raise ValueError("a series is split at one of its later occurrences")
    return recurrence.ended(body["recurrence"], at, len(starts) - 1)


def instances(calendar: Calendar, series_id: str, before: datetime) -> list[str]:
    """The ids of a series' occurrences that begin before a moment, changed or not, in the order of their starts.

    Raises GoogleError 501 for a rule that is not understood.
    """
    body = calendar.events[series_id].body
    found = []
    for start in recurrence.starts(body, calendar.time_zone, before):
        found.append(occurrence_id(series_id, start, calendar.time_zone))
        calendar.instances.setdefault(found[-1], (series_id, start))
    return list(dict.fromkeys([*found, *calendar.occurrences.get(series_id, ())]))


def event(calendar: Calendar, event_id: str) -> Event | None:
    """The event of that id, which may be an unchanged occurrence that was shown before; None when there is none."""
    if event_id in calendar.events:
        return calendar.events[event_id]
    series_id, start = calendar.instances.get(event_id, ("", {}))
    held = calendar.events.get(series_id)
    if held is None or "recurrence" not in held.body:
        return None
    body = {**occurrence(held.body, start, calendar.time_zone), "id": event_id, "etag": held.body["etag"]}
    body["htmlLink"] = held.body["htmlLink"]
    moment = rules.aware(start, calendar.time_zone)
    if start not in recurrence.starts(held.body, calendar.time_zone, moment + timedelta(seconds=1)):
        body["status"] = "cancelled"
    return Event(body, held.change)
