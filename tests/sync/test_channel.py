"""When a channel is needed, which message came through one of ours, and when the next one is opened."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from conference.clock import Deadline
from conference.providers.base import Reply, Request
from sync import records
from sync.calendar import GoogleCalendar
from sync.channel import RETRY, UNANSWERED, Channels, Opening, recognised
from sync.records import CalendarRecord, Channel, Keeper
from tests.world import ADA, MovedClock

KEY = records.key(ADA)
KEEPER, BOB = Keeper("1", ADA), Keeper("2", "bob@example.com")
WEEK = timedelta(days=7)


class Desk:
    """The channels of one calendar whose record is `record`."""

    def __init__(self) -> None:
        self.clock = MovedClock()
        self.numbers = iter(range(100))
        self.channels = self.to("https://anyroom.example/notifications")
        self.record = CalendarRecord(calendar=ADA, keeper=KEEPER)

    def to(self, address: str) -> Channels:
        """Channels to an address."""
        return Channels(address, self.clock, lambda: f"id-{next(self.numbers)}", lambda: "s" * 43)

    def opening(self) -> Opening | None:
        return self.channels.opening(KEY, self.record)

    def open(self, resource: str = "resource") -> Channel:
        """A channel is opened, and Calendar answers, or does not."""
        opening = self.opening()
        assert opening
        changes: dict[str, Any] = dict(opening.changes())
        channel = replace(opening.channel, resource=resource, expires=self.clock.now() + WEEK)
        self.record = replace(self.record, **{**changes, "channel": channel})
        return channel

    def of(self, channel_id: str, token: str, resource: str = "resource") -> Channel | None:
        """The channel that a message is recognised by."""
        return recognised(self.record, channel_id, token, resource, self.clock.now())


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_first_channel_is_recorded_with_a_hash_of_its_token_only(desk: Desk) -> None:
    opening = desk.opening()
    assert opening
    assert opening.secret == f"{KEY}.{'s' * 43}"
    assert opening.secret not in str(opening.changes())
    assert "s" * 43 not in str(opening.changes())
    assert (opening.channel.id, opening.channel.by, opening.channel.resource) == ("id-0", "1", "")
    assert opening.changes()["previous_channels"] == []


def test_without_a_keeper_none_is_opened(desk: Desk) -> None:
    desk.record = replace(desk.record, keeper=None)
    assert desk.opening() is None
    assert desk.channels.renewal(desk.record) is None


def test_f41_a_channel_is_renewed_an_eighth_of_its_life_before_its_end(desk: Desk) -> None:
    first = desk.open()
    renewal = desk.channels.renewal(desk.record)
    assert renewal
    assert abs(first.expires - WEEK / 8 - renewal) < timedelta(seconds=1)
    desk.clock.advance((WEEK * 7 / 8).total_seconds() - 60)
    assert desk.opening() is None
    desk.clock.advance(120)
    opening = desk.opening()
    assert opening
    assert (opening.channel.id != first.id, opening.changes()["previous_channels"]) == (True, [first])


@pytest.mark.parametrize("keeper", [BOB, None])
def test_another_keeper_needs_another_channel(desk: Desk, keeper: Keeper | None) -> None:
    desk.open()
    desk.record = replace(desk.record, keeper=keeper)
    assert (desk.opening() is None) == (keeper is None)


def test_f45_another_address_needs_another_channel(desk: Desk) -> None:
    desk.open()
    assert desk.opening() is None
    desk.channels = desk.to("https://other.example/notifications")
    assert desk.opening()


def test_an_opening_that_nobody_answered_for_is_repeated_after_a_while(desk: Desk) -> None:
    desk.open(resource="")
    assert desk.opening() is None
    renewal = desk.channels.renewal(desk.record)
    assert renewal
    assert abs(desk.clock.now() + UNANSWERED - renewal) < timedelta(seconds=1)
    desk.clock.advance(UNANSWERED.total_seconds() + 1)
    assert desk.opening()


def test_while_an_earlier_channel_lives_it_is_repeated_each_hour_only(desk: Desk) -> None:
    desk.open()
    desk.clock.advance((WEEK * 7 / 8).total_seconds() + 1)
    desk.open(resource="")
    desk.clock.advance(UNANSWERED.total_seconds() + 1)
    assert desk.opening() is None
    desk.clock.advance(RETRY.total_seconds())
    assert desk.opening()


def test_i10_of_many_openings_without_an_answer_the_channel_that_lives_is_kept(desk: Desk) -> None:
    living = desk.open()
    desk.clock.advance((WEEK * 7 / 8).total_seconds() + 1)
    for _ in range(12):
        desk.open(resource="")
        desk.clock.advance(RETRY.total_seconds() + 1)
    assert living in desk.record.previous_channels
    assert len(desk.record.previous_channels) == 8


def test_a_channel_that_has_expired_is_forgotten_with_the_next_opening(desk: Desk) -> None:
    first = desk.open()
    desk.clock.advance((WEEK * 7 / 8).total_seconds() + 1)
    desk.open()
    assert desk.record.previous_channels == [first]
    desk.clock.advance((WEEK * 7 / 8).total_seconds() + 1)
    second = desk.record.channel
    desk.open()
    assert desk.record.previous_channels == [second]


def test_f33_only_the_right_id_token_and_resource_together_are_recognised(desk: Desk) -> None:
    channel, token = desk.open(), f"{KEY}.{'s' * 43}"
    assert desk.of(channel.id, token) == channel
    for message in (
        ("id-9", token),
        (channel.id, token + "x"),
        (channel.id, ""),
        (channel.id, channel.token),
        (channel.id, token, "elsewhere"),
        (channel.id, token, ""),
    ):
        assert desk.of(*message) is None
    desk.clock.advance(WEEK.total_seconds() + 1)
    assert desk.of(channel.id, token) is None


def test_f36_before_watch_has_answered_any_resource_will_do(desk: Desk) -> None:
    channel = desk.open(resource="")
    assert desk.of(channel.id, f"{KEY}.{'s' * 43}", "whatever") == channel


@pytest.mark.parametrize(("seconds", "stopped"), [(100.0, ["a", "b"]), (15.0, ["a"]), (0.0, [])])
def test_what_cannot_be_stopped_in_time_is_stopped_by_a_later_run(
    desk: Desk, seconds: float, stopped: list[str]
) -> None:
    channel = desk.open()
    previous = [replace(channel, id=name) for name in ("a", "b")]
    desk.record = replace(desk.record, previous_channels=previous)
    asked: list[str] = []

    def send(request: Request, deadline: Deadline) -> Reply:
        asked.append(msgspec.json.decode(request.json)["id"])
        desk.clock.advance(15)
        return Reply(204, {}, b"")

    calendar, deadline = GoogleCalendar("https://calendar.example", send), Deadline(desk.clock, seconds)
    changes = desk.channels.stop_previous(calendar, desk.record, "token", deadline)
    assert asked == stopped
    kept = [channel for channel in previous if channel.id not in stopped]
    assert changes == ({"previous_channels": kept} if stopped else {})
