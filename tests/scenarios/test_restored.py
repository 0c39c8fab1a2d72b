"""F54: an event that comes back out of the bin after the grace, at systems of every kind."""

import pytest

from simulator import faults
from tests.scenarios.story import FOUND, KEPT, Run, Story
from tests.world import ADA, CHOSEN, KEYED, NONE, SEARCHABLE, Kind


def gone(story: Story, solution: str = "demo") -> str:
    """A deleted event whose conference is gone."""
    event = story.live(solution=solution)
    story.people.delete(ADA, event)
    story.follow()
    story.later(hours=2)
    assert story.state(event, solution=solution) == "gone cancelled"
    return event


def test_f54_the_same_room_where_we_choose_its_id(story: Story) -> None:
    story.world.become(CHOSEN)
    event = gone(story)
    story.people.restore(ADA, event)
    story.people.patch(ADA, event, summary="Better plan")
    story.settle()
    assert story.asked() in (["POST room", "PATCH room"], ["POST room", "PATCH room", "PATCH room"])
    assert (story.state(event), story.titles()) == ("live", ["Better plan"])
    assert story.room().id == story.of(event).conference


def test_f54_the_same_room_where_the_link_is_the_room(story: Story) -> None:
    event = gone(story, "jitsi")
    story.people.restore(ADA, event)
    assert story.follow() == Run((FOUND, KEPT))
    assert story.state(event, solution="jitsi") == "live"
    assert story.of(event, solution="jitsi").forget is None
    story.later(days=20)
    assert story.state(event, solution="jitsi") == "live"


@pytest.mark.parametrize("kind", [KEYED, SEARCHABLE, NONE], ids=lambda kind: kind[0])
def test_f54_lost_and_shown_where_the_system_chooses(story: Story, kind: Kind) -> None:
    story.world.become(kind)
    event = gone(story)
    story.people.restore(ADA, event)
    assert story.follow() == Run((FOUND, KEPT) if kind == NONE else (FOUND, "GET room", KEPT))
    assert (story.state(event), story.titles()) == ("lost deleted", [])
    story.people.patch(ADA, event, summary="Better plan")
    assert story.follow() == Run((FOUND,))


def test_f54_choosing_again_in_an_event_that_lost_its_room_makes_another(story: Story) -> None:
    event = gone(story)
    story.people.restore(ADA, event)
    story.follow()
    story.choose(event)
    story.settle()
    assert (story.state(event), story.titles(), story.orphans()) == ("live", ["Plan"], [])


def test_f54_a_system_that_is_down_when_the_event_comes_back_is_asked_again(story: Story) -> None:
    event = gone(story)
    story.simulator.faults.add(faults.status(503), "/rooms-api/*")
    story.people.restore(ADA, event)
    assert story.follow() == Run((FOUND, "GET room", KEPT))
    assert story.of(event).state == "gone"
    run = story.later(minutes=5)
    assert run.looked == ("get", "GET room", KEPT, "get mapping")
    assert story.state(event) == "lost deleted"


def test_a_lost_conference_is_forgotten(story: Story) -> None:
    event = gone(story)
    story.people.restore(ADA, event)
    story.follow()
    story.later(days=31)
    assert story.held(event) is None


def test_a_room_that_somebody_deleted_at_the_system_is_as_good_as_deleted(story: Story) -> None:
    event = story.live()
    story.simulator.rooms.delete(story.room().id)
    story.people.delete(ADA, event)
    story.follow()
    story.later(hours=2)
    assert story.state(event) == "gone cancelled"
