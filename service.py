"""Everything that answers requests, joined once from the settings: identity, store, Calendar, secrets, providers."""

import logging
import random
import secrets
import threading
from base64 import b32encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, NamedTuple

from conference.attempt import Attempt
from conference.budget import Budget
from conference.clock import Clock, Deadline
from conference.create import Claim, Ports, Wanted
from conference.endpoint import AddOnEndpoint
from conference.errors import ConferenceFailure, StoreUnavailable
from conference.event import Event
from conference.http import Client, HttpCall
from conference.identity import Keys, Verifier
from conference.meeting import JoinLinks
from conference.providers import LoadedProvider, connects_users, of
from conference.providers.base import Reply, Request, Secret, origin
from conference.secrets import open_secrets, secret_name
from conference.solution import Solution
from settings import Settings
from sync.background import survive
from sync.claims import StoredClaims
from sync.store import Store
from sync.store.opening import open_store

if TYPE_CHECKING:
    from conference.seal import Seal
    from conference.tokens import Tokens
    from following import Following
    from sync.calendar import GoogleCalendar
    from sync.conferences import Conferences
    from sync.endpoint import SyncEndpoint
    from sync.ticker import Ticker
    from visitors import Visitors


class Parts(NamedTuple):
    """What operators work with. `tokens` and `seal` are None where the configuration has nothing to seal."""

    store: Store
    calendar: "GoogleCalendar"
    conferences: "Conferences"
    following: "Following"
    tokens: "Tokens | None"
    seal: "Seal | None"
    links: JoinLinks
    secret: Secret


SWEEP = 120.0
"""Seconds between two sweeps, and for one of them, on a machine without Cloud Scheduler."""

_log = logging.getLogger("anyroom.service")


