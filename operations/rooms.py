"""The rooms at the conferencing systems beside the mappings, both ways, where a system finds or lists what is ours."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from conference.clock import Deadline
from conference.data import ConferenceData
from conference.errors import ConferenceFailure, InvalidConferenceData, NotConnected, StoreUnavailable, Temporary
from conference.providers import LoadedProvider, connects_users
from conference.providers.base import Conference
from operations.console import Console
from operations.difference import Difference, Mending
from operations.site import Site
from sync import records
from sync.holdings import Holdings, Mapped, is_over
from sync.records import ALIVE, MAPPINGS, ORPHANS, MappingRecord

SECONDS = 20.0
"""That one question to a system may take."""
IN_VAIN = 5
"""After so many in a row that would have to be asked again a system is asked no more: each may take its time."""
GIVEN_UP = "it did not answer those before; run this again when it does"
Answer = TypeVar("Answer")


class Rooms:
    """Compares the rooms of every mapping. `unasked` counts what could not be asked, by solution and reason."""

    def __init__(self, site: Site, console: Console) -> None:
        self._site = site
        self._console = console
        self._mending = Mending(site)
        self._accounts: dict[tuple[str, str, str], Mapped] = {}
        self._in_vain = Counter[str]()
        self.unasked = Counter[tuple[str, str]]()

    def of(self, one: Mapped) -> Iterator[Difference]:
        """What differs between a mapping and its room. Raises StoreUnavailable, Stopped."""
        self._console.check()
        provider = self._site.parts.conferences.provider(one.record.solution)
        if provider is None or one.record.state == "unmanaged" or not one.record.attempt:
            return
        self._remember(one, provider)
        if provider.find is None or one.document.body.get("parked"):
            return
        if one.record.state in ALIVE and one.record.answer and not is_over(one, self._site.clock.now()):
            yield from self._alive(one, provider)
        elif one.record.state in ("failed", "gone") and (
            provider.declared.outlives_event or one.record.reason != "over"
        ):
            yield from self._ended(one)

    def unknown(self, carried: dict[str, str]) -> Iterator[Difference]:
        """Rooms that carry our marker and whose attempt no record knows, in every account that was met.

        `carried` are conferences that events carry and no mapping knows. Raises StoreUnavailable, Stopped.
        """
        listed: dict[str, tuple[str, str]] = {}
        for (solution, *_), one in self._accounts.items():
            self._console.check()
            for attempt, room in self._listed(one):
                listed[attempt] = (solution, room)
        for kind in (MAPPINGS, ORPHANS) if listed else ():
            for document in self._site.all(kind, self._console):
                listed.pop(str(document.body.get("attempt")), None)
        for solution, room in listed.values():
            if room in carried:
                yield Difference(
                    f"room {room} of {solution} has our marker and no mapping",
                    advice="the event that carries it was named above",
                )
            else:
                yield Difference(
                    f"room {room} of {solution} has our marker and no mapping",
                    advice="delete it there when no event shows it",
                )

    def _alive(self, one: Mapped, provider: LoadedProvider) -> Iterator[Difference]:
        asked, found = self._found(one)
        if not asked or not self._is_unchanged(one):
            return
        name = f"mapping {one.key} ({one.record.solution})"
        if found is None:
            tells = bool(provider.declared.updates) and one.record.state == "live"
            yield Difference(
                f"{name}: its room is not found at the system",
                "tell" if tells else "nothing",
                lambda: self._mending.tell(one),
                "" if tells else "take it off the event and choose the solution again",
            )
        elif found.id != one.record.conference:
            yield Difference(
                f"{name}: the system has another room, {found.id}, under its attempt",
                "orphan",
                lambda: self._mending.orphan(one, found),
            )
        elif self._differs(one, found):
            yield Difference(
                f"{name}: its room is entered in another way than its event shows",
                advice="take it off the event and choose the solution again",
            )

    def _ended(self, one: Mapped) -> Iterator[Difference]:
        """Of what ended nothing should be there, unless another event holds it or it is listed already."""
        if self._site.store.get(ORPHANS, records.key(one.record.attempt)):
            return
        asked, found = self._found(one)
        if not asked or found is None or not self._is_unchanged(one):
            return
        holdings = Holdings(self._site.store, one.record.calendar)
        if not holdings.holders(records.room(one.record.solution, found.id)):
            yield Difference(
                f"mapping {one.key} ({one.record.solution}) is {one.record.state}, and room {found.id} is there",
                "orphan",
                lambda: self._mending.orphan(one, found),
            )

    def _found(self, one: Mapped) -> tuple[bool, Conference | None]:
        """Whether the system could be asked, and what it has under the mapping's attempt. Raises StoreUnavailable."""
        return self._asked(one, self._site.parts.conferences.find)

    def _listed(self, one: Mapped) -> list[tuple[str, str]]:
        """The attempts and ids of the rooms in the mapping's account. Raises StoreUnavailable."""
        _, rooms = self._asked(one, self._site.parts.conferences.rooms)
        return [(room.attempt, room.id) for room in rooms or ()]

    def _asked(
        self, one: Mapped, question: Callable[[MappingRecord, Deadline], Answer | None]
    ) -> tuple[bool, Answer | None]:
        """Whether the system could be asked, and its answer. Raises StoreUnavailable."""
        solution = one.record.solution
        if self._in_vain[solution] >= IN_VAIN:
            self.unasked[solution, GIVEN_UP] += 1
            return False, None
        try:
            answer = question(one.record, self._console.deadline(self._site.clock, SECONDS))
        except StoreUnavailable:
            raise
        except NotConnected:
            return False, None  # its user has disconnected, which the settings page shows them
        except ConferenceFailure as failure:
            self._console.check()
            self.unasked[solution, failure.reason] += 1
            self._in_vain[solution] += isinstance(failure, Temporary)
            return False, None
        self._in_vain[solution] = 0
        return True, answer

    def _remember(self, one: Mapped, provider: LoadedProvider) -> None:
        """Whose account the mapping's room is in, to list it once."""
        if provider.rooms is None:
            return
        record = one.record
        solution = self._site.settings.solutions[record.solution]
        user = record.user if connects_users(solution) else ""
        account = record.account if provider.declared.oauth else ""
        self._accounts.setdefault((record.solution, user, account), one)

    def _differs(self, one: Mapped, found: Conference) -> bool:
        try:
            now = self._site.parts.conferences.answer(one.record.solution, found, one.record.pointer)
            return _entrance(self._site.parts.conferences.answered(one.record)) != _entrance(now)
        except InvalidConferenceData:
            return True

    def _is_unchanged(self, one: Mapped) -> bool:
        document = self._site.store.get(MAPPINGS, one.key)
        return document is not None and document.version == one.document.version


def _entrance(data: ConferenceData) -> list[tuple[Any, ...]]:
    """How the room is entered by a browser: telephone numbers come and go without harm."""
    return [(one.uri, one.passcode) for one in data.entry_points if one.type == "VIDEO"]
