"""One calendar as it is kept: whose it is, who may do what, its events by id, and in which order they changed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from simulator.event import Json

ROLES: Final = ("none", "freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer", "owner")
WRITER_ROLES: Final = frozenset({"writerWithoutPrivateAccess", "writer", "owner"})


@dataclass(frozen=True, slots=True)
class Event:
    """One event, as kept. `body` is Google's representation without what depends on who looks.

    `change` is the calendar's change that this event saw last. `fell` says of an occurrence that it was cancelled
    together with its series, and comes back with it.
    """

    body: Json
    change: int
    fell: bool = False


@dataclass(slots=True)
class Calendar:
    """One calendar. `events` are in the order they were made; `drafts` are ids that nobody has saved yet.

    `occurrences` are the ids of a series' exceptions, by the id of the series; `instances` says which series and which
    start each id stands for that was ever shown of an expanded series. While `gone`, every list is answered with 410.
    `removed` says that its owner deleted it. `purged` is the latest change that no list can tell of any more.
    """

    id: str
    summary: str
    time_zone: str
    updated: datetime
    roles: dict[str, str]
    events: dict[str, Event] = field(default_factory=dict)
    drafts: dict[str, Json | None] = field(default_factory=dict)
    change: int = 0
    occurrences: dict[str, list[str]] = field(default_factory=dict)
    instances: dict[str, tuple[str, Json]] = field(default_factory=dict)
    gone: bool = False
    removed: bool = False
    purged: int = 0
    _log: dict[int, str] = field(default_factory=dict)

    def role(self, email: str) -> str:
        """The access role of a user, "none" when nothing was shared."""
        return self.roles.get(email.lower(), "none")

    def organizes(self, body: Json) -> bool:
        """Whether this is the organizer's calendar for the event, and not a guest's."""
        return bool(body.get("organizer", {}).get("email") == self.id)

    def keep(self, event_id: str, body: Json, now: datetime, *, fell: bool = False) -> None:
        """Have the event be this from now on, as the calendar's newest change."""
        old = self.events.get(event_id)
        if old is not None:
            del self._log[old.change]
        elif "recurringEventId" in body:
            self.occurrences.setdefault(body["recurringEventId"], []).append(event_id)
        self.change += 1
        self.updated = now
        self.events[event_id] = Event(body, self.change, fell)
        self._log[self.change] = event_id

    def forget(self, event_id: str) -> None:
        """Have the event never have been there; no list mentions it any more."""
        gone = self.events.pop(event_id)
        del self._log[gone.change]
        self.purged = max(self.purged, gone.change)
        if "recurringEventId" in gone.body:
            self.occurrences[gone.body["recurringEventId"]].remove(event_id)
        self.change += 1

    def changed_since(self, change: int) -> list[Event]:
        """The events whose last change is later than `change`, each once, in the order of their changes."""
        found: list[Event] = []
        for number in reversed(self._log):
            if number <= change:
                break
            found.append(self.events[self._log[number]])
        return found[::-1]
