"""F21, F64: a link says who is expected, proves nothing, and leads nobody else to the vendor."""

import re
from html import unescape

import pytest

from tests.browsing import Browser, create, link
from tests.faults.connect.story import check_refused, parameters
from tests.served import PUBLIC_URL, Function
from tests.world import ADA, BOB, MovedClock

AUTHORIZE = "/zoom/oauth/authorize"


def asked_of_zoom(function: Function) -> list[str]:
    return [str(request) for request in function.simulator.requests.under("/zoom/v2")]


def test_f21_a_user_without_a_connection_costs_no_call_of_the_provider(function: Function) -> None:
    link(function, "zoom")
    assert asked_of_zoom(function) == []
    assert function.simulator.requests.under("/zoom") == []


def test_f21_a_token_that_was_revoked_there_asks_for_a_connection_once(function: Function, browser: Browser) -> None:
    browser.connect("zoom", link(function, "zoom"))
    function.simulator.authorization["zoom"].revoke_user(ADA)
    again = link(function, "zoom")
    asked = len(function.simulator.requests.under("/zoom"))
    link(function, "zoom")
    assert len(function.simulator.requests.under("/zoom")) == asked
    assert "Zoom is connected" in browser.connect("zoom", again).text
    assert "error" not in create(function, "zoom")


def test_f21_the_connection_of_one_user_is_no_other_users(function: Function, browser: Browser) -> None:
    browser.connect("zoom", link(function, "zoom"))
    assert asked_of_zoom(function) == ["GET /zoom/v2/users/me"]
    link(function, "zoom", BOB)
    assert asked_of_zoom(function) == ["GET /zoom/v2/users/me"]


def test_f64_a_link_is_good_until_it_is_done_within_the_hour(
    function: Function, browser: Browser, clock: MovedClock
) -> None:
    url = link(function, "zoom")
    browser.open(url.removeprefix(PUBLIC_URL), stop=function.simulator.url)
    browser.decision = "deny"
    check_refused(function, browser.connect("zoom", url), "denied")
    clock.advance(3500)
    browser.decision = "allow"
    assert "Zoom is connected" in browser.connect("zoom", url).text


def test_f64_the_account_that_calendar_asked_for_is_hinted_at(function: Function, browser: Browser) -> None:
    browser.open(link(function, "zoom").removeprefix(PUBLIC_URL), stop=function.simulator.url)
    [url] = browser.seen
    assert parameters(url)["login_hint"] == function.simulator.identity.subject(ADA)
    assert f"Expected: {ADA}" in browser.session.get(url, timeout=10).text


def test_f64_another_account_is_refused_and_both_are_named(function: Function) -> None:
    bob = Browser(function, BOB)
    response = bob.connect("zoom", link(function, "zoom"))
    check_refused(function, response, "another-account")
    assert f"Calendar asked for {ADA}, but you are signed in as {BOB}" in response.text
    assert not any(AUTHORIZE in url for url in bob.seen)


def test_f64_another_account_that_is_signed_in_already_is_refused_too(function: Function) -> None:
    bob = Browser(function, BOB)
    bob.sign_in()
    check_refused(function, bob.connect("zoom", link(function, "zoom")), "another-account")


@pytest.mark.parametrize("before", [True, False], ids=["signed-in-before", "signs-in-now"])
def test_f64_who_is_refused_may_switch_and_then_connects_as_the_one_expected(function: Function, before: bool) -> None:
    browser = Browser(function, BOB)
    if before:
        browser.sign_in()
    page = browser.connect("zoom", link(function, "zoom"))
    found = re.search(r'class="button" href="([^"]+)"', page.text)
    assert found
    browser.user = ADA
    browser.seen.clear()
    assert "Zoom is connected" in browser.open(unescape(found[1])).text
    assert parameters(browser.seen[0])["prompt"] == "select_account"
    assert "error" not in create(function, "zoom")
    link(function, "zoom", BOB)


def test_f64_a_link_that_somebody_else_follows_connects_nothing_to_who_it_names(function: Function) -> None:
    """Linking somebody's account to mine, or mine to somebody's: the link alone does neither."""
    url = link(function, "zoom")
    Browser(function, BOB).connect("zoom", url)
    link(function, "zoom")
    link(function, "zoom", BOB)
    assert function.connections() == []


def test_f64_who_comes_without_a_link_signs_in_and_connects_their_own(function: Function) -> None:
    assert "Zoom is connected" in Browser(function, BOB).connect("zoom").text
    link(function, "zoom", ADA)
    assert "error" not in create(function, "zoom", BOB)


def test_f21_the_address_for_calendar_is_short_enough_whatever_people_are_called(function: Function) -> None:
    longest = f"{'a' * 64}@{'.'.join(['b' * 60] * 4)}.com"
    function.simulator.add_user(longest)
    url = link(function, "zoom", longest)
    assert len(url) <= 1300
    assert "Zoom is connected" in Browser(function, longest).connect("zoom", url).text
