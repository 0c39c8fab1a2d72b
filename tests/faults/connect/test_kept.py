"""F69, F70, F71: clocks that differ, secrets that change, what was sealed for somebody else: through the function."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from simulator import ids
from simulator.faults import Fault
from sync.store import Replace
from sync.store.sqlite import SqliteStore
from tests.browsing import Browser, create, link, vendors
from tests.faults.connect.story import held
from tests.served import Function, serving
from tests.world import ADA, BOB, MovedClock

HOUR = 3600.0
TOKEN = "/zoom/oauth/token"


def made(function: Function, user: str = ADA) -> bool:
    """Whether the user gets a conference."""
    calendar, now = function.simulator.calendar, function.simulator.clock.now().timestamp()
    times: dict[str, Any] = {"start": {"dateTime": "2099-03-01T09:00:00Z"}, "end": {"dateTime": "2099-03-01T10:00:00Z"}}
    event = calendar.add_event(user, summary="Plan", **times)
    token = function.simulator.identity.script_token(user, iat=int(now) - 600, exp=int(now) + 3600)
    body = {"calendarId": user, "eventId": event, "oauthToken": function.simulator.access_token(user)}
    data = json.loads(function.post("/conferences?solution=zoom", body, token).data)["conferenceData"]
    return "error" not in data


def refreshes(function: Function) -> int:
    """How often a token was renewed."""
    return sum(b"grant_type=refresh_token" in one.body for one in function.simulator.requests.under(TOKEN))


class Two:
    """The function with a clock of its own beside the world's."""

    def __init__(self, function: Function, ours: MovedClock, theirs: MovedClock) -> None:
        self.function = function
        self.ours = ours
        self.theirs = theirs

    def wait(self, seconds: float) -> None:
        self.ours.advance(seconds)
        self.theirs.advance(seconds)


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    solutions, environment = vendors()
    ours, theirs = MovedClock(), MovedClock()
    with serving(tmp_path, monkeypatch, solutions, environment, ours, theirs) as function:
        yield Two(function, ours, theirs)


@pytest.mark.parametrize("skew", [-299, 299])
def test_f69_a_clock_that_jumps_by_five_minutes_uses_no_token_that_is_over(two: Two, skew: float) -> None:
    Browser(two.function).connect("zoom")
    two.ours.advance(skew)
    for _ in range(3):
        two.wait(HOUR - 2)
        assert made(two.function)
    refused = [line for line in two.function.lines() if "token-refused" in json.dumps(line)]
    assert refused == []


@pytest.mark.parametrize("lifetime", [0, -5, None, "3600", "soon"])
def test_f69_whatever_a_vendor_says_of_a_tokens_life_it_serves_and_is_renewed(
    function: Function, browser: Browser, clock: MovedClock, lifetime: object
) -> None:
    def damage(body: bytes) -> bytes:
        reply = {**json.loads(body), "expires_in": lifetime}
        return json.dumps(reply if lifetime is not None else {**reply, "expires_in": None}).encode()

    function.simulator.faults.add(Fault(damage=damage), TOKEN, times=None)
    browser.connect("zoom")
    assert made(function)
    assert refreshes(function) == 0
    clock.advance(HOUR)
    assert made(function)
    assert refreshes(function) == 1


def test_f69_a_token_that_ends_before_its_time_is_renewed_once_by_force(function: Function, browser: Browser) -> None:
    browser.connect("zoom")
    server = function.simulator.authorization["zoom"]
    for request in function.simulator.requests.under("/zoom/v2/users/me"):
        server.expire(request.headers["authorization"].removeprefix("Bearer "))
    assert made(function)
    assert refreshes(function) == 1


def rotate_zoom(function: Function, monkeypatch: pytest.MonkeyPatch, clock: MovedClock) -> None:
    """Zoom's administrator makes a new client secret, and the deployer a new version of ours."""
    client, _ = ids.OAUTH_CLIENTS["zoom"]
    secret = function.simulator.authorization["zoom"].rotate_secret(client)
    monkeypatch.setenv("ZOOM_CLIENT", secret)
    clock.advance(30)


def test_f70_a_client_secret_that_changed_is_read_again_once_while_a_user_connects(
    function: Function, browser: Browser, monkeypatch: pytest.MonkeyPatch, clock: MovedClock
) -> None:
    Browser(function, BOB).connect("zoom")
    path = held(browser)
    rotate_zoom(function, monkeypatch, clock)
    function.simulator.requests.clear()
    assert "Zoom is connected" in browser.client.get(path).text
    assert len(function.simulator.requests.under(TOKEN)) == 2


