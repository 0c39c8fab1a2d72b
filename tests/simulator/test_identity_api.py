"""Certificates and tokens over HTTP."""

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from simulator.server import Simulator

ADA = "ada@example.com"


def test_certificates_are_public_and_say_how_long_they_hold(sim: Simulator, caller: Any) -> None:
    sim.identity.max_age = 7
    reply = caller()("GET", f"{sim.url}/oauth2/v3/certs")
    assert reply.json() == sim.identity.jwks()
    assert reply.headers["Cache-Control"].startswith("public, max-age=7,")


def test_a_shell_gets_a_script_token_for_twelve_hours(sim: Simulator, caller: Any) -> None:
    token = caller()("GET", f"{sim.url}/token?email={ADA}").text
    published: Any = sim.identity.jwks()
    claims = jwt.decode(token, KeySet.import_key_set(published), algorithms=["RS256"]).claims
    assert (claims["email"], claims["exp"] - claims["iat"]) == (ADA, 12 * 3600)


def test_a_shell_gets_the_body_that_the_script_would_post(sim: Simulator, caller: Any) -> None:
    event = sim.calendar.add_event(ADA, start={"date": "2026-03-10"}, end={"date": "2026-03-11"})
    body = caller()("GET", f"{sim.url}/request?email={ADA}").json()
    assert (body["calendarId"], body["eventId"]) == (ADA, event)
    program = caller()
    program.token = body["oauthToken"]
    assert program("GET", f"primary/events/{event}").status_code == 200


def test_an_access_token_is_good_for_the_calendar(sim: Simulator, caller: Any) -> None:
    program = caller()
    program.token = program("GET", f"{sim.url}/access-token?email={ADA}").text
    assert program("GET", "primary/events").status_code == 200


@pytest.mark.parametrize("path", ["/token", "/token?email=ada", "/access-token", "/request?email="])
def test_an_address_is_needed(sim: Simulator, caller: Any, path: str) -> None:
    assert caller()("GET", sim.url + path).status_code == 400


def test_there_is_no_request_without_an_event(sim: Simulator, caller: Any) -> None:
    assert caller()("GET", f"{sim.url}/request?email={ADA}").status_code == 404


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_another_sites_page_gets_no_token(sim: Simulator, caller: Any, headers: dict[str, str]) -> None:
    assert caller()("GET", f"{sim.url}/token?email={ADA}", headers).status_code == 403
