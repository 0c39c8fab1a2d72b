"""Jitsi Meet: the link is the room; telephones come where the deployment has them, and never cost the room."""

from typing import Any

import pytest

from conference.errors import InvalidSetting
from conference.providers import jitsi, read_options
from conference.providers.base import Conference
from tests.conference.providers.conftest import MakeCall
from tests.contracts.providers.events import EVENT
from tests.contracts.providers.wire import Answer, Asked, Wire, says, stays_silent

ATTEMPT = "abcdefghijklmnopqrstuvwx23"
ROOM = f"{ATTEMPT}@conference.meet.example.org"
CODE = Answer.json(200, {"message": "ok", "id": 1234567, "conference": ROOM})


def deployment(wire: Wire, numbers: Answer, code: Answer = CODE) -> dict[str, Any]:
    wire.system = lambda asked: numbers if asked.path == "/numbers" else code
    return {
        "base_url": "https://meet.example.org",
        "dial_in_numbers_url": f"{wire.url}/numbers",
        "dial_in_code_url": f"{wire.url}/code",
    }


def phones(conference: Conference) -> list[Any]:
    return [point for point in conference.entry_points if point.type == "PHONE"]


@pytest.mark.parametrize(
    ("table", "link"),
    [
        ({}, f"https://meet.jit.si/{ATTEMPT}"),
        ({"base_url": "https://meet.example.org/"}, f"https://meet.example.org/{ATTEMPT}"),
        ({"base_url": "http://localhost:8000"}, f"http://localhost:8000/{ATTEMPT}"),
        ({"tenant": "acme", "room_prefix": "team-"}, f"https://meet.jit.si/acme/team-{ATTEMPT}"),
    ],
)
def test_the_link_is_the_room(table: dict[str, Any], link: str, make_call: MakeCall) -> None:
    conference = jitsi.create(EVENT, ATTEMPT, make_call("jitsi", table))

    assert [(point.type, point.uri) for point in conference.entry_points] == [("VIDEO", link)]
    assert conference.id == link.rpartition("/")[2]


def test_nothing_is_asked_without_dial_in(wire: Wire, make_call: MakeCall) -> None:
    call = make_call("jitsi", {"base_url": wire.url})
    jitsi.create(EVENT, ATTEMPT, call)

    assert not wire.asked
    assert jitsi.PROVIDER.hosts(call.options) == ()


def test_each_number_is_a_telephone_and_the_default_one_is_first(wire: Wire, make_call: MakeCall) -> None:
    numbers = [
        {"countryCode": "FR", "tollFree": True, "formattedNumber": "+33 1 23 45 67 89"},
        {"countryCode": "US", "tollFree": False, "formattedNumber": "+1 202-555-0123", "default": True},
        {"countryCode": "XX", "formattedNumber": "+44 20 7946 0000"},
    ]
    table = deployment(wire, Answer.json(200, numbers))

    conference = jitsi.create(EVENT, ATTEMPT, make_call("jitsi", table))

    assert [(point.uri, point.pin, point.region_code, point.features) for point in phones(conference)] == [
        ("tel:+12025550123,,,1234567%23", "1234567", "US", ("TOLL",)),
        ("tel:+33123456789,,,1234567%23", "1234567", "FR", ("TOLL_FREE",)),
        ("tel:+442079460000,,,1234567%23", "1234567", "", ()),
    ]
    assert phones(conference)[0].label == "+1 202-555-0123"


def test_the_older_form_of_the_numbers_is_read_too(wire: Wire, make_call: MakeCall) -> None:
    numbers = {"message": "x", "numbers": {"US": ["+1.202.555.0123"], "DE": ["+49.30.901820"]}, "numbersEnabled": True}
    table = deployment(wire, Answer.json(200, numbers))

    conference = jitsi.create(EVENT, ATTEMPT, make_call("jitsi", table))

    assert [(point.uri[:17], point.region_code) for point in phones(conference)] == [
        ("tel:+12025550123,", "US"),
        ("tel:+4930901820,,", "DE"),
    ]


def test_numbers_that_are_switched_off_are_no_telephones(wire: Wire, make_call: MakeCall) -> None:
    table = deployment(wire, Answer.json(200, {"numbers": {"US": ["+1.202.555.0123"]}, "numbersEnabled": False}))

    assert not phones(jitsi.create(EVENT, ATTEMPT, make_call("jitsi", table)))


def test_of_many_numbers_the_first_few_are_given(wire: Wire, make_call: MakeCall) -> None:
    numbers = [{"countryCode": "US", "formattedNumber": f"+1 202-555-01{place:02}"} for place in range(40)]
    table = deployment(wire, Answer.json(200, numbers))

    assert len(phones(jitsi.create(EVENT, ATTEMPT, make_call("jitsi", table)))) == jitsi.MOST_NUMBERS


