"""Signing in with Google asks for no more than who it is, and takes nobody's word but a token's for this sign-in."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from conference.clock import Deadline
from conference.errors import CredentialsRefused, SignInRefused, Temporary, Unauthenticated
from conference.identity import SignInClient, User
from conference.providers.base import Reply, Request
from conference.session import Flow
from conference.sign_in import GoogleSignIn
from tests.world import MovedClock

ADA = User("1001", "ada@example.com", "example.com")
BACK = "https://anyroom.example/sign-in"
KNOWN = SignInClient("client.apps.googleusercontent.com", "secret:sign-in")
FLOW = Flow("the-state", "google", "v" * 43, datetime(2030, 1, 1, tzinfo=UTC), nonce="the-nonce")
REPLY = {"access_token": "a", "token_type": "Bearer", "id_token": "the-token"}


@dataclass
class Desk:
    """Google's token endpoint and the check of ID tokens, as they are told to answer."""

    replies: list[Reply] = field(default_factory=list)
    refusal: str = ""
    asked: list[Request] = field(default_factory=list)
    checked: list[tuple[str, str, str]] = field(default_factory=list)
    renewed: list[frozenset[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = MovedClock()
        self.google = GoogleSignIn(
            KNOWN,
            "https://accounts.example",
            "https://oauth2.example",
            BACK,
            self,  # type: ignore[arg-type]  # it checks as it is told to
            self,
            self.clock,
            lambda text: text.replace("secret:", "value of "),
            lambda names: not self.renewed.append(names),  # type: ignore[func-returns-value]  # which is None: true
        )

    def exchange(self, request: Request, seconds: float, origins: frozenset[str], repeatable: bool) -> Reply:
        self.asked.append(request)
        return self.replies.pop(0) if self.replies else Reply(200, {}, json.dumps(REPLY).encode())

    def signed_in_user(self, id_token: str, client_id: str, nonce: str) -> User:
        self.checked.append((id_token, client_id, nonce))
        if self.refusal:
            raise Unauthenticated(self.refusal)
        return ADA

    def user(self) -> User:
        return self.google.user(FLOW, "c0de", Deadline(self.clock, 15.0))


def query(url: str) -> dict[str, str]:
    return {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}


def test_only_who_it_is_is_asked_for() -> None:
    asked = query(Desk().google.url(FLOW, "1001", False))
    assert asked.pop("code_challenge")
    assert asked == {
        "response_type": "code",
        "client_id": KNOWN.client_id,
        "redirect_uri": BACK,
        "scope": "openid email",
        "state": "the-state",
        "nonce": "the-nonce",
        "login_hint": "1001",
        "code_challenge_method": "S256",
    }


def test_google_is_asked_at_its_own_addresses() -> None:
    desk = Desk()
    assert desk.google.url(FLOW, "", False).startswith("https://accounts.example/o/oauth2/v2/auth?")
    desk.user()
    assert [request.url for request in desk.asked] == ["https://oauth2.example/token"]


def test_an_account_is_chosen_where_another_one_is_wanted_and_hinted_at_where_one_is_known() -> None:
    asked = query(Desk().google.url(FLOW, "", True))
    assert (asked["prompt"], "login_hint" in asked) == ("select_account", False)


def test_the_token_is_checked_for_our_client_and_this_one_sign_in() -> None:
    desk = Desk()
    assert desk.user() == ADA
    assert desk.checked == [("the-token", KNOWN.client_id, "the-nonce")]
    [request] = desk.asked
    assert request.form
    assert (request.form["code"], request.form["code_verifier"]) == ("c0de", "v" * 43)
    assert request.form["client_secret"] == "value of sign-in"


def test_a_token_that_does_not_hold_signs_nobody_in() -> None:
    with pytest.raises(SignInRefused, match="identity-refused: wrong-nonce") as refused:
        Desk(refusal="wrong-nonce").user()
    assert refused.value.text == "other"


def test_a_code_that_google_does_not_take_signs_nobody_in() -> None:
    desk = Desk([Reply(400, {}, b'{"error": "invalid_grant", "error_description": "canary"}')])
    with pytest.raises(SignInRefused) as refused:
        desk.user()
    assert (refused.value.reason, refused.value.text) == ("code-refused", "other")
    assert "canary" not in str(refused.value)
    assert desk.checked == []


def test_f70_a_client_that_google_refuses_has_its_secret_read_again_once() -> None:
    refusal = Reply(401, {}, b'{"error": "invalid_client"}')
    desk = Desk([refusal])
    assert desk.user() == ADA
    assert desk.renewed == [frozenset({"sign-in"})]
    with pytest.raises(CredentialsRefused):
        Desk([refusal, refusal]).user()


def test_google_that_does_not_answer_is_no_refusal() -> None:
    with pytest.raises(Temporary):
        Desk([Reply(503, {}, b"")]).user()
