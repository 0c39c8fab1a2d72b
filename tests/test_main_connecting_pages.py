"""A person at a browser always gets a page: in their language, with strict headers, and with a way on."""

import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from werkzeug.test import TestResponse

from simulator import ids
from tests.browsing import Browser, create, link
from tests.faults.connect.conftest import browser as browser
from tests.faults.connect.conftest import clock as clock
from tests.faults.connect.conftest import function as function
from tests.served import Function
from tests.world import ADA, MovedClock

HTTPS = "https://anyroom.example"
FORMS = ("/disconnect/zoom", "/test/zoom", "/forget", "/sign-out")
FORM = pytest.mark.parametrize("form", FORMS)


def reason(function: Function) -> str:
    return str(function.lines()[-1].get("reason"))


def is_page(response: TestResponse) -> bool:
    return response.headers["Content-Type"] == "text/html; charset=utf-8" and "<h1>" in response.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/forget", 405),
        ("POST", "/settings", 405),
        ("GET", f"/settings?{'x' * 9000}", 400),
    ],
)
def test_a_browser_gets_a_page_also_for_what_is_not_there(
    function: Function, browser: Browser, method: str, path: str, status: int
) -> None:
    response = browser.client.open(path, method=method, headers={"Accept": "text/html,*/*"})
    assert response.status_code == status
    assert "That did not work" in response.text
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert ("Allow" in response.headers) == (status == 405)
    plain = browser.client.open(path, method=method, headers={"Accept": "*/*"})
    assert (plain.status_code, plain.content_type) == (status, "application/json")


def check_headers(response: TestResponse) -> None:
    """Nothing is kept, framed, leaked by a referrer, or loaded."""
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    if response.status_code != 303:
        assert response.headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_every_answer_on_the_way_has_strict_headers(function: Function, browser: Browser) -> None:
    answers = [browser.client.get("/settings"), browser.client.get("/settings?sign-in=1")]
    answers += [browser.connect("zoom"), browser.open("/settings"), browser.client.get("/connect/nothing")]
    for answer in answers:
        check_headers(answer)


@FORM
def test_a_form_from_elsewhere_does_nothing_and_is_answered_with_a_page(
    function: Function, browser: Browser, form: str
) -> None:
    browser.connect("zoom")
    for body in ({}, {"form": "x"}, {"form": "1.2.3"}):
        response = browser.client.post(form, data=body)
        assert (response.status_code, reason(function), is_page(response)) == (400, "another-form", True)
    assert len(function.connections()) == 1
    assert "error" not in create(function, "zoom")


@FORM
def test_a_form_of_another_user_does_nothing(function: Function, browser: Browser, form: str) -> None:
    browser.connect("zoom")
    bob = Browser(function, "bob@example.com")
    bob.sign_in()
    theirs = bob.open("/settings").text.partition('name="form" value="')[2].partition('"')[0]
    response = browser.client.post(form, data={"form": theirs})
    assert (response.status_code, reason(function)) == (400, "another-form")
    assert len(function.connections()) == 1


@FORM
def test_a_form_of_somebody_who_is_signed_out_is_answered_with_a_page(function: Function, form: str) -> None:
    response = Browser(function).client.post(form, data={"form": "x"})
    assert (response.status_code, reason(function), is_page(response)) == (400, "signed-out", True)
    assert 'href="/settings"' in response.text


@pytest.mark.parametrize(
    ("body", "headers", "status", "why"),
    [
        (b"a=1&" * 30, {}, 400, "malformed-form"),
        (b"form=" + b"x" * 300_000, {}, 413, "body-too-large"),
        (b"form=x", {"Content-Encoding": "gzip"}, 400, "content-encoding"),
    ],
)
def test_a_form_that_is_none_is_answered_with_a_page(
    function: Function, browser: Browser, body: bytes, headers: dict[str, str], status: int, why: str
) -> None:
    browser.sign_in()
    response = browser.client.post("/forget", data=body, headers=headers)
    assert (response.status_code, reason(function), is_page(response)) == (status, why, True)


def test_a_form_for_a_solution_that_nobody_connects_is_answered_with_a_page(
    function: Function, browser: Browser
) -> None:
    browser.sign_in()
    form = browser.open("/settings").text.partition('name="form" value="')[2].partition('"')[0]
    response = browser.client.post("/disconnect/demo", data={"form": form})
    assert (response.status_code, reason(function), is_page(response)) == (400, "unknown-solution", True)


@pytest.mark.parametrize(
    "query",
    [
        "told=deleted",
        "told=test_fails&of=zoom&reason=call-0800-123",
        "told=disconnected&of=zoom",
        "told=refused_other",
        "told=1.2.3",
    ],
)
def test_nobody_else_can_have_the_page_say_that_something_was_done(
    function: Function, browser: Browser, query: str
) -> None:
    assert '<p role="status">' not in browser.client.get(f"/settings?{query}").text
    browser.sign_in()
    page = browser.client.get(f"/settings?{query}").text
    assert '<p role="status">' not in page
    assert "0800" not in page


def test_what_a_form_came_to_is_told_once_and_not_for_long(
    function: Function, browser: Browser, clock: MovedClock
) -> None:
    browser.connect("zoom")
    assert "Zoom answers, and knows you." in browser.submit("/test/zoom").text
    address = browser.submit("/disconnect/zoom").request.url
    assert "Zoom is disconnected." in browser.client.get(address).text
    clock.advance(300)
    assert "Zoom is disconnected." not in browser.client.get(address).text


