"""One conference in several events: duplicates, split series, events that move, and the copies of guests."""

import pytest

from tests.scenarios.story import DELETED, FOUND, KEPT, NEW, NOTHING, TOLD, Run, Story
from tests.world import ADA, BOB

TEAM = "team@group.calendar.example.com"
COPIED = Run((FOUND, "get mapping", NEW))
HELD_ELSEWHERE = "commit replace mapping, replace mapping"
LEFT = ("get", "find mapping room", HELD_ELSEWHERE)


def test_f58_a_duplicate_holds_the_same_conference_and_tells_nothing(story: Story) -> None:
    event = story.live()
    copy = story.people.duplicate(ADA, event, summary="Plan B")
    assert story.follow() == COPIED
    assert story.of(copy).conference == story.of(event).conference
    story.people.patch(ADA, copy, summary="Plan C")
    assert story.follow() == Run((FOUND, "find mapping room", KEPT))
    assert story.titles() == ["Plan"]
    story.people.patch(ADA, event, summary="Plan A")
    assert story.follow() == Run((FOUND, "find mapping room", TOLD, KEPT))
    assert story.titles() == ["Plan A"]


def test_f58_a_duplicate_that_goes_leaves_the_conference(story: Story) -> None:
    event, copy = story.copied()
    assert story.delete_for_good(copy) == Run(looked=LEFT)
    assert story.state(copy) == "gone held-elsewhere"
    assert (story.state(event), story.titles()) == ("live", ["Plan"])


def test_f58_a_duplicate_outlives_its_original_and_is_followed_from_then_on(story: Story) -> None:
    event, copy = story.copied()
    story.people.delete(ADA, event)
    taken_over = ("get", "find mapping room", TOLD, HELD_ELSEWHERE, "get mapping")
    assert story.follow() == Run((FOUND, "find mapping room", HELD_ELSEWHERE), looked=taken_over)
    assert (story.state(event), story.titles()) == ("leaving cancelled", ["Plan B"])
    assert story.later(hours=1) == Run(looked=LEFT)
    assert (story.state(event), story.titles()) == ("gone held-elsewhere", ["Plan B"])
    story.people.patch(ADA, copy, summary="Plan C")
    story.follow()
    assert story.titles() == ["Plan C"]
    assert story.delete_for_good(copy) == Run(looked=DELETED)
    assert story.titles() == []


def test_f58_both_deleted_at_once(story: Story) -> None:
    event, copy = story.copied()
    story.people.delete(ADA, event)
    story.delete_for_good(copy)
    story.later(minutes=5)
    assert (story.of(event).state, story.of(copy).state, story.titles()) == ("gone", "gone", [])


def test_a_duplicate_of_a_duplicate_holds_it_too(story: Story) -> None:
    event, second = story.copied()
    story.delete_for_good(event)
    third = story.people.duplicate(ADA, second, summary="Plan C")
    story.settle()
    story.delete_for_good(second)
    story.later(minutes=5)
    assert story.of(third).state == "live"
    assert story.titles() == ["Plan C"]
    story.delete_for_good(third)
    assert story.titles() == []


def test_a_duplicate_made_after_the_original_was_forgotten_holds_it_too(story: Story) -> None:
    event, second = story.copied(**story.times(days=90))
    story.delete_for_good(event)
    story.later(days=31)
    story.later(days=31)
    third = story.people.duplicate(ADA, second, summary="Plan C")
    story.settle()
    assert story.of(third).state == "live"
    story.delete_for_good(second)
    assert len(story.titles()) == 1


def test_a_duplicate_that_comes_back_as_the_last_holder_is_told(story: Story) -> None:
    event, copy = story.copied()
    story.people.delete(ADA, event)
    story.settle()
    story.world.clock.advance(600)
    story.people.delete(ADA, copy)
    story.settle()
    story.later(minutes=55)
    assert (story.state(event), story.state(copy)) == ("gone held-elsewhere", "leaving cancelled")
    story.people.restore(ADA, copy)
    story.settle()
    assert (story.state(copy), story.titles()) == ("live", ["Plan B"])


