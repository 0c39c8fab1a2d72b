"""Push channels: who watches which calendar for how long, and the bodyless messages that tell them of its changes.

Source: Calendar API, "Get push notifications"; events.watch and channels.stop.
"""

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from urllib.parse import quote

import requests

from conference.clock import Clock
from simulator.calendar import Calendar
from simulator.outbox import Outbox

RETRIED: Final = frozenset({500, 502, 503, 504})
"""Answers after which Google tries again; every other failure loses the message."""
FIRST_BACKOFF: Final = 10.0
LONGEST_BACKOFF: Final = 3600.0
TIMEOUT: Final = 30.0

State = Literal["sync", "exists", "not_exists"]
"""X-Goog-Resource-State. Google names the last one and does not say when it comes; here, when the calendar is gone."""


@dataclass(eq=False, slots=True)
class Channel:
    """One channel, as it was opened; `number` is that of the last message."""

    id: str
    user: str
    calendar: str
    address: str
    token: str
    expiration: datetime
    resource_id: str
    resource_uri: str
    stopped: bool = False
    number: int = 0

    @property
    def milliseconds(self) -> int:
        """The expiration as Google writes it."""
        return int(self.expiration.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Notification:
    """One message. `attempts` says how often it was sent in vain, and it is not sent by itself before `due`."""

    channel: Channel
    number: int
    state: State
    due: datetime
    attempts: int = 0

    @property
    def headers(self) -> Mapping[str, str]:
        """All that the message says."""
        channel = self.channel
        said = {
            "X-Goog-Channel-ID": channel.id,
            "X-Goog-Message-Number": str(self.number),
            "X-Goog-Resource-ID": channel.resource_id,
            "X-Goog-Resource-State": self.state,
            "X-Goog-Resource-URI": channel.resource_uri,
            "X-Goog-Channel-Expiration": channel.expiration.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"),
        }
        return {**said, "X-Goog-Channel-Token": channel.token} if channel.token else said


class Push(Outbox[Notification, int]):
    """The channels and their messages.

    `lifetime` is how many seconds a channel may live; `send` posts one message. With `late`, what waited when its
    channel was stopped still arrives, until that would have expired; else it is dropped.
    """

    def __init__(self, clock: Clock, randomness: random.Random) -> None:
        super().__init__(randomness)
        self._clock = clock
        self.channels: list[Channel] = []
        self.lifetime = 604800.0
        self.late = False
        self.send: Callable[[str, Mapping[str, str]], int] = post

    def open(
        self, channel_id: str, user: str, calendar_id: str, address: str, token: str, seconds: float | None
    ) -> Channel | None:
        """A new channel and its first message; None when the id was used before. `seconds` is the life wished for."""
        uri = f"https://www.googleapis.com/calendar/v3/calendars/{quote(calendar_id, safe='@')}/events?alt=json"
        life = self.lifetime if seconds is None else min(seconds, self.lifetime)
        with self._mutex:
            if any(channel.id == channel_id for channel in self.channels):
                return None
            # Whole seconds, which is all that the header can say.
            expiration = (self._clock.now() + timedelta(seconds=life)).replace(microsecond=0)
            resource = hashlib.sha256(calendar_id.encode()).hexdigest()[:27]
            made = Channel(channel_id, user, calendar_id, address, token, expiration, resource, uri)
            self.channels.append(made)
            self._announce(made, "sync")
            return made

    def stop(self, channel_id: str, resource_id: str, user: str) -> bool:
        """Whether there was such a live channel of that user; it is stopped."""
        with self._mutex:
            for channel in self.channels:
                mine = (channel.id, channel.resource_id, channel.user) == (channel_id, resource_id, user)
                if mine and self._lives(channel):
                    channel.stopped = True
                    return True
            return False

    def changed(self, calendar: Calendar, by_program: bool) -> None:
        """Have each live channel on the calendar get a message, whoever made the change."""
        with self._mutex:
            for channel in self.channels:
                if channel.calendar == calendar.id and self._lives(channel):
                    self._announce(channel, "not_exists" if calendar.removed else "exists")

    def _announce(self, channel: Channel, state: State) -> None:
        # Numbers grow and are not sequential, except that the first is 1.
        channel.number += 1 if state == "sync" else self._random.randrange(1, 5)
        self._put(Notification(channel, channel.number, state, self._clock.now()))

    def _lives(self, channel: Channel) -> bool:
        return not channel.stopped and channel.expiration > self._clock.now()

    def _wanted(self, item: Notification) -> bool:
        channel = item.channel
        return self._lives(channel) or (self.late and channel.stopped and channel.expiration > self._clock.now())

    def _due(self, item: Notification) -> bool:
        return item.due <= self._clock.now()

    def _attempt(self, item: Notification) -> int:
        try:
            status = self.send(item.channel.address, item.headers)
        except BaseException:
            # As when the receiver dies: the front end answers 500 for it.
            self._put_back(item)
            raise
        if status in RETRIED:
            self._put_back(item)
        return status

    def _put_back(self, item: Notification) -> None:
        wait = min(FIRST_BACKOFF * 2**item.attempts, LONGEST_BACKOFF)
        later = replace(item, attempts=item.attempts + 1, due=self._clock.now() + timedelta(seconds=wait))
        self._put(later)


def post(address: str, headers: Mapping[str, str]) -> int:
    """Post a message over HTTP; the status of the answer, 0 when none came."""
    agent = "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)"
    try:
        own = {**headers, "User-Agent": agent}
        return requests.post(address, headers=own, timeout=TIMEOUT, allow_redirects=False).status_code
    except requests.RequestException:
        return 0
