"""Each invariant can be broken: a world that is in step has no breach, and one that was tampered with has that one."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from simulator import faults
from sync import records
from sync.records import CALENDARS, MAPPINGS
from sync.store import Create, Delete, Replace
from tests import invariants
from tests.inside import Mortal, inside
from tests.world import ADA, BOB

EVENT = "plan0"


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Mortal]:
    """A world in step: an event with its conference, on a calendar with a channel."""
    with inside(tmp_path, True) as mortal:
        calendar = mortal.simulator.calendar
        calendar.add_event(ADA, id=EVENT, summary="Plan", **_times("2027-03-01"))
        mortal.choose(EVENT)
        mortal.settle()
        assert not mortal.breaches()
        yield mortal


def _times(day: str) -> dict[str, Any]:
    return {"start": {"dateTime": f"{day}T09:00:00Z"}, "end": {"dateTime": f"{day}T10:00:00Z"}}


def _mapping(mortal: Mortal, **changes: Any) -> None:
    """Change the mapping in the store."""
    document = mortal.world.store.get(MAPPINGS, records.key(ADA, EVENT, "demo"))
    assert document
    mortal.world.store.commit([Replace(document, {**document.body, **changes})])


def _calendar(mortal: Mortal, **changes: Any) -> None:
    """Change the calendar's record in the store."""
    document = mortal.world.store.get(CALENDARS, records.key(ADA))
    assert document
    mortal.world.store.commit([Replace(document, {**document.body, **changes})])


def _forget(mortal: Mortal) -> None:
    document = mortal.world.store.get(MAPPINGS, records.key(ADA, EVENT, "demo"))
    assert document
    mortal.world.store.commit([Delete(document)])


def _map_twice(mortal: Mortal) -> None:
    document = mortal.world.store.get(MAPPINGS, records.key(ADA, EVENT, "demo"))
    assert document
    mortal.world.store.commit([Create(MAPPINGS, "another", document.body)])


def _lose_room(mortal: Mortal) -> None:
    mortal.simulator.rooms.delete(mortal.of(EVENT).conference)


def _cancel_unheard(mortal: Mortal) -> None:
    mortal.simulator.calendar.delete(ADA, EVENT)


def _leave_for_ever(mortal: Mortal) -> None:
    _cancel_unheard(mortal)
    _mapping(mortal, state="leaving", look="", due=None)


def _leave_too_late(mortal: Mortal) -> None:
    _cancel_unheard(mortal)
    now = mortal.clock.now()
    _mapping(mortal, state="leaving", until=now - timedelta(days=3), due=now)


def _duplicate_unheard(mortal: Mortal) -> None:
    mortal.simulator.calendar.duplicate(ADA, EVENT)


def _rename_unheard(mortal: Mortal) -> None:
    mortal.simulator.calendar.patch(ADA, EVENT, summary="Another")


def _refuse(mortal: Mortal) -> None:
    """The conferencing system does not take a change."""
    mortal.simulator.faults.add(faults.status(503), "/rooms-api/*", "PATCH", times=None)
    _rename_unheard(mortal)
    mortal.settle()


def _move_unheard(mortal: Mortal) -> None:
    mortal.simulator.calendar.patch(ADA, EVENT, **_times("2027-03-02"))


def _tell_room(mortal: Mortal) -> None:
    mortal.simulator.rooms.change(mortal.of(EVENT).conference, {"title": "Another"})


def _skip(mortal: Mortal) -> None:
    """A sync token is stored that covers a change which was not applied."""
    _rename_unheard(mortal)
    held = mortal.simulator.calendar.calendar(ADA)
    known = mortal.simulator.calendar.sync_tokens._given[ADA]
    known[mortal.calendar().cursor] = _later(known[mortal.calendar().cursor], held.change)


def _later(meaning: Any, change: int) -> Any:
    return type(meaning)(meaning.email, meaning.query, change, meaning.window)


def _skip_removal(mortal: Mortal) -> None:
    mortal.simulator.calendar.set_conference(ADA, EVENT, None)
    known = mortal.simulator.calendar.sync_tokens._given[ADA]
    cursor = mortal.calendar().cursor
    known[cursor] = _later(known[cursor], mortal.simulator.calendar.calendar(ADA).change)


