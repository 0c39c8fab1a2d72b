"""Janus VideoRoom, against the real one: permanent rooms, sessions that are ended, secrets that need not be kept."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from conference.errors import CredentialsRefused, InvalidSetting, OutcomeUnknown, Temporary
from conference.event import PLACEHOLDER_TITLE
from conference.http import HttpCall
from conference.providers import janus as provider
from conference.providers import read_options
from conference.providers.base import Changes, Known
from tests.conference.providers.conftest import MakeCall
from tests.contracts.providers import janus as janus_server
from tests.contracts.providers.conftest import new_attempt
from tests.contracts.providers.events import EVENT
from tests.contracts.providers.harnesses.janus import Console
from tests.contracts.providers.janus import ADMIN_KEY, API_SECRET, Janus
from tests.contracts.providers.wire import Answer, Asked, Wire, says, stays_silent

JOIN = "https://meet.example.org/room/{room}"


@pytest.fixture
def server(janus: Janus, wire: Wire) -> Wire:
    """The real Janus behind a wire."""
    wire.system = lambda asked: Answer(*janus.post(asked.target, asked.body), {"Content-Type": "application/json"})
    return wire


def options(wire: Wire, **more: Any) -> dict[str, Any]:
    table = {"url": f"{wire.url}/janus", "join_url": JOIN, "room_secret": "r", "api_secret": API_SECRET}
    return {**table, "admin_key": ADMIN_KEY, **more}


def requests(wire: Wire) -> list[str]:
    """The words of Janus's protocol, in their order."""
    return [message["body"]["request"] if "body" in message else message["janus"] for message in messages(wire)]


def messages(wire: Wire) -> list[Any]:
    return [asked.json() for asked in wire.asked]


def is_message(asked: Asked) -> bool:
    return b'"message"' in asked.body


def test_a_room_takes_four_requests_and_its_session_is_ended(server: Wire, make_call: MakeCall) -> None:
    attempt = new_attempt()
    conference = provider.create(EVENT, attempt, make_call("janus", options(server)))

    assert requests(server) == ["create", "attach", "create", "destroy"]
    session = server.asked[1].path
    assert server.asked[3].path == session
    assert conference.id == attempt
    assert [point.uri for point in conference.entry_points] == [f"https://meet.example.org/room/{attempt}"]


def test_a_room_is_permanent_private_and_named(server: Wire, janus: Janus, make_call: MakeCall) -> None:
    attempt = new_attempt()
    provider.create(EVENT, attempt, make_call("janus", options(server, publishers=7, pin=True)))

    room = listed(janus)[attempt]
    assert (room["description"], room["max_publishers"]) == (EVENT.summary, 7)
    assert (room["is_private"], room["pin_required"]) == (True, True)
    assert messages(server)[2]["body"]["permanent"] is True


def listed(janus: Janus) -> dict[str, Any]:
    return {room["room"]: room for room in Console(janus).ask(request="list", admin_key=ADMIN_KEY)["list"]}


@pytest.mark.parametrize("answer", [Answer(502), Answer.json(200, {"janus": "error", "error": {"code": 490}})])
def test_the_session_is_ended_after_a_failure_too(answer: Answer, server: Wire, make_call: MakeCall) -> None:
    server.spoil(says(answer), is_message)
    call = make_call("janus", options(server))

    with pytest.raises(Temporary):
        provider.create(EVENT, new_attempt(), call)
    assert requests(server)[-1] == "destroy"
    assert not call.notes


def test_a_session_that_cannot_be_ended_is_noted_and_no_failure(server: Wire, make_call: MakeCall) -> None:
    server.spoil(says(Answer(500)), lambda asked: b'"destroy"' in asked.body)
    call = make_call("janus", options(server))
    provider.create(EVENT, new_attempt(), call)

    assert call.notes == ["janus-session-left"]


def test_the_farewell_does_not_outlive_the_deadline(server: Wire, make_call: MakeCall) -> None:
    server.spoil(stays_silent, is_message)
    call = make_call("janus", options(server), 0.3)

    with pytest.raises(OutcomeUnknown):
        provider.create(EVENT, new_attempt(), call)
    assert call.notes == ["janus-session-left"]


def test_a_room_that_janus_could_not_save_is_noted(server: Wire, make_call: MakeCall) -> None:
    made = {"janus": "success", "plugindata": {"data": {"videoroom": "created", "permanent": False}}}
    server.spoil(says(Answer.json(200, made)), is_message)
    call = make_call("janus", options(server))
    provider.create(EVENT, new_attempt(), call)

    assert call.notes == ["janus-room-not-permanent"]


