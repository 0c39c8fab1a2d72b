"""One conference for one event: who may, the claim, the event, the provider, the record, the answer, each at its time.

What does not depend on each other runs at the same time. Every failure is a ConferenceFailure; only a defect raises
anything else.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextvars import copy_context
from functools import partial
from typing import Protocol

import msgspec

from conference.attempt import Attempt
from conference.clock import Clock, Deadline
from conference.data import ConferenceData, compose
from conference.errors import (
    ConferenceFailure,
    InvalidConferenceData,
    OutcomeUnknown,
    Permanent,
    PermissionDenied,
    SolutionForbidden,
    StoreUnavailable,
    Temporary,
    Unknown,
)
from conference.event import Event, placeholder
from conference.identity import User
from conference.legs import Legs
from conference.providers import LoadedProvider
from conference.providers.base import Conference
from conference.solution import Solution

EDITORS = frozenset({"writer", "writerWithoutPrivateAccess", "owner"})
KEEPERS = frozenset({"writer", "owner"})
"""Access roles that may give an event a conference, and those that see all that a sync must see."""

_READ = 6.0
"""Seconds for the reads of Calendar: an answer that is later than this is worth no more than a placeholder."""
_POLL = (0.05, 0.1, 0.2, 0.4)

_RECORD = 4.0
"""Seconds that the provider leaves for the record of what it made."""
_LEAST_MAKING = 2.0
"""Seconds without which the provider is not asked at all."""
_HANDOVER = 0.1
"""Seconds more than its own deadline that a read is waited for, so that its own word of the failure is heard."""

_log = logging.getLogger("anyroom.create")


class Wanted(msgspec.Struct, frozen=True):
    """Somebody wants a conference of `solution` for an event. `calendar` is lower-cased and never `primary`."""

    caller: User
    solution: Solution
    calendar: str
    event: str
    access_token: str


class Claim(msgspec.Struct, frozen=True):
    """The right to make a conference, for a minute.

    `mapping` is its key. `resumed`: it was made already, perhaps, by `user` and in `account`. `link` is the address of
    our join page for it, "" where the solution has none.
    """

    mapping: str
    attempt: str
    resumed: bool
    user: str
    account: str
    link: str
    held: object


class Claims(Protocol):
    """Who makes which conference, over the store: no operation of it begins after the deadline.

    `local`: they are kept on this machine, so that asking them takes less than a thread's handover. Every method may
    raise StoreUnavailable.
    """

    @property
    def local(self) -> bool:
        """Whether nobody is waited for."""

    def take(self, wanted: Wanted, deadline: Deadline) -> Claim | ConferenceData | None:
        """The claim, or the answer that was given before, or None while another one is at work. Raises Temporary."""

    def restart(self, claim: Claim, caller: User) -> Claim:
        """The same claim under a new attempt of the caller's; the old one is recorded as a suspected orphan."""

    def free(self, claim: Claim, uncertain: bool) -> None:
        """Let go after a failure: at once; when the attempt may have acted, the next one takes it over."""

    def fail(self, claim: Claim, reason: str, uncertain: bool) -> None:
        """End in a failure that stands until somebody asks again; an uncertain attempt is a suspected orphan."""

    def record(self, claim: Claim, offer: "Offer", deadline: Deadline) -> ConferenceData:
        """Keep what was made and answered, and the calendar's keeper: the answer that stands from now on.

        Raises Temporary when another one's may stand.
        """


class CalendarReader(Protocol):
    """Google Calendar, read with the caller's token."""

    def access_role(self, calendar: str, token: str, deadline: Deadline) -> str:
        """The caller's role on the calendar. Raises PermissionDenied when it cannot be read, Temporary on a hiccup."""

    def event(self, calendar: str, event: str, token: str, deadline: Deadline) -> Event | None:
        """The event, None while it does not exist (404, cancelled). Raises PermissionDenied, Temporary, Permanent."""


class Offer(msgspec.Struct, frozen=True):
    """What was made for whom: all that the record of it needs."""

    wanted: Wanted
    conference: Conference
    answer: ConferenceData
    event: Event
    keeper: User | None


class Ports(msgspec.Struct, frozen=True):
    """The outside world of a create, passed in. `provider` gives that of a solution; `attempt` opens an attempt at it,
    whose access token `prepare` begins to find.
    """

    provider: Callable[[Solution], LoadedProvider]
    calendar: CalendarReader
    claims: Claims
    attempt: Callable[[Wanted, Event, Claim, Deadline], Attempt]
    prepare: Callable[[Wanted, Deadline], None]
    workers: Executor
    clock: Clock