def test_a_duplicate_names_the_room_that_it_shows_and_not_the_newer_one_of_its_original(story: Story) -> None:
    event, copy = story.copied()
    story.people.set_conference(ADA, event, None)
    story.follow()
    story.later(hours=2)
    story.choose(event)
    story.settle()
    third = story.people.duplicate(ADA, copy, summary="Plan C")
    story.settle()
    assert story.of(third).room == story.of(copy).room != story.of(event).room


def test_the_last_of_three_is_followed(story: Story) -> None:
    event = story.live()
    copies = {title: story.people.duplicate(ADA, event, summary=title) for title in ("Plan B", "Plan C")}
    story.settle()
    holders = {"Plan": event, **copies}
    while len(holders) > 1:
        followed = story.room().title
        story.delete_for_good(holders.pop(followed))
        story.later(minutes=5)
        assert story.room().title in holders


def test_choosing_again_in_a_copy_gives_it_a_room_of_its_own(story: Story) -> None:
    event, copy = story.copied()
    story.choose(copy)
    story.settle()
    assert sorted(story.titles()) == ["Plan", "Plan B"]
    assert story.of(copy).room != story.of(event).room
    story.later(hours=31)
    story.later(hours=31)
    assert (sorted(story.titles()), story.orphans()) == (["Plan", "Plan B"], [])
    story.delete_for_good(event)
    assert story.titles() == ["Plan B"]


def test_choosing_again_in_a_copy_and_not_saving_it_leaves_the_shared_room_to_it(story: Story) -> None:
    event = story.live(**story.times(days=9))
    copy = story.people.duplicate(ADA, event, summary="Plan B")
    story.follow()
    story.world.ask(story.instance, copy)
    shared = story.shared(copy).conference
    story.people.delete(ADA, event)
    story.settle()
    story.later(hours=2)
    story.later(minutes=5)
    assert sorted(story.titles()) == ["Plan B", "Plan B"]
    story.later(hours=31)
    assert [room.id for room in story.simulator.rooms.having(None)] == [shared]
    assert story.shared(copy).state == "live"


def test_choosing_again_in_a_copy_whose_original_is_gone_leaves_no_room_behind(story: Story) -> None:
    event, copy = story.copied()
    story.delete_for_good(event)
    story.choose(copy)
    story.settle()
    assert len(story.titles()) == 2
    story.later(hours=31)
    story.later(hours=31)
    assert (story.titles(), story.orphans()) == (["Plan B"], [])
    assert story.state(copy) == "live"


def test_f57_a_split_series_is_one_conference_in_two_events(story: Story) -> None:
    event = story.series()
    rest = story.people.split(ADA, event, story.start(event, 4), summary="Plan B")
    assert story.follow() == Run((FOUND, TOLD, KEPT, FOUND, "get mapping", NEW))
    assert story.of(rest).conference == story.of(event).conference
    assert story.titles() == ["Plan"]
    story.delete_for_good(event)
    story.later(minutes=5)
    assert story.titles() == ["Plan B"]
    story.delete_for_good(rest)
    assert story.titles() == []


def test_f57_the_second_half_is_followed_when_the_first_is_over(story: Story) -> None:
    event = story.series("FREQ=DAILY")
    rest = story.people.split(ADA, event, story.start(event, 4), summary="Plan B")
    story.follow()
    story.people.patch(ADA, rest, summary="Plan C")
    story.settle()
    assert story.titles() == ["Plan"]
    story.later(days=6)
    story.later(minutes=5)
    assert (story.state(event), story.titles()) == ("live", ["Plan C"])
    story.people.patch(ADA, event, summary="Plan A")
    story.settle()
    assert story.titles() == ["Plan C"]
    story.people.patch(ADA, rest, summary="Plan D")
    story.settle()
    assert story.titles() == ["Plan D"]


