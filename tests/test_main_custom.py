"""Systems without code, over the real function: one in anyroom.toml, and one that is asked for whoever asks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browsing import create
from tests.contracts.providers import acme, la_suite
from tests.contracts.providers.wire import Answer, Wire
from tests.served import Function, serving
from tests.world import ADA, BOB, LOGO

KNOWN = {"name": "Rooms", "logo": LOGO}


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire(lambda asked: Answer(500)).running() as running:
        yield running


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wire: Wire) -> Iterator[Function]:
    suite = {"client_id": "secret:suite-client", "client_secret": "secret:suite-secret", "url": wire.url}
    solutions = {
        "acme": {"provider": "custom", **KNOWN, **acme.table(wire.url)},
        "suite": {"provider": "la_suite_meet", **KNOWN, **suite},
    }
    secrets = {"ACME_KEY": acme.KEY, "SUITE_CLIENT": la_suite.CLIENT, "SUITE_SECRET": la_suite.SECRET}
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
