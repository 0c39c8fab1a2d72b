"""What conferencing systems tell of their own accord: proved by their signature, acted on once, answered at once."""

import hashlib
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from conference import audit
from conference.clock import Clock
from conference.errors import NotFound, Unauthenticated
from conference.providers import LoadedProvider
from conference.providers.base import FRESH, Hook, Notice, Secret
from conference.secrets import secret_name
from conference.solution import Solution

_REMEMBERED = timedelta(seconds=2 * FRESH)
"""For how long a call that was acted on is known: later it is not fresh any more."""

_log = logging.getLogger("anyroom.webhooks")


class Heard(Protocol):
    """What is done about a notice, over all instances. Every method may raise StoreUnavailable."""

    def is_spent(self, value: str) -> bool:
        """Whether it was used before."""

    def spend(self, value: str, until: datetime) -> bool:
        """Whether it was not used before; it need not be remembered longer than `until`."""

    def deauthorised(self, solution: str, account: str, since: datetime | None) -> int:
        """A user took our access away, `since` then: their connection is erased unless it was made later. How many."""

    def deleted(self, solution: str, conference: str) -> int:
        """A conference was deleted there: that is recorded, and shown. How many events hold it."""


class Webhooks:
    """Takes the calls. `provider` loads one by name; `secret` gives what stands behind `secret:NAME`.

    `renew` reads secrets again, by their names; it is asked after each signature that is not right, and has to bound
    that itself.
    """

    def __init__(
        self,
        solutions: Mapping[str, Solution],
        provider: Callable[[Solution], LoadedProvider],
        secret: Secret,
        renew: Callable[[frozenset[str]], object],
        heard: Heard,
        clock: Clock,
    ) -> None:
        self._solutions = solutions
        self._provider = provider
        self._secret = secret
        self._renew = renew
        self._heard = heard
        self._clock = clock

    def take(self, solution: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
        """What the call is answered with. The same call twice is acted on once.

        Raises NotFound for a solution without webhooks, Unauthenticated without a proof, BadRequest for a body that
        makes no sense, SecretUnavailable, StoreUnavailable, Temporary: then the system calls again.
        """
        known = self._solutions.get(solution)
        webhook = self._provider(known).webhook if known else None
        if not (known and webhook):
            raise NotFound("no-webhook")
        notice = self._proved(webhook, Hook(headers, body, known.options, self._clock.now()))
        call = hashlib.sha256(solution.encode() + b"\0" + body).hexdigest()
        if notice.kind != "nothing" and not self._heard.is_spent(call):
            _log.info("told by %s: %s of %d", solution, notice.kind, self._act(solution, notice))
            self._heard.spend(call, self._clock.now() + _REMEMBERED)
        return notice.reply or {}

    def _proved(self, webhook: Callable[[Hook, Secret], Notice], hook: Hook) -> Notice:
        """What the call says. A secret that may have been replaced since it was read is read again, once."""
        asked: set[str] = set()

        def secret(text: str) -> str:
            name = secret_name(text)
            asked.update(() if name is None else (name,))
            return self._secret(text)

        try:
            return webhook(hook, secret)
        except Unauthenticated:
            self._renew(frozenset(asked))
        return webhook(hook, secret)

    def _act(self, solution: str, notice: Notice) -> int:
        if notice.kind == "deauthorised":
            erased = self._heard.deauthorised(solution, notice.id, notice.since)
            if erased:
                audit.record("disconnect", audit.SYSTEM, "connection", solution=solution, count=erased)
            return erased
        return self._heard.deleted(solution, notice.id)
