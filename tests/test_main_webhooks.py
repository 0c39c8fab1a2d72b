"""Zoom tells the function what happened there: proved, acted on once, answered in a status; over HTTP."""

import html
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from conference.errors import StoreUnavailable
from simulator.zoom_api import zoom_id
from simulator.zoom_webhooks import ZoomWebhooks
from sync import records
from sync.connections import connection_key
from sync.records import CONNECTIONS, MAPPINGS, MappingRecord
from sync.store.sqlite import SqliteStore
from tests.browsing import Browser, create, vendors
from tests.served import PUBLIC_URL, Function, serving
from tests.world import ADA, BOB

PATH = "/webhooks/zoom"
TIMES: dict[str, Any] = {"start": {"dateTime": "2099-03-01T09:00:00Z"}, "end": {"dateTime": "2099-03-01T10:00:00Z"}}


@pytest.fixture
def environment() -> dict[str, str]:
    """The secrets of the function; changed later, they are as if somebody had replaced them."""
    return vendors()[1]


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> Iterator[Function]:
    solutions = vendors()[0]
    solutions["bare"] = {name: value for name, value in solutions["zoom"].items() if name != "webhook_secret"}
    with serving(tmp_path, monkeypatch, solutions, environment) as function:
        yield function


@pytest.fixture
def zoom(function: Function) -> ZoomWebhooks:
    """What Zoom has to tell, which a test delivers to the function."""
    webhooks = function.simulator.systems.zoom_webhooks
    webhooks.address = f"{PUBLIC_URL}{PATH}"

    def send(address: str, headers: Mapping[str, str], body: bytes) -> int:
        path = address.removeprefix(PUBLIC_URL)
        return function.client.post(path, data=body, headers=dict(headers)).status_code

    webhooks.send = send
    return webhooks


def connected(function: Function, user: str) -> None:
    assert "is connected" in Browser(function, user=user).connect("zoom").text


def plan(function: Function, user: str = ADA) -> str:
    """A saved event with a meeting of Zoom's."""
    event = function.simulator.calendar.add_event(user, summary="Plan", **TIMES)
    data = create(function, "zoom", user, event)
    assert "error" not in data, function.log()
    return event


def mapping(function: Function, event: str, user: str = ADA) -> MappingRecord:
    with closing(SqliteStore(str(function.file))) as store:
        document = store.get(MAPPINGS, records.key(user, event, "zoom"))
    assert document
    return records.mapping(document)


def is_connected(function: Function, user: str) -> bool:
    """Whether anything is stored of a user's connection."""
    sub = function.simulator.identity.subject(user)
    with closing(SqliteStore(str(function.file))) as store:
        return store.get(CONNECTIONS, connection_key(sub, "zoom")) is not None


def remove_app(function: Function, user: str) -> None:
    """A user removes the app in Zoom's marketplace."""
    function.simulator.authorization["zoom"].revoke_user(user)


def test_f72_who_removes_the_app_there_is_purged_and_nobody_else(function: Function, zoom: ZoomWebhooks) -> None:
    connected(function, ADA)
    connected(function, BOB)
    remove_app(function, ADA)
    assert zoom.deliver_all() == [204]
    assert (is_connected(function, ADA), is_connected(function, BOB)) == (False, True)
    assert create(function, "zoom", ADA)["error"]["conferenceErrorType"] == "AUTHENTICATION"
    assert "entryPoints" in create(function, "zoom", BOB)


def test_f72_a_call_that_comes_late_does_not_purge_who_has_connected_again(
    function: Function, zoom: ZoomWebhooks
) -> None:
    connected(function, ADA)
    remove_app(function, ADA)
    zoom.double()
    assert zoom.deliver() == 204
    connected(function, ADA)
    zoom.double()
    assert zoom.deliver_all() == [204, 204]
    assert is_connected(function, ADA)
    assert "entryPoints" in create(function, "zoom", ADA)


def test_f72_a_first_call_that_comes_late_does_not_either(function: Function, zoom: ZoomWebhooks) -> None:
    connected(function, ADA)
    remove_app(function, ADA)
    connected(function, ADA)
    assert zoom.deliver_all() == [204]
    assert is_connected(function, ADA)


def test_f72_what_was_told_is_in_no_log(function: Function, zoom: ZoomWebhooks) -> None:
    connected(function, ADA)
    remove_app(function, ADA)
    zoom.deliver_all()
    for private in (ADA, zoom_id(ADA), zoom.secret):
        assert private not in function.log()


