"""Disconnecting and deleting all data erase everything of one user, whatever the vendor says, and nothing of others."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from simulator import faults, registrations
from simulator.faults import Fault
from tests.browsing import Browser, create, link
from tests.faults.connect.story import CALLBACK, check_refused
from tests.served import Function
from tests.world import ADA, BOB, MovedClock

REVOKE = "/zoom/oauth/revoke"
LESS = registrations.ZOOM_SCOPES - {"meeting:write:meeting"}
ME = "/zoom/v2/users/me"
TEAM = "team@group.calendar.example.com"


def stored(function: Function) -> str:
    """Every document that is kept, as text."""
    with closing(sqlite3.connect(function.file)) as file:
        rows = file.execute("SELECT kind, key, body FROM documents ORDER BY kind, key").fetchall()
    return "\n".join(map(str, rows))


def tokens(function: Function) -> list[str]:
    """The access tokens that the provider was called with."""
    calls = function.simulator.requests.under("/zoom/v2")
    return [call.headers["authorization"].removeprefix("Bearer ") for call in calls]


def test_disconnecting_gives_the_tokens_back_and_erases_them(function: Function, browser: Browser) -> None:
    browser.connect("zoom")
    [token] = tokens(function)
    assert function.simulator.authorization["zoom"].access(token)
    assert "Zoom is disconnected." in browser.submit("/disconnect/zoom").text
    assert function.simulator.authorization["zoom"].access(token) is None
    assert function.connections() == []
    assert link(function, "zoom")


@pytest.mark.parametrize(
    "fault",
    [faults.status(500), faults.status(400), faults.reset(), faults.malformed()],
    ids=["500", "400", "reset", "malformed"],
)
def test_disconnecting_erases_even_when_the_vendor_takes_nothing_back(
    function: Function, browser: Browser, fault: Fault
) -> None:
    browser.connect("zoom")
    function.simulator.faults.add(fault, REVOKE, times=9)
    assert "Zoom is disconnected." in browser.submit("/disconnect/zoom").text
    assert function.connections() == []
    assert link(function, "zoom")


STILL_THERE = "may still list this app"


@pytest.mark.parametrize("vendor", ["zoom", "webex", "teams", "goto"])
def test_who_disconnects_is_told_where_the_vendor_may_not_know_of_it(
    function: Function, browser: Browser, vendor: str
) -> None:
    browser.connect(vendor)
    page = browser.submit(f"/disconnect/{vendor}").text
    assert "is disconnected." in page
    assert (STILL_THERE in page) == (vendor != "zoom")


def test_who_disconnects_is_told_when_the_vendor_did_not_take_the_tokens_back(
    function: Function, browser: Browser
) -> None:
    browser.connect("zoom")
    function.simulator.faults.add(faults.status(500), REVOKE, times=9)
    assert STILL_THERE in browser.submit("/disconnect/zoom").text


def test_disconnecting_erases_even_when_our_own_secret_is_missing(
    function: Function, browser: Browser, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.connect("zoom")
    monkeypatch.delenv("ZOOM_CLIENT")
    clock.advance(3600)
    browser.submit("/disconnect/zoom")
    assert function.connections() == []


def test_disconnecting_one_system_leaves_the_others(function: Function, browser: Browser) -> None:
    browser.connect("zoom")
    browser.connect("webex")
    browser.submit("/disconnect/zoom")
    assert [one.body["solution"] for one in function.connections()] == ["webex"]
    assert "error" not in create(function, "webex")


def test_connecting_again_after_disconnecting_works_at_once(function: Function, browser: Browser) -> None:
    browser.connect("zoom")
    assert "error" not in create(function, "zoom")
    browser.submit("/disconnect/zoom")
    url = link(function, "zoom")
    assert browser.connect("zoom", url).request.path == f"{CALLBACK}zoom"
    assert "error" not in create(function, "zoom")


def given_back(function: Function) -> int:
    """How many tokens Zoom was asked to revoke."""
    return len(function.simulator.requests.lines(REVOKE))


def test_who_allows_too_little_leaves_no_token_behind(function: Function, browser: Browser) -> None:
    browser.scopes = LESS
    check_refused(function, browser.connect("zoom"), "scopes")
    assert given_back(function) == 2


def test_whose_account_is_not_told_leaves_no_token_behind(function: Function, browser: Browser) -> None:
    function.simulator.faults.add(faults.status(403), ME, times=9)
    check_refused(function, browser.connect("zoom"), "zoom-403")
    [token] = tokens(function)
    assert given_back(function) == 2
    assert function.simulator.authorization["zoom"].access(token) is None


@pytest.mark.parametrize(
    "fault", [faults.status(500), faults.reset(), faults.malformed()], ids=["500", "reset", "none"]
)
def test_a_vendor_that_takes_nothing_back_changes_no_word_of_a_refusal(
    function: Function, browser: Browser, fault: Fault
) -> None:
    function.simulator.faults.add(fault, REVOKE, times=9)
    browser.scopes = LESS
    check_refused(function, browser.connect("zoom"), "scopes")


def test_who_is_connected_and_then_allows_too_little_stays_connected(function: Function, browser: Browser) -> None:
    browser.connect("zoom")
    browser.scopes = LESS
    browser.connect("zoom")
    assert function.lines()[-1]["reason"] == "scopes"
    assert given_back(function) == 0
    assert len(function.connections()) == 1


def everybody(function: Function) -> Browser:
    """Ada and Bob have connections and conferences, each on their own calendar and both on one that Ada keeps."""
    calendar = function.simulator.calendar
    calendar.add_calendar(TEAM, ADA)
    calendar.share(TEAM, BOB, "writer")
    browsers = {user: Browser(function, user) for user in (ADA, BOB)}
    for user, browser in browsers.items():
        for vendor in ("zoom", "webex"):
            browser.connect(vendor)
            assert "error" not in create(function, vendor, user)
        create(function, "demo", user)
        times: dict[str, Any] = {
            "start": {"dateTime": "2099-03-01T09:00:00Z"},
            "end": {"dateTime": "2099-03-01T10:00:00Z"},
        }
        event = calendar.add_event(TEAM, summary="Team", **times)
        body = {"calendarId": TEAM, "eventId": event, "oauthToken": function.simulator.access_token(user)}
        answer = function.post("/conferences?solution=demo", body, function.simulator.identity.script_token(user))
        assert "error" not in answer.json["conferenceData"]  # type: ignore[index]  # it is an object
    return browsers[ADA]


def test_deleting_all_data_leaves_no_word_of_the_user(function: Function) -> None:
    browser = everybody(function)
    sub = function.simulator.identity.subject(ADA)
    assert (sub in stored(function), ADA in stored(function)) == (True, True)
    given = tokens(function)
    assert "All your data is deleted." in browser.submit("/forget").text
    left = stored(function)
    assert (sub in left, ADA in left) == (False, False)
    assert not any(token in left for token in given)
    assert browser.client.get_cookie("session") is None


def test_deleting_all_data_ends_the_connections_there(function: Function) -> None:
    browser = everybody(function)
    server = function.simulator.authorization["zoom"]
    of_ada = [token for token in set(tokens(function)) if (grant := server.access(token)) and grant.email == ADA]
    assert of_ada
    browser.submit("/forget")
    assert not any(server.access(token) for token in of_ada)
    assert link(function, "zoom")


def test_deleting_all_data_leaves_everybody_elses(function: Function) -> None:
    browser = everybody(function)
    sub = function.simulator.identity.subject(BOB)

    def of_bob() -> list[tuple[str, str]]:
        return sorted((one.kind, one.key) for one in function.stored() if sub in str(one.body))

    before, connections = of_bob(), len(function.connections())
    browser.submit("/forget")
    assert of_bob() == before
    assert len(function.connections()) == connections - 2
    assert "error" not in create(function, "zoom", BOB)
    assert "error" not in create(function, "webex", BOB)


def test_deleting_all_data_goes_on_when_a_vendor_takes_nothing_back(function: Function) -> None:
    browser = everybody(function)
    function.simulator.faults.add(faults.status(500), "/zoom/oauth/*", times=None)
    browser.submit("/forget")
    assert function.simulator.identity.subject(ADA) not in stored(function)
    assert ADA not in stored(function)


def test_who_deleted_all_data_may_begin_anew(function: Function) -> None:
    browser = everybody(function)
    browser.submit("/forget")
    assert "Zoom is connected" in browser.connect("zoom", link(function, "zoom")).text
    assert "error" not in create(function, "zoom")
