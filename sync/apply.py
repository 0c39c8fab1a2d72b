"""What happens to a conference when its event changed: the table of the README, row by row, each once and in full.

A row of a list is applied to every mapping of its event; applying it a second time changes nothing. What a provider
cannot be told now is parked in the mapping with the event's values. Nothing is deleted here: a conference that is not
used any more is `leaving`, and sync.look decides about it.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from conference.clock import Deadline
from conference.errors import AnyroomError, ConferenceFailure, Conflict, NotConnected, StoreUnavailable, Temporary
from conference.event import Event, to_record
from conference.providers.base import EventField
from sync import measures, records
from sync.backoff import pause
from sync.copies import Copies
from sync.holdings import Holdings, Mapped, is_over, leading, looked_at, silenced
from sync.outside import KEPT, Ports, closes
from sync.records import HOLDING, CalendarRecord, MappingRecord, Parked
from sync.row import Row
from sync.store import Replace
from sync.told import changed_fields

MOST_PARKED = 128 * 1024
"""Bytes of an event's values that are parked; a larger event is looked at again instead."""
UNKNOWN_END = timedelta(days=30)
"""When a conference is deleted whose event vanished and has no known end."""

SOLUTION_GONE, CONNECTION_GONE = "solution-gone", "connection-gone"
"""Why a conference is not managed."""
THERE = "deleted-there"
"""Why a conference is lost that somebody deleted at the conferencing system."""

_TRIES = 5
_log = logging.getLogger("anyroom.apply")


