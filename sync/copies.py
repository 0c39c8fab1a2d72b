"""Events that show the conference of another event's: duplicates, halves of a split series, and what was moved here.

They hold it too, under a mapping of their own: it is deleted when the last of them lets go.
"""

import logging
import re
from datetime import datetime

import msgspec

from conference.errors import Conflict, Temporary
from conference.event import Event
from sync import records
from sync.holdings import Holdings, Mapped, is_over, mapped
from sync.outside import Ports, closes
from sync.records import ALIVE, CALENDARS, MAPPINGS, CalendarRecord, MappingRecord
from sync.row import Row
from sync.store import Change, Create, Replace

_KEY = re.compile(r"[0-9a-f]{32}")
_log = logging.getLogger("anyroom.copies")


class Copies:
    """Takes the copies of one calendar, whose record is `calendar` and whose mappings `holdings` reads."""

    def __init__(self, ports: Ports, calendar: CalendarRecord, holdings: Holdings) -> None:
        self._ports = ports
        self._calendar = calendar
        self._holdings = holdings

    def take(self, row: Row) -> Mapped | None:
        """Take up a conference that the row shows and its event does not hold yet.

        That counts only on calendars of one keeper: anybody can write our parameter into an event of theirs. The
        mapping comes back when the conference follows it from now on, because its owner left or is over. Raises
        StoreUnavailable, and Temporary when the conference changes just now.
        """
        event = row.event
        if row.state != "there" or not row.pointer or self._is_held(row):
            return None
        owner = self._holder(row) if event is None or event.organizer.is_self else None  # an invitation is no copy
        if owner is None or not self._has_our_keeper(owner.record.calendar):
            _log.info("a conference parameter was passed over")
            return None
        if event is None or (row.series and owner.record.event != row.id):
            return None
        follows = owner.record.state == "leaving" or is_over(owner, self._ports.clock.now())
        copy = self._copy(owner, row, event, follows)
        key = records.copy_key(copy.calendar, copy.event, copy.solution, copy.pointer)
        changes: list[Change] = [
            Create(MAPPINGS, key, records.to_body(copy)),
            Replace(owner.document, records.to_body(self._copied(owner, copy))),
        ]
        try:
            document = self._ports.store.commit(changes)[0]
        except Conflict as conflict:
            raise Temporary("contention", "the conference of a copy changes just now") from conflict
        assert document
        taken = self._holdings.keep(mapped(document))
        return taken if follows else None

    def _is_held(self, row: Row) -> bool:
        """Whether the event has that conference, or is an occurrence that shows the one of its series."""
        events = (row.id, row.series) if row.series else (row.id,)
        return any(one.record.pointer == row.pointer for event in events for one in self._holdings.of(event))

    def _copy(self, owner: Mapped, row: Row, event: Event, follows: bool) -> MappingRecord:
        record, ends = owner.record, event.last_end()
        tells = follows and record.tells
        return MappingRecord(
            calendar=self._calendar.calendar,
            event=row.id,
            place=records.key(self._calendar.calendar, row.id),
            ical_uid=event.ical_uid,
            solution=record.solution,
            keeper=self._calendar.keeper.sub if self._calendar.keeper else "",
            user=record.user,
            account=record.account,
            attempt=record.attempt,
            state="live",
            seen=True,
            pointer=row.pointer,
            conference=record.conference,
            room=record.room,
            shared=True,
            tells=tells,
            answer=record.answer,
            link=record.link,
            meeting=self._ports.conferences.copied(record, event).meeting,
            # Its occurrences may have been listed before it, and what is known of the owner's is not true of them.
            look=records.key(self._calendar.calendar) if record.link and event.recurrence else "",
            told=record.told if tells else event.told(),
            end=ends,
            due=self._closes(ends),
        )

    def _copied(self, owner: Mapped, copy: MappingRecord) -> MappingRecord:
        """The owner, written again: nobody may delete its conference meanwhile."""
        record = owner.record
        shared = owner.becoming(shared=True, tells=record.tells and not copy.tells)
        if record.state == "live" and not record.parked and not record.look:
            return msgspec.structs.replace(shared, due=self._closes(record.end))
        return shared

    def _closes(self, ends: datetime | None) -> datetime | None:
        return closes(ends, self._ports.spread(), self._ports.clock.now())

    def _holder(self, row: Row) -> Mapped | None:
        """The mapping that the row's parameter names; another holder of its conference when that one let go of it."""
        named = self._holdings.by_pointer(row.pointer) if _KEY.fullmatch(row.pointer) else None
        if named is None or (named.record.state in ALIVE and named.record.conference == row.conference):
            return named
        room = records.room(named.record.solution, row.conference)
        holders = self._holdings.holders(room)
        return next((one for one in holders if one.record.pointer == row.pointer), None)

    def _has_our_keeper(self, calendar: str) -> bool:
        ours = self._calendar.keeper
        if calendar == self._calendar.calendar:
            return True
        document = self._ports.store.get(CALENDARS, records.key(calendar))
        theirs = records.calendar(document.body).keeper if document else None
        return ours is not None and theirs is not None and ours.sub == theirs.sub