@pytest.mark.parametrize(
    ("more", "room", "link"),
    [
        ({}, ROOM, f"https://meet.example.org/{ATTEMPT}"),
        ({"tenant": "acme"}, f"{ATTEMPT}@conference.acme.meet.example.org", f"https://meet.example.org/acme/{ATTEMPT}"),
        ({"muc_domain": "muc.{host}"}, f"{ATTEMPT}@muc.meet.example.org", f"https://meet.example.org/{ATTEMPT}"),
    ],
)
def test_the_endpoints_are_asked_for_the_room(
    more: dict[str, str], room: str, link: str, wire: Wire, make_call: MakeCall
) -> None:
    table = deployment(wire, Answer.json(200, [])) | more
    table["dial_in_numbers_url"] += "?lang=en"
    jitsi.create(EVENT, ATTEMPT, make_call("jitsi", table))

    asked = {one.path: one.query for one in wire.asked}
    assert asked == {"/numbers": {"lang": "en", "conference": room}, "/code": {"conference": room, "url": link}}


@pytest.mark.parametrize("path", ["/numbers", "/code"])
@pytest.mark.parametrize(
    "answer", [Answer(500), Answer(200, b"<html>"), Answer.json(200, {"id": 0, "conference": False})]
)
def test_a_failure_of_dial_in_does_not_cost_the_room(
    path: str, answer: Answer, wire: Wire, make_call: MakeCall
) -> None:
    table = deployment(wire, Answer.json(200, [{"formattedNumber": "+1 202-555-0123"}]))
    wire.spoil(says(answer), lambda asked: asked.path == path)
    call = make_call("jitsi", table)

    conference = jitsi.create(EVENT, ATTEMPT, call)

    assert [point.type for point in conference.entry_points] == ["VIDEO"]
    assert len(call.notes) == 1
    assert call.notes[0].startswith("jitsi-dial-in-")


def test_a_slow_dial_in_is_not_waited_for(wire: Wire, make_call: MakeCall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jitsi, "DIAL_IN_SECONDS", 0.2)
    table = deployment(wire, Answer.json(200, []))
    wire.spoil(stays_silent, lambda asked: asked.path == "/code")
    call = make_call("jitsi", table)

    assert len(jitsi.create(EVENT, ATTEMPT, call).entry_points) == 1
    assert call.notes == ["jitsi-dial-in-timeout"]


def test_an_odd_number_costs_only_itself(wire: Wire, make_call: MakeCall) -> None:
    numbers = [{"formattedNumber": "call reception"}, {"formattedNumber": "+1 202-555-0123"}]
    call = make_call("jitsi", deployment(wire, Answer.json(200, numbers)))

    assert len(phones(jitsi.create(EVENT, ATTEMPT, call))) == 1
    assert call.notes == ["jitsi-dial-in-odd-number"]


def test_both_endpoints_are_asked_at_once(wire: Wire, make_call: MakeCall) -> None:
    import threading

    both = threading.Barrier(2, timeout=5)
    table = deployment(wire, Answer.json(200, [{"formattedNumber": "+1 202-555-0123"}]))
    honest = wire.system

    def system(asked: Asked) -> Answer:
        both.wait()
        return honest(asked)

    wire.system = system
    assert len(phones(jitsi.create(EVENT, ATTEMPT, make_call("jitsi", table)))) == 1


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ({"base_url": "meet.example.org"}, "base_url"),
        ({"base_url": "javascript:alert(1)"}, "base_url"),
        ({"base_url": "https://meet.example.org/tenant"}, "base_url"),
        ({"base_url": "https://user@meet.example.org"}, "base_url"),
        ({"base_url": "https://meet.example.org/?a"}, "base_url"),
        ({"tenant": "a/b"}, "tenant"),
        ({"tenant": "Acme"}, "tenant"),
        ({"room_prefix": "Team "}, "room_prefix"),
        ({"room_prefix": "a" * 65}, "room_prefix"),
        ({"dial_in_numbers_url": "https://a.example/"}, "dial_in_code_url"),
        ({"dial_in_code_url": "https://a.example/"}, "dial_in_numbers_url"),
        ({"dial_in_code_url": "x", "dial_in_numbers_url": "https://a.example/"}, "dial_in_code_url"),
        ({"muc_domain": "a b"}, "muc_domain"),
    ],
)
def test_options_that_make_no_sense_are_refused(table: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        read_options("jitsi", table, "[solutions.j]")
    assert refused.value.reason == f"[solutions.j] {field}"