def test_a_test_that_fails_says_why_in_a_word(function: Function, browser: Browser) -> None:
    browser.connect("zoom")
    function.simulator.authorization["zoom"].revoke_user(ADA)
    browser.client.get("/settings")
    sys.modules["main"].service()._tokens._custodies.clear()
    assert "Zoom does not work at the moment (grant-refused)" in browser.submit("/test/zoom").text


@pytest.mark.parametrize(
    ("accepted", "said"),
    [
        ("de-CH, de;q=0.9, en;q=0.8", "Hier gibt es nichts zu verbinden"),
        ("nl, fr ; q=0.5, en; q=0.4", "rien à connecter ici"),
        ("es", "Aquí no hay nada"),
        ("ja-JP", "ここで接続できるものはありません"),
        ("nl", "There is nothing to connect here"),
    ],
)
def test_a_refusal_is_in_the_visitors_language(function: Function, browser: Browser, accepted: str, said: str) -> None:
    browser.headers = {"Accept-Language": accepted}
    page = browser.open("/connect/nothing")
    assert said in page.text
    assert f'lang="{accepted[:2] if accepted[:2] != "nl" else "fr" if "fr" in accepted else "en"}"' in page.text


@pytest.mark.parametrize("secret", ["SIGN_IN_SECRET", "SEALING_KEYS"])
def test_a_secret_that_is_missing_is_told_on_a_page(
    function: Function, browser: Browser, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.delenv(secret)
    response = browser.connect("zoom")
    assert (response.status_code, is_page(response)) == (500, True)
    assert "only your administrator can mend it" in response.text
    line = function.lines()[-1]
    assert (line["severity"], line["reason"]) == ("ERROR", "secret-missing")
    assert line["request"] in response.text
    assert secret.lower().replace("_", "-") in line["detail"]


def test_a_settings_page_whose_keys_are_missing_says_so(
    function: Function, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SEALING_KEYS")
    response = browser.open("/settings?sign-in=1")
    assert (response.status_code, is_page(response), reason(function)) == (500, True, "secret-missing")


def test_a_store_that_is_away_is_told_on_a_page(function: Function, browser: Browser) -> None:
    browser.sign_in()
    store = sys.modules["main"].service()._store
    store.close()
    function.file.unlink()
    function.file.mkdir()
    response = browser.open("/settings")
    assert (response.status_code, is_page(response)) == (503, True)
    function.file.rmdir()


def test_a_defect_is_told_on_a_page_without_a_word_of_it(
    function: Function, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: object, visit: object) -> None:
        raise RuntimeError("canary")

    monkeypatch.setattr("conference.settings_page.SettingsPage.show", broken)
    response = browser.open("/settings")
    assert (response.status_code, is_page(response)) == (500, True)
    line = function.lines()[-1]
    assert (line["severity"], line["outcome"], line["defect"][0]) == ("ERROR", "defect", "RuntimeError")
    assert "canary" not in response.text + function.log()


@pytest.mark.parametrize("path", ["/connect/zoom", "/sign-in", "/oauth/callback/zoom", *FORMS])
@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS"])
def test_no_other_method_does_anything(function: Function, browser: Browser, path: str, method: str) -> None:
    response = browser.client.open(path, method=method)
    assert response.status_code == 405
    assert "Set-Cookie" not in response.headers


def flags(response: TestResponse) -> dict[str, set[str]]:
    """The attributes of each cookie that was set; Expires repeats Max-Age."""
    parts = [header.split("; ") for header in response.headers.getlist("Set-Cookie")]
    return {first.partition("=")[0]: {one for one in rest if not one.startswith("Expires=")} for first, *rest in parts}


def https(function: Function) -> Callable[[str], TestResponse]:
    """The function at an https address, where cookies bear the prefix."""
    main: Any = sys.modules["main"]
    main._settings = msgspec.structs.replace(main._settings, public_url=HTTPS)
    function.simulator.register_clients(HTTPS)
    return lambda path: function.client.get(path, base_url=HTTPS)


def test_cookies_are_for_this_host_alone_and_never_for_a_script(function: Function) -> None:
    get = https(function)
    started = get("/connect/zoom")
    assert flags(started) == {"__Host-flow": {"Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=600"}}
    back = Browser(function).consent(started.headers["Location"])
    signed_in = flags(get(back.removeprefix(HTTPS)))
    assert signed_in["__Host-session"] == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=43200"}
    assert {"Max-Age=0", "Secure", "Path=/"} < signed_in["__Host-flow"]


def test_a_session_ends_after_twelve_hours(function: Function, browser: Browser, clock: MovedClock) -> None:
    browser.sign_in()
    clock.advance(12 * 3600 - 5)
    assert ADA in browser.open("/settings").text
    clock.advance(5)
    assert ADA not in browser.open("/settings").text


def test_signing_out_takes_the_session_away(function: Function, browser: Browser) -> None:
    browser.sign_in()
    assert "Sign in with Google" in browser.submit("/sign-out").text
    assert browser.client.get_cookie("session") is None


def test_a_finished_flow_leaves_only_the_session(function: Function, browser: Browser) -> None:
    browser.connect("zoom", link(function, "zoom"))
    assert browser.client.get_cookie("flow") is None
    assert browser.client.get_cookie("session")


def test_the_clients_secret_stays_here(function: Function, browser: Browser) -> None:
    page = browser.connect("zoom", link(function, "zoom"))
    assert ids.SIGN_IN_CLIENT[1] not in page.text + "".join(browser.seen)
