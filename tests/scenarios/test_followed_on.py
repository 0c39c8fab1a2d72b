"""Several events share one conference: it shows the values of the one that it follows, and of no other."""

from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from sync import records
from sync.holdings import Holdings, Mapped
from sync.store import Replace
from tests.outside import Died
from tests.scenarios.story import RELAYED, Story
from tests.scenarios.test_unmanaged import with_demo, without_demo
from tests.world import ADA

TEAM = "team@group.calendar.example.com"


def days(story: Story, number: int) -> None:
    """So many days pass, with a sweep and a trigger each."""
    for _ in range(number):
        story.later(days=1)


def test_a_restored_original_is_followed_again_with_all_of_its_values(story: Story) -> None:
    event, copy = story.copied()
    story.people.delete(ADA, event)
    story.settle()
    story.people.patch(ADA, copy, summary="Plan C")
    story.settle()
    assert story.titles() == ["Plan C"]
    story.people.restore(ADA, event)
    story.settle()
    assert (story.state(event), story.titles()) == ("live", ["Plan"])


def test_an_original_that_is_deleted_for_good_hands_on_at_once(story: Story) -> None:
    event = story.live(**story.times(days=9))
    copy = story.people.duplicate(ADA, event, summary="Plan B", **story.times(days=20))
    story.settle()
    story.people.delete(ADA, event, stub=True)
    story.settle()
    story.later(minutes=5)
    assert (story.state(event), story.titles()) == ("leaving vanished", ["Plan B"])
    story.people.patch(ADA, copy, summary="Plan C")
    story.settle()
    assert story.titles() == ["Plan C"]


def test_a_copy_that_says_the_same_takes_over_without_a_word(story: Story) -> None:
    event = story.live(**story.times(days=9))
    copy = story.people.duplicate(ADA, event)
    story.settle()
    story.asked()
    story.people.delete(ADA, event)
    story.settle()
    assert (story.asked(), story.of(copy).tells, story.of(event).tells) == ([], True, False)


def test_after_a_run_that_died_the_copy_tells_what_it_says_all_the_same(story: Story) -> None:
    event = story.live(**story.times(days=9))
    story.people.duplicate(ADA, event)
    story.settle()
    story.people.patch(ADA, event, summary="Told by a run that died")
    story.instance.outside.die("after", "PATCH /rooms-api")
    with suppress(Died):
        story.settle()
    story.restart()
    assert story.titles() == ["Told by a run that died"]
    story.people.delete(ADA, event)
    story.later(minutes=5)
    story.later(minutes=5)
    assert story.titles() == ["Plan"]


def test_a_copy_that_is_over_is_not_followed_before_the_original_is_deleted(story: Story) -> None:
    event = story.live(**story.times(days=9))
    story.people.duplicate(ADA, event, summary="Last week", **story.times(days=-7))
    story.settle()
    story.people.delete(ADA, event)
    story.settle()
    story.later(minutes=5)
    assert (story.state(event), story.titles()) == ("leaving cancelled", ["Plan"])


def test_moved_there_renamed_moved_back_and_renamed_back(story: Story) -> None:
    story.another_calendar(TEAM)
    event = story.live(**story.times(days=9))
    story.people.move(ADA, event, TEAM)
    story.settle()
    story.people.patch(TEAM, event, summary="Better plan")
    story.settle()
    story.people.move(TEAM, event, ADA)
    story.people.patch(ADA, event, summary="Plan")
    story.settle()
    assert (story.state(event), story.state(event, TEAM)) == ("live", "leaving vanished")
    assert story.titles() == ["Plan"]


def test_a_first_half_that_is_changed_later_hands_on_at_its_end_all_the_same(story: Story) -> None:
    event = story.series("FREQ=DAILY")
    story.people.split(ADA, event, story.start(event, 4), summary="Plan B")
    story.follow()
    end = story.people.get(ADA, event)["end"]
    later = datetime.fromisoformat(end["dateTime"]) + timedelta(minutes=30)
    story.people.patch(ADA, event, end={**end, "dateTime": later.isoformat()})
    story.settle()
    days(story, 7)
    assert story.titles() == ["Plan B"]


def test_an_original_that_is_moved_hands_on_at_its_new_end(story: Story) -> None:
    event = story.live()
    story.people.duplicate(ADA, event, summary="Plan B", **story.times(days=20))
    story.settle()
    story.people.patch(ADA, event, **story.times(days=2))
    story.settle()
    days(story, 5)
    assert story.titles() == ["Plan B"]


def test_an_original_that_is_moved_to_the_past_hands_on_at_once(story: Story) -> None:
    event = story.live()
    story.people.duplicate(ADA, event, summary="Plan B", **story.times(days=20))
    story.settle()
    story.people.patch(ADA, event, **story.times(days=-2))
    story.settle()
    story.later(minutes=5)
    assert story.titles() == ["Plan B"]


@pytest.mark.parametrize("gone", [False, True], ids=["over", "deleted"])
def test_the_conference_is_handed_on_from_one_to_the_next(story: Story, gone: bool) -> None:
    event = story.live()
    for title, ahead in (("Plan B", 3), ("Plan C", 20)):
        story.people.duplicate(ADA, event, summary=title, **story.times(days=ahead))
        story.settle()
    if gone:
        story.delete_for_good(event)
    days(story, 7)
    assert story.titles() == ["Plan C"]


def test_an_original_that_gets_another_conference_hands_the_old_one_on(story: Story) -> None:
    event, _ = story.copied()
    without_demo(story)
    story.people.patch(ADA, event, summary="Better plan")
    story.follow()
    with_demo(story)
    story.choose(event)
    story.settle()
    for _ in range(4):
        story.later(hours=31)
    assert sorted(story.titles()) == ["Better plan", "Plan B"]


@RELAYED
def test_what_comes_back_is_not_deleted_by_who_saw_it_gone(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    story.another_calendar(TEAM)
    event = story.live(**story.times(days=9))
    story.people.move(ADA, event, TEAM)
    story.settle()
    story.become(event, state="gone", reason="held-elsewhere", until=None, look="", told=None, shared=True)
    story.people.move(TEAM, event, ADA)
    held = story.world.store.find(records.MAPPINGS, "calendar", TEAM, 9)
    [copy] = [one for one in held if one.body["event"] == event]
    left = {"state": "leaving", "until": story.now() - timedelta(hours=1), "look": records.key(TEAM)}
    story.world.store.commit([Replace(copy, {**copy.body, **left})])
    triggers, read = story.simulator.triggers, Holdings.others
    seen: list[str] = []

    def others(self: Holdings, one: Mapped) -> list[Mapped]:
        found = read(self, one)
        if self._calendar == TEAM and not seen:
            seen.append(one.key)
            triggers.deliver(0)
        return found

    monkeypatch.setattr(Holdings, "others", others)
    triggers.deliver(0)
    story.settle()
    assert seen
    assert (story.state(event), len(story.titles())) == ("live", 1)


def test_a_deleted_event_that_comes_back_unreadable_is_no_live_one(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = story.live()
    story.delete_for_good(event)
    times = {"start": {"dateTime": "2027-03-01T09:00:00Z"}, "end": {"dateTime": "2027-02-01T09:00:00Z"}}
    story.people.restore(ADA, event)
    kept = story.people.calendar(ADA).events[event]
    monkeypatch.setitem(kept.body, "start", times["start"])
    monkeypatch.setitem(kept.body, "end", times["end"])
    story.settle()
    assert story.of(event).state == "gone"
