"""Connecting, step by step: where each one leads, what it leaves in the browser, and what stops it."""

import html
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec.structs import replace

from conference.browser import Cookie, Sent, Visit
from conference.clock import Deadline
from conference.errors import ConferenceFailure, NotConnected, SignInRefused, StoreUnavailable, Temporary
from conference.identity import User
from conference.legs import Legs
from conference.providers.base import Reply
from conference.session import FLOW, Flow
from tests.conference.secrets.conftest import StoppedClock
from tests.conference.test_connect import ADA, ISSUER, ROOMS, Desk
from tests.heard import Heard

BOB = User("1002", "bob@example.com", "example.com")


class Google:
    """Where people sign in: `asked` is how each was sent there, `user_is` who comes back, or why nobody does."""

    def __init__(self) -> None:
        self.asked: list[tuple[Flow, str, bool]] = []
        self.codes: list[tuple[Flow, str]] = []
        self.user_is: User | SignInRefused = ADA

    def url(self, flow: Flow, hint: str, choose: bool) -> str:
        self.asked.append((flow, hint, choose))
        return "https://accounts.example/auth"

    def user(self, flow: Flow, code: str, deadline: Deadline) -> User:
        self.codes.append((flow, code))
        if isinstance(self.user_is, SignInRefused):
            raise self.user_is
        return self.user_is


class Browsing(Desk):
    """The pages in one browser on a clock that stands still, where Ada is signed in; `spendings` are the states that
    were spent.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.still = StoppedClock()
        self.google = Google()
        self.connecting._google = self.google  # type: ignore[assignment]  # it answers as it is told to
        self.connecting._clock = self.sessions._clock = self.still
        self.spendings: list[tuple[str, datetime]] = []
        self.fresh = True
        self.seconds = 15.0
        self.sign_in(ADA)

    def spend(self, value: str, until: datetime) -> bool:
        self.spendings.append((value, until))
        return self.fresh

    def sign_in(self, user: User | None) -> None:
        self.cookies = {"session": self.sessions.begin(user).value} if user else {}

    def page(self, what: str, query: dict[str, str], solution: str = "rooms") -> tuple[Sent, Visit]:
        """Open a page with what the browser has, and keep what it is given."""
        visit = Visit(
            solution, query, dict, dict(self.cookies), "en", "n", Deadline(self.still, self.seconds), Legs(self.still)
        )
        sent: Sent = getattr(self.connecting, what)(visit)
        for cookie in sent.cookies:
            self.cookies[cookie.name] = cookie.value
        return sent, visit

    def connect(self, **query: str) -> Sent:
        return self.page("connect", query)[0]

    def flow(self) -> Flow:
        """What the browser keeps of the sign-in that is under way."""
        flow = self.sessions.under_way(self.cookies)
        assert flow
        return flow

    def begun(self, **query: str) -> str:
        """Begin to connect; the state to come back with."""
        self.connect(**query)
        return self.flow().state

    def ended(self, sent: Sent) -> bool:
        """Whether the flow was taken out of the browser."""
        return self.sessions.ended() in sent.cookies


@pytest.fixture
def desk() -> Browsing:
    return Browsing()


def link(user: User, desk: Browsing) -> str:
    """What Calendar's link says."""
    [text] = parse_qs(urlsplit(desk.connecting.link(user, "rooms")).query)["link"]
    return text


def again(sent: Sent) -> str:
    """Where a page says to begin anew."""
    text = html.unescape(sent.content.decode())
    [address] = {part.partition('"')[0] for part in text.split('href="')[1:] if part.startswith(("/connect", "/sett"))}
    return address


def reason(visit: Visit) -> Any:
    return visit.note["reason"]


def test_f64_a_link_says_who_is_expected(desk: Browsing) -> None:
    assert desk.connecting.link(ADA, "rooms").startswith("https://anyroom.example/connect/rooms?link=")
    assert desk.sessions.expected(link(ADA, desk), "rooms") == ADA


