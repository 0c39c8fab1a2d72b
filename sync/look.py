"""What is decided by looking at one event: whether its conference is used, over, or may be deleted at last.

Nothing is deleted at a provider without such a look in the same run, on a calendar that was read in that run.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from conference import audit
from conference.clock import Deadline
from conference.errors import ConferenceFailure, Conflict, NotConnected, OverQuota, StoreUnavailable
from conference.event import Event
from sync import measures, records
from sync.apply import CONNECTION_GONE, SOLUTION_GONE, Applier
from sync.backoff import pause
from sync.calendar import UNAUTHENTICATED
from sync.holdings import Mapped, is_over, leading, looked_at
from sync.outside import KEPT, Ports
from sync.records import OrphanRecord
from sync.row import Row
from sync.store import Change, Delete, Document, Replace

DELETING = timedelta(seconds=60)
"""How long a deletion at the provider holds a mapping."""
_STILL_USED = timedelta(days=7)
"""When to look again at a series that is gone while one of its occurrences is not."""
_HELD = "held-elsewhere"
_log = logging.getLogger("anyroom.look")

T = TypeVar("T")
LookAt = Callable[[str], Row]
Occurrences = Mapping[str, Event | None]
"""By when a series has them begin; None for one that was cancelled."""
LookAtSeries = Callable[[str], tuple[Row, ...]]


class Looker:
    """Looks at events of the calendar that `applier` works on. `look` reads one event, `series` all of one iCalUID.

    Every method may raise StoreUnavailable, Temporary when no time is left, and whatever `look` raises.
    """

    def __init__(
        self, key: str, applier: Applier, ports: Ports, deadline: Deadline, look: LookAt, series: LookAtSeries
    ) -> None:
        self._key = key
        self._applier = applier
        self._ports = ports
        self._deadline = deadline
        self._look = look
        self._series = series

    def look(self, one: Mapped) -> None:
        """Look at the event of a mapping, and do what follows from it."""
        self._deadline.check()
        seen = self._asked(lambda: self._look(one.record.event))
        if isinstance(seen, ConferenceFailure):
            self._put_off(one, seen.reason)
            return
        occurrences = self._asked(lambda: self._occurrences(one, seen))
        if isinstance(occurrences, ConferenceFailure):
            self._put_off(one, occurrences.reason)
            return
        try:
            self._applier.guarded(one, lambda: self._decide(one, seen, occurrences))
        except Conflict:
            self._look_again(one, seen, occurrences)

    def _put_off(self, one: Mapped, reason: str) -> None:
        try:
            self._applier.look_later(one, reason)
        except Conflict:
            _log.info("a mapping changed while it was looked at; the next run looks again")

    def look_for_orphan(self, document: Document) -> None:
        """Delete what a suspected orphan names, unless the event carries it or another mapping holds it."""
        orphan = records.orphan(document.body)
        self._deadline.check()
        try:
            row = self._asked(lambda: self._look(orphan.event))
            if isinstance(row, ConferenceFailure):
                self._keep_orphan(document, orphan, row.reason)
            else:
                self._reap(document, orphan, row)
        except Conflict:
            _log.info("an orphan changed while it was looked at")

    def _look_again(self, one: Mapped, row: Row, occurrences: Occurrences | None) -> None:
        """The mapping changed meanwhile, perhaps with another one that holds its conference."""
        current = self._applier.holdings.again(one)
        if current is None or current.record.look != self._key:
            return
        try:
            self._applier.guarded(current, lambda: self._decide(current, row, occurrences))
        except Conflict:
            _log.info("a mapping changed while it was looked at; the next run looks again")

    def _occurrences(self, one: Mapped, row: Row) -> Occurrences | None:
        """The occurrences of a series that were changed or cancelled by themselves; None where no join page goes by
        them.
        """
        record, event = one.record, row.event
        if not (record.link and row.pointer == record.pointer and event and event.recurrence and event.ical_uid):
            return None
        self._deadline.check()
        others = (other for other in self._series(event.ical_uid) if other.series == row.id and other.original)
        return {other.original: other.event for other in others if other.goes_with(row.pointer)}

    def _asked(self, ask: Callable[[], T]) -> T | ConferenceFailure:
        """What Calendar says of one event, or why this one cannot be looked at: that holds up no other."""
        try:
            return ask()
        except OverQuota:
            raise
        except ConferenceFailure as failure:
            if failure.reason == UNAUTHENTICATED or not self._deadline.left():
                raise
            return failure

    def _decide(self, one: Mapped, row: Row, occurrences: Occurrences | None) -> None:
        record, now = one.record, self._ports.clock.now()
        closing = record.reason == "over" and record.state in ("leaving", "deleting") and not _goes_on(row, now - KEPT)
        if row.state == "there" and row.pointer and row.pointer == record.pointer and not closing:
            self._applier.settle(one, row)
            current = self._applier.holdings.again(one)
            if current and current.record.look and current.record.until is None:
                current = self._looked(current, occurrences)
            if current and current.record.state == "live" and is_over(current, now - KEPT):
                self._delete(current, "over")
            elif current and current.record.shared and current.record.tells and is_over(current, now):
                self._hand_on(current)
        elif record.state == "live":
            self._applier.settle(one, row)
        elif record.state in ("offered", "deleting") or (record.state == "leaving" and _has_passed(record.until, now)):
            if not closing and self._is_used(one):
                self._wait(one, "series-in-use", now + _STILL_USED)
            else:
                self._delete(one, record.reason or "not-used")
        elif record.state != "leaving":
            due = record.forget or now + KEPT if record.state == "gone" else record.due
            self._applier.holdings.put(one, one.becoming(look="", until=None, due=due))

    def _looked(self, one: Mapped, occurrences: Occurrences | None) -> Mapped:
        """The look at a conference that is used is over, and its join page knows what was seen. Raises Conflict."""
        kept = records.kept(one.record)
        if occurrences is not None:
            kept = self._ports.conferences.occurring(one.record, occurrences)
        return self._applier.holdings.put(one, one.becoming(look="", meeting=kept.meeting))

    def _is_used(self, one: Mapped) -> bool:
        """Whether one of its occurrences has the conference of a series that is gone, or carries it no longer."""
        told = one.record.told
        if (told and not told.get("recurrence")) or not one.record.ical_uid:
            return False
        self._deadline.check()
        rows = self._series(one.record.ical_uid)
        return any(other.state == "there" and other.pointer == one.record.pointer for other in rows)

    def _delete(self, one: Mapped, reason: str) -> None:
        """Delete the conference at the provider when no other event holds it. Raises Conflict."""
        others = self._applier.holdings.others(one)
        provider = self._ports.conferences.provider(one.record.solution)
        if others:
            # The heir is written in any case: when it leaves at the same time, one of the two sees the other gone.
            now = self._ports.clock.now()
            heir = leading(others, now)
            self._gone(
                one, _HELD, looked_at(heir, now) if one.record.tells else Replace(heir.document, heir.document.body)
            )
            return
        if provider is None:
            self._wait(one, SOLUTION_GONE, self._ports.clock.now() + timedelta(days=1))
            return
        if not provider.declared.deletes or (reason == "over" and not provider.declared.outlives_event):
            self._gone(one, reason)
            return
        until = self._ports.clock.now() + DELETING
        deleting = one.becoming(state="deleting", reason=reason, until=until, look=self._key, due=until)
        one = self._applier.holdings.put(one, deleting)
        try:
            self._ports.conferences.delete(one.record, self._deadline)
        except StoreUnavailable:
            raise
        except NotConnected:
            self._applier.unmanaged(one, CONNECTION_GONE)
        except ConferenceFailure as failure:
            self._not_deleted(one, reason, failure)
        else:
            _deleted(one.record.solution, one.key, reason)
            self._gone(one, reason)

    def _not_deleted(self, one: Mapped, reason: str, failure: ConferenceFailure) -> None:
        now = self._ports.clock.now()
        since = one.record.failing or now
        measures.parked(one.record, failure.reason, now - since)
        until = now + pause(one.record.tries, self._ports.spread(), failure.retry_after)
        tries = one.record.tries + 1
        again = one.becoming(state="leaving", reason=reason, until=until, due=until, tries=tries, failing=since)
        self._applier.holdings.put(one, again)

    def _wait(self, one: Mapped, reason: str, until: datetime) -> None:
        waiting = one.becoming(state="leaving", reason=reason, until=until, look=self._key, due=until)
        self._applier.holdings.put(one, waiting)

    def _gone(self, one: Mapped, reason: str, *beside: Change) -> None:
        """Remember the conference for a while: a restored event may have the same room again.

        One that others hold is forgotten with them.
        """
        due = self._ports.clock.now() + KEPT
        gone = one.becoming(
            state="gone",
            reason=reason,
            tells=False,
            until=None,
            look="",
            tries=0,
            failing=None,
            told=None,
            parked=None,
            due=due,
            forget=None if reason == _HELD else due,
        )
        self._applier.holdings.put(one, gone, *beside)

    def _hand_on(self, one: Mapped) -> None:
        """The event is over: the conference follows the next one that holds it and is not, where there is one."""
        now = self._ports.clock.now()
        leader = leading((one, *self._applier.holdings.others(one)), now)
        if leader is not one:
            self._ports.store.commit([looked_at(leader, now)])

    def _reap(self, document: Document, orphan: OrphanRecord, row: Row) -> None:
        """Raises Conflict."""
        provider = self._ports.conferences.provider(orphan.solution)
        if provider is None or not provider.declared.deletes:
            self._keep_orphan(document, orphan, "cannot-delete")
            return
        if orphan.conference == "":
            try:
                found = self._ports.conferences.find(orphan, self._deadline) if provider.find else None
            except StoreUnavailable:
                raise
            except ConferenceFailure as failure:
                self._keep_orphan(document, orphan, failure.reason)
                return
            if found is None:
                self._forget_orphan(document, provider.find is not None)
                return
            room = records.room(orphan.solution, found.id)
            account = found.host or orphan.account
            orphan = msgspec.structs.replace(orphan, conference=found.id, room=room, account=account)
        if row.state == "there" and row.conference == orphan.conference:
            self._keep_orphan(document, orphan, "in-use")
        elif holders := self._applier.holdings.holders(orphan.room):
            told, now = any(holder.record.tells for holder in holders), self._ports.clock.now()
            self._ports.store.commit([Delete(document), *(() if told else (looked_at(leading(holders, now), now),))])
        else:
            self._delete_orphan(document, orphan)

    def _delete_orphan(self, document: Document, orphan: OrphanRecord) -> None:
        try:
            self._ports.conferences.delete(orphan, self._deadline)
        except StoreUnavailable:
            raise
        except ConferenceFailure as failure:
            self._keep_orphan(document, orphan, failure.reason)
        else:
            _deleted(orphan.solution, document.key, "orphan")
            self._ports.store.commit([Delete(document)])

    def _keep_orphan(self, document: Document, orphan: OrphanRecord, reason: str) -> None:
        """Listed still, looked at again later."""
        due = self._ports.clock.now() + pause(orphan.tries + 6, self._ports.spread())
        kept = msgspec.structs.replace(orphan, reason=reason, look="", tries=orphan.tries + 1, due=due)
        self._ports.store.commit([Replace(document, records.to_body(kept))])

    def _forget_orphan(self, document: Document, searched: bool) -> None:
        """Nothing was made under the attempt; where that cannot be searched, it stays listed until its time is over."""
        if searched:
            self._ports.store.commit([Delete(document)])
        else:
            self._keep_orphan(document, records.orphan(document.body), "cannot-find")


def _deleted(solution: str, record: str, reason: str) -> None:
    """The conference of the record with that key was deleted at the system."""
    audit.record("delete", audit.SYNC, "conference", solution=solution, record=record, reason=reason)


def _goes_on(row: Row, moment: datetime) -> bool:
    """Whether the event is seen to end after that moment."""
    ends = row.event.last_end() if row.event else moment
    return ends is None or ends > moment


def _has_passed(moment: datetime | None, now: datetime) -> bool:
    return moment is None or moment <= now