class Applier:
    """Applies rows to the mappings of one calendar, whose record is `calendar` and whose key is `key`.

    `resumed`: a run before died and may have told what no mapping says; events that changed since are told again.
    """

    def __init__(
        self, key: str, calendar: CalendarRecord, ports: Ports, deadline: Deadline, resumed: bool = False
    ) -> None:
        self._key = key
        self._calendar = calendar
        self._ports = ports
        self._deadline = deadline
        self._resumed = resumed
        self.holdings = Holdings(ports.store, calendar.calendar)
        self._copies = Copies(ports, calendar, self.holdings)

    def apply(self, row: Row) -> list[Mapped]:
        """Have the event's conferences follow it: the mappings that it has.

        A defect in one event is kept with its mapping and looked at again later; it never holds up the others. Raises
        Temporary when no time is left, StoreUnavailable.
        """
        self._deadline.check()
        found = self.holdings.of(row.id)
        for one in found:
            self.settle(one, row)
        copy = self._copy(row)
        if copy:
            self.settle(copy, row)
        if row.original and self._ports.conferences.have_pages:
            self._follow_occurrence(row)
        return found

    def _follow_occurrence(self, row: Row) -> None:
        """Have the series' join page know when the occurrence is, or that it was cancelled. Raises as `apply`.

        A series that is to be looked at shows all of them then.
        """
        for one in self.holdings.of(row.series):
            is_followed = one.record.state == "live" and not one.record.look
            if one.record.link and is_followed and row.goes_with(one.record.pointer):
                self.guarded(one, partial(self._retrying, one, partial(self._occurred, row)))

    def _occurred(self, row: Row, one: Mapped) -> None:
        meeting = self._ports.conferences.moving(one.record, row.original, row.event).meeting
        self._put_if_new(one, one.becoming(meeting=meeting))

    def _copy(self, row: Row) -> Mapped | None:
        """What is to be settled of a conference of another event's that the row shows. Raises as `apply`.

        A defect is shown, and there is no record yet that could remember it.
        """
        try:
            return self._copies.take(row)
        except AnyroomError:
            raise
        except Exception as defect:  # noqa: BLE001  # whatever is wrong with one event, the others go on
            _log.error("a copy was not taken", exc_info=defect)
            return None

    def settle(self, one: Mapped, row: Row) -> None:
        """Bring one mapping to what the row shows. Raises as `apply`."""
        self.guarded(one, lambda: self._retrying(one, lambda now: self._settled(now, row)))

    def guarded(self, one: Mapped, work: Callable[[], None]) -> None:
        """Do that; after a defect a later run looks at the event again. Raises as `apply`."""
        try:
            work()
        except AnyroomError:
            raise
        except Exception as defect:  # noqa: BLE001  # whatever is wrong with one event, the others go on
            _log.error("an event was not applied", exc_info=defect)
            self._retrying(one, lambda now: self.look_later(now, "defect"))

    def look_later(self, one: Mapped, reason: str, least: float | None = None) -> None:
        """Have a later run look at the event again. Raises Conflict, StoreUnavailable.

        A conference that leaves does not leave the sooner for it.
        """
        until = self._now() + pause(one.record.tries, self._ports.spread(), least)
        if one.record.state == "leaving" and one.record.until:
            until = max(until, one.record.until)
        changes = one.becoming(reason=reason, tries=one.record.tries + 1, look=self._key, until=until, due=until)
        self.holdings.put(one, changes)

    def retry(self, one: Mapped) -> None:
        """Tell the provider what is parked, as it stands under the lease: newer was told perhaps. Raises as `apply`."""
        current = self.holdings.again(one)
        if current:
            self._retrying(current, self._retried)

    def _retrying(self, one: Mapped, change: Callable[[Mapped], None]) -> None:
        """Change a mapping that others may change at the same time."""
        current: Mapped | None = one
        for _ in range(_TRIES):
            if current is None:
                return
            try:
                change(current)
                return
            except Conflict:
                current = self.holdings.again(current)
        raise Temporary("contention", "a mapping changes too fast")

    def _settled(self, one: Mapped, row: Row) -> None:
        if one.record.state in ("claimed", "failed", "lost") or self._is_forgotten(one):
            return
        if row.state != "there":
            self._leave(one, row)
        elif not row.pointer or row.pointer != one.record.pointer:
            if one.record.state == "live":
                self._put_leaving(one, "removed", self._now() + self._ports.grace)
        elif self._ports.conferences.provider(one.record.solution) is None:
            self.unmanaged(one, SOLUTION_GONE)
        elif one.record.reason == CONNECTION_GONE and not self._ports.conferences.can_manage(one.record):
            return
        elif row.event is None and one.record.state not in ("deleting", "gone"):
            self._put_if_new(one, one.becoming(state="live", seen=True, reason=row.fault, look="", until=None))
        elif row.event and one.record.state in ("deleting", "gone"):
            self._revive(one, row.event)
        elif row.event:
            self._follow(one, row.event)

    def _leave(self, one: Mapped, row: Row) -> None:
        """The event was deleted. An occurrence is cancelled without its details, and cannot be on another calendar.

        What is not managed is over with it.
        """
        now = self._now()
        if one.record.state == "unmanaged" and (one.record.end is None or one.record.end > now):
            self.holdings.put(one, one.becoming(end=now))
        if one.record.state not in ("offered", "live"):
            return
        until = self._now() + self._ports.grace
        if row.state == "cancelled" or row.series:
            self._put_leaving(one, "cancelled", until)
        else:
            ends = one.record.end or self._now() + UNKNOWN_END
            self._put_leaving(one, "vanished", max(until, ends))

    def _put_leaving(self, one: Mapped, reason: str, until: datetime) -> None:
        """Another event that holds the conference is followed from now on, if it is not over.

        After a run that died nobody knows what the provider was told last.
        """
        leaving = one.becoming(
            state="leaving",
            reason=reason,
            until=until,
            look=self._key,
            tries=0,
            failing=None,
            parked=None,
            told=None if self._resumed and one.record.shared else one.record.told,
            due=until,
        )
        others = self.holdings.others(one) if one.record.shared else []
        leader = self._leader(one._replace(record=leaving), others)
        hands_on = leader and not leader.record.tells and not is_over(leader, self._now())
        self.holdings.put(one, leaving, *([looked_at(leader, self._now())] if leader and hands_on else []))

    def unmanaged(self, one: Mapped, reason: str) -> None:
        """The solution left the configuration, or its user's connection is gone: the conference is kept, not called,
        and shown. Raises Conflict, StoreUnavailable.
        """
        if one.record.state != "unmanaged" or one.record.look:
            due = self._now() + timedelta(days=1)
            kept = one.becoming(state="unmanaged", reason=reason, look="", until=None, parked=None, due=due)
            self.holdings.put(one, kept)

    def _follow(self, one: Mapped, event: Event, *held: Mapped) -> None:
        """The event is there with its conference: the provider is told what differs from what it was told.

        The mappings `held` are written again in the same commit.
        """
        record = one.record
        if self._waits(record, event):
            return
        others = self.holdings.others(one) if record.shared and not record.tells else []
        fields = changed_fields(self._known(record, event, others), event.told()) & self._updates(record)
        if fields and record.shared and record.tells:
            others = self.holdings.others(one)
        live = self._live(one, event)
        beside = {other.key: Replace(other.document, other.document.body) for other in held}
        if leader := self._leader(one._replace(record=live), others):
            live = msgspec.structs.replace(live, told=record.told) if record.tells else live
            if not leader.record.tells:
                beside[leader.key] = looked_at(leader, self._now())
        elif fields or not record.tells:
            self._deadline.check()
            failure = self._told(record, event, fields) if fields else None
            if fields and not failure and self._is_news(record, event):
                measures.told(record, event, self._now())
            if isinstance(failure, NotConnected):
                self.unmanaged(one._replace(record=one.becoming(told=None)), CONNECTION_GONE)
                return
            live = msgspec.structs.replace(live, tells=True)
            beside |= {other.key: silenced(other) for other in others if other.record.tells}
            if failure:
                live = self._park(one, live, event, fields, failure)
        if live != record or beside:
            self.holdings.put(one, msgspec.structs.replace(live, etag=event.etag), *beside.values())

    def _known(self, record: MappingRecord, event: Event, others: list[Mapped]) -> Mapping[str, Any] | None:
        """What the provider was told last, of this event or of one that leaves; None when that is not certain."""
        if record.tells:
            return None if self._resumed and record.etag != event.etag else record.told
        leaving = (other.record for other in others if other.record.tells and other.record.state == "leaving")
        return next((teller.told for teller in leaving), None)

    def _is_news(self, record: MappingRecord, event: Event) -> bool:
        """Whether what was told is a change that was just seen, or parked: not said again, taken over or caught up."""
        again = self._resumed and record.etag != event.etag
        return record.tells and not again and not record.look and bool(record.told or record.parked)

    def _leader(self, one: Mapped, others: list[Mapped]) -> Mapped | None:
        """Which other holder's event the conference follows, None when it is this one's."""
        leader = leading((one, *others), self._now())
        return None if leader is one else leader

    def _waits(self, record: MappingRecord, event: Event) -> bool:
        """Whether the same values are parked, and not to be told yet: a system that hangs holds up no other event."""
        if record.state != "live" or record.parked is None or record.due is None:
            return False
        return record.due > self._now() and record.parked.event == to_record(event)

    def _live(self, one: Mapped, event: Event) -> MappingRecord:
        ends = event.last_end()
        due = one.record.due
        # Occurrences may have been changed before there was a join page to know them: only a look shows them all.
        unseen = (one.record.state != "live" or one.record.look) and one.record.link and event.recurrence
        if one.record.state != "live" or one.record.end != ends or one.record.parked or one.record.look:
            due = closes(ends, self._ports.spread(), self._now() if one.record.shared else None)
        return one.becoming(
            state="live",
            seen=True,
            reason="",
            until=None,
            look=self._key if unseen else "",
            tries=0,
            failing=None,
            parked=None,
            ical_uid=event.ical_uid,
            end=ends,
            told=event.told(),
            meeting=self._ports.conferences.following(one.record, event).meeting,
            due=due,
            forget=None,
        )

    def _put_if_new(self, one: Mapped, record: MappingRecord) -> None:
        if record != one.record:
            self.holdings.put(one, record)

    def _updates(self, record: MappingRecord) -> frozenset[EventField]:
        provider = self._ports.conferences.provider(record.solution)
        assert provider
        return provider.declared.updates

    def _told(self, record: MappingRecord, event: Event, fields: frozenset[EventField]) -> ConferenceFailure | None:
        try:
            self._ports.conferences.tell(record, event, fields, self._deadline)
        except StoreUnavailable:
            raise
        except ConferenceFailure as failure:
            return failure
        return None

    def _park(
        self, one: Mapped, live: MappingRecord, event: Event, fields: frozenset[EventField], failure: ConferenceFailure
    ) -> MappingRecord:
        """The mapping with what the provider could not be told, and when that is tried again.

        It may have acted all the same: what it knows is not known any more.
        """
        now, before = self._now(), one.record.parked
        tries = before.tries + 1 if before else 1
        since = before.since if before else one.record.failing or now
        due = now + pause(tries, self._ports.spread(), failure.retry_after)
        measures.parked(one.record, failure.reason, now - since)
        unknown = msgspec.structs.replace(live, told=None, reason=failure.reason, due=due)
        values = to_record(event)
        if len(msgspec.json.encode(values)) > MOST_PARKED:
            tries = one.record.tries + 1
            return msgspec.structs.replace(unknown, look=self._key, until=due, tries=tries, failing=since)
        return msgspec.structs.replace(unknown, parked=Parked(values, sorted(fields), tries, since))

    def _retried(self, one: Mapped) -> None:
        parked = one.record.parked
        if one.record.state != "live" or parked is None:
            return
        if self._ports.conferences.provider(one.record.solution) is None:
            self.unmanaged(one, SOLUTION_GONE)
            return
        event = records.parked_event(parked)
        if self._now() - parked.since > KEPT:
            due = closes(event.last_end(), self._ports.spread())
            self.holdings.put(one, one.becoming(parked=None, reason="given-up", due=due))
            _log.error("given up: %s", one.record.solution)
            return
        self._follow(one, event)

    def _revive(self, one: Mapped, event: Event) -> None:
        """A deleted event came back: with the same room where we choose its id, or where it was not deleted yet.

        What others hold is written again with it, so that nobody deletes it meanwhile; what somebody deletes just now
        is waited for.
        """
        self._deadline.check()
        sharing = self.holdings.sharing(one) if one.record.shared else []
        if any(other.record.state == "deleting" for other in sharing):
            self.look_later(one, "deleting")
            return
        held = [other for other in sharing if other.record.state in HOLDING]
        try:
            same = bool(held) or self._has_its_room(one, event)
        except StoreUnavailable:
            raise
        except NotConnected:
            self.unmanaged(one, CONNECTION_GONE)
            return
        except ConferenceFailure as failure:
            self.look_later(one, failure.reason, failure.retry_after)
            return
        if same:
            self._follow(one, event, *held[:1])
        else:
            due = self._now() + KEPT
            lost = one.becoming(state="lost", reason="deleted", look="", until=None, due=due, forget=due)
            self.holdings.put(one, lost)
            _log.warning("lost: %s", one.record.solution)

    def _has_its_room(self, one: Mapped, event: Event) -> bool:
        """Whether the event's room is there, made again where we choose its id. Raises ConferenceFailure."""
        conferences, record = self._ports.conferences, one.record
        provider = conferences.provider(record.solution)
        assert provider
        if not provider.declared.deletes:
            return True
        if provider.declared.idempotency == "chosen":
            return conferences.make(record, event, self._deadline).id == record.conference
        if not provider.find:
            return False
        found = conferences.find(record, self._deadline)
        return found is not None and found.id == record.conference

    def _is_forgotten(self, one: Mapped) -> bool:
        """Firestore deletes what has expired within a day: until then it is still read."""
        return one.record.forget is not None and one.record.forget <= self._now()

    def _now(self) -> datetime:
        return self._ports.clock.now()