@pytest.mark.parametrize(("length", "tells"), [(1300, True), (1301, False)])
def test_f21_an_address_has_1300_characters_at_most(length: int, tells: bool) -> None:
    address = "https://anyroom.example/"
    usual = len(Browsing(address).connecting.link(ADA, "rooms"))
    made = Browsing(address + "p" * (length - usual)).connecting.link(ADA, "rooms")
    assert ("link=" in made) == tells
    assert len(made) == length or not tells


def test_who_is_not_signed_in_goes_to_google_and_comes_back_to_connect(desk: Browsing) -> None:
    desk.sign_in(None)
    sent = desk.connect()
    assert (sent.status, sent.headers["Location"]) == (303, "https://accounts.example/auth")
    [(flow, hint, choose)] = desk.google.asked
    assert flow == desk.flow()
    assert (flow.to, flow.then, flow.expected, flow.user, hint, choose) == ("google", "rooms", None, None, "", False)


def test_f64_whom_the_link_expects_is_hinted_at(desk: Browsing) -> None:
    desk.sign_in(None)
    desk.connect(link=link(ADA, desk))
    [(flow, hint, choose)] = desk.google.asked
    assert (flow.expected, hint, choose) == (ADA, ADA.sub, False)


def test_who_is_signed_in_goes_on_to_the_system(desk: Browsing) -> None:
    sent = desk.connect()
    flow = desk.flow()
    assert (flow.to, flow.user, flow.then) == ("solution:rooms", ADA, "")
    query = parse_qs(urlsplit(sent.headers["Location"]).query)
    assert sent.headers["Location"].startswith(f"{ISSUER}/authorize?")
    assert (query["state"], query["redirect_uri"]) == ([flow.state], ["https://anyroom.example/oauth/callback/rooms"])
    assert desk.google.asked == []


@pytest.mark.parametrize("switch", [{}, {"switch": "1"}])
def test_f64_who_is_expected_goes_on_to_the_system(desk: Browsing, switch: dict[str, str]) -> None:
    sent = desk.connect(link=link(ADA, desk), **switch)
    assert sent.headers["Location"].startswith(f"{ISSUER}/authorize?")


@pytest.mark.parametrize("late", [3599, 3600])
def test_f64_who_switches_chooses_an_account_however_late(desk: Browsing, late: int) -> None:
    expected = link(ADA, desk)
    desk.sign_in(BOB)
    sent, _ = desk.page("connect", {"link": expected})
    desk.still.sleep(late)
    desk.page("connect", {name: values[0] for name, values in parse_qs(urlsplit(again(sent)).query).items()})
    [(flow, _, choose)] = desk.google.asked
    assert (flow.then, choose) == ("rooms", True)
    assert desk.asked == []


def check_both_accounts_are_named(desk: Browsing, sent: Sent, visit: Visit) -> None:
    assert (sent.status, reason(visit)) == (400, "another-account")
    assert all(user.email in sent.content.decode() for user in (ADA, BOB))
    query = parse_qs(urlsplit(again(sent)).query)
    assert again(sent).startswith("/connect/rooms?")
    assert query["switch"] == ["1"]
    assert desk.sessions.expected(query["link"][0], "rooms") == ADA
    assert desk.ended(sent)


def test_f64_who_is_not_expected_is_told_both_accounts(desk: Browsing) -> None:
    expected = link(ADA, desk)
    desk.sign_in(BOB)
    check_both_accounts_are_named(desk, *desk.page("connect", {"link": expected}))
    assert desk.asked == []


def test_f64_who_switches_chooses_an_account(desk: Browsing) -> None:
    expected = link(ADA, desk)
    desk.sign_in(BOB)
    desk.connect(link=expected, switch="1")
    [(flow, hint, choose)] = desk.google.asked
    assert (flow.expected, flow.then, hint, choose) == (ADA, "rooms", ADA.sub, True)


