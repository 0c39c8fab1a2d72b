"""What reaches a sync is answered in one of few ways, and only what should come again is refused as unavailable."""

import json

import pytest

from conference.errors import NotFound, StoreUnavailable, TooManyRequests, Unauthenticated, Unavailable
from simulator import faults
from sync import records
from tests.faults.signals.conftest import relayed as relayed
from tests.faults.signals.conftest import watched as watched
from tests.faults.signals.story import begun, message, rename
from tests.followed import Followed
from tests.scenarios.conftest import clock as clock
from tests.scenarios.conftest import open_store as open_store
from tests.scenarios.conftest import world as world
from tests.world import ADA, ON_SQLITE

pytestmark = ON_SQLITE
TASK = json.dumps({"calendar": records.key(ADA)}).encode()


def proof(followed: Followed, path: str) -> str:
    """The token that Cloud Tasks sends."""
    return followed.simulator.identity.tasks_token(followed.url + path)


def test_a_task_that_ran_says_what_it_did_in_its_log_line(watched: Followed) -> None:
    event = begun(watched)
    rename(watched, event, "Renamed")
    incoming = watched.incoming("/sync", proof(watched, "/sync"), TASK)
    answer = watched.instance.service.following.sync(incoming)
    assert (answer.status, answer.body, answer.outcome) == (200, {}, "in-step")
    assert incoming.note == {"pages": 1, "rows": 1}


def test_a_task_whose_run_failed_is_done_and_the_store_says_when_it_is_tried_again(watched: Followed) -> None:
    begun(watched)
    watched.simulator.faults.add(faults.status(500), "/calendar/*", "GET")
    incoming = watched.incoming("/sync", proof(watched, "/sync"), TASK)
    answer = watched.instance.service.following.sync(incoming)
    assert (answer.status, answer.outcome, incoming.note["reason"]) == (200, "early", "calendar-unavailable")
    assert watched.calendar().due


@pytest.mark.parametrize(("path", "call"), [("/sync", "get calendar"), ("/sync", "commit"), ("/sweep", "due")])
def test_while_the_store_is_down_a_task_comes_again(watched: Followed, path: str, call: str) -> None:
    begun(watched)
    watched.instance.outside.fail("before", call, StoreUnavailable("down"))
    following = watched.instance.service.following
    incoming = watched.incoming(path, proof(watched, path), TASK)
    with pytest.raises(Unavailable):
        (following.sync if path == "/sync" else following.sweep)(incoming)


def test_a_task_with_more_to_do_is_queued_again(watched: Followed) -> None:
    event = begun(watched)
    rename(watched, event, "Renamed")
    watched.simulator.push.drop()
    watched.simulator.calendar.largest_page = 1
    watched.simulator.pages.empty = 40
    incoming = watched.incoming("/sync", proof(watched, "/sync"), TASK)
    assert watched.instance.service.following.sync(incoming).outcome == "more"
    assert len(watched.simulator.cloud_tasks.tasks) == 1
    watched.settle()
    assert watched.titles() == ["Renamed"]


def test_a_task_needs_a_bearer_and_an_address_of_ours(watched: Followed) -> None:
    begun(watched)
    following = watched.instance.service.following
    for authorization in ("", "Bearer", "Basic YTpi", f"Token {proof(watched, '/sync')}"):
        incoming = watched.incoming("/sync", "", TASK)
        incoming.authorization = authorization
        with pytest.raises(Unauthenticated):
            following.sync(incoming)
    lower = watched.incoming("/sync", "", TASK)
    lower.authorization = f"bearer {proof(watched, '/sync')}"
    assert following.sync(lower).status == 200


def test_a_body_is_not_read_before_its_sender_is_proved(watched: Followed) -> None:
    def unread() -> bytes:
        raise AssertionError("read")

    following = watched.instance.service.following
    for path, answer in (("/sync", following.sync), ("/calendar-changes", following.calendar_changes)):
        incoming = watched.incoming(path, "x.y.z", b"")
        incoming.body = unread
        with pytest.raises(Unauthenticated):
            answer(incoming)


def test_a_notification_never_reads_a_body(watched: Followed) -> None:
    begun(watched)
    headers = message(watched)

    def unread() -> bytes:
        raise AssertionError("read")

    incoming = watched.incoming("/notifications", "", b"")
    incoming.body = unread
    following = watched.instance.service.following
    assert following.notify(lambda name: headers.get(name), incoming).status == 204
    with pytest.raises(NotFound):
        following.notify(lambda name: None, incoming)


def test_f31_a_user_who_relays_too_often_waits(relayed: Followed) -> None:
    begun(relayed)
    body = {"calendarId": ADA, "oauthToken": relayed.simulator.access_token(ADA)}
    bearer = relayed.simulator.identity.script_token(ADA)

    def relay() -> float:
        """The seconds that the user is told to wait."""
        incoming = relayed.incoming("/calendar-changes", bearer, json.dumps(body).encode())
        try:
            relayed.instance.service.following.calendar_changes(incoming)
        except TooManyRequests as refused:
            return refused.retry_after
        return 0.0

    assert relay() == 0.0
    wait = next(filter(None, (relay() for _ in range(200))))
    relayed.world.clock.advance(wait)
    assert relay() == 0.0


def test_where_changes_are_relayed_a_calendar_is_not_run_without_a_token(relayed: Followed) -> None:
    begun(relayed)
    assert not relayed.instance.service.following.run(records.key(ADA)).ran
    assert relayed.outside() == []
