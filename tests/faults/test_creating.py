"""Creating a conference under crashes, double clicks and trouble at Calendar, the store and the conferencing system."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from conference.errors import StoreUnavailable
from conference.providers.base import Idempotency
from simulator import faults
from simulator.rooms import Mode
from tests.world import ADA, BOB, Died, Instance, World, data, error_type

ROOMS = "/rooms-api/*"
EVENTS = "*/events/*"
MINUTE = 61
"""Seconds after which a claim may be taken over."""

KINDS: list[tuple[Idempotency, Mode]] = [("keyed", "keyed"), ("searchable", "search"), ("none", "none")]


def be(world: World, kind: tuple[Idempotency, Mode]) -> None:
    """Have the conferencing system, and the provider's declaration of it, be of that kind."""
    world.idempotency, world.simulator.rooms.mode = kind


def uri(answer: Any) -> str:
    return str(data(answer)["entryPoints"][0]["uri"])


def test_a_create_is_a_claim_a_provider_call_and_one_commit_of_both_records(world: World, instance: Instance) -> None:
    event = world.event()
    assert uri(world.ask(instance, event)).startswith(world.simulator.url)
    reads = {"GET /oauth2/v3/certs", f"GET /calendar/v3/calendars/ada%40example.com/events/{event}"}
    assert set(instance.outside.calls[:4]) == {*reads, "commit create mapping", "get calendar"}
    assert instance.outside.calls[4:] == ["POST /rooms-api/v1/rooms", "commit replace mapping, create calendar"]


@pytest.mark.parametrize("kind", KINDS, ids=[kind[0] for kind in KINDS])
def test_f01_a_crash_after_the_provider_acted_is_adopted_or_listed_as_an_orphan(
    world: World, kind: tuple[Idempotency, Mode]
) -> None:
    be(world, kind)
    event, first, second = world.event(), world.instance(), world.instance()
    first.outside.die("after", "POST /rooms-api")
    with pytest.raises(Died):
        world.ask(first, event)
    world.clock.advance(MINUTE)
    assert uri(world.ask(second, event))
    [mapping] = world.documents("mapping")
    assert mapping["state"] == "offered"
    orphans = world.documents("orphan")
    if kind[0] == "none":
        assert world.rooms() == 2
        assert [orphan["attempt"] for orphan in orphans] != [mapping["attempt"]]
        assert len(orphans) == 1
    else:
        assert (world.rooms(), orphans) == (1, [])


def test_f02_a_crash_after_the_claim_is_taken_over_after_its_deadline(world: World) -> None:
    event, first, second = world.event(), world.instance(), world.instance()
    first.outside.die("before", "POST /rooms-api")
    with pytest.raises(Died):
        world.ask(first, event)
    assert error_type(world.ask(second, event)) == "TEMPORARY"
    world.clock.advance(MINUTE)
    assert uri(world.ask(second, event))
    assert world.rooms() == 1


def test_f03_the_same_click_again_is_the_same_conference_without_a_call(world: World, instance: Instance) -> None:
    event = world.event()
    first = world.ask(instance, event)
    instance.outside.calls.clear()
    assert world.ask(instance, event).body == first.body
    assert world.rooms() == 1
    assert not [call for call in instance.outside.calls if call.startswith("POST")]


def test_f03_the_same_click_on_another_instance_is_the_same_conference(world: World) -> None:
    event = world.event()
    assert world.ask(world.instance(), event).body == world.ask(world.instance(), event).body


def test_f04_clicks_at_once_on_two_instances_make_one_conference(world: World) -> None:
    event, instances = world.event(), [world.instance(), world.instance()]
    with ThreadPoolExecutor(8) as clicks:
        answers = list(clicks.map(lambda n: world.ask(instances[n % 2], event), range(8)))
    assert len({uri(answer) for answer in answers}) == 1
    assert world.rooms() == 1


def test_f04_the_second_one_waits_until_its_own_deadline_and_then_asks_to_try_again(world: World) -> None:
    event, first, second = world.event(), world.instance(), world.instance()
    first.outside.die("before", "POST /rooms-api")
    with pytest.raises(Died):
        world.ask(first, event)
    started = world.clock.monotonic()
    assert error_type(world.ask(second, event)) == "TEMPORARY"
    assert 17 <= world.clock.monotonic() - started <= 20
    assert not [call for call in second.outside.calls if call.startswith("POST")]


def test_f04_a_known_failure_frees_the_claim_at_once(world: World, instance: Instance) -> None:
    event = world.event()
    world.simulator.faults.add(faults.status(503), ROOMS, times=3)
    assert error_type(world.ask(instance, event)) == "TEMPORARY"
    assert world.documents("mapping") == []
    assert uri(world.ask(instance, event))