def test_f64_a_link_that_is_late_expects_nobody(desk: Browsing) -> None:
    expected = link(ADA, desk)
    desk.still.sleep(3600)
    desk.sign_in(BOB)
    assert desk.connect(link=expected).headers["Location"].startswith(f"{ISSUER}/authorize?")


@pytest.mark.parametrize("domains", [{"example.net"}, {"example.com", "example.net"}])
def test_who_may_not_use_a_solution_connects_nothing_and_may_switch(desk: Browsing, domains: set[str]) -> None:
    desk.connecting._solutions = {"rooms": replace(ROOMS, domains=frozenset(domains))}
    sent, visit = desk.page("connect", {})
    if ADA.domain in domains:
        assert sent.headers["Location"].startswith(f"{ISSUER}/authorize?")
    else:
        assert (sent.status, reason(visit), again(sent)) == (400, "domain", "/connect/rooms?switch=1")
        assert f"not offered to {ADA.email}" in sent.content.decode()


@pytest.mark.parametrize("what", ["connect", "callback"])
def test_a_solution_that_nobody_connects_is_unknown(desk: Browsing, what: str) -> None:
    sent, visit = desk.page(what, {"state": "s", "code": "c"}, "demo")
    assert (sent.status, reason(visit)) == (400, "unknown-solution")


def signing_in(desk: Browsing, expected: User | None = None) -> dict[str, str]:
    """Somebody who is not signed in begins to connect, and comes back from Google with this."""
    query = {"link": link(expected, desk)} if expected else {}
    desk.sign_in(None)
    return {"state": desk.begun(**query), "code": "c0de"}


@pytest.mark.parametrize("issuer", [None, "https://accounts.google.com", "accounts.google.com"])
def test_who_has_signed_in_goes_on_to_connect(desk: Browsing, issuer: str | None) -> None:
    query, flow = signing_in(desk, ADA), desk.flow()
    sent, _ = desk.page("signed_in", {**query, **({"iss": issuer} if issuer else {})}, "")
    assert (sent.status, sent.headers["Location"]) == (303, "/connect/rooms")
    assert desk.google.codes == [(flow, "c0de")]
    assert desk.sessions.visitor(desk.cookies) == ADA
    assert desk.ended(sent)


def test_who_signed_in_for_the_settings_goes_there(desk: Browsing) -> None:
    desk.sign_in(None)
    visit = Visit("", {}, dict, {}, "en", "n", Deadline(desk.still, 15.0), Legs(desk.still))
    begun = desk.connecting.sign_in(visit)
    desk.cookies["flow"] = begun.cookies[0].value
    flow = desk.flow()
    assert (flow.then, flow.expected, desk.google.asked) == ("", None, [(flow, "", False)])
    sent, _ = desk.page("signed_in", {"state": flow.state, "code": "c"}, "")
    assert sent.headers["Location"] == "/settings"


@pytest.mark.parametrize("issuer", ["", "https://evil.example", "https://accounts.google.com/"])
def test_f65_another_issuer_signs_nobody_in(desk: Browsing, issuer: str) -> None:
    sent, visit = desk.page("signed_in", {**signing_in(desk), "iss": issuer}, "")
    assert (sent.status, reason(visit), desk.google.codes) == (400, "wrong-issuer", [])
    assert desk.sessions.visitor(desk.cookies) is None


def test_f64_who_signs_in_with_another_account_is_told_both(desk: Browsing) -> None:
    query = signing_in(desk, ADA)
    desk.google.user_is = BOB
    check_both_accounts_are_named(desk, *desk.page("signed_in", query, ""))
    assert desk.sessions.visitor(desk.cookies) == BOB


def test_whom_google_does_not_prove_is_not_signed_in(desk: Browsing) -> None:
    query = signing_in(desk)
    desk.google.user_is = SignInRefused("identity-refused", "other")
    sent, visit = desk.page("signed_in", query, "")
    assert (sent.status, reason(visit), again(sent)) == (400, "identity-refused", "/connect/rooms")
    assert desk.sessions.visitor(desk.cookies) is None


