"""Does what is due, every few minutes: hands over what needs a look, retries what is parked, ends what a crash left.

Bounded in documents and seconds, and resumable: whatever is not reached is still due. What needs a look at Calendar
waits for a run that holds a credential; a run is queued where one can be had without a user.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from conference.clock import Deadline
from conference.errors import AnyroomError, ConferenceFailure, Conflict, InvalidConferenceData, StoreUnavailable
from conference.event import placeholder
from conference.providers import LoadedProvider
from conference.providers.base import Conference
from sync import keepers, lease, records
from sync.apply import SOLUTION_GONE, Applier
from sync.backoff import pause, spread_out
from sync.holdings import Holdings, Mapped, is_over, mapped
from sync.measures import Swept
from sync.outside import KEPT, Ports
from sync.queue import Queue
from sync.records import CALENDARS, MAPPINGS, ONCE, ORPHANS, Keeper, MappingRecord, OrphanRecord
from sync.store import Change, Create, Delete, Document, Replace

SWEEP = 120.0
"""Seconds that a sweep may take."""
MOST = 500
"""Documents of a kind that one sweep takes on."""
HANDED_OVER = timedelta(minutes=10)
"""How long after its time something is still taken to be on its way to a run."""
LATER = timedelta(hours=1)
"""When something that was handed over and not done is handed over again."""

_log = logging.getLogger("anyroom.sweep")


class Sweep:
    """The sweep over one store. `queue` is None where changes are relayed: only the add-on's triggers can look. `once`:
    values are used here that are good once.
    """

    def __init__(self, ports: Ports, queue: Queue | None, new_holder: Callable[[], str], once: bool) -> None:
        self._once = once
        self._ports = ports
        self._queue = queue
        self._new_holder = new_holder

    def run(self, deadline: Deadline) -> Swept:
        """Do what is due: what was met. Raises StoreUnavailable."""
        swept = Swept()
        handlers: dict[str, Callable[[Document, Deadline], None]] = {
            CALENDARS: self._calendar,
            MAPPINGS: self._mapping,
            ORPHANS: self._orphan,
            **({ONCE: self._spent} if self._once else {}),
        }
        for kind, handle in handlers.items():
            for document in self._due(kind, swept):
                if not deadline.left():
                    _log.info("the sweep's time is over; the next one goes on")
                    return swept
                self._handled(document, handle, deadline, swept)
                swept.documents += 1
        return swept

    def retry(self, document: Document, deadline: Deadline) -> None:
        """Tell a provider what is parked in that mapping now, whenever it is due; nothing while a run has its calendar.

        Raises Conflict when it changes at the same time, StoreUnavailable, Temporary when no time is left.
        """
        one = mapped(document)
        [now] = self._ports.store.commit([Replace(document, records.to_body(one.becoming(due=self._now())))])
        assert now
        self._retry(mapped(now), deadline)

    def _due(self, kind: str, swept: Swept) -> list[Document]:
        """What is due of a kind. Of the orphans all are read, which are hardly any: each is due within a month."""
        now = self._now()
        if kind != ORPHANS:
            return self._ports.store.due(kind, now, MOST)
        found = self._ports.store.due(kind, now + KEPT, MOST)
        swept.count_orphans(found, now)
        return [document for document in found if document.body["due"] <= now]

    def _handled(
        self, document: Document, handle: Callable[[Document, Deadline], None], deadline: Deadline, swept: Swept
    ) -> None:
        """Handle one document; whatever is wrong with it does not stop the others. Raises StoreUnavailable."""
        try:
            swept.meet(document, self._now())
            handle(document, deadline)
        except StoreUnavailable:
            raise
        except Conflict:
            _log.info("a %s changed while it was swept", document.kind)
        except AnyroomError as failure:
            _log.warning("a %s was not swept: %s", document.kind, failure.reason)
            self._put_off(document, LATER)
        except Exception as defect:  # noqa: BLE001  # it is shown, and due again
            _log.error("a %s was not swept", document.kind, exc_info=defect)
            self._put_off(document, timedelta(days=1))

    def _put_off(self, document: Document, wait: timedelta) -> None:
        """What cannot be done stands in nobody's way for that long. Raises StoreUnavailable."""
        try:
            later = self._now() + spread_out(wait, self._ports.spread())
            self._ports.store.commit([Replace(document, {**document.body, "due": later})])
        except Conflict:
            _log.info("a %s changed while it was swept", document.kind)

    def _calendar(self, document: Document, deadline: Deadline) -> None:
        """Queue the run that is due, which says when the next one is. Where changes are relayed there is none."""
        due, now = records.calendar(document.body).due, self._now()
        if self._queue:
            self._queue.enqueue(document.key, now)
        if self._queue and due and now - due < LATER:
            return
        later = now + self._later() if self._queue else None
        self._ports.store.commit([Replace(document, {**document.body, "due": later})])

    def _mapping(self, document: Document, deadline: Deadline) -> None:
        one = mapped(document)
        record = one.record
        if record.state == "claimed":
            self._finish_claim(one, deadline)
        elif record.state in ("gone", "failed", "lost") and (not record.look or self._may_be_forgotten(record)):
            self._forget(one)
        elif record.state == "unmanaged":
            self._take_up(one)
        elif record.parked:
            self._retry(one, deadline)
        else:
            self._hand_over(one)

    def _may_be_forgotten(self, record: MappingRecord) -> bool:
        return record.forget is not None and record.forget <= self._now()

    def _forget(self, one: Mapped) -> None:
        """Forget the mapping, unless other events hold its conference: they, and their copies, name it by this one."""
        held = one.record.state == "gone" and Holdings(self._ports.store, one.record.calendar).others(one)
        if held:
            self._put(one, one.becoming(due=self._now() + KEPT))
        else:
            self._ports.store.commit([Delete(one.document)])

    def _hand_over(self, one: Mapped) -> None:
        """Have the next run of the calendar look at the event, and queue that run where that is possible."""
        record, now = one.record, self._now()
        key = records.key(record.calendar)
        on_its_way = bool(record.look) and record.due is not None and now - record.due < HANDED_OVER
        if self._queue:
            self._queue.enqueue(key, now)
        if self._queue and on_its_way:
            return
        due = now + self._later() if self._queue else record.forget
        self._put(one, msgspec.structs.replace(record, look=key, due=due))

    def _take_up(self, one: Mapped) -> None:
        """The solution of a conference that is not managed may be configured again, and its user connected.

        One that is over for long is closed as it is.
        """
        record = one.record
        if is_over(one, self._now() - KEPT):
            forgotten = self._now() + KEPT
            self._put(one, one.becoming(state="gone", reason="over", due=forgotten, forget=forgotten))
        elif not self._ports.conferences.can_manage(record):
            self._put(one, one.becoming(due=self._now() + timedelta(days=1)))
        else:
            state: records.State = "live" if record.seen else "offered"
            self._put(one, one.becoming(state=state, reason="", look=records.key(record.calendar), due=self._now()))

    def _retry(self, one: Mapped, deadline: Deadline) -> None:
        """Tell a provider what is parked, under the calendar's lease: nobody tells it anything else meanwhile."""
        key = records.key(one.record.calendar)
        leased = lease.borrow(self._ports.store, self._ports.clock, key, self._new_holder())
        if leased is None:
            return
        try:
            Applier(key, leased.record, self._ports, deadline).retry(one)
        finally:
            leased.release()
        if leased.record.dirty and self._queue:
            self._queue.enqueue(key, self._now())  # whoever came meanwhile has left a mark, and gone

    def _finish_claim(self, one: Mapped, deadline: Deadline) -> None:
        """Nobody came back for a claim: what was made is adopted where it can be found, else listed as an orphan."""
        record = one.record
        if record.until and record.until > self._now():
            self._put(one, one.becoming(due=record.until + timedelta(seconds=5)))
            return
        provider = self._ports.conferences.provider(record.solution)
        if provider is None:
            self._ports.store.commit([Delete(one.document), _orphan(record, SOLUTION_GONE, self._now())])
        elif provider.find is None and provider.declared.idempotency == "none":
            self._ports.store.commit([Delete(one.document), _orphan(record, "outcome-unknown", self._now())])
        else:
            self._find(one, provider, deadline)

    def _find(self, one: Mapped, provider: LoadedProvider, deadline: Deadline) -> None:
        """Find what was made; where that is not possible, the system knows our id or key and gives the same again."""
        conferences, record = self._ports.conferences, one.record
        try:
            if provider.find:
                found = conferences.find(record, deadline)
            else:
                found = conferences.make(record, placeholder(record.calendar, record.event, self._now()), deadline)
        except StoreUnavailable:
            raise
        except ConferenceFailure as failure:
            _log.warning("not found out: %s %s", one.record.solution, failure.reason)
            due = self._now() + pause(one.record.tries, self._ports.spread())
            self._put(one, one.becoming(tries=one.record.tries + 1, due=due))
            return
        if found is not None:
            self._adopt(one, found)
        else:
            self._ports.store.commit([Delete(one.document)])

    def _adopt(self, one: Mapped, found: Conference) -> None:
        """The conference of a claim that was not finished: it is offered to whoever asks for it again within a day.

        A claim names its keeper where the calendar is the claimer's own: its id is the keeper's address.
        """
        record, now = one.record, self._now()
        room = records.room(record.solution, found.id)
        try:
            answer = self._ports.conferences.answer(record.solution, found, one.key)
        except InvalidConferenceData as invalid:
            made = one.becoming(conference=found.id, room=room, account=found.host or record.account)
            self._ports.store.commit([Delete(one.document), _orphan(made, invalid.reason, now)])
            return
        due = now + spread_out(timedelta(days=1), self._ports.spread())
        adopted = one.becoming(
            state="offered",
            seen=False,
            until=None,
            pointer=one.key,
            account=found.host or record.account,
            conference=found.id,
            room=room,
            answer=self._ports.conferences.stored(answer, record),
            due=due,
        )
        changes: list[Change] = [Replace(one.document, records.to_body(adopted))]
        key = records.key(record.calendar)
        if self._ports.store.get(CALENDARS, key) is None:
            keeper = Keeper(record.keeper, record.calendar) if record.keeper else None
            calendar = keepers.new_calendar(record.calendar, keeper, now)
            changes.append(Create(CALENDARS, key, records.to_body(calendar)))
        self._ports.store.commit(changes)

    def _orphan(self, document: Document, deadline: Deadline) -> None:
        """Have a run look whether the event carries it; one that nobody can delete is forgotten in the end."""
        orphan = records.orphan(document.body)
        now = self._now()
        provider = self._ports.conferences.provider(orphan.solution)
        hopeless = provider is None or not provider.declared.deletes or not (orphan.conference or provider.find)
        if now - orphan.since > KEPT:
            _log.error("a suspected orphan is forgotten: %s %s", orphan.solution, document.key)
            self._ports.store.commit([Delete(document)])
        elif hopeless:
            self._put_orphan(document, msgspec.structs.replace(orphan, due=orphan.since + KEPT))
        else:
            key = records.key(orphan.calendar)
            if self._queue:
                self._queue.enqueue(key, now)
            later = now + pause(orphan.tries + 6, self._ports.spread())
            self._put_orphan(document, msgspec.structs.replace(orphan, look=key, due=later))

    def _spent(self, document: Document, deadline: Deadline) -> None:
        """Nobody would take it any more, spent or not."""
        self._ports.store.commit([Delete(document)])

    def _put(self, one: Mapped, record: MappingRecord) -> None:
        self._ports.store.commit([Replace(one.document, records.to_body(record))])

    def _put_orphan(self, document: Document, orphan: OrphanRecord) -> None:
        self._ports.store.commit([Replace(document, records.to_body(orphan))])

    def _later(self) -> timedelta:
        return spread_out(LATER, self._ports.spread())

    def _now(self) -> datetime:
        return self._ports.clock.now()


def _orphan(record: MappingRecord, reason: str, now: datetime) -> Create:
    orphan = records.orphaned(record, reason, now, now + timedelta(days=1))
    return Create(ORPHANS, records.key(record.attempt), records.to_body(orphan))
