"""Each vendor's authorization server does what only it does: rotation, scopes and error bodies."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from simulator import ids
from simulator.oauth_clients import Client
from simulator.server import Simulator
from simulator.vendors import DAY
from tests.simulator.conftest import StandingClock
from tests.simulator.oauth import FUNCTION, SCOPES, Party, account

ADA = "ada@example.com"
Meet = Callable[[str], Party]


@pytest.fixture
def zoom(meet: Meet) -> Party:
    return meet("zoom")


@pytest.fixture
def webex(meet: Meet) -> Party:
    return meet("webex")


@pytest.fixture
def entra(meet: Meet) -> Party:
    return meet("entra")


@pytest.fixture
def goto(meet: Meet) -> Party:
    return meet("goto")


def error(reply: requests.Response) -> tuple[int, Any]:
    return reply.status_code, reply.json()


@pytest.mark.parametrize(
    ("vendor", "names"),
    [
        ("zoom", {"api_url"}),
        ("webex", {"refresh_token_expires_in"}),
        ("entra", {"ext_expires_in"}),
        ("goto", {"principal"}),
    ],
)
def test_a_reply_has_the_fields_that_only_this_vendor_sends(meet: Meet, vendor: str, names: set[str]) -> None:
    common = {"access_token", "token_type", "expires_in", "scope", "refresh_token"}
    assert set(meet(vendor).connect(ADA)) == common | names


@pytest.mark.parametrize(("vendor", "seconds"), [("zoom", 3600), ("webex", 1209599), ("entra", 4211), ("goto", 3600)])
def test_an_access_token_lives_as_long_as_the_vendors(meet: Meet, vendor: str, seconds: int) -> None:
    assert meet(vendor).connect(ADA)["expires_in"] == seconds


@pytest.mark.parametrize(("vendor", "other"), [("zoom", "post"), ("goto", "post"), ("webex", "basic")])
def test_the_other_way_of_authentication_is_refused(meet: Meet, vendor: str, other: str) -> None:
    party = meet(vendor)
    form = {"grant_type": "refresh_token", "refresh_token": party.connect(ADA)["refresh_token"]}
    if other == "basic":
        reply = party.session.post(party.token, data=form, auth=(party.client_id, party.secret), timeout=10)
    else:
        more = {"client_id": party.client_id, "client_secret": party.secret}
        reply = party.session.post(party.token, data={**form, **more}, timeout=10)
    assert reply.status_code == 401


def test_entra_takes_both_ways_of_authentication(entra: Party) -> None:
    token = entra.connect(ADA)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    auth = (entra.client_id, entra.secret)
    assert entra.session.post(entra.token, data=form, auth=auth, timeout=10).status_code == 200
    assert entra.refresh(token).status_code == 200


def test_zoom_replaces_the_refresh_token_and_the_old_one_revokes_the_family(zoom: Party) -> None:
    first = zoom.connect(ADA)
    second = zoom.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    third = zoom.refresh(second["refresh_token"]).json()
    assert error(zoom.refresh(first["refresh_token"])) == (400, {"reason": "Invalid Token!", "error": "invalid_grant"})
    assert zoom.server.access(third["access_token"]) is None
    revoked = {"reason": "Token has been revoked.", "error": "invalid_grant"}
    assert error(zoom.refresh(third["refresh_token"])) == (400, revoked)


def test_of_many_refreshes_at_once_zoom_answers_one_and_revokes_the_family(zoom: Party) -> None:
    token = zoom.connect(ADA)["refresh_token"]
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(zoom.refresh, [token] * 8))
    assert sorted(reply.status_code for reply in replies) == [200, *[400] * 7]
    (good,) = (reply.json() for reply in replies if reply.status_code == 200)
    assert zoom.server.access(good["access_token"]) is None


def test_zoom_revokes_a_users_first_connection_when_they_connect_again(zoom: Party, sim: Simulator) -> None:
    sim.add_user("bob@example.com")
    bob, first = zoom.connect("bob@example.com"), zoom.connect(ADA)
    mine, zoom.client_id = zoom.client_id, "another"
    zoom.server.register(Client("another", zoom.secret, SCOPES["zoom"], frozenset({zoom.redirect_uri})))
    elsewhere, zoom.client_id = zoom.connect(ADA), mine
    second = zoom.connect(ADA)
    good = [zoom.server.access(reply["access_token"]) is not None for reply in (bob, elsewhere, first, second)]
    assert good == [True, True, False, True]


def test_entra_replaces_the_refresh_token_and_the_old_one_stays_good(entra: Party) -> None:
    first = entra.connect(ADA)["refresh_token"]
    second = entra.refresh(first).json()["refresh_token"]
    assert first != second
    assert [entra.refresh(token).status_code for token in (first, second, first)] == [200, 200, 200]


def test_webex_renews_the_refresh_token_itself(webex: Party, clock: StandingClock) -> None:
    first = webex.connect(ADA)["refresh_token"]
    clock.sleep(89 * DAY)
    reply = webex.refresh(first).json()
    assert (reply["refresh_token"], reply["refresh_token_expires_in"]) == (first, 90 * DAY)
    clock.sleep(89 * DAY)
    assert webex.refresh(first).status_code == 200


def test_goto_says_nothing_of_the_refresh_token_which_ends_in_its_time(goto: Party, clock: StandingClock) -> None:
    token = goto.connect(ADA)["refresh_token"]
    clock.sleep(29 * DAY)
    assert "refresh_token" not in goto.refresh(token).json()
    clock.sleep(DAY)
    assert goto.refresh(token).status_code == 400


def test_goto_does_not_look_at_challenges(goto: Party) -> None:
    without: dict[str, Any] = {"code_challenge": None, "code_challenge_method": None}
    assert goto.exchange(goto.consent(ADA, **without)["code"], code_verifier=None).status_code == 200
    assert goto.exchange(goto.consent(ADA)["code"], code_verifier="another").status_code == 200


@pytest.mark.parametrize("vendor", ["zoom", "goto"])
def test_where_scopes_are_registered_none_need_be_asked_for(meet: Meet, vendor: str) -> None:
    asked = [meet(vendor).connect(ADA, scope=scope)["scope"] for scope in (None, "whatever")]
    assert [set(scopes.split()) for scopes in asked] == [SCOPES[vendor]] * 2


@pytest.mark.parametrize("vendor", ["webex", "entra"])
@pytest.mark.parametrize("scope", [None, "whatever"])
def test_elsewhere_only_known_scopes_can_be_asked_for(meet: Meet, vendor: str, scope: str | None) -> None:
    assert "error=invalid_scope" in meet(vendor).ask(scope=scope).headers["Location"]


def test_a_zoom_user_may_grant_a_part(zoom: Party) -> None:
    part = {"meeting:write:meeting", "user:read:user"}
    reply = zoom.exchange(zoom.consent(ADA, scopes=sorted(part))["code"]).json()
    grant = zoom.server.access(reply["access_token"])
    assert grant is not None
    assert (set(reply["scope"].split()), set(grant.scopes)) == (part, part)


def test_a_zoom_user_can_be_made_to_grant_a_part_whatever_is_pressed(zoom: Party) -> None:
    zoom.server.set_consent(ADA, withholds=["user:read:user"])
    assert set(zoom.connect(ADA)["scope"].split()) == SCOPES["zoom"] - {"user:read:user"}


@pytest.mark.parametrize("vendor", ["webex", "entra", "goto"])
def test_elsewhere_it_is_all_or_nothing(meet: Meet, vendor: str) -> None:
    with pytest.raises(ValueError, match="all or nothing"):
        meet(vendor).server.set_consent(ADA, withholds=["x"])


def test_entra_gives_a_refresh_token_for_offline_access_only_and_does_not_name_it(entra: Party) -> None:
    reply = entra.connect(ADA)
    assert set(reply["scope"].split()) == SCOPES["entra"] - {"offline_access"}
    assert "refresh_token" not in entra.connect(ADA, scope="OnlineMeetings.ReadWrite")


def test_entra_has_the_sessions_state_in_the_callback(entra: Party) -> None:
    assert set(entra.consent(ADA)) == {"code", "state", "session_state"}


@pytest.mark.parametrize(("tenant", "status"), [("common", 200), (ids.ENTRA_TENANT, 200), ("consumers", 400)])
def test_entra_serves_work_and_school_accounts(entra: Party, tenant: str, status: int) -> None:
    entra.authorize = entra.authorize.replace("organizations", tenant)
    assert entra.ask().status_code == status


@pytest.mark.parametrize("hints", [{"response_mode": "fragment"}, {"prompt": "none"}])
def test_entra_refuses_hints_that_it_does_not_know(entra: Party, hints: dict[str, str]) -> None:
    assert "error=invalid_request" in entra.ask(**hints).headers["Location"]
    good = {"response_mode": "query", "prompt": "select_account", "login_hint": ADA, "domain_hint": "example.com"}
    assert entra.ask(**good).status_code == 200


def test_entra_explains_errors_with_numbers(entra: Party) -> None:
    code = entra.consent(ADA)["code"]
    entra.exchange(code)
    status, body = error(entra.exchange(code))
    assert (status, body["error"], body["error_codes"]) == (400, "invalid_grant", [54005])
    assert body["error_description"].startswith("AADSTS54005: ")
    assert body["timestamp"] == "2026-03-02 09:00:00Z"
    assert set(body) == {
        *("error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id", "error_uri")
    }


def test_entra_names_a_wrong_secret(entra: Party) -> None:
    status, body = error(entra.post(secret="wrong", grant_type="refresh_token", refresh_token="x"))
    assert (status, body["error"], body["error_codes"]) == (401, "invalid_client", [7000215])


def test_webex_has_no_oauth_error_at_all(webex: Party) -> None:
    status, body = error(webex.refresh("unknown"))
    assert (status, set(body)) == (400, {"message", "errors", "trackingId"})
    assert body["errors"] == [{"description": body["message"]}]


def test_goto_has_errors_as_oauth_says(goto: Party) -> None:
    status, body = error(goto.refresh("unknown"))
    assert (status, body["error"], set(body)) == (400, "invalid_grant", {"error", "error_description"})


def test_zoom_says_so_when_the_redirect_uri_is_another(zoom: Party) -> None:
    code = zoom.consent(ADA)["code"]
    reply = zoom.exchange(code, redirect_uri=f"{FUNCTION}/oauth/callback/webex")
    assert error(reply) == (400, {"reason": "Redirect URI mismatch.", "error": "invalid_request"})


def test_zoom_revokes_what_either_token_came_of(zoom: Party) -> None:
    for name in ("access_token", "refresh_token"):
        tokens = zoom.connect(ADA)
        reply = zoom.post(url=f"{zoom.sim.url}/zoom/oauth/revoke", token=tokens[name])
        assert error(reply) == (200, {"status": "success"})
        assert zoom.server.access(tokens["access_token"]) is None
        assert zoom.refresh(tokens["refresh_token"]).status_code == 400


def test_nobody_revokes_the_tokens_of_another_client(zoom: Party) -> None:
    tokens = zoom.connect(ADA)
    account(zoom, "zoom-account").post(url=f"{zoom.sim.url}/zoom/oauth/revoke", token=tokens["access_token"])
    assert zoom.server.access(tokens["access_token"]) is not None