ERRORS = {
    "denied": {"error": "access_denied", "code": "c0de"},
    "refused-there": {"error": "canary"},
    "no-code": {},
    "no-code again": {"code": ""},
}


@pytest.mark.parametrize(("name", "query"), ERRORS.items(), ids=ERRORS)
@pytest.mark.parametrize("what", ["signed_in", "callback"])
def test_f66_what_the_other_side_says_instead_of_a_code_is_a_word_of_ours(
    desk: Browsing, what: str, name: str, query: dict[str, str]
) -> None:
    state = signing_in(desk)["state"] if what == "signed_in" else desk.begun()
    sent, visit = desk.page(what, {"state": state, **query}, "" if what == "signed_in" else "rooms")
    assert (sent.status, reason(visit)) == (400, name.partition(" ")[0])
    assert b"canary" not in sent.content
    assert (desk.kept, desk.google.codes, desk.asked) == ([], [], [])


def test_who_agreed_is_connected(desk: Browsing) -> None:
    state = desk.begun()
    flow = desk.flow()
    with Heard() as log:
        sent, _ = desk.page("callback", {"state": state, "code": "c0de"})
    assert (sent.status, sent.outcome, desk.kept) == (200, "connected", [ADA.sub])
    assert "Rooms is connected" in sent.content.decode()
    assert "window.close()" in sent.content.decode()
    assert desk.ended(sent)
    assert desk.spendings == [(state, flow.until)]
    assert log.lines == ["connect: rooms"]
    [request] = desk.asked
    assert request.form
    assert request.form["code_verifier"] == flow.verifier
    assert request.form["redirect_uri"] == "https://anyroom.example/oauth/callback/rooms"


def test_what_the_system_gave_is_kept(desk: Browsing) -> None:
    given: list[Any] = []
    desk.connecting._keep = lambda *kept: given.append(kept)
    desk.page("callback", {"state": desk.begun(), "code": "c0de"})
    [(solution, user, granted, deadline)] = given
    assert (solution, user, granted.access_token, deadline.left()) == (ROOMS, ADA, "a", 15.0)


REFUSED = {
    "no state": ({}, "no-state"),
    "an empty state": ({"state": ""}, "no-state"),
    "another state": ({"state": "another"}, "another-state"),
}


@pytest.mark.parametrize(("query", "expected"), REFUSED.values(), ids=REFUSED)
def test_f64_a_state_is_the_flow_s(desk: Browsing, query: dict[str, str], expected: str) -> None:
    desk.begun()
    sent, visit = desk.page("callback", {"code": "c0de", **query})
    assert (sent.status, reason(visit), desk.kept, desk.spendings) == (400, expected, [], [])
    assert not desk.ended(sent)
    assert again(sent) == "/connect/rooms"


def test_f64_without_a_flow_nobody_comes_back(desk: Browsing) -> None:
    sent, visit = desk.page("callback", {"state": "s", "code": "c0de"})
    assert (sent.status, reason(visit)) == (400, "no-flow")


def test_without_a_flow_and_a_solution_one_begins_at_the_settings(desk: Browsing) -> None:
    sent, _ = desk.page("signed_in", {"state": "s", "code": "c0de"}, "")
    assert again(sent) == "/settings"


def test_f64_a_flow_to_google_connects_nothing(desk: Browsing) -> None:
    state = signing_in(desk)["state"]
    desk.cookies["session"] = desk.sessions.begin(ADA).value
    _, visit = desk.page("callback", {"state": state, "code": "c0de"})
    assert reason(visit) == "another-solution"


def test_f64_a_flow_to_a_system_signs_nobody_in(desk: Browsing) -> None:
    _, visit = desk.page("signed_in", {"state": desk.begun(), "code": "c0de"}, "")
    assert (reason(visit), desk.google.codes) == ("another-solution", [])


