"""F65, F66: a code that the vendor does not take stores nothing, and nobody is ever led elsewhere."""

import json
from collections.abc import Callable

import pytest

from simulator import faults, registrations
from simulator.faults import Fault
from tests.browsing import Browser, link
from tests.faults.connect.story import CALLBACK, changed, check_refused, held, parameters
from tests.served import PUBLIC_URL, Function
from tests.world import ADA, BOB, MovedClock

SAID = "canary-of-the-vendor"
ELSEWHERE = "https://evil.example/"


def test_f65_a_code_of_another_flow_does_not_fit_its_verifier(function: Function, browser: Browser) -> None:
    stolen = parameters(held(Browser(function, BOB)))["code"]
    check_refused(function, browser.client.get(changed(held(browser), code=stolen)), "code-refused")


def test_f65_a_code_that_was_used_is_refused(function: Function, browser: Browser) -> None:
    used = held(browser)
    assert browser.client.get(used).status_code == 200
    browser.submit("/disconnect/zoom")
    again = changed(held(browser), code=parameters(used)["code"])
    check_refused(function, browser.client.get(again), "code-refused")


def test_f65_a_code_whose_time_is_over_is_refused(function: Function, browser: Browser, clock: MovedClock) -> None:
    path = held(browser)
    clock.advance(61)
    check_refused(function, browser.client.get(path), "code-refused")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"code": None, "error": "access_denied"}, "denied"),
        ({"code": None, "error": "server_error"}, "refused-there"),
        ({"error": SAID}, "refused-there"),
        ({"code": None}, "no-code"),
        ({"code": ""}, "no-code"),
    ],
)
def test_f65_a_callback_with_an_error_is_told_in_our_words(
    function: Function, browser: Browser, changes: dict[str, str | None], reason: str
) -> None:
    path = changed(held(browser), error_description=SAID, error_uri=ELSEWHERE, **changes)
    response = browser.client.get(path)
    check_refused(function, response, reason)
    assert SAID not in response.text + function.log()
    assert ELSEWHERE not in response.text


def test_f65_a_user_who_says_no_is_told_that_nothing_was_stored(function: Function, browser: Browser) -> None:
    browser.sign_in()
    browser.decision = "deny"
    response = browser.connect("zoom")
    check_refused(function, response, "denied")
    assert "You did not allow it" in response.text


def test_f65_a_user_who_allows_less_than_is_needed_is_told_to_allow_all(function: Function, browser: Browser) -> None:
    browser.scopes = registrations.ZOOM_SCOPES - {"meeting:write:meeting"}
    response = browser.connect("zoom")
    check_refused(function, response, "scopes")
    assert "allow all of it" in response.text


@pytest.mark.parametrize("issuer", [ELSEWHERE, ""])
def test_f65_a_sign_in_that_another_issuer_sends_back_is_refused(
    function: Function, browser: Browser, issuer: str
) -> None:
    browser.open("/settings?sign-in=1", stop="/sign-in")
    path = changed(browser.seen[-1].removeprefix(PUBLIC_URL), iss=issuer)
    check_refused(function, browser.client.get(path), "wrong-issuer")
    assert function.simulator.requests.lines("/token") == []


@pytest.mark.parametrize(
    "forgery",
    [
        {"nonce": "another"},
        {"aud": "another.apps.googleusercontent.com"},
        {"email_verified": False},
        {"iss": ELSEWHERE},
        {"algorithm": "none"},
    ],
    ids=lambda forgery: next(iter(forgery)),
)
def test_f65_an_id_token_that_does_not_prove_the_visitor_signs_nobody_in(
    function: Function, browser: Browser, forgery: dict[str, object]
) -> None:
    function.simulator.sign_in.forgery = forgery
    check_refused(function, browser.sign_in(), "identity-refused")
    assert browser.client.get_cookie("session") is None


@pytest.mark.parametrize(
    ("fault", "reason", "status"),
    [
        (faults.status(503, SAID.encode()), "token-unavailable", 503),
        (faults.status(500, SAID.encode()), "token-unavailable", 503),
        (faults.truncated(), "token-malformed", 503),
        (faults.reset(acted=True), None, 503),
        (faults.status(400, json.dumps({"error": "invalid_request", "error_description": SAID}).encode()), None, 500),
    ],
    ids=["503", "500", "truncated", "lost", "invalid_request"],
)
def test_f65_a_token_endpoint_that_fails_is_told_in_our_words(
    function: Function, browser: Browser, fault: Fault, reason: str | None, status: int
) -> None:
    path = held(browser)
    function.simulator.faults.add(fault, "/zoom/oauth/token", times=3)
    response = browser.client.get(path)
    check_refused(function, response, reason or function.lines()[-1]["reason"], status)
    assert SAID not in response.text + function.log()


@pytest.mark.parametrize("name", ["return", "next", "redirect_uri", "continue", "url", "then"])
@pytest.mark.parametrize("where", ["/connect/zoom", "/settings?sign-in=1", "callback", "sign-in"])
def test_f66_no_parameter_leads_anywhere_else(function: Function, browser: Browser, name: str, where: str) -> None:
    opens: dict[str, Callable[[], str]] = {
        "callback": lambda: held(browser),
        "sign-in": lambda: browser.open("/connect/zoom", stop="/sign-in").headers["Location"],
    }
    path = opens[where]() if where in opens else where
    if where == "sign-in":
        path = browser.seen[-1].removeprefix(PUBLIC_URL)
    browser.seen.clear()
    response = browser.open(changed(path, **{name: ELSEWHERE}))
    assert response.status_code == 200
    assert ELSEWHERE not in response.text
    ours = (PUBLIC_URL, function.simulator.url, "/connect/zoom", "/settings")
    assert all(url.startswith(ours) for url in browser.seen)
    assert not any("evil" in url for url in browser.seen)


def test_f66_who_is_connected_lands_on_one_page(function: Function, browser: Browser) -> None:
    page = browser.connect("zoom", link(function, "zoom"))
    assert page.request.path == f"{CALLBACK}zoom"
    assert 'href="/settings"' in page.text
    assert page.text.count("href=") == 1


@pytest.mark.parametrize("link_of", ["late", "other-solution", "garbage"])
def test_f64_a_link_that_says_nothing_is_like_none(
    function: Function, browser: Browser, clock: MovedClock, link_of: str
) -> None:
    url = link(function, "webex" if link_of == "other-solution" else "zoom", BOB).replace("/webex?", "/zoom?")
    if link_of == "late":
        clock.advance(3600)
    if link_of == "garbage":
        url = f"{PUBLIC_URL}/connect/zoom?link=1.abc.def"
    assert browser.user == ADA
    assert "Zoom is connected" in browser.connect("zoom", url).text