class Creation:
    """One request for a conference."""

    def __init__(self, wanted: Wanted, ports: Ports, deadline: Deadline, legs: Legs) -> None:
        self._wanted = wanted
        self._ports = ports
        self._deadline = deadline
        self._legs = legs

    def run(self) -> ConferenceData:
        """The conference of the event, made now or made before. Raises ConferenceFailure."""
        self._check_domain()
        read_event = self._begin_reading()
        self._ports.prepare(self._wanted, self._deadline)
        keeper = self._prove_authority()
        claim = self._take_claim()
        if isinstance(claim, ConferenceData):
            read_event()
            return claim
        try:
            event = read_event()
            self._check_time()
        except ConferenceFailure as failure:
            self._let_go(claim, failure, uncertain=claim.resumed)
            raise
        except Exception as defect:
            self._let_go(claim, Unknown("defect", type(defect).__name__), uncertain=claim.resumed)
            raise
        return self._record(*self._make(claim, event, keeper))

    def _check_time(self) -> None:
        """Begin nothing at the provider that could not be waited for."""
        if self._deadline.left() < _RECORD + _LEAST_MAKING:
            raise Temporary("deadline", "too little time is left to make a conference")

    def _check_domain(self) -> None:
        if not self._wanted.solution.is_for(self._wanted.caller.domain):
            raise SolutionForbidden("domain", "the caller's hosted domain is not among the solution's")

    def _prove_authority(self) -> User | None:
        """The caller as a keeper of the calendar, None where the role does not suit one. Raises PermissionDenied."""
        wanted = self._wanted
        if self._is_own_calendar():
            return wanted.caller
        with self._legs.leg("authority"):
            reading = self._deadline.within(_READ)
            role = self._ports.calendar.access_role(wanted.calendar, wanted.access_token, reading)
        if role not in EDITORS:
            raise PermissionDenied("access-role", "the caller may not edit this calendar")
        return wanted.caller if role in KEEPERS else None

    def _take_claim(self) -> Claim | ConferenceData:
        """The claim or the earlier answer; while another request is at work, wait for it until no time is left."""
        tries = 0
        with self._legs.leg("claim"):
            while (taken := self._ports.claims.take(self._wanted, self._deadline)) is None:
                pause = _POLL[min(tries, len(_POLL) - 1)]
                if self._deadline.left() <= pause:
                    raise Temporary("busy", "another request is making this conference")
                self._ports.clock.sleep(pause)
                tries += 1
        return taken

    def _is_own_calendar(self) -> bool:
        return self._wanted.calendar == self._wanted.caller.email

    def _begin_reading(self) -> Callable[[], Event]:
        """What returns the event. Its reading begins now, in another thread, unless nobody is waited for meanwhile."""
        if self._is_own_calendar() and self._ports.claims.local:
            return lambda: self._read_event(self._deadline.within(_READ))
        deadline = self._deadline.within(_READ)
        reading = self._ports.workers.submit(copy_context().run, partial(self._read_event, deadline))
        return lambda: self._event(reading, deadline)

    def _read_event(self, deadline: Deadline) -> Event:
        """The event, or placeholder data when it does not exist yet or Calendar has a hiccup."""
        wanted = self._wanted
        with self._legs.leg("event"):
            try:
                event = self._ports.calendar.event(wanted.calendar, wanted.event, wanted.access_token, deadline)
            except Temporary as hiccup:
                _log.warning("event not read: %s", hiccup.reason)
                event = None
        return event or self._placeholder()

    def _event(self, reading: "Future[Event]", deadline: Deadline) -> Event:
        try:
            return reading.result(timeout=deadline.left() + _HANDOVER)
        except FutureTimeout:
            _log.warning("event not read: %s", "deadline")
            return self._placeholder()

    def _placeholder(self) -> Event:
        return placeholder(self._wanted.calendar, self._wanted.event, self._ports.clock.now())

    def _make(self, claim: Claim, event: Event, keeper: User | None) -> tuple[Claim, Offer]:
        """What is made and answered, under a claim that is let go as is right when that fails."""
        if claim.resumed and not self._adoptable(claim):
            claim = self._ports.claims.restart(claim, self._wanted.caller)
        making = self._deadline.within(max(0.0, self._deadline.left() - _RECORD))
        attempt = self._ports.attempt(self._wanted, event, claim, making)
        try:
            with self._legs.leg("provider"):
                conference = attempt.make()
            answer = compose(conference, self._wanted.solution, claim.mapping, self._report)
            return claim, Offer(self._wanted, conference, answer, event, keeper)
        except OutcomeUnknown:
            raise
        except InvalidConferenceData as failure:
            self._let_go(claim, failure, uncertain=True)
            raise
        except ConferenceFailure as failure:
            self._let_go(claim, failure, uncertain=attempt.uncertain)
            raise
        except Exception as defect:
            self._let_go(claim, Unknown("defect", type(defect).__name__), uncertain=True)
            raise

    def _adoptable(self, claim: Claim) -> bool:
        """Whether what an earlier try made is found again, by its id, its key or a search, in the caller's account."""
        declared, options = self._ports.provider(self._wanted.solution).declared, self._wanted.solution.options
        of_user = declared.oauth is not None and declared.oauth.account(options) is None  # each sees their own only
        return declared.idempotency != "none" and (not of_user or claim.user == self._wanted.caller.sub)

    def _record(self, claim: Claim, offer: Offer) -> ConferenceData:
        """Commit the answer; without the store it still stands where the next request or sweep finds the conference."""
        try:
            with self._legs.leg("commit"):
                return self._ports.claims.record(claim, offer, self._deadline)
        except StoreUnavailable as failure:
            if not self._adoptable(claim):
                raise
            _log.error("conference made but not recorded yet: %s", failure.reason)
            return offer.answer
        except Permanent as failure:
            self._let_go(claim, failure, uncertain=True)
            raise

    def _let_go(self, claim: Claim, failure: ConferenceFailure, uncertain: bool) -> None:
        """End the claim as the failure asks; without a store or without time it is left to its own deadline."""
        if not self._deadline.left():
            _log.warning("claim not let go: %s", "deadline")
            return
        try:
            if isinstance(failure, Permanent):
                self._ports.claims.fail(claim, failure.reason, uncertain)
            else:
                self._ports.claims.free(claim, uncertain)
        except StoreUnavailable as unavailable:
            _log.warning("claim not let go: %s", unavailable.reason)

    def _report(self, lost: str) -> None:
        _log.warning("solution %s: %s", self._wanted.solution.id, lost)
