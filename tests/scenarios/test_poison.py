"""F63: what goes wrong with one event never holds up the others: it is parked, tried again, and shown."""

import itertools
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from conference.event import Event
from simulator import faults
from simulator.faults import Fault
from sync import apply, records, told
from sync.store import Replace
from tests.scenarios.story import FOUND, KEPT, PROVIDER, TOLD, Run, Story
from tests.world import ADA

RETRIED = ["get calendar", "commit replace calendar", "get mapping", "PATCH room", KEPT, "commit replace calendar"]
"""A retry: under the calendar's lease, on the mapping as it then is, and without a credential."""
EACH_FAILURE = pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (faults.status(500, b"{}"), "demo-500"),
        (faults.status(400, b'{"code":"invalid_field"}'), "demo-invalid_field"),
        (faults.reset(), "reply-cut"),
    ],
    ids=["500", "400", "no-answer"],
)


def poison(story: Story, event: str, fault: Fault, times: int | None = None) -> None:
    """Have the conferencing system fail for the room of one event."""
    story.simulator.faults.add(fault, f"/rooms-api/v1/rooms/{story.of(event).conference}", times=times)


def parked(story: Story, fault: Fault | None = None, times: int | None = None) -> str:
    """A live event whose new title the provider could not be told."""
    event = story.live()
    poison(story, event, fault or faults.status(503, b"{}"), times)
    story.people.patch(ADA, event, summary="Better plan")
    assert story.follow() == Run((FOUND, TOLD, KEPT))
    assert story.of(event).parked
    return event


def swept(story: Story) -> list[str]:
    """What a sweep did beside asking what is due."""
    story.calls()
    story.sweep()
    return [call for call in story.calls() if not call.startswith("due ")]


@EACH_FAILURE
def test_f63_one_that_the_system_refuses_is_parked_with_its_values_and_the_others_proceed(
    story: Story, fault: Fault, reason: str
) -> None:
    events = [story.live(summary=f"Plan {number}") for number in range(4)]
    cursor = story.calendar().cursor
    poison(story, events[1], fault)
    for event in events:
        story.people.patch(ADA, event, summary=f"Better {story.people.get(ADA, event)['summary']}")
    story.settle()
    assert sorted(story.titles()) == ["Better Plan 0", "Better Plan 2", "Better Plan 3", "Plan 1"]
    held = story.of(events[1])
    assert held.state == "live"
    assert held.parked
    assert held.due
    assert (records.parked_event(held.parked).summary, held.parked.fields) == ("Better Plan 1", ["summary"])
    assert held.reason == reason
    assert story.calendar().cursor != cursor
    assert all(story.of(event).parked is None for event in events if event != events[1])


def test_f63_what_is_parked_is_told_by_the_sweep_without_a_credential_and_erased(story: Story) -> None:
    event = parked(story, times=1)
    assert swept(story) == []
    story.world.clock.advance(200)
    assert swept(story) == RETRIED
    assert story.titles() == ["Better plan"]
    told = story.of(event)
    assert (told.parked, told.reason, told.state) == (None, "", "live")
    assert told.end
    assert told.due
    assert told.due >= told.end + timedelta(days=30)
    story.world.clock.advance(3600)
    assert not PROVIDER & set(swept(story))


def test_f63_it_is_tried_less_and_less_often(story: Story) -> None:
    event = parked(story)
    pauses = []
    for tries in range(2, 7):
        before = story.of(event)
        assert before.due
        story.world.clock.advance((before.due - story.now()).total_seconds() + 1)
        assert swept(story)[-len(RETRIED) :] == RETRIED
        after = story.of(event)
        assert after.parked
        assert after.due
        assert before.parked
        assert (after.parked.tries, after.parked.since) == (tries, before.parked.since)
        pauses.append((after.due - story.now()).total_seconds())
    assert all(one < other for one, other in itertools.pairwise(pauses))
    assert pauses[-1] <= 6 * 3600 * 1.25


