"""The consent page shows who and what, takes its own form alone, and trouble on the way can be scripted."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
import requests

from simulator import faults
from simulator.oauth_clients import Client
from simulator.server import Simulator
from tests import simulating
from tests.simulator.oauth import FUNCTION, PATHS, SCOPES, Party

ADA = "ada@example.com"
Meet = Callable[[str], Party]


@pytest.fixture
def zoom(meet: Meet) -> Party:
    return meet("zoom")


def send(party: Party, form: dict[str, Any], **more: Any) -> requests.Response:
    return party.session.post(
        party.authorize, params=party.query(), data=form, allow_redirects=False, timeout=10, **more
    )


@pytest.mark.parametrize("vendor", sorted(PATHS))
def test_the_page_shows_every_scope_and_every_user(meet: Meet, sim: Simulator, vendor: str) -> None:
    sim.add_user("bob@example.com")
    party = meet(vendor)
    party.server.set_consent("eve@elsewhere.example")
    page = party.ask().text
    assert [scope for scope in SCOPES[vendor] if f"<code>{scope}</code>" not in page] == []
    assert [user for user in (ADA, "bob@example.com", "eve@elsewhere.example") if f">{user}<" not in page] == []


def test_the_user_who_is_expected_is_chosen(meet: Meet, sim: Simulator) -> None:
    sim.add_user("bob@example.com")
    assert "<option selected>bob@example.com</option>" in meet("webex").ask(login_hint="Bob@example.com").text


def test_the_page_may_lead_back_to_the_client_and_nowhere_else(zoom: Party) -> None:
    policy = zoom.ask().headers["Content-Security-Policy"].split("; ")
    assert f"form-action 'self' {FUNCTION}" in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize(
    "form",
    [
        {"user": ADA},
        {"user": ADA, "decision": "perhaps"},
        {"user": ADA, "decision": "allow", "scope": "user:read:user", "code": "x"},
        {"user": [ADA, ADA], "decision": "allow", "scope": "user:read:user"},
        {"user": "nobody@example.com", "decision": "allow", "scope": "user:read:user"},
        {"decision": "allow", "scope": "user:read:user"},
    ],
)
def test_another_form_is_refused(zoom: Party, form: dict[str, Any]) -> None:
    reply = send(zoom, form)
    assert (reply.status_code, "Location" in reply.headers) == (400, False)


def test_another_sites_form_is_refused(zoom: Party) -> None:
    form = {"user": ADA, "decision": "allow", "scope": "user:read:user"}
    assert send(zoom, form, headers={"Origin": "https://evil.example"}).status_code == 403
    assert send(zoom, form, headers={"Origin": zoom.sim.url}).status_code == 303


def test_an_error_page_says_what_is_wrong(zoom: Party) -> None:
    reply = zoom.ask(redirect_uri="https://evil.example/")
    assert ('role="alert"' in reply.text, "Redirect URI mismatch. (4709)" in reply.text) == (True, True)


def test_a_redirect_uri_keeps_its_own_query(zoom: Party) -> None:
    zoom.redirect_uri = f"{FUNCTION}/callback?solution=zoom"
    zoom.server.register(Client(zoom.client_id, zoom.secret, SCOPES["zoom"], frozenset({zoom.redirect_uri})))
    reply = send(zoom, {"user": ADA, "decision": "deny"})
    assert reply.headers["Location"].startswith(f"{FUNCTION}/callback?solution=zoom&error=access_denied&")


@pytest.mark.parametrize("vendor", sorted(PATHS))
def test_the_token_endpoint_is_posted_to(meet: Meet, vendor: str) -> None:
    assert requests.get(meet(vendor).token, timeout=10).status_code == 405


@pytest.mark.parametrize("vendor", ["webex", "entra", "goto"])
def test_where_nothing_can_be_revoked_there_is_no_such_place(meet: Meet, vendor: str) -> None:
    party = meet(vendor)
    assert party.post(url=party.token.rpartition("/")[0] + "/revoke", token="x").status_code == 404


def test_a_refresh_whose_reply_is_lost_has_rotated_the_token(zoom: Party, sim: Simulator) -> None:
    tokens = zoom.connect(ADA)
    sim.faults.add(faults.reset(acted=True), "/zoom/oauth/token")
    with pytest.raises(requests.ConnectionError):
        zoom.refresh(tokens["refresh_token"])
    assert zoom.refresh(tokens["refresh_token"]).status_code == 400
    assert zoom.server.access(tokens["access_token"]) is None


def test_a_refresh_that_never_arrived_has_not(zoom: Party, sim: Simulator) -> None:
    tokens = zoom.connect(ADA)
    sim.faults.add(faults.reset(), "/zoom/oauth/token")
    with pytest.raises(requests.ConnectionError):
        zoom.refresh(tokens["refresh_token"])
    assert zoom.refresh(tokens["refresh_token"]).status_code == 200


def test_without_a_function_nobody_is_registered(sim: Simulator) -> None:
    with closing(Party(sim, "zoom")) as party:
        assert party.ask().status_code == 400


def test_a_function_is_registered_from_the_start() -> None:
    with simulating.simulator(function=f"{FUNCTION}/") as simulator:
        simulator.add_user(ADA)
        for vendor in PATHS:
            with closing(Party(simulator, vendor)) as party:
                assert party.ask().status_code == 200
