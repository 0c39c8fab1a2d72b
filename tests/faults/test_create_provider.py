"""Trouble at the conferencing system: what may be tried again is, what must not be shown is not, no room is lost."""

import logging
from dataclasses import replace

import pytest

from conference.data import EntryPoint
from conference.providers.base import Conference
from simulator import faults
from tests.thorough import takes_long
from tests.world import EACH_KIND, KEYED, NONE, ON_SQLITE, SEARCHABLE, Instance, Kind, World, error_type, uri

ROOMS = "/rooms-api/*"
VIDEO = EntryPoint("VIDEO", "https://rooms.example/1")
MORE = EntryPoint("MORE", "https://rooms.example/1/more")


@pytest.mark.parametrize("given", ["2", "Wed, 01 Jan 2020 00:00:00 GMT", "-5", "soon"])
def test_f07_retry_after_is_kept_within_the_deadline(world: World, instance: Instance, given: str) -> None:
    world.simulator.faults.add(faults.status(429, Retry_After=given), ROOMS)
    assert uri(world.ask(instance, world.event()))
    assert sum(world.clock.slept) >= (2 if given == "2" else 0)


@pytest.mark.parametrize("given", ["3600", "999999999999", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_f07_a_wait_that_does_not_fit_is_not_waited_for(world: World, instance: Instance, given: str) -> None:
    world.simulator.faults.add(faults.status(429, Retry_After=given), ROOMS, times=None)
    assert error_type(world.ask(instance, world.event())) == "TEMPORARY"
    assert len(instance.outside.posts()) == 1


@pytest.mark.parametrize(("kind", "tries"), [(KEYED, 3), (NONE, 1)], ids=["keyed", "none"])
def test_f08_a_fault_is_tried_three_times_at_most_and_once_without_keys(
    world: World, instance: Instance, kind: Kind, tries: int
) -> None:
    world.become(kind)
    world.simulator.faults.add(faults.status(500), ROOMS, times=None)
    assert error_type(world.ask(instance, world.event())) == "TEMPORARY"
    assert len(instance.outside.posts()) == tries


def test_f09_a_refused_event_fails_with_its_reason_and_may_be_tried_again(world: World, instance: Instance) -> None:
    event = world.event()
    world.simulator.faults.add(faults.status(422, b'{"code": "invalid_field"}'), ROOMS)
    assert error_type(world.ask(instance, event)) == "PERMANENT"
    assert [(mapping["state"], mapping["reason"]) for mapping in world.documents("mapping")] == [
        ("failed", "demo-invalid_field")
    ]
    assert uri(world.ask(instance, event))


@ON_SQLITE
@pytest.mark.parametrize(
    ("kind", "slow"),
    [
        (KEYED, faults.latency(30)),
        pytest.param(SEARCHABLE, faults.latency(30), marks=takes_long),
        pytest.param(NONE, faults.latency(30), marks=takes_long),
        pytest.param(KEYED, faults.drip(0.1), marks=takes_long),
    ],
    ids=["keyed-silent", "searchable-silent", "none-silent", "keyed-dripping"],
)
def test_f10_an_answer_that_does_not_come_whole_is_cut_at_the_deadline_and_keeps_the_claim(
    world: World, instance: Instance, kind: Kind, slow: faults.Fault
) -> None:
    world.become(kind)
    before = world.event()
    assert uri(world.ask(instance, before))
    instance.outside.calls.clear()
    world.simulator.faults.add(slow, ROOMS, times=None)
    incoming = world.incoming(world.event())
    # Four of these seconds are kept for the record, and the system is not asked at all for less than two.
    incoming.deadline = incoming.deadline.within(8.0)
    started = world.clock.monotonic()
    assert error_type(instance.service.endpoint.create_conference(incoming)) == "TEMPORARY"
    assert world.clock.monotonic() - started < 7
    assert len(instance.outside.posts()) == 1
    [claimed] = [mapping for mapping in world.documents("mapping") if mapping["event"] != before]
    assert claimed["state"] == "claimed"


@pytest.mark.parametrize(
    "damage", [faults.malformed(), faults.truncated(), faults.empty()], ids=["html", "half", "empty"]
)
def test_f11_an_answer_that_cannot_be_read_is_asked_for_again(
    world: World, instance: Instance, damage: faults.Fault
) -> None:
    world.simulator.faults.add(damage, ROOMS)
    assert uri(world.ask(instance, world.event()))
    assert world.rooms() == 1


@ON_SQLITE
@EACH_KIND
@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://169.254.169.254/",
        "https://a:b@evil.example/",
        "https://x/" + "y" * 1300,
    ],
    ids=lambda address: address[:12],
)
def test_f12_a_hostile_join_address_is_never_shown(world: World, instance: Instance, kind: Kind, address: str) -> None:
    world.become(kind)
    body = f'{{"id": "r1", "join_url": "{address}"}}'.encode()
    world.simulator.faults.add(faults.status(201, body, acted=True), ROOMS, "POST")
    answer = world.ask(instance, world.event())
    assert (error_type(answer), answer.level) == ("TEMPORARY", logging.ERROR)
    assert address not in str(answer)