def test_a_meeting_that_is_deleted_there_is_shown_and_made_anew_when_it_is_chosen_again(
    function: Function, zoom: ZoomWebhooks
) -> None:
    connected(function, ADA)
    event = plan(function)
    before = function.simulator.calendar.calendar(ADA).events[event]
    first = mapping(function, event)
    function.simulator.systems.zoom.delete(ADA, first.conference)
    assert zoom.deliver_all() == [204]
    lost = mapping(function, event)
    assert (lost.state, lost.reason) == ("lost", "deleted-there")
    assert function.simulator.calendar.calendar(ADA).events[event] == before

    browser = Browser(function)
    browser.sign_in()
    assert "It was deleted in Zoom. Choose Zoom in the event again." in html.unescape(browser.open("/settings").text)

    data = create(function, "zoom", ADA, event)
    second = mapping(function, event)
    assert second.conference != first.conference
    assert second.conference in data["entryPoints"][0]["uri"]
    assert second.state == "offered"


def test_a_replayed_deletion_does_not_touch_the_meeting_that_was_made_since(
    function: Function, zoom: ZoomWebhooks
) -> None:
    connected(function, ADA)
    event = plan(function)
    function.simulator.systems.zoom.delete(ADA, mapping(function, event).conference)
    zoom.double()
    zoom.deliver()
    create(function, "zoom", ADA, event)
    assert zoom.deliver() == 204
    assert mapping(function, event).state == "offered"


def test_the_deletion_of_one_occurrence_changes_nothing(function: Function, zoom: ZoomWebhooks) -> None:
    connected(function, ADA)
    event = plan(function)
    [meeting] = function.simulator.systems.zoom.meetings.values()
    zoom.deleted(meeting, "single")
    assert zoom.deliver_all() == [204]
    assert mapping(function, event).state == "offered"


def test_somebody_else_s_meeting_is_nothing_to_us(function: Function, zoom: ZoomWebhooks) -> None:
    connected(function, ADA)
    event = plan(function)
    zoom.tell("meeting.deleted", {"operation": "all", "object": {"id": "12345678901"}})
    assert zoom.deliver_all() == [204]
    assert mapping(function, event).state == "offered"


def test_the_same_call_at_the_same_moment_to_several_threads_is_harmless(
    function: Function, zoom: ZoomWebhooks
) -> None:
    connected(function, ADA)
    event = plan(function)
    function.simulator.systems.zoom.delete(ADA, mapping(function, event).conference)
    told = zoom.drop()
    headers = zoom.signed(told.body)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: zoom.send(zoom.address, headers, told.body), range(8)))
    assert statuses == [204] * 8
    assert mapping(function, event).state == "lost"
    assert [line["message"] for line in function.lines()].count("lost: zoom: deleted-there") == 1


def test_f72_while_the_store_is_down_the_call_is_to_come_again_and_then_works(
    function: Function, zoom: ZoomWebhooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected(function, ADA)
    remove_app(function, ADA)

    def down(*_: object) -> None:
        raise StoreUnavailable("store-down")

    with monkeypatch.context() as patched:
        patched.setattr(SqliteStore, "commit", down)
        assert zoom.deliver_all() == [503]
    [again] = zoom.pending
    assert again.attempts == 1
    assert zoom.deliver_all() == [204]
    assert not is_connected(function, ADA)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (PATH, b"{", 400),
        (PATH, b'{"event": "meeting.deleted"}', 400),
        (PATH, b'{"event": "user.created", "payload": []}', 204),
        (PATH, b'{"event": "x", "payload": "' + b"x" * (256 * 1024) + b'"}', 413),
        ("/webhooks/unknown", b"{}", 404),
        ("/webhooks/demo", b"{}", 404),
        ("/webhooks/bare", b"{}", 404),
        ("/webhooks/webex", b"{}", 404),
        ("/webhooks/", b"{}", 404),
        ("/webhooks/zoom/more", b"{}", 404),
    ],
)
def test_what_else_comes_is_answered_in_a_status(
    function: Function, zoom: ZoomWebhooks, path: str, body: bytes, status: int
) -> None:
    assert function.client.post(path, data=body, headers=zoom.signed(body)).status_code == status


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_a_webhook_is_posted(function: Function, method: str) -> None:
    reply = function.client.open(PATH, method=method)
    assert (reply.status_code, reply.headers["Allow"]) == (405, "POST")


def test_a_compressed_body_is_not_read(function: Function, zoom: ZoomWebhooks) -> None:
    reply = function.client.post(PATH, data=b"{}", headers={**zoom.signed(b"{}"), "Content-Encoding": "gzip"})
    assert reply.status_code == 400
