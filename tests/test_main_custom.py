"""Systems without code, over the real function: one in anyroom.toml, and one that is asked for whoever asks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator import ids
from tests.browsing import ENVIRONMENT, Browser, create, link
from tests.contracts.providers import acme, la_suite
from tests.contracts.providers.wire import Answer, Wire
from tests.served import Function, serving
from tests.world import ADA, BOB, LOGO

KNOWN = {"name": "Rooms", "logo": LOGO}
API = "{simulator}/webex/v1"
CONNECTED: dict[str, Any] = {
    "client_secret": "secret:webex-client",
    "idempotency": "none",
    "authentication": {
        "type": "oauth2",
        "authorize": f"{API}/authorize",
        "token": f"{API}/access_token",
        "scopes": ["meeting:schedules_read meeting:schedules_write", "spark:people_read"],
    },
    "account": {"requests": [{"method": "GET", "url": f"{API}/people/me"}], "id": "id", "address": "emails[0]"},
    "create": [
        {
            "method": "POST",
            "url": f"{API}/meetings",
            "json": {"title": "{summary}", "start": "{start|offset}", "end": "{end|offset}", "timezone": "{zone}"},
        }
    ],
    "reply": {"id": "id", "video": {"url": "webLink", "password": "password"}},
}
"""Webex, as if nobody had written an adapter for it."""


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire(lambda asked: Answer(500)).running() as running:
        yield running


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wire: Wire) -> Iterator[Function]:
    suite = {"client_id": "secret:suite-client", "client_secret": "secret:suite-secret", "url": wire.url}
    solutions: dict[str, dict[str, Any]] = {
        "acme": {"provider": "custom", **KNOWN, **acme.table(wire.url)},
        "suite": {"provider": "la_suite_meet", **KNOWN, **suite},
    }
    client, secret = ids.OAUTH_CLIENTS["webex"]
    solutions["webex"] = {"provider": "custom", **KNOWN, **CONNECTED, "client_id": client}
    secrets = {"ACME_KEY": acme.KEY, "SUITE_CLIENT": la_suite.CLIENT, "SUITE_SECRET": la_suite.SECRET}
    secrets |= {**ENVIRONMENT, "WEBEX_CLIENT": secret}
    with serving(tmp_path, monkeypatch, solutions, secrets) as function:
        yield function


def test_a_system_of_anyroom_toml_makes_a_conference(function: Function, wire: Wire) -> None:
    system = acme.Acme()
    wire.system = system.system

    data = create(function, "acme")

    [room] = system.rooms
    assert data["conferenceId"] == room
    assert [(point["entryPointType"], point["uri"]) for point in data["entryPoints"]] == [
        ("VIDEO", f"https://acme.example/{room}"),
        ("PHONE", "tel:+41441234567,,,4711%23"),
        ("SIP", f"sip:{room}@sip.acme.example"),
        ("MORE", f"https://acme.example/help#{room}"),
    ]
    assert system.rooms[room].title == "Plan"
    assert acme.KEY not in function.log()


def test_a_refusal_is_told_as_the_tables_say(function: Function, wire: Wire) -> None:
    wire.system = lambda asked: acme.refusal(409, "no-such-host")
    assert create(function, "acme") == {"error": {"conferenceErrorType": "CONFERENCE_SOLUTION_FORBIDDEN"}}


def test_a_room_is_made_for_whoever_asks(function: Function, wire: Wire) -> None:
    suite = la_suite.LaSuite(ADA, BOB)
    wire.system = suite.system

    for user in (ADA, BOB):
        assert "error" not in create(function, "suite", user), function.log()

    assert suite.hosts == [ADA, BOB]
    assert len(suite.rooms) == 2


def test_somebody_whom_the_system_does_not_have_may_not_use_it(function: Function, wire: Wire) -> None:
    suite = la_suite.LaSuite(BOB)
    wire.system = suite.system
    assert create(function, "suite") == {"error": {"conferenceErrorType": "CONFERENCE_SOLUTION_FORBIDDEN"}}
    assert not suite.rooms


def test_users_connect_a_system_of_anyroom_toml(function: Function) -> None:
    page = Browser(function).connect("webex", link(function, "webex"))
    assert "is connected" in page.text

    data = create(function, "webex")

    [meeting] = function.simulator.systems.webex._meetings.values()
    assert (meeting.host, meeting.id, meeting.fields["title"]) == (ADA, data["conferenceId"], "Plan")
