"""The page of a series knows the occurrences that were moved or cancelled by themselves, whenever that was."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from conference.errors import Temporary
from tests.outside import Died
from tests.scenarios.story import DELEGATED, Story
from tests.scenarios.test_join_links import ROOMS, is_in, joining, link
from tests.visiting import Visitor
from tests.world import ADA

HOUR = timedelta(hours=1)


@pytest.fixture
def story(story: Story, monkeypatch: pytest.MonkeyPatch) -> Story:
    """A story with rooms that are entered by our page, an hour before they begin."""
    return joining(story, monkeypatch)


def test_an_occurrence_that_is_moved_by_itself_opens_when_it_is_and_back_again_when_it_was(story: Story) -> None:
    event = story.series(solution=ROOMS)
    guest, path = Visitor(story), link(story, event)
    original = story.start(event, 2)
    first = datetime.fromisoformat(original["dateTime"])
    times = story.times(days=(first - story.now()) / timedelta(days=1) + 0.25)
    moved = story.people.add_occurrence(ADA, event, original, **times)
    story.settle()

    story.world.clock.advance((first - story.now() + timedelta(minutes=30)).total_seconds())
    assert not is_in(guest.enter(path))
    story.world.clock.advance(timedelta(hours=6).total_seconds())
    assert is_in(guest.enter(path))

    story.people.patch(ADA, moved, start=original, end={**original, "dateTime": (first + HOUR).isoformat()})
    story.settle()
    assert not is_in(guest.enter(path))


def test_an_occurrence_that_is_cancelled_by_itself_lets_nobody_in_until_it_is_restored(story: Story) -> None:
    event = story.series(solution=ROOMS)
    guest, path = Visitor(story), link(story, event)
    original = story.start(event, 2)
    first = datetime.fromisoformat(original["dateTime"])
    occurrence = story.people.add_occurrence(ADA, event, original)
    story.people.delete(ADA, occurrence)
    story.settle()

    story.world.clock.advance((first - story.now() + timedelta(minutes=30)).total_seconds())
    assert (
        f"{first + timedelta(days=1, hours=-1):%Y-%m-%d %H:%M}"
        in guest.open(path.partition("8080")[2]).content.decode()
    )
    assert not is_in(guest.enter(path))

    story.people.restore(ADA, occurrence)
    story.settle()
    assert is_in(guest.enter(path))


def changed_series(story: Story) -> tuple[str, datetime]:
    """A daily series without a conference, and when its third occurrence began, which was moved by six hours. The fifth
    was cancelled.
    """
    event = story.event(recurrence=["RRULE:FREQ=DAILY;COUNT=10"])
    moved, cancelled = story.start(event, 2), story.start(event, 4)
    first = datetime.fromisoformat(moved["dateTime"])
    start, end = ({**moved, "dateTime": (first + hours * HOUR).isoformat()} for hours in (6, 7))
    story.people.add_occurrence(ADA, event, moved, start=start, end=end)
    story.people.delete(ADA, story.people.add_occurrence(ADA, event, cancelled))
    return event, first


def entered(story: Story, event: str, moment: datetime) -> bool:
    """Whether a guest enters half an hour after that moment."""
    story.world.clock.advance((moment + HOUR / 2 - story.now()).total_seconds())
    return is_in(Visitor(story).enter(link(story, event)))


def test_a_series_that_was_changed_before_it_had_a_conference_opens_when_its_occurrences_are(story: Story) -> None:
    event, first = changed_series(story)
    story.choose(event, solution=ROOMS)
    story.settle()

    assert not entered(story, event, first)
    assert entered(story, event, first + 6 * HOUR)
    assert entered(story, event, first + timedelta(days=1))
    assert not entered(story, event, first + timedelta(days=2))


@DELEGATED
@pytest.mark.parametrize("failure", [Died("look"), Temporary("network")], ids=["death", "failure"])
@pytest.mark.parametrize("nth", range(3))
def test_what_keeps_a_run_from_seeing_the_occurrences_leaves_them_to_the_next(
    story: Story, nth: int, failure: Exception
) -> None:
    """The list of the occurrences is the second one, and the second mapping that is written after it is the last."""
    event, first = changed_series(story)
    story.choose(event, solution=ROOMS)
    after: list[str] = []

    def script(at: str, call: str) -> None:
        if at == "after" and (call.endswith("/events") or (len(after) > 1 and call == "commit replace mapping")):
            after.append(call)
            if len(after) == 2 + nth:
                raise failure

    story.instance.outside.script = script
    story.settle()
    assert len(after) >= 2 + nth
    story.later(minutes=5)

    assert not entered(story, event, first)
    assert entered(story, event, first + 6 * HOUR)


def occurrence(story: Story, event: str) -> str:
    """The one occurrence of the series that was changed and is not cancelled."""
    held = story.people.calendar(ADA).occurrences[event]
    [found] = [one for one in held if story.people.get(ADA, one)["status"] != "cancelled"]
    return str(found)


def hours_later(original: dict[str, Any], hours: int) -> dict[str, Any]:
    """Start and end of an occurrence of an hour that was moved by so many."""
    first = datetime.fromisoformat(original["dateTime"])
    start, end = ({**original, "dateTime": (first + moved * HOUR).isoformat()} for moved in (hours, hours + 1))
    return {"start": start, "end": end}


def test_an_occurrence_that_shows_no_conference_is_followed_as_it_was_found(story: Story) -> None:
    """It was changed before its series had one."""
    event, first = changed_series(story)
    story.choose(event, solution=ROOMS)
    story.settle()
    story.people.patch(ADA, occurrence(story, event), **hours_later(story.start(event, 2), 9))
    story.settle()

    assert not entered(story, event, first + 6 * HOUR)
    assert entered(story, event, first + 9 * HOUR)


@pytest.mark.parametrize("late", [False, True], ids=["looked at", "listed"])
def test_an_occurrence_that_has_another_conference_opens_nothing_where_it_was_moved(story: Story, late: bool) -> None:
    event, first = changed_series(story)
    if late:
        story.choose(event, solution=ROOMS)
        story.settle()
    moved = occurrence(story, event)
    story.people.set_conference(ADA, moved, {"conferenceId": "abc-defg-hij", "entryPoints": []})
    story.people.patch(ADA, moved, **hours_later(story.start(event, 2), 9))
    if not late:
        story.choose(event, solution=ROOMS)
    story.settle()

    assert not entered(story, event, first + 9 * HOUR)


def test_all_occurrences_are_written_down_at_once(story: Story) -> None:
    story.live()
    event = story.event(recurrence=["RRULE:FREQ=DAILY;COUNT=90"])
    for day in range(1, 41):
        story.people.add_occurrence(ADA, event, story.start(event, day), status="cancelled")
    story.choose(event, solution=ROOMS)
    story.calls()
    story.settle()

    assert story.calls().count("commit replace mapping") <= 3
    assert not entered(story, event, datetime.fromisoformat(story.start(event, 40)["dateTime"]))


def test_what_changed_while_a_deleted_series_could_not_be_made_again_is_known_when_it_is(story: Story) -> None:
    story.world.idempotency = "chosen"
    story.simulator.rooms.mode = "chosen"
    story.restart()
    event = story.series(solution=ROOMS)
    cancelled = story.start(event, 2)
    story.delete_for_good(event)
    story.people.restore(ADA, event)
    story.instance.outside.fail("before", "POST /rooms-api/v1/rooms", Temporary("network"))
    story.settle()
    assert story.of(event, solution=ROOMS).state == "gone"
    story.people.add_occurrence(ADA, event, cancelled, status="cancelled")
    story.settle()
    story.instance.outside.script = lambda at, call: None
    story.later(hours=1)

    assert story.of(event, solution=ROOMS).state == "live"
    assert not entered(story, event, datetime.fromisoformat(cancelled["dateTime"]))


def test_a_copy_of_a_series_has_occurrences_of_its_own(story: Story) -> None:
    event = story.series(solution=ROOMS)
    original = story.start(event, 2)
    story.people.add_occurrence(ADA, event, original, status="cancelled")
    story.settle()
    copy = story.people.duplicate(ADA, event, summary="Plan B")
    story.settle()

    assert entered(story, copy, datetime.fromisoformat(original["dateTime"]))


def test_an_occurrence_that_is_listed_before_the_second_half_of_its_series_is_known(story: Story) -> None:
    event = story.series(solution=ROOMS)
    original = story.start(event, 6)
    first = datetime.fromisoformat(original["dateTime"])
    half = story.people.split(ADA, event, story.start(event, 4))
    story.people.add_occurrence(ADA, half, original, **hours_later(original, 6))
    story.people.patch(ADA, half, summary="Second half")
    story.settle()

    assert not entered(story, half, first)
    assert entered(story, half, first + 6 * HOUR)


def test_a_series_that_was_looked_at_is_not_looked_at_again(story: Story) -> None:
    event, _ = changed_series(story)
    story.choose(event, solution=ROOMS)
    story.settle()
    copy = story.people.duplicate(ADA, event, summary="Plan B")
    story.settle()
    assert [story.of(one, solution=ROOMS).look for one in (event, copy)] == ["", ""]
    story.calls()

    for one in (event, copy):
        story.people.patch(ADA, one, summary="Plan C")
    story.settle()
    assert "get" not in story.calls()


def test_a_copy_without_occurrences_is_not_looked_at(story: Story) -> None:
    event = story.live(solution=ROOMS)
    story.people.duplicate(ADA, event, summary="Plan B")
    story.calls()
    story.settle()

    assert "get" not in story.calls()
