"""The sweep: what a crash left is finished, what is over is forgotten, and it never does more than it may."""

from datetime import timedelta

import pytest

from conference.clock import Deadline
from conference.errors import StoreUnavailable
from sync import records, sweep
from sync.records import MappingRecord
from sync.store import Create, Replace
from tests.outside import Died
from tests.scenarios.story import DELEGATED, RELAYED, Story
from tests.world import ADA, KEYED, NONE, SEARCHABLE, Kind, uri

EACH_FOUND = pytest.mark.parametrize("kind", [KEYED, SEARCHABLE], ids=lambda kind: kind[0])


def crashed(story: Story, when: str, call: str = "POST /rooms-api", solution: str = "demo") -> str:
    """An event for which a create died."""
    event = story.event()
    story.instance.outside.die(when, call)
    with pytest.raises(Died):
        story.world.ask(story.instance, event, solution=solution)
    story.restart()
    return event


def put(story: Story, event: str, **fields: object) -> str:
    """Store a mapping that is due; its key."""
    key = records.key(ADA, event, "demo")
    now = story.now()
    mapping = MappingRecord(
        calendar=ADA, event=event, solution="demo", attempt=event, pointer=key, state="gone", due=now, forget=now
    )
    story.world.store.commit([Create(records.MAPPINGS, key, {**records.to_body(mapping), **fields})])
    return key


def stored(story: Story) -> int:
    """How many mappings there are."""
    return len(story.world.documents(records.MAPPINGS))


@EACH_FOUND
def test_a_claim_whose_room_was_made_is_adopted_and_offered(story: Story, kind: Kind) -> None:
    story.world.become(kind)
    event = crashed(story, "after")
    story.sweep()
    assert story.state(event) == "claimed"
    story.world.clock.advance(90)
    story.sweep()
    adopted = story.of(event)
    assert (adopted.state, adopted.conference) == ("offered", story.room().id)
    assert (adopted.room, adopted.account) == (records.room("demo", adopted.conference), "host@rooms.example")
    assert adopted.due
    assert adopted.due > story.now() + timedelta(hours=17)
    assert story.world.store.get(records.CALENDARS, records.key(ADA))
    story.calls()
    answer = story.choose(event)
    assert uri(answer) == story.room().join_url
    assert story.asked() == []
    story.sweep()
    story.settle()
    story.people.patch(ADA, event, summary="Better plan")
    story.settle()
    assert (story.state(event), story.titles()) == ("live", ["Better plan"])


def test_an_adopted_room_that_nobody_asks_for_again_is_deleted(story: Story) -> None:
    event = crashed(story, "after")
    story.simulator.triggers.follow(ADA, ADA)
    story.world.clock.advance(90)
    story.sweep()
    story.later(hours=31)
    assert (story.state(event), story.titles()) == ("gone not-used", [])


@EACH_FOUND
def test_a_claim_for_which_nothing_was_made_is_deleted(story: Story, kind: Kind) -> None:
    story.world.become(kind)
    event = crashed(story, "before")
    story.world.clock.advance(90)
    story.calls()
    story.sweep()
    assert story.asked() == ["GET room"]
    assert (story.held(event), story.orphans()) == (None, [])


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_claim_that_cannot_be_found_out_is_listed_as_an_orphan(story: Story, when: str) -> None:
    story.world.become(NONE)
    event = crashed(story, when)
    attempt = story.of(event).attempt
    story.world.clock.advance(90)
    story.calls()
    story.sweep()
    assert story.asked() == []
    assert story.held(event) is None
    [orphan] = story.orphans()
    assert (orphan.attempt, orphan.reason, orphan.conference) == (attempt, "outcome-unknown", "")


def test_f22_a_claim_at_a_system_that_knows_our_id_is_adopted_without_a_search(story: Story) -> None:
    event = crashed(story, "before", "commit replace mapping", solution="jitsi")
    story.world.clock.advance(90)
    story.sweep()
    adopted = story.held(event, solution="jitsi")
    assert adopted
    assert (adopted.state, adopted.conference, story.orphans()) == ("offered", adopted.attempt, [])


def test_a_claim_whose_solution_is_away_is_listed_as_an_orphan(story: Story) -> None:
    event = crashed(story, "after")
    story.world.solutions.pop("demo")
    story.restart()
    story.world.clock.advance(90)
    story.sweep()
    assert story.held(event) is None
    assert [orphan.reason for orphan in story.orphans()] == ["solution-gone"]


def test_a_claim_that_is_at_work_is_left_alone(story: Story) -> None:
    event = crashed(story, "after")
    story.become(event, due=story.now())
    story.calls()
    story.sweep()
    assert story.asked() == []
    claim = story.of(event)
    assert claim.due
    assert claim.until
    assert claim.due > claim.until > story.now()


