"""Who makes which conference: claims, answers and ends, each one compare-and-set on the mapping."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from conference.clock import Clock, Deadline
from conference.create import Claim, Offer, Wanted
from conference.data import ConferenceData
from conference.errors import Conflict, StoreUnavailable, Temporary
from conference.identity import User
from conference.meeting import JoinLinks
from sync import keepers, records
from sync.backoff import spread_out
from sync.records import CALENDARS, MAPPINGS, ORPHANS, Keeper, MappingRecord
from sync.store import Change, Create, Delete, Document, Replace, Store

CLAIM = timedelta(seconds=60)
"""How long a claim holds; longer than any request may run."""
OFFERED = timedelta(days=1)
"""When an answer that was never seen on the event is looked at."""
KEPT = timedelta(days=30)
"""When a failure that nobody asked about again is forgotten, and a suspected orphan looked at for the last time."""

_ANSWERED = frozenset({"offered", "live"})
_ENDED = frozenset({"failed", "unmanaged", "lost", "gone"})
_TRIES = 5

_log = logging.getLogger("anyroom.claims")


class Held(NamedTuple):
    """What a claim needs to end: the mapping as it stands, as it stood before, and the calendar's record."""

    document: Document
    record: MappingRecord
    before: Document | None
    calendar: Document | None


