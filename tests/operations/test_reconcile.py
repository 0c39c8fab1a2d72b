"""Reconciling finds each kind of difference, and none in a world where all is well; it mends only what is safe."""

from dataclasses import replace

import pytest

from simulator import faults
from simulator.rooms import Account
from sync import records
from sync.records import CALENDARS, MAPPINGS, ORPHANS
from sync.store import Create, Delete, Replace
from tests.operations.operating import Told, operate
from tests.scenarios.story import BOTH_STORES, DELEGATED, RELAYED, Story
from tests.world import ADA

NAMED = "the event that carries it was named above"
ATTEMPT = "abcdefghijklmnopqrstuvwxyz"
NOT_READ = "Events were not read: only their users' triggers can (ANYROOM_CREDENTIAL is relay)."


def reconcile(story: Story, do: bool = False) -> Told:
    told = operate(story.world, "reconcile", do=do)
    return told._replace(lines=[line for line in told.lines if line != NOT_READ])


def change(story: Story, kind: str, key: str, **fields: object) -> None:
    document = story.world.store.get(kind, key)
    assert document
    story.world.store.commit([Replace(document, {**document.body, **fields})])


def forget(story: Story, kind: str, key: str) -> None:
    document = story.world.store.get(kind, key)
    assert document
    story.world.store.commit([Delete(document)])


def key_of(story: Story, event: str) -> str:
    return records.key(ADA, event, "demo")


def finds_once(story: Story, would: str, done: str) -> None:
    """The difference is found, mended once, and then waits: doing it twice is doing it once."""
    told = reconcile(story)
    assert (told.code, told.lines) == (1, [would, "1 difference on 1 calendar. DO=1 does what is safe."])
    assert reconcile(story).lines == told.lines
    assert reconcile(story, do=True).lines == [done, "1 difference on 1 calendar."]
    again = reconcile(story, do=True)
    waits = [f"{would.partition('; ')[0]}; done before, and waits for a run"]
    assert again.lines[:-1] in ([], waits), again


@BOTH_STORES
def test_a_world_where_all_is_well_has_no_difference(story: Story) -> None:
    story.live()
    story.series()
    story.copied()
    story.people.delete(ADA, story.live())
    story.settle()
    offered = story.event()
    story.world.ask(story.instance, offered)
    before = story.titles()
    told = reconcile(story)
    assert (told.code, told.lines) == (0, ["no differences on 1 calendar."])
    assert reconcile(story, do=True) == told
    assert story.titles() == before


@DELEGATED
def test_an_event_that_was_deleted_unheard_is_looked_at(story: Story) -> None:
    event = story.live()
    key = key_of(story, event)
    story.people.delete(ADA, event)
    story.simulator.push.pending.clear()
    name = f"mapping {key} (demo) is live, and its event is gone"
    finds_once(story, f"{name}; would be marked for a look", f"{name}; marked: the calendar's next run looks")
    story.sweep()
    story.settle()
    assert story.state(event) == "leaving cancelled"
    assert reconcile(story).code == 0


@DELEGATED
def test_a_conference_that_was_taken_off_unheard_is_looked_at(story: Story) -> None:
    event = story.live()
    story.people.set_conference(ADA, event, None)
    story.simulator.push.pending.clear()
    name = f"mapping {key_of(story, event)} (demo) is live, and its event does not carry it"
    finds_once(story, f"{name}; would be marked for a look", f"{name}; marked: the calendar's next run looks")
    story.sweep()
    story.settle()
    assert story.state(event) == "leaving removed"


@DELEGATED
def test_an_event_that_carries_what_is_leaving_has_its_calendar_listed_anew(story: Story) -> None:
    event = story.live()
    until = story.now().replace(year=2099)
    change(story, MAPPINGS, key_of(story, event), state="leaving", reason="cancelled", until=until, due=until)
    name = f"mapping {key_of(story, event)} (demo) is leaving, and its event carries it"
    told = reconcile(story)
    assert told.lines[0] == f"{name}; its calendar would be listed anew"
    told = reconcile(story, do=True)
    assert told.lines[0] == f"{name}; the calendar's next run lists everything"
    assert reconcile(story).lines[0] == "1 calendar left out, whose changes are on their way."
    story.sweep()
    story.settle()
    assert story.state(event) == "live"
    assert reconcile(story).code == 0


