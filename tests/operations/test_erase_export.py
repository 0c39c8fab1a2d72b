"""A user's or a domain's data: exported without what lets its reader act, and erased with tokens given back."""

import json
from pathlib import Path
from typing import Any

import pytest

from operations.console import Mistake
from simulator import faults
from sync import records
from sync.connections import StoredConnections
from sync.records import CALENDARS, CONNECTIONS, MAPPINGS
from sync.store import Replace
from tests.operations.operating import operate
from tests.scenarios.story import BOTH_STORES, DELEGATED, RELAYED, Story
from tests.visiting import Visitor
from tests.world import ADA, BOB

ON_BOTH = pytest.mark.parametrize(
    ("zoom", "open_store"), [("relay", "sqlite"), ("delegation", "firestore")], indirect=True
)
RELAYED_ZOOM = pytest.mark.parametrize("zoom", ["relay"], indirect=True)


def sub_of(zoom: Story, user: str = ADA) -> str:
    document = zoom.world.store.get(CALENDARS, records.key(user))
    assert document
    keeper = records.calendar(document.body).keeper
    assert keeper
    return keeper.sub


def stored(zoom: Story) -> dict[str, int]:
    return {kind: len(zoom.world.store.page(kind, 1000)) for kind in (MAPPINGS, CALENDARS, CONNECTIONS)}


def given_back(zoom: Story) -> list[str]:
    return [str(request) for request in zoom.simulator.requests.under("/zoom/oauth/revoke")]


@ON_BOTH
def test_a_user_is_erased_with_their_tokens_given_back_and_nobody_else(zoom: Story, ada: Visitor) -> None:
    zoom.live(solution="zoom")
    zoom.live()
    bob = Visitor(zoom, BOB)
    bob.connect("zoom")
    zoom.live(BOB, user=BOB)
    before, rooms = stored(zoom), zoom.titles()
    dry = operate(zoom.world, "erase", user=ADA)
    would = "DO=1 erases them and gives tokens back; conferences stay where they are."
    assert (dry.code, dry.lines) == (0, [f"Of {ADA}: 1 calendar, 1 connection, 2 mappings. {would}"])
    assert (stored(zoom), given_back(zoom)) == (before, [])
    told = operate(zoom.world, "erase", user=ADA, do=True)
    assert told.lines == [f"Of {ADA}: 1 calendar, 1 connection, 2 mappings erased; conferences stay where they are."]
    assert told.code == 0
    assert stored(zoom) == {MAPPINGS: 1, CALENDARS: 1, CONNECTIONS: 1}
    assert given_back(zoom)
    assert zoom.titles() == rooms
    again = operate(zoom.world, "erase", user=ADA, do=True)
    assert (again.code, again.last.startswith(f"Nothing is stored of {ADA}, ")) == (1, True)
    assert stored(zoom) == {MAPPINGS: 1, CALENDARS: 1, CONNECTIONS: 1}


@RELAYED_ZOOM
def test_who_has_only_connected_is_erased_by_number(zoom: Story, ada: Visitor) -> None:
    assert operate(zoom.world, "erase", user=ADA, do=True).code == 1
    sub = zoom.simulator.identity.subject(ADA)
    assert operate(zoom.world, "erase", user=sub).lines[0].startswith(f"Of user {sub}: 1 connection. ")
    assert operate(zoom.world, "erase", user=sub, do=True).code == 0
    assert stored(zoom)[CONNECTIONS] == 0


@RELAYED
@pytest.mark.parametrize("name", ["erase", "export"])
def test_the_address_of_an_account_that_several_share_names_no_user(story: Story, name: str, tmp_path: Path) -> None:
    for user in (ADA, BOB):
        event = story.live(user, user=user)
        document = story.world.store.get(MAPPINGS, records.key(user, event, "demo"))
        assert document
        story.world.store.commit([Replace(document, {**document.body, "account": "rooms@example.com"})])
    told = operate(story.world, name, user="rooms@example.com", do=True, file=str(tmp_path / "f.json"))
    assert told.code == 1
    assert told.last.startswith("2 more name such an account at a conferencing system, but not whose it is: left out. ")
    assert len(story.world.store.page(MAPPINGS, 1000)) == 2


