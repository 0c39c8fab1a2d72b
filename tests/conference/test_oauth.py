"""Our client at an OAuth server: the address to sign in at, the exchanges, and how we prove who we are."""

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from conference.clock import Deadline
from conference.errors import ConferenceFailure, CredentialsRefused, NotConnected, Permanent, Temporary
from conference.oauth import AuthorizationServer, new_verifier
from conference.providers.base import OAuth, Reply, Request
from tests.conference.secrets.conftest import StoppedClock

ID, SECRET = "id +/", "s3cret:é&"
REDIRECT = "https://anyroom.example/oauth/callback/zoom"
TOKENS = {"access_token": "a1", "token_type": "bearer", "expires_in": 3600, "refresh_token": "r1", "scope": "x y"}


class Options(msgspec.Struct):
    client_id: str = "secret:id"
    client_secret: str = "secret:client"


OAUTH = OAuth(
    authorize=lambda options: "https://sign-in.example/authorize",
    token=lambda options: "https://tokens.example/token?v=2",
    revoke=lambda options: "https://tokens.example/revoke",
    scopes=lambda options: ("x", "y"),
)


@dataclass
class Server:
    """Answers with `reply`, and remembers how it was asked."""

    reply: Reply = field(default_factory=lambda: Reply(200, {}, json.dumps(TOKENS).encode()))
    asked: list[Request] = field(default_factory=list)
    bounds: list[tuple[float, frozenset[str], bool]] = field(default_factory=list)

    def exchange(self, request: Request, seconds: float, origins: frozenset[str], repeatable: bool) -> Reply:
        self.asked.append(request)
        self.bounds.append((seconds, origins, repeatable))
        return self.reply

    def form(self) -> dict[str, str]:
        return dict(self.asked[-1].form or {})


CLOCK = StoppedClock()


def client(server: Server, **declared: Any) -> AuthorizationServer:
    oauth = msgspec.structs.replace(OAUTH, **declared)
    secrets = {"secret:id": ID, "secret:client": SECRET}
    return AuthorizationServer(oauth, Options(), server, CLOCK, lambda text: secrets.get(text, text))


def soon(seconds: float = 100.0) -> Deadline:
    return Deadline(CLOCK, seconds)


