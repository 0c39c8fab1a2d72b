"""What a sync does at the conferencing systems: tells, deletes, finds and makes again; each within its deadline."""

import logging
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Protocol, TypeVar

from conference.attempt import fitted
from conference.clock import Deadline
from conference.data import ConferenceData, compose
from conference.errors import CredentialsRefused, InvalidSetting, SecretUnavailable
from conference.event import Event
from conference.http import HttpCall
from conference.meeting import JoinLinks, Kept
from conference.providers import LoadedProvider
from conference.providers.base import Call, Changes, Conference, EventField, Known, Marked, Visitor
from conference.solution import Solution
from conference.uris import check_web
from sync import records
from sync.records import MappingRecord, OrphanRecord

CALL = 10.0
"""Seconds that one call of a provider may take."""

T = TypeVar("T")
_log = logging.getLogger("anyroom.conferences")


class OpenCall(Protocol):
    """Opens a provider's call, as that user and with that account, for a conference that is entered by that link."""

    def __call__(self, solution: Solution, user: str, account: str, link: str, deadline: Deadline) -> HttpCall:
        """The call; nothing is sent yet."""


class Conferences:
    """The configured solutions and their providers. `open_call` opens a provider's call; `renew` reads secrets anew;
    `is_connected` says whether the solution can be asked for that user; `links` makes the links to our join page.
    """

    def __init__(
        self,
        solutions: Mapping[str, Solution],
        provider: Callable[[Solution], LoadedProvider],
        open_call: OpenCall,
        renew: Callable[[frozenset[str]], bool],
        is_connected: Callable[[Solution, str], bool],
        links: JoinLinks,
    ) -> None:
        self._links = links
        self._solutions = solutions
        self._provider = provider
        self._open_call = open_call
        self._renew = renew
        self._is_connected = is_connected

    def provider(self, solution: str) -> LoadedProvider | None:
        """The provider behind a solution, None while it is not configured."""
        known = self._solutions.get(solution)
        try:
            return self._provider(known) if known else None
        except InvalidSetting as invalid:
            _log.error("solution %s: %s", solution, invalid.reason)
            return None

    @cached_property
    def have_pages(self) -> bool:
        """Whether any solution's conferences are entered by our page."""
        found = map(self.provider, self._solutions)
        return any(provider.declared.joins for provider in found if provider)

    def can_manage(self, record: MappingRecord) -> bool:
        """Whether the solution is configured and its user connected. Raises StoreUnavailable."""
        return self.provider(record.solution) is not None and self._is_connected(
            self._solutions[record.solution], record.user
        )

    def tell(self, record: MappingRecord, event: Event, fields: frozenset[EventField], deadline: Deadline) -> None:
        """Have the system follow those fields of the event. Raises ConferenceFailure."""
        provider = self._of(record.solution)
        assert provider.update
        update, changes = provider.update, Changes(fitted(event, provider.declared.limits), fields)
        self._asked(record, deadline, lambda call: update(_known(record), changes, call))

    def delete(self, record: MappingRecord | OrphanRecord, deadline: Deadline) -> None:
        """Delete the conference; one that is gone is as good. Raises ConferenceFailure."""
        provider = self._of(record.solution)
        assert provider.delete
        delete = provider.delete
        self._asked(record, deadline, lambda call: delete(_known(record), call))

    def find(self, record: MappingRecord | OrphanRecord, deadline: Deadline) -> Conference | None:
        """What was made under the record's attempt, None when nothing was. Raises ConferenceFailure."""
        provider = self._of(record.solution)
        assert provider.find
        find = provider.find
        return self._asked(record, deadline, lambda call: find(record.attempt, call))

    def join(self, record: MappingRecord, visitor: Visitor, deadline: Deadline) -> str:
        """Where the visitor's browser goes to enter the conference. Raises ConferenceFailure."""
        join = self._of(record.solution).join
        assert join
        url = self._asked(record, deadline, lambda call: join(_known(record), visitor, call))
        check_web(url, "join_url")
        return url

    def rooms(self, record: MappingRecord, deadline: Deadline) -> list[Marked] | None:
        """What carries our marker in the account that the record's conference is in; None where that cannot be listed.

        Raises ConferenceFailure.
        """
        rooms = self._of(record.solution).rooms
        return self._asked(record, deadline, rooms) if rooms else None

    def make(self, record: MappingRecord, event: Event, deadline: Deadline) -> Conference:
        """The conference made again under the record's attempt. Raises ConferenceFailure."""
        provider = self._of(record.solution)
        again = fitted(event, provider.declared.limits)
        link = self._links.url(records.kept(record))
        return self._asked(record, deadline, lambda call: provider.create(again, record.attempt, call), link)

    def answer(self, solution: str, conference: Conference, mapping: str) -> ConferenceData:
        """What onCreate answers for a conference that was found. Raises InvalidConferenceData."""
        return compose(conference, self._solutions[solution], mapping, lambda lost: _log.warning("%s", lost))

    def following(self, record: MappingRecord, event: Event) -> Kept:
        """What the mapping's join page is to know of the event as it is now.

        With a key that is lost it knows what it knew, and its link goes on to work. Raises Temporary.
        """
        return self._knowing(record, lambda kept: self._links.following(kept, event))

    def copied(self, record: MappingRecord, event: Event) -> Kept:
        """The same for the event of a copy, whose occurrences are its own."""
        return self._knowing(record, lambda kept: self._links.following(self._links.occurring(kept, {}), event))

    def moving(self, record: MappingRecord, original: str, event: Event | None) -> Kept:
        """The same of the occurrence that the series has begin at `original`; None when it was cancelled."""
        return self._knowing(record, lambda kept: self._links.moving(kept, original, event))

    def occurring(self, record: MappingRecord, occurrences: Mapping[str, Event | None]) -> Kept:
        """The same of all occurrences of the series that were moved or cancelled by themselves, and of no other."""
        return self._knowing(record, lambda kept: self._links.occurring(kept, occurrences))

    def _knowing(self, record: MappingRecord, known: Callable[[Kept], Kept]) -> Kept:
        kept = records.kept(record)
        try:
            return known(kept)
        except SecretUnavailable as lost:
            _log.error("a join page does not follow its event: %s", lost)
            return kept

    def stored(self, answer: ConferenceData, record: MappingRecord) -> dict[str, Any]:
        """An answer as the mapping keeps it."""
        return self._links.stored(answer, records.kept(record))

    def answered(self, record: MappingRecord) -> ConferenceData:
        """What was answered for the mapping."""
        assert record.answer
        return self._links.answered(record.answer, records.kept(record))

    def _of(self, solution: str) -> LoadedProvider:
        return self._provider(self._solutions[solution])

    def _asked(
        self, record: MappingRecord | OrphanRecord, deadline: Deadline, ask: Callable[[Call], T], link: str = ""
    ) -> T:
        """The answer; credentials that the system refuses are read again once."""
        deadline.check()
        call = self._opened(record, deadline, link)
        try:
            return ask(call)
        except CredentialsRefused:
            if not deadline.left() or not self._renew(call.used_secrets):
                raise
            return ask(self._opened(record, deadline, link))

    def _opened(self, record: MappingRecord | OrphanRecord, deadline: Deadline, link: str) -> HttpCall:
        solution = self._solutions[record.solution]
        return self._open_call(solution, record.user, record.account, link, deadline.within(CALL))


def _known(record: MappingRecord | OrphanRecord) -> Known:
    return Known(record.conference, record.attempt, record.account)
