"""F78: a connection is gone while conferences are live: kept, not called, shown; taken up again when it returns."""

import json
from collections.abc import Mapping

import pytest

from sync import records
from tests.scenarios.story import Story
from tests.visiting import Visitor
from tests.world import ADA

SHOWN = "It is kept as it is, but follows its event no more. Connect Zoom again."


def topics(zoom: Story) -> list[str]:
    return [meeting.sent["topic"] for meeting in zoom.simulator.systems.zoom.meetings.values()]


def asked(zoom: Story) -> list[str]:
    """What Zoom was asked since the last time."""
    calls = [str(request) for request in zoom.simulator.requests.under("/zoom")]
    zoom.simulator.requests.clear()
    return calls


def unmanaged(zoom: Story, ada: Visitor) -> str:
    """A conference whose event changed after its user had disconnected."""
    event = zoom.live(solution="zoom")
    ada.submit("disconnect", "zoom")
    asked(zoom)
    zoom.people.patch(ADA, event, summary="Better plan")
    zoom.settle()
    return event


def test_f78_a_conference_whose_user_disconnected_is_kept_and_not_called(zoom: Story, ada: Visitor) -> None:
    event = unmanaged(zoom, ada)
    assert zoom.state(event, solution="zoom") == "unmanaged connection-gone"
    zoom.people.patch(ADA, event, summary="Best plan")
    zoom.settle()
    for _ in range(3):
        zoom.later(days=1)
    assert (asked(zoom), topics(zoom)) == ([], ["Plan"])
    assert zoom.state(event, solution="zoom") == "unmanaged connection-gone"


def test_f78_a_conference_whose_user_disconnected_is_shown_to_them(zoom: Story, ada: Visitor) -> None:
    assert SHOWN not in ada.settings()
    unmanaged(zoom, ada)
    assert ada.settings().count(SHOWN) == 1


def test_f78_who_connects_again_has_the_conference_told_what_changed_meanwhile(zoom: Story, ada: Visitor) -> None:
    event = unmanaged(zoom, ada)
    zoom.later(days=1)
    ada.connect("zoom")
    zoom.later(minutes=5)
    zoom.later(minutes=5)
    assert (zoom.state(event, solution="zoom"), topics(zoom)) == ("live", ["Better plan"])
    assert SHOWN not in ada.settings()


def test_f78_a_change_after_connecting_again_is_told_at_once(zoom: Story, ada: Visitor) -> None:
    event = unmanaged(zoom, ada)
    ada.connect("zoom")
    zoom.people.patch(ADA, event, summary="Best plan")
    zoom.settle()
    assert (zoom.state(event, solution="zoom"), topics(zoom)) == ("live", ["Best plan"])


def test_f78_an_event_that_was_deleted_meanwhile_loses_its_meeting_once_connected_again(
    zoom: Story, ada: Visitor
) -> None:
    event = unmanaged(zoom, ada)
    zoom.people.delete(ADA, event)
    zoom.settle()
    zoom.later(hours=3)
    assert (asked(zoom), topics(zoom)) == ([], ["Plan"])
    ada.connect("zoom")
    for _ in range(3):
        zoom.later(hours=2)
    assert topics(zoom) == []


def test_f78_an_event_that_is_deleted_after_disconnecting_keeps_its_meeting_until_then(
    zoom: Story, ada: Visitor
) -> None:
    event = zoom.live(solution="zoom")
    ada.submit("disconnect", "zoom")
    asked(zoom)
    zoom.people.delete(ADA, event)
    zoom.settle()
    zoom.later(hours=2)
    zoom.later(hours=2)
    assert (asked(zoom), topics(zoom)) == ([], ["Plan"])
    assert zoom.state(event, solution="zoom") == "unmanaged connection-gone"
    ada.connect("zoom")
    for _ in range(3):
        zoom.later(hours=2)
    assert topics(zoom) == []


def test_f78_a_grant_that_the_user_revokes_there_is_like_disconnecting(zoom: Story, ada: Visitor) -> None:
    event = zoom.live(solution="zoom")
    zoom.simulator.authorization["zoom"].revoke_user(ADA)
    zoom.people.patch(ADA, event, summary="Better plan")
    zoom.settle()
    assert (zoom.state(event, solution="zoom"), topics(zoom)) == ("unmanaged connection-gone", ["Plan"])
    ada.connect("zoom")
    zoom.later(minutes=5)
    zoom.later(minutes=5)
    assert (zoom.state(event, solution="zoom"), topics(zoom)) == ("live", ["Better plan"])


@pytest.mark.parametrize("zoom", ["delegation"], indirect=True)
def test_f72_a_task_says_which_calendar_and_nothing_else(zoom: Story, ada: Visitor) -> None:
    bodies: list[bytes] = []

    def seen(url: str, headers: Mapping[str, str], body: bytes) -> int:
        bodies.append(body)
        return zoom.task(url, headers, body)

    zoom.simulator.cloud_tasks.send = seen
    unmanaged(zoom, ada)
    ada.connect("zoom")
    zoom.later(minutes=5)
    assert bodies
    assert {json.dumps(json.loads(body)) for body in bodies} == {json.dumps({"calendar": records.key(ADA)})}
