"""A signed assertion is good for the tokens that an administrator has authorised, and a forged one for nothing."""

import random
from typing import Any

import pytest

from simulator import ids
from simulator.access import AccessTokens
from simulator.delegation import AUDIENCE, Delegation, Refused
from simulator.identity import ABSENT, Identity
from tests.world import MovedClock

ADA = "ada@example.com"
ACCOUNT = ids.DELEGATE_SERVICE_ACCOUNT
SCOPES = ("scope-1", "scope-2")


class Google:
    """Delegation for example.com, where Ada is the only user."""

    def __init__(self) -> None:
        self.clock = MovedClock()
        self.identity = Identity(self.clock, random.Random(7))
        self.tokens = AccessTokens(self.clock, random.Random(7))
        self.delegation = Delegation(self.clock, self.identity, self.tokens, lambda email: email == ADA)
        self.delegation.authorise(ACCOUNT, SCOPES, "example.com")

    def claims(self, **changed: Any) -> dict[str, Any]:
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": ACCOUNT,
            "sub": ADA,
            "scope": "scope-1 scope-2",
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 3600,
        }
        return {name: value for name, value in {**claims, **changed}.items() if value is not ABSENT}

    def exchange(self, **changed: Any) -> str:
        return self.delegation.exchange(self.delegation.sign(ACCOUNT, self.claims(**changed))[1])


@pytest.fixture
def google() -> Google:
    return Google()


def test_a_token_is_the_users_for_the_scopes_that_were_asked_for(google: Google) -> None:
    token = google.exchange(scope="scope-1")
    assert google.tokens.holder(f"Bearer {token}", {"scope-1"}) == ADA


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a scope that is not authorised": ({"scope": "scope-1 scope-3"}, "unauthorized_client"),
    "no scope": ({"scope": ABSENT}, "unauthorized_client"),
    "another domain": ({"sub": "eve@other.example"}, "unauthorized_client"),
    "a subdomain": ({"sub": "ada@sub.example.com"}, "unauthorized_client"),
    "nobody": ({"sub": "nobody@example.com"}, "invalid_grant"),
    "no user": ({"sub": ABSENT}, "invalid_grant"),
    "another issuer": ({"iss": "other@project.iam.gserviceaccount.com"}, "invalid_grant"),
    "no issuer": ({"iss": ABSENT}, "invalid_grant"),
    "another audience": ({"aud": "https://oauth2.googleapis.com/"}, "invalid_grant"),
    "no end": ({"exp": ABSENT}, "invalid_grant"),
    "ended": ({"iat": 1_000_000_000, "exp": 1_000_003_600}, "invalid_grant"),
    "not begun": ({"iat": 4_102_444_800, "exp": 4_102_448_400}, "invalid_grant"),
}


@pytest.mark.parametrize(("changed", "error"), REFUSED.values(), ids=REFUSED)
def test_anything_else_is_refused(google: Google, changed: dict[str, Any], error: str) -> None:
    with pytest.raises(Refused) as refused:
        google.exchange(**changed)
    assert (refused.value.error, refused.value.status) == (error, 401 if error == "unauthorized_client" else 400)


def test_an_assertion_longer_than_an_hour_is_refused(google: Google) -> None:
    with pytest.raises(Refused):
        google.exchange(exp=int(google.clock.now().timestamp()) + 3700)


def test_what_another_account_is_authorised_for_counts_for_it_alone(google: Google) -> None:
    other = "other@project.iam.gserviceaccount.com"
    with pytest.raises(Refused) as refused:
        google.delegation.exchange(google.delegation.sign(other, google.claims(iss=other))[1])
    assert refused.value.error == "unauthorized_client"


def test_a_forged_assertion_is_refused(google: Google) -> None:
    google.exchange()
    key, genuine = google.delegation.sign(ACCOUNT, google.claims())
    forged = google.identity.sign(google.claims(), key=google.identity.new_key(), header={"kid": key})
    other = google.delegation.sign("other@project.iam.gserviceaccount.com", google.claims())[1]
    for assertion in (forged, other, genuine[:-4], genuine + "x", "", "a.b.c", "é"):
        with pytest.raises(Refused) as refused:
            google.delegation.exchange(assertion)
        assert refused.value.error == "invalid_grant"
