"""Keys are rotated whole, resumably, and beside a running function without costing anybody their connection."""

import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from conference.errors import SecretUnavailable
from conference.seal import Seal
from dev.stop import Stopped
from operations.console import Mistake
from service import Parts
from sync import records
from sync.connections import StoredConnections, connection_key
from sync.records import CONNECTIONS
from sync.store import Replace, Store
from sync.store.sqlite import SqliteStore
from tests.custodian import ADA as ADA_SUB
from tests.custodian import ROOMS, Instance, granted, key
from tests.operations.operating import Told, operate
from tests.scenarios.story import RELAYED, Story
from tests.scenarios.test_join_links import joining, link
from tests.token_endpoint import TokenEndpoint, running
from tests.visiting import Visitor
from tests.world import ADA, BOB, data

RELAYED_ZOOM = pytest.mark.parametrize("zoom", ["relay"], indirect=True)
ON_BOTH = pytest.mark.parametrize(("zoom", "open_store"), [("relay", "sqlite"), ("relay", "firestore")], indirect=True)
KEYS = "SEALING_KEYS"


@pytest.fixture
def rotated(zoom: Story, ada: Visitor, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Ada and Bob have connected Zoom under the old key; gives the way to set other keys."""
    monkeypatch.setenv(KEYS, key("old"))
    zoom.restart()
    for user in (ADA, BOB):
        assert "Zoom is connected" in Visitor(zoom, user).connect("zoom")

    def put(*names: str) -> None:
        monkeypatch.setenv(KEYS, "\n".join(map(key, names)))

    return put


def rotate(story: Story, do: bool = False, pause: Callable[[float], None] | None = None) -> Told:
    return operate(story.world, "rotate-keys", pause, do=do)


def counts(told: Told) -> list[str]:
    """The lines about keys, without their ids."""
    return [line.partition(": ")[2] for line in told.lines if line.startswith("key ")]


@ON_BOTH
def test_what_each_key_has_sealed_is_counted_and_all_is_sealed_anew(zoom: Story, rotated: Callable[..., None]) -> None:
    told = rotate(zoom)
    assert counts(told) == ["2 connections; the first, which seals"]
    assert (told.code, told.last) == (0, "no connections to seal anew.")
    rotated("new", "old")
    told = rotate(zoom)
    assert counts(told) == ["no connections; the first, which seals", "2 connections; opens"]
    assert (told.code, told.last) == (0, "2 connections to seal anew. DO=1 does.")
    assert counts(rotate(zoom)) == counts(told)
    told = rotate(zoom, do=True)
    assert (told.code, told.last) == (0, "2 sealed anew with the first key.")
    assert rotate(zoom, do=True).last == "0 sealed anew with the first key."
    rotated("new")
    assert counts(rotate(zoom)) == ["2 connections; the first, which seals"]
    zoom.restart()
    assert zoom.live(solution="zoom")


@RELAYED_ZOOM
def test_a_rotation_that_is_stopped_goes_on(zoom: Story, rotated: Callable[..., None]) -> None:
    rotated("new", "old")
    pauses = iter([None] * 3)

    def pause(seconds: float) -> None:
        if next(pauses, Stopped) is Stopped:
            raise Stopped

    with pytest.raises(Stopped):
        rotate(zoom, do=True, pause=pause)
    assert counts(rotate(zoom)) == ["1 connection; the first, which seals", "1 connection; opens"]
    assert rotate(zoom, do=True).last == "1 sealed anew with the first key."


@RELAYED_ZOOM
def test_a_connection_of_before_is_sealed_anew_when_another_record_names_its_user(
    zoom: Story, rotated: Callable[..., None]
) -> None:
    zoom.live(solution="zoom")
    _forget_whose(zoom.world.store)
    rotated("new", "old")
    told = rotate(zoom, do=True)
    assert told.code == 1
    assert told.lines[-2] == "1 sealed anew with the first key."
    assert told.last.startswith("1 of users whom no record names: each is sealed anew when it is used next.")
    assert counts(rotate(zoom)) == ["1 connection; the first, which seals", "1 connection; opens"]


@RELAYED_ZOOM
def test_what_a_lost_key_has_sealed_is_said_and_left(zoom: Story, rotated: Callable[..., None]) -> None:
    rotated("new")
    told = rotate(zoom, do=True)
    assert told.code == 1
    assert counts(told)[1].startswith("2 connections; no key of ANYROOM_KEYS; put it back")
    assert told.last == "2 do not open with any key; their users are asked to connect again."
    rotated("new", "old")
    assert rotate(zoom, do=True).last == "2 sealed anew with the first key."


@RELAYED_ZOOM
def test_keys_that_cannot_be_read_are_said(zoom: Story, rotated: Callable[..., None]) -> None:
    rotated()
    with pytest.raises(SecretUnavailable, match="secret sealing-keys: empty"):
        rotate(zoom)


@RELAYED
def test_without_keys_there_is_nothing_to_rotate(story: Story) -> None:
    with pytest.raises(Mistake, match="ANYROOM_KEYS is not set, and nothing is sealed"):
        rotate(story)


@RELAYED_ZOOM
def test_a_connection_that_is_being_renewed_is_waited_for(zoom: Story, rotated: Callable[..., None]) -> None:
    rotated("new", "old")
    for document in zoom.world.store.page(CONNECTIONS, 10):
        mark = {"by": "another", "until": zoom.now()}
        zoom.world.store.commit([Replace(document, {**document.body, "refreshing": mark})])
    waited: list[float] = []

    def pause(seconds: float) -> None:
        zoom.world.clock.advance(seconds)
        waited.append(seconds)

    assert rotate(zoom, do=True, pause=pause).last == "2 sealed anew with the first key."
    assert 25 < sum(waited) < 60


@RELAYED_ZOOM
def test_a_connection_that_changes_just_then_is_sealed_anew_as_it_now_is(
    zoom: Story, rotated: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    rotated("new", "old")
    seal, changed = Seal.seal, iter(zoom.world.store.page(CONNECTIONS, 1))

    def change_meanwhile(self: Seal, text: str, *place: str) -> str:
        for document in changed:
            zoom.world.store.commit([Replace(document, {**document.body, "reason": "changed"})])
        return seal(self, text, *place)

    monkeypatch.setattr(Seal, "seal", change_meanwhile)
    assert rotate(zoom, do=True).last == "2 sealed anew with the first key."
    reasons = {document.body["reason"] for document in zoom.world.store.page(CONNECTIONS, 10)}
    assert reasons == {"", "changed"}


@RELAYED_ZOOM
def test_nothing_that_is_said_names_a_person_or_a_token(zoom: Story, rotated: Callable[..., None]) -> None:
    rotated("new", "old")
    said = "\n".join([*rotate(zoom).lines, *rotate(zoom, do=True).lines])
    sub = zoom.simulator.identity.subject(ADA)
    [held] = StoredConnections(zoom.world.store).of_user(sub)
    assert not [word for word in (ADA, sub, held.connection.sealed, key("new")) if word in said]


@RELAYED
def test_join_links_are_sealed_anew_and_stay_the_same(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    joining(story, monkeypatch)
    monkeypatch.setenv(KEYS, key("old"))
    story.restart()
    event = story.live(solution="rooms")
    monkeypatch.setenv(KEYS, f"{key('new')}\n{key('old')}")
    told = rotate(story)
    assert counts(told) == ["no connections; the first, which seals", "no connections and 1 join link; opens"]
    assert told.last == "no connections and 1 join link to seal anew. DO=1 does."
    assert rotate(story, do=True).last == "1 sealed anew with the first key."
    monkeypatch.setenv(KEYS, key("new"))
    assert counts(rotate(story)) == ["no connections and 1 join link; the first, which seals"]
    story.restart()
    again = data(story.world.ask(story.instance, event, solution="rooms"))
    assert link(story, event) in {one["uri"] for one in again["entryPoints"]}


@RELAYED
def test_a_join_link_of_a_lost_key_is_counted_and_left_alone(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    joining(story, monkeypatch)
    monkeypatch.setenv(KEYS, key("old"))
    story.restart()
    story.live(solution="rooms")
    monkeypatch.setenv(KEYS, key("new"))
    assert "nobody is given these join links once more" in counts(rotate(story))[1]
    told = rotate(story, do=True)
    assert (told.code, told.last) == (1, "1 join link with a key that is lost: they work, and are not given once more.")


def _forget_whose(store: Store) -> None:
    """Have the connections be as the version before has written them."""
    for document in store.page(CONNECTIONS, 100):
        body = {name: value for name, value in document.body.items() if name != "whose"}
        store.commit([Replace(document, body)])


def test_a_refresh_whose_connection_is_sealed_anew_meanwhile_is_not_lost(tmp_path: Path) -> None:
    """Between the server's answer and the commit: only the new refresh token is good, and the process has it alone."""
    with running(TokenEndpoint()) as endpoint, closing(SqliteStore(str(tmp_path / "anyroom.db"))) as store:
        grant, issued = endpoint.grant()
        instance = Instance(store, endpoint.url)
        instance.tokens.connect(ADA_SUB, ROOMS, granted(issued))
        instance.clock.advance(3500)
        instance.outside.on("after", "POST", lambda: _seal_anew(instance, store))
        instance.token()
        assert instance.kept_refresh_token() == grant.newest


def _seal_anew(instance: Instance, store: Store) -> None:
    document = store.get(CONNECTIONS, connection_key(ADA_SUB, ROOMS))
    assert document
    record = records.connection(document.body)
    place = ("connection", ADA_SUB, ROOMS)
    sealed = instance.seal.seal(instance.seal.open(record.sealed, *place), *place)
    store.commit([Replace(document, {**document.body, "sealed": sealed})])
    instance.outside.script = lambda when, call: None


def test_functions_that_renew_their_tokens_meanwhile_keep_every_connection(
    zoom: Story, rotated: Callable[..., None]
) -> None:
    """Two instances renew as often as they can while keys are rotated again and again."""
    zoom.world.clock.waits = True
    zoom.live(solution="zoom")
    ended = threading.Event()
    failures: list[BaseException] = []

    sub = zoom.simulator.identity.subject(ADA)

    def renew(parts: Parts) -> None:
        assert parts.tokens
        bearer = parts.tokens.bearer("zoom", sub)
        try:
            token = ""
            while not ended.is_set():
                token = bearer.renewed(token, parts.secret, zoom.incoming("", "", b"").deadline)
        except Exception as failure:  # noqa: BLE001  # whatever it is, the test fails of it
            failures.append(failure)

    rotated("new", "old")
    threads = [threading.Thread(target=renew, args=(zoom.world.instance().service.parts(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for names in (("new", "old"), ("old", "new")) * 4:
            rotated(*names)
            rotate(zoom, do=True, pause=lambda seconds: None)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert Visitor(zoom).settings().count("Connect again") == 0
    [held] = StoredConnections(zoom.world.store).of_user(sub)
    assert held.connection.state == "connected"
