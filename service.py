"""Everything that answers requests, joined once from the settings: identity, store, Calendar, secrets, providers."""

import json
import logging
import random
import re
import secrets
from base64 import b32encode
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from conference.attempt import Attempt
from conference.budget import Budget
from conference.clock import Clock, Deadline
from conference.create import CalendarReader, Claim, Ports
from conference.endpoint import AddOnEndpoint
from conference.errors import StoreUnavailable
from conference.event import Event
from conference.exchange import HttpClient
from conference.http import Client, HttpCall
from conference.identity import PublishedKeys, Verifier
from conference.providers import LoadedProvider, load
from conference.providers.base import Reply, Request, origin
from conference.secrets import open_secrets
from conference.solution import Solution
from settings import Settings
from sync.claims import StoredClaims
from sync.store import Store
from sync.store.opening import open_store

_CERTIFICATES = "/oauth2/v3/certs"
_FETCH = 3.0
"""Seconds for fetching Google's certificates."""
_LEAST_KEPT, _MOST_KEPT = 60.0, 86_400.0
"""Seconds that certificates are kept at least and at most."""

_log = logging.getLogger("anyroom.service")
_MAX_AGE = re.compile(r"max-age=(\d{1,9})")


class Service:
    """The function's parts. `threads` is how many requests one instance answers at once.

    `store`, `client` and `provider` are the outside world where a test brings its own.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        threads: int,
        *,
        store: Store | None = None,
        client: Client | None = None,
        provider: Callable[[str], LoadedProvider] = load,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._client = client or HttpClient()
        self._google = frozenset({origin(settings.google_api)})
        self._provider = provider
        self._keys = PublishedKeys(self._local_keys if settings.key_file else self._google_keys, clock)
        self._secrets = open_secrets(settings.secrets, clock)
        self._workers = ThreadPoolExecutor(2 * threads, "leg")
        self._workers.submit(self._keys.prefetch)
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
            Verifier(settings.accepted, self._keys, clock),
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

    def _google_keys(self) -> tuple[Mapping[str, Any], float]:
        """Google's certificates as a JWK set, and the seconds for which its Cache-Control lets them be kept."""
        request = Request("GET", self._settings.google_api + _CERTIFICATES)
        reply = self._send_to_google(request, Deadline(self._clock, _FETCH))
        if reply.status != 200:
            raise ValueError(f"the certificates' address answered {reply.status}")
        age = _MAX_AGE.search(reply.headers.get("Cache-Control", ""))
        return reply.json(), min(max(float(age[1]) if age else 0.0, _LEAST_KEPT), _MOST_KEPT)

    def _local_keys(self) -> tuple[Mapping[str, Any], float]:
        """The simulator's keys, from its key file."""
        return json.loads(Path(self._settings.key_file).read_text("utf-8")), _MOST_KEPT


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