@DELEGATED
def test_a_conference_that_no_mapping_knows_is_named_with_its_calendar_and_its_room(story: Story) -> None:
    event = story.live()
    [room] = story.simulator.rooms.having(None)
    forget(story, MAPPINGS, key_of(story, event))
    carried = f"an event of {ADA} carries a conference of ours that no mapping knows; nothing is done: "
    lines = [
        carried + "to have it followed, take it off the event and choose the solution again",
        f"room {room.id} of demo has our marker and no mapping; nothing is done: {NAMED}",
        "2 differences on 1 calendar.",
    ]
    story.live()
    assert reconcile(story, do=True) == Told(1, lines)
    assert len(story.simulator.rooms) == 2


@DELEGATED
def test_a_copy_that_was_not_taken_is_listed_anew(story: Story) -> None:
    event, copy = story.copied()
    forget(story, MAPPINGS, records.copy_key(ADA, copy, "demo", key_of(story, event)))
    what = (
        f"a copy on calendar {records.key(ADA)} shows the conference of mapping {key_of(story, event)}, and is not held"
    )
    assert reconcile(story, do=True).lines[0] == f"{what}; the calendar's next run lists everything"
    story.sweep()
    story.settle()
    assert reconcile(story).code == 0


def test_a_room_that_is_gone_is_told_again_and_shown_by_what_the_system_says(story: Story) -> None:
    event = story.live()
    [room] = story.simulator.rooms.having(None)
    story.simulator.rooms.delete(room.id)
    name = f"mapping {key_of(story, event)} (demo): its room is not found at the system"
    finds_once(story, f"{name}; would be told again", f"{name}; marked: the calendar's next run tells it all")
    story.sweep()
    story.settle()
    if not story.delegation:
        story.daily()
        story.settle()
    assert story.of(event).parked


def test_another_room_under_the_attempt_is_listed_as_an_orphan_and_not_deleted(story: Story) -> None:
    event = story.live()
    key = key_of(story, event)
    [made] = story.simulator.rooms.having(None)
    change(story, MAPPINGS, key, conference="another", room=records.room("demo", "another"))
    name = f"mapping {key} (demo): the system has another room, {made.id}, under its attempt"
    told = reconcile(story, do=True)
    assert told.lines[0] == f"{name}; listed: make orphans"
    assert [orphan.conference for orphan in story.orphans()] == [made.id]
    assert reconcile(story, do=True).lines[0] == f"{name}; done before, and waits for a run"
    assert len(story.simulator.rooms) == 1


def test_a_room_whose_way_in_was_changed_there_is_named(story: Story) -> None:
    event = story.live()
    [room] = story.simulator.rooms.having(None)
    story.simulator.rooms._rooms[room.id] = replace(room, passcode="changed")
    name = f"mapping {key_of(story, event)} (demo): its room is entered in another way than its event shows"
    told = reconcile(story, do=True)
    assert told.lines[0] == f"{name}; nothing is done: take it off the event and choose the solution again"


@pytest.mark.parametrize("state", ["gone", "failed"])
def test_a_room_that_is_there_though_its_mapping_ended_is_listed_as_an_orphan(story: Story, state: str) -> None:
    event = story.live()
    [room] = story.simulator.rooms.having(None)
    story.people.set_conference(ADA, event, None)
    change(story, MAPPINGS, key_of(story, event), state=state, reason="x", conference="", room="", pointer="")
    name = f"mapping {key_of(story, event)} (demo) is {state}, and room {room.id} is there"
    finds_once(story, f"{name}; would be listed as an orphan", f"{name}; listed: make orphans")
    [orphan] = story.orphans()
    assert (orphan.conference, orphan.event) == (room.id, event)


@RELAYED
def test_a_room_that_another_event_holds_is_no_difference_though_its_first_mapping_ended(story: Story) -> None:
    event, _ = story.copied()
    change(story, MAPPINGS, key_of(story, event), state="gone", reason="held-elsewhere", tells=False)
    assert reconcile(story).lines == ["no differences on 1 calendar."]


def test_a_room_with_our_marker_and_no_record_is_named_and_left_alone(story: Story) -> None:
    story.live()
    room, _ = story.simulator.rooms.create(Account("host@rooms.example"), {"title": "Plan", "key": ATTEMPT})
    told = reconcile(story, do=True)
    what = f"room {room.id} of demo has our marker and no mapping"
    assert told.lines == [
        f"{what}; nothing is done: delete it there when no event shows it",
        "1 difference on 1 calendar.",
    ]
    assert len(story.simulator.rooms) == 2


