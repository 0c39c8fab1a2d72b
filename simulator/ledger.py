"""All calendars and the one way to change an event: numbered, with a new etag, told to guests and to who listens."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from conference.clock import Clock
from simulator import event as rules
from simulator import guests
from simulator.calendar import ROLES, Calendar, Event
from simulator.errors import DELETED, DUPLICATE, GoogleError, invalid
from simulator.event import Json
from simulator.sync_tokens import SyncTokens

Listener = Callable[[Calendar, bool], None]
"""Told once after each change of a calendar, and whether a program made it through the API."""

_ID_LETTERS = "0123456789abcdefghijklmnopqrstuv"


class Ledger:
    """The calendars. Every method is atomic; bad values raise GoogleError, an unknown id raises KeyError."""

    def __init__(self, clock: Clock, randomness: random.Random) -> None:
        self._clock = clock
        self._random = randomness
        self._calendars: dict[str, Calendar] = {}
        self._etags = 0
        self._depth = 0
        self._by_program = False
        self._touched: dict[str, Calendar] = {}
        self.sync_tokens = SyncTokens(randomness)
        self.listeners: list[Listener] = []
        self.windowed_sync = False
        """Whether a sync that a list within a time window began goes on within that window; Google does not say."""
        self.largest_page = 2500
        """Events that a page of a list holds at most."""
        self.lock = threading.RLock()
        """Held by whoever reads more than one thing at a time."""

    @contextmanager
    def changing(self, *, program: bool = False) -> Iterator[None]:
        """Make what happens inside one change of each calendar that it touches; `program` when it came by the API."""
        with self.lock:
            if not self._depth:
                self._by_program = program
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if not self._depth:
                    touched, self._touched = self._touched, {}
                    for calendar in touched.values():
                        for listener in self.listeners:
                            listener(calendar, self._by_program)

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
        """Give a user a role on a calendar; "none" ends the sharing. Sync tokens do not outlive another role."""
        if role not in ROLES:
            raise ValueError(f"no access role: {role}")
        with self.lock:
            calendar = self.calendar(calendar_id)
            if calendar.role(email) != role:
                calendar.roles[email.lower()] = role
                self.sync_tokens.expire(calendar.id, email.lower())

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

    def users(self) -> list[str]:
        """The addresses of those who have a primary calendar."""
        with self.lock:
            return [calendar.id for calendar in self._calendars.values() if calendar.roles.get(calendar.id) == "owner"]

    def get(self, calendar_id: str, event_id: str) -> Json:
        """The event as it is kept, to look at only."""
        return self.calendar(calendar_id).events[event_id].body

    def insert(self, calendar: Calendar, creator: str, body: Json, conference: Json | None = None) -> Event:
        """Make an event from checked members; raises GoogleError 409 when its id is in use."""
        event_id = body.get("id") or self.new_id()
        if not rules.EVENT_ID.fullmatch(event_id):
            raise invalid("Invalid resource id value.")
        if event_id in calendar.events:
            raise GoogleError(DUPLICATE)
        own = {
            **body,
            "created": stamp(self._clock.now()),
            "creator": {"email": creator},
            "organizer": self.organizer(calendar),
            "iCalUID": body.get("iCalUID") or f"{self.new_id()}@google.com",
        }
        if conference is not None:
            own["conferenceData"] = conference
        return self.store(calendar, event_id, own)

    def store(self, calendar: Calendar, event_id: str, body: Json) -> Event:
        """Make an event from all its members."""
        body = rules.completed(body, calendar.time_zone, body["organizer"]["email"])
        body.setdefault("sequence", 0)
        body |= {
            "id": event_id,
            "kind": "calendar#event",
            "updated": stamp(self._clock.now()),
            "htmlLink": self.new_link(),
        }
        return self.replace(calendar, event_id, body)

    def write(self, calendar: Calendar, event_id: str, body: Json, *, fell: bool = False) -> Event:
        """Change an event's members; `sequence` and `updated` move only when Google moves them.

        A series takes its occurrences along into the bin and out of it.
        """
        old = calendar.events[event_id].body
        body = rules.completed(body, calendar.time_zone, old.get("organizer", {}).get("email", ""))
        body.setdefault("sequence", old.get("sequence", 0))
        if any(body.get(name) != old.get(name) for name in rules.RESCHEDULING):
            body["sequence"] = old.get("sequence", 0) + 1
        seen = {**body, "reminders": None, "etag": None, "updated": None}
        if seen != {**old, "reminders": None, "etag": None, "updated": None}:
            body["updated"] = stamp(self._clock.now())
        kept = self.replace(calendar, event_id, body, fell=fell)
        if (old["status"] == "cancelled") != (body["status"] == "cancelled"):
            self._take_along(calendar, event_id, body["status"])
        return kept

    def cancel(self, calendar: Calendar, event_id: str, *, stub: bool = False) -> Event:
        """Cancel an event, or a guest's copy, which declines; raises GoogleError 410 when it already is cancelled."""
        old = calendar.events[event_id].body
        if old["status"] == "cancelled":
            raise GoogleError(DELETED)
        if stub:
            return self.keep(calendar, event_id, {"id": event_id, "status": "cancelled"})
        if not calendar.organizes(old):
            old = guests.answered(old, calendar.id, "declined")
        return self.write(calendar, event_id, {**old, "status": "cancelled"})

    def replace(self, calendar: Calendar, event_id: str, body: Json, *, fell: bool = False) -> Event:
        """Keep a body, and have the other side of an invitation learn of it."""
        held = calendar.events.get(event_id)
        old = held.body if held and calendar.organizes(held.body) else None
        kept = self.keep(calendar, event_id, body, fell=fell)
        if calendar.organizes(body):
            guests.spread(self, calendar, event_id, old, body)
        else:
            guests.reflect(self, calendar, event_id, body)
        return kept

    def keep(self, calendar: Calendar, event_id: str, body: Json, *, fell: bool = False) -> Event:
        """Keep a body as it is, as the calendar's newest change, under a new etag."""
        with self.changing():
            now = self._clock.now()
            self._etags += 1
            # Google's etags are twice the microseconds of the change; the counter keeps them apart on a standing clock.
            body["etag"] = f'"{int(now.timestamp() * 2e6) + self._etags}"'
            calendar.keep(event_id, body, now, fell=fell)
            self.touch(calendar)
            return calendar.events[event_id]

    def touch(self, calendar: Calendar) -> None:
        """Have who listens be told that the calendar changed, at the end of the change that is being made."""
        self._touched[calendar.id] = calendar

    def organizer(self, calendar: Calendar) -> Json:
        """Event.organizer of the events that are made on a calendar."""
        named = {"displayName": calendar.summary} if calendar.summary != calendar.id else {}
        return {"email": calendar.id, **named}

    def new_id(self) -> str:
        """A random id of the form that Google's have; nothing can be read from it."""
        return "".join(self._random.choices(_ID_LETTERS, k=26))

    def new_link(self) -> str:
        """Where Google's page of a new event is."""
        return f"https://www.google.com/calendar/event?eid={self.new_id()}"

    def _take_along(self, calendar: Calendar, series: str, status: str) -> None:
        cancelling = status == "cancelled"
        for event_id in calendar.occurrences.get(series, ()):
            held = calendar.events[event_id]
            if (held.body["status"] != "cancelled") if cancelling else held.fell:
                self.write(calendar, event_id, {**held.body, "status": status}, fell=cancelling)


def stamp(moment: datetime) -> str:
    """A time as Google writes it, with milliseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