def test_f58_a_duplicate_of_an_event_that_is_over_is_followed(story: Story) -> None:
    event = story.live()
    story.later(days=3)
    copy = story.people.duplicate(ADA, event, summary="Plan B", **story.times(days=4))
    story.settle()
    assert story.titles() == ["Plan B"]
    third = story.people.duplicate(ADA, copy, summary="Plan C")
    story.settle()
    assert story.titles() == ["Plan B"]
    story.people.patch(ADA, copy, summary="Plan D")
    story.people.patch(ADA, third, summary="Plan E")
    story.settle()
    assert story.titles() == ["Plan D"]


def test_f58_an_original_that_is_moved_to_the_future_again_is_followed_again(story: Story) -> None:
    event = story.live()
    story.later(days=3)
    copy = story.people.duplicate(ADA, event, summary="Plan B", **story.times(days=4))
    story.settle()
    story.people.patch(ADA, event, **story.times(days=6))
    story.settle()
    assert story.titles() == ["Plan"]
    story.people.patch(ADA, copy, summary="Plan C")
    story.settle()
    assert story.titles() == ["Plan"]


def test_f57_the_first_half_of_a_split_series_ends_long_before_the_second(story: Story) -> None:
    event = story.series("FREQ=DAILY")
    rest = story.people.split(ADA, event, story.start(event, 4), summary="Plan B")
    story.follow()
    story.later(days=40)
    assert story.state(event) == "gone held-elsewhere"
    story.later(minutes=5)
    assert (story.state(rest), story.titles()) == ("live", ["Plan B"])


def moved(story: Story, calendar: str, *, target_first: bool = False, days: float = 1.0) -> str:
    """A live event of Ada's that was moved to another calendar, which is followed too."""
    event = story.live(**story.times(days=days))
    story.people.move(ADA, event, calendar)
    waiting = story.simulator.triggers if not story.delegation else story.simulator.push
    assert len(waiting.pending) == 2
    if target_first:
        waiting.deliver(1)
        if story.delegation:
            story.simulator.cloud_tasks.run_due()
    story.settle()
    return event


@pytest.mark.parametrize("target_first", [False, True], ids=["source-first", "target-first"])
def test_f55_moved_to_another_calendar_of_the_same_keeper(story: Story, target_first: bool) -> None:
    story.another_calendar(TEAM)
    event = moved(story, TEAM, target_first=target_first)
    assert "PATCH room" not in story.calls()
    assert (story.state(event), story.state(event, TEAM)) == ("leaving vanished", "live")
    story.people.patch(TEAM, event, summary="Better plan")
    story.settle()
    assert story.titles() == ["Better plan"]
    story.later(hours=30)
    assert (story.state(event), story.titles()) == ("gone held-elsewhere", ["Better plan"])
    story.delete_for_good(event, TEAM)
    assert story.titles() == []


def test_f55_moved_there_and_back(story: Story) -> None:
    story.another_calendar(TEAM)
    event = moved(story, TEAM, days=9)
    story.people.move(TEAM, event, ADA)
    story.settle()
    assert (story.state(event), story.state(event, TEAM)) == ("live", "leaving vanished")
    story.people.patch(ADA, event, summary="Better plan")
    story.settle()
    story.later(days=10)
    assert (story.state(event), story.state(event, TEAM)) == ("live", "gone held-elsewhere")
    assert story.titles() == ["Better plan"]


def test_f55_an_occurrence_with_a_conference_of_its_own_moves_with_its_series(story: Story) -> None:
    story.another_calendar(TEAM)
    event = story.series(**story.times(days=9))
    occurrence = story.people.add_occurrence(ADA, event, story.start(event, 2), summary="Special")
    story.choose(occurrence)
    story.settle()
    assert sorted(story.titles()) == ["Plan", "Special"]
    story.people.move(ADA, event, TEAM)
    story.settle()
    assert (story.state(event, TEAM), story.state(occurrence, TEAM)) == ("live", "live")
    story.later(days=25)
    story.people.patch(TEAM, occurrence, summary="Very special")
    story.settle()
    assert sorted(story.titles()) == ["Plan", "Very special"]
    story.people.delete(TEAM, event)
    story.settle()
    story.later(hours=2)
    assert story.titles() == []