@pytest.mark.parametrize(("left", "expected"), [(1, None), (0, "late"), (-1, "late")])
def test_f64_a_flow_takes_ten_minutes_at_most(desk: Browsing, left: int, expected: str | None) -> None:
    state = desk.begun()
    desk.still.sleep(FLOW.total_seconds() - left)
    _, visit = desk.page("callback", {"state": state, "code": "c0de"})
    assert visit.note.get("reason") == expected


def test_f64_a_state_is_good_once(desk: Browsing) -> None:
    state = desk.begun()
    desk.fresh = False
    sent, visit = desk.page("callback", {"state": state, "code": "c0de"})
    assert (sent.status, reason(visit), desk.asked, desk.kept) == (400, "used", [], [])


def test_no_state_is_spent_when_no_time_is_left(desk: Browsing) -> None:
    state = desk.begun()
    desk.seconds = 0.0
    sent, _ = desk.page("callback", {"state": state, "code": "c0de"})
    assert (sent.status, desk.spendings) == (503, [])


def test_f64_who_is_signed_out_meanwhile_is_not_connected(desk: Browsing) -> None:
    state = desk.begun()
    del desk.cookies["session"]
    sent, visit = desk.page("callback", {"state": state, "code": "c0de"})
    assert (sent.status, reason(visit), desk.spendings) == (400, "signed-out", [])


@pytest.mark.parametrize("user", [BOB, None])
def test_f64_who_comes_back_is_who_went(desk: Browsing, user: User | None) -> None:
    flow, cookie = desk.sessions.flow("solution:rooms", user=user)
    desk.cookies["flow"] = cookie.value
    sent, visit = desk.page("callback", {"state": flow.state, "code": "c0de"})
    assert (sent.status, reason(visit), desk.kept, desk.asked) == (400, "another-user", [], [])


def test_f66_a_code_that_the_system_does_not_take_connects_nothing(desk: Browsing) -> None:
    desk.replies = [Reply(400, {}, b'{"error": "invalid_grant"}')]
    sent, visit = desk.page("callback", {"state": desk.begun(), "code": "c0de"})
    assert (sent.status, reason(visit), desk.kept) == (400, "code-refused", [])
    assert "invalid_grant" in visit.note["detail"]


@pytest.mark.parametrize(("scopes", "kept"), [("meet", [ADA.sub]), ("meet more", [ADA.sub]), ("more", [])])
def test_f66_who_grants_too_little_is_not_connected(desk: Browsing, scopes: str, kept: list[str]) -> None:
    body = f'{{"access_token": "a", "token_type": "bearer", "scope": "{scopes}"}}'.encode()
    desk.replies = [Reply(200, {}, body)]
    _, visit = desk.page("callback", {"state": desk.begun(), "code": "c0de"})
    assert desk.kept == kept
    assert visit.note.get("reason") == (None if kept else "scopes")


@pytest.mark.parametrize(
    ("failure", "given_back"),
    [
        (NotConnected("token-refused"), [ADA.sub]),
        (Temporary("rooms-down"), [ADA.sub]),
        (StoreUnavailable("it may be stored"), []),
    ],
)
def test_what_is_not_kept_is_given_back(desk: Browsing, failure: ConferenceFailure, given_back: list[str]) -> None:
    def keep(*given: object) -> None:
        raise failure

    desk.connecting._keep = keep
    _, visit = desk.page("callback", {"state": desk.begun(), "code": "c0de"})
    assert (reason(visit), desk.given_back) == (failure.reason, given_back)


def test_a_flow_is_taken_away_with_a_cookie_that_has_no_time(desk: Browsing) -> None:
    sent, _ = desk.page("callback", {"state": desk.begun(), "code": "c0de"})
    assert sent.cookies == (Cookie("flow", "", 0),)
    assert desk.sessions.under_way(desk.cookies) is None
    assert timedelta(minutes=10) == FLOW