def _store_token(mortal: Mortal) -> None:
    _mapping(mortal, reason=mortal.simulator.access_token(ADA))


def _hold_strangers(mortal: Mortal) -> None:
    """A calendar without a keeper holds the room of Ada's event."""
    body = records.to_body(mortal.of(EVENT))
    key = records.key(BOB, "copy", "demo")
    mortal.world.store.commit([Create(MAPPINGS, key, {**body, "calendar": BOB, "event": "copy", "keeper": "bob"})])


def _leak_channel(mortal: Mortal) -> None:
    _calendar(mortal, channel=None, previous_channels=[])


def _stop_channel(mortal: Mortal) -> None:
    for channel in mortal.simulator.push.channels:
        channel.stopped = True


def _say_title(mortal: Mortal) -> None:
    mortal.heard.lines.append("parked: Better plan")


def _work_on(mortal: Mortal) -> None:
    mortal.most = 1000


def _take_long(mortal: Mortal) -> None:
    mortal.longest = 1000.0


@pytest.mark.parametrize(
    ("break_it", "breach"),
    [
        (_map_twice, "I1 another is not the key"),
        (_map_twice, "mapped 2 times"),
        (_lose_room, "I1 .* names a room that is not there"),
        (lambda mortal: _mapping(mortal, state="claimed"), "I1 .* claimed for ever"),
        (_forget, "I2 room 'Plan' .* is nobody's"),
        (lambda mortal: _mapping(mortal, state="leaving"), "I3 .* is used and leaving"),
        (lambda mortal: _mapping(mortal, state="gone"), "I3 .* is used and gone"),
        (_duplicate_unheard, "I3 .* holds the room of .* unseen"),
        (_cancel_unheard, "I3 .* is not used and live"),
        (_leave_for_ever, "I3 .* nobody looks at it"),
        (_leave_too_late, "I3 .* is not used and leaving since"),
        (_refuse, "I4 .* is parked: demo-503"),
        (_rename_unheard, "I4 .* was told something else"),
        (_move_unheard, "I4 .* ends at another time"),
        (_tell_room, "I4 room 'Another' .* is not what .* says"),
        (lambda mortal: _mapping(mortal, state="offered"), "I4 .* is saved and still an offer"),
        (_skip, "I5 .* changed before the sync token"),
        (_skip_removal, "I5 .* was taken off before the sync token"),
        (_store_token, "I7 .* tells a secret"),
        (_say_title, "I7 .* tells a secret"),
        (_work_on, "I8 1000 outside calls"),
        (_take_long, "I8 an entry took"),
        (_hold_strangers, "I9 .* holds a stranger's room"),
        (_leak_channel, "I10 a channel of .* is known to nobody"),
        (_stop_channel, "I10 the channel of .* does not live"),
    ],
)
def test_a_broken_world_is_told_from_a_whole_one(
    mortal: Mortal, break_it: Callable[[Mortal], None], breach: str
) -> None:
    break_it(mortal)
    assert any(_says(breach, line) for line in mortal.breaches())


@pytest.mark.parametrize(("break_it", "breach"), [(_skip, "I5"), (_store_token, "I7"), (_leak_channel, "I10")])
def test_what_holds_at_any_time_is_told_at_any_time(
    mortal: Mortal, break_it: Callable[[Mortal], None], breach: str
) -> None:
    assert not invariants.at_any_time(mortal.simulator, mortal.world.store)
    break_it(mortal)
    found = invariants.at_any_time(mortal.simulator, mortal.world.store)
    assert {line.split()[0] for line in found} == {breach}


def test_a_defect_is_a_breach(mortal: Mortal) -> None:
    mortal.instance.outside.fail("before", "find mapping place", RuntimeError("a defect"))
    _rename_unheard(mortal)
    mortal.settle()
    assert any(line.startswith("a defect") for line in mortal.breaches())


def _says(breach: str, line: str) -> bool:
    return re.search(breach, line) is not None