class Service:
    """The function's parts. `threads` is how many requests one instance answers at once.

    `client` carries every request but the store's; `keys` prove who calls. `store`, `provider` and `own_token` (the
    function's own access token) replace what is found otherwise in tests.
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
        provider: Callable[[Solution], LoadedProvider] = of,
        own_token: Callable[[Deadline], str] | None = None,
    ) -> None:
        self._clock = clock
        self._client = client
        services = (settings.google_api, settings.iam, settings.oauth2, settings.cloud_tasks)
        self._google = frozenset(map(origin, services))
        self._provider = provider
        self._secrets = open_secrets(settings.secrets, clock)
        self._workers = ThreadPoolExecutor(2 * threads, "leg")
        self._calendar = _google_calendar(settings.google_api, self._send_to_google)
        self._store = store or _opened(settings.store)
        self._settings = settings
        self._verifier = Verifier(settings.accepted, keys, clock)
        self._lock = threading.Lock()
        self._following: Following | None = None
        self._ticker: Ticker | None = None
        self._own_token = own_token
        self._visitors: Visitors | None = None
        self._seal: Seal | None = None
        self._tokens: Tokens | None = None
        if settings.keys:
            self._seal, self._tokens = self._custody()
        self._links = JoinLinks(
            settings.public_url, self._seal, lambda solution: provider(solution).declared.joins, new_attempt
        )
        ports = Ports(
            provider=provider,
            calendar=self._calendar,
            claims=StoredClaims(self._store, clock, new_attempt, random.random, self._links, self._follow),
            attempt=self._attempt,
            prepare=self._prepare,
            workers=self._workers,
            clock=clock,
        )
        self.endpoint = AddOnEndpoint(
            self._verifier,
            Budget(clock),
            settings.solutions,
            ports,
            settings.public_url,
            settings.reply,
            lambda user, solution: self.visitors.link(user, solution),
        )

    @property
    def following(self) -> "SyncEndpoint":
        """What keeps conferences true to their events, joined when it is first asked: a create does not wait for it."""
        return self._follows().endpoint

    @property
    def visitors(self) -> "Visitors":
        """What a user's browser and the systems' webhooks meet, joined when it is first asked."""
        with self._lock:
            if self._visitors is None:
                from visitors import Outside, Visitors

                outside = Outside(
                    self._clock,
                    self._client,
                    self._store,
                    self._verifier,
                    self._secret,
                    self._secrets.read,
                    self._renew,
                    self._provider,
                    self._open_call,
                    self._conferences(),
                    self._links,
                    new_text,
                )
                self._visitors = Visitors(self._settings, outside, self._seal, self._tokens)
            return self._visitors

    def begin_sweeping(self) -> None:
        """Sweep every few minutes in this process, on a machine without Cloud Scheduler."""
        from sync.ticker import Ticker

        self._ticker = Ticker(self.sweep, SWEEP, random.random)
        self._ticker.start()

    def parts(self) -> Parts:
        """What the commands of operations/ are made of, joined as the function itself joins it."""
        return Parts(
            self._store,
            self._calendar,
            self._conferences(),
            self._follows(),
            self._tokens,
            self._seal,
            self._links,
            self._secret,
        )

    def sweep(self) -> None:
        """Do what is due now. Raises StoreUnavailable."""
        swept = self._follows().sweep.run(Deadline(self._clock, SWEEP))
        _log.info("swept", extra={"fields": swept.fields()})

    def close(self) -> None:
        """Let go of the store's connections and of the threads, once nobody is answered any more."""
        if self._ticker:
            self._ticker.close()
        if self._following:
            self._following.close()
        self._workers.shutdown()
        self._store.close()

    def _follow(self, calendar: str) -> None:
        """Have a calendar followed whose first conference was just made. Where changes are relayed, the add-on does.

        Whatever goes wrong here, the conference is made: the sweep makes up for it.
        """
        if self._settings.credential:
            survive("following", lambda: self._follows().signals.begin(calendar))

    def _follows(self) -> "Following":
        with self._lock:
            if self._following is None:
                from following import Following

                self._following = Following(
                    self._settings,
                    self._clock,
                    self._store,
                    self._calendar,
                    self._conferences(),
                    self._send_to_google,
                    self._own_token,
                    self.endpoint.caller,
                    self._verifier,
                )
            return self._following

    def _conferences(self) -> "Conferences":
        from sync.conferences import Conferences

        return Conferences(
            self._settings.solutions, self._provider, self._open_call, self._renew, self._is_connected, self._links
        )

    def _open_call(self, solution: Solution, user: str, account: str, link: str, deadline: Deadline) -> HttpCall:
        """A provider's call, as that user, or for that account where the solution's own makes all conferences.

        Raises NotConnected.
        """
        declared, options = self._provider(solution).declared, solution.options
        bearer, host = None, account
        if declared.oauth:
            assert self._tokens, "settings.load asks for keys"
            bearer = self._tokens.bearer(solution.id, user)
            host = account if declared.oauth.account(options) is not None else ""
        read = self._secrets.read
        return HttpCall(declared, options, self._client, deadline, self._clock, read, bearer, host, link)

    def _is_connected(self, solution: Solution, user: str) -> bool:
        """Whether the solution can be asked for that user. Raises StoreUnavailable, SecretUnavailable."""
        if not connects_users(solution):
            return True
        assert self._tokens, "settings.load asks for keys"
        known = self._tokens.connection(user, solution.id)
        return known is not None and known.state == "connected"

    def _custody(self) -> "tuple[Seal, Tokens]":
        """What seals, and the tokens that are sealed."""
        from conference.custody import Ports as CustodyPorts
        from conference.seal import open_seal
        from conference.tokens import Tokens
        from sync.connections import StoredConnections

        seal = open_seal(self._settings.keys, self._secrets, secrets.token_bytes)
        ports = CustodyPorts(StoredConnections(self._store), seal, self._clock, new_attempt, random.random)
        return seal, Tokens(ports, self._settings.solutions, self._provider, self._client)

    def _secret(self, text: str) -> str:
        """The value behind a text written `secret:NAME`, or the text itself. Raises SecretUnavailable, Temporary."""
        name = secret_name(text)
        return text if name is None else self._secrets.read(name)

    def _prepare(self, wanted: Wanted, deadline: Deadline) -> None:
        """Begin to find the access token beside what else a create asks for; whatever fails is met again later."""
        if self._tokens and not self._store.local and self._provider(wanted.solution).declared.oauth:
            self._workers.submit(copy_context().run, self._find_token, wanted, deadline)

    def _find_token(self, wanted: Wanted, deadline: Deadline) -> None:
        assert self._tokens
        try:
            self._tokens.bearer(wanted.solution.id, wanted.caller.sub).token(self._secret, deadline)
        except ConferenceFailure as failure:
            _log.info("no token yet: %s", failure.reason)

    def _attempt(self, wanted: Wanted, event: Event, claim: Claim, deadline: Deadline) -> Attempt:
        solution, caller = wanted.solution, wanted.caller
        account = claim.account if claim.resumed else caller.email
        return Attempt(
            self._provider(solution),
            lambda within: self._open_call(solution, caller.sub, account, claim.link, within),
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


def _google_calendar(api: str, send: Callable[[Request, Deadline], Reply]) -> "GoogleCalendar":
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


def new_text() -> str:
    """A text that nobody can guess: 256 random bits as 43 letters, digits, - and _."""
    return secrets.token_urlsafe(32)