def test_f63_the_system_says_when_to_come_back(story: Story) -> None:
    event = parked(story, faults.status(429, b"{}", Retry_After="1800"))
    due = story.of(event).due
    assert due
    assert due - story.now() >= timedelta(seconds=1790)


def test_f63_it_is_given_up_in_the_end_and_that_is_shown(story: Story, caplog: pytest.LogCaptureFixture) -> None:
    event = parked(story)
    for _ in range(4):
        story.world.clock.advance(timedelta(days=8).total_seconds())
        story.sweep()
        story.settle()
    assert story.state(event) == "live given-up"
    assert story.of(event).parked is None
    assert "given up: demo" in caplog.text
    story.simulator.faults.clear()
    story.people.patch(ADA, event, summary="Best plan", **story.times())
    story.settle()
    story.daily()
    assert (story.state(event), story.titles()) == ("live", ["Best plan"])


def test_f63_a_newer_change_is_told_instead_of_what_was_parked(story: Story) -> None:
    event = parked(story, times=2)
    story.people.patch(ADA, event, summary="Best plan")
    assert story.follow() == Run((FOUND, TOLD, KEPT))
    held = story.of(event).parked
    assert held
    assert (records.parked_event(held).summary, held.tries) == ("Best plan", 2)
    story.world.clock.advance(600)
    assert swept(story) == RETRIED
    assert story.titles() == ["Best plan"]


def test_f63_a_change_that_gets_through_makes_up_for_what_was_parked(story: Story) -> None:
    event = parked(story, times=1)
    story.people.patch(ADA, event, description="Bring tea")
    assert story.follow() == Run((FOUND, TOLD, KEPT))
    assert (story.titles(), story.of(event).parked) == (["Better plan"], None)


def test_f63_a_change_back_is_told_as_nobody_knows_what_the_provider_heard(story: Story) -> None:
    event = parked(story, times=1)
    story.people.patch(ADA, event, summary="Plan")
    assert story.follow() == Run((FOUND, TOLD, KEPT))
    assert (story.titles(), story.of(event).parked) == (["Plan"], None)


def test_f63_what_is_parked_for_a_cancelled_event_is_erased(story: Story) -> None:
    event = parked(story, times=1)
    story.people.delete(ADA, event)
    assert story.follow() == Run((FOUND, KEPT))
    assert story.of(event).parked is None
    story.later(hours=2)
    assert story.titles() == []


def test_f63_choosing_again_leaves_nothing_parked_that_nobody_tells(story: Story) -> None:
    event = parked(story, times=1)
    story.choose(event)
    story.settle()
    story.later(hours=31)
    assert (story.state(event), story.titles(), story.of(event).parked) == ("live", ["Better plan"], None)


def test_f63_choosing_again_without_saving_leaves_nothing_parked_that_nobody_tells(story: Story) -> None:
    event = parked(story, times=1)
    story.world.ask(story.instance, event)
    story.later(hours=31)
    assert (story.state(event), story.titles(), story.of(event).parked) == ("live", ["Better plan"], None)


def test_f63_a_deletion_that_fails_is_tried_again(story: Story) -> None:
    event = story.live()
    poison(story, event, faults.status(503, b"{}"), times=1)
    story.people.delete(ADA, event)
    story.follow()
    looked = ("get", "find mapping room", KEPT, "DELETE room", KEPT)
    assert story.later(hours=2).looked == looked
    assert story.of(event).state == "leaving"
    assert story.later(minutes=5).looked == looked
    assert (story.state(event), story.titles()) == ("gone cancelled", [])


def test_f63_an_event_that_comes_back_while_its_deletion_fails_is_kept(story: Story) -> None:
    event = story.live()
    poison(story, event, faults.status(503, b"{}"), times=1)
    story.people.delete(ADA, event)
    story.follow()
    story.later(hours=2)
    story.people.restore(ADA, event)
    story.follow()
    assert (story.state(event), story.titles()) == ("live", ["Plan"])