def test_f70_a_client_secret_that_is_wrong_and_stays_so_is_tried_once(
    function: Function, browser: Browser, clock: MovedClock
) -> None:
    path = held(browser)
    function.simulator.authorization["zoom"].rotate_secret(ids.OAUTH_CLIENTS["zoom"][0])
    clock.advance(30)
    response = browser.client.get(path)
    assert response.status_code == 500
    assert "only your administrator can mend it" in response.text
    assert function.lines()[-1]["severity"] == "ERROR"
    assert len(function.simulator.requests.under(TOKEN)) == 1
    assert function.connections() == []


def test_f70_a_client_secret_that_changed_is_read_again_once_while_a_token_is_renewed(
    function: Function, browser: Browser, monkeypatch: pytest.MonkeyPatch, clock: MovedClock
) -> None:
    browser.connect("zoom")
    clock.advance(HOUR)
    Browser(function, BOB).connect("zoom")
    rotate_zoom(function, monkeypatch, clock)
    function.simulator.requests.clear()
    assert made(function)
    assert len(function.simulator.requests.under(TOKEN)) == 2


def test_f70_a_client_secret_that_changed_is_read_again_for_the_test_on_the_page(
    function: Function, browser: Browser, monkeypatch: pytest.MonkeyPatch, clock: MovedClock
) -> None:
    browser.connect("zoom")
    clock.advance(HOUR)
    Browser(function, BOB).connect("zoom")
    rotate_zoom(function, monkeypatch, clock)
    assert "Zoom answers, and knows you." in browser.submit("/test/zoom").text


def test_f70_our_secret_at_google_is_read_again_once_when_it_changed(
    function: Function, browser: Browser, monkeypatch: pytest.MonkeyPatch, clock: MovedClock
) -> None:
    browser.sign_in()
    monkeypatch.setenv("SIGN_IN_SECRET", function.simulator.sign_in.rotate_secret(ids.SIGN_IN_CLIENT[0]))
    clock.advance(30)
    assert BOB in Browser(function, BOB).sign_in().text


def test_f70_a_new_sealing_key_on_top_leaves_everybody_signed_in_and_connected(
    function: Function, browser: Browser, monkeypatch: pytest.MonkeyPatch, clock: MovedClock
) -> None:
    browser.connect("zoom")
    old = "Y2FuYXJ5LXNlYWxpbmcta2V5LTMyLWJ5dGVzLS0tLSE="
    monkeypatch.setenv("SEALING_KEYS", f"bmV3LXNlYWxpbmcta2V5LW9mLTMyLWJ5dGVzLS0tLSE=\n{old}")
    clock.advance(HOUR)
    assert "Connected as" in browser.open("/settings").text
    assert made(function)


def swap(function: Function) -> list[str]:
    """Somebody with the store's password puts each user's sealed tokens into the other's connection."""
    first, second = function.connections()
    with closing(SqliteStore(str(function.file))) as store:
        store.commit(
            [
                Replace(first, {**first.body, "sealed": second.body["sealed"]}),
                Replace(second, {**second.body, "sealed": first.body["sealed"]}),
            ]
        )
    return [str(first.body["sealed"]), str(second.body["sealed"])]


def test_f71_connections_that_were_swapped_open_for_nobody_and_are_made_again(
    function: Function, browser: Browser, clock: MovedClock
) -> None:
    bob = Browser(function, BOB)
    browser.connect("zoom")
    bob.connect("zoom")
    sealed = swap(function)
    clock.advance(HOUR)
    function.simulator.requests.clear()
    page = browser.open("/settings").text
    assert "The connection has ended." in page
    assert 'href="/connect/zoom"' in page
    url = link(function, "zoom")
    assert function.simulator.requests.under("/zoom") == []
    assert "Zoom is connected" in browser.connect("zoom", url).text
    assert "error" not in create(function, "zoom")
    assert not any(text in function.log() + page for text in sealed)
    assert link(function, "zoom", BOB)


@pytest.mark.parametrize("damage", [lambda text: text[:-8], lambda text: text.replace("1.", "2.", 1), lambda text: ""])
def test_f71_a_sealed_connection_that_was_damaged_asks_to_connect_again(
    function: Function, browser: Browser, clock: MovedClock, damage: object
) -> None:
    browser.connect("zoom")
    [connection] = function.connections()
    assert callable(damage)
    with closing(SqliteStore(str(function.file))) as store:
        store.commit([Replace(connection, {**connection.body, "sealed": damage(connection.body["sealed"])})])
    clock.advance(HOUR)
    assert "The connection has ended." in browser.open("/settings").text
    assert link(function, "zoom")
    assert re.search(r'"defect"', function.log()) is None
