"""One run at a time on a calendar: a lease with a fence, so that a holder who lost it commits nothing more."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from conference.clock import Clock
from conference.errors import Conflict, Overtaken, Temporary
from sync import records
from sync.records import CALENDARS, CalendarRecord, Lease
from sync.store import Document, Replace, Store

LEASE = timedelta(minutes=3)
"""How long a lease holds; longer than any run may last, so that its last word at a provider is not too late."""
LOST = timedelta(minutes=2)
"""How long after the time of a mark the sweep takes its task for lost."""
_TRIES = 8


class LeasedCalendar:
    """A calendar's record under our lease. `record` is as we last saw it.

    `resumed`: a holder before never let go, and may have told a provider what no mapping says.
    """

    def __init__(self, store: Store, document: Document, record: CalendarRecord) -> None:
        assert record.lease
        self._store = store
        self._document = document
        self._fence = record.lease.fence
        self.key = document.key
        self.record = record
        self.resumed = record.unsure

    def commit(self, **changes: Any) -> None:
        """Change those fields. Raises Overtaken when the lease is somebody else's by now, StoreUnavailable."""
        for _ in range(_TRIES):
            try:
                body = {**self._document.body, **_builtins(_not_after_mark(changes, self.record))}
                [document] = self._store.commit([Replace(self._document, body)])
                assert document
                self._document, self.record = document, records.calendar(document.body)
                return
            except Conflict:
                self._read_again()
        raise Temporary("contention", "the calendar's record changes too fast")

    def release(self, **changes: Any) -> None:
        """Change those fields and let go. Raises as `commit`."""
        assert self.record.lease
        self.commit(lease=msgspec.structs.replace(self.record.lease, by=""), **changes)

    def _read_again(self) -> None:
        document = self._store.get(CALENDARS, self.key)
        if document is None:
            raise Overtaken("calendar-gone", "the calendar's record was deleted")
        record = records.calendar(document.body)
        if record.lease is None or record.lease.fence != self._fence or not record.lease.by:
            raise Overtaken("lease-lost", "another run has the calendar's lease")
        self._document, self.record = document, record


def take(
    store: Store,
    clock: Clock,
    key: str,
    by: str,
    also: Callable[[CalendarRecord], Mapping[str, Any] | None] = lambda record: {},
) -> LeasedCalendar | None:
    """The lease on the calendar with that key for `by`, its mark cleared in the same write; None without a record.

    None also while another run has it: that one finds the mark that is left here, and goes on. `also` says what else
    changes in the record as it was read, or None when no run is wanted after all. Raises StoreUnavailable, Temporary.
    """
    for _ in range(_TRIES):
        document = store.get(CALENDARS, key)
        if document is None:
            return None
        record, now = records.calendar(document.body), clock.now()
        if _is_held(record, now):
            marked = record.dirty is not None and record.dirty <= now
            due = min(record.due or now + LOST, now + LOST)
            if marked or _replaced(store, document, {"dirty": now, "due": due}):
                return None
            continue
        more = also(record)
        if more is None:
            return None
        until = now + LEASE
        leased = {**more, **_next(record, by, until), "dirty": None, "ran": now, "due": until}
        changed = _replaced(store, document, leased)
        if changed is not None:
            return LeasedCalendar(store, changed, records.calendar(changed.body))
    raise Temporary("contention", "the calendar's record changes too fast")


def borrow(store: Store, clock: Clock, key: str, by: str) -> LeasedCalendar | None:
    """The lease for work that lists nothing: a mark stays, as does all else. None while another run has it."""
    document = store.get(CALENDARS, key)
    if document is None or _is_held(records.calendar(document.body), clock.now()):
        return None
    changed = _replaced(store, document, _next(records.calendar(document.body), by, clock.now() + LEASE))
    return LeasedCalendar(store, changed, records.calendar(changed.body)) if changed else None


def mark(store: Store, key: str, document: Document, at: datetime, **also: Any) -> bool:
    """Mark the calendar dirty: a run is wanted at `at`. Whether this was the first mark; raises StoreUnavailable.

    `also` are other fields that change in the same write.
    """
    while not records.calendar(document.body).dirty:
        try:
            store.commit([Replace(document, {**document.body, **_builtins(also), "dirty": at, "due": at + LOST})])
            return True
        except Conflict:
            again = store.get(CALENDARS, key)
            if again is None:
                return False
            document = again
    return False


def _is_held(record: CalendarRecord, now: datetime) -> bool:
    return record.lease is not None and _is_unfinished(record) and record.lease.until > now


def _is_unfinished(record: CalendarRecord) -> bool:
    return record.lease is not None and bool(record.lease.by)


def _next(record: CalendarRecord, by: str, until: datetime) -> Mapping[str, Any]:
    """The next lease, and whether the one before was ever let go."""
    fence = record.lease.fence + 1 if record.lease else 1
    return {"lease": Lease(by, until, fence), "unsure": record.unsure or _is_unfinished(record)}


def _replaced(store: Store, document: Document, changes: Mapping[str, Any]) -> Document | None:
    """The document with those fields changed; None when somebody else changed it first."""
    try:
        return store.commit([Replace(document, {**document.body, **_builtins(changes)})])[0]
    except Conflict:
        return None


def _not_after_mark(changes: dict[str, Any], record: CalendarRecord) -> dict[str, Any]:
    """A calendar that was marked meanwhile is due soon after its mark, whatever else is planned."""
    if "due" not in changes or not record.dirty:
        return changes
    due = changes["due"]
    return {**changes, "due": min(due, record.dirty + LOST) if due else record.dirty + LOST}


def _builtins(changes: Mapping[str, Any]) -> dict[str, Any]:
    built = msgspec.to_builtins(changes, builtin_types=(datetime,))
    assert isinstance(built, dict)
    return built