def test_pin_and_secret_are_derived_and_differ_by_room_and_key(server: Wire, make_call: MakeCall) -> None:
    def sent(attempt: str, key: str) -> tuple[str, str]:
        call = make_call("janus", options(server, pin=True, room_secret=key))
        passcode = provider.create(EVENT, attempt, call).entry_points[0].passcode
        body = messages(server)[-2]["body"]
        assert body["pin"] == passcode
        return body["pin"], body["secret"]

    first, second = new_attempt(), new_attempt()
    given = [sent(first, "one"), sent(first, "one"), sent(first, "two"), sent(second, "one")]

    assert given[0] == given[1]
    assert len(set(given)) == 3
    assert all(len(pin) == 8 and pin.isdecimal() and len(secret) == 32 for pin, secret in given)
    assert not any(pin in secret for pin, secret in given)


def test_a_room_answers_only_to_its_own_secret(server: Wire, make_call: MakeCall) -> None:
    attempt = new_attempt()
    provider.create(EVENT, attempt, make_call("janus", options(server)))
    stranger = make_call("janus", options(server, room_secret="another"))

    with pytest.raises(CredentialsRefused):
        provider.delete(Known(attempt, attempt), stranger)
    with pytest.raises(CredentialsRefused):
        provider.update(Known(attempt, attempt), Changes(EVENT, frozenset({"summary"})), stranger)


def test_an_untitled_event_takes_the_old_title_away(server: Wire, janus: Janus, make_call: MakeCall) -> None:
    attempt = new_attempt()
    provider.create(EVENT, attempt, make_call("janus", options(server)))
    changes = Changes(replace(EVENT, summary=""), frozenset({"summary"}))
    provider.update(Known(attempt, attempt), changes, make_call("janus", options(server)))

    assert listed(janus)[attempt]["description"] == PLACEHOLDER_TITLE


def test_a_title_cannot_write_into_the_configuration_of_janus(server: Wire, janus: Janus, make_call: MakeCall) -> None:
    attempt = new_attempt()
    odd = '"; admin_key = "mine"; x = "\n};\ngeneral: { admin_key = "mine" }'
    provider.create(replace(EVENT, summary=odd), attempt, make_call("janus", options(server)))

    assert listed(janus)[attempt]["description"] == odd


@pytest.fixture(scope="module")
def numeric(janus: Janus, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Janus]:
    """Another Janus, with numbers for rooms, as Debian's is without further configuration."""
    with janus_server.shared(Path(tmp_path_factory.mktemp("numeric")), string_ids=False) as running:
        yield running


def test_rooms_with_numbers_have_one_of_53_bits(numeric: Janus, wire: Wire, make_call: MakeCall) -> None:
    wire.system = lambda asked: Answer(*numeric.post(asked.target, asked.body))
    attempt = new_attempt()

    def call() -> HttpCall:
        return make_call("janus", options(wire, string_ids=False))

    conference = provider.create(EVENT, attempt, call())
    assert provider.create(EVENT, attempt, call()) == conference
    assert provider.find(attempt, call()) == conference
    assert 0 < int(conference.id) < 1 << 53
    assert conference.entry_points[0].uri == JOIN.replace("{room}", conference.id)
    known = Known(conference.id, attempt)
    provider.update(known, Changes(EVENT, frozenset({"summary"})), call())
    provider.delete(known, call())
    assert provider.find(attempt, call()) is None


def test_every_request_carries_the_api_secret_in_its_body(server: Wire, make_call: MakeCall) -> None:
    provider.create(EVENT, new_attempt(), make_call("janus", options(server)))

    assert {json.loads(asked.body)["apisecret"] for asked in server.asked} == {API_SECRET}
    assert not [asked for asked in server.asked if API_SECRET in asked.target or ADMIN_KEY in asked.target]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "janus.example.org"}, "url"),
        ({"url": "https://janus.example.org/janus?a"}, "url"),
        ({"join_url": "https://meet.example.org/"}, "join_url"),
        ({"join_url": "javascript:{room}"}, "join_url"),
        ({"join_url": "https://{room}@evil.example/"}, "join_url"),
        ({"room_secret": ""}, "room_secret"),
        ({"publishers": 0}, "publishers"),
        ({"publishers": "many"}, "publishers"),
    ],
)
def test_options_that_make_no_sense_are_refused(change: dict[str, Any], field: str) -> None:
    table = {"url": "https://janus.example.org/janus", "join_url": JOIN, "room_secret": "r"}

    with pytest.raises(InvalidSetting) as refused:
        read_options("janus", table | change, "[solutions.j]")
    assert refused.value.reason == f"[solutions.j] {field}"
