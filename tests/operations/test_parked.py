"""Parked work is shown without anybody's words, and told at once when an operator says so, as the sweep tells it."""

import pytest

from simulator import faults
from sync import records
from sync.apply import MOST_PARKED
from sync.records import CALENDARS, MAPPINGS
from sync.store import Delete, Replace
from tests.operations.operating import operate
from tests.scenarios.story import BOTH_STORES, RELAYED, Story
from tests.scenarios.test_poison import parked
from tests.world import ADA


def key_of(event: str) -> str:
    return records.key(ADA, event, "demo")


def test_what_is_parked_is_shown_and_nothing_is_told(story: Story) -> None:
    event = parked(story)
    story.live()
    story.simulator.faults.clear()
    story.calls()
    told = operate(story.world, "parked")
    assert told.code == 0
    assert told.lines[0].startswith(f"{key_of(event)} demo: demo-503, 1 try since ")
    assert told.last == "1 conference parked. DO=1 tells them now."
    assert story.asked() == []
    assert not [word for word in ("Better", "Plan", ADA) if word in "\n".join(told.lines)]


@BOTH_STORES
def test_what_is_parked_is_told_now_though_it_is_not_due_and_once(story: Story) -> None:
    event = parked(story)
    story.simulator.faults.clear()
    told = operate(story.world, "parked", do=True)
    assert (told.code, told.lines) == (0, [f"{key_of(event)} demo: told", "1 told, 0 still parked."])
    assert story.titles() == ["Better plan"]
    assert story.of(event).parked is None
    assert operate(story.world, "parked", do=True).lines == ["0 told, 0 still parked."]


def test_what_is_refused_again_stays_parked_and_the_others_are_told(story: Story) -> None:
    kept = parked(story)
    event = parked(story, times=1)
    told = operate(story.world, "parked", do=True)
    assert told.code == 1
    assert told.last == "1 told, 1 still parked."
    assert f"{key_of(event)} demo: told" in told.lines
    [line] = [line for line in told.lines if line.startswith(key_of(kept))]
    assert "refused again: demo-503, the next try at " in line
    parking = story.of(kept).parked
    assert parking
    assert parking.tries == 2


def test_a_calendar_that_a_run_has_is_left_to_it(story: Story) -> None:
    event = parked(story)
    story.simulator.faults.clear()
    document = story.world.store.get(CALENDARS, records.key(ADA))
    assert document
    lease = {"by": "another", "until": story.now().replace(year=2099), "fence": 99}
    story.world.store.commit([Replace(document, {**document.body, "lease": lease})])
    told = operate(story.world, "parked", do=True)
    assert told.code == 1
    assert told.lines[0] == f"{key_of(event)} demo: a run has its calendar; try again in three minutes"


@RELAYED
def test_one_on_a_calendar_that_nobody_follows_is_said(story: Story) -> None:
    event = parked(story)
    document = story.world.store.get(CALENDARS, records.key(ADA))
    assert document
    story.world.store.commit([Delete(document)])
    line = f"{key_of(event)} demo: its calendar is not followed; make reconcile DO=1 mends that"
    assert operate(story.world, "parked", do=True).lines[0] == line


@RELAYED
def test_one_whose_solution_left_the_configuration_is_not_managed_any_more(story: Story) -> None:
    event = parked(story)
    del story.world.solutions["demo"]
    told = operate(story.world, "parked", do=True)
    assert told.lines[0] == f"{key_of(event)} demo: not managed any more: solution-gone"
    assert story.world.store.get(MAPPINGS, key_of(event))


def test_a_change_that_is_too_large_to_be_parked_is_shown_with_its_age_and_told_by_the_next_run(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    event = story.live()
    story.simulator.faults.add(faults.status(503, b"{}"), "/rooms-api/*", times=None)
    story.people.patch(ADA, event, description="x" * 8000, location="y" * MOST_PARKED)
    story.settle()
    story.later(hours=30)
    ages = [line.__dict__["fields"]["age_seconds"] for line in caplog.records if line.name == "anyroom.measures"]
    assert (ages[0], ages[-1] > 3600) == (0, True)
    [line, last] = operate(story.world, "parked").lines
    assert line.startswith(f"{key_of(event)} demo: not told, and too large to be kept, since ")
    assert last == "1 conference parked. DO=1 tells them now."
    story.simulator.faults.clear()
    told = operate(story.world, "parked", do=True)
    assert (told.code, told.lines[0]) == (1, f"{key_of(event)} demo: marked: the calendar's next run tells it")
    story.later(minutes=1)
    assert (story.room().description, story.of(event).failing) == ("x" * 8000, None)


def test_a_system_that_takes_nothing_is_told_no_more_after_five(story: Story) -> None:
    events = [story.live(summary=f"Plan {number}") for number in range(7)]
    story.simulator.faults.add(faults.status(503, b"{}"), "/rooms-api/*", times=None)
    for event in events:
        story.people.patch(ADA, event, summary="Moved")
    story.settle()
    told = operate(story.world, "parked", do=True)
    assert [line.endswith("did not take the last ones") for line in told.lines[:-1]] == [False] * 5 + [True] * 2
    assert (told.code, told.last) == (1, "0 told, 7 still parked.")


def test_the_faults_are_the_systems(story: Story) -> None:
    parked(story, faults.reset())
    assert operate(story.world, "parked").lines[0].partition(": ")[2].startswith("reply-cut, 1 try since ")


def undeleted(story: Story) -> str:
    """An event that is gone, and whose conference the system does not delete."""
    event = story.live()
    story.simulator.faults.add(
        faults.status(503, b"{}"), f"/rooms-api/v1/rooms/{story.of(event).conference}", times=None
    )
    story.people.delete(ADA, event)
    story.settle()
    story.later(hours=2)
    assert story.of(event).failing
    return event


def test_a_conference_that_could_not_be_deleted_is_shown_and_deleted_by_the_next_run(story: Story) -> None:
    event = undeleted(story)
    told = operate(story.world, "parked")
    [line, last] = told.lines
    assert line.startswith(f"{key_of(event)} demo: not deleted since ")
    assert " (cancelled), the next try at " in line
    assert (told.code, last) == (0, "1 conference parked. DO=1 tells them now.")
    story.simulator.faults.clear()
    told = operate(story.world, "parked", do=True)
    marked = "marked: the calendar's next run deletes it, if its event does not carry it"
    assert (told.code, told.lines[0]) == (1, f"{key_of(event)} demo: {marked}")
    story.later(minutes=1)
    assert (story.titles(), story.of(event).state, story.of(event).failing) == ([], "gone", None)
    assert operate(story.world, "parked").lines == ["no conferences parked."]


def test_a_conference_that_could_not_be_deleted_is_as_old_as_its_first_try(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    undeleted(story)
    story.later(hours=3)
    ages = [line.__dict__["fields"]["age_seconds"] for line in caplog.records if line.name == "anyroom.measures"]
    assert ages[0] == 0
    assert ages[-1] > 3600
