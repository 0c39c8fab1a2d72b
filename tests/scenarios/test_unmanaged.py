"""F76 and F78: a calendar that cannot be read, and a solution that is not configured: all is kept, nothing is asked."""

import pytest

from simulator import faults
from tests.scenarios.story import DELETED, FOUND, KEPT, NOTHING, TOLD, Run, Story
from tests.world import ADA, BOB

TEAM = "team@group.calendar.example.com"


def without_demo(story: Story) -> None:
    """The deployer takes the solution out of the configuration."""
    story.set_aside["demo"] = story.world.solutions.pop("demo")
    story.restart()


def with_demo(story: Story) -> None:
    """The deployer puts it back."""
    story.world.solutions["demo"] = story.set_aside.pop("demo")
    story.restart()


def unmanaged(story: Story) -> str:
    """A conference whose event changed while its solution was away."""
    event = story.live()
    without_demo(story)
    story.people.patch(ADA, event, summary="Better plan")
    assert story.follow() == Run((FOUND, KEPT))
    assert story.state(event) == "unmanaged solution-gone"
    return event


def test_f78_a_solution_that_leaves_is_not_called_and_its_conferences_are_kept(story: Story) -> None:
    event = unmanaged(story)
    story.people.patch(ADA, event, summary="Best plan")
    assert story.follow() == Run((FOUND,))
    for _ in range(3):
        assert story.later(days=1) == NOTHING
    assert (story.state(event), story.titles()) == ("unmanaged solution-gone", ["Plan"])


def test_f78_a_solution_that_returns_takes_its_conferences_up_again(story: Story) -> None:
    event = unmanaged(story)
    story.later(days=1)
    with_demo(story)
    story.later(hours=25)
    story.later(minutes=5)
    assert (story.state(event), story.titles()) == ("live", ["Better plan"])


def test_f78_a_change_takes_a_conference_up_again_at_once(story: Story) -> None:
    event = unmanaged(story)
    with_demo(story)
    story.people.patch(ADA, event, summary="Best plan")
    assert story.follow() == Run((FOUND, TOLD, KEPT))
    assert (story.state(event), story.titles()) == ("live", ["Best plan"])


def test_f78_an_event_that_was_deleted_meanwhile_is_seen_when_the_solution_returns(story: Story) -> None:
    event = unmanaged(story)
    story.people.delete(ADA, event)
    assert story.follow() == Run((FOUND, KEPT))
    with_demo(story)
    story.later(hours=25)
    story.later(minutes=5)
    assert story.state(event) == "leaving cancelled"
    story.later(hours=2)
    assert story.titles() == []


def test_f78_choosing_the_solution_again_makes_a_new_room_and_leaves_none_behind(story: Story) -> None:
    event = unmanaged(story)
    with_demo(story)
    story.choose(event)
    story.settle()
    assert (story.state(event), len(story.titles())) == ("live", 2)
    story.later(hours=31)
    story.later(hours=31)
    assert (story.titles(), story.orphans()) == (["Better plan"], [])
    assert story.room().id == story.of(event).conference


@pytest.mark.parametrize("how", ["cancelled", "removed"])
def test_f78_a_conference_that_should_be_deleted_waits_for_its_solution(story: Story, how: str) -> None:
    event = story.live()
    without_demo(story)
    if how == "cancelled":
        story.people.delete(ADA, event)
    else:
        story.people.set_conference(ADA, event, None)
    assert story.follow() == Run((FOUND, KEPT))
    assert story.later(hours=2) == Run(looked=("get", "find mapping room", KEPT))
    assert (story.state(event), story.titles()) == ("leaving solution-gone", ["Plan"])
    with_demo(story)
    assert story.later(hours=25) == Run(looked=DELETED)
    assert story.titles() == []


