"""Each channel that was opened lives, is renewed or is stopped; none is leaked, whatever is lost on the way (I10)."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from simulator import faults
from tests.faults.signals.story import begun, live_channels, message, notified, rename
from tests.followed import Followed
from tests.world import ADA, ON_SQLITE

pytestmark = ON_SQLITE
WATCH = "POST /calendar/v3/calendars/ada%40example.com/events/watch"
RENEWED = 6.14
"""Days after which a channel of seven is renewed."""


def renewed(followed: Followed) -> None:
    """Time passes until the channel has been renewed."""
    followed.wait(days=RENEWED)


def test_only_a_hash_of_a_channels_token_is_kept(watched: Followed) -> None:
    begun(watched)
    [channel] = live_channels(watched)
    kept = watched.calendar().channel
    assert kept
    assert len(kept.token) == 64
    assert channel.token not in str(watched.calendar())
    assert len(channel.token) <= 256
    assert len(channel.id) <= 64


def test_f41_the_next_channel_is_opened_before_the_earlier_one_is_stopped(watched: Followed) -> None:
    event = begun(watched)
    [first] = live_channels(watched)
    renewed(watched)
    [second] = live_channels(watched)
    assert (first.stopped, second.id == first.id, second.token == first.token) == (True, False, False)
    assert first.expiration > watched.world.clock.now()
    made = watched.outside()
    assert [call for call in made if call != "list"] == ["watch", "stop"]
    assert made[made.index("watch") :][:3] == ["watch", "list", "stop"]
    assert watched.calendar().previous_channels == []
    rename(watched, event, "Renamed")
    watched.settle()
    assert watched.titles() == ["Renamed"]


def test_f41_two_channels_that_overlap_cost_one_list(watched: Followed) -> None:
    event = begun(watched)
    watched.simulator.faults.add(faults.status(503), "/calendar/v3/channels/stop", times=None)
    renewed(watched)
    assert len(live_channels(watched)) == 2
    watched.world.clock.advance(61)
    watched.outside()
    rename(watched, event, "Renamed")
    assert watched.simulator.push.deliver_all() == [204, 204]
    watched.settle()
    assert [call for call in watched.outside() if call != "stop"] == ["list", "PATCH room"]
    watched.simulator.faults.clear()
    rename(watched, event, "Again")
    watched.settle()
    assert len(live_channels(watched)) == 1
    assert watched.calendar().previous_channels == []


@pytest.mark.parametrize("fault", [faults.status(503), faults.quota(), faults.status(400)], ids=["5xx", "quota", "400"])
def test_f41_a_renewal_that_fails_once_leaves_no_silence(
    watched: Followed, fault: faults.Fault, caplog: pytest.LogCaptureFixture
) -> None:
    event = begun(watched)
    [first] = live_channels(watched)
    watched.simulator.faults.add(fault, "*/watch")
    renewed(watched)
    assert first in live_channels(watched)
    assert "channel not opened" in caplog.text or "channel perhaps opened" in caplog.text
    rename(watched, event, "Renamed")
    assert 204 in watched.simulator.push.deliver_all()
    watched.settle()
    assert watched.titles() == ["Renamed"]
    watched.wait(hours=3)
    [second] = live_channels(watched)
    assert second is not first
    assert watched.calendar().previous_channels == []
    assert first.expiration > watched.world.clock.now()


def test_f41_a_renewal_that_always_fails_is_tried_every_hour_and_raises_the_alarm_before_the_end(
    watched: Followed, caplog: pytest.LogCaptureFixture
) -> None:
    begun(watched)
    watched.simulator.faults.add(faults.status(403), "*/watch", times=None)
    watched.wait(days=6.9)
    alarms = [line for line in caplog.records if line.levelname == "ERROR" and "channel not opened" in line.message]
    assert 3 <= len(alarms) <= 18
    assert live_channels(watched)
    assert watched.outside().count("list") < 40


def test_f42_a_channel_that_calendar_does_not_know_any_more_is_stopped(watched: Followed) -> None:
    begun(watched)
    live_channels(watched)[0].stopped = True
    renewed(watched)
    assert len(live_channels(watched)) == 1
    assert watched.calendar().previous_channels == []


def test_f42_a_late_message_of_a_channel_that_was_stopped_is_404(watched: Followed) -> None:
    event = begun(watched)
    [first] = live_channels(watched)
    push, came = watched.simulator.push, list[tuple[str, int]]()
    push.late = True

    def send(address: str, headers: Mapping[str, str]) -> int:
        came.append((headers["X-Goog-Channel-ID"], watched.notify(address, headers)))
        return came[-1][1]

    push.send = send
    watched.instance.outside.on("before", "POST /calendar/v3/channels/stop", lambda: rename(watched, event, "Renamed"))
    renewed(watched)
    assert first.stopped
    assert [status for channel, status in came if channel == first.id][-1] == 404
    assert watched.titles() == ["Renamed"]


def test_f42_an_earlier_channel_is_recognised_until_it_expires(watched: Followed) -> None:
    begun(watched)
    late = message(watched)
    watched.simulator.faults.add(faults.status(503), "/calendar/v3/channels/stop", times=None)
    renewed(watched)
    assert len(watched.calendar().previous_channels) == 1
    assert notified(watched, late) == 204
    watched.settle()
    watched.wait(days=2)
    assert notified(watched, late) == 404
    assert watched.calendar().previous_channels == []


def test_f45_after_another_address_the_channel_is_opened_anew_within_a_day(watched: Followed) -> None:
    event = begun(watched)
    [first] = live_channels(watched)
    watched.url = watched.world.environment["ANYROOM_PUBLIC_URL"] = "http://localhost:9090"
    watched.restart()
    watched.wait(days=1)
    [second] = live_channels(watched)
    assert (first.stopped, second.address) == (True, "http://localhost:9090/notifications")
    rename(watched, event, "Renamed")
    watched.settle()
    assert watched.titles() == ["Renamed"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_i10_a_crash_around_watch_leaves_one_channel(watched: Followed, when: str) -> None:
    event = watched.world.event()
    watched.choose(event)
    watched.instance.outside.die(when, WATCH)
    watched.settle()
    watched.wait(minutes=30)
    rename(watched, event, "Renamed")
    watched.settle()
    watched.wait(minutes=30)
    assert len(live_channels(watched)) == 1
    assert watched.calendar().previous_channels == []
    assert watched.titles() == ["Renamed"]


LOST = {
    "cut": faults.reset(acted=True),
    "5xx": faults.status(502, acted=True),
    "unreadable": faults.malformed(),
    "no resource": faults.without("resourceId"),
}


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
@pytest.mark.parametrize("first", [True, False], ids=["first", "renewal"])
def test_i10_when_the_answer_to_watch_is_lost_its_channel_is_used_or_stopped(
    watched: Followed, fault: faults.Fault, first: bool
) -> None:
    event = watched.world.event()
    if first:
        watched.simulator.faults.add(fault, "*/watch")
    watched.choose(event)
    watched.settle()
    if not first:
        watched.simulator.faults.add(fault, "*/watch")
        renewed(watched)
    assert live_channels(watched)
    watched.wait(hours=4)
    assert len(live_channels(watched)) == 1
    channel = watched.calendar().channel
    assert channel
    assert (channel.id, watched.calendar().previous_channels) == (live_channels(watched)[0].id, [])
    rename(watched, event, "Renamed")
    watched.settle()
    assert watched.titles() == ["Renamed"]


def test_i10_a_message_of_a_channel_whose_opening_nobody_answered_for_says_what_it_is_stopped_by(
    watched: Followed,
) -> None:
    event = watched.world.event()
    watched.simulator.faults.add(faults.status(502, acted=True), "*/watch")
    watched.choose(event)
    watched.settle()
    opened = watched.calendar().channel
    assert opened
    assert opened.resource == ""
    rename(watched, event, "Renamed")
    watched.settle()
    known = watched.calendar().channel
    assert known
    assert (known.id, known.resource) == (opened.id, watched.simulator.push.channels[0].resource_id)
    watched.wait(hours=1)
    assert len(watched.simulator.push.channels) == 1


def test_i10_while_every_opening_fails_for_a_day_the_living_channel_is_kept(watched: Followed) -> None:
    begun(watched)
    [first] = live_channels(watched)
    watched.simulator.faults.add(faults.status(503), "*/watch", times=None)
    watched.wait(days=6.8)
    assert first in live_channels(watched)
    assert notified(watched, message(watched)) == 204
    assert len(watched.calendar().previous_channels) <= 8
    watched.simulator.faults.clear()
    watched.wait(hours=2)
    assert len(live_channels(watched)) == 1
    assert first.stopped
    assert watched.calendar().previous_channels == []


def test_a_channels_life_is_what_calendar_says(watched: Followed) -> None:
    watched.simulator.push.lifetime = 3600.0
    begun(watched)
    channel = watched.calendar().channel
    assert channel
    assert channel.expires == live_channels(watched)[0].expiration
    assert channel.expires - channel.opened < timedelta(hours=1)
    watched.wait(hours=3)
    assert len(live_channels(watched)) == 1


def test_another_conference_on_the_same_calendar_opens_no_second_channel(watched: Followed) -> None:
    begun(watched)
    watched.choose(watched.world.event())
    watched.settle()
    assert len(watched.simulator.push.channels) == 1
    assert watched.simulator.push.channels[0].calendar == ADA
