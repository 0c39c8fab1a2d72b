"""What reaches a sync over HTTP: relayed changes, notifications, tasks and sweeps, each with its own proof."""

import logging
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec

from conference import addon
from conference.addon import AddOnRequest
from conference.budget import Budget
from conference.clock import Clock, Deadline
from conference.endpoint import Answer, Incoming
from conference.errors import BadRequest, ConferenceFailure, Temporary, TooManyRequests, Unauthenticated, Unavailable
from conference.identity import User, Verifier
from sync.access import Access
from sync.pull import RUN, Outcome, Puller
from sync.queue import Queue
from sync.signals import Signals, notification
from sync.sweep import SWEEP, Sweep

_NOTHING: Mapping[str, Any] = {}


class _Task(msgspec.Struct):
    calendar: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]


class SyncEndpoint:
    """Answers `/calendar-changes`, `/notifications`, `/sync` and `/sweep`. `caller` proves who an add-on speaks for.

    `access` is the keepers' credential, None where changes are relayed. `budget` is each user's, for relayed changes.
    The audience of a task is its route below `public_url`.
    """

    def __init__(
        self,
        caller: Callable[[Incoming], tuple[AddOnRequest, User]],
        verifier: Verifier,
        budget: Budget,
        signals: Signals,
        puller: Puller,
        sweep: Sweep,
        access: Access | None,
        queue: Queue | None,
        public_url: str,
        clock: Clock,
    ) -> None:
        self._caller = caller
        self._verifier = verifier
        self._budget = budget
        self._signals = signals
        self._puller = puller
        self._sweep = sweep
        self._access = access
        self._queue = queue
        self._public_url = public_url
        self._clock = clock

    def calendar_changes(self, incoming: Incoming) -> Answer:
        """Run the calendar that a trigger of the add-on names: `{"more": true}` asks to be called again at once.

        204 when there was nothing to do. Raises RequestRefused.
        """
        request, caller = self._caller(incoming)
        request = addon.require_calendar(request).of(caller.email)
        if wait := self._budget.spend(caller.sub):
            raise TooManyRequests("budget", wait)
        try:
            with incoming.legs.leg("sync"), self._budget.turn(caller.sub):
                outcome = self._signals.relay(caller, request.calendar_id, request.access_token, incoming.deadline)
        except Temporary as busy:
            raise Unavailable(busy.reason, busy.detail) from busy
        if outcome is None or not outcome.ran:
            return Answer(_NOTHING, "nothing-to-do", status=204)
        return self._told(outcome, incoming, {"more": outcome.more})

    def notify(self, header: Callable[[str], str | None], incoming: Incoming) -> Answer:
        """Take a push notification. Raises NotFound, Unavailable."""
        with incoming.legs.leg("mark"):
            self._signals.notify(notification(header))
        return Answer(_NOTHING, status=204)

    def sync(self, incoming: Incoming) -> Answer:
        """Run the calendar of a task. Raises RequestRefused; Unavailable has the task repeated."""
        self._check_task(incoming)
        try:
            task = msgspec.json.decode(incoming.body(), type=_Task)
        except (ValueError, RecursionError) as error:
            raise BadRequest("malformed-task", "the body is no task of ours") from error
        try:
            with incoming.legs.leg("sync"):
                outcome = self.run(task.calendar)
        except ConferenceFailure as failure:
            raise Unavailable(failure.reason, failure.detail) from failure
        return self._told(outcome, incoming, _NOTHING)

    def sweep(self, incoming: Incoming) -> Answer:
        """Do what is due. Raises RequestRefused."""
        self._check_task(incoming)
        try:
            with incoming.legs.leg("sweep"):
                swept = self._sweep.run(Deadline(self._clock, SWEEP))
        except Temporary as failure:
            raise Unavailable(failure.reason, failure.detail) from failure
        incoming.note.update(swept.fields())
        return Answer(_NOTHING, status=204)

    def run(self, calendar: str) -> Outcome:
        """Run a calendar with its keeper's credential; what is left is queued. Raises Temporary."""
        if self._access is None or self._queue is None:
            return Outcome()
        outcome = self._puller.run(calendar, self._access, Deadline(self._clock, RUN))
        if outcome.more:
            self._queue.enqueue(calendar, self._clock.now())
        return outcome

    def _check_task(self, incoming: Incoming) -> None:
        """Raise Unauthenticated unless Cloud Tasks or Cloud Scheduler calls with the expected account."""
        scheme, _, bearer = incoming.authorization.partition(" ")
        if scheme.lower() != "bearer" or not self._public_url:
            raise Unauthenticated("no-token")
        with incoming.legs.leg("identity"):
            self._verifier.check_task(bearer, self._public_url + incoming.url.partition("?")[0])

    def _told(self, outcome: Outcome, incoming: Incoming, body: Mapping[str, Any]) -> Answer:
        incoming.note.update(pages=outcome.pages, rows=outcome.rows)
        if not outcome.ran:
            return Answer(body, "nothing-to-do")
        if outcome.reason:
            incoming.note["reason"] = outcome.reason
            return Answer(body, "early", logging.WARNING)
        return Answer(body, "more" if outcome.more else "in-step")
