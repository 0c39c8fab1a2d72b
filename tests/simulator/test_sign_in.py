"""Sign in with Google gives the client an ID token of whoever the page's user chose to be, and of nobody else."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from simulator import ids
from simulator.server import Simulator
from tests.simulator.conftest import ADA, BOB, StandingClock
from tests.simulator.oauth import CHALLENGE, FUNCTION, VERIFIER, callback

BACK = f"{FUNCTION}/sign-in"
CLIENT, SECRET = ids.SIGN_IN_CLIENT
QUERY = {
    "response_type": "code",
    "client_id": CLIENT,
    "redirect_uri": BACK,
    "scope": "openid email",
    "state": "the-state",
    "nonce": "the-nonce",
    "login_hint": BOB,
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@dataclass
class Google:
    """A browser and a client at Google."""

    sim: Simulator
    session: requests.Session = field(default_factory=requests.Session)

    def ask(self, **changes: Any) -> requests.Response:
        url, query = f"{self.sim.url}/o/oauth2/v2/auth", {**QUERY, **changes}
        return self.session.get(url, params=query, allow_redirects=False, timeout=10)

    def choose(self, email: str, decision: str = "allow", **changes: Any) -> dict[str, str]:
        url, query = f"{self.sim.url}/o/oauth2/v2/auth", {**QUERY, **changes}
        form = {"user": email, "decision": decision}
        return callback(self.session.post(url, params=query, data=form, allow_redirects=False, timeout=10))

    def exchange(self, code: str, /, **changes: Any) -> requests.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
        form |= {"client_id": CLIENT, "client_secret": SECRET, **changes}
        return self.session.post(f"{self.sim.url}/token", data=form, timeout=10)

    def claims(self, token: str) -> dict[str, Any]:
        """What the token says, checked with the certificates that are published."""
        certificates = self.session.get(f"{self.sim.url}/oauth2/v3/certs", timeout=10).json()
        return dict(jwt.decode(token, KeySet.import_key_set(certificates), algorithms=["RS256"]).claims)


@pytest.fixture
def google(sim: Simulator) -> Iterator[Google]:
    sim.add_user(BOB)
    sim.register_clients(FUNCTION)
    made = Google(sim)
    yield made
    made.session.close()


def test_the_page_shows_the_hint_and_all_users(google: Google) -> None:
    page = google.ask().text
    assert f"Expected: {BOB}" in page
    assert f"<option selected>{BOB}</option>" in page
    assert f"<option>{ADA}</option>" in page


def test_the_id_token_names_the_chosen_user_to_this_client(google: Google, clock: StandingClock) -> None:
    reply = google.exchange(google.choose(ADA)["code"]).json()
    now = int(clock.now().timestamp())
    digest = hashlib.sha256(reply["access_token"].encode()).digest()[:16]
    assert google.claims(reply["id_token"]) == {
        "iss": "https://accounts.google.com",
        "azp": CLIENT,
        "aud": CLIENT,
        "sub": google.sim.identity.subject(ADA),
        "email": ADA,
        "email_verified": True,
        "hd": "example.com",
        "nonce": "the-nonce",
        "at_hash": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "iat": now,
        "exp": now + 3600,
    }


def test_a_consumer_account_has_no_hosted_domain(google: Google) -> None:
    google.sim.add_user("eve@gmail.com")
    reply = google.exchange(google.choose("eve@gmail.com")["code"]).json()
    assert "hd" not in google.claims(reply["id_token"])


def test_without_a_nonce_the_token_has_none(google: Google) -> None:
    reply = google.exchange(google.choose(ADA, nonce=None)["code"]).json()
    assert "nonce" not in google.claims(reply["id_token"])


def test_the_reply_is_googles(google: Google) -> None:
    reply = google.exchange(google.choose(ADA)["code"]).json()
    assert set(reply) == {"access_token", "expires_in", "scope", "token_type", "id_token"}
    assert (reply["expires_in"], reply["token_type"]) == (3599, "Bearer")
    assert reply["scope"] == "https://www.googleapis.com/auth/userinfo.email openid"


def test_there_is_no_id_token_without_the_scope_openid(google: Google) -> None:
    assert "id_token" not in google.exchange(google.choose(ADA, scope="email")["code"]).json()


def test_the_callback_names_the_issuer(google: Google) -> None:
    assert set(google.choose(ADA)) == {"code", "state", "iss", "authuser", "prompt"}
    assert google.choose(ADA)["iss"] == "https://accounts.google.com"
    assert google.choose(ADA, decision="deny")["iss"] == "https://accounts.google.com"


def test_a_user_can_deny(google: Google) -> None:
    assert google.choose(ADA, decision="deny")["error"] == "access_denied"


@pytest.mark.parametrize("redirect_uri", [f"{BACK}/", f"{FUNCTION}/oauth", "https://evil.example/oauth/callback"])
def test_nobody_is_sent_elsewhere(google: Google, redirect_uri: str) -> None:
    reply = google.ask(redirect_uri=redirect_uri)
    assert (reply.status_code, "Location" in reply.headers) == (400, False)


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"redirect_uri": f"{BACK}/zoom"}, 400, "redirect_uri_mismatch"),
        ({"code": "another"}, 400, "invalid_grant"),
        ({"code_verifier": None}, 400, "invalid_grant"),
        ({"client_secret": "another"}, 401, "invalid_client"),
        ({"client_secret": None}, 401, "invalid_client"),
        ({"nonce": "x"}, 400, "invalid_request"),
    ],
)
def test_a_wrong_exchange_is_refused_as_google_does(
    google: Google, changes: dict[str, Any], status: int, error: str
) -> None:
    reply = google.exchange(google.choose(ADA)["code"], **changes)
    assert (reply.status_code, reply.json()["error"]) == (status, error)


def test_a_code_is_good_once(google: Google) -> None:
    code = google.choose(ADA)["code"]
    assert [google.exchange(code).status_code for _ in "12"] == [200, 400]


@pytest.mark.parametrize(
    "changes", [{"prompt": "login"}, {"prompt": "none"}, {"scope": "openid calendar"}, {"ui": "x"}]
)
def test_what_google_does_not_take_is_sent_back(google: Google, changes: dict[str, Any]) -> None:
    assert "?error=invalid_" in google.ask(**changes).headers["Location"]


def test_id_tokens_can_be_forged_for_tests(google: Google) -> None:
    google.sim.sign_in.forgery = {"aud": "another", "key": google.sim.identity.new_key()}
    with pytest.raises((JoseError, ValueError)):
        google.claims(google.exchange(google.choose(ADA)["code"]).json()["id_token"])
