"""Everything that answers requests, joined once from the settings: identity, store, Calendar, secrets, providers."""

import logging
import random
import secrets
from base64 import b32encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from conference.attempt import Attempt
from conference.budget import Budget
from conference.clock import Clock, Deadline
from conference.create import CalendarReader, Claim, Ports
from conference.endpoint import AddOnEndpoint
from conference.errors import StoreUnavailable
from conference.event import Event
from conference.http import Client, HttpCall
from conference.identity import Keys, Verifier
from conference.providers import LoadedProvider, load
from conference.providers.base import Reply, Request, origin
from conference.secrets import open_secrets
from conference.solution import Solution
from settings import Settings
from sync.claims import StoredClaims
from sync.store import Store
from sync.store.opening import open_store

_log = logging.getLogger("anyroom.service")


class Service:
    """The function's parts. `threads` is how many requests one instance answers at once.

    `client` carries every request but the store's; `keys` prove who calls. `store` and `provider` replace those of the
    settings in tests.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        threads: int,
        client: Client,
        keys: Keys,
        *,
        store: Store | None = None,
        provider: Callable[[str], LoadedProvider] = load,
    ) -> None:
        self._clock = clock
        self._client = client
        self._google = frozenset({origin(settings.google_api)})
        self._provider = provider
        self._secrets = open_secrets(settings.secrets, clock)
        self._workers = ThreadPoolExecutor(2 * threads, "leg")
        calendar = _google_calendar(settings.google_api, self._send_to_google)
        self._store = store or _opened(settings.store)
        ports = Ports(
            provider=provider,
            calendar=calendar,
            claims=StoredClaims(self._store, clock, new_attempt, random.random),
            attempt=self._attempt,
            workers=self._workers,
            clock=clock,
        )
        self.endpoint = AddOnEndpoint(
            Verifier(settings.accepted, keys, clock),
            Budget(clock),
            settings.solutions,
            ports,
            settings.public_url,
            settings.reply,
        )

    def close(self) -> None:
        """Let go of the store's connections and of the threads, once nobody is answered any more."""
        self._workers.shutdown()
        self._store.close()

    def _attempt(self, solution: Solution, event: Event, claim: Claim, deadline: Deadline) -> Attempt:
        provider = self._provider(solution.provider)

        def open_call(within: Deadline) -> HttpCall:
            return HttpCall(provider.declared, solution.options, self._client, within, self._clock, self._secrets.read)

        return Attempt(
            provider,
            open_call,
            claim.attempt,
            event,
            deadline,
            self._clock,
            renew=self._renew,
            jitter=random.random,
            resumed=claim.resumed,
        )

    def _renew(self, names: frozenset[str]) -> bool:
        """Read secrets anew; whether any is another one now."""
        changed = [self._secrets.renew(name) for name in sorted(names)]
        return any(changed)

    def _send_to_google(self, request: Request, deadline: Deadline) -> Reply:
        return self._client.exchange(request, deadline.left(), self._google, repeatable=True)


def _google_calendar(api: str, send: Callable[[Request, Deadline], Reply]) -> CalendarReader:
    """The reader of Google Calendar; its library loads while the certificates are on their way."""
    from sync.calendar import GoogleCalendar

    return GoogleCalendar(api, send)


def _opened(setting: str) -> Store:
    """The store, connected before the first request needs it."""
    store = open_store(setting)
    try:
        store.open()
    except StoreUnavailable as unavailable:
        _log.warning("store not open yet: %s", unavailable.reason)
    return store


def new_attempt() -> str:
    """An attempt id that nobody can guess: 128 random bits as 26 lower-case letters and digits."""
    return b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()