def test_f78_what_is_parked_is_not_told_while_the_solution_is_away(story: Story) -> None:
    event = story.live()
    story.simulator.faults.add(faults.status(503, b"{}"), "/rooms-api/*")
    story.people.patch(ADA, event, summary="Better plan")
    story.follow()
    without_demo(story)
    story.later(minutes=5)
    assert (story.state(event), story.of(event).parked) == ("unmanaged solution-gone", None)
    with_demo(story)
    story.later(hours=25)
    story.later(minutes=5)
    assert (story.state(event), story.titles()) == ("live", ["Better plan"])


def test_f78_a_copy_that_goes_leaves_the_room_to_the_event_that_is_not_managed(story: Story) -> None:
    event = story.live()
    copy = story.people.duplicate(ADA, event)
    story.follow()
    without_demo(story)
    story.people.patch(ADA, event, summary="Better plan")
    story.people.delete(ADA, copy)
    story.settle()
    with_demo(story)
    story.later(hours=2)
    assert (story.state(copy), story.titles()) == ("gone held-elsewhere", ["Plan"])
    story.later(hours=25)
    story.later(minutes=5)
    assert (story.state(event), story.titles()) == ("live", ["Better plan"])


def test_f78_the_last_holder_of_a_solution_that_is_away_is_asked_about_once(story: Story) -> None:
    event = story.live()
    copy = story.people.duplicate(ADA, event, summary="Plan B")
    story.follow()
    without_demo(story)
    story.people.patch(ADA, copy, colorId="3")
    story.people.delete(ADA, event)
    story.settle()
    assert story.later(hours=2).looked == ("get", "find mapping room", "commit replace mapping, replace mapping")
    story.later(minutes=5)
    assert story.later(minutes=5) == NOTHING
    assert story.state(copy) == "unmanaged solution-gone"
    with_demo(story)
    story.later(hours=25)
    story.later(minutes=5)
    assert (story.state(copy), story.titles()) == ("live", ["Plan B"])


def shared(story: Story) -> str:
    """A live event of Ada's on a calendar that Bob has shared with her."""
    story.people.add_calendar(TEAM, BOB)
    story.people.share(TEAM, ADA, "writer")
    return story.live(TEAM)


@pytest.mark.parametrize("role", ["none", "freeBusyReader", "reader"])
def test_f76_a_calendar_that_cannot_be_read_any_more_keeps_everything(story: Story, role: str) -> None:
    event = shared(story)
    story.people.delete(TEAM, event)
    story.settle()
    assert story.state(event, TEAM) == "leaving cancelled"
    story.people.share(TEAM, ADA, role)
    story.calls()
    for _ in range(3):
        story.world.clock.advance(86400)
        story.sweep()
        story.settle()
        story.daily()
    assert not {"get", "DELETE room", "PATCH room"} & set(story.calls())
    assert story.titles() == ["Plan"]
    assert story.calendar(TEAM).refused
    assert story.calendar(TEAM).reason in ("calendar-not-readable", "calendar-refused", "access-role")


def test_f76_a_calendar_that_can_be_read_again_goes_on_where_it_was(story: Story) -> None:
    event, other = shared(story), ""
    other = story.live(TEAM, summary="Other")
    story.people.share(TEAM, ADA, "none")
    story.people.delete(TEAM, event)
    story.people.patch(TEAM, other, summary="Better")
    story.settle()
    story.daily()
    assert sorted(story.titles()) == ["Other", "Plan"]
    story.people.share(TEAM, ADA, "writer")
    for hours in (31, 2, 2):
        story.world.clock.advance(hours * 3600)
        story.sweep()
        story.settle()
        story.daily()
    assert story.titles() == ["Better"]
    assert not story.calendar(TEAM).refused


def test_f76_a_calendar_that_hiccups_at_the_look_deletes_nothing(story: Story) -> None:
    event = story.live()
    story.people.delete(ADA, event)
    story.follow()
    story.simulator.faults.add(faults.backend_error(), "*/events/*", times=20)
    story.world.clock.advance(7200)
    story.sweep()
    story.simulator.cloud_tasks.run_due()
    story.daily()
    assert story.asked() == []
    assert story.titles() == ["Plan"]
    story.simulator.faults.clear()
    story.later(hours=3)
    assert story.titles() == []
