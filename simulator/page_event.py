"""An event in words, for the page."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from simulator import event as rules
from simulator.event import Json


@dataclass(frozen=True, slots=True)
class EntryPointView:
    """One way into a conference: a link, and the codes that go with it."""

    name: str
    uri: str
    text: str
    codes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class EventView:
    """What the page says of an event; `step` is by how much it is moved at once."""

    id: str
    summary: str
    starts: datetime
    when: str
    elsewhere: str
    repeats: str
    location: str
    guests: tuple[str, ...]
    conference: str
    entry_points: tuple[EntryPointView, ...]
    notes: str
    step: str


NAMES = {"video": "Video", "phone": "Phone", "sip": "SIP", "more": "More"}
CODES = {
    "meetingCode": "Meeting code",
    "accessCode": "Access code",
    "passcode": "Passcode",
    "password": "Password",
    "pin": "PIN",
}


def shown(event: Json, zone: str) -> EventView:
    """The event in a calendar of that time zone."""
    start, end = rules.instants(event, zone)
    own_zone = event["start"].get("timeZone", zone)
    all_day = "date" in event["start"]
    conference = event.get("conferenceData", {})
    return EventView(
        id=event["id"],
        summary=event.get("summary", "(No title)"),
        starts=start,
        when=_days(start, end) if all_day else _hours(start, end, zone),
        elsewhere="" if all_day or own_zone == zone else _hours(start, end, own_zone),
        repeats="; ".join(event.get("recurrence", ())) or ("one of a series" if "recurringEventId" in event else ""),
        location=event.get("location", ""),
        guests=tuple(person["email"] for person in event.get("attendees", ())),
        conference=conference.get("conferenceSolution", {}).get("name", ""),
        entry_points=tuple(_entry_point(point) for point in conference.get("entryPoints", ())),
        notes=conference.get("notes", ""),
        step="A day" if all_day else "An hour",
    )


def _entry_point(point: Json) -> EntryPointView:
    uri = point["uri"]
    kind = point["entryPointType"]
    text = point.get("label") or (uri.partition(":")[2].split(",")[0] if kind in ("phone", "sip") else uri)
    name = str(NAMES.get(kind, kind))
    if point.get("regionCode"):
        name = f"{name} ({point['regionCode']})"
    return EntryPointView(name, uri, text, tuple((CODES[code], point[code]) for code in CODES if point.get(code)))


def _hours(start: datetime, end: datetime, zone: str) -> str:
    begins, ends = start.astimezone(ZoneInfo(zone)), end.astimezone(ZoneInfo(zone))
    last = f"{ends:%H:%M}" if begins.date() == ends.date() else f"{_day(ends)}, {ends:%H:%M}"
    return f"{_day(begins)}, {begins:%H:%M} \u2013 {last} ({zone})"


def _days(start: datetime, end: datetime) -> str:
    last = end - timedelta(days=1)
    return _day(start) if last <= start else f"{_day(start)} \u2013 {_day(last)}"


def _day(moment: datetime) -> str:
    return f"{moment:%a} {moment.day} {moment:%b %Y}"