def test_f05_two_solutions_on_one_event_do_not_know_of_each_other(world: World, instance: Instance) -> None:
    event = world.event()
    demo, jitsi = world.ask(instance, event), world.ask(instance, event, solution="jitsi")
    assert data(demo)["conferenceSolutionId"] == "demo"
    assert data(jitsi)["conferenceSolutionId"] == "jitsi"
    assert len(world.documents("mapping")) == 2
    assert len(world.documents("calendar")) == 1


@pytest.mark.parametrize("kind", KINDS[:2], ids=["keyed", "searchable"])
def test_f06_a_lost_answer_is_asked_for_again_under_the_same_attempt(
    world: World, instance: Instance, kind: tuple[Idempotency, Mode]
) -> None:
    be(world, kind)
    world.simulator.faults.add(faults.reset(acted=True), ROOMS, "POST")
    assert uri(world.ask(instance, world.event()))
    assert world.rooms() == 1


def test_f06_a_lost_answer_of_a_system_without_keys_keeps_the_claim(world: World, instance: Instance) -> None:
    be(world, ("none", "none"))
    event = world.event()
    world.simulator.faults.add(faults.reset(acted=True), ROOMS, "POST")
    assert error_type(world.ask(instance, event)) == "TEMPORARY"
    assert [mapping["state"] for mapping in world.documents("mapping")] == ["claimed"]
    assert world.rooms() == 1


@pytest.mark.parametrize("given", ["2", "Wed, 01 Jan 2020 00:00:00 GMT", "-5", "soon"])
def test_f07_retry_after_is_kept_within_the_deadline(world: World, instance: Instance, given: str) -> None:
    world.simulator.faults.add(faults.status(429, Retry_After=given), ROOMS)
    assert uri(world.ask(instance, world.event()))
    assert sum(world.clock.slept) >= (2 if given == "2" else 0)


@pytest.mark.parametrize("given", ["3600", "999999999999", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_f07_a_wait_that_does_not_fit_is_not_waited_for(world: World, instance: Instance, given: str) -> None:
    world.simulator.faults.add(faults.status(429, Retry_After=given), ROOMS, times=None)
    assert error_type(world.ask(instance, world.event())) == "TEMPORARY"
    assert len([call for call in instance.outside.calls if call.startswith("POST")]) == 1


def test_f08_a_fault_at_the_provider_is_tried_three_times_at_most(world: World, instance: Instance) -> None:
    world.simulator.faults.add(faults.status(500), ROOMS, times=None)
    assert error_type(world.ask(instance, world.event())) == "TEMPORARY"
    assert len([call for call in instance.outside.calls if call.startswith("POST")]) == 3


def test_f08_a_fault_of_a_system_without_keys_is_not_tried_again(world: World, instance: Instance) -> None:
    be(world, ("none", "none"))
    world.simulator.faults.add(faults.status(500), ROOMS, times=None)
    assert error_type(world.ask(instance, world.event())) == "TEMPORARY"
    assert len([call for call in instance.outside.calls if call.startswith("POST")]) == 1


def test_f09_a_refused_event_fails_with_its_reason_and_may_be_tried_again(world: World, instance: Instance) -> None:
    event = world.event()
    world.simulator.faults.add(faults.status(422, b'{"code": "invalid_field"}'), ROOMS)
    assert error_type(world.ask(instance, event)) == "PERMANENT"
    assert [(mapping["state"], mapping["reason"]) for mapping in world.documents("mapping")] == [
        ("failed", "demo-invalid_field")
    ]
    assert uri(world.ask(instance, event))


def test_f10_a_dripping_answer_is_cut_at_the_deadline_and_keeps_the_claim(world: World, instance: Instance) -> None:
    world.simulator.faults.add(faults.latency(30), ROOMS, times=None)
    incoming = world.incoming(world.event())
    incoming.deadline = incoming.deadline.within(1.5)
    assert error_type(instance.service.endpoint.create_conference(incoming)) == "TEMPORARY"
    assert [mapping["state"] for mapping in world.documents("mapping")] == ["claimed"]


@pytest.mark.parametrize(
    "damage", [faults.malformed(), faults.truncated(), faults.empty()], ids=["html", "half", "empty"]
)
def test_f11_an_answer_that_cannot_be_read_is_asked_for_again(
    world: World, instance: Instance, damage: faults.Fault
) -> None:
    world.simulator.faults.add(damage, ROOMS)
    assert uri(world.ask(instance, world.event()))
    assert world.rooms() == 1


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://169.254.169.254/",
        "https://a:b@evil.example/",
        "https://x/" + "y" * 1300,
    ],
)
def test_f12_a_hostile_join_address_is_never_shown_and_the_room_is_listed(
    world: World, instance: Instance, address: str
) -> None:
    body = f'{{"id": "r1", "join_url": "{address}"}}'.encode()
    world.simulator.faults.add(faults.status(201, body), ROOMS, "POST")
    answer = world.ask(instance, world.event())
    assert error_type(answer) == "TEMPORARY"
    assert address not in str(answer)
    assert len(world.documents("orphan")) == 1 or world.documents("mapping")[0]["state"] == "claimed"