@pytest.mark.parametrize("state", ["gone", "failed", "lost"])
def test_an_end_is_forgotten_when_it_is_due(story: Story, state: str) -> None:
    put(story, "due", state=state)
    put(story, "later", state=state, due=story.now() + timedelta(days=1))
    story.sweep()
    assert [document["event"] for document in story.world.documents(records.MAPPINGS)] == ["later"]


@RELAYED
def test_a_sweep_takes_on_so_many_documents_and_the_next_one_goes_on(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "MOST", 3)
    for number in range(5):
        put(story, f"e{number}")
    story.sweep()
    assert stored(story) == 2
    story.sweep()
    assert stored(story) == 0


@RELAYED
def test_a_sweep_that_has_no_time_left_does_nothing_more(story: Story) -> None:
    for number in range(3):
        put(story, f"e{number}")
    swept = story.instance.service.following._sweep  # the port beneath the route, which takes a deadline
    assert swept.run(Deadline(story.world.clock, 0.0)).documents == 0
    assert stored(story) == 3
    story.instance.outside.on("after", "commit delete mapping", lambda: story.world.clock.advance(200))
    assert swept.run(Deadline(story.world.clock, 120.0)).documents == 1
    assert stored(story) == 2


def test_f63_a_bad_document_does_not_stop_the_others(story: Story, caplog: pytest.LogCaptureFixture) -> None:
    early = story.now() - timedelta(days=1)
    put(story, "bad", state="of a later version", due=early)
    orphan = {"calendar": ADA, "due": early}
    story.world.store.commit([Create(records.ORPHANS, "bad", orphan), Create(records.CALENDARS, "bad", {"due": early})])
    put(story, "good")
    assert story.sweep() == 204
    assert [document["event"] for document in story.world.documents(records.MAPPINGS)] == ["bad"]
    assert "a mapping was not swept" in caplog.text


def test_f63_parked_values_that_cannot_be_read_do_not_stop_the_others(story: Story) -> None:
    event = story.live()
    bad = {"event": {}, "fields": ["summary"], "tries": 1, "since": story.now()}
    document = story.world.store.get(records.MAPPINGS, records.key(ADA, event, "demo"))
    assert document
    body = {**document.body, "parked": bad, "due": story.now() - timedelta(days=1)}
    story.world.store.commit([Replace(document, body)])
    put(story, "good")
    assert story.sweep() == 204
    assert stored(story) == 1
    lease = story.calendar().lease
    assert lease
    assert lease.by == ""
    story.people.patch(ADA, event, summary="Better plan")
    story.settle()
    assert (story.titles(), story.of(event).parked) == (["Better plan"], None)


def test_a_document_that_somebody_changes_meanwhile_is_left_to_the_next_sweep(story: Story) -> None:
    put(story, "one")
    put(story, "two")

    def change() -> None:
        story.instance.outside.script = lambda when, call: None
        for event in ("one", "two"):
            document = story.world.store.get(records.MAPPINGS, records.key(ADA, event, "demo"))
            assert document
            story.world.store.commit([Replace(document, document.body)])

    story.instance.outside.on("before", "commit delete mapping", change)
    assert story.sweep() == 204
    assert stored(story) == 2
    story.sweep()
    assert stored(story) == 0


@DELEGATED
def test_a_sweep_without_a_store_is_asked_for_again(story: Story) -> None:
    put(story, "one")
    story.instance.outside.fail("before", "due mapping", StoreUnavailable("store-unavailable"))
    assert story.sweep() == 503
    assert stored(story) == 1


@RELAYED
def test_what_needs_a_look_waits_for_a_trigger(story: Story) -> None:
    event = story.live()
    story.people.delete(ADA, event)
    story.settle()
    for _ in range(40):
        story.world.clock.advance(7200)
        story.sweep()
    assert (story.state(event), story.titles()) == ("leaving cancelled", ["Plan"])
    assert story.of(event).due is None
    story.daily()
    assert story.titles() == []


@DELEGATED
def test_what_needs_a_look_is_queued_and_queued_again_when_its_task_is_lost(story: Story) -> None:
    event = story.live()
    story.people.delete(ADA, event)
    story.settle()
    story.world.clock.advance(3700)
    story.sweep()
    assert len(story.simulator.cloud_tasks.tasks) == 1
    story.simulator.cloud_tasks._tasks.clear()  # Cloud Tasks loses it, which it should not
    story.world.clock.advance(4500)
    story.sweep()
    story.settle()
    assert story.titles() == []
