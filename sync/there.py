"""What is done about news from the conferencing systems: a connection that ended there, a conference deleted there."""

import logging
from datetime import datetime
from typing import Protocol

from conference.clock import Clock
from conference.errors import Conflict
from sync import records
from sync.apply import THERE
from sync.holdings import Mapped, mapped
from sync.once import Once
from sync.outside import KEPT
from sync.records import MAPPINGS
from sync.store import Replace, Store

_PAGE = 500
_TRIES = 5
_log = logging.getLogger("anyroom.there")


class Deauthorized(Protocol):
    """Erases connections: conference.tokens.Tokens."""

    def deauthorized(self, solution: str, account: str) -> int:
        """Erase the connections to an account whose user has removed us there: how many there were."""


class Heard:
    """The `Heard` of conference.webhooks, over the store. `tokens` is None where nobody connects."""

    def __init__(self, store: Store, clock: Clock, once: Once, tokens: Deauthorized | None) -> None:
        self._store = store
        self._clock = clock
        self._once = once
        self._tokens = tokens

    def is_spent(self, value: str) -> bool:
        """Whether it was used before. Raises StoreUnavailable."""
        return self._once.is_spent(value)

    def spend(self, value: str, until: datetime) -> bool:
        """Whether it was not used before. Raises StoreUnavailable."""
        return self._once.spend(value, until)

    def deauthorised(self, solution: str, account: str) -> int:
        """Erase the connections of a user who has taken our access away. Raises StoreUnavailable, Temporary."""
        return self._tokens.deauthorized(solution, account) if self._tokens else 0

    def deleted(self, solution: str, conference: str) -> int:
        """Record, for each event that holds it, that the conference is lost. Raises StoreUnavailable.

        One that we are deleting ourselves is as good as gone, and is not shown.
        """
        lost = 0
        for key in self._holders(records.room(solution, conference)):
            lost += self._lose(key)
        return lost

    def _holders(self, room: str) -> list[str]:
        keys: list[str] = []
        page = self._store.find(MAPPINGS, "room", room, _PAGE)
        while page:
            keys += [document.key for document in page]
            page = self._store.find(MAPPINGS, "room", room, _PAGE, page[-1].key) if len(page) == _PAGE else []
        return keys

    def _lose(self, key: str) -> bool:
        for _ in range(_TRIES):
            document = self._store.get(MAPPINGS, key)
            if document is None:
                return False
            one = mapped(document)
            if one.record.state not in ("offered", "live", "unmanaged"):
                return False
            try:
                self._store.commit([Replace(document, records.to_body(self._lost(one)))])
            except Conflict:
                continue
            _log.warning("lost: %s: %s", one.record.solution, THERE)
            return True
        return False

    def _lost(self, one: Mapped) -> records.MappingRecord:
        due = self._clock.now() + KEPT
        return one.becoming(state="lost", reason=THERE, look="", until=None, parked=None, due=due, forget=due)
