"""A link to our join page follows its event as any conference does: moved, cancelled, undone, copied, made again."""

import base64
from datetime import timedelta
from typing import Any

import pytest

from conference.browser import Sent
from conference.providers.base import Conference
from simulator import builder
from sync import records
from tests.browsing import ENVIRONMENT
from tests.outside import Died
from tests.scenarios.story import BOTH_STORES, Story
from tests.visiting import Visitor
from tests.world import ADA, BOB, LOGO, World, data, uri

ROOMS = "rooms"


@pytest.fixture
def story(story: Story, monkeypatch: pytest.MonkeyPatch) -> Story:
    """A story with rooms that are entered by our page, an hour before they begin."""
    return joining(story, monkeypatch)


def joining(story: Story, monkeypatch: pytest.MonkeyPatch) -> Story:
    world: World = story.world
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    world.environment |= {name: value for name, value in ENVIRONMENT.items() if name.startswith("ANYROOM_")}
    world.solutions[ROOMS] = {
        "provider": "demo",
        "name": "Rooms",
        "logo": LOGO,
        "url": world.simulator.url,
        "join_page": True,
        "opens": "1h",
    }
    world.simulator.register_clients(world.environment["ANYROOM_PUBLIC_URL"])
    story.restart()
    return story


def link(story: Story, event: str, calendar: str = ADA) -> str:
    """The link that the event carries."""
    [uri] = [
        one["uri"]
        for one in story.people.get(calendar, event)["conferenceData"]["entryPoints"]
        if one["entryPointType"] == "video"
    ]
    return str(uri)


def is_in(sent: Sent) -> bool:
    return sent.status == 303


def move(story: Story, event: str, **when: Any) -> None:
    story.people.patch(ADA, event, **story.times(**when))
    story.settle()


def test_guests_wait_for_the_time_to_which_the_event_was_moved(story: Story) -> None:
    event, guest = story.live(solution=ROOMS), Visitor(story)

    story.world.clock.advance(timedelta(hours=23, minutes=30).total_seconds())
    assert is_in(guest.enter(link(story, event)))
    move(story, event, days=2)
    assert not is_in(guest.enter(link(story, event)))


def test_a_cancelled_event_keeps_its_link_through_the_grace_and_no_longer(story: Story) -> None:
    event, guest = story.live(solution=ROOMS), Visitor(story)
    kept = link(story, event)

    story.people.delete(ADA, event)
    story.settle()
    assert guest.open(kept.partition("8080")[2]).status == 200
    story.later(hours=2)
    assert guest.open(kept.partition("8080")[2]).status == 404


def test_a_conference_that_was_taken_off_is_entered_no_more(story: Story) -> None:
    event, guest = story.live(solution=ROOMS), Visitor(story)
    kept = link(story, event)

    story.people.set_conference(ADA, event, None)
    story.settle()
    story.later(hours=2)
    assert guest.open(kept.partition("8080")[2]).status == 404


def test_a_copy_has_the_same_link_and_guests_enter_when_either_begins(story: Story) -> None:
    event = story.live(solution=ROOMS)
    copy = story.people.duplicate(ADA, event, summary="Plan B", **story.times(days=3))
    story.settle()
    guest = Visitor(story)

    assert link(story, copy) == link(story, event)
    assert not is_in(guest.enter(link(story, event)))
    story.world.clock.advance(timedelta(days=1).total_seconds())
    assert is_in(guest.enter(link(story, event)))
    story.world.clock.advance(timedelta(days=1).total_seconds())
    assert not is_in(guest.enter(link(story, event)))
    story.world.clock.advance(timedelta(days=1).total_seconds())
    assert is_in(guest.enter(link(story, event)))


def test_a_restored_event_has_its_link_again(story: Story) -> None:
    story.world.idempotency = "chosen"
    story.simulator.rooms.mode = "chosen"
    story.restart()
    event = story.live(solution=ROOMS)
    kept = link(story, event)

    story.delete_for_good(event)
    story.people.restore(ADA, event)
    story.settle()
    assert story.of(event, solution=ROOMS).state == "live"
    assert Visitor(story).open(kept.partition("8080")[2]).status == 200


def test_a_draft_has_no_time_and_keeps_nobody_out_until_it_is_saved(story: Story) -> None:
    answer = story.world.ask(story.instance, "draft1", solution=ROOMS)
    [uri] = [one["uri"] for one in data(answer)["entryPoints"] if one["entryPointType"] == "VIDEO"]

    assert is_in(Visitor(story).enter(uri))


