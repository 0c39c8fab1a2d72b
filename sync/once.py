"""Values that are good once, such as a sign-in's `state`: who spends one first has it, on whatever instance."""

from datetime import datetime

from conference.errors import Conflict
from sync import records
from sync.records import ONCE, OnceRecord
from sync.store import Create, Store


class Once:
    """One-time values over the store. Only spent ones are kept, so that nobody can fill it by asking for new ones; the
    sweep erases those whose time is over.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

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

    def is_spent(self, value: str) -> bool:
        """Whether this value was spent and is still remembered. Raises StoreUnavailable."""
        return self._store.get(ONCE, records.key("once", value)) is not None
