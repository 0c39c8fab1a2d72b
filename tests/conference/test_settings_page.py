"""The settings page shows each solution as it stands for this user, and what is wrong with their conferences."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from msgspec.structs import replace

from conference.browser import Sent, Visit
from conference.clock import Deadline
from conference.errors import CredentialsRefused, SignInRefused
from conference.identity import User
from conference.legs import Legs
from conference.seal import Seal
from conference.secrets.cache import Secrets
from conference.secrets.local import Environment
from conference.session import Sessions
from conference.settings_page import SettingsPage, Troubled
from conference.solution import Solution
from conference.tokens import View
from tests.world import MovedClock

ADA = User("1001", "ada@example.com", "example.com")
NOW = datetime(2030, 5, 1, 9, 30, tzinfo=UTC)
KEY = base64.b64encode(bytes(range(32))).decode()
SOLUTIONS = {name: Solution(name, name.title(), "logo", name, None) for name in ("zoom", "jitsi")}


@dataclass
class Desk:
    """The page, what it is told is stored, and in `done` what it had done, in order."""

    view: View | None = None
    trouble: list[Troubled] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    fails: Exception | None = None

    def __post_init__(self) -> None:
        self.clock = MovedClock()
        numbers = iter(range(10**6))
        seal = Seal("keys", Secrets(Environment({"KEYS": KEY}), self.clock), lambda size: next(numbers).to_bytes(size))
        self.sessions = Sessions(seal, self.clock, lambda: f"{next(numbers):043d}", False)
        self.cookies = {"session": self.sessions.begin(ADA).value}
        self.form = {"form": self.sessions.form(ADA)}
        tokens = SimpleNamespace(
            connection=lambda sub, solution: self.view,
            disconnect=self._does("disconnect"),
            forget=self._does("forget tokens"),
        )
        kept = SimpleNamespace(troubled=lambda user: self.trouble, forget=self._does("forget kept"))
        self.page = SettingsPage(
            SOLUTIONS,
            frozenset({"zoom"}),
            tokens,  # type: ignore[arg-type]  # as much of it as the page uses
            lambda text: text,
            self._does("test"),
            kept,
            self.sessions,
            SimpleNamespace(),  # type: ignore[arg-type]  # nobody signs in here
        )

    def _does(self, what: str) -> Callable[..., None]:
        def do(*given: object) -> None:
            assert ADA in given or ADA.sub in given
            self.done.append(what)
            if self.fails:
                raise self.fails

        return do

    def visit(self, solution: str = "", **query: str) -> Visit:
        deadline = Deadline(self.clock, 15.0)
        return Visit(solution, query, lambda: self.form, self.cookies, "en", "n", deadline, Legs(self.clock))

    def shown(self, sent: Sent | None = None) -> str:
        """The page, or the one that an answer leads to."""
        told = unquote(sent.headers["Location"].partition("told=")[2]) if sent else ""
        return self.page.show(self.visit(told=told) if told else self.visit()).content.decode()


def view(state: str = "connected", missing: tuple[str, ...] = ()) -> View:
    return View("zoom", state, "", NOW, ("meeting:write",), missing, "ada@zoom.example")


@pytest.mark.parametrize("domains", [frozenset(), frozenset({"example.com"}), frozenset({"example.net"})])
@pytest.mark.parametrize("connected", [None, view()])
def test_what_a_user_may_not_use_is_shown_only_to_be_disconnected(
    domains: frozenset[str], connected: View | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SOLUTIONS, "zoom", replace(SOLUTIONS["zoom"], domains=domains))
    page = Desk(connected).shown()
    assert ("Zoom" in page) == (connected is not None or "example.net" not in domains)
    assert "Jitsi" in page


def test_a_connection_is_shown_with_its_account_and_what_it_may_do() -> None:
    page = Desk(view()).shown()
    assert "Connected as ada@zoom.example." in page
    assert "Allowed: meeting:write" in page
    assert 'action="/test/zoom"' in page
    assert 'href="/connect/zoom"' not in page


def test_a_connection_that_lacks_a_scope_says_which_and_how_to_mend_it() -> None:
    page = Desk(view("reconnect", ("meeting:delete",))).shown()
    assert "Missing: meeting:delete" in page
    assert "Connect Zoom again" in page
    assert 'action="/disconnect/zoom"' in page
    assert 'action="/test/zoom"' not in page


def test_what_is_not_connected_can_be_and_what_needs_no_account_says_so() -> None:
    page = Desk().shown()
    assert "Not connected." in page
    assert 'href="/connect/zoom"' in page
    assert "Needs no account of yours." in page
    assert "/connect/jitsi" not in page


def test_a_conference_of_a_solution_that_left_is_shown_by_its_id() -> None:
    page = Desk(trouble=[Troubled("<b>Plan</b>", NOW, "left", "unmanaged"), Troubled("", None, "zoom", "lost")]).shown()
    assert "&lt;b&gt;Plan&lt;/b&gt;" in page
    assert '<time datetime="2030-05-01T09:30:00+00:00">2030-05-01 09:30</time>' in page
    assert "Connect left again." in page
    assert "<strong>Event</strong>" in page


def test_who_is_not_signed_in_sees_nothing_of_anybody() -> None:
    desk = Desk(view())
    desk.cookies = {}
    page = desk.shown()
    assert "Sign in with Google" in page
    assert "ada" not in page


def test_connections_are_erased_before_what_they_were_for() -> None:
    desk = Desk(view())
    sent = desk.page.forget(desk.visit())
    assert desk.done == ["forget tokens", "forget kept"]
    assert [(cookie.name, cookie.seconds) for cookie in sent.cookies] == [("session", 0)]
    assert "All your data is deleted." in desk.shown(sent)


def test_a_test_that_fails_says_why_on_the_page_and_in_the_log() -> None:
    desk = Desk(view(), fails=CredentialsRefused("zoom-124", "detail"))
    visit = desk.visit("zoom")
    page = desk.shown(desk.page.test(visit))
    assert "Zoom does not work at the moment (zoom-124)" in page
    assert visit.note == {"reason": "zoom-124", "detail": "detail"}


@pytest.mark.parametrize("solution", ["jitsi", "nothing", ""])
def test_only_what_users_connect_is_disconnected_or_tested(solution: str) -> None:
    desk = Desk(view())
    for way in (desk.page.disconnect, desk.page.test):
        with pytest.raises(SignInRefused, match="unknown-solution"):
            way(desk.visit(solution))
    assert desk.done == []