def test_f63_a_deletion_that_fails_when_the_event_is_over_is_tried_again(story: Story) -> None:
    event = story.live()
    poison(story, event, faults.status(503, b"{}"), times=1)
    story.later(days=32)
    assert (story.of(event).state, story.titles()) == ("leaving", ["Plan"])
    assert story.later(minutes=5).looked == ("get", "find mapping room", KEPT, "DELETE room", KEPT)
    assert (story.state(event), story.titles()) == ("gone over", [])


def test_f63_an_event_that_is_over_and_changed_while_its_deletion_fails_is_deleted_all_the_same(story: Story) -> None:
    event = story.live()
    poison(story, event, faults.status(503, b"{}"), times=1)
    story.later(days=32)
    story.people.patch(ADA, event, colorId="3")
    story.settle()
    story.later(minutes=5)
    assert (story.state(event), story.titles()) == ("gone over", [])


def failing_on(story: Story, monkeypatch: pytest.MonkeyPatch, title: str) -> None:
    """Have a defect of ours come to light in every event of that title."""
    right = told.changed_fields
    bad = Event("", "", title, story.now(), story.now(), "UTC").told()["summary"]

    def wrong(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> frozenset[Any]:
        if now["summary"] == bad:
            raise KeyError("a defect")
        return right(before, now)

    monkeypatch.setattr(apply, "changed_fields", wrong)


def test_f63_a_defect_does_not_shorten_the_time_until_a_deletion(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    event = story.live(summary="Poison")
    failing_on(story, monkeypatch, "Poison")
    story.people.delete(ADA, event)
    story.follow()
    story.people.restore(ADA, event)
    story.settle()
    assert story.state(event) == "leaving defect"
    story.people.delete(ADA, event)
    story.settle()
    story.later(minutes=30)
    assert story.titles() == ["Poison"]
    story.later(hours=1)
    story.later(hours=1)
    assert story.titles() == []


def test_f63_a_defect_of_ours_in_one_event_does_not_hold_up_the_others(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [story.live(summary=f"Plan {number}") for number in range(3)]
    failing_on(story, monkeypatch, "Poison")
    cursor = story.calendar().cursor
    for number, event in enumerate(events):
        story.people.patch(ADA, event, summary="Poison" if number == 1 else "Better plan")
    story.settle()
    assert sorted(story.titles()) == ["Better plan", "Better plan", "Plan 1"]
    assert story.state(events[1]) == "live defect"
    assert story.calendar().cursor != cursor
    story.later(minutes=5)
    assert (story.state(events[1]), story.of(events[1]).tries) == ("live defect", 2)
    monkeypatch.undo()
    story.later(minutes=10)
    assert (story.state(events[1]), story.of(events[1]).tries) == ("live", 0)
    assert sorted(story.titles()) == ["Better plan", "Better plan", "Poison"]


def test_f63_a_record_that_cannot_be_read_does_not_hold_up_the_others(story: Story) -> None:
    events = [story.live(summary=f"Plan {number}") for number in range(3)]
    document = story.world.store.get(records.MAPPINGS, records.key(ADA, events[1], "demo"))
    assert document
    story.world.store.commit([Replace(document, {**document.body, "state": "of a later version"})])
    cursor = story.calendar().cursor
    for event in events:
        story.people.patch(ADA, event, summary="Better plan")
    story.settle()
    assert sorted(story.titles()) == ["Better plan", "Better plan", "Plan 1"]
    assert story.calendar().cursor not in ("", cursor)
    story.people.expire_sync_tokens(ADA)
    story.people.patch(ADA, events[0], summary="Best plan")
    story.settle()
    assert sorted(story.titles()) == ["Best plan", "Better plan", "Plan 1"]
    assert story.calendar().reason == ""
