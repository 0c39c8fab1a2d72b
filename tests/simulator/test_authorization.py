"""Codes and tokens keep the rules of RFC 6749 and 7636 whatever the vendor, and more strictly than vendors do."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from simulator.oauth_clients import Client
from simulator.server import Simulator
from tests.simulator.conftest import StandingClock
from tests.simulator.oauth import CHALLENGE, FUNCTION, PATHS, SCOPES, VERIFIER, Party

ADA = "ada@example.com"
VENDORS = sorted(PATHS)
PKCE = ["entra", "webex", "zoom"]


@pytest.fixture(params=VENDORS)
def party(request: pytest.FixtureRequest, meet: Callable[[str], Party]) -> Party:
    return meet(request.param)


@pytest.fixture(params=PKCE)
def careful(request: pytest.FixtureRequest, meet: Callable[[str], Party]) -> Party:
    """Who understands PKCE."""
    return meet(request.param)


@pytest.fixture
def webex(meet: Callable[[str], Party]) -> Party:
    """Whose errors are the least like anybody else's, so that only status and state are looked at."""
    return meet("webex")


def test_a_user_who_allows_it_gives_access_in_their_name(party: Party, clock: StandingClock) -> None:
    reply = party.connect(ADA)
    grant = party.server.access(reply["access_token"])
    assert grant is not None
    assert (grant.email, grant.scopes) == (ADA, SCOPES[party.vendor])
    assert (grant.expires - clock.now()).total_seconds() == reply["expires_in"]


def test_the_callback_has_the_state_as_it_was(party: Party) -> None:
    assert party.consent(ADA, state="a b/&=%€")["state"] == "a b/&=%€"


def test_a_user_who_denies_it_gives_no_code(party: Party) -> None:
    found = party.consent(ADA, decision="deny")
    assert (found["error"], found["state"], "code" in found) == ("access_denied", "the-state", False)


def test_a_user_can_be_made_to_deny_whatever_is_pressed(party: Party) -> None:
    party.server.set_consent("eve@example.com", denies=True)
    assert party.consent("eve@example.com")["error"] == "access_denied"


@pytest.mark.parametrize("changes", [{"client_id": "another"}, {"client_id": None}])
def test_nobody_is_sent_anywhere_for_an_unknown_client(party: Party, changes: dict[str, Any]) -> None:
    reply = party.ask(**changes)
    assert (reply.status_code, "Location" in reply.headers) == (400, False)


@pytest.mark.parametrize("end", ["/", "?x=1", "x", "/../zoom"])
def test_nobody_is_sent_to_an_address_that_is_not_registered_letter_by_letter(party: Party, end: str) -> None:
    reply = party.ask(redirect_uri=party.redirect_uri + end)
    assert (reply.status_code, "Location" in reply.headers) == (400, False)


@pytest.mark.parametrize("changes", [{"response_type": "token"}, {"response_type": None}, {"audience": "x"}])
def test_other_requests_are_sent_back_with_an_error(party: Party, changes: dict[str, Any]) -> None:
    reply = party.ask(**changes)
    assert reply.status_code == 302
    assert reply.headers["Location"].startswith(party.redirect_uri + "?error=")
    assert "state=the-state" in reply.headers["Location"]


@pytest.mark.parametrize("changes", [{"state": ["a", "b"]}, {"scope": ""}, {"client_id": ["x", "x"]}])
def test_a_parameter_that_is_repeated_or_empty_is_refused(party: Party, changes: dict[str, Any]) -> None:
    assert party.ask(**changes).status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge": VERIFIER},
        {"code_challenge": CHALLENGE + "="},
    ],
)
def test_a_challenge_of_s256_is_needed(careful: Party, changes: dict[str, Any]) -> None:
    assert "error=invalid_request" in careful.ask(**changes).headers["Location"]


@pytest.mark.parametrize("verifier", [None, VERIFIER + "x", CHALLENGE])
def test_a_code_is_bound_to_its_challenge(careful: Party, verifier: str | None) -> None:
    assert careful.exchange(careful.consent(ADA)["code"], code_verifier=verifier).status_code == 400


