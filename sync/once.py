"""Values that are good once, such as a sign-in's `state`: who spends one first has it, on whatever instance."""

from datetime import datetime

from conference.clock import Clock
from conference.errors import Conflict
from sync import records
from sync.records import ONCE, OnceRecord
from sync.store import Create, Delete, Store

PAGE = 100


class Once:
    """One-time values over the store. Only spent ones are kept, so that nobody can fill it by asking for new ones."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def spend(self, value: str, until: datetime) -> bool:
        """Whether this value is spent now and never was before; `until` is when nobody takes it any more (UTC).

        The caller has checked that it is ours and not past its time. Raises StoreUnavailable: then it may be spent.
        """
        record = OnceRecord(until=until, due=until, forget=until)
        try:
            self._store.commit([Create(ONCE, records.key("once", value), records.to_body(record))])
        except Conflict:
            return False
        return True

    def clear(self) -> int:
        """Erase values whose time is over, a page of them at most: how many. Raises StoreUnavailable."""
        erased = 0
        for document in self._store.due(ONCE, self._clock.now(), PAGE):
            try:
                self._store.commit([Delete(document)])
                erased += 1
            except Conflict:
                continue
        return erased
