"""F64: a state is good once, for a while, in one browser, for one user and one solution; each failure has its word."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.test import TestResponse

from tests.browsing import Browser
from tests.faults.connect.story import CALLBACK, changed, check_refused, held
from tests.served import PUBLIC_URL, Function
from tests.world import BOB, MovedClock

FLOW = 600
"""Seconds that a flow may take."""


def back(browser: Browser, path: str) -> TestResponse:
    """The browser comes back to us, whatever it brings."""
    return browser.client.get(path)


def test_f64_a_callback_without_a_state_is_refused(function: Function, browser: Browser) -> None:
    check_refused(function, back(browser, changed(held(browser), state=None)), "no-state")


def test_f64_a_state_that_nobody_gave_is_refused(function: Function, browser: Browser) -> None:
    check_refused(function, back(browser, changed(held(browser), state="unknown")), "another-state")


def test_f64_a_state_of_another_browser_is_refused(function: Function, browser: Browser) -> None:
    path = held(browser)
    other = Browser(function, BOB)
    other.sign_in()
    check_refused(function, back(other, path), "no-flow")


def test_f64_a_state_of_another_browser_in_the_middle_of_its_own_flow_is_refused(
    function: Function, browser: Browser
) -> None:
    path = held(browser)
    other = Browser(function, BOB)
    held(other)
    check_refused(function, back(other, path), "another-state")


def test_f64_a_browser_where_nobody_is_signed_in_is_refused(function: Function, browser: Browser) -> None:
    check_refused(function, back(Browser(function), held(browser)), "signed-out")


def test_f64_a_state_for_another_solution_is_refused(function: Function, browser: Browser) -> None:
    path = held(browser, "zoom").replace(f"{CALLBACK}zoom", f"{CALLBACK}webex")
    check_refused(function, back(browser, path), "another-solution")


def test_f64_a_state_for_a_solution_cannot_sign_anybody_in(function: Function, browser: Browser) -> None:
    path = held(browser, "zoom").replace(f"{CALLBACK}zoom", "/sign-in")
    check_refused(function, back(browser, path), "another-solution")


def test_f64_who_finishes_must_be_who_began(function: Function, browser: Browser) -> None:
    path = held(browser)
    flow = browser.client.get_cookie("flow")
    assert flow
    browser.user = BOB
    browser.client.delete_cookie("session")
    browser.sign_in()
    browser.client.set_cookie("flow", flow.value)
    check_refused(function, back(browser, path), "another-user")


def test_f64_the_first_of_two_tabs_is_refused_and_the_second_goes_on(function: Function, browser: Browser) -> None:
    first, second = held(browser), held(browser)
    response = back(browser, first)
    assert (response.status_code, function.lines()[-1]["reason"]) == (400, "another-state")
    assert function.connections() == []
    assert back(browser, second).status_code == 200
    assert len(function.connections()) == 1


def test_f64_who_comes_back_with_nothing_of_ours_ends_no_flow(function: Function, browser: Browser) -> None:
    path = held(browser)
    for stray in (
        f"{CALLBACK}zoom",
        f"{CALLBACK}zoom?state=x&code=y",
        "/sign-in?state=x",
        f"{CALLBACK}nothing?state=x",
    ):
        assert back(browser, stray).status_code == 400
    assert back(browser, path).status_code == 200


def test_f64_a_flow_that_took_too_long_is_refused(function: Function, browser: Browser, clock: MovedClock) -> None:
    path = held(browser)
    clock.advance(FLOW)
    check_refused(function, back(browser, path), "late")


def test_f64_a_sign_in_that_took_too_long_is_refused(function: Function, browser: Browser, clock: MovedClock) -> None:
    browser.open("/settings?sign-in=1", stop="/sign-in")
    clock.advance(FLOW)
    check_refused(function, back(browser, browser.seen[-1].removeprefix(PUBLIC_URL)), "late")


def test_f64_a_state_is_spent_by_a_refusal(function: Function, browser: Browser) -> None:
    path = held(browser)
    flow = browser.client.get_cookie("flow")
    assert flow
    check_refused(function, back(browser, changed(path, code=None, error="access_denied")), "denied")
    browser.client.set_cookie("flow", flow.value)
    check_refused(function, back(browser, path), "used")


def test_f64_a_callback_that_is_replayed_is_refused(function: Function, browser: Browser) -> None:
    path = held(browser)
    flow = browser.client.get_cookie("flow")
    assert flow
    assert back(browser, path).status_code == 200
    [connection] = function.connections()
    browser.client.set_cookie("flow", flow.value)
    assert back(browser, path).status_code == 400
    assert function.lines()[-1]["reason"] == "used"
    assert function.connections() == [connection]


def test_f64_of_many_callbacks_at_once_one_spends_the_state(function: Function, browser: Browser) -> None:
    path = held(browser)
    cookies = {name: browser.client.get_cookie(name) for name in ("session", "flow")}

    def once(number: int) -> int:
        tab = Browser(function)
        for name, cookie in cookies.items():
            assert cookie
            tab.client.set_cookie(name, cookie.value)
        return back(tab, path).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = sorted(threads.map(once, range(8)))
    assert statuses == [200] + [400] * 7
    assert [line["reason"] for line in function.lines() if line.get("outcome") == "refused"] == ["used"] * 7
    assert function.simulator.requests.lines("/zoom/oauth/token") == ["POST /zoom/oauth/token"]


@pytest.mark.parametrize("path", ["/connect/nothing", f"{CALLBACK}nothing?state=x&code=y", "/connect/demo"])
def test_f64_a_solution_that_nobody_connects_has_no_flow(function: Function, browser: Browser, path: str) -> None:
    check_refused(function, back(browser, path), "unknown-solution")


def test_f64_a_browser_that_keeps_no_cookies_is_told_so_and_does_not_go_round(function: Function) -> None:
    browser = Browser(function)
    browser.open("/settings?sign-in=1", stop="/sign-in")
    forgetful = Browser(function)
    response = back(forgetful, browser.seen[-1].removeprefix(PUBLIC_URL))
    check_refused(function, response, "no-flow")
    assert "keeps no cookies" in response.text


def test_f64_a_code_without_its_browser_never_reaches_the_vendor(function: Function, browser: Browser) -> None:
    back(Browser(function, BOB), held(browser))
    assert function.simulator.requests.lines("/zoom/oauth/token") == []