def test_a_verifier_without_a_challenge_is_refused(careful: Party, sim: Simulator) -> None:
    scopes, redirects = SCOPES[careful.vendor], frozenset({careful.redirect_uri})
    careful.server.register(Client(careful.client_id, careful.secret, scopes, redirects, pkce=False))
    without: dict[str, Any] = {"code_challenge": None, "code_challenge_method": None}
    assert careful.exchange(careful.consent(ADA, **without)["code"]).status_code == 400
    assert careful.exchange(careful.consent(ADA, **without)["code"], code_verifier=None).status_code == 200


def test_a_code_is_good_for_a_minute(party: Party, clock: StandingClock) -> None:
    late, timely = party.consent(ADA)["code"], party.consent(ADA)["code"]
    clock.sleep(59)
    assert party.exchange(timely).status_code == 200
    clock.sleep(1)
    assert party.exchange(late).status_code == 400


@pytest.mark.parametrize("redirect_uri", [None, f"{FUNCTION}/sign-in", ""])
def test_a_code_is_bound_to_its_redirect_uri(party: Party, redirect_uri: str | None) -> None:
    assert party.exchange(party.consent(ADA)["code"], redirect_uri=redirect_uri).status_code == 400


def test_a_code_is_bound_to_its_client(party: Party) -> None:
    code = party.consent(ADA)["code"]
    mine, party.client_id, party.secret = (party.client_id, party.secret), "another", "anotherSecret"
    redirects = frozenset({party.redirect_uri})
    party.server.register(Client(party.client_id, party.secret, SCOPES[party.vendor], redirects))
    assert party.exchange(code).status_code == 400
    party.client_id, party.secret = mine
    assert party.exchange(code).status_code == 200


def test_a_code_used_twice_revokes_what_it_gave(party: Party) -> None:
    code = party.consent(ADA)["code"]
    reply = party.exchange(code).json()
    assert party.server.access(reply["access_token"]) is not None
    assert party.exchange(code).status_code == 400
    assert party.server.access(reply["access_token"]) is None
    assert party.refresh(reply["refresh_token"]).status_code == 400


def test_of_many_exchanges_at_once_one_gets_tokens(webex: Party) -> None:
    code = webex.consent(ADA)["code"]
    with ThreadPoolExecutor(8) as pool:
        statuses = [reply.status_code for reply in pool.map(webex.exchange, [code] * 8)]
    assert sorted(statuses) == [200, *[400] * 7]


def test_a_failed_exchange_spends_the_code(party: Party) -> None:
    code = party.consent(ADA)["code"]
    party.exchange(code, redirect_uri="https://elsewhere.example")
    assert party.exchange(code).status_code == 400


def test_a_wrong_secret_gets_nothing_and_spends_nothing(party: Party) -> None:
    code = party.consent(ADA)["code"]
    reply = party.post(
        secret="wrong",
        grant_type="authorization_code",
        code=code,
        redirect_uri=party.redirect_uri,
        code_verifier=VERIFIER,
    )
    assert reply.status_code in (400, 401)
    assert party.exchange(code).status_code == 200


def test_a_secret_that_was_replaced_is_refused(party: Party) -> None:
    token = party.connect(ADA)["refresh_token"]
    fresh = party.server.rotate_secret(party.client_id)
    assert party.refresh(token).status_code in (400, 401)
    party.secret = fresh
    assert party.refresh(token).status_code == 200


def test_a_refresh_gives_a_new_access_token(party: Party) -> None:
    first = party.connect(ADA)
    second = party.refresh(first["refresh_token"]).json()
    grant = party.server.access(second["access_token"])
    assert first["access_token"] != second["access_token"]
    assert grant is not None
    assert (grant.email, grant.scopes) == (ADA, SCOPES[party.vendor])


def test_a_refresh_may_ask_for_less_and_not_for_more(party: Party) -> None:
    token = party.connect(ADA)["refresh_token"]
    less = sorted(SCOPES[party.vendor])[0]
    assert party.refresh(token, scope="everything").status_code == 400
    grant = party.server.access(party.refresh(token, scope=less).json()["access_token"])
    assert grant is not None
    assert grant.scopes == {less}


def test_a_refresh_token_is_bound_to_its_client(party: Party) -> None:
    token = party.connect(ADA)["refresh_token"]
    party.client_id = "another"
    party.server.register(Client(party.client_id, party.secret, SCOPES[party.vendor]))
    assert party.refresh(token).status_code == 400