def test_the_address_to_sign_in_at_asks_for_a_code_with_our_state_and_a_challenge() -> None:
    url = client(Server()).authorization_url(REDIRECT, "st/ate", "verifier")
    parts = urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://sign-in.example/authorize"
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"verifier").digest()).decode().rstrip("=")
    assert {name: value for name, [value] in parse_qs(parts.query).items()} == {
        "response_type": "code",
        "client_id": ID,
        "redirect_uri": REDIRECT,
        "scope": "x y",
        "state": "st/ate",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    assert "+" not in parts.query
    assert SECRET not in url


def test_the_challenge_is_the_one_of_the_standard() -> None:
    # RFC 7636, appendix B.
    url = client(Server()).authorization_url(REDIRECT, "s", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&" in url


def test_more_goes_along_and_replaces_nothing_of_ours() -> None:
    more = {"prompt": "consent", "state": "theirs", "redirect_uri": "https://evil.example/"}
    url = client(Server(), more=more, authorize=lambda options: "https://a.example/?tenant=t").authorization_url(
        REDIRECT, "ours", "v"
    )
    query = parse_qs(urlsplit(url).query)
    assert (query["tenant"], query["prompt"], query["state"], query["redirect_uri"]) == (
        ["t"],
        ["consent"],
        ["ours"],
        [REDIRECT],
    )


def test_a_system_without_scopes_is_asked_for_none() -> None:
    assert "scope" not in client(Server(), scopes=lambda options: ()).authorization_url(REDIRECT, "s", "v")


def test_verifiers_have_43_unguessable_characters() -> None:
    assert len(new_verifier(os.urandom)) == 43
    assert new_verifier(os.urandom) != new_verifier(os.urandom)
    assert set(new_verifier(os.urandom)) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def test_a_code_is_exchanged_with_its_verifier_and_the_same_redirect() -> None:
    server = Server()
    granted = client(server).by_code("c0de", "v3rifier", REDIRECT, soon(), lambda names: False)
    assert (granted.access_token, granted.refresh_token, granted.scopes) == ("a1", "r1", frozenset({"x", "y"}))
    assert server.asked[-1].url == "https://tokens.example/token?v=2"
    assert server.form() == {
        "grant_type": "authorization_code",
        "code": "c0de",
        "redirect_uri": REDIRECT,
        "code_verifier": "v3rifier",
        "client_id": ID,
        "client_secret": SECRET,
    }


REFUSED = Reply(401, {}, b'{"error": "invalid_client"}')


@dataclass
class Replaced(Server):
    """Refuses our client until its secrets were read anew; `renewed` are the names that were."""

    renewed: list[frozenset[str]] = field(default_factory=list)
    changed: bool = True

    def exchange(self, request: Request, seconds: float, origins: frozenset[str], repeatable: bool) -> Reply:
        given = super().exchange(request, seconds, origins, repeatable)
        return given if self.renewed and self.changed else REFUSED

    def renew(self, names: frozenset[str]) -> bool:
        self.renewed.append(names)
        return self.changed


def test_f70_a_client_that_is_refused_has_its_secrets_read_anew_and_the_code_is_sent_again() -> None:
    server = Replaced()
    assert client(server).by_code("c0de", "v", REDIRECT, soon(), server.renew).access_token == "a1"
    assert server.renewed == [frozenset({"id", "client"})]
    assert [asked.form["code"] for asked in server.asked if asked.form] == ["c0de", "c0de"]


def test_f70_a_client_that_is_refused_with_the_newest_secrets_is_not_tried_again() -> None:
    server = Replaced(changed=False)
    with pytest.raises(CredentialsRefused):
        client(server).by_code("c0de", "v", REDIRECT, soon(), server.renew)
    assert len(server.asked) == 1


def test_a_refresh_sends_the_refresh_token() -> None:
    server = Server()
    assert client(server).by_refresh("r0", soon()).refresh_token == "r1"
    assert server.form().items() >= {"grant_type": "refresh_token", "refresh_token": "r0"}.items()


def test_the_account_s_grant_is_the_provider_s_form_with_its_secrets() -> None:
    server, form = Server(), {"grant_type": "account_credentials", "account_id": "secret:id"}
    assert client(server, account=lambda options: form).by_account(soon()).access_token == "a1"
    assert server.form().items() >= {"grant_type": "account_credentials", "account_id": ID}.items()


def test_an_account_s_grant_is_known_again_and_no_other_one_s() -> None:
    def grant(form: dict[str, str], **declared: Any) -> str:
        return client(Server(), account=lambda options: form, **declared).account_grant()

    form = {"grant_type": "account_credentials", "account_id": "secret:id"}
    asked = json.dumps(["https://tokens.example/token?v=2", ID, f"account_id={ID}", "grant_type=account_credentials"])
    assert grant(form) == hashlib.sha256(asked.encode()).hexdigest()
    others = [grant({**form, "account_id": "another"}), grant({**form, "user": "ada"})]
    others.append(grant(form, token=lambda options: "https://tokens.example/another"))
    assert len({grant(form), *others}) == 4


def test_a_grant_that_is_refused_is_the_user_s_and_for_an_account_ours() -> None:
    server = Server(Reply(400, {}, b'{"error": "invalid_grant"}'))
    with pytest.raises(NotConnected):
        client(server).by_refresh("r0", soon())
    with pytest.raises(CredentialsRefused):
        client(server, account=lambda options: {"grant_type": "client_credentials"}).by_account(soon())


def test_basic_sends_id_and_secret_in_a_header_alone_each_encoded_as_in_a_form() -> None:
    server = Server()
    client(server, client="basic").by_refresh("r0", soon())
    proof = base64.b64decode(server.asked[-1].headers["Authorization"].removeprefix("Basic ")).decode()
    assert proof == "id+%2B%2F:s3cret%3A%C3%A9%26"
    assert server.form() == {"grant_type": "refresh_token", "refresh_token": "r0"}


def test_post_sends_them_in_the_form_alone() -> None:
    server = Server()
    client(server, client="post").by_refresh("r0", soon())
    assert "Authorization" not in server.asked[-1].headers
    assert server.form().items() >= {"client_id": ID, "client_secret": SECRET}.items()


def test_a_token_is_given_back_with_its_kind() -> None:
    server = Server(Reply(200, {}, b""))
    assert client(server).revoke("r1", "refresh_token", soon())
    assert server.asked[-1].url == "https://tokens.example/revoke"
    assert server.form().items() >= {"token": "r1", "token_type_hint": "refresh_token"}.items()


@pytest.mark.parametrize("status", [300, 400, 503])
def test_a_server_that_confirms_nothing_has_not_revoked(status: int) -> None:
    assert not client(Server(Reply(status, {}, b""))).revoke("r1", "refresh_token", soon())


def test_tokens_beside_a_status_that_is_no_success_are_none() -> None:
    with pytest.raises(Permanent):
        client(Server(Reply(300, {}, json.dumps(TOKENS).encode()))).by_refresh("r0", soon())


def test_where_nothing_can_be_given_back_nobody_is_asked() -> None:
    server = Server()
    assert not client(server, revoke=lambda options: "").revoke("r1", "refresh_token", soon())
    assert server.asked == []


def test_only_the_endpoint_itself_is_reached_within_the_deadline_and_a_grant_is_never_sent_twice() -> None:
    server = Server()
    client(server).by_refresh("r0", soon(3.0))
    client(server).by_refresh("r0", soon())
    client(server).revoke("r0", "refresh_token", soon())
    assert [bound[1:] for bound in server.bounds] == [
        (frozenset({"https://tokens.example:443"}), False),
        (frozenset({"https://tokens.example:443"}), False),
        (frozenset({"https://tokens.example:443"}), True),
    ]
    assert [bound[0] for bound in server.bounds] == pytest.approx([3.0, 5.0, 5.0])
    assert {asked.method for asked in server.asked} == {"POST"}


def test_nothing_is_sent_when_no_time_is_left() -> None:
    server = Server()
    with pytest.raises(Temporary):
        client(server).by_refresh("r0", soon(0.0))
    assert server.asked == []


@pytest.mark.parametrize("status", [200, 400, 401, 403, 500])
def test_no_failure_repeats_a_token_a_secret_or_what_the_server_said(status: int) -> None:
    said = json.dumps({"error": f"r0 {SECRET}", "error_description": f"r0 {ID} {SECRET}", "reason": SECRET}).encode()
    for how in ("basic", "post"):
        with pytest.raises(ConferenceFailure) as raised:
            client(Server(Reply(status, {}, said)), client=how).by_refresh("r0-canary", soon())
        assert not [word for word in (SECRET, ID, "r0") if word in str(raised.value)]
