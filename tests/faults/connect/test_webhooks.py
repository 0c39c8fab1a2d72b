"""F70, F72: what Zoom tells is proved, acted on once, and purges what is stored of who took our access away."""

import re

import pytest

from conference.secrets.local import Environment
from conference.secrets.source import Payload
from simulator.zoom_api import zoom_id
from tests.browsing import Browser, create, link
from tests.faults.connect.story import hook
from tests.served import Function
from tests.world import ADA, BOB, MovedClock

DEAUTHORISED = {"event": "app_deauthorized", "payload": {"user_id": zoom_id(ADA)}}


def deleted(function: Function) -> dict[str, object]:
    """What Zoom says of the only meeting."""
    [meeting] = function.simulator.systems.zoom.meetings
    return {"event": "meeting.deleted", "payload": {"object": {"id": str(meeting)}}}


def test_f72_a_user_who_takes_our_access_away_is_purged_and_nobody_else(function: Function, browser: Browser) -> None:
    browser.connect("zoom")
    Browser(function, BOB).connect("zoom")
    assert hook(function, DEAUTHORISED).status_code == 204
    assert len(function.connections()) == 1
    assert "Not connected." in browser.open("/settings").text
    assert link(function, "zoom")
    assert "error" not in create(function, "zoom", BOB)


@pytest.mark.parametrize("age", [301, -301, 86400])
def test_f72_a_call_that_was_not_signed_just_now_is_refused(function: Function, browser: Browser, age: float) -> None:
    browser.connect("zoom")
    assert hook(function, DEAUTHORISED, age=age).status_code == 401
    assert len(function.connections()) == 1
    assert hook(function, DEAUTHORISED, age=290 if age > 0 else -290).status_code == 204


def test_f72_a_call_that_somebody_else_signed_is_refused(function: Function, browser: Browser) -> None:
    browser.connect("zoom")
    response = hook(function, DEAUTHORISED, secret="another")
    assert (response.status_code, response.json) == (401, {"error": "unauthenticated"})
    assert len(function.connections()) == 1


def test_f72_a_call_that_is_replayed_does_not_purge_who_connected_again(function: Function, browser: Browser) -> None:
    browser.connect("zoom")
    assert hook(function, DEAUTHORISED).status_code == 204
    browser.connect("zoom")
    assert hook(function, DEAUTHORISED).status_code == 204
    assert len(function.connections()) == 1


def test_f72_a_call_that_could_not_be_acted_on_is_taken_when_it_comes_again(
    function: Function, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.connect("zoom")
    with monkeypatch.context() as patched:
        patched.setattr("sync.connections.StoredConnections.erase", lambda *given: False)
        assert hook(function, DEAUTHORISED).status_code == 503
    assert hook(function, DEAUTHORISED).status_code == 204
    assert function.connections() == []


def test_f72_a_body_over_the_cap_is_not_read(function: Function) -> None:
    assert hook(function, {"event": "x" * 300_000}).status_code == 413


def test_f72_a_meeting_that_is_deleted_there_is_shown_and_can_be_made_again(
    function: Function, browser: Browser
) -> None:
    browser.connect("zoom")
    times = {"dateTime": "2099-03-01T09:00:00Z"}
    event = function.simulator.calendar.add_event(ADA, start=times, end={"dateTime": "2099-03-01T10:00:00Z"})
    first = create(function, "zoom", event=event)
    assert hook(function, deleted(function)).status_code == 204
    assert "It was deleted in Zoom. Choose Zoom in the event again." in browser.open("/settings").text
    assert create(function, "zoom", event=event)["conferenceId"] != first["conferenceId"]
    assert "It was deleted in Zoom." not in browser.open("/settings").text


def test_f72_the_address_is_proved_to_zoom_by_the_secret(function: Function) -> None:
    reply = hook(function, {"event": "endpoint.url_validation", "payload": {"plainToken": "abc"}})
    assert reply.json
    assert reply.json["plainToken"] == "abc"
    assert re.fullmatch(r"[0-9a-f]{64}", reply.json["encryptedToken"])


@pytest.mark.parametrize("path", ["/webhooks/nothing", "/webhooks/demo", "/webhooks/webex"])
def test_f72_a_solution_without_webhooks_has_none(function: Function, path: str) -> None:
    response = function.client.post(path, data=b"{}")
    assert (response.status_code, response.json) == (404, {"error": "not found"})


def test_f70_a_webhook_secret_that_changed_is_read_again_once(
    function: Function, browser: Browser, monkeypatch: pytest.MonkeyPatch, clock: MovedClock
) -> None:
    browser.connect("zoom")
    hook(function, {"event": "anything"})
    clock.advance(30)
    monkeypatch.setenv("ZOOM_WEBHOOK", "the-next-one")
    assert hook(function, DEAUTHORISED, secret="the-next-one").status_code == 204
    assert function.connections() == []


def test_f70_forgeries_do_not_have_the_secret_read_again_and_again(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    fetch = Environment.fetch

    def seen(source: Environment, name: str) -> Payload:
        reads.append(name)
        return fetch(source, name)

    monkeypatch.setattr(Environment, "fetch", seen)
    for _ in range(20):
        assert hook(function, DEAUTHORISED, secret="forged").status_code == 401
    assert reads.count("zoom-webhook") == 2


def test_f70_a_webhook_secret_that_is_missing_has_zoom_call_again(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZOOM_WEBHOOK")
    assert hook(function, DEAUTHORISED).status_code == 503
    line = function.lines()[-1]
    assert (line["reason"], line["outcome"]) == ("secret-missing", "refused")
    assert any(one["severity"] == "ERROR" and "zoom" in one["message"] for one in function.lines())
