"""Push channels: each calendar has one that lives, known before it is opened and stopped when the next one does.

Only a hash of a channel's token is kept. Source: Push notifications (Calendar API guides); Events: watch.
"""

import hmac
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec

from conference.clock import Clock, Deadline
from conference.errors import ConferenceFailure, OutcomeUnknown
from sync.calendar import CHANNEL_SECONDS, GoogleCalendar
from sync.lease import LeasedCalendar
from sync.records import CalendarRecord, Channel

UNANSWERED = timedelta(minutes=5)
"""After which a channel whose opening nobody answered for is replaced."""
RETRY = timedelta(hours=1)
"""When a channel that could not be opened is tried again."""
_MOST_PREVIOUS = 8
_log = logging.getLogger("anyroom.channel")


class Opening(msgspec.Struct, frozen=True):
    """A channel that is about to be opened, its token, and what stood before."""

    channel: Channel
    secret: str
    before: Channel | None
    previous: list[Channel]

    def changes(self) -> Mapping[str, Any]:
        """What the record says while it opens; of too many earlier channels those are kept that are known to live."""
        earlier = [self.before, *self.previous] if self.before else self.previous
        known_first = sorted(earlier, key=lambda channel: not channel.resource)
        return {"channel": self.channel, "previous_channels": known_first[:_MOST_PREVIOUS]}


class Channels:
    """Opens, renews and stops channels to `address`. `new_id` and `new_secret` give what nobody can guess."""

    def __init__(
        self,
        address: str,
        clock: Clock,
        new_id: Callable[[], str],
        new_secret: Callable[[], str],
    ) -> None:
        self._address = address
        self._clock = clock
        self._new_id = new_id
        self._new_secret = new_secret

    def opening(self, key: str, record: CalendarRecord) -> Opening | None:
        """The channel that the calendar needs now; None while its own will do."""
        now = self._clock.now()
        previous = [channel for channel in record.previous_channels if channel.expires > now]
        if record.keeper is None or not self._is_needed(record, now):
            return None
        secret = f"{key}.{self._new_secret()}"
        channel = Channel(
            id=self._new_id(),
            token=_hashed(secret),
            address=_hashed(self._address),
            by=record.keeper.sub,
            opened=now,
            expires=now + timedelta(seconds=CHANNEL_SECONDS),
        )
        return Opening(channel, secret, record.channel, previous)

    def open(
        self, calendar: GoogleCalendar, leased: LeasedCalendar, opening: Opening, token: str, deadline: Deadline
    ) -> Mapping[str, Any]:
        """Open it at Calendar: what the record says from now on. Raises Temporary when no time is left.

        A failure costs nothing but signals: what stood before stands again, and it is tried again within the hour.
        """
        deadline.check()
        try:
            watched = calendar.watch(
                leased.record.calendar, opening.channel.id, opening.secret, self._address, token, deadline
            )
        except OutcomeUnknown as unknown:
            _log.warning("channel perhaps opened: %s", unknown.reason)
            return {}
        except ConferenceFailure as failure:
            _log.error("channel not opened: %s %s", failure.reason, failure.detail)
            return {"channel": opening.before, "previous_channels": opening.previous}
        channel = msgspec.structs.replace(opening.channel, resource=watched.resource, expires=watched.expires)
        return {"channel": channel}

    def stop_previous(
        self, calendar: GoogleCalendar, record: CalendarRecord, token: str, deadline: Deadline
    ) -> Mapping[str, Any]:
        """Stop the channels before this one, as far as the same keeper opened them: what the record says then.

        One that cannot be stopped is kept until it expires, so that its late messages are recognised. None is stopped
        before this one is known to be open. Its resource is theirs too (Channels resource, resourceId).
        """
        now, keeper = self._clock.now(), record.keeper
        resource = record.channel.resource if record.channel else ""
        left = []
        for channel in record.previous_channels:
            if channel.expires <= now:
                continue
            if not resource or keeper is None or channel.by != keeper.sub or not deadline.left():
                left.append(channel)
                continue
            try:
                calendar.stop(channel.id, channel.resource or resource, token, deadline)
            except ConferenceFailure as failure:
                _log.warning("channel not stopped: %s", failure.reason)
                left.append(channel)
        return {"previous_channels": left} if left != record.previous_channels else {}

    def renewal(self, record: CalendarRecord) -> datetime | None:
        """When the next channel is opened, after a run; None without a keeper."""
        now = self._clock.now()
        if record.keeper is None:
            return None
        if record.channel and not record.channel.resource:
            return now + _patience(record)
        if record.channel is None or self._is_needed(record, now):
            return now + RETRY
        return _renewed(record.channel)

    def _is_needed(self, record: CalendarRecord, now: datetime) -> bool:
        channel, keeper = record.channel, record.keeper
        if channel is None or keeper is None:
            return True
        if channel.by != keeper.sub or channel.address != _hashed(self._address):
            return True
        return now >= (_renewed(channel) if channel.resource else channel.opened + _patience(record))


def recognised(record: CalendarRecord, channel_id: str, token: str, resource: str, now: datetime) -> Channel | None:
    """The channel of the record that a message came through, proved by its token; None for any other message."""
    given = _hashed(token)
    for channel in (record.channel, *record.previous_channels):
        if channel is None:
            continue
        same = hmac.compare_digest(channel.token, given) and hmac.compare_digest(
            channel.id.encode(), channel_id.encode()
        )
        if same and channel.resource in ("", resource) and channel.expires > now:
            return channel
    return None


def _patience(record: CalendarRecord) -> timedelta:
    """How long an opening is waited for that nobody answered for: longer while an earlier channel brings signals."""
    return RETRY if any(channel.resource for channel in record.previous_channels) else UNANSWERED


def _renewed(channel: Channel) -> datetime:
    """An eighth of its life before it ends, so that one failure, or a day of them, leaves no silence."""
    return channel.expires - (channel.expires - channel.opened) / 8


def _hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()
