"""A claim that one user left open is taken over by another one, who cannot see what the first may have made."""

import pytest

from simulator import faults
from tests.scenarios.story import Story
from tests.visiting import Visitor
from tests.world import ADA, BOB, data, error_type

TEAM = "team@group.calendar.example.com"
MEETINGS = "/zoom/v2/users/*/meetings"


@pytest.fixture
def left_open(zoom: Story, ada: Visitor) -> str:
    """An event of both: Ada's meeting was made, its reply lost, and nothing could be looked up."""
    Visitor(zoom, BOB).connect("zoom")
    zoom.people.add_calendar(TEAM, ADA)
    zoom.people.share(TEAM, BOB, "writer")
    event = zoom.event(TEAM)
    zoom.simulator.faults.add(faults.reset(acted=True), MEETINGS, "POST", times=None)
    zoom.simulator.faults.add(faults.status(503), MEETINGS, "GET", times=None)
    assert error_type(zoom.choose(event, calendar=TEAM, solution="zoom")) == "TEMPORARY"
    zoom.simulator.faults.clear()
    assert hosts(zoom) == [ADA]
    return event


def hosts(story: Story) -> list[str]:
    return sorted(meeting.host for meeting in story.simulator.systems.zoom.meetings.values())


def sub(story: Story, user: str) -> str:
    return story.simulator.identity.subject(user)


def test_who_left_it_open_finds_what_was_made(zoom: Story, left_open: str) -> None:
    zoom.world.clock.advance(61)
    assert error_type(zoom.choose(left_open, calendar=TEAM, solution="zoom")) == ""
    assert hosts(zoom) == [ADA]
    assert zoom.orphans() == []


def test_another_user_begins_anew_and_the_first_attempt_is_listed_with_its_user(zoom: Story, left_open: str) -> None:
    zoom.world.clock.advance(61)
    first = zoom.of(left_open, TEAM, "zoom")
    assert first.user == sub(zoom, ADA)
    answer = zoom.choose(left_open, calendar=TEAM, solution="zoom", user=BOB)
    record = zoom.of(left_open, TEAM, "zoom")
    [orphan] = zoom.orphans()
    assert (orphan.attempt, orphan.user, orphan.account) == (first.attempt, sub(zoom, ADA), ADA)
    assert (record.user, record.account, record.attempt != first.attempt) == (sub(zoom, BOB), BOB, True)
    assert record.conference == data(answer)["conferenceId"].replace(" ", "")
    assert hosts(zoom) == [ADA, BOB]


def test_what_the_first_one_made_is_deleted_with_their_connection(zoom: Story, left_open: str) -> None:
    zoom.world.clock.advance(61)
    zoom.choose(left_open, calendar=TEAM, solution="zoom", user=BOB)
    zoom.settle()
    for _ in range(2):
        zoom.later(hours=31)
        if not zoom.delegation:
            zoom.simulator.triggers.daily(BOB)
    assert (hosts(zoom), zoom.orphans()) == ([BOB], [])


def test_another_users_attempt_changes_nothing_of_the_firsts_while_it_is_at_work(zoom: Story, ada: Visitor) -> None:
    Visitor(zoom, BOB).connect("zoom")
    zoom.people.add_calendar(TEAM, ADA)
    zoom.people.share(TEAM, BOB, "writer")
    event = zoom.event(TEAM)
    zoom.choose(event, calendar=TEAM, solution="zoom")
    again = zoom.choose(event, calendar=TEAM, solution="zoom", user=BOB)
    assert error_type(again) == ""
    assert zoom.of(event, TEAM, "zoom").user == sub(zoom, ADA)
    assert hosts(zoom) == [ADA]
