"""One account makes the conferences of a whole company: nobody connects, and whoever asks is the host."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator import ids
from tests.browsing import ENVIRONMENT, VENDORS, create
from tests.served import Function, serving
from tests.world import ADA, BOB, LOGO

TOKEN_ENDPOINTS = {
    "zoom": "/zoom/oauth/token",
    "webex": "/webex/v1/access_token",
    "teams": f"/entra/{ids.ENTRA_TENANT}/oauth2/v2.0/token",
}
EACH = pytest.mark.parametrize("vendor", sorted(TOKEN_ENDPOINTS))


def accounts() -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """The solutions, each with an account's own client, and the environment; no sign-in is configured."""
    clients = {"zoom": "zoom-account", "webex": "webex-account", "teams": "entra"}
    own: dict[str, dict[str, Any]] = {
        "zoom": {"account_id": ids.ZOOM_ACCOUNT},
        "webex": {"service_app_refresh_token": "secret:webex-refresh"},
        "teams": {"app_only": True, "tenant": ids.ENTRA_TENANT},
    }
    environment = {name: value for name, value in ENVIRONMENT.items() if name != "ANYROOM_SIGNIN"}
    solutions = {}
    for name, client in clients.items():
        client_id, environment[f"{name.upper()}_CLIENT"] = ids.OAUTH_CLIENTS[client]
        known = {"name": name.title(), "logo": LOGO, "client_id": client_id, "client_secret": f"secret:{name}-client"}
        solutions[name] = {**known, **VENDORS[name], **own[name]}
    return solutions, environment


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    solutions, environment = accounts()
    with serving(tmp_path, monkeypatch, solutions, environment) as function:
        webex = function.simulator.authorization["webex"]
        granted = webex.authorize_account(ids.OAUTH_CLIENTS["webex-account"][0])
        monkeypatch.setenv("WEBEX_REFRESH", granted["refresh_token"])
        yield function


def tokens(function: Function, vendor: str) -> int:
    """How often a token was asked for."""
    return len(function.simulator.requests.under(TOKEN_ENDPOINTS[vendor]))


@EACH
def test_nobody_connects_and_who_asks_is_the_host(function: Function, vendor: str) -> None:
    for user in (ADA, BOB):
        data = create(function, vendor, user)
        assert "error" not in data, function.log()
        assert data["entryPoints"][0]["entryPointType"] == "VIDEO"
    systems = function.simulator.systems
    hosts = {
        "zoom": {meeting.host for meeting in systems.zoom.meetings.values()},
        "webex": {meeting.host for meeting in systems.webex._meetings.values()},
        "teams": {meeting.organizer for meeting in systems.teams._meetings.values()},
    }
    assert hosts[vendor] == {ADA, BOB}


@EACH
def test_one_token_serves_everybody_and_another_one_is_asked_for_when_it_is_refused(
    function: Function, vendor: str
) -> None:
    for user in (ADA, BOB, ADA):
        assert "error" not in create(function, vendor, user)
    assert tokens(function, vendor) == 1
    issued = function.simulator.authorization["entra" if vendor == "teams" else vendor]._tokens._tokens
    for token in issued.values():
        if not token.refreshes:
            token.expires = function.simulator.clock.now()
    assert "error" not in create(function, vendor, BOB)
    assert tokens(function, vendor) == 2


@EACH
def test_another_instance_uses_the_same_token(function: Function, vendor: str) -> None:
    assert "error" not in create(function, vendor)
    main = sys.modules["main"]
    main._Joined.service.close()
    main._Joined.service = None
    assert "error" not in create(function, vendor, BOB)
    assert tokens(function, vendor) == 1


def test_somebody_whom_the_account_does_not_have_may_not_use_it(function: Function) -> None:
    stranger = "stranger@example.com"
    function.simulator.add_user(stranger)
    zoom = function.simulator.systems.zoom
    zoom.users = {ADA, BOB}
    assert create(function, "zoom", stranger) == {"error": {"conferenceErrorType": "CONFERENCE_SOLUTION_FORBIDDEN"}}
    assert not zoom.meetings
