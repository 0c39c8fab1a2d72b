"""Conferences that were chosen before their event was saved: they become real, or they go."""

import pytest

from tests.scenarios.story import DELETED, FOUND, KEPT, NOTHING, TOLD, Run, Story
from tests.world import ADA

SEEN = Run((FOUND, TOLD, KEPT, "find mapping calendar"))
"""The first run of a calendar lists everything, and compares it with the mappings."""


def draft(story: Story, solution: str = "demo") -> str:
    """An event that is being written, with a conference."""
    event = story.people.reserve(ADA)
    story.choose(event, solution=solution)
    story.calls()
    return event


def test_saved_at_once(story: Story) -> None:
    event = draft(story)
    assert story.titles() == ["Meeting"]
    story.people.save(ADA, event, summary="Plan", **story.times(days=5))
    story.settle()
    assert story.runs()[0] == SEEN
    assert (story.state(event), story.titles()) == ("live", ["Plan"])
    assert story.room().starts == story.people.get(ADA, event)["start"]["dateTime"]


def test_f75_saved_half_an_hour_after_a_sync(story: Story) -> None:
    event = draft(story)
    story.settle()
    assert story.runs()[-1].listed in ((), ("find mapping calendar",))
    assert story.state(event) == "offered"
    story.world.clock.advance(1800)
    story.sweep()
    story.people.save(ADA, event, summary="Plan", **story.times())
    assert story.follow() == Run((FOUND, TOLD, KEPT))
    assert (story.state(event), story.titles()) == ("live", ["Plan"])


def test_f75_a_saved_event_whose_dialog_stays_open(story: Story) -> None:
    event = story.event()
    story.world.ask(story.instance, event)
    story.live(summary="Another")
    story.people.patch(ADA, event, colorId="3")
    assert story.follow() == Run((FOUND,))
    assert story.state(event) == "offered"


@pytest.mark.parametrize("thrown_away", [True, False], ids=["thrown-away", "never-saved"])
def test_never_saved(story: Story, thrown_away: bool) -> None:
    event = draft(story)
    story.settle()
    if thrown_away:
        story.people.discard(ADA, event)
    story.calls()
    assert story.later(hours=17) == NOTHING
    assert story.titles() == ["Meeting"]
    story.later(hours=14)
    story.settle()
    assert (story.state(event), story.titles()) == ("gone not-used", [])


def test_saved_without_it(story: Story) -> None:
    event = draft(story)
    story.people.set_conference(ADA, event, None)
    story.people.save(ADA, event, summary="Plan", **story.times(days=5))
    story.settle()
    assert story.state(event) == "offered"
    story.calls()
    assert story.later(hours=31) == Run(looked=DELETED)
    assert (story.state(event), story.titles()) == ("gone not-used", [])


def test_saved_and_deleted_before_a_sync(story: Story) -> None:
    event = draft(story)
    story.people.save(ADA, event, summary="Plan", **story.times(days=5))
    story.people.delete(ADA, event)
    story.settle()
    assert story.state(event) == "leaving cancelled"
    story.later(hours=2)
    assert story.titles() == []


def test_saved_after_its_room_was_deleted(story: Story) -> None:
    event = draft(story)
    story.settle()
    story.later(hours=31)
    assert story.titles() == []
    story.people.save(ADA, event, summary="Plan", **story.times(days=5))
    story.settle()
    assert story.state(event) == "lost deleted"


def test_saved_after_its_room_was_given_up_where_a_link_is_a_room(story: Story) -> None:
    event = draft(story, "jitsi")
    story.settle()
    story.later(hours=31)
    story.people.save(ADA, event, summary="Plan", **story.times(days=5))
    story.settle()
    assert story.state(event, solution="jitsi") == "live"


def test_a_draft_of_a_series(story: Story) -> None:
    event = draft(story)
    story.people.save(ADA, event, summary="Plan", recurrence=["RRULE:FREQ=WEEKLY"], **story.times())
    story.settle()
    assert (story.room().title, story.room().starts) == ("Plan", None)
    assert story.of(event).end is None


def test_chosen_again_while_it_is_live(story: Story) -> None:
    event = story.live()
    before = story.people.get(ADA, event)["conferenceData"]
    story.choose(event)
    assert story.asked() == []
    assert story.people.get(ADA, event)["conferenceData"] == before
    story.settle()
    assert (story.state(event), story.titles()) == ("live", ["Plan"])


def test_chosen_again_and_never_saved(story: Story) -> None:
    event = story.live(**story.times(days=9))
    story.world.ask(story.instance, event)
    story.settle()
    assert story.state(event) == "offered"
    story.calls()
    assert story.later(hours=31).looked == ("get", KEPT, "get mapping")
    assert (story.state(event), story.titles()) == ("live", ["Plan"])


def test_taken_off_and_chosen_again_within_the_grace(story: Story) -> None:
    event = story.live()
    story.people.set_conference(ADA, event, None)
    story.follow()
    story.choose(event)
    assert story.asked() == []
    story.settle()
    assert (story.state(event), story.titles()) == ("live", ["Plan"])
    story.later(hours=2)
    assert story.titles() == ["Plan"]


def test_taken_off_and_chosen_again_after_it(story: Story) -> None:
    event = story.live()
    first = story.room().id
    story.people.set_conference(ADA, event, None)
    story.follow()
    story.later(hours=2)
    story.choose(event)
    assert story.asked() == ["POST room"]
    story.settle()
    assert (story.state(event), story.titles()) == ("live", ["Plan"])
    assert story.room().id != first
    assert story.orphans() == []
