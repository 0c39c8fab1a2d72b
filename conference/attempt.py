"""One attempt at a provider: what an earlier try made is found again, and a new try is made only where it is safe."""

import logging
from collections.abc import Callable

from msgspec.structs import replace

from conference.clock import Clock, Deadline
from conference.data import shorten
from conference.description import plain
from conference.errors import CredentialsRefused, InvalidConferenceData, OutcomeUnknown, Temporary
from conference.event import PLACEHOLDER_TITLE, Event
from conference.http import HttpCall
from conference.providers import LoadedProvider
from conference.providers.base import Conference, Limits

_PAUSES = (0.3, 1.0)
"""Seconds before the second and the third try, spread by a half either way."""
_TRY = 7.0
"""Seconds that one try may take, so that a system that hangs once is asked again."""
_ANSWER = 0.5
"""Seconds that are kept back for the record and the answer."""
_UNRESOLVED = "host-not-found"
"""A name that is not resolved took the resolver's own time, which no deadline ends: once is enough."""

_log = logging.getLogger("anyroom.attempt")


class Attempt:
    """Makes one conference under one attempt id.

    `uncertain` says whether something may have been made that was not answered: by an earlier holder of the claim
    (`resumed`), or by a try of this one.
    """

    def __init__(
        self,
        provider: LoadedProvider,
        open_call: Callable[[Deadline], HttpCall],
        attempt: str,
        event: Event,
        deadline: Deadline,
        clock: Clock,
        *,
        renew: Callable[[frozenset[str]], bool],
        jitter: Callable[[], float],
        resumed: bool = False,
    ) -> None:
        self._provider = provider
        self._open_call = open_call
        self._used: frozenset[str] = frozenset()
        self._attempt = attempt
        self._event = fitted(event, provider.declared.limits)
        self._deadline = deadline
        self._clock = clock
        self._renew = renew
        self._jitter = jitter
        self._asked = False
        self.uncertain = resumed

    def make(self) -> Conference:
        """The conference, made or found. Raises ConferenceFailure; OutcomeUnknown when the last try may have made one.

        Credentials that the system refuses are read again once, and it is asked again where that is safe.
        """
        try:
            return self._with_retries()
        except CredentialsRefused:
            if not self._deadline.left() or not self._renew(self._used) or not self._repeatable():
                raise
            return self._with_retries()

    def _with_retries(self) -> Conference:
        pauses = iter(_PAUSES)
        while True:
            try:
                return self._find_or_create()
            except InvalidConferenceData:
                raise
            except Temporary as failure:
                self.uncertain = self.uncertain or isinstance(failure, OutcomeUnknown)
                planned = next(pauses, None)
                if planned is None or not self._repeatable() or failure.reason == _UNRESOLVED:
                    raise
                pause = max(planned * (0.5 + self._jitter()), failure.retry_after or 0.0)
                if pause > self._deadline.left() - _ANSWER:
                    raise
                _log.info("another try in %.1f s: %s", pause, failure.reason)
                self._clock.sleep(pause)

    def _find_or_create(self) -> Conference:
        provider = self._provider
        call = self._open_call(self._deadline.within(_TRY))
        try:
            if self.uncertain and provider.find and provider.declared.idempotency == "searchable":
                found = provider.find(self._attempt, call)
                if found:
                    return found
                if self._asked:
                    raise OutcomeUnknown("not-found-yet", "the system may still be making it")
            self._asked = True
            return provider.create(self._event, self._attempt, call)
        finally:
            self._used = call.used_secrets
            self.uncertain = self.uncertain or call.may_have_acted
            for note in call.notes:
                _log.warning("%s: %s", provider.declared.name, note)

    def _repeatable(self) -> bool:
        """Whether a further try cannot make a second conference."""
        return not self.uncertain or self._provider.declared.idempotency != "none"


def fitted(event: Event, limits: Limits) -> Event:
    """The event with texts that the system takes, the description without its HTML; an untitled event gets a title."""
    summary, description = event.summary.strip() or PLACEHOLDER_TITLE, plain(event.description)
    if limits.summary is not None:
        summary = shorten(summary, limits.summary)
    if limits.description is not None:
        description = shorten(description, limits.description)
    return replace(event, summary=summary, description=description)
