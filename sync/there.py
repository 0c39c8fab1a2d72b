"""What is done about news from the conferencing systems: a connection that ended there, a conference deleted there."""

import logging
from datetime import datetime
from typing import Protocol

import msgspec

from conference.clock import Clock
from conference.errors import Conflict, Temporary
from sync import records
from sync.apply import THERE
from sync.holdings import readable
from sync.once import Once
from sync.outside import KEPT
from sync.records import MAPPINGS
from sync.store import Document, Replace, Store
from sync.store.find_all import find_all

_TRIES = 5
_log = logging.getLogger("anyroom.there")


class Deauthorized(Protocol):
    """Erases connections: conference.tokens.Tokens."""

    def deauthorized(self, solution: str, account: str, since: datetime | None) -> int:
        """Erase the connections to an account whose user removed us there then: how many there were."""


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

    def deauthorised(self, solution: str, account: str, since: datetime | None) -> int:
        """Erase the connections of a user who took our access away then. Raises StoreUnavailable, Temporary."""
        return self._tokens.deauthorized(solution, account, since) if self._tokens else 0

    def deleted(self, solution: str, conference: str) -> int:
        """Record, for each event that holds it, that the conference is lost. Raises StoreUnavailable, Temporary.

        One that leaves is gone, so that nobody is given it again. One that we are deleting ourselves is no news.
        """
        lost = 0
        for key in self._holders(records.room(solution, conference)):
            lost += self._lose(key)
        return lost

    def _holders(self, room: str) -> list[str]:
        return [document.key for document in find_all(self._store, MAPPINGS, "room", room)]

    def _lose(self, key: str) -> bool:
        for _ in range(_TRIES):
            document = self._store.get(MAPPINGS, key)
            changed = self._without(document) if document else None
            if document is None or changed is None:
                return False
            try:
                self._store.commit([Replace(document, records.to_body(changed))])
            except Conflict:
                continue
            _log.warning("%s: %s: %s", changed.state, changed.solution, THERE)
            return changed.state == "lost"
        raise Temporary("contention", "a mapping changes too fast")

    def _without(self, document: Document) -> records.MappingRecord | None:
        """The mapping once its conference is not there any more, None where that changes nothing."""
        due = self._clock.now() + KEPT
        for one in readable([document]):
            if one.record.state in records.HOLDING:
                state = "gone" if one.record.state == "leaving" else "lost"
                ended = one.becoming(state=state, reason=THERE, look="", until=None, tries=0)
                return msgspec.structs.replace(ended, parked=None, due=due, forget=due)
        return None
