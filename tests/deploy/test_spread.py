"""The times that are queried are spread, so that the index of `due` has no end at which everything is written."""

from datetime import timedelta

from simulator import faults
from sync.backoff import FIRST
from tests.emulator import firestore_emulator as firestore_emulator
from tests.faults.conftest import clock as clock
from tests.faults.conftest import world as world
from tests.scenarios.conftest import key as key
from tests.scenarios.conftest import open_store as open_store
from tests.scenarios.conftest import same_key as same_key
from tests.scenarios.conftest import story as story
from tests.scenarios.story import DELEGATED, Story
from tests.world import ADA

MANY = 16


def apart(story: Story) -> timedelta:
    """How far the times at which the sweep must look at Ada's conferences are from each other."""
    due = [record.due for record in story.mappings() if record.due]
    assert len(due) == MANY
    return max(due) - min(due)


@DELEGATED
def test_what_is_made_and_seen_in_one_moment_is_not_due_in_one_moment(story: Story) -> None:
    times = story.times()
    for _ in range(MANY):
        story.choose(story.event(**times))
    assert {record.state for record in story.mappings()} == {"offered"}
    assert apart(story) > timedelta(hours=2)
    story.settle()
    assert {record.state for record in story.mappings()} == {"live"}
    assert apart(story) > timedelta(hours=2)


@DELEGATED
def test_what_an_outage_has_parked_is_not_tried_again_in_one_moment(story: Story) -> None:
    events = [story.event(**story.times()) for _ in range(MANY)]
    for event in events:
        story.choose(event)
    story.settle()
    story.simulator.faults.add(faults.status(503, b"{}"), "/rooms-api/v1/rooms/*", times=None)
    for event in events:
        story.people.patch(ADA, event, summary="Better plan")
    story.settle()
    assert all(record.parked for record in story.mappings())
    assert apart(story) > FIRST / 8
