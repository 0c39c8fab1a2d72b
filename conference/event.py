"""A Calendar event, read exactly: its times with their zone, recurrence, people, and which conference it carries."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from conference.errors import Permanent
from conference.recurrence import last_end
from conference.zone import named_zone

PARAMETER = "anyroom"
"""The key of the conference parameter by which our conferences are recognised; its value is the mapping's key."""

PLACEHOLDER_TITLE = "Meeting"
_SLOT = timedelta(minutes=30)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


class Person(msgspec.Struct, frozen=True):
    """The organizer, as Calendar names them. It can be forged by import: never an authority."""

    email: str = ""
    display_name: str = ""
    is_self: bool = False


class Attendee(msgspec.Struct, frozen=True):
    """One guest or room, with Calendar's own words."""

    email: str
    display_name: str = ""
    optional: bool = False
    organizer: bool = False
    resource: bool = False
    is_self: bool = False
    response_status: str = "needsAction"
    additional_guests: int = 0


class Event(msgspec.Struct, frozen=True):
    """One event of one calendar.

    `start` and `end` are aware, in `zone` (an IANA name), `end` exclusive. An all-day event runs from the first moment
    of its first day to the first moment of the day after its last, so its duration is 23 or 25 hours where the clocks
    change. `recurrence` is Google's own lines (RRULE, EXRULE, RDATE, EXDATE). `zone_guessed` says that Calendar named
    no zone that is known, so `start` carries only the offset. `etag` is another one after each change, `updated` when
    the last was made, None where that is not known. A `placeholder` stands for an event that does not exist yet, or
    could not be read.
    """

    id: str
    calendar: str
    summary: str
    start: datetime
    end: datetime
    zone: str
    description: str = ""
    location: str = ""
    all_day: bool = False
    recurrence: tuple[str, ...] = ()
    recurring_event_id: str = ""
    ical_uid: str = ""
    visibility: str = "default"
    organizer: Person = Person()
    attendees: tuple[Attendee, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    zone_guessed: bool = False
    placeholder: bool = False
    etag: str = ""
    updated: datetime | None = None

    @property
    def duration(self) -> timedelta:
        """The time that really passes between start and end."""
        return self.end.astimezone(UTC) - self.start.astimezone(UTC)

    def starts(self) -> str:
        """The start as `original_start` writes that of its series."""
        return _as_date(self.start) if self.all_day else _as_moment(self.start)

    def last_end(self) -> datetime | None:
        """When the event, or the last of its occurrences, is over at the latest; None while it repeats for ever."""
        return last_end(self.start, self.end, self.recurrence) if self.recurrence else self.end

    def told(self) -> dict[str, Any]:
        """What a provider is told of the event, small and comparable: times as they are, texts as digests."""
        guests = sorted(attendee.email for attendee in self.attendees if not attendee.resource)
        return {
            "summary": _digest(self.summary),
            "description": _digest(self.description),
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "zone": self.zone,
            "recurrence": _digest("\n".join(self.recurrence)),
            "attendees": _digest(json.dumps(guests) if guests else ""),
            "placeholder": self.placeholder,
        }


def placeholder(calendar: str, event_id: str, now: datetime) -> Event:
    """The stand-in for an event that does not exist yet: "Meeting", the next half hour, one hour.

    Source: Create conferences (Google Workspace add-ons): create with placeholder data, real data arrive at the sync.
    """
    start = now.astimezone(UTC)
    past = (start - datetime(1970, 1, 1, tzinfo=UTC)) % _SLOT
    start += (_SLOT - past) if past else timedelta()
    return Event(event_id, calendar, PLACEHOLDER_TITLE, start, start + _HOUR, "UTC", placeholder=True)


def to_record(event: Event) -> dict[str, Any]:
    """The event as JSON values without lists in lists, from which `from_record` makes it again."""
    record = msgspec.json.decode(msgspec.json.encode(event))
    assert isinstance(record, dict)
    return {**record, "parameters": [{"key": key, "value": value} for key, value in event.parameters]}


def from_record(record: Mapping[str, Any]) -> Event:
    """The event that `to_record` has written, its times in its zone again."""
    pairs = [(pair["key"], pair["value"]) for pair in record["parameters"]]
    event = msgspec.convert({**record, "parameters": pairs}, Event, strict=False)
    zone = named_zone(event.zone)
    if zone is None or event.zone_guessed:
        return event
    return msgspec.structs.replace(event, start=event.start.astimezone(zone), end=event.end.astimezone(zone))


def pointer(body: Mapping[str, Any]) -> str:
    """The key in the conference parameter of ours that an Event resource carries, or ""."""
    return dict(_parameters(body)).get(PARAMETER, "")


def names_zone(body: Mapping[str, Any]) -> bool:
    """Whether the event's times say in which zone they are; an all-day event without one needs the calendar's."""
    start = _mapping(body, "start")
    return bool(start.get("timeZone") or start.get("dateTime"))


def original_start(body: Mapping[str, Any]) -> str:
    """When its series has an occurrence begin, as an EXDATE writes it (RFC 5545, 3.3.4 and 3.3.5); "" where that cannot
    be read.
    """
    original = _mapping(body, "originalStartTime")
    try:
        if "date" in original:
            return _as_date(date.fromisoformat(original["date"]))
        moment = datetime.fromisoformat(original.get("dateTime", ""))
        return _as_moment(moment) if moment.tzinfo else ""
    except (TypeError, ValueError, OverflowError):
        return ""


def from_calendar(calendar: str, body: Mapping[str, Any], calendar_zone: str = "UTC") -> Event:
    """Read an Event resource of Calendar API v3.

    `calendar_zone` is the calendar's own IANA zone, for all-day events. Raises Permanent with a reason when the times
    make no sense. An event without an end gets an hour, or a day.
    """
    try:
        start, end, zone, guessed = _times(body, calendar_zone)
    except (ValueError, OverflowError) as error:
        raise Permanent("event-time-unreadable", "a time of the event cannot be read") from error
    organizer = _mapping(body, "organizer")
    return Event(
        id=_text(body, "id"),
        calendar=calendar,
        summary=_text(body, "summary"),
        start=start,
        end=end,
        zone=zone,
        description=_text(body, "description"),
        location=_text(body, "location"),
        all_day="date" in _mapping(body, "start"),
        recurrence=tuple(clean(line) for line in _list(body, "recurrence") if isinstance(line, str)),
        recurring_event_id=_text(body, "recurringEventId"),
        ical_uid=_text(body, "iCalUID"),
        visibility=_text(body, "visibility") or "default",
        organizer=Person(_text(organizer, "email"), _text(organizer, "displayName"), organizer.get("self") is True),
        attendees=tuple(_attendee(item) for item in _list(body, "attendees") if isinstance(item, Mapping)),
        parameters=_parameters(body),
        zone_guessed=guessed,
        etag=_text(body, "etag"),
        updated=_updated(_text(body, "updated")),
    )


def clean(text: str) -> str:
    """The text with what no store and no system takes replaced: lone surrogates by U+FFFD; NUL dropped."""
    if text.isascii():
        return text.replace("\0", "")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")


def _updated(text: str) -> datetime | None:
    """The moment, as far as it is one: it is only measured with."""
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


def _attendee(item: Mapping[str, Any]) -> Attendee:
    guests = item.get("additionalGuests")
    return Attendee(
        email=_text(item, "email"),
        display_name=_text(item, "displayName"),
        optional=item.get("optional") is True,
        organizer=item.get("organizer") is True,
        resource=item.get("resource") is True,
        is_self=item.get("self") is True,
        response_status=_text(item, "responseStatus") or "needsAction",
        additional_guests=guests if isinstance(guests, int) else 0,
    )


def _parameters(body: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    data = _mapping(_mapping(_mapping(body, "conferenceData"), "parameters"), "addOnParameters")
    return tuple((str(key), str(value)) for key, value in sorted(_mapping(data, "parameters").items()))


def _as_date(day: date) -> str:
    return f"{day.year:04}{day.month:02}{day.day:02}"


def _as_moment(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return f"{_as_date(utc)}T{utc:%H%M%S}Z"


def _times(body: Mapping[str, Any], calendar_zone: str) -> tuple[datetime, datetime, str, bool]:
    """Start, end, the zone's name, and whether it was guessed. Raises Permanent, ValueError, OverflowError."""
    start_body, end_body = _mapping(body, "start"), _mapping(body, "end")
    zone, guessed = _zone(str(start_body.get("timeZone") or ""), start_body, calendar_zone)
    start = _moment(start_body, zone)
    if start is None:
        raise Permanent("event-without-start", "the event has no start")
    end = _moment(end_body, zone) or _local(start + (_DAY if "date" in start_body else _HOUR))
    if end.astimezone(UTC) < start.astimezone(UTC):
        raise Permanent("event-ends-before-start", "the event ends before it starts")
    return start, end, _zone_name(zone, start), guessed


def _moment(body: Mapping[str, Any], zone: tzinfo) -> datetime | None:
    """The moment that a `start` or `end` names, in `zone`. Raises ValueError, OverflowError.

    A local time without an offset that happens twice means the first; one that does not exist is moved past the gap.
    """
    if isinstance(body.get("dateTime"), str):
        moment = datetime.fromisoformat(body["dateTime"])
        return moment.astimezone(zone) if moment.tzinfo else _local(moment.replace(tzinfo=zone))
    if isinstance(body.get("date"), str):
        return _local(datetime.combine(date.fromisoformat(body["date"]), time(), zone))
    return None


def _local(moment: datetime) -> datetime:
    """The same wall clock time, moved to one that exists."""
    return moment.astimezone(UTC).astimezone(moment.tzinfo)


def _zone(name: str, body: Mapping[str, Any], calendar_zone: str) -> tuple[tzinfo, bool]:
    """The zone called `name`, in IANA's or Windows' words; else the time's own offset, else the calendar's zone."""
    named = named_zone(name) if name else None
    if named:
        return named, False
    offset = _offset(body)
    calendars = named_zone(calendar_zone)
    if offset is None:
        return calendars or UTC, bool(name) or calendars is None
    if calendars and datetime.fromisoformat(body["dateTime"]).astimezone(calendars).utcoffset() == offset:
        return calendars, bool(name)
    return timezone(offset), True


def _offset(body: Mapping[str, Any]) -> timedelta | None:
    try:
        return datetime.fromisoformat(str(body.get("dateTime"))).utcoffset()
    except ValueError:
        return None


def _zone_name(zone: tzinfo, start: datetime) -> str:
    """An IANA name for the zone; for a bare offset the Etc zone of it, or UTC where there is none."""
    if isinstance(zone, ZoneInfo):
        return zone.key
    minutes = int((start.utcoffset() or timedelta()).total_seconds() // 60)
    if minutes % 60 or not -14 * 60 <= -minutes <= 12 * 60 or not minutes:
        return "UTC"
    return f"Etc/GMT{-minutes // 60:+d}"


def _digest(text: str) -> str:
    return text and hashlib.sha256(text.encode()).hexdigest()[:32]


def _mapping(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = body.get(key)
    return value if isinstance(value, Mapping) else {}


def _list(body: Mapping[str, Any], key: str) -> list[Any]:
    value = body.get(key)
    return value if isinstance(value, list) else []


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    return clean(value) if isinstance(value, str) else ""
