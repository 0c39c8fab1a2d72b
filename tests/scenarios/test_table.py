"""What the user did to the event, and what happens at the provider: the design's table, row by row."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from simulator import faults
from tests.scenarios.story import DELETED, FOUND, KEPT, NOTHING, TOLD, Run, Story
from tests.world import ADA, BOB

CHANGED = Run((FOUND, TOLD, KEPT))
IGNORED = Run((FOUND,))
LEAVES = Run((FOUND, KEPT))


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"summary": "Better plan"}, "title", "Better plan"),
        ({"description": "Bring tea"}, "description", "Bring tea"),
        ({"description": "Bring <b>tea</b> &amp;<br>cake"}, "description", "Bring tea &\ncake"),
        ({"attendees": [{"email": BOB}]}, "guests", (BOB,)),
    ],
    ids=["renamed", "description", "description in HTML", "guests"],
)
def test_what_changed_is_told_once(story: Story, changes: dict[str, Any], field: str, value: Any) -> None:
    event = story.live()
    before = story.room()
    story.people.patch(ADA, event, **changes)
    assert story.follow() == CHANGED
    assert getattr(story.room(), field) == value
    assert (story.room().id, story.room().starts) == (before.id, before.starts)
    assert story.later(days=1) == NOTHING


def test_moved_in_time(story: Story) -> None:
    event = story.live()
    times = story.times(days=3, hours=2)
    story.people.patch(ADA, event, **times)
    assert story.follow() == CHANGED
    assert datetime.fromisoformat(str(story.room().starts)) == datetime.fromisoformat(times["start"]["dateTime"])
    assert datetime.fromisoformat(str(story.room().ends)) == datetime.fromisoformat(times["end"]["dateTime"])
    assert story.of(event).end == datetime.fromisoformat(times["end"]["dateTime"])


def test_another_zone_at_the_same_moment_is_told(story: Story) -> None:
    event = story.live()
    story.people.patch(ADA, event, **story.times(zone="Asia/Tokyo"))
    assert story.follow() == CHANGED
    assert story.room().time_zone == "Asia/Tokyo"


def test_made_all_day_and_back(story: Story) -> None:
    event = story.live()
    day = (story.now() + timedelta(days=2)).date()
    dates = {"start": {"date": day.isoformat()}, "end": {"date": (day + timedelta(days=1)).isoformat()}}
    times = {"dateTime": None, "timeZone": None}
    story.people.patch(ADA, event, start={**dates["start"], **times}, end={**dates["end"], **times})
    assert story.follow() == CHANGED
    assert str(story.room().starts).startswith(f"{day.isoformat()}T00:00:00+0")
    assert story.room().time_zone == "Europe/Berlin"
    story.people.patch(ADA, event, description="Still all day")
    assert story.follow() == CHANGED
    back = story.times()
    story.people.patch(ADA, event, start={**back["start"], "date": None}, end={**back["end"], "date": None})
    assert story.follow() == CHANGED
    assert story.room().time_zone == "UTC"


@pytest.mark.parametrize(
    "changes",
    [{"reminders": {"useDefault": False}}, {"colorId": "3"}, {"location": "Room 5"}, {"transparency": "transparent"}],
    ids=["reminder", "colour", "location", "free"],
)
def test_f59_a_change_that_the_system_is_not_told_costs_one_list(story: Story, changes: dict[str, Any]) -> None:
    event = story.live()
    story.people.patch(ADA, event, **changes)
    assert story.follow() == IGNORED


def test_f59_an_answer_to_the_invitation_costs_one_list(story: Story) -> None:
    event = story.live(attendees=[{"email": BOB}])
    story.people.respond(BOB, event, "accepted")
    assert story.follow() == IGNORED
    story.people.respond(BOB, event, "declined")
    assert story.follow() == IGNORED


def test_two_changes_at_once_are_one_update(story: Story) -> None:
    event = story.live()
    story.people.patch(ADA, event, summary="Better plan")
    story.people.patch(ADA, event, summary="Best plan")
    story.settle()
    assert story.calls().count("PATCH room") == 1
    assert story.titles() == ["Best plan"]


def test_a_change_back_is_told_too(story: Story) -> None:
    event = story.live()
    for title in ("Better plan", "Plan"):
        story.people.patch(ADA, event, summary=title)
        assert story.follow() == CHANGED
    assert story.titles() == ["Plan"]


def test_nothing_where_the_system_has_no_update(story: Story) -> None:
    event = story.live(solution="jitsi")
    story.people.patch(ADA, event, summary="Better plan")
    assert story.follow() == LEAVES
    story.people.patch(ADA, event, colorId="3")
    assert story.follow() == IGNORED


def test_cancelled_with_its_details(story: Story) -> None:
    event = story.live()
    story.people.delete(ADA, event)
    assert story.follow() == LEAVES
    assert story.state(event) == "leaving cancelled"
    assert story.later(minutes=50) == NOTHING
    assert story.titles() == ["Plan"]
    assert story.later(minutes=20) == Run(looked=DELETED)
    assert (story.state(event), story.titles()) == ("gone cancelled", [])


def test_a_cancelled_conference_of_a_system_without_deletion_costs_no_call(story: Story) -> None:
    event = story.live(solution="jitsi")
    story.people.delete(ADA, event)
    assert story.follow() == LEAVES
    assert story.later(hours=2) == Run(looked=("get", "find mapping room", KEPT))
    assert story.state(event, solution="jitsi") == "gone cancelled"


def test_f54_undone_within_the_grace(story: Story) -> None:
    event = story.live()
    story.people.delete(ADA, event)
    story.follow()
    story.world.clock.advance(1800)
    story.people.restore(ADA, event)
    assert story.follow() == LEAVES
    assert story.state(event) == "live"
    assert story.later(hours=2) == NOTHING
    assert story.titles() == ["Plan"]


def test_f54_undone_and_changed_within_the_grace(story: Story) -> None:
    event = story.live()
    story.people.delete(ADA, event)
    story.follow()
    story.people.restore(ADA, event)
    story.people.patch(ADA, event, summary="Better plan")
    story.settle()
    assert (story.state(event), story.titles()) == ("live", ["Better plan"])


def test_f54_undone_before_anybody_was_told(story: Story) -> None:
    event = story.live()
    story.people.delete(ADA, event)
    story.people.restore(ADA, event)
    story.settle()
    assert story.runs()[-1].listed in ((FOUND,), ())
    assert (story.state(event), story.titles()) == ("live", ["Plan"])


def test_f54_undone_between_the_sweep_and_the_look(story: Story) -> None:
    event = story.live()
    story.people.delete(ADA, event)
    story.follow()
    story.world.clock.advance(3700)
    story.sweep()
    story.people.restore(ADA, event)
    story.settle()
    story.daily()
    assert (story.state(event), story.titles()) == ("live", ["Plan"])


def test_f53_only_the_id_is_left(story: Story) -> None:
    event = story.live()
    story.people.delete(ADA, event, stub=True)
    assert story.follow() == LEAVES
    assert story.state(event) == "leaving vanished"
    assert story.later(hours=2) == NOTHING
    assert story.titles() == ["Plan"]
    assert story.later(hours=24) == Run(looked=DELETED)
    assert story.titles() == []


def test_f53_an_unknown_id_is_passed_over(story: Story) -> None:
    story.live()
    other = story.event()
    assert story.follow() == IGNORED
    story.people.delete(ADA, other, stub=True)
    assert story.follow() == IGNORED
    assert story.titles() == ["Plan"]


def test_f53_an_event_that_calendar_has_forgotten_altogether(story: Story) -> None:
    event = story.live()
    story.people.delete(ADA, event)
    story.follow()
    story.people.purge(ADA, event)
    assert story.later(hours=2) == Run(looked=DELETED)


def test_f58_the_conference_was_taken_off(story: Story) -> None:
    event = story.live()
    story.people.set_conference(ADA, event, None)
    assert story.follow() == LEAVES
    assert story.state(event) == "leaving removed"
    assert story.later(minutes=50) == NOTHING
    assert story.later(minutes=20) == Run(looked=DELETED)
    assert (story.state(event), story.titles()) == ("gone removed", [])


def test_f58_the_conference_was_put_back(story: Story) -> None:
    event = story.live()
    conference = story.people.get(ADA, event)["conferenceData"]
    story.people.set_conference(ADA, event, None)
    story.follow()
    story.people.set_conference(ADA, event, conference)
    assert story.follow() == LEAVES
    assert (story.state(event), story.titles()) == ("live", ["Plan"])


def test_another_solution_was_chosen(story: Story) -> None:
    event = story.live()
    story.choose(event, solution="jitsi")
    story.settle()
    assert story.state(event) == "leaving removed"
    assert story.of(event, solution="jitsi").state == "live"
    story.calls()
    assert story.later(hours=2) == Run(looked=DELETED)
    assert story.titles() == []
    assert story.of(event, solution="jitsi").state == "live"


def test_google_meet_was_chosen(story: Story) -> None:
    event = story.live()
    story.people.set_conference(ADA, event, meet(story))
    assert story.follow() == LEAVES
    assert story.state(event) == "leaving removed"


def test_events_without_a_conference_and_with_other_peoples_are_passed_over(story: Story) -> None:
    story.live()
    story.event()
    assert story.follow() == IGNORED
    story.people.add_event(ADA, conference=meet(story), summary="Meet", **story.times())
    assert story.follow() == IGNORED
    other = {"conferenceId": "1", "parameters": {"addOnParameters": {"parameters": {"their": "key"}}}}
    story.people.add_event(ADA, conference=story.simulator.conferences.signed(other), **story.times())
    assert story.follow() == IGNORED
    assert len(story.mappings()) == 1


def test_a_pointer_that_names_nothing_is_passed_over(story: Story) -> None:
    story.live()
    for value in ("f" * 32, "", "no key at all", "../etc"):
        forged = {"conferenceId": "1", "parameters": {"addOnParameters": {"parameters": {"anyroom": value}}}}
        story.people.add_event(ADA, conference=story.simulator.conferences.signed(forged), **story.times())
        run = story.follow()
        assert run in (IGNORED, Run((FOUND, "get mapping")))
    assert len(story.mappings()) == 1


def test_over_for_thirty_days(story: Story) -> None:
    event = story.live()
    assert story.later(days=20) == NOTHING
    assert story.titles() == ["Plan"]
    looked = ("get", KEPT, "get mapping", *DELETED[1:])
    assert story.later(days=12) == Run(looked=looked)
    assert (story.state(event), story.titles()) == ("gone over", [])
    story.later(days=31)
    assert story.mappings() == []


def test_over_for_thirty_days_where_rooms_need_no_deletion(story: Story) -> None:
    event = story.live(solution="jitsi")
    story.later(days=32)
    assert story.state(event, solution="jitsi") == "gone over"
    assert "DELETE room" not in story.calls()


def test_over_and_then_used_again_later(story: Story) -> None:
    event = story.live()
    story.later(days=20)
    story.people.patch(ADA, event, **story.times(days=30))
    story.follow()
    story.later(days=12)
    assert (story.state(event), story.titles()) == ("live", ["Plan"])


def test_over_and_moved_to_the_future_while_its_deletion_is_tried_again(story: Story) -> None:
    event = story.live()
    story.simulator.faults.add(faults.status(503, b"{}"), "/rooms-api/*", "DELETE", times=1)
    story.later(days=32)
    assert story.state(event) == "leaving over"
    later = story.times(days=9)
    look = f"GET /calendar/v3/calendars/ada%40example.com/events/{event}"
    story.instance.outside.on("before", look, lambda: story.people.patch(ADA, event, **later))
    story.later(hours=1)
    story.instance.outside.on("before", "", lambda: None)
    story.settle()
    assert (story.state(event), story.titles()) == ("live", ["Plan"])
    assert "DELETE room" not in story.calls()


def meet(story: Story) -> dict[str, Any]:
    """A Google Meet conference."""
    asked = {"requestId": "1", "conferenceSolutionKey": {"type": "hangoutsMeet"}}
    made = story.simulator.conferences.written({"conferenceData": {"createRequest": asked}}, 1, None)
    assert made
    return made
