"""A run: takes a calendar's lease, applies what changed, looks at what must be looked at, and commits once at the end.

Its deadline ends before its lease does and is checked before every outside call: the fence guards the store, the
deadline the providers. After a crash the next run begins where the last whole one ended; doing it again changes
nothing.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import msgspec

from conference.clock import Deadline
from conference.errors import (
    AnyroomError,
    ConferenceFailure,
    CursorExpired,
    OverQuota,
    Overtaken,
    PageTooLarge,
    Permanent,
    PermissionDenied,
    StoreUnavailable,
    Temporary,
)
from sync import keepers, lease
from sync.access import Access
from sync.apply import Applier
from sync.backoff import pause, spread_out
from sync.calendar import SMALL_PAGES, UNAUTHENTICATED, GoogleCalendar
from sync.channel import Channels, Opening
from sync.lease import LeasedCalendar
from sync.listing import Listing, Progress, begin, everything
from sync.look import Looker
from sync.outside import Ports
from sync.quota import Quota
from sync.records import ORPHANS, CalendarRecord

RUN = 120.0
"""Seconds that a run may take; its lease holds for a minute longer."""
PAGES = 40
"""Pages that a run lists before another one goes on."""
ROUNDS = 5
"""How often a run begins anew because the calendar was marked meanwhile."""
SELDOM, OFTEN = timedelta(days=1), timedelta(hours=1)
"""How long a calendar with a channel is not asked at all: twice its usual pause between changes, longer the longer
nothing changes, within these."""
REFUSED = timedelta(days=1)
"""When a credential that was refused is tried again."""
_IN_USE = OFTEN / 2
"""A pause between two changes after which a calendar is known to be in use."""
_NEWEST = 0.3
"""How much the newest pause counts otherwise."""
_LOOKS = 200

_log = logging.getLogger("anyroom.pull")


class Outcome(msgspec.Struct):
    """What came of a run: whether there is more to do at once, why it failed, and what it cost."""

    more: bool = False
    reason: str = ""
    pages: int = 0
    rows: int = 0
    ran: bool = False


class Puller:
    """Runs calendars. `channels` is None where changes are relayed; `new_holder` names who holds a lease."""

    def __init__(
        self,
        ports: Ports,
        calendar: GoogleCalendar,
        channels: Channels | None,
        quota: Quota,
        new_holder: Callable[[], str],
    ) -> None:
        self._ports = ports
        self._calendar = calendar
        self._channels = channels
        self._quota = quota
        self._new_holder = new_holder

    def run(self, key: str, access: Access, deadline: Deadline, pages: int = PAGES) -> Outcome:
        """Bring the conferences of the calendar with that key in step with it, as far as the deadline and pages go.

        Nothing happens while another run is at it: that one goes on when it ends. Raises StoreUnavailable.
        """
        outcome = Outcome()
        for _ in range(ROUNDS):
            openings: list[Opening] = []
            leased = self._leased(key, openings)
            if leased is None:
                return outcome
            outcome.ran = True
            try:
                self._once(_Run(leased, access, deadline, openings), outcome, pages)
            except Overtaken as overtaken:
                _log.warning("a run was overtaken: %s", overtaken.reason)
                return msgspec.structs.replace(outcome, more=False, reason=overtaken.reason)
            dirty = leased.record.dirty
            if outcome.reason or outcome.more or dirty is None or dirty > self._ports.clock.now():
                return outcome
        return msgspec.structs.replace(outcome, more=True)

    def _leased(self, key: str, openings: list[Opening]) -> LeasedCalendar | None:
        """The calendar's lease; a channel that it needs is recorded in the same write, before it is opened."""

        def also(record: CalendarRecord) -> Mapping[str, Any] | None:
            if self._channels and _was_refused_lately(record, self._ports.clock.now()):
                return None
            opening = self._channels.opening(key, record) if self._channels else None
            openings[:] = [opening] if opening else []
            return opening.changes() if opening else {}

        return lease.take(self._ports.store, self._ports.clock, key, self._new_holder(), also)

    def _once(self, run: "_Run", outcome: Outcome, pages: int) -> None:
        """One round under the lease, which is let go whatever happens, but when the store is away. Raises Overtaken."""
        user = _user(run)
        run.progress = self._begin(run)
        try:
            self._quota.check(user)
            self._work(run, pages - outcome.pages)
            self._quota.answered(user)
            self._end(run, outcome)
        except (StoreUnavailable, Overtaken):
            raise
        except OverQuota as over:
            if over.reason != "calendar-quota":
                # Whose project a relayed token is of is not known: it speaks for its user alone.
                self._quota.met(user, over.scope if self._channels else "user")
            self._fail(run, outcome, over)
        except PermissionDenied as refused:
            self._refuse(run, outcome, refused)
        except AnyroomError as failure:
            self._fail(run, outcome, failure)
        except Exception as defect:  # noqa: BLE001  # the lease is let go, and the defect is shown
            _log.error("a defect of ours", exc_info=defect)
            self._fail(run, outcome, Temporary("defect"))
        outcome.pages += run.progress.pages
        outcome.rows += run.progress.rows

    def _begin(self, run: "_Run") -> Progress:
        """Where the list goes on; what an earlier keeper listed counts no more."""
        now, record, newcomer = self._ports.clock.now(), run.leased.record, run.access.newcomer
        if newcomer and newcomer != record.keeper and keepers.is_replaceable(record, now):
            record = msgspec.structs.replace(record, query="", keeper=newcomer)
            run.changes |= {"keeper": newcomer, "kept_by": newcomer.sub}
        return begin(record, now)

    def _work(self, run: "_Run", pages: int) -> None:
        """Everything that is to be done; what it changes in the record is in `run`. Raises AnyroomError."""
        record, deadline = run.leased.record, run.deadline
        token = run.token = run.access.token(record, deadline)
        calendar = self._calendar.charged_to(run.access.quota_user(record))
        if self._channels:
            for opening in run.openings:
                run.changes |= self._channels.open(calendar, run.leased, opening, token, deadline)
        kept = msgspec.structs.replace(record, keeper=run.changes.get("keeper", record.keeper))
        applier = Applier(run.leased.key, kept, self._ports, deadline, run.leased.resumed)
        looker = Looker(
            run.leased.key,
            applier,
            self._ports,
            deadline,
            lambda event: calendar.look(record.calendar, event, token, deadline),
            lambda uid: calendar.of_series(record.calendar, uid, token, deadline),
        )
        listing = Listing(calendar, record, token, applier, looker, self._ports.store, self._ports.clock, deadline)
        self._list(run, listing, pages)
        run.listed = True
        if run.progress.whole:
            self._look(run, applier, looker)
        if self._channels:
            known = msgspec.structs.replace(record, **run.changes)
            run.changes |= self._channels.stop_previous(calendar, known, token, deadline)

    def _list(self, run: "_Run", listing: Listing, pages: int) -> None:
        """Go on with the list; where that cannot be, with a new one. Raises as Listing.go_on."""
        while True:
            try:
                listing.go_on(run.progress, pages)
                return
            except CursorExpired as expired:
                self._begin_anew(run, expired)

    def _begin_anew(self, run: "_Run", expired: CursorExpired) -> None:
        """A full list, once; when that is refused too, a later run tries again. Once more in small pages."""
        too_large, before = isinstance(expired, PageTooLarge), run.progress
        query = SMALL_PAGES if too_large else before.query
        run.progress = msgspec.structs.replace(everything(self._ports.clock.now(), query), pages=before.pages)
        run.listed = True
        if before.page and before.page.since and not too_large:
            raise expired
        _log.info("the list cannot go on, everything is listed: %s", expired.reason)

    def _look(self, run: "_Run", applier: Applier, looker: Looker) -> None:
        """Look at what waits for a run that holds a credential."""
        now, key = self._ports.clock.now(), run.leased.key
        for one in islice(applier.holdings.to_look_at(key, now), _LOOKS):
            looker.look(one)
        for document in self._ports.store.find(ORPHANS, "look", key, _LOOKS):
            looker.look_for_orphan(document)

    def _end(self, run: "_Run", outcome: Outcome) -> None:
        """Commit what was reached, under the fence, and let go."""
        now, progress = self._ports.clock.now(), run.progress
        record = msgspec.structs.replace(run.leased.record, **run.changes)
        changes: dict[str, Any] = {"cursor": progress.cursor, "page": progress.page, "query": progress.query}
        changes |= {
            "heard": now,
            "reason": "",
            "failures": 0,
            "refused": False,
            "unsure": record.unsure and not progress.whole,
        }
        if progress.changed and not (progress.page and progress.page.since):
            changes |= {"changed": now, "pace": _pace(record, now)}
        outcome.more = not progress.whole
        changes["due"] = self._due(msgspec.structs.replace(record, **changes), outcome.more)
        run.leased.release(**{**run.changes, **changes})

    def _due(self, record: CalendarRecord, more: bool) -> datetime | None:
        """When the calendar must be asked without a signal. Where changes are relayed nobody else can ask."""
        if not self._channels:
            return None
        now, spread = self._ports.clock.now(), self._ports.spread()
        if more:
            return now
        quiet = now - record.changed if record.changed else timedelta()
        silence = min(max(timedelta(seconds=2 * record.pace), 3 * quiet, OFTEN), SELDOM) * (0.75 + spread / 4)
        renewal = self._channels.renewal(record)
        return min(now + silence, renewal) if renewal else now + silence

    def _fail(self, run: "_Run", outcome: Outcome, failure: AnyroomError) -> None:
        """Keep what was reached, and say when it is tried again. Running out of time is no failure."""
        record, progress = run.leased.record, run.progress
        outcome.reason, outcome.more = failure.reason, False
        if failure.reason == "deadline" and (progress.pages > 0 or run.listed):
            outcome.reason, outcome.more = "", True
        failures = 0 if outcome.more else record.failures + 1
        least = failure.retry_after if isinstance(failure, ConferenceFailure) else None
        wait = timedelta() if outcome.more else pause(record.failures, self._ports.spread(), least)
        if isinstance(failure, Permanent):
            wait = REFUSED
        _log.log(logging.INFO if outcome.more else logging.WARNING, "a run ended early: %s", failure.reason)
        if run.listed or outcome.more:
            run.changes |= {"cursor": progress.cursor, "page": progress.page, "query": progress.query}
            run.changes |= {"heard": self._ports.clock.now(), "refused": False}
        else:
            run.keep_keeper()
        due = self._ports.clock.now() + wait if self._channels else None
        run.leased.release(**run.changes, reason=outcome.reason, failures=failures, due=due)

    def _refuse(self, run: "_Run", outcome: Outcome, refused: ConferenceFailure) -> None:
        """The keeper's credential may not read the calendar: everything is kept, and the next keeper takes over.

        Only a second access token in a row that is refused speaks of the keeper.
        """
        again = refused.reason == UNAUTHENTICATED and run.access.forget(run.leased.record, run.token)
        if again and run.leased.record.reason != UNAUTHENTICATED:
            self._fail(run, outcome, Temporary(refused.reason, refused.detail))
            return
        outcome.reason, outcome.more = refused.reason, False
        _log.warning("a calendar cannot be read: %s %s", refused.reason, refused.detail)
        due = self._ports.clock.now() + spread_out(REFUSED, self._ports.spread()) if self._channels else None
        failures = run.leased.record.failures + 1
        run.keep_keeper()
        run.leased.release(**run.changes, reason=refused.reason, refused=True, failures=failures, due=due)


