"""Which mappings hold which event's conference on a calendar, read as a run needs them: one by one, or all at once."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sized
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from sync import records
from sync.records import HOLDING, MAPPINGS, MappingRecord
from sync.store import Change, Document, Replace, Store
from sync.store.find_all import find_all

ONE_BY_ONE = 40
"""Events that are looked up one by one; for more of them all mappings of the calendar are read."""
_log = logging.getLogger("anyroom.holdings")


class Mapped(NamedTuple):
    """A mapping as it was read."""

    document: Document
    record: MappingRecord

    @property
    def key(self) -> str:
        """The mapping's key."""
        return self.document.key

    def becoming(self, **changes: Any) -> MappingRecord:
        """The record with those fields changed."""
        return msgspec.structs.replace(self.record, **changes)


def mapped(document: Document) -> Mapped:
    """Read a document of the kind "mapping"."""
    return Mapped(document, records.mapping(document))


def readable(documents: Iterable[Document]) -> Iterator[Mapped]:
    """The mappings among them that can be read: one that cannot be is shown, and holds up no other."""
    for document in documents:
        try:
            yield mapped(document)
        except msgspec.ValidationError as defect:
            _log.error("a mapping cannot be read: %s", document.key, exc_info=defect)


class Holdings:
    """The mappings of one calendar during one run, kept as the run changes them."""

    def __init__(self, store: Store, calendar: str) -> None:
        self._store = store
        self._calendar = calendar
        self._known: dict[str, dict[str, Mapped]] = {}
        self._complete = False

    def expect(self, events: Sized) -> None:
        """Prepare for being asked about so many events."""
        if len(events) > ONE_BY_ONE and not self._complete:
            found: dict[str, dict[str, Mapped]] = defaultdict(dict)
            for one in readable(find_all(self._store, MAPPINGS, "calendar", self._calendar)):
                found[one.record.event][one.key] = one
            self._known, self._complete = dict(found), True

    def of(self, event: str) -> list[Mapped]:
        """The mappings of one event of the calendar."""
        if event not in self._known and not self._complete:
            place = records.key(self._calendar, event)
            self._known[event] = {one.key: one for one in readable(find_all(self._store, MAPPINGS, "place", place))}
        return list(self._known.get(event, {}).values())

    def put(self, was: Mapped, record: MappingRecord, *beside: Change) -> Mapped:
        """Replace a mapping, with other changes in the same commit. Raises Conflict, StoreUnavailable."""
        document = self._store.commit([Replace(was.document, records.to_body(record)), *beside])[0]
        assert document
        return self.keep(mapped(document))

    def keep(self, one: Mapped) -> Mapped:
        """Remember a mapping that was just written."""
        self._known.setdefault(one.record.event, {})[one.key] = one
        return one

    def again(self, one: Mapped) -> Mapped | None:
        """The mapping as it is now, None when it is gone."""
        document = self._store.get(MAPPINGS, one.key)
        if document is None:
            self._known.get(one.record.event, {}).pop(one.key, None)
            return None
        return self.keep(mapped(document))

    def by_pointer(self, pointer: str) -> Mapped | None:
        """The mapping that a conference parameter names, on whatever calendar."""
        document = self._store.get(MAPPINGS, pointer)
        return mapped(document) if document else None

    def others(self, one: Mapped) -> list[Mapped]:
        """The other mappings that hold the same conference and have not let go of it."""
        return [other for other in self.sharing(one) if other.record.state in HOLDING]

    def sharing(self, one: Mapped) -> list[Mapped]:
        """The other mappings of the same conference, whatever has become of them."""
        if not one.record.room:
            return []
        return [other for other in self._of_room(one.record.room) if other.key != one.key]

    def holders(self, room: str) -> list[Mapped]:
        """The mappings that hold a conference, by what they share, and have not let go of it."""
        return [one for one in self._of_room(room) if one.record.state in HOLDING]

    def _of_room(self, room: str) -> list[Mapped]:
        """One that cannot be read may hold it: ValidationError."""
        return [mapped(document) for document in find_all(self._store, MAPPINGS, "room", room)]

    def to_look_at(self, key: str, now: datetime) -> Iterator[Mapped]:
        """The mappings of the calendar with that key whose events its next run must look at by now."""
        waiting = readable(find_all(self._store, MAPPINGS, "look", key))
        return (one for one in waiting if one.record.until is None or one.record.until <= now)


def is_over(one: Mapped, now: datetime) -> bool:
    """Whether the event, or the last of its occurrences, has ended."""
    return one.record.end is not None and one.record.end <= now


def rank(one: Mapped, now: datetime) -> tuple[bool, bool, bool, bool, str]:
    """Which of the events that hold a conference it follows: the one that ranks lowest.

    One that is here to stay before one that is not, and one that is not over before one that is. Then the one that the
    conference was made for, but where all are over the one that it follows: nothing changes any more.
    """
    record, over = one.record, is_over(one, now)
    stays, own = record.state in ("offered", "live"), record.pointer == one.key
    first = (not record.tells, not own) if over else (not own, not record.tells)
    return not stays, over, *first, one.key


def leading(holders: Iterable[Mapped], now: datetime) -> Mapped:
    """Which of the holders of a conference it follows."""
    return min(holders, key=lambda holder: rank(holder, now))


def looked_at(one: Mapped, now: datetime) -> Replace:
    """Have the next run of its calendar look at the event, and tell its values; one that leaves is left alone."""
    if one.record.state not in ("offered", "live"):
        return Replace(one.document, one.document.body)
    looked = one.becoming(look=records.key(one.record.calendar), until=None, due=now)
    return Replace(one.document, records.to_body(looked))


def silenced(one: Mapped) -> Replace:
    """Have another holder no longer be the one whose values the system shows."""
    return Replace(one.document, records.to_body(one.becoming(tells=False)))
