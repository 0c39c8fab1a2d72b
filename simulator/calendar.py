"""The calendars and their events: the state behind the Calendar API, which tests and the page also change directly."""

import random
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from conference.clock import Clock
from simulator import event as rules
from simulator.errors import DELETED, DUPLICATE, GoogleError, invalid
from simulator.event import Json

ROLES: Final = ("none", "freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer", "owner")
_ID_LETTERS = "0123456789abcdefghijklmnopqrstuv"


@dataclass(slots=True)
class Event:
    """One event, as kept. `body` is Google's representation without what depends on who looks.

    `change` is the calendar's change that this event saw last, `place` the one that made it.
    """

    body: Json
    change: int
    place: int


@dataclass(slots=True)
class Calendar:
    """One calendar: whose it is, who may do what, and its events by id. `drafts` are ids that nobody has saved yet."""

    id: str
    summary: str
    time_zone: str
    updated: datetime
    roles: dict[str, str]
    events: dict[str, Event] = field(default_factory=dict)
    drafts: dict[str, Json | None] = field(default_factory=dict)
    change: int = 0

    def role(self, email: str) -> str:
        """The access role of a user, "none" when nothing was shared."""
        return self.roles.get(email.lower(), "none")


class Calendars:
    """All calendars. Every method is atomic; bad values raise GoogleError, an unknown id raises KeyError."""

    def __init__(self, clock: Clock, randomness: random.Random) -> None:
        self._clock = clock
        self._random = randomness
        self._calendars: dict[str, Calendar] = {}
        self._etags = 0
        self.lock = threading.RLock()
        """Held by whoever reads more than one thing at a time."""

    def add_calendar(self, calendar_id: str, owner: str = "", *, summary: str = "", time_zone: str = "UTC") -> Calendar:
        """A new calendar; without `owner` it is the primary calendar of the user whose address its id is."""
        calendar_id = calendar_id.lower()
        owner = (owner or calendar_id).lower()
        with self.lock:
            if calendar_id in self._calendars:
                raise GoogleError(DUPLICATE)
            made = Calendar(calendar_id, summary or calendar_id, time_zone, self._clock.now(), {owner: "owner"})
            self._calendars[calendar_id] = made
            return made

    def share(self, calendar_id: str, email: str, role: str) -> None:
        """Give a user a role on a calendar; "none" ends the sharing."""
        if role not in ROLES:
            raise ValueError(f"no access role: {role}")
        with self.lock:
            self.calendar(calendar_id).roles[email.lower()] = role

    def calendar(self, calendar_id: str) -> Calendar:
        """The calendar of that id."""
        return self._calendars[calendar_id.lower()]

    def find(self, calendar_id: str) -> Calendar | None:
        """The calendar of that id, or None."""
        return self._calendars.get(calendar_id.lower())

    def of(self, email: str, *roles: str) -> list[Calendar]:
        """The calendars on which the user has one of `roles`, in the order they were made."""
        with self.lock:
            return [calendar for calendar in self._calendars.values() if calendar.role(email) in roles]

    def get(self, calendar_id: str, event_id: str) -> Json:
        """The event as it is kept, to look at only."""
        return self.calendar(calendar_id).events[event_id].body

    def reserve(self, calendar_id: str) -> str:
        """An id for an event that is being written and not saved yet: get answers 404 until `save`."""
        with self.lock:
            calendar, event_id = self.calendar(calendar_id), self.new_id()
            calendar.drafts[event_id] = None
            return event_id

    def save(self, calendar_id: str, event_id: str, **body: Any) -> Json:
        """Save a reserved event, with the conference that was chosen for it."""
        with self.lock:
            calendar = self.calendar(calendar_id)
            conference = calendar.drafts[event_id]
            made = self.insert(calendar, calendar.id, {"id": event_id, **body}, conference)
            del calendar.drafts[event_id]
            return made.body

    def add_event(self, calendar_id: str, *, creator: str = "", conference: Json | None = None, **body: Any) -> str:
        """A new event of Google's fields (`summary`, `start`, `end`, ...); its random id."""
        with self.lock:
            calendar = self.calendar(calendar_id)
            made = self.insert(calendar, creator or calendar.id, rules.writable(body, creating=True), conference)
            return str(made.body["id"])

    def patch(self, calendar_id: str, event_id: str, **changes: Any) -> Json:
        """Change an event's fields; None removes one."""
        with self.lock:
            calendar = self.calendar(calendar_id)
            changed = rules.merged(calendar.events[event_id].body, rules.writable(changes, creating=False))
            return self.write(calendar, event_id, changed).body

    def delete(self, calendar_id: str, event_id: str, *, stub: bool = False) -> None:
        """Cancel an event; with `stub` only its id stays, as on a calendar that it was moved away from."""
        with self.lock:
            self.cancel(self.calendar(calendar_id), event_id, stub=stub)

    def set_conference(self, calendar_id: str, event_id: str, conference: Json | None) -> None:
        """Put a conference on a saved or reserved event, or take it off with None."""
        with self.lock:
            calendar = self.calendar(calendar_id)
            if event_id in calendar.drafts:
                calendar.drafts[event_id] = conference
                return
            body = rules.merged(calendar.events[event_id].body, {"conferenceData": None})
            if conference is not None:
                body["conferenceData"] = conference
            self.write(calendar, event_id, body)

    def add_occurrence(self, calendar_id: str, event_id: str, original_start: Json, **changes: Any) -> str:
        """An occurrence of a series that differs from it (`status="cancelled"` included); its random id."""
        with self.lock:
            calendar = self.calendar(calendar_id)
            series = calendar.events[event_id].body
            length = rules.instants(series, calendar.time_zone)
            own: Json = {key: value for key, value in series.items() if key not in ("recurrence", "id", "htmlLink")}
            own["start"] = original_start
            own["end"] = _shifted(original_start, length)
            own = rules.merged(own, changes)
            own |= {"recurringEventId": event_id, "originalStartTime": original_start}
            return str(self._store(calendar, self.new_id(), own).body["id"])

    def insert(self, calendar: Calendar, creator: str, body: Json, conference: Json | None = None) -> Event:
        """Make an event from checked members; raises GoogleError 409 when its id is in use."""
        event_id = body.get("id") or self.new_id()
        if not rules.EVENT_ID.fullmatch(event_id):
            raise invalid("Invalid resource id value.")
        if event_id in calendar.events:
            raise GoogleError(DUPLICATE)
        organizer: Json = {"email": calendar.id}
        if calendar.summary != calendar.id:
            organizer["displayName"] = calendar.summary
        own = {
            **body,
            "created": _stamp(self._clock.now()),
            "creator": {"email": creator},
            "organizer": organizer,
            "iCalUID": body.get("iCalUID") or f"{self.new_id()}@google.com",
        }
        if conference is not None:
            own["conferenceData"] = conference
        return self._store(calendar, event_id, own)

    def write(self, calendar: Calendar, event_id: str, body: Json) -> Event:
        """Replace an event's members; `sequence` and `updated` move only when Google moves them."""
        old = calendar.events[event_id].body
        body = rules.completed(body, calendar.time_zone, calendar.id)
        body.setdefault("sequence", old["sequence"])
        if any(body.get(name) != old.get(name) for name in rules.RESCHEDULING):
            body["sequence"] = old["sequence"] + 1
        seen = {**body, "reminders": None, "etag": None, "updated": None}
        if seen != {**old, "reminders": None, "etag": None, "updated": None}:
            body["updated"] = _stamp(self._clock.now())
        return self._keep(calendar, event_id, body)

    def cancel(self, calendar: Calendar, event_id: str, *, stub: bool = False) -> Event:
        """Cancel an event; raises GoogleError 410 when it already is."""
        old = calendar.events[event_id].body
        if old["status"] == "cancelled":
            raise GoogleError(DELETED)
        if stub:
            return self._keep(calendar, event_id, {"id": event_id, "status": "cancelled"})
        return self.write(calendar, event_id, {**old, "status": "cancelled"})

    def new_id(self) -> str:
        """A random id of the form that Google's have; nothing can be read from it."""
        return "".join(self._random.choices(_ID_LETTERS, k=26))

    def _store(self, calendar: Calendar, event_id: str, body: Json) -> Event:
        body = rules.completed(body, calendar.time_zone, calendar.id)
        body.setdefault("sequence", 0)
        body |= {
            "id": event_id,
            "kind": "calendar#event",
            "updated": _stamp(self._clock.now()),
            "htmlLink": f"https://www.google.com/calendar/event?eid={self.new_id()}",
        }
        return self._keep(calendar, event_id, body)

    def _keep(self, calendar: Calendar, event_id: str, body: Json) -> Event:
        now = self._clock.now()
        calendar.change += 1
        calendar.updated = now
        self._etags += 1
        # Google's etags are twice the microseconds of the change; the counter keeps them apart on a standing clock.
        body["etag"] = f'"{int(now.timestamp() * 2e6) + self._etags}"'
        old = calendar.events.get(event_id)
        kept = Event(body, calendar.change, old.place if old else calendar.change)
        calendar.events[event_id] = kept
        return kept


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _shifted(start: Json, length: tuple[datetime, datetime]) -> Json:
    duration = length[1] - length[0]
    if "date" in start:
        return {"date": (datetime.fromisoformat(start["date"]) + duration).date().isoformat()}
    end = datetime.fromisoformat(start["dateTime"]) + duration
    return {**start, "dateTime": end.isoformat()}
