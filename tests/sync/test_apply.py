"""A row is applied once and in full: what waits is not told before its time, and what is unsure is told again."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from conference.clock import Deadline
from conference.errors import Temporary
from conference.event import Person
from sync.outside import KEPT
from sync.records import MAPPINGS
from tests.sync.rooms import HOUR, KEY, Desk

TOLD = ["update summary"]
ALL = ["update attendees,description,end,recurrence,start,summary"]


def parked(rooms: Desk) -> None:
    """A live event whose new title the system could not be told; now it would take it."""
    rooms.put()
    rooms.failure = Temporary("down")
    rooms.applier().apply(rooms.row(summary="Better plan"))
    assert rooms.of().parked
    rooms.failure = None
    rooms.asked.clear()


def test_f63_what_is_parked_is_not_told_before_its_time_though_a_list_shows_it_again(rooms: Desk) -> None:
    parked(rooms)
    before = rooms.of()
    assert before.due
    rooms.clock.advance((before.due - rooms.clock.now()).total_seconds() - 1)
    rooms.applier().apply(rooms.row(summary="Better plan"))
    assert (rooms.asked, rooms.of()) == ([], before)


def test_f63_what_is_parked_is_told_with_a_list_that_shows_it_when_its_time_has_come(rooms: Desk) -> None:
    parked(rooms)
    due = rooms.of().due
    assert due
    rooms.clock.advance((due - rooms.clock.now()).total_seconds())
    rooms.applier().apply(rooms.row(summary="Better plan"))
    assert (rooms.asked, rooms.of().parked) == (ALL, None)


def test_f63_other_values_than_those_that_are_parked_do_not_wait(rooms: Desk) -> None:
    parked(rooms)
    rooms.applier().apply(rooms.row(summary="Best plan"))
    assert (rooms.asked, rooms.of().parked) == (ALL, None)


def test_an_event_that_is_too_large_to_be_parked_is_looked_at_again_instead(rooms: Desk) -> None:
    rooms.put()
    rooms.failure = Temporary("down")
    rooms.applier().apply(rooms.row(description="x" * 128 * 1024))
    held = rooms.of()
    assert (held.state, held.parked, held.look, held.tries) == ("live", None, KEY, 1)
    assert held.due == held.until == rooms.clock.now() + timedelta(minutes=2)
    rooms.failure = None
    rooms.applier().apply(rooms.row(description="x" * 128 * 1024))
    assert rooms.asked == ["update description", *ALL]
    assert (rooms.of().look, rooms.of().until, rooms.of().tries) == ("", None, 0)


def test_an_event_that_is_nearly_too_large_is_parked(rooms: Desk) -> None:
    rooms.put()
    rooms.failure = Temporary("down")
    rooms.applier().apply(rooms.row(description="x" * 126 * 1024))
    held = rooms.of()
    assert held.parked
    assert (held.look, held.until) == ("", None)


@pytest.mark.parametrize(("resumed", "etag", "asked"), [(True, "2", ALL), (True, "1", []), (False, "2", [])])
def test_after_a_run_that_died_only_an_event_that_changed_since_is_told_again(
    rooms: Desk, resumed: bool, etag: str, asked: list[str]
) -> None:
    rooms.put(etag="1")
    rooms.applier(resumed).apply(rooms.row(etag=etag))
    assert rooms.asked == asked
    rooms.applier(resumed).apply(rooms.row(etag=etag))
    assert rooms.asked == asked


@pytest.mark.parametrize(("organized", "held"), [(True, True), (False, False)], ids=["own", "invitation"])
def test_an_invitation_never_counts_as_a_copy(rooms: Desk, organized: bool, held: bool) -> None:
    pointer = rooms.put()
    organizer = Person("somebody@example.com", "", organized)
    rooms.applier().apply(rooms.row("copy", pointer, organizer=organizer))
    assert rooms.holds("copy") is held
    assert rooms.asked == []


def test_a_copy_is_not_taken_of_a_conference_that_begins_to_be_deleted_meanwhile(rooms: Desk) -> None:
    pointer = rooms.put()
    left = [MAPPINGS]
    rooms.outside.on(
        "before",
        "commit create mapping",
        lambda: rooms.change(left.pop(), pointer, state="deleting") if left else None,
    )
    with suppress(Temporary):  # a later run lists it again
        rooms.applier().apply(rooms.row("copy", pointer))
    assert left == []
    assert not rooms.holds("copy")


def test_a_conference_is_looked_at_a_month_and_up_to_half_a_day_after_its_event(rooms: Desk) -> None:
    rooms.put()
    row = rooms.row(end=rooms.clock.now() + timedelta(days=2))
    rooms.applier().apply(row)
    assert rooms.of().due == rooms.clock.now() + timedelta(days=2) + KEPT + 6 * HOUR


def test_an_event_at_the_end_of_time_is_followed_like_any_other_and_never_over(rooms: Desk) -> None:
    rooms.put()
    rooms.applier().apply(rooms.row(end=datetime(9999, 12, 31, tzinfo=UTC)))
    assert (rooms.asked, rooms.of().state, rooms.of().reason) == (["update end"], "live", "")
    assert rooms.of().due is None


def test_f77_no_system_is_told_when_the_time_is_over_after_the_mapping_was_read(rooms: Desk) -> None:
    pointer = rooms.put()
    before = rooms.document(MAPPINGS, pointer)
    rooms.outside.on("after", "find mapping place", lambda: rooms.clock.advance(100))
    with pytest.raises(Temporary, match="deadline"):
        rooms.applier(deadline=Deadline(rooms.clock, 100.0)).apply(rooms.row(summary="Better plan"))
    assert rooms.asked == []
    assert rooms.document(MAPPINGS, pointer) == before
