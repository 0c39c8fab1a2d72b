"""Apps Script's triggers, as the add-on's script sets them up: they post a user's changed calendars to the function.

Sources: the add-on's script, shim.gs; "Quotas for Google services" (triggers for each user and script).
"""

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import requests

from conference.clock import Clock
from simulator.access import AccessTokens
from simulator.calendar import Calendar
from simulator.host import Host
from simulator.identity import Identity
from simulator.outbox import Outbox

MOST: Final = 20
ROUNDS: Final = 12
TIMEOUT: Final = 60.0
"""Seconds that UrlFetchApp waits for an answer."""
CHECK_AGAIN: Final = timedelta(days=7)

Answer = tuple[int, Any]
"""The status of an answer and its JSON; 0 when none came, None when it is no JSON."""


@dataclass(frozen=True, slots=True)
class Firing:
    """A change of a calendar that a user's trigger has not run for yet."""

    email: str
    calendar: str


class Triggers(Outbox[Firing, list[Answer]]):
    """Every user's triggers and what they remember. `post` sends one request to the function.

    With `on_api_changes` off, changes that programs make through the API fire no trigger; Google does not say.
    """

    def __init__(
        self, clock: Clock, randomness: random.Random, identity: Identity, tokens: AccessTokens, host: Host
    ) -> None:
        super().__init__(randomness)
        self._clock = clock
        self._identity = identity
        self._tokens = tokens
        self._host = host
        self._remembered: dict[str, dict[str, datetime]] = {}
        self._daily: set[str] = set()
        self._on_change: dict[str, list[str]] = {}
        self.on_api_changes = True
        self.post: Callable[[dict[str, Any], str], Answer] = self._over_http

    def follow(self, email: str, calendar_id: str) -> None:
        """What the script does after a conference: set up the triggers of a calendar, unless it did so lately."""
        email, calendar_id = email.lower(), calendar_id.lower()
        with self._mutex:
            remembered = self._remembered.setdefault(email, {})
            checked = remembered.get(calendar_id)
            if checked is not None and self._clock.now() - checked < CHECK_AGAIN:
                return
            remembered[calendar_id] = self._clock.now()
            on_change = self._on_change.setdefault(email, [])
            self._daily.add(email)
            if calendar_id not in on_change and len(on_change) + 1 < MOST:
                on_change.append(calendar_id)

    def remove(self, email: str) -> None:
        """The user uninstalls the add-on: the triggers are gone. What the script remembers outlives them."""
        with self._mutex:
            self._daily.discard(email.lower())
            self._on_change.pop(email.lower(), None)

    def followed(self, email: str) -> list[str]:
        """The calendars that have a change trigger of the user."""
        with self._mutex:
            return list(self._on_change.get(email.lower(), ()))

    def daily(self, email: str) -> list[Answer]:
        """The day's run for every calendar that the script remembers of a user, and what the function answered."""
        email = email.lower()
        with self._mutex:
            if email not in self._daily:
                return []
            calendars = sorted(self._remembered[email], key=lambda name: hashlib.sha256(name.encode()).digest())
        first = int(self._clock.now().timestamp() // 86400) % len(calendars)
        return self._relay(email, calendars[first:] + calendars[:first])

    def changed(self, calendar: Calendar, by_program: bool) -> None:
        """Have each user's trigger on the calendar fire, of those who may still see it."""
        if by_program and not self.on_api_changes:
            return
        with self._mutex:
            for email, calendars in self._on_change.items():
                if calendar.id in calendars and calendar.role(email) != "none":
                    self._put(Firing(email, calendar.id))

    def _wanted(self, item: Firing) -> bool:
        return item.calendar in self._on_change.get(item.email, ())

    def _due(self, item: Firing) -> bool:
        return True

    def _attempt(self, item: Firing) -> list[Answer]:
        return self._relay(item.email, [item.calendar])

    def _relay(self, email: str, calendars: list[str]) -> list[Answer]:
        """Ask the function to sync each calendar, again while it has more to do."""
        answers: list[Answer] = []
        waiting = calendars
        for _ in range(ROUNDS):
            unfinished = []
            for calendar in waiting:
                body = {"calendarId": calendar, "oauthToken": self._tokens.issue(email)}
                status, answer = self.post(body, self._identity.script_token(email))
                answers.append((status, answer))
                if status == 200 and isinstance(answer, Mapping) and answer.get("more") is True:
                    unfinished.append(calendar)
            waiting = unfinished
        return answers

    def _over_http(self, body: dict[str, Any], bearer: str) -> Answer:
        if not self._host.function:
            return 0, None
        try:
            reply = requests.post(
                f"{self._host.function}/calendar-changes",
                json=body,
                headers={"Authorization": f"Bearer {bearer}"},
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException:
            return 0, None
        try:
            return reply.status_code, reply.json()
        except ValueError:
            return reply.status_code, None
