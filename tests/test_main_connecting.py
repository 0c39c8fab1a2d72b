"""Users connect their accounts: from Calendar's sign-in link through Google and the vendor to a conference."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browsing import Browser, vendors
from tests.served import PUBLIC_URL, Function, serving
from tests.world import ADA

EACH = pytest.mark.parametrize("vendor", ["zoom", "webex", "teams", "goto"])


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    solutions, environment = vendors()
    with serving(tmp_path, monkeypatch, solutions, environment) as function:
        yield function


def create(function: Function, vendor: str, user: str = ADA, event: str = "") -> Any:
    """A user chooses the solution for a saved event: the ConferenceData."""
    calendar = function.simulator.calendar
    times: dict[str, Any] = {"start": {"dateTime": "2099-03-01T09:00:00Z"}, "end": {"dateTime": "2099-03-01T10:00:00Z"}}
    event = event or calendar.add_event(user, summary="Plan", **times)
    body = {"calendarId": user, "eventId": event, "oauthToken": function.simulator.access_token(user)}
    token = function.simulator.identity.script_token(user)
    response = function.post(f"/conferences?solution={vendor}", body, token)
    assert response.status_code == 200, response.text
    return json.loads(response.data)["conferenceData"]


def link(function: Function, vendor: str, user: str = ADA) -> str:
    """Where Calendar sends a user who has not connected."""
    error = create(function, vendor, user)["error"]
    assert error["conferenceErrorType"] == "AUTHENTICATION", error
    return str(error["authenticationUrl"])


@EACH
def test_f21_who_has_not_connected_is_sent_to_do_so_and_then_has_the_conference(
    function: Function, vendor: str
) -> None:
    url = link(function, vendor)
    assert url.startswith(f"{PUBLIC_URL}/connect/{vendor}?")
    assert len(url) <= 1300
    page = Browser(function).connect(vendor, url)
    assert page.status_code == 200, page.text
    assert "is connected" in page.text
    data = create(function, vendor)
    assert "error" not in data, function.log()
    assert data["entryPoints"][0]["entryPointType"] == "VIDEO"
