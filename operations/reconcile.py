"""`make reconcile`: calendars, mappings and provider rooms compared both ways, and with DO=1 the safe part mended.

A calendar whose changes are on their way is left out: its next run does what there is to do. Nothing is deleted.
"""

from collections.abc import Callable, Iterator

import msgspec

from conference.errors import ConferenceFailure, StoreUnavailable
from operations.asked import Asked
from operations.console import DONE, LEFT, Console, number
from operations.difference import Difference, Mending
from operations.events import Events
from operations.rooms import Rooms
from operations.site import Site
from sync import records
from sync.holdings import readable
from sync.records import ALIVE, CALENDARS, MAPPINGS, CalendarRecord


def run(site: Site, asked: Asked, console: Console) -> int:
    """Name each difference, and mend what is safe when that is asked for. Raises StoreUnavailable, Stopped."""
    found = 0
    comparison = _Comparison(site, console)
    with console.working("comparing") as comparison.at:
        for difference in comparison.differences():
            found += 1
            console.say(difference.line(asked.do))
            console.check()
    for line in comparison.left_out():
        console.say(line)
    mends = "" if asked.do or not found else " DO=1 does what is safe."
    console.say(f"{number(found, 'difference')} on {number(comparison.compared, 'calendar')}.{mends}")
    return LEFT if found or comparison.incomplete else DONE


class _Comparison:
    """Everything that is compared, and what could not be."""

    def __init__(self, site: Site, console: Console) -> None:
        self._site = site
        self._console = console
        self._events = Events(site, console)
        self._rooms = Rooms(site, console)
        self._mending = Mending(site)
        self._unfollowed: set[str] = set()
        self.at: Callable[[str], None] = lambda where: None
        self.compared = 0
        self.busy = 0
        self.incomplete = False

    def differences(self) -> Iterator[Difference]:
        """Calendars first, then each mapping's room, then the rooms that no mapping knows."""
        for document in self._site.all(CALENDARS, self._console):
            self.at(f"calendar {self.compared + 1}")
            try:
                record = records.calendar(document.body)
            except msgspec.ValidationError as defect:
                yield Difference(f"calendar {document.key} {defect}")
                continue
            yield from self._calendar(document.key, record)
        for count, document in enumerate(self._site.all(MAPPINGS, self._console)):
            self.at(f"room {count + 1}")
            found = readable([document])
            if not found:
                yield Difference(f"mapping {document.key} cannot be read", advice="it is of a later version")
            for one in found:
                yield from self._followed(one.record.calendar, one.record.state)
                yield from self._rooms.of(one)
        self.at("rooms that no mapping knows")
        yield from self._rooms.unknown(self._events.carried)

    def left_out(self) -> Iterator[str]:
        """What was not compared, and why."""
        if self._site.parts.following.access is None:
            yield "Events were not read: only their users' triggers can (ANYROOM_CREDENTIAL is relay)."
        if self.busy:
            yield f"{number(self.busy, 'calendar')} left out, whose changes are on their way."
        for (solution, reason), count in sorted(self._rooms.unasked.items()):
            self.incomplete = True
            yield f"{number(count, 'question')} to {solution} could not be asked: {reason}."

    def _calendar(self, key: str, record: CalendarRecord) -> Iterator[Difference]:
        if self._site.parts.following.access is None:
            self.compared += 1
            return
        now = self._site.clock.now()
        if record.dirty or (record.lease and record.lease.by and record.lease.until > now):
            self.busy += 1
            return
        self.compared += 1
        try:
            yield from self._events.differences(key, record)
        except StoreUnavailable:
            raise
        except ConferenceFailure as failure:
            self._console.check()
            advice = "its conferences are kept; it is taken up when somebody with the right role uses it"
            yield Difference(f"calendar {key} cannot be read: {failure.reason}", advice=advice)

    def _followed(self, calendar: str, state: str) -> Iterator[Difference]:
        """A conference on a calendar that nobody follows would never be told or deleted."""
        if state not in ALIVE or calendar in self._unfollowed:
            return
        if self._site.store.get(CALENDARS, records.key(calendar)) is None:
            self._unfollowed.add(calendar)
            what = f"calendar {records.key(calendar)} has conferences, and is not followed"
            yield Difference(what, "follow", lambda: self._mending.follow(calendar))