def _user(run: "_Run") -> str:
    """Whose quota a run uses: the relayer's or the keeper's."""
    keeper = run.access.newcomer or run.leased.record.keeper
    return keeper.sub if keeper else run.leased.key


def _was_refused_lately(record: CalendarRecord, now: datetime) -> bool:
    """Whether the keeper's credential was refused today, so that it is asked for again tomorrow."""
    return record.refused and record.ran is not None and now - record.ran < REFUSED * 0.75


def _pace(record: CalendarRecord, now: datetime) -> float:
    """The mean seconds between two changes, with the one that was just seen."""
    if record.changed is None:
        return record.pace
    since = now - record.changed
    newest = 1.0 if since <= _IN_USE else _NEWEST
    return record.pace * (1 - newest) + since.total_seconds() * newest


class _Run:
    """What one round has at hand, and what it changes in the calendar's record."""

    def __init__(self, leased: LeasedCalendar, access: Access, deadline: Deadline, openings: list[Opening]) -> None:
        self.leased = leased
        self.access = access
        self.deadline = deadline
        self.openings = openings
        self.token = ""
        self.progress = Progress("", None)
        self.changes: dict[str, Any] = {}
        self.listed = False
        """Whether `progress` is right even when the run fails."""

    def keep_keeper(self) -> None:
        """Nobody takes the calendar over after all."""
        for field in ("keeper", "kept_by"):
            self.changes.pop(field, None)
