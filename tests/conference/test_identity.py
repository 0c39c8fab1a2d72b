"""Who calls is proved by Google's signature over claims meant for us, and by nothing else."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conference.errors import Temporary, Unauthenticated, Unavailable
from conference.identity import SKEW, Accepted, PublishedKeys, User, Verifier
from simulator import ids
from simulator.identity import ABSENT, Identity
from tests import simulating
from tests.world import MovedClock

ADA = "ada@example.com"
ROUTE = "https://anyroom.example.com/conferences?solution=demo"
AUDIENCES = frozenset({ROUTE, ROUTE.partition("?")[0]})
STRANGER = "stranger@other-project.iam.gserviceaccount.com"


class Google:
    """The published certificates, which can be down, and how often they were fetched."""

    def __init__(self) -> None:
        self.clock = MovedClock()
        self.identity = Identity(self.clock, random.Random(), simulating.keys())
        self.fetched = 0
        self.down = False
        self.lifetime = 3600.0
        self.published: Mapping[str, Any] | None = None

    def fetch(self) -> tuple[Mapping[str, Any], float]:
        self.fetched += 1
        if self.down:
            raise Temporary("connection-refused")
        return (self.identity.jwks() if self.published is None else self.published), self.lifetime

    def verifier(self, **accepted: Any) -> Verifier:
        everything = Accepted(
            frozenset({ids.SCRIPT_CLIENT_ID}), ids.ADDON_SERVICE_ACCOUNT, ids.ADDON_CLIENT_ID, ids.TASKS_SERVICE_ACCOUNT
        )
        return Verifier(
            Accepted(**accepted) if accepted else everything, PublishedKeys(self.fetch, self.clock), self.clock
        )


@pytest.fixture
def google() -> Google:
    return Google()


def refusal(check: Callable[[], object]) -> str:
    with pytest.raises(Unauthenticated) as refused:
        check()
    return refused.value.reason


def test_a_script_token_names_the_user_by_sub_address_and_hosted_domain(google: Google) -> None:
    user = google.verifier().script_user(google.identity.script_token("Ada@Example.com"))
    assert user == User(google.identity.subject("Ada@Example.com"), ADA, "example.com")


def test_an_address_says_nothing_of_the_hosted_domain(google: Google) -> None:
    token = google.identity.script_token(ADA, hd=ABSENT)
    assert google.verifier().script_user(token).domain == ""


def test_the_two_tokens_of_an_http_addon_name_the_user(google: Google) -> None:
    for audience in AUDIENCES:
        google.verifier().check_addon(google.identity.system_token(audience), AUDIENCES)
    assert google.verifier().addon_user(google.identity.user_id_token(ADA)).email == ADA


FORGED: dict[str, tuple[dict[str, Any], str]] = {
    "expired": ({"exp": 1}, "expired"),
    "not valid yet": ({"iat": 4102444800, "exp": 4102448400}, "not-yet-valid"),
    "begins later": ({"nbf": 4102444800}, "not-yet-valid"),
    "another audience": ({"aud": "somebody-else.apps.googleusercontent.com"}, "wrong-audience"),
    "several audiences": ({"aud": [ids.SCRIPT_CLIENT_ID]}, "wrong-audience"),
    "audience of the other add-on": ({"aud": ids.ADDON_CLIENT_ID}, "wrong-audience"),
    "no audience": ({"aud": ABSENT}, "wrong-audience"),
    "another issuer": ({"iss": "https://evil.example"}, "wrong-issuer"),
    "no issuer": ({"iss": ABSENT}, "wrong-issuer"),
    "no subject": ({"sub": ABSENT}, "no-subject"),
    "no end": ({"exp": ABSENT}, "no-times"),
    "an end that is text": ({"exp": "9999999999"}, "no-times"),
    "an end that is true": ({"exp": True}, "no-times"),
    "address not verified": ({"email_verified": False}, "email-not-verified"),
    "address verified in words": ({"email_verified": "true"}, "email-not-verified"),
    "no address": ({"email": ABSENT}, "email-not-verified"),
    "a service account": ({"email": STRANGER}, "service-account"),
    "alg none": ({"algorithm": "none"}, "wrong-algorithm"),
    "HS256 with the public key": ({"algorithm": "HS256"}, "wrong-algorithm"),
    "no key id": ({"header": {"kid": ABSENT}}, "wrong-algorithm"),
    "unknown key id": ({"header": {"kid": "nobody"}}, "unknown-key"),
    "critical header": ({"header": {"crit": ["b64"]}}, "critical-header"),
}


@pytest.mark.parametrize(("forgery", "reason"), FORGED.values(), ids=FORGED)
def test_f24_a_forged_script_token_is_refused(google: Google, forgery: dict[str, Any], reason: str) -> None:
    token = google.identity.script_token(ADA, **forgery)
    assert refusal(lambda: google.verifier().script_user(token)) == reason


@pytest.mark.parametrize(
    ("audience", "told"),
    [
        ("12-ab.apps.googleusercontent.com", "Google signed for 12-ab.apps.googleusercontent.com"),
        ("victim@example.com - Takeover", "Google signed for no client id"),
        (["12-ab.apps.googleusercontent.com"], "Google signed for no client id"),
    ],
)
def test_only_a_client_id_is_told_to_the_administrator(google: Google, audience: object, told: str) -> None:
    token = google.identity.script_token(ADA, aud=audience)
    with pytest.raises(Unauthenticated) as refused:
        google.verifier().script_user(token)
    assert refused.value.detail == told


def test_f24_a_token_signed_with_another_key_under_a_known_id_is_refused(google: Google) -> None:
    from dataclasses import replace

    forged = replace(google.identity.new_key(), kid=google.identity.key.kid)
    assert (
        refusal(lambda: google.verifier().script_user(google.identity.script_token(ADA, key=forged))) == "bad-signature"
    )


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "....", "é.é.é", "{}.{}.{}", "A" * 9000, "e30.e30.e30"])
def test_f24_garbage_is_refused(google: Google, token: str) -> None:
    assert refusal(lambda: google.verifier().script_user(token))


@given(st.text(max_size=200))
def test_f24_any_text_is_refused_and_raises_nothing_else(text: str) -> None:
    assert refusal(lambda: Google().verifier().script_user(text))


@pytest.mark.parametrize("seconds", [SKEW - 5, -(SKEW - 5)])
def test_f24_clocks_may_differ_by_the_skew(google: Google, seconds: float) -> None:
    token = google.identity.script_token(ADA, lifetime=0 if seconds > 0 else 3600)
    google.clock.advance(seconds)
    assert google.verifier().script_user(token).email == ADA


@pytest.mark.parametrize(("seconds", "reason"), [(SKEW + 5, "expired"), (-(SKEW + 5), "not-yet-valid")])
def test_f24_clocks_may_not_differ_by_more(google: Google, seconds: float, reason: str) -> None:
    token = google.identity.script_token(ADA, lifetime=0 if seconds > 0 else 3600)
    google.clock.advance(seconds)
    assert refusal(lambda: google.verifier().script_user(token)) == reason


def test_f24_a_token_of_one_kind_is_good_for_no_other(google: Google) -> None:
    script, user = google.identity.script_token(ADA), google.identity.user_id_token(ADA)
    system, tasks = google.identity.system_token(ROUTE), google.identity.tasks_token(ROUTE)
    verifier = google.verifier()
    refused = [refusal(partial(verifier.script_user, token)) for token in (user, system, tasks)]
    refused += [refusal(partial(verifier.check_addon, token, AUDIENCES)) for token in (script, user, tasks)]
    refused += [refusal(partial(verifier.addon_user, token)) for token in (script, system, tasks, "")]
    assert len(refused) == 10


def test_f24_a_strangers_service_account_may_sign_for_our_url_in_vain(google: Google) -> None:
    system = google.identity.system_token(ROUTE, email=STRANGER)
    assert refusal(lambda: google.verifier().check_addon(system, AUDIENCES)) == "not-the-addon"


def test_f24_a_token_of_another_route_is_refused(google: Google) -> None:
    system = google.identity.system_token("https://anyroom.example.com/settings-url")
    assert refusal(lambda: google.verifier().check_addon(system, AUDIENCES)) == "wrong-audience"


def test_f24_a_kind_that_is_not_configured_is_refused(google: Google) -> None:
    only_script = google.verifier(script=frozenset({ids.SCRIPT_CLIENT_ID}))
    system = google.identity.system_token(ROUTE)
    assert refusal(lambda: only_script.check_addon(system, AUDIENCES)) == "addon-not-accepted"


def test_f24_an_address_that_lower_casing_would_make_somebody_elses_is_refused(google: Google) -> None:
    token = google.identity.script_token("\u212aate@example.com")
    assert refusal(lambda: google.verifier().script_user(token)) == "email-not-ascii"


SYNC = "https://anyroom.example.com/sync"


def test_f30_the_token_of_a_task_is_accepted_for_its_audience(google: Google) -> None:
    google.verifier().check_task(google.identity.tasks_token(SYNC), SYNC)


TASKS: dict[str, tuple[Callable[[Identity], str], str]] = {
    "a stranger's service account": (lambda google: google.tasks_token(SYNC, email=STRANGER), "not-the-tasks-account"),
    "the add-on's service account": (lambda google: google.system_token(SYNC), "not-the-tasks-account"),
    "a user, for our address": (lambda google: google.script_token(ADA, aud=SYNC), "not-the-tasks-account"),
    "a user": (lambda google: google.script_token(ADA), "wrong-audience"),
    "another route": (lambda google: google.tasks_token("https://anyroom.example.com/sweep"), "wrong-audience"),
    "a longer audience": (lambda google: google.tasks_token(f"{SYNC}/"), "wrong-audience"),
    "an address not verified": (lambda google: google.tasks_token(SYNC, email_verified=False), "email-not-verified"),
    "another key": (lambda google: google.tasks_token(SYNC, key=google.new_key()), "unknown-key"),
    "no token": (lambda google: "", "no-token"),
}


@pytest.mark.parametrize(("token", "reason"), TASKS.values(), ids=TASKS)
def test_f30_anybody_elses_token_is_refused(google: Google, token: Callable[[Identity], str], reason: str) -> None:
    assert refusal(lambda: google.verifier().check_task(token(google.identity), SYNC)) == reason


def test_f30_nobody_is_let_in_where_no_service_account_is_named(google: Google) -> None:
    nobody = google.verifier(script=frozenset({ids.SCRIPT_CLIENT_ID}))
    token = google.identity.tasks_token(SYNC)
    assert refusal(lambda: nobody.check_task(token, SYNC)) == "tasks-not-accepted"


def test_f25_certificates_are_fetched_once_for_many(google: Google) -> None:
    verifier, token = google.verifier(), google.identity.script_token(ADA)
    start = threading.Barrier(16)

    def ask(_: int) -> str:
        start.wait()
        return verifier.script_user(token).email

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, range(16))) == {ADA}
    assert google.fetched == 1


def test_f25_certificates_are_fetched_again_when_they_may_have_changed(google: Google) -> None:
    verifier = google.verifier()
    verifier.script_user(google.identity.script_token(ADA))
    google.clock.advance(google.lifetime + 1)
    verifier.script_user(google.identity.script_token(ADA))
    assert google.fetched == 2


def test_f25_a_new_key_of_googles_is_found(google: Google) -> None:
    verifier = google.verifier()
    verifier.script_user(google.identity.script_token(ADA))
    google.identity.rotate()
    google.clock.advance(61)
    assert verifier.script_user(google.identity.script_token(ADA)).email == ADA


def test_f25_known_certificates_serve_on_while_google_is_down(google: Google) -> None:
    verifier = google.verifier()
    verifier.script_user(google.identity.script_token(ADA))
    google.down = True
    google.clock.advance(100_000)
    assert verifier.script_user(google.identity.script_token(ADA)).email == ADA


@pytest.mark.parametrize("published", [{"keys": []}, {}, {"keys": "x"}, {"keys": [{"kty": "RSA"}]}, {"keys": [7]}])
def test_f25_an_empty_or_broken_set_never_replaces_a_good_one(google: Google, published: Mapping[str, Any]) -> None:
    verifier = google.verifier()
    verifier.script_user(google.identity.script_token(ADA))
    google.published = published
    google.clock.advance(google.lifetime + 1)
    assert verifier.script_user(google.identity.script_token(ADA)).email == ADA


def test_f25_keys_of_other_types_are_passed_over(google: Google) -> None:
    google.published = {"keys": [{"kty": "EC", "kid": "ec", "crv": "P-256"}, *google.identity.jwks()["keys"]]}
    assert google.verifier().script_user(google.identity.script_token(ADA)).email == ADA


def test_f25_many_who_wait_for_certificates_that_do_not_come_wait_for_one_fetch(google: Google) -> None:
    def hang() -> tuple[Mapping[str, Any], float]:
        google.fetched += 1
        time.sleep(0.2)
        google.clock.advance(3)
        raise Temporary("timeout")

    keys = PublishedKeys(hang, google.clock)

    def ask(_: int) -> None:
        with pytest.raises(Unavailable):
            keys.having("any")

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(ask, range(16)))
    assert google.fetched == 1


def test_f25_unknown_key_ids_fetch_at_most_once_a_minute(google: Google) -> None:
    verifier = google.verifier()
    verifier.script_user(google.identity.script_token(ADA))
    for _ in range(50):
        google.clock.advance(1)
        refusal(lambda: verifier.script_user(google.identity.script_token(ADA, header={"kid": "nobody"})))
    assert google.fetched == 1
    google.clock.advance(11)
    refusal(lambda: verifier.script_user(google.identity.script_token(ADA, header={"kid": "nobody"})))
    assert google.fetched == 2


def test_f25_without_any_certificate_nobody_is_let_in_and_google_is_not_flooded(google: Google) -> None:
    google.down = True
    verifier = google.verifier()
    for _ in range(20):
        with pytest.raises(Unavailable):
            verifier.script_user(google.identity.script_token(ADA))
    assert google.fetched == 1
    google.down = False
    google.clock.advance(3)
    assert verifier.script_user(google.identity.script_token(ADA)).email == ADA
