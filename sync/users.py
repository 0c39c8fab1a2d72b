"""What is stored of one user: the conferences that need their attention, and the way to erase all of it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from conference.clock import Clock
from conference.errors import Conflict, Temporary
from conference.identity import User
from conference.settings_page import Trouble, Troubled
from sync import keepers, records
from sync.apply import THERE
from sync.holdings import readable
from sync.records import CALENDARS, MAPPINGS, ORPHANS, CalendarRecord, MappingRecord
from sync.store import Change, Delete, Document, Replace, Store
from sync.store.find_all import find_all

_SHOWN = 50
"""The most conferences that the page names."""
_TRIES = 5
_LATER = "9999"


class StoredOfUsers:
    """The `Kept` of conference.settings_page, over the store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def troubled(self, user: User) -> list[Troubled]:
        """The user's conferences that need attention, the soonest first. Raises StoreUnavailable."""
        unreachable: dict[str, bool] = {}
        found = []
        for one in readable(self._of(MAPPINGS, user)):
            calendar = one.record.calendar
            if calendar not in unreachable:
                unreachable[calendar] = self._is_unreachable(calendar)
            trouble = _trouble(one.record, unreachable[calendar])
            if trouble:
                found.append(_troubled(one.record, trouble))
        found.sort(key=lambda one: one.start.isoformat() if one.start else _LATER)
        return found[:_SHOWN]

    def take_up(self, user: User, solution: str) -> None:
        """The sweep takes up what was not managed while the user was not connected. Raises StoreUnavailable."""
        for one in readable(self._of(MAPPINGS, user)):
            if one.record.state == "unmanaged" and one.record.solution == solution:
                self._change(Replace(one.document, {**one.document.body, "due": self._clock.now()}))

    def forget(self, user: User) -> None:
        """Erase what is stored of the user's conferences and calendars. Raises StoreUnavailable, Temporary.

        The conferences stay where they are. A calendar that holds other users' conferences waits for another keeper.
        """
        calendars = {user.email}
        for _ in range(_TRIES):  # a run at work may have added one behind what was just erased
            documents = [document for kind in (MAPPINGS, ORPHANS) for document in self._of(kind, user)]
            for document in documents:
                calendars.add(str(document.body.get("calendar")))
                self._erase(document)
            if not documents:
                break
        for document in self._of(MAPPINGS, user, "keeper"):
            self._rewrite(document, keeper="")
        calendars.update(str(document.body.get("calendar")) for document in self._of(CALENDARS, user, "kept_by"))
        for calendar in sorted(calendars):
            self._leave(calendar, user)

    def stored(self, user: User) -> Iterator[Document]:
        """The records that name the user, each once: conferences, suspected orphans, calendars that the user keeps.

        Raises StoreUnavailable.
        """
        seen: set[tuple[str, str]] = set()
        for kind, field in ((MAPPINGS, "user"), (MAPPINGS, "keeper"), (ORPHANS, "user"), (CALENDARS, "kept_by")):
            for document in self._of(kind, user, field):
                if (kind, document.key) not in seen:
                    seen.add((kind, document.key))
                    yield document

    def on_calendar(self, calendar: str) -> Iterator[Document]:
        """The records of one calendar, whoever asked for its conferences. Raises StoreUnavailable."""
        for kind in (MAPPINGS, ORPHANS):
            yield from find_all(self._store, kind, "calendar", calendar)
        if document := self._store.get(CALENDARS, records.key(calendar)):
            yield document

    def forget_calendar(self, calendar: str) -> None:
        """Erase what is stored of a calendar. The conferences stay where they are. Raises as `forget`."""
        for _ in range(_TRIES):
            documents = list(self.on_calendar(calendar))
            for document in documents:
                self._erase(document)
            if not documents:
                return
        raise Temporary("contention", "the calendar's records come back")

    def _of(self, kind: str, user: User, field: str = "user") -> Iterator[Document]:
        return find_all(self._store, kind, field, user.sub)

    def _is_unreachable(self, calendar: str) -> bool:
        """Whether its keeper's credential is refused; a record that cannot be read is shown elsewhere."""
        document = self._store.get(CALENDARS, records.key(calendar))
        return document is not None and document.body.get("refused") is True

    def _erase(self, document: Document) -> None:
        """Delete it, whatever it has become meanwhile, as long as it is the user's."""
        current: Document | None = document
        for _ in range(_TRIES):
            others = current is not None and current.body.get("user") != document.body.get("user")
            if current is None or others or self._change(Delete(current)):
                return
            current = self._store.get(document.kind, document.key)
        raise Temporary("contention", "a record changes too fast")

    def _rewrite(self, document: Document, **fields: object) -> None:
        """Give it those fields, whatever else it has become meanwhile."""
        current: Document | None = document
        for _ in range(_TRIES):
            if current is None or self._change(Replace(current, {**current.body, **fields})):
                return
            current = self._store.get(document.kind, document.key)
        raise Temporary("contention", "a record changes too fast")

    def _leave(self, calendar: str, user: User) -> None:
        """The user keeps the calendar no more; its record goes with the last conference on it."""
        for _ in range(_TRIES):
            document = self._store.get(CALENDARS, records.key(calendar))
            if document is None:
                return
            record = records.calendar(document.body)
            if not self._store.find(MAPPINGS, "calendar", calendar, 1):
                change: Change = Delete(document)
            elif names := self._names(record, user):
                change = Replace(document, {**document.body, **names})
            else:
                return
            if self._change(change):
                return
        raise Temporary("contention", "a calendar's record changes too fast")

    def _names(self, record: CalendarRecord, user: User) -> Mapping[str, Any]:
        """The fields of a calendar's record that name the user, as they are without. Channels end by themselves."""
        without: dict[str, Any] = {}
        if record.keeper and record.keeper.sub == user.sub:
            without |= keepers.kept_by(None, record, self._clock.now())
        if record.channel and record.channel.by == user.sub:
            without["channel"] = None
        others = [one for one in record.previous_channels if one.by != user.sub]
        if others != record.previous_channels:
            without["previous_channels"] = msgspec.to_builtins(others, builtin_types=(datetime,))
        return without

    def _change(self, change: Change) -> bool:
        """Whether it was made: a document that changed meanwhile is left as it is."""
        try:
            self._store.commit([change])
        except Conflict:
            return False
        return True


def _trouble(record: MappingRecord, unreachable: bool) -> Trouble | None:
    if record.state == "lost":
        return "gone_there" if record.reason == THERE else "lost"
    if record.state == "unmanaged":
        return "unmanaged"
    if record.parked:
        return "parked"
    return "unreachable" if unreachable and record.state in records.ALIVE else None


def _troubled(record: MappingRecord, trouble: Trouble) -> Troubled:
    told = record.told or {}
    fixed = "start" in told and not told.get("recurrence")
    title = str(record.parked.event.get("summary", "")) if record.parked else ""
    return Troubled(title, datetime.fromisoformat(told["start"]) if fixed else None, record.solution, trouble)
