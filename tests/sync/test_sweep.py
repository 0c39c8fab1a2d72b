"""What a sweep meets is done, listed or put off, and nothing of it is lost."""

import logging
from datetime import timedelta
from typing import Any

import pytest

from conference.clock import Deadline
from sync import records
from sync.once import Once
from sync.records import CALENDARS, MAPPINGS, ORPHANS, OrphanRecord
from sync.store import Create
from sync.sweep import Sweep
from tests.sync.rooms import KEY, ROOM, Desk

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ATTEMPT = "attempt-orphan"
ORPHAN = records.key(ATTEMPT)


def swept(rooms: Desk) -> int:
    """A sweep where changes are relayed: how many documents it took on."""
    return Sweep(rooms.ports, None, lambda: "holder", once=True).run(Deadline(rooms.clock, 100.0)).documents


def abandoned(rooms: Desk, event: str = "e") -> None:
    """A claim that nobody came back for."""
    now = rooms.clock.now()
    unanswered: dict[str, Any] = {"conference": "", "room": "", "told": None, "end": None, "seen": False}
    rooms.put(event, state="claimed", until=now, due=now, **unanswered)


def suspect(rooms: Desk, **changes: Any) -> None:
    """List a suspected orphan that is due."""
    now = rooms.clock.now()
    known = {"conference": ROOM.id, "room": records.room("demo", ROOM.id), "since": now, "due": now, **changes}
    orphan = OrphanRecord(calendar="ada@example.com", event="e", solution="demo", attempt=ATTEMPT, reason="x", **known)
    rooms.store.commit([Create(ORPHANS, ORPHAN, records.to_body(orphan))])


def test_a_claims_conference_that_nothing_can_be_answered_with_is_listed_and_the_claim_is_over(rooms: Desk) -> None:
    abandoned(rooms)
    rooms.found = type(ROOM)(ROOM.id, (), host=ROOM.host)
    swept(rooms)
    assert (rooms.asked, rooms.holds("e")) == (["find"], False)
    [orphan] = rooms.orphans()
    assert (orphan.attempt, orphan.conference, orphan.account) == ("attempt-e", ROOM.id, ROOM.host)
    assert (orphan.room, orphan.event) == (records.room("demo", ROOM.id), "e")
    assert orphan.reason.startswith("entry-points")
    assert orphan.due == rooms.clock.now() + DAY
    assert rooms.store.get(CALENDARS, KEY) is None


def test_f63_what_a_defect_is_about_is_put_off_until_tomorrow_and_the_others_go_on(rooms: Desk) -> None:
    bad = rooms.put("bad", due=rooms.clock.now() - DAY)
    rooms.change(MAPPINGS, bad, state="of a later version")
    rooms.put("good", state="gone", room="", due=rooms.clock.now())
    assert swept(rooms) == 2
    assert not rooms.holds("good")
    document = rooms.document(MAPPINGS, bad)
    assert document.body["due"] == rooms.clock.now() + DAY
    assert document.body["state"] == "of a later version"
    assert swept(rooms) == 0
    rooms.clock.advance(DAY.total_seconds())
    assert swept(rooms) == 1


def test_f63_what_changes_while_it_is_put_off_is_as_it_was_changed(rooms: Desk) -> None:
    bad, left = rooms.put("bad", due=rooms.clock.now()), ["live"]
    rooms.change(MAPPINGS, bad, state="of a later version")
    rooms.outside.on(
        "before",
        "commit replace mapping",
        lambda: rooms.change(MAPPINGS, bad, state=left.pop(), due=None) if left else None,
    )
    assert swept(rooms) == 1
    assert (rooms.of("bad").state, rooms.of("bad").due) == ("live", None)


@pytest.mark.parametrize(("tries", "minutes"), [(0, 64), (1, 128), (9, 360)])
def test_an_orphan_that_was_handed_over_is_handed_over_again_after_about_an_hour_and_less_and_less_often(
    rooms: Desk, tries: int, minutes: int
) -> None:
    suspect(rooms, tries=tries)
    assert swept(rooms) == 1
    [orphan] = rooms.orphans()
    assert (orphan.look, orphan.tries) == (KEY, tries)
    assert orphan.due == rooms.clock.now() + timedelta(minutes=minutes)
    assert rooms.asked == []


def test_no_log_line_holds_an_attempt_as_that_may_be_the_rooms_name(
    rooms: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    suspect(rooms, since=rooms.clock.now() - 31 * DAY)
    swept(rooms)
    assert rooms.orphans() == []
    assert f"a suspected orphan is forgotten: demo {ORPHAN}" in caplog.text
    assert ATTEMPT not in caplog.text


def test_a_value_that_was_used_once_is_forgotten_when_its_time_is_over(rooms: Desk) -> None:
    once, until = Once(rooms.store), rooms.clock.now() + HOUR
    once.spend("state", until)
    swept(rooms)
    assert once.is_spent("state")
    rooms.clock.advance(HOUR.total_seconds() + 1)
    swept(rooms)
    assert not once.is_spent("state")
