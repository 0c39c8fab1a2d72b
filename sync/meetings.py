"""The conferences that our join page leads to: found by the hash of a link, entered through their provider."""

import logging
from datetime import datetime
from itertools import islice

from conference.clock import Deadline
from conference.errors import Conflict, SecretUnavailable
from conference.join import Occasion
from conference.meeting import JoinLinks, Meeting
from conference.providers.base import Visitor
from sync import records
from sync.conferences import Conferences
from sync.holdings import Mapped, readable
from sync.records import CALENDARS, HOLDING, MAPPINGS, MappingRecord
from sync.store import Replace, Store
from sync.store.find_all import find_all

_MOST = 50
"""Events that hold one conference: more copies than the page looks at."""
_TRIES = 3
_log = logging.getLogger("anyroom.meetings")


class StoredMeetings:
    """The `Meetings` of conference.join, over the store."""

    def __init__(self, store: Store, conferences: Conferences, links: JoinLinks) -> None:
        self._store = store
        self._conferences = conferences
        self._links = links

    def of(self, link: str) -> list[Occasion]:
        """The events whose conference the link leads to: cancelled ones too, while an undo would keep the room, and
        those of a solution that came back, before a sweep has taken them up again.
        """
        found = readable(find_all(self._store, MAPPINGS, "link", link))
        held = (one for one in found if one.record.state in HOLDING and self._has_page(one))
        return [self._occasion(one) for one in islice(held, _MOST)]

    def keeper(self, occasion: Occasion) -> str:
        """The `sub` of who keeps the event's calendar now, "" for nobody: the mapping has the one of its first day."""
        document = self._store.get(CALENDARS, records.key(_mapped(occasion).record.calendar))
        return str(document.body.get("kept_by", "")) if document else ""

    def enter(self, occasion: Occasion, visitor: Visitor, deadline: Deadline) -> str:
        """Where the visitor's browser goes. Raises ConferenceFailure."""
        return self._conferences.join(_mapped(occasion).record, visitor, deadline)

    def open(self, occasion: Occasion, until: datetime) -> None:
        """Let guests enter until then. While others keep changing the mapping they wait for the time instead."""
        one = _mapped(occasion)
        for _ in range(_TRIES):
            try:
                self._store.commit([Replace(one.document, records.to_body(one.becoming(opened=until)))])
                return
            except Conflict:
                document = self._store.get(MAPPINGS, one.key)
                if document is None:
                    return
                one = Mapped(document, records.mapping(document))
        _log.warning("not opened: %s", one.record.solution)

    def _has_page(self, one: Mapped) -> bool:
        provider = self._conferences.provider(one.record.solution)
        return provider is not None and provider.declared.joins

    def _occasion(self, one: Mapped) -> Occasion:
        record = one.record
        return Occasion(record.solution, self._meeting(record), record.user, record.opened, one)

    def _meeting(self, record: MappingRecord) -> Meeting:
        """What the page knows; with a key that is lost no title and no times, and nobody waits."""
        try:
            return self._links.meeting(records.kept(record))
        except SecretUnavailable as lost:
            _log.error("a join page knows nothing of its event: %s", lost)
            return Meeting("")


def _mapped(occasion: Occasion) -> Mapped:
    assert isinstance(occasion.mark, Mapped)
    return occasion.mark