def test_a_calendar_with_conferences_that_nobody_follows_is_followed(story: Story) -> None:
    story.live()
    forget(story, CALENDARS, records.key(ADA))
    what = f"calendar {records.key(ADA)} has conferences, and is not followed"
    told = reconcile(story)
    assert told.lines[0] == f"{what}; its calendar would be followed"
    assert reconcile(story, do=True).lines[0].startswith(f"{what}; followed, ")
    document = story.world.store.get(CALENDARS, records.key(ADA))
    assert document
    assert records.calendar(document.body).due is not None


@DELEGATED
def test_a_calendar_that_cannot_be_read_is_named_and_the_others_are_compared(story: Story) -> None:
    story.live()
    team = story.another_calendar()
    story.settle()
    story.people.remove(team)
    story.simulator.push.pending.clear()
    told = reconcile(story)
    kept = "its conferences are kept; it is taken up when somebody with the right role uses it"
    line = f"calendar {records.key(team)} cannot be read: calendar-not-readable; nothing is done: {kept}"
    assert (told.code, told.lines) == (1, [line, "1 difference on 2 calendars. DO=1 does what is safe."])


def test_a_record_of_a_later_version_is_named_and_not_guessed_at(story: Story) -> None:
    event = story.live()
    change(story, MAPPINGS, key_of(story, event), v=2)
    told = reconcile(story, do=True)
    assert f"mapping {key_of(story, event)} cannot be read; nothing is done: it is of a later version" in told.lines


def test_a_system_that_cannot_be_asked_is_counted_and_the_end_says_so(story: Story) -> None:
    story.live()
    story.simulator.faults.add(faults.status(503), path="/rooms-api/v1/rooms", times=None)
    told = reconcile(story)
    assert told.code == 1
    assert told.lines[-1] == "no differences on 1 calendar."
    assert "to demo could not be asked: " in told.lines[-2]


@RELAYED
def test_a_system_that_does_not_answer_is_not_asked_for_each_of_many_conferences(story: Story) -> None:
    """Each question may take ten seconds: ten thousand would take a day."""
    for _ in range(8):
        story.live()
    story.simulator.faults.add(faults.status(503), path="/rooms-api/v1/rooms", times=None)
    before = len(story.simulator.requests)
    told = reconcile(story)
    assert told.lines[:-1] == [
        "5 questions to demo could not be asked: demo-503.",
        "4 questions to demo could not be asked: it did not answer those before; run this again when it does.",
    ]
    assert (told.code, len(story.simulator.requests) - before) == (1, 5)


@RELAYED
def test_a_system_that_fails_now_and_then_is_asked_for_every_conference(story: Story) -> None:
    for _ in range(12):
        story.live()
    pauses = [0]

    def pause(seconds: float) -> None:
        """Before each question: two of three fail."""
        pauses[0] += 1
        story.simulator.faults.clear()
        if pauses[0] % 3:
            story.simulator.faults.add(faults.status(503), path="/rooms-api/v1/rooms", times=None)

    told = operate(story.world, "reconcile", pause)
    [line] = [line for line in told.lines if "could not be asked" in line]
    assert line.endswith(" questions to demo could not be asked: demo-503.")
    assert int(line.partition(" ")[0]) > 5


def test_nothing_that_is_said_names_a_title_or_a_token(story: Story) -> None:
    event = story.live()
    [room] = story.simulator.rooms.having(None)
    story.simulator.rooms.delete(room.id)
    document = story.world.store.get(MAPPINGS, key_of(story, event))
    assert document
    said = "\n".join(reconcile(story, do=True).lines)
    assert said
    assert not [word for word in ("Plan", ADA, str(document.body["attempt"]), "Bearer") if word in said]


def test_an_orphan_that_is_listed_is_no_second_difference(story: Story) -> None:
    story.live()
    room, _ = story.simulator.rooms.create(Account("host@rooms.example"), {"title": "Plan", "key": ATTEMPT})
    orphan = records.OrphanRecord(
        calendar=ADA,
        event="e",
        solution="demo",
        attempt=ATTEMPT,
        reason="overtaken",
        since=story.now(),
        conference=room.id,
        due=story.now().replace(year=2099),
    )
    story.world.store.commit([Create(ORPHANS, records.key(ATTEMPT), records.to_body(orphan))])
    assert reconcile(story).code == 0
