"""What Calendar says of the event and of the caller: whose room is made, from which data, and who learns nothing."""

import threading

import pytest

from simulator import faults
from tests.world import ADA, BOB, ON_SQLITE, Instance, World, error_type, uri

EVENTS = "*/events/*"
FAMILY = "\N{WOMAN}\u200d\N{WOMAN}\u200d\N{GIRL}"


def canned(body: bytes) -> faults.Fault:
    """Calendar's reply for an event with these members."""
    times = b'"start": {"dateTime": "2027-01-02T00:00:00Z"}, "end": {"dateTime": "2027-01-02T01:00:00Z"}'
    return faults.status(200, b'{"id": "x", "status": "confirmed", ' + times + b", " + body + b"}")


@ON_SQLITE
@pytest.mark.parametrize(
    ("summary", "title"),
    [
        (FAMILY * 300 + " مرحبا", FAMILY * 24 + "…"),
        (FAMILY * 25, FAMILY * 25),
        ("مرحبا", "مرحبا"),
        ("e\N{COMBINING ACUTE ACCENT} \N{LATIN SMALL LETTER E WITH ACUTE}",) * 2,
        ("", "Meeting"),
    ],
    ids=["too long", "just fits", "right to left", "both normal forms", "untitled"],
)
def test_f14_a_title_is_kept_or_shortened_between_two_characters(
    world: World, instance: Instance, summary: str, title: str
) -> None:
    assert uri(world.ask(instance, world.event(summary=summary)))
    assert [room.title for room in world.simulator.rooms.having(None)] == [title]


@pytest.mark.parametrize(
    ("sent", "title"), [(rb"a\u0000b", "ab"), (rb"a\ud83db", "a\ufffdb"), (rb"a\udc00", "a\ufffd")]
)
def test_f14_what_no_system_takes_is_left_out_of_a_title_or_replaced(
    world: World, instance: Instance, sent: bytes, title: str
) -> None:
    world.simulator.faults.add(canned(b'"summary": "' + sent + b'"'), EVENTS, "GET")
    assert uri(world.ask(instance, world.event()))
    assert [room.title for room in world.simulator.rooms.having(None)] == [title]
    assert [mapping["state"] for mapping in world.documents("mapping")] == ["offered"]


def test_f16_an_event_that_ends_before_it_starts_is_permanent_and_asks_nobody(world: World, instance: Instance) -> None:
    event = world.event()
    world.simulator.faults.add(canned(b'"end": {"dateTime": "2027-01-01T00:00:00Z"}'), EVENTS, "GET")
    assert error_type(world.ask(instance, event)) == "PERMANENT"
    assert world.rooms() == 0
    assert uri(world.ask(instance, event))


def test_f17_an_all_day_event_is_told_in_the_calendars_zone(world: World, instance: Instance) -> None:
    event = world.event(start={"date": "2027-03-28"}, end={"date": "2027-03-29"})
    assert uri(world.ask(instance, event))
    [room] = world.simulator.rooms.having(None)
    assert (room.starts, room.ends) == ("2027-03-28T00:00:00+01:00", "2027-03-29T00:00:00+02:00")


def test_f19_a_series_and_its_occurrence_each_have_the_conference_that_was_asked_for(
    world: World, instance: Instance
) -> None:
    start = {"dateTime": "2027-03-01T09:00:00", "timeZone": "Europe/Berlin"}
    end = {"dateTime": "2027-03-01T10:00:00", "timeZone": "Europe/Berlin"}
    series = world.event(start=start, end=end, recurrence=["RRULE:FREQ=DAILY"])
    occurrence = world.simulator.calendar.add_occurrence(ADA, series, {**start, "dateTime": "2027-03-02T09:00:00"})

    assert uri(world.ask(instance, occurrence))
    [own] = world.documents("mapping")
    assert (own["event"], own["end"].isoformat()) == (occurrence, "2027-03-02T09:00:00+00:00")
    [room] = world.simulator.rooms.having(None)
    assert (room.starts, room.ends) == ("2027-03-02T09:00:00+01:00", "2027-03-02T10:00:00+01:00")

    assert uri(world.ask(instance, series)) != room.join_url
    [whole] = [mapping for mapping in world.documents("mapping") if mapping["event"] == series]
    assert whole["end"] is None
    [other] = [made for made in world.simulator.rooms.having(None) if made.id != room.id]
    assert (other.id, other.starts, other.ends) == (whole["conference"], None, None)


