"""Connecting, where only a system of one's own shows it: an issuer that is known, names too long, who comes first."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from conference.browser import Sent, Visit
from conference.clock import Deadline
from conference.connect import Connecting
from conference.errors import StoreUnavailable
from conference.identity import User
from conference.legs import Legs
from conference.oauth import AuthorizationServer
from conference.providers.base import OAuth, Reply, Request
from conference.seal import Seal
from conference.secrets.cache import Secrets
from conference.secrets.local import Environment
from conference.session import Sessions
from conference.solution import Solution
from tests.world import MovedClock

ADA = User("1001", "ada@example.com", "example.com")
ISSUER = "https://rooms.example"
KEY = base64.b64encode(bytes(range(32))).decode()
ROOMS = Solution("rooms", "Rooms", "logo", "rooms", SimpleNamespace(client_id="c", client_secret="secret:client"))


@dataclass
class Desk:
    """The pages over a system that gives a token for any code; `kept` is what was stored, `given_back` what was not,
    `asked` what it was asked.
    """

    public_url: str = "https://anyroom.example"
    issuer: str = ISSUER
    replies: list[Reply] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    given_back: list[str] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    renewed: list[frozenset[str]] = field(default_factory=list)
    spent: bool = True
    renews: bool = True

    def __post_init__(self) -> None:
        self.clock = MovedClock()
        numbers = iter(range(10**6))
        seal = Seal("keys", Secrets(Environment({"KEYS": KEY}), self.clock), lambda size: next(numbers).to_bytes(size))
        self.sessions = Sessions(seal, self.clock, lambda: f"{next(numbers):043d}", False)
        oauth = OAuth(
            authorize=lambda options: f"{ISSUER}/authorize",
            token=lambda options: f"{ISSUER}/token",
            scopes=lambda options: ("meet",),
            issuer=lambda options: self.issuer,
        )
        server = AuthorizationServer(oauth, ROOMS.options, self, self.clock, lambda text: text)
        self.connecting = Connecting(
            {"rooms": ROOMS},
            lambda solution: oauth,
            lambda solution: server,
            self.renew,
            lambda solution, user, granted, deadline: self.kept.append(user.sub),
            lambda solution, user, granted, deadline: self.given_back.append(user.sub),
            self.sessions,
            SimpleNamespace(),  # type: ignore[arg-type]  # nobody signs in here
            self,
            self.clock,
            self.public_url,
        )
        self.cookies = {"session": self.sessions.begin(ADA).value}

    def exchange(self, request: Request, seconds: float, origins: frozenset[str], repeatable: bool) -> Reply:
        self.asked.append(request)
        return self.replies.pop(0) if self.replies else Reply(200, {}, b'{"access_token": "a", "token_type": "bearer"}')

    def renew(self, names: frozenset[str]) -> bool:
        self.renewed.append(names)
        return self.renews

    def spend(self, value: str, until: datetime) -> bool:
        if not self.spent:
            raise StoreUnavailable("store-down")
        return True

    def visit(self, query: Mapping[str, str]) -> Visit:
        deadline = Deadline(self.clock, 15.0)
        return Visit("rooms", query, dict, self.cookies, "en", "n", deadline, Legs(self.clock))

    def back(self, **query: str) -> tuple[Sent, Any]:
        """Begin, agree, and come back with that: what is shown, and the reason in the log."""
        begun = self.connecting.connect(self.visit({}))
        self.cookies["flow"] = begun.cookies[0].value
        [state] = parse_qs(urlsplit(begun.headers["Location"]).query)["state"]
        visit = self.visit({"state": state, "code": "c0de", **query})
        return self.connecting.callback(visit), visit.note.get("reason")


@pytest.mark.parametrize("query", [{"iss": ISSUER}, {}])
def test_f65_a_callback_of_the_issuer_that_is_known_or_of_none_that_is_named_is_taken(query: dict[str, str]) -> None:
    desk = Desk()
    sent, _ = desk.back(**query)
    assert (sent.status, desk.kept) == (200, [ADA.sub])


@pytest.mark.parametrize("issuer", ["https://evil.example", f"{ISSUER}/", ISSUER.upper(), ""])
def test_f65_a_callback_of_another_issuer_is_refused_and_its_code_goes_nowhere(issuer: str) -> None:
    desk = Desk()
    sent, reason = desk.back(iss=issuer)
    assert (sent.status, reason, desk.kept, desk.asked) == (400, "wrong-issuer", [], [])


def test_an_issuer_that_is_not_known_is_not_compared() -> None:
    sent, _ = Desk(issuer="").back(iss="https://whoever.example")
    assert sent.status == 200


def test_a_state_that_could_not_be_spent_is_not_used() -> None:
    desk = Desk(spent=False)
    sent, reason = desk.back()
    assert (sent.status, reason, desk.asked, desk.kept) == (503, "store-down", [], [])


def test_f70_a_client_that_is_refused_has_its_secrets_read_again_once() -> None:
    refusal = Reply(401, {}, b'{"error": "invalid_client"}')
    desk = Desk(replies=[refusal])
    assert desk.back()[0].status == 200
    assert (desk.renewed, len(desk.asked)) == ([frozenset({"client"})], 2)
    desk = Desk(replies=[refusal, refusal])
    sent, reason = desk.back()
    assert (sent.status, reason, len(desk.asked), desk.kept) == (500, "token-refused", 2, [])


def test_f70_a_client_that_is_refused_with_the_newest_secret_is_not_tried_again() -> None:
    desk = Desk(replies=[Reply(401, {}, b'{"error": "invalid_client"}')], renews=False)
    sent, _ = desk.back()
    assert (sent.status, len(desk.asked)) == (500, 1)


@pytest.mark.parametrize("path", ["", "/" + "p" * 600])
def test_f21_an_address_that_calendar_would_not_take_says_nothing_of_who_is_expected(path: str) -> None:
    desk = Desk(public_url=f"https://anyroom.example{path}")
    user = User("1" * 21, f"{'a' * 64}@{'b' * 250}", "b" * 250)
    link = desk.connecting.link(user, "rooms")
    assert len(link) <= 1300
    assert ("link=" in link) == (path == "")
    assert link.startswith(f"https://anyroom.example{path}/connect/rooms")


@pytest.mark.parametrize("link", ["", "no link", "1.2.3"])
def test_f64_a_link_that_says_nothing_leads_on_who_is_signed_in(link: str) -> None:
    desk = Desk()
    sent = desk.connecting.connect(desk.visit({"link": link}))
    assert sent.headers["Location"].startswith(f"{ISSUER}/authorize?")
    query = parse_qs(urlsplit(sent.headers["Location"]).query)
    assert query["redirect_uri"] == ["https://anyroom.example/oauth/callback/rooms"]
    assert query["code_challenge_method"] == ["S256"]