def test_f55_moved_to_a_calendar_that_is_not_followed(story: Story) -> None:
    event = story.live()
    story.people.add_calendar(TEAM, ADA)
    story.people.move(ADA, event, TEAM)
    assert story.follow() == Run((FOUND, KEPT))
    story.later(hours=2)
    assert story.titles() == ["Plan"]
    story.later(hours=24)
    assert story.titles() == []


def test_f55_a_series_without_an_end_that_vanishes_is_kept_for_a_month(story: Story) -> None:
    event = story.series("FREQ=DAILY")
    story.people.add_calendar(TEAM, ADA)
    story.people.move(ADA, event, TEAM)
    story.settle()
    story.later(days=29)
    assert story.titles() == ["Plan"]
    story.later(days=2)
    assert story.titles() == []


def test_f55_moved_to_somebody_elses_calendar(story: Story) -> None:
    story.another_calendar(BOB, BOB)
    event = moved(story, BOB)
    assert story.asked() == []
    assert story.held(event, BOB) is None
    story.people.patch(BOB, event, summary="Bob's plan")
    story.settle()
    assert story.asked() == []
    story.later(hours=30)
    assert story.titles() == []


@pytest.mark.parametrize("what", ["declines", "renames", "duplicates", "deletes"])
def test_f74_whatever_a_guest_does_to_the_copy_is_none_of_the_conferences_business(story: Story, what: str) -> None:
    story.another_calendar(BOB, BOB)
    event = story.live(attendees=[{"email": BOB}])
    story.settle()
    story.calls()
    if what == "declines":
        story.people.respond(BOB, event, "declined")
    elif what == "renames":
        story.people.patch(BOB, event, summary="Boring")
    elif what == "duplicates":
        story.people.duplicate(BOB, event)
    else:
        story.people.delete(BOB, event)
    story.settle()
    assert story.asked() == []
    assert story.keys(BOB) == [key for key in story.keys(BOB) if story.mapping(key).solution == "jitsi"]
    story.later(hours=2)
    assert (story.state(event), story.titles()) == ("live", ["Plan"])


def test_f74_the_organizers_change_reaches_the_conference_once(story: Story) -> None:
    story.another_calendar(BOB, BOB)
    event = story.live(attendees=[{"email": BOB}])
    story.settle()
    story.calls()
    story.people.patch(ADA, event, summary="Better plan")
    story.settle()
    assert story.asked() == ["PATCH room"]


def test_f56_the_same_id_on_two_calendars_is_two_events(story: Story) -> None:
    story.people.add_calendar(TEAM, ADA)
    event = story.live()
    uid = story.people.get(ADA, event)["iCalUID"]
    story.people.add_event(TEAM, id=event, iCalUID=uid, summary="Import", **story.times())
    story.choose(event, calendar=TEAM)
    story.settle()
    assert sorted(story.titles()) == ["Import", "Plan"]
    story.delete_for_good(event, TEAM)
    assert (story.state(event), story.titles()) == ("live", ["Plan"])


def test_f56_an_imported_twin_on_somebody_elses_calendar_takes_nothing(story: Story) -> None:
    story.another_calendar(BOB, BOB)
    event = story.live()
    body = story.people.get(ADA, event)
    story.people.add_event(
        BOB, id=event, iCalUID=body["iCalUID"], conference=body["conferenceData"], summary="Mine", **story.times(2)
    )
    assert story.follow() == Run((FOUND, "get mapping", "get calendar"))
    story.people.delete(BOB, event)
    assert story.follow() == Run((FOUND,))
    assert (story.state(event), story.titles()) == ("live", ["Plan"])
    assert story.later(hours=2) == NOTHING