@EACH_KIND
def test_f12_the_room_behind_a_hostile_address_is_adopted_by_the_next_request_or_listed(
    world: World, instance: Instance, kind: Kind
) -> None:
    world.become(kind)
    event = world.event()
    body = b'{"id": "r1", "join_url": "javascript:alert(1)"}'
    world.simulator.faults.add(faults.status(201, body, acted=True), ROOMS, "POST")
    assert error_type(world.ask(instance, event)) == "TEMPORARY"
    [claimed] = world.documents("mapping")
    assert (claimed["state"], world.rooms(), world.documents("orphan")) == ("claimed", 1, [])
    world.clock.advance(0.001)
    assert uri(world.ask(instance, event))
    [mapping] = world.documents("mapping")
    orphans = [orphan["attempt"] for orphan in world.documents("orphan")]
    assert mapping["state"] == "offered"
    if kind == NONE:
        assert (world.rooms(), orphans) == (2, [claimed["attempt"]])
        assert mapping["attempt"] != claimed["attempt"]
    else:
        assert (world.rooms(), orphans) == (1, [])
        assert mapping["attempt"] == claimed["attempt"]


@pytest.mark.parametrize(
    "entry_points",
    [(), (VIDEO, replace(VIDEO, uri="https://rooms.example/2")), (MORE,)],
    ids=["none", "two videos", "only more"],
)
def test_f15_a_room_that_nobody_could_enter_is_not_answered(
    world: World, instance: Instance, entry_points: tuple[EntryPoint, ...]
) -> None:
    event = world.event()
    world.made = lambda conference: Conference(conference.id, entry_points)
    assert error_type(world.ask(instance, event)) == "TEMPORARY"
    assert [mapping["state"] for mapping in world.documents("mapping")] == ["claimed"]
    world.made = lambda conference: conference
    world.clock.advance(0.001)
    assert uri(world.ask(instance, event))
    assert (world.rooms(), world.documents("orphan")) == (1, [])


@pytest.mark.parametrize("body", [b'{"id": "r1"}', b'{"id": "r1", "join_url": ""}', b'{"id": "r1", "join_url": 1}'])
def test_f15_a_reply_without_an_address_is_temporary(world: World, instance: Instance, body: bytes) -> None:
    world.simulator.faults.add(faults.status(201, body), ROOMS, "POST", times=None)
    assert error_type(world.ask(instance, world.event())) == "TEMPORARY"
    assert [mapping["state"] for mapping in world.documents("mapping")] == ["claimed"]


def test_f13_a_code_that_is_too_long_is_left_out_and_reported_without_its_value(
    world: World, instance: Instance, caplog: pytest.LogCaptureFixture
) -> None:
    code = "7" * 129
    body = f'{{"id": "r1", "join_url": "https://rooms.example/r1", "passcode": "{code}"}}'.encode()
    world.simulator.faults.add(faults.status(201, body), ROOMS, "POST")
    answer = world.ask(instance, world.event())
    assert uri(answer) == "https://rooms.example/r1"
    assert "solution demo: VIDEO passcode dropped, 129 long" in caplog.messages
    assert code not in str(answer.body) + caplog.text


def test_f21_a_user_who_is_not_signed_in_is_told_where_and_no_room_is_made(world: World, instance: Instance) -> None:
    answer = world.ask(instance, world.event(), solution="signin")
    assert error_type(answer) == "AUTHENTICATION"
    assert answer.body["conferenceData"]["error"]["authenticationUrl"].startswith("http")
    assert (world.rooms(), world.documents("mapping")) == (0, [])


@pytest.mark.parametrize("address", ["javascript:alert(1)", "", "https://x/" + "y" * 1300], ids=["js", "none", "long"])
def test_f21_a_sign_in_address_that_cannot_be_shown_is_temporary(
    world: World, instance: Instance, address: str
) -> None:
    body = f'{{"code": "sign_in_required", "sign_in_url": "{address}"}}'.encode()
    world.simulator.faults.add(faults.status(401, body), ROOMS, "POST")
    answer = world.ask(instance, world.event(), solution="signin")
    assert error_type(answer) == "TEMPORARY"
    assert not address or address not in str(answer)
    assert world.rooms() == 0


def test_a_defect_of_ours_is_unknown_and_says_nothing(world: World, instance: Instance) -> None:
    instance.outside.fail("before", "POST", KeyError("secret of somebody"))
    answer = world.ask(instance, world.event())
    assert error_type(answer) == "UNKNOWN"
    assert "secret of somebody" not in str(answer)


@pytest.mark.parametrize("call", ["GET /calendar", "POST"])
def test_a_defect_of_ours_does_not_keep_the_claim(world: World, instance: Instance, call: str) -> None:
    event = world.event()
    instance.outside.fail("before", call, RuntimeError("a defect"))
    assert error_type(world.ask(instance, event)) == "UNKNOWN"
    world.clock.advance(0.001)
    assert error_type(world.ask(world.instance(), event)) == ""
