"""F57: a series is one conference, and nothing that happens to an occurrence happens to it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.scenarios.story import DELETED, FOUND, KEPT, NOTHING, TOLD, Run, Story
from tests.world import ADA

IGNORED = Run((FOUND,))
INHERITED = Run((FOUND, FOUND))
"""An occurrence that shows a conference: its series is looked up, which has it."""
USED = ("get", "list", KEPT)
"""A look at a series that is gone: one of its occurrences still has the conference."""
UNUSED = ("get", "list", *DELETED[1:])


def excepted(story: Story) -> tuple[str, str]:
    """A live series, and one of its occurrences that has another title."""
    event = story.series()
    occurrence = story.people.add_occurrence(ADA, event, story.start(event, 2), summary="Special")
    story.follow()
    return event, occurrence


def test_made_recurring_the_conference_has_no_fixed_times(story: Story) -> None:
    event = story.live()
    before = story.room()
    story.people.patch(ADA, event, recurrence=["RRULE:FREQ=WEEKLY;COUNT=4"])
    assert story.follow() == Run((FOUND, TOLD, KEPT))
    assert (story.room().id, story.room().starts, story.room().ends) == (before.id, None, None)
    story.people.patch(ADA, event, recurrence=None)
    assert story.follow() == Run((FOUND, TOLD, KEPT))
    assert story.room().starts == before.starts


def test_f57_a_series_moves_as_one(story: Story) -> None:
    event = story.series()
    story.people.patch(ADA, event, summary="Better plan", **story.times(days=2))
    assert story.follow() == Run((FOUND, TOLD, KEPT))
    assert (story.room().title, story.room().starts) == ("Better plan", None)


@pytest.mark.parametrize(
    ("changes", "run"),
    [
        ({"summary": "Special"}, INHERITED),
        ({"status": "cancelled"}, IGNORED),
        ({"conferenceData": None}, IGNORED),
        ({"start": {"dateTime": "2099-01-01T09:00:00Z"}, "end": {"dateTime": "2099-01-01T10:00:00Z"}}, INHERITED),
    ],
    ids=["renamed", "cancelled", "without-conference", "moved"],
)
def test_f57_what_happens_to_an_occurrence_is_not_told(story: Story, changes: dict[str, Any], run: Run) -> None:
    event = story.series()
    story.people.add_occurrence(ADA, event, story.start(event, 2), **changes)
    assert story.follow() == run
    assert (story.state(event), story.titles()) == ("live", ["Plan"])
    assert story.later(hours=2) == NOTHING


def test_f57_an_occurrence_that_is_changed_and_then_cancelled(story: Story) -> None:
    event, occurrence = excepted(story)
    story.people.delete(ADA, occurrence)
    assert story.follow() == IGNORED
    story.later(hours=2)
    assert (story.state(event), story.titles()) == ("live", ["Plan"])


def test_f57_a_deleted_series_takes_its_conference_along(story: Story) -> None:
    event, _ = excepted(story)
    story.people.delete(ADA, event)
    assert story.follow() == Run((FOUND, KEPT, FOUND))
    assert story.later(hours=2) == Run(looked=UNUSED)
    assert story.titles() == []


def test_f57_a_deleted_series_is_kept_while_one_of_its_occurrences_lives(story: Story) -> None:
    event, occurrence = excepted(story)
    story.people.delete(ADA, event)
    story.people.restore(ADA, occurrence)
    story.settle()
    assert story.later(hours=2) == Run(looked=USED)
    assert (story.state(event), story.titles()) == ("leaving series-in-use", ["Plan"])
    story.people.delete(ADA, occurrence)
    story.settle()
    assert story.later(days=8) == Run(looked=UNUSED)
    assert story.titles() == []


def test_f57_a_series_without_its_conference_keeps_it_while_an_occurrence_has_it(story: Story) -> None:
    event, occurrence = excepted(story)
    story.people.set_conference(ADA, event, None)
    assert story.follow() == Run((FOUND, KEPT))
    assert story.later(hours=2) == Run(looked=USED)
    assert story.titles() == ["Plan"]
    story.people.set_conference(ADA, occurrence, None)
    story.settle()
    assert story.later(days=8) == Run(looked=UNUSED)
    assert story.titles() == []


def test_f57_a_series_that_comes_back_while_an_occurrence_kept_its_conference(story: Story) -> None:
    event, occurrence = excepted(story)
    story.people.delete(ADA, event)
    story.people.restore(ADA, occurrence)
    story.settle()
    story.later(hours=2)
    story.people.restore(ADA, event)
    story.settle()
    assert (story.state(event), story.titles()) == ("live", ["Plan"])


def test_f57_a_conference_of_one_occurrence_is_its_own(story: Story) -> None:
    event = story.event(recurrence=["RRULE:FREQ=DAILY;COUNT=10"])
    occurrence = story.people.add_occurrence(ADA, event, story.start(event, 2), summary="Special")
    story.choose(occurrence)
    story.settle()
    assert (story.state(occurrence), story.titles()) == ("live", ["Special"])
    story.people.patch(ADA, event, summary="Better plan")
    story.settle()
    assert story.titles() == ["Special"]
    story.people.delete(ADA, occurrence)
    story.settle()
    assert story.state(occurrence) == "leaving cancelled"
    story.later(hours=2)
    assert story.titles() == []


def test_f57_an_unchanged_occurrence_that_gets_a_conference_and_is_cancelled_with_its_series(story: Story) -> None:
    event = story.event(recurrence=["RRULE:FREQ=DAILY;COUNT=10"])
    occurrence = story.people.add_occurrence(ADA, event, story.start(event, 2))
    story.choose(occurrence)
    story.settle()
    story.delete_for_good(event)
    assert (story.of(occurrence).state, story.titles()) == ("gone", [])


def test_a_series_is_over_thirty_days_after_its_last_occurrence(story: Story) -> None:
    event = story.series("FREQ=DAILY;COUNT=20")
    story.later(days=45)
    assert story.state(event) == "live"
    story.later(days=8)
    assert (story.state(event), story.titles()) == ("gone over", [])


def test_a_series_without_an_end_is_never_over(story: Story) -> None:
    event = story.series("FREQ=WEEKLY")
    assert story.of(event).due is None
    story.later(days=400)
    assert (story.state(event), story.titles()) == ("live", ["Plan"])


def test_a_series_that_was_given_an_end_is_over_after_it(story: Story) -> None:
    event = story.series("FREQ=WEEKLY")
    until = (story.now() + timedelta(days=10)).strftime("%Y%m%dT%H%M%SZ")
    story.people.patch(ADA, event, recurrence=[f"RRULE:FREQ=WEEKLY;UNTIL={until}"])
    assert story.follow() == Run((FOUND, TOLD, KEPT))
    story.later(days=42)
    assert (story.state(event), story.titles()) == ("gone over", [])
