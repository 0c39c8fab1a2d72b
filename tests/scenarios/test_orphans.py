"""Suspected orphans: what nobody holds is deleted after a look, and nothing else is."""

from datetime import timedelta
from typing import Any

import pytest

from simulator import faults
from simulator.rooms import Account
from sync import records
from sync.records import OrphanRecord
from sync.store import Create
from tests.scenarios.story import PROVIDER, RELAYED, Story
from tests.world import ADA, NONE

ATTEMPT = "orphaned-attempt"


def suspect(story: Story, event: str, *, conference: str = "", solution: str = "demo", **fields: Any) -> None:
    """List a suspected orphan of an event, due now."""
    orphan = OrphanRecord(
        calendar=ADA,
        event=event,
        solution=solution,
        attempt=ATTEMPT,
        reason="outcome-unknown",
        since=story.now(),
        conference=conference,
        room=records.room(solution, conference) if conference else "",
        due=story.now(),
    )
    record = records.to_body(orphan) | fields
    story.world.store.commit([Create(records.ORPHANS, records.key(ATTEMPT), record)])


def forgotten_room(story: Story) -> str:
    """A room that was made and that no mapping holds; its id."""
    room, _ = story.simulator.rooms.create(Account("host@rooms.example"), {"title": "Orphan", "key": ATTEMPT})
    return room.id


def looked(story: Story) -> tuple[str, ...]:
    """Sweep and run: what the run did about orphans."""
    return story.later(minutes=1).orphans


def test_an_orphan_whose_id_is_known_is_deleted(story: Story) -> None:
    event = story.live()
    suspect(story, event, conference=forgotten_room(story))
    assert looked(story) == ("get", "find mapping room", "DELETE room", "commit delete orphan")
    assert (story.titles(), story.orphans(), story.state(event)) == (["Plan"], [], "live")


def test_an_orphan_of_which_the_attempt_is_known_is_found_and_deleted(story: Story) -> None:
    event = story.live()
    forgotten_room(story)
    suspect(story, event)
    assert looked(story) == ("get", "GET room", "find mapping room", "DELETE room", "commit delete orphan")
    assert (story.titles(), story.orphans()) == (["Plan"], [])


def test_an_attempt_under_which_nothing_was_made_is_forgotten(story: Story) -> None:
    event = story.live()
    suspect(story, event)
    assert looked(story) == ("get", "GET room", "commit delete orphan")
    assert (story.titles(), story.orphans()) == (["Plan"], [])


def test_an_orphan_that_the_event_carries_is_in_use_and_listed(story: Story) -> None:
    event = story.live()
    room = forgotten_room(story)
    suspect(story, event, conference=room)
    story.people.set_conference(ADA, event, story.simulator.conferences.signed({"conferenceId": room}))
    story.settle()
    assert looked(story) == ("get", "commit replace orphan")
    [orphan] = story.orphans()
    assert (orphan.reason, orphan.look, orphan.tries) == ("in-use", "", 1)
    assert orphan.due
    assert orphan.due > story.now() + timedelta(minutes=40)
    assert "Orphan" in story.titles()
    story.people.set_conference(ADA, event, None)
    story.settle()
    story.later(hours=24)
    assert ("Orphan" in story.titles(), story.orphans()) == (False, [])


def test_what_another_mapping_holds_is_no_orphan(story: Story) -> None:
    event, other = story.live(), story.event()
    story.settle()
    suspect(story, other, conference=story.of(event).conference)
    assert looked(story) == ("get", "find mapping room", "commit delete orphan")
    assert (story.titles(), story.orphans()) == (["Plan"], [])


def test_the_orphan_of_an_event_that_is_gone_is_deleted(story: Story) -> None:
    story.live()
    suspect(story, "neverwas", conference=forgotten_room(story))
    assert looked(story) == ("get", "find mapping room", "DELETE room", "commit delete orphan")
    assert story.titles() == ["Plan"]


@pytest.mark.parametrize("known", [True, False], ids=["delete", "find"])
def test_an_orphan_at_a_system_that_is_down_is_listed_and_tried_again(story: Story, known: bool) -> None:
    event = story.live()
    room = forgotten_room(story)
    suspect(story, event, conference=room if known else "")
    story.simulator.faults.add(faults.status(503, b"{}"), "/rooms-api/*")
    assert looked(story)[-1] == "commit replace orphan"
    [orphan] = story.orphans()
    assert (orphan.reason, orphan.tries) == ("demo-503", 1)
    story.later(hours=24)
    assert (story.titles(), story.orphans()) == (["Plan"], [])


@RELAYED
def test_an_orphan_waits_for_a_run_that_can_look(story: Story) -> None:
    event = story.live()
    suspect(story, event, conference=forgotten_room(story))
    for _ in range(3):
        story.world.clock.advance(7200)
        story.sweep()
    assert not PROVIDER & set(story.calls())
    story.daily()
    assert story.titles() == ["Plan"]


def test_an_orphan_on_a_calendar_that_cannot_be_read_is_kept(story: Story) -> None:
    event = story.live()
    suspect(story, event, conference=forgotten_room(story))
    story.simulator.faults.add(faults.status(404, b"{}"), "/calendar/*", times=None)
    story.sweep()
    story.settle()
    story.daily()
    assert sorted(story.titles()) == ["Orphan", "Plan"]


def test_where_nothing_can_be_deleted_an_orphan_is_listed_until_it_is_forgotten(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    event = story.live(solution="jitsi")
    suspect(story, event, solution="jitsi", conference="room")
    assert looked(story) == ()
    [orphan] = story.orphans()
    assert orphan.due == orphan.since + timedelta(days=30)
    story.later(days=31)
    assert story.orphans() == []
    assert f"a suspected orphan is forgotten: jitsi {records.key(ATTEMPT)}" in caplog.text


def test_where_nothing_can_be_found_an_orphan_is_listed_until_it_is_forgotten(story: Story) -> None:
    story.world.become(NONE)
    event = story.live()
    suspect(story, event)
    assert looked(story) == ()
    [orphan] = story.orphans()
    assert orphan.due == orphan.since + timedelta(days=30)
    story.later(days=31)
    assert story.orphans() == []


@pytest.mark.parametrize(("solution", "reason"), [("jitsi", "cannot-delete"), ("demo", "cannot-find")])
def test_a_look_that_can_do_nothing_keeps_the_orphan_listed(story: Story, solution: str, reason: str) -> None:
    story.world.become(NONE)
    event = story.live()
    suspect(story, event, solution=solution, look=records.key(ADA), due=None)
    story.people.patch(ADA, event, colorId="3")
    assert story.follow().orphans == ("get", "commit replace orphan")
    [orphan] = story.orphans()
    assert (orphan.reason, orphan.look) == (reason, "")


def test_an_orphan_whose_solution_is_away_is_kept(story: Story) -> None:
    event = story.live()
    suspect(story, event, conference=forgotten_room(story))
    demo = story.world.solutions.pop("demo")
    story.restart()
    story.later(minutes=1)
    assert len(story.orphans()) == 1
    story.world.solutions["demo"] = demo
    story.restart()
    assert sorted(story.titles()) == ["Orphan", "Plan"]