def test_an_access_token_refreshes_nothing_and_a_refresh_token_opens_nothing(party: Party) -> None:
    reply = party.connect(ADA)
    assert party.server.access(reply["refresh_token"]) is None
    assert party.refresh(reply["access_token"]).status_code == 400


def test_tokens_end_when_their_time_is_over(party: Party, clock: StandingClock) -> None:
    reply = party.connect(ADA)
    clock.sleep(reply["expires_in"] - 1)
    assert party.server.access(reply["access_token"]) is not None
    clock.sleep(1)
    assert party.server.access(reply["access_token"]) is None
    clock.sleep(party.server.vendor.refresh_lifetime)
    assert party.refresh(reply["refresh_token"]).status_code == 400


def test_either_token_can_be_made_to_end_now(party: Party) -> None:
    reply = party.connect(ADA)
    party.server.expire(reply["access_token"])
    assert party.server.access(reply["access_token"]) is None
    party.server.expire(reply["refresh_token"])
    assert party.refresh(reply["refresh_token"]).status_code == 400


def test_a_user_who_removes_the_application_ends_all_tokens_of_theirs(party: Party, sim: Simulator) -> None:
    sim.add_user("bob@example.com")
    ada, bob = party.connect(ADA), party.connect("bob@example.com")
    party.server.revoke_user("ADA@example.com")
    assert party.server.access(ada["access_token"]) is None
    assert party.refresh(ada["refresh_token"]).status_code == 400
    assert party.server.access(bob["access_token"]) is not None


@pytest.mark.parametrize("grant", ["password", "implicit", None])
def test_other_grants_are_refused(party: Party, grant: str | None) -> None:
    assert party.post(grant_type=grant, username=ADA).status_code == 400


def test_a_client_that_signs_nobody_in_has_no_page(party: Party) -> None:
    redirects = frozenset({party.redirect_uri})
    grants = frozenset({"refresh_token"})
    party.server.register(Client(party.client_id, party.secret, SCOPES[party.vendor], redirects, grants))
    assert "error=" in party.ask().headers["Location"]


def test_unknown_fields_are_refused(party: Party) -> None:
    token = party.connect(ADA)["refresh_token"]
    assert party.refresh(token, expires_in="10").status_code == 400
    assert party.exchange(party.consent(ADA)["code"], state="x").status_code == 400
    assert party.refresh(token).status_code == 200


def test_a_repeated_field_is_refused(party: Party) -> None:
    token = party.connect(ADA)["refresh_token"]
    assert party.post(grant_type="refresh_token", refresh_token=[token, token]).status_code == 400


def test_parameters_are_not_read_from_json_or_from_the_query(party: Party) -> None:
    token = party.connect(ADA)["refresh_token"]
    auth = (party.client_id, party.secret)
    fields = {"grant_type": "refresh_token", "refresh_token": token}
    for more in ({"json": fields}, {"params": fields}, {"params": {"grant_type": "refresh_token"}, "data": fields}):
        arguments: dict[str, Any] = more
        assert party.session.post(party.token, auth=auth, timeout=10, **arguments).status_code in (400, 401)


def test_a_form_in_parts_is_no_form(webex: Party) -> None:
    token = webex.connect(ADA)["refresh_token"]
    fields = {"client_id": webex.client_id, "client_secret": webex.secret}
    fields |= {"grant_type": "refresh_token", "refresh_token": token}
    parts = {name: (None, value) for name, value in fields.items()}
    assert webex.session.post(webex.token, files=parts, timeout=10).status_code == 400


def test_two_ways_of_authentication_at_once_are_refused(party: Party) -> None:
    token = party.connect(ADA)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": party.client_id}
    form["client_secret"] = party.secret
    auth = (party.client_id, party.secret)
    assert party.session.post(party.token, data=form, auth=auth, timeout=10).status_code == 400


def test_codes_and_tokens_are_never_alike(webex: Party) -> None:
    replies = [webex.connect(ADA) for _ in range(20)]
    assert len({reply[name] for reply in replies for name in ("access_token", "refresh_token")}) == 40


def test_replies_with_tokens_are_kept_by_no_cache(party: Party) -> None:
    reply = party.exchange(party.consent(ADA)["code"])
    assert (reply.headers["Cache-Control"], reply.headers["Pragma"]) == ("no-store", "no-cache")