def test_f14_any_title_reaches_the_provider_within_its_limit(world: World, instance: Instance) -> None:
    assert uri(world.ask(instance, world.event(summary="👩‍👩‍👧" * 300 + " مرحبا")))
    [room] = world.simulator.rooms.having(None)
    assert 0 < len(room.title) <= 200


def test_f16_an_event_that_ends_before_it_starts_is_permanent_and_asks_nobody(world: World, instance: Instance) -> None:
    event = world.event()
    start, end = b'{"dateTime": "2027-01-02T00:00:00Z"}', b'{"dateTime": "2027-01-01T00:00:00Z"}'
    body = b'{"id": "x", "status": "confirmed", "start": ' + start + b', "end": ' + end + b"}"
    world.simulator.faults.add(faults.status(200, body), EVENTS, "GET")
    assert error_type(world.ask(instance, event)) == "PERMANENT"
    assert world.rooms() == 0
    assert uri(world.ask(instance, event))


def test_f17_an_all_day_event_is_told_in_the_calendars_zone(world: World, instance: Instance) -> None:
    event = world.event(start={"date": "2027-03-28"}, end={"date": "2027-03-29"})
    assert uri(world.ask(instance, event))
    [room] = world.simulator.rooms.having(None)
    assert (room.starts, room.ends) == ("2027-03-28T00:00:00+01:00", "2027-03-29T00:00:00+02:00")


def test_f19_a_series_is_one_conference_without_fixed_times_under_the_id_that_was_asked(
    world: World, instance: Instance
) -> None:
    times = (
        {"dateTime": "2027-03-01T09:00:00", "timeZone": "Europe/Berlin"},
        {"dateTime": "2027-03-01T10:00:00", "timeZone": "Europe/Berlin"},
    )
    event = world.event(start=times[0], end=times[1], recurrence=["RRULE:FREQ=DAILY"])
    assert uri(world.ask(instance, event))
    [room] = world.simulator.rooms.having(None)
    assert (room.starts, room.ends) == (None, None)
    [mapping] = world.documents("mapping")
    assert (mapping["event"], mapping["end"]) == (event, None)


def test_f20_an_event_that_does_not_exist_yet_gets_a_room_with_placeholder_data(
    world: World, instance: Instance
) -> None:
    assert uri(world.ask(instance, world.simulator.calendar.reserve(ADA)))
    [room] = world.simulator.rooms.having(None)
    assert room.title == "Meeting"
    assert world.documents("mapping")[0]["told"]["placeholder"] is True


def test_f20_a_cancelled_event_is_one_that_does_not_exist_yet(world: World, instance: Instance) -> None:
    event = world.event()
    world.simulator.calendar.delete(ADA, event)
    assert uri(world.ask(instance, event))
    assert world.documents("mapping")[0]["told"]["placeholder"] is True


@pytest.mark.parametrize(
    "hiccup",
    [
        faults.backend_error(),
        faults.quota(),
        faults.quota(status=429),
        faults.malformed(),
        faults.reset(),
        faults.latency(30),
    ],
    ids=["500", "403 quota", "429", "no json", "reset", "slow"],
)
def test_f20_a_hiccup_of_calendar_does_not_cost_the_user_a_room(
    world: World, instance: Instance, hiccup: faults.Fault
) -> None:
    world.simulator.faults.add(hiccup, EVENTS, "GET", times=None)
    assert uri(world.ask(instance, world.event()))


def test_f20_a_refusal_of_calendar_is_denied_with_or_without_a_conference(world: World, instance: Instance) -> None:
    event = world.event()
    before = world.ask(instance, event, access="revoked")
    assert error_type(before) == "PERMISSION_DENIED"
    assert world.rooms() == 0
    assert uri(world.ask(instance, event))
    assert world.ask(instance, event, access="revoked").body == before.body


def test_f21_a_user_who_is_not_signed_in_is_told_where_and_no_room_is_made(world: World, instance: Instance) -> None:
    answer = world.ask(instance, world.event(), solution="signin")
    assert error_type(answer) == "AUTHENTICATION"
    assert data(answer)["error"]["authenticationUrl"].startswith("http")
    assert world.rooms() == 0