def test_only_who_asked_and_the_keeper_are_hosts_not_whom_the_event_names(story: Story) -> None:
    event = story.live(solution=ROOMS, attendees=[{"email": BOB}])
    ada, bob = Visitor(story), Visitor(story, BOB)
    path = link(story, event).partition("8080")[2]

    assert "host this meeting" in ada.open(f"{path}?host=1").content.decode()
    assert "no host of this meeting" in bob.open(f"{path}?host=1").content.decode()


@BOTH_STORES
@pytest.mark.parametrize("story", ["relay"], indirect=True)
def test_the_link_is_found_in_the_store_by_its_hash(story: Story) -> None:
    event = story.live(solution=ROOMS)

    assert Visitor(story).open(link(story, event).partition("8080")[2]).status == 200


@pytest.mark.parametrize("call", ["POST /rooms-api/v1/rooms", "commit create mapping"])
@pytest.mark.parametrize("story", ["relay"], indirect=True)
def test_who_takes_over_from_a_process_that_died_gives_the_same_link(story: Story, call: str) -> None:
    event, links = story.event(), []

    def made(conference: Conference) -> Conference:
        links.append(conference.entry_points[0].uri)
        return conference

    story.world.made = made
    story.instance.outside.die("after", call)
    with pytest.raises(Died):
        story.world.ask(story.instance, event, solution=ROOMS)
    story.restart()
    story.world.clock.advance(61)
    answer = story.world.ask(story.instance, event, solution=ROOMS)
    builder.check(answer.body, "script", ROOMS)
    assert {one["uri"] for one in data(answer)["entryPoints"] if one["entryPointType"] == "VIDEO"} == set(links[-1:])
    assert len(set(links)) == 1


@pytest.mark.parametrize("story", ["relay"], indirect=True)
def test_with_a_lost_key_links_still_work_and_are_not_given_again(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = story.live(solution=ROOMS)
    path = link(story, event).partition("8080")[2]
    monkeypatch.setenv("SEALING_KEYS", base64.b64encode(bytes(range(32))).decode())
    story.restart()

    answer = story.world.ask(story.instance, event, solution=ROOMS)
    assert answer.body["conferenceData"]["error"]["conferenceErrorType"] == "PERMANENT"
    move(story, event, days=2)
    assert records.kept(story.of(event, solution=ROOMS)).link
    assert Visitor(story).open(path).status == 200


@pytest.mark.parametrize("story", ["relay"], indirect=True)
def test_who_chooses_a_solution_again_is_given_the_way_in_that_it_has_now(story: Story) -> None:
    event = story.live(solution=ROOMS, **story.times(days=2))
    joining = story.world.solutions[ROOMS]
    plain = {name: value for name, value in joining.items() if name not in ("join_page", "opens")}

    for solution, joins in ((plain, False), (joining, True)):
        story.world.solutions[ROOMS] = solution
        story.restart()
        answer = story.choose(event, solution=ROOMS)
        story.settle()
        assert ("/join/" in uri(answer)) == joins
        assert data(story.world.ask(story.instance, event, solution=ROOMS)) == data(answer), "and then it stays so"
    story.later(days=2)
    assert is_in(Visitor(story).enter(link(story, event)))
    assert story.world.rooms() == 1, "what is in no event any more was deleted"


def test_a_link_leads_there_again_as_soon_as_its_solution_is_configured_again(story: Story) -> None:
    event = story.live(solution=ROOMS)
    path = link(story, event).partition("8080")[2]
    rooms = story.world.solutions.pop(ROOMS)
    story.restart()
    move(story, event, days=2)
    assert story.of(event, solution=ROOMS).state == "unmanaged"
    assert Visitor(story).open(path).status == 404

    story.world.solutions[ROOMS] = rooms
    story.restart()
    assert Visitor(story).open(path).status == 200


@pytest.mark.parametrize("story", ["relay"], indirect=True)
def test_who_chooses_again_after_we_moved_is_given_our_new_address(story: Story) -> None:
    event = story.live(solution=ROOMS)
    old = link(story, event)
    story.world.environment["ANYROOM_PUBLIC_URL"] = "http://localhost:9090"
    story.restart()

    assert uri(story.world.ask(story.instance, event, solution=ROOMS)) == old.replace("8080", "9090")
