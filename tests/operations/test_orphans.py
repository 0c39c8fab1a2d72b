"""Suspected orphans are shown, and deleted only where a look in the same run finds that nothing holds them."""

import pytest

from simulator import faults
from sync import records
from sync.records import CALENDARS, ORPHANS
from sync.store import Delete
from tests.operations.operating import operate
from tests.scenarios.story import BOTH_STORES, DELEGATED, RELAYED, Story
from tests.scenarios.test_orphans import ATTEMPT, forgotten_room, suspect
from tests.world import ADA, KEYED, SEARCHABLE, Kind

KEY = records.key(ATTEMPT)


def test_orphans_are_shown_with_what_is_needed_to_find_them_there_and_stay(story: Story) -> None:
    room = forgotten_room(story)
    suspect(story, story.live(), conference=room)
    story.calls()
    told = operate(story.world, "orphans")
    assert told.code == 0
    assert told.lines[0].startswith(f"{KEY} demo: outcome-unknown since ")
    assert f", its id there is {room}; forgotten at " in told.lines[0]
    assert told.last == "1 suspected orphan. DO=1 deletes those that a look confirms."
    assert story.asked() == []
    assert len(story.simulator.rooms) == 2
    assert not [word for word in ("Plan", ADA) if word in "\n".join(told.lines)]


@DELEGATED
@BOTH_STORES
def test_one_that_a_look_confirms_is_deleted_and_doing_it_twice_is_doing_it_once(story: Story) -> None:
    suspect(story, story.live(), conference=forgotten_room(story))
    told = operate(story.world, "orphans", do=True)
    settled = f"{KEY}: settled: deleted there, never made, or held by an event after all"
    assert (told.code, told.lines) == (0, [settled, "1 settled, 0 still listed."])
    assert (story.titles(), story.orphans()) == (["Plan"], [])
    assert operate(story.world, "orphans", do=True).lines == ["0 settled, 0 still listed."]
    assert story.titles() == ["Plan"]


@DELEGATED
def test_one_that_its_event_carries_is_kept(story: Story) -> None:
    event = story.live()
    suspect(story, event, conference=story.of(event).conference)
    told = operate(story.world, "orphans", do=True)
    assert told.lines == [f"{KEY} demo: in-use", "0 settled, 1 still listed."]
    assert (told.code, story.titles()) == (1, ["Plan"])


@DELEGATED
def test_one_that_the_system_refuses_to_delete_stays_listed_with_its_reason(story: Story) -> None:
    suspect(story, story.live(), conference=forgotten_room(story))
    story.simulator.faults.add(faults.status(503, b"{}"), path="/rooms-api/v1/rooms*", times=None)
    told = operate(story.world, "orphans", do=True)
    assert (told.code, told.lines[0]) == (1, f"{KEY} demo: demo-503")
    assert len(story.orphans()) == 1


@RELAYED
def test_where_changes_are_relayed_the_next_trigger_looks(story: Story) -> None:
    suspect(story, story.live(), conference=forgotten_room(story))
    told = operate(story.world, "orphans", do=True)
    assert told.lines[0] == f"{KEY} demo: marked: the next change or daily trigger of its user looks"
    assert (told.code, len(story.simulator.rooms)) == (1, 2)
    story.daily()
    story.settle()
    assert (story.titles(), story.orphans()) == (["Plan"], [])


@DELEGATED
def test_one_on_a_calendar_that_nobody_follows_is_not_deleted(story: Story) -> None:
    suspect(story, story.live(), conference=forgotten_room(story))
    document = story.world.store.get(CALENDARS, records.key(ADA))
    assert document
    story.world.store.commit([Delete(document)])
    told = operate(story.world, "orphans", do=True)
    assert told.lines[0] == f"{KEY} demo: its calendar is not followed, so that nobody can look"
    assert len(story.simulator.rooms) == 2


@DELEGATED
def test_one_on_a_calendar_that_cannot_be_read_is_not_deleted(story: Story) -> None:
    suspect(story, story.live(), conference=forgotten_room(story))
    story.simulator.faults.add(faults.status(503, b"{}"), path="/calendar/*", times=None)
    told = operate(story.world, "orphans", do=True)
    assert told.lines[0] == f"{KEY} demo: its calendar could not be read: calendar-unavailable"
    assert len(story.simulator.rooms) == 2


@RELAYED
@pytest.mark.parametrize(
    ("kind", "name"),
    [(SEARCHABLE, f"found there by {ATTEMPT}, if it was made"), (KEYED, "its id there is not known")],
    ids=["searchable", "keyed"],
)
def test_one_whose_id_is_not_known_is_named_by_what_it_can_be_found_by(story: Story, kind: Kind, name: str) -> None:
    story.world.become(kind)
    suspect(story, story.event())
    assert f", {name}; forgotten at " in operate(story.world, "orphans").lines[0]


@RELAYED
def test_one_of_a_later_version_is_named_and_left(story: Story) -> None:
    suspect(story, story.live(), conference=forgotten_room(story), v=2)
    told = operate(story.world, "orphans", do=True)
    assert told.lines[0] == f"{KEY}: cannot be read; it is of a later version"
    assert story.world.store.get(ORPHANS, KEY)