@pytest.mark.parametrize("operation", ["commit create mapping", "get calendar"])
def test_f22_without_the_store_no_conference_is_made(world: World, instance: Instance, operation: str) -> None:
    def down(when: str, call: str) -> None:
        if when == "before" and call == operation:
            raise StoreUnavailable("store", "down")

    instance.outside.script = down
    assert error_type(world.ask(instance, world.event())) == "TEMPORARY"
    assert world.rooms() == 0


@pytest.mark.parametrize(("kind", "answered"), [(KINDS[0], True), (KINDS[1], True), (KINDS[2], False)])
def test_f22_without_the_store_at_the_end_the_answer_stands_only_where_it_is_found_again(
    world: World, kind: tuple[Idempotency, Mode], answered: bool
) -> None:
    be(world, kind)
    event, first, second = world.event(), world.instance(), world.instance()

    def down(when: str, call: str) -> None:
        if when == "before" and call.startswith("commit replace mapping"):
            raise StoreUnavailable("store", "down")

    first.outside.script = down
    answer = world.ask(first, event)
    assert error_type(answer) == ("" if answered else "TEMPORARY")
    world.clock.advance(MINUTE)
    later = world.ask(second, event)
    if answered:
        assert uri(later) == uri(answer)
    else:
        assert len(world.documents("orphan")) == 1


def test_f26_another_users_calendar_needs_a_role_on_it(world: World, instance: Instance) -> None:
    event = world.event(BOB)
    assert error_type(world.ask(instance, event, calendar=BOB)) == "PERMISSION_DENIED"
    for role in ("freeBusyReader", "reader"):
        world.simulator.calendar.share(BOB, ADA, role)
        assert error_type(world.ask(instance, event, calendar=BOB)) == "PERMISSION_DENIED"
    assert (world.rooms(), world.documents("mapping")) == (0, [])
    for role in ("writerWithoutPrivateAccess", "writer", "owner"):
        world.simulator.calendar.share(BOB, ADA, role)
        assert uri(world.ask(instance, event, calendar=BOB))


@pytest.mark.parametrize(("role", "keeper"), [("writerWithoutPrivateAccess", None), ("writer", ADA), ("owner", ADA)])
def test_the_keeper_is_the_first_creator_who_sees_everything(
    world: World, instance: Instance, role: str, keeper: str | None
) -> None:
    world.simulator.calendar.share(BOB, ADA, role)
    world.ask(instance, world.event(BOB), calendar=BOB)
    [calendar] = world.documents("calendar")
    assert (calendar["keeper"] or {}).get("email") == keeper
    world.ask(instance, world.event(BOB), calendar=BOB, user=BOB)
    [calendar] = world.documents("calendar")
    assert calendar["keeper"]["email"] == keeper or (keeper is None and calendar["keeper"]["email"] == BOB)


def test_f31_a_burst_of_one_user_is_stopped_and_others_do_not_notice(world: World, instance: Instance) -> None:
    event = world.event()
    answers = [error_type(world.ask(instance, event)) for _ in range(30)]
    assert answers[0] == ""
    assert answers[-1] == "TEMPORARY"
    assert uri(world.ask(instance, world.event(BOB), calendar=BOB, user=BOB))


def test_f73_an_outsider_learns_nothing_and_leaves_nothing(world: World) -> None:
    event, before, after = world.event(), world.instance(), world.instance()
    first = world.ask(before, event, user=BOB)
    assert uri(world.ask(world.instance(), event))
    second = world.ask(after, event, user=BOB)
    assert first == second
    assert error_type(first) == "PERMISSION_DENIED"
    stored = [[call for call in seen.outside.calls if not call.startswith("GET")] for seen in (before, after)]
    assert stored == [[], []]


def test_domains_of_a_solution_are_held_against_the_hosted_domain(world: World) -> None:
    world.solutions["demo"]["domains"] = ["Example.com"]
    world.solutions["jitsi"]["domains"] = ["example.org"]
    instance, event = world.instance(), world.event()
    assert uri(world.ask(instance, event))
    assert error_type(world.ask(instance, event, solution="jitsi")) == "CONFERENCE_SOLUTION_FORBIDDEN"


def test_a_defect_of_ours_is_unknown_and_says_nothing(world: World, instance: Instance) -> None:
    def broken(when: str, call: str) -> None:
        if when == "before" and call.startswith("POST"):
            raise KeyError("secret of somebody")

    instance.outside.script = broken
    answer = world.ask(instance, world.event())
    assert error_type(answer) == "UNKNOWN"
    assert "secret of somebody" not in str(answer)


def test_what_is_independent_runs_at_the_same_time(world: World, instance: Instance) -> None:
    together = threading.Barrier(2, timeout=5)

    def meet(when: str, call: str) -> None:
        if when == "before" and (call == "commit create mapping" or "/events/" in call):
            together.wait()

    instance.outside.script = meet
    assert uri(world.ask(instance, world.event()))