@RELAYED_ZOOM
def test_a_token_that_the_system_does_not_take_back_is_said(zoom: Story, ada: Visitor) -> None:
    zoom.live(solution="zoom")
    zoom.simulator.faults.add(faults.status(500, b"{}"), path="/zoom/oauth/revoke", times=None)
    told = operate(zoom.world, "erase", user=ADA, do=True)
    assert told.last.startswith("1 user: a system did not confirm that it takes the tokens no more; ")
    assert stored(zoom)[CONNECTIONS] == 0


@BOTH_STORES
@RELAYED
def test_a_domain_is_its_users_and_what_is_on_their_calendars(story: Story) -> None:
    story.world.simulator.add_user("eve@other.example")
    story.live()
    made = story.live(BOB, user=BOB)
    by_another = story.world.store.get(MAPPINGS, records.key(BOB, made, "demo"))
    assert by_another
    story.world.store.commit([Replace(by_another, {**by_another.body, "user": "9001", "keeper": ""})])
    story.live("eve@other.example", user="eve@other.example")
    dry = operate(story.world, "erase", domain="example.com")
    assert dry.lines[0].startswith("Of example.com: 2 calendars, 2 mappings. ")
    assert operate(story.world, "erase", domain="ample.com").code == 1
    assert operate(story.world, "erase", domain="example.com", do=True).code == 0
    [left] = story.world.store.page(MAPPINGS, 1000)
    assert left.body["calendar"] == "eve@other.example"
    assert len(story.world.store.page(CALENDARS, 1000)) == 1


@RELAYED_ZOOM
def test_an_export_has_everything_but_what_lets_its_reader_act(zoom: Story, ada: Visitor, tmp_path: Path) -> None:
    zoom.live(solution="zoom")
    zoom.live(BOB, user=BOB)
    path = tmp_path / "ada.json"
    told = operate(zoom.world, "export", user=ADA, file=str(path))
    assert (told.code, told.last) == (0, f"{path}: 1 calendar, 1 connection, 1 mapping.")
    assert path.stat().st_mode & 0o777 == 0o600
    exported: dict[str, Any] = json.loads(path.read_bytes())
    assert exported["users"] == [{"number": sub_of(zoom), "address": ADA}]
    assert {one["kind"] for one in exported["records"]} == {MAPPINGS, CALENDARS}
    assert exported["connections"][0]["solution"] == "zoom"
    assert exported["connections"][0]["address"]
    [held] = StoredConnections(zoom.world.store).of_user(sub_of(zoom))
    text = path.read_text("utf-8")
    assert held.connection.sealed not in text
    assert BOB not in text


@DELEGATED
def test_an_export_holds_no_proof_of_a_push_channel(story: Story, tmp_path: Path) -> None:
    story.live()
    document = story.world.store.get(CALENDARS, records.key(ADA))
    assert document
    channel = records.calendar(document.body).channel
    assert channel
    path = tmp_path / "ada.json"
    operate(story.world, "export", user=ADA, file=str(path))
    assert channel.id in path.read_text("utf-8")
    assert channel.token not in path.read_text("utf-8")


@RELAYED
def test_an_export_replaces_no_file_and_leaves_none_when_there_is_nothing(story: Story, tmp_path: Path) -> None:
    path = tmp_path / "ada.json"
    assert operate(story.world, "export", user=ADA, file=str(path)).code == 1
    assert list(tmp_path.glob("ada*")) == []
    path.write_text("mine")
    story.live()
    with pytest.raises(Mistake, match="is there already"):
        operate(story.world, "export", user=ADA, file=str(path))
    assert path.read_text() == "mine"


@RELAYED
@pytest.mark.parametrize("asked", [{}, {"user": ADA, "domain": "example.com"}])
def test_one_of_user_and_domain_is_named(story: Story, asked: dict[str, Any]) -> None:
    with pytest.raises(Mistake, match="Name one of USER=ADDRESS"):
        operate(story.world, "erase", **asked)