class StoredClaims:
    """The claims of conference.create, over the store.

    `new_attempt` gives an attempt id that nobody can guess; `spread` a number from 0 to 1; `links` makes the links to
    our join page. `follow` is told the key of
    a calendar that begins to be followed; it raises nothing.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        new_attempt: Callable[[], str],
        spread: Callable[[], float],
        links: JoinLinks,
        follow: Callable[[str], None] = lambda calendar: None,
    ) -> None:
        self._store = store
        self._links = links
        self._clock = clock
        self._new_attempt = new_attempt
        self._spread = spread
        self._follow = follow

    @property
    def local(self) -> bool:
        """Whether the store is on this machine."""
        return self._store.local

    def take(self, wanted: Wanted, deadline: Deadline) -> Claim | ConferenceData | None:
        """The claim, or the answer that was given before, or None while another one is at work."""
        key = records.key(wanted.calendar, wanted.event, wanted.solution.id)
        link = self._links.begin(wanted.solution)
        record = self._claimed(
            MappingRecord(
                calendar=wanted.calendar,
                event=wanted.event,
                place=records.key(wanted.calendar, wanted.event),
                solution=wanted.solution.id,
                keeper=wanted.caller.sub if wanted.calendar == wanted.caller.email else "",
                user=wanted.caller.sub,
                account=wanted.caller.email,
                attempt=self._new_attempt(),
                state="claimed",
                pointer=key,
                link=link.link,
                meeting=link.meeting,
            )
        )
        try:
            document = self._commit(Create(MAPPINGS, key, records.to_body(record)))
        except Conflict:
            return self._take_existing(key, wanted, deadline)
        return self._claim(document, record, None, resumed=False, deadline=deadline)

    def restart(self, claim: Claim, caller: User) -> Claim:
        """The same claim under a new attempt of the caller's; the old one is recorded as a suspected orphan."""
        held = _held(claim)
        mine = _with(held.record, attempt=self._new_attempt(), user=caller.sub, account=caller.email)
        record = self._claimed(mine)
        orphan = self._orphan(held.record, "outcome-unknown")
        try:
            document, _ = self._store.commit([Replace(held.document, records.to_body(record)), orphan])
        except Conflict as conflict:
            raise Temporary("overtaken", "another request took this one's claim over") from conflict
        assert document
        held = held._replace(document=document, record=record)
        return Claim(claim.mapping, record.attempt, False, record.user, record.account, claim.link, held)

    def free(self, claim: Claim, uncertain: bool) -> None:
        """Let go after a failure: at once; when the attempt may have acted, the next one takes it over."""
        held = _held(claim)
        change: Change
        if uncertain:
            change = Replace(held.document, records.to_body(_with(held.record, until=self._clock.now())))
        elif held.before:
            change = Replace(held.document, held.before.body)
        else:
            change = Delete(held.document)
        self._end([change])

    def fail(self, claim: Claim, reason: str, uncertain: bool) -> None:
        """End in a failure that stands until somebody asks again; an uncertain attempt is a suspected orphan."""
        held, due = _held(claim), self._due(KEPT)
        failed = _with(held.record, state="failed", reason=reason, until=None, due=due, forget=due)
        changes: list[Change] = [Replace(held.document, records.to_body(failed))]
        if uncertain:
            changes.append(self._orphan(held.record, reason))
        self._end(changes)

    def record(self, claim: Claim, offer: Offer, deadline: Deadline) -> ConferenceData:
        """Keep what was made and answered, and the calendar's keeper: the answer that stands from now on.

        When another one has recorded meanwhile, its answer stands, and what this one made is a suspected orphan,
        unless both found the same conference. Raises Temporary when the claim was lost to one still at work.
        """
        held = _held(claim)
        calendar = held.calendar
        for _ in range(_TRIES):
            try:
                self._store.commit(self._offered(claim, offer, calendar))
            except Conflict:
                deadline.check()
                mapping, calendar = self._read_again(claim, held)
                if mapping is None or mapping.version != held.document.version:
                    return self._overtaken(held.record, offer, mapping)
            else:
                if calendar is None or keepers.is_replaceable(records.calendar(calendar.body), self._clock.now()):
                    self._follow(records.key(held.record.calendar))
                return offer.answer
        raise Temporary("contention", "the calendar's record changes too fast")

    def _take_existing(self, key: str, wanted: Wanted, deadline: Deadline) -> Claim | ConferenceData | None:
        deadline.check()
        document = self._store.get(MAPPINGS, key)
        if document is None:
            return None
        deadline.check()
        record = records.mapping(document)
        if record.state in records.ALIVE and not self._links.suits(records.kept(record), wanted.solution):
            return self._begin_anew(document, record, "entered-otherwise", wanted, deadline)
        if record.state == "offered":
            return self._answer(record)
        if record.state in records.ALIVE:
            return self._offer_again(document, record)
        if record.state in _ENDED:
            return self._begin_anew(document, record, record.state, wanted, deadline)
        if record.until and record.until <= self._clock.now():
            if record.state == "deleting":
                return self._begin_anew(document, record, "deleting", wanted, deadline)
            return self._replace(document, record, before=None, resumed=True, deadline=deadline)
        return None

    def _begin_anew(
        self, document: Document, record: MappingRecord, reason: str, wanted: Wanted, deadline: Deadline
    ) -> Claim | None:
        """A conference of its own in the same record; one that may still exist is listed as a suspected orphan."""
        link = self._links.begin(wanted.solution)
        again = MappingRecord(
            calendar=record.calendar,
            event=record.event,
            place=records.key(record.calendar, record.event),
            solution=record.solution,
            user=wanted.caller.sub,
            account=wanted.caller.email,
            attempt=self._new_attempt(),
            state="claimed",
            pointer=document.key,
            link=link.link,
            meeting=link.meeting,
        )
        left = record.conference and record.state not in ("gone", "lost")
        deadline.check()
        if left and self._store.get(ORPHANS, records.key(record.attempt)):
            left = ""
        orphans = [self._orphan(record, reason)] if left else []
        deadline.check()
        return self._replace(document, again, before=document, resumed=False, deadline=deadline, orphans=orphans)

    def _offer_again(self, document: Document, record: MappingRecord) -> ConferenceData | None:
        """The same conference, answered once more: until the event is seen with it nothing says that it was taken off.

        The user may save the event long after a sync has seen it without the conference. What is parked is told with
        what is saved.
        """
        due = self._due(OFFERED)
        again = _with(
            record,
            state="offered",
            reason="",
            seen=False,
            parked=None,
            until=None,
            look="",
            tries=0,
            failing=None,
            due=due,
        )
        try:
            self._commit(Replace(document, records.to_body(again)))
        except Conflict:
            return None
        return self._answer(again)

    def _replace(
        self,
        document: Document,
        record: MappingRecord,
        before: Document | None,
        resumed: bool,
        deadline: Deadline,
        orphans: Sequence[Create] = (),
    ) -> Claim | None:
        claimed = self._claimed(record)
        try:
            taken = self._commit(Replace(document, records.to_body(claimed)), *orphans)
        except Conflict:
            return None
        return self._claim(taken, claimed, before, resumed, deadline)

    def _claim(
        self, document: Document, record: MappingRecord, before: Document | None, resumed: bool, deadline: Deadline
    ) -> Claim:
        calendar = None  # `record` reads it again when it is there after all
        if deadline.left():
            with suppress(StoreUnavailable):
                calendar = self._store.get(CALENDARS, records.key(record.calendar))
        link = self._links.url(records.kept(record))
        held = Held(document, record, before, calendar)
        return Claim(document.key, record.attempt, resumed, record.user, record.account, link, held)

    def _claimed(self, record: MappingRecord) -> MappingRecord:
        until = self._clock.now() + CLAIM
        return _with(record, until=until, due=until + CLAIM * self._spread() / 4)

    def _offered(self, claim: Claim, offer: Offer, calendar: Document | None) -> list[Change]:
        """The mapping with its answer, and the calendar's record where it is new or still lacks a keeper."""
        held, now = _held(claim), self._clock.now()
        known = records.calendar(calendar.body) if calendar else None
        keeper = Keeper(offer.keeper.sub, offer.keeper.email) if offer.keeper else None
        if known and not (keeper and keepers.is_replaceable(known, now)):
            keeper = known.keeper
        link = self._links.following(records.kept(held.record), offer.event)
        mapping = _with(
            held.record,
            state="offered",
            seen=False,
            until=None,
            ical_uid=offer.event.ical_uid,
            keeper=keeper.sub if keeper else "",
            account=offer.conference.host or held.record.account,
            conference=offer.conference.id,
            room=records.room(held.record.solution, offer.conference.id),
            answer=self._links.stored(offer.answer, link),
            meeting=link.meeting,
            told=None if claim.resumed else offer.event.told(),  # what is found has an earlier request's values
            end=offer.event.last_end(),
            due=self._due(OFFERED),
        )
        changes: list[Change] = [Replace(held.document, records.to_body(mapping))]
        if known is None or calendar is None:
            new = keepers.new_calendar(held.record.calendar, keeper, now)
            changes.append(Create(CALENDARS, records.key(new.calendar), records.to_body(new)))
        elif keeper != known.keeper or (known.refused and offer.keeper):
            changes.append(Replace(calendar, {**calendar.body, **keepers.kept_by(keeper, known, now)}))
        return changes

    def _read_again(self, claim: Claim, held: Held) -> tuple[Document | None, Document | None]:
        """The mapping and the calendar as they are now. Raises Temporary: whose answer stands is not known without."""
        try:
            mapping = self._store.get(MAPPINGS, claim.mapping)
            return mapping, self._store.get(CALENDARS, records.key(held.record.calendar))
        except StoreUnavailable as unavailable:
            raise Temporary("overtaken", "the store went away, and another request may have answered") from unavailable

    def _overtaken(self, mine: MappingRecord, offer: Offer, document: Document | None) -> ConferenceData:
        """Another one took the claim over: its answer, when it has one. What was made twice is listed."""
        theirs = records.mapping(document) if document else None
        same = theirs is not None and theirs.attempt == mine.attempt and theirs.conference in ("", offer.conference.id)
        if not same:
            room = records.room(mine.solution, offer.conference.id)
            made = _with(mine, conference=offer.conference.id, room=room, account=offer.conference.host)
            self._end([self._orphan(made, "overtaken")])
        if theirs is None or theirs.answer is None:
            raise Temporary("overtaken", "another request took this one's claim over")
        return self._answer(theirs)

    def _orphan(self, record: MappingRecord, reason: str) -> Create:
        orphan = records.orphaned(record, reason, self._clock.now(), self._due(OFFERED))
        return Create(ORPHANS, records.key(record.attempt), records.to_body(orphan))

    def _answer(self, record: MappingRecord) -> ConferenceData:
        assert record.answer
        return self._links.answered(record.answer, records.kept(record))

    def _end(self, changes: list[Change]) -> None:
        """Commit the end of a claim; when another one has it already, there is nothing left to end."""
        try:
            self._store.commit(changes)
        except Conflict:
            _log.info("claim already gone")

    def _commit(self, change: Create | Replace, *beside: Create) -> Document:
        document = self._store.commit([change, *beside])[0]
        assert document
        return document

    def _due(self, after: timedelta) -> datetime:
        """That long from now, a quarter more or less, so that what was made together is not due together."""
        return self._clock.now() + spread_out(after, self._spread())


def _held(claim: Claim) -> Held:
    assert isinstance(claim.held, Held)
    return claim.held


def _with(record: MappingRecord, **changes: object) -> MappingRecord:
    return msgspec.structs.replace(record, **changes)
