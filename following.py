"""Joins what keeps conferences true to their events, from the settings: credential, queue, channels, runs, sweep."""

import random
import secrets
from collections.abc import Callable

from conference.addon import AddOnRequest
from conference.budget import Budget
from conference.clock import Clock, Deadline
from conference.endpoint import Incoming
from conference.identity import User, Verifier
from settings import Settings
from sync.access import Access, Delegated
from sync.calendar import GoogleCalendar
from sync.carrier import Send
from sync.channel import Channels
from sync.conferences import Conferences
from sync.endpoint import SyncEndpoint
from sync.outside import Ports
from sync.own_token import OwnToken
from sync.pull import Puller
from sync.queue import InlineQueue, Queue
from sync.quota import Quota
from sync.signals import Signals
from sync.store import Store
from sync.sweep import Sweep

RELAYS, RELAYS_REFILL = 60, 1.0
"""Calls of a user's triggers at once, and those that come back each second: a daily one asks for every calendar."""

OwnAccessToken = Callable[[Deadline], str]


class Following:
    """The parts of a sync. `caller` proves who an add-on speaks for; `send` reaches Google's services.

    `own_token` gives the function's own access token, that of the metadata server when it is None. `access` and `queue`
    are None where changes are relayed: nobody can read a calendar then but its user's own triggers.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        store: Store,
        calendar: GoogleCalendar,
        conferences: Conferences,
        send: Send,
        own_token: OwnAccessToken | None,
        caller: Callable[[Incoming], tuple[AddOnRequest, User]],
        verifier: Verifier,
    ) -> None:
        ports = Ports(store, conferences, clock, random.random, settings.grace)
        token = own_token or OwnToken()
        self.access = _access(settings, clock, send, token)
        self.queue = self._opened_queue(settings, clock, send, token)
        channels = _channels(settings, clock) if self.access else None
        self.puller = Puller(ports, calendar, channels, Quota(clock, random.random), _holder)
        self.sweep = Sweep(ports, self.queue, _holder, once=bool(settings.keys))
        self.signals = Signals(store, clock, calendar, self.puller, self.queue)
        self.endpoint = SyncEndpoint(
            caller,
            verifier,
            Budget(clock, RELAYS, RELAYS_REFILL),
            self.signals,
            self.puller,
            self.sweep,
            self.access,
            self.queue,
            settings.public_url,
            clock,
        )

    def close(self) -> None:
        """Let go of the queue."""
        if self.queue:
            self.queue.close()

    def _opened_queue(self, settings: Settings, clock: Clock, send: Send, own_token: OwnAccessToken) -> Queue | None:
        """Cloud Tasks, or a thread of this process; None where changes are relayed and nothing can run by itself."""
        if self.access is None:
            return None
        if not settings.queue:
            return InlineQueue(lambda calendar: self.endpoint.run(calendar), clock)
        from sync.cloud_tasks import CloudTasks

        url = f"{settings.public_url}/sync"
        account = settings.accepted.tasks_account
        return CloudTasks(settings.queue, url, account, url, own_token, send, clock, settings.cloud_tasks)


def _access(settings: Settings, clock: Clock, send: Send, own_token: OwnAccessToken) -> Access | None:
    """The keepers' credential; None where changes are relayed."""
    if not settings.credential:
        return None
    from sync.credentials import Delegation

    return Delegated(Delegation(settings.credential, own_token, send, clock, iam=settings.iam, oauth2=settings.oauth2))


def _channels(settings: Settings, clock: Clock) -> Channels:
    address = f"{settings.public_url}/notifications"
    return Channels(address, clock, lambda: secrets.token_hex(16), lambda: secrets.token_urlsafe(32))


def _holder() -> str:
    return secrets.token_hex(8)