def test_f20_an_event_that_does_not_exist_yet_gets_a_room_with_placeholder_data(
    world: World, instance: Instance
) -> None:
    assert uri(world.ask(instance, world.simulator.calendar.reserve(ADA)))
    assert [room.title for room in world.simulator.rooms.having(None)] == ["Meeting"]
    assert world.documents("mapping")[0]["told"]["placeholder"] is True


def test_f20_a_cancelled_event_is_one_that_does_not_exist_yet(world: World, instance: Instance) -> None:
    event = world.event()
    world.simulator.calendar.delete(ADA, event)
    assert uri(world.ask(instance, event))
    assert world.documents("mapping")[0]["told"]["placeholder"] is True


@ON_SQLITE
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
    assert world.documents("mapping")[0]["told"]["placeholder"] is True


def test_f20_a_read_that_outlives_its_deadline_is_not_waited_for(world: World) -> None:
    world.far = True
    instance = world.instance()
    hanging = threading.Event()

    def script(when: str, call: str) -> None:
        if when == "before" and "/events/" in call:
            hanging.wait(10)
        if when == "after" and call == "commit create mapping":
            world.clock.advance(6)

    instance.outside.script = script
    try:
        assert uri(world.ask(instance, world.event()))
        assert not hanging.is_set()
    finally:
        hanging.set()
    assert [room.title for room in world.simulator.rooms.having(None)] == ["Meeting"]
    assert world.documents("mapping")[0]["told"]["placeholder"] is True


def test_f20_a_refusal_of_calendar_is_denied_with_or_without_a_conference(world: World, instance: Instance) -> None:
    event = world.event()
    before = world.ask(instance, event, access="revoked")
    assert error_type(before) == "PERMISSION_DENIED"
    assert (world.rooms(), world.documents("mapping")) == (0, [])
    assert uri(world.ask(instance, event))
    assert world.ask(instance, event, access="revoked").body == before.body


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


@pytest.mark.parametrize("role", ["none", "freeBusyReader"])
def test_f26_an_unreadable_calendar_is_answered_like_one_that_does_not_exist(world: World, role: str) -> None:
    world.simulator.calendar.share(BOB, ADA, role)
    there, nowhere = world.instance(), world.instance()
    answer = world.ask(there, world.event(BOB), calendar=BOB)
    assert answer == world.ask(nowhere, "event-1", calendar="nobody@example.com")
    assert error_type(answer) == "PERMISSION_DENIED"
    stored = [call for seen in (there, nowhere) for call in seen.outside.calls if not call.startswith("GET")]
    assert stored == []


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
    assert calendar["keeper"]["email"] == (keeper or BOB)


def test_f31_a_burst_of_one_user_is_stopped_and_others_do_not_notice(world: World, instance: Instance) -> None:
    event = world.event()
    assert error_type(world.ask(instance, event)) == ""
    assert next(filter(None, (error_type(world.ask(instance, event)) for _ in range(100)))) == "TEMPORARY"
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


@ON_SQLITE
def test_domains_of_a_solution_are_held_against_the_hosted_domain(world: World) -> None:
    world.solutions["demo"]["domains"] = ["Example.com"]
    world.solutions["jitsi"]["domains"] = ["example.org"]
    instance, event = world.instance(), world.event()
    assert uri(world.ask(instance, event))
    assert error_type(world.ask(instance, event, solution="jitsi")) == "CONFERENCE_SOLUTION_FORBIDDEN"
