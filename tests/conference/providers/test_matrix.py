"""Matrix rooms, made and renamed on the real Synapse: one for each attempt, and every refusal told apart."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from conference.errors import CredentialsRefused, InvalidSetting, OutcomeUnknown, Permanent, Temporary
from conference.event import PLACEHOLDER_TITLE
from conference.providers import matrix as provider
from conference.providers import read_options
from conference.providers.base import Conference
from tests.conference.providers.homeserver import CALL, Homeserver, guest, homeserver, is_creation
from tests.contracts.providers.conftest import new_attempt
from tests.contracts.providers.events import EVENT
from tests.contracts.providers.harnesses.matrix import rooms
from tests.contracts.providers.synapse import SERVER_NAME
from tests.contracts.providers.wire import Answer, changes, says

__all__ = ["guest", "homeserver"]


@pytest.mark.parametrize(
    ("join_url", "before"),
    [
        (CALL, "https://call.example.org/room/#"),
        ("https://app.element.io/#/room/%23{alias}", "https://app.element.io/#/room/%23"),
        ("https://matrix.to/#/%23{alias}?via=example.org", "https://matrix.to/#/%23"),
    ],
)
def test_the_link_has_the_alias_on_the_account_s_homeserver(homeserver: Homeserver, join_url: str, before: str) -> None:
    [video] = homeserver.create(join_url=join_url).entry_points

    assert video.uri.partition("?")[0] == f"{before}{homeserver.attempt}:{SERVER_NAME}"
    assert not video.passcode


def test_the_id_is_a_hash_of_something_that_cannot_be_guessed(homeserver: Homeserver) -> None:
    room = homeserver.create().id

    assert homeserver.attempt in homeserver.read(room, "m.room.create").values()


def test_a_room_takes_two_requests_and_its_token_stands_in_a_header_only(homeserver: Homeserver) -> None:
    homeserver.create()

    assert homeserver.requests() == ["GET whoami", "POST createRoom"]
    token = homeserver.account.token
    assert {asked.headers["Authorization"] for asked in homeserver.wire.asked} == {f"Bearer {token}"}
    assert not [asked for asked in homeserver.wire.asked if token in asked.target or token.encode() in asked.body]


def test_creates_at_the_same_time_give_one_room(homeserver: Homeserver) -> None:
    with ThreadPoolExecutor(4) as together:
        made = set(together.map(lambda _: homeserver.create(), range(4)))

    assert len(made) == 1
    assert rooms(homeserver.synapse, homeserver.account) == [made.pop().id]


def test_a_create_that_meets_another_one_gives_what_that_has_made(homeserver: Homeserver) -> None:
    made = homeserver.create()
    taken = {"errcode": "M_UNKNOWN", "error": f"Room alias {homeserver.alias} already exists"}
    homeserver.wire.spoil(says(Answer.json(409, taken)), is_creation)

    assert homeserver.create() == made


def test_an_alias_that_is_free_again_can_be_asked_for_again(homeserver: Homeserver) -> None:
    homeserver.wire.spoil(says(Answer.json(400, {"errcode": "M_ROOM_IN_USE", "error": "taken"})), is_creation)

    with pytest.raises(Temporary) as failure:
        homeserver.create()
    assert failure.value.reason == "alias-gone"


def test_the_homeserver_s_own_limit_says_how_long_it_holds(homeserver: Homeserver) -> None:
    limited = homeserver.synapse.register()
    made = [provider.create(EVENT, new_attempt(), homeserver.call(limited)) for _ in range(2)]

    with pytest.raises(Temporary) as failure:
        provider.create(EVENT, new_attempt(), homeserver.call(limited))
    assert len(made) == 2
    assert failure.value.reason == "matrix-M_LIMIT_EXCEEDED"
    assert 900 < (failure.value.retry_after or 0) <= 1000


LIMITED = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests"}


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (Answer.json(429, {**LIMITED, "retry_after_ms": 2500}), 2.5),
        (Answer.json(429, {**LIMITED, "retry_after_ms": 2500}, Retry_After="3"), 3),
        (Answer.json(429, LIMITED, Retry_After="4"), 4),
        (Answer.json(429, LIMITED), None),
        (Answer.json(429, {**LIMITED, "retry_after_ms": 10**12}), 3600),
        (Answer.json(429, {**LIMITED, "retry_after_ms": "soon"}), None),
        (Answer.json(429, {**LIMITED, "retry_after_ms": -1}), None),
        (Answer(429, b"<html>", {"Retry-After": "5"}), 5),
        (Answer(429, b"<html>"), None),
    ],
)
def test_a_limit_is_kept_wherever_its_end_is_told(homeserver: Homeserver, answer: Answer, seconds: float) -> None:
    homeserver.wire.spoil(says(answer), is_creation)

    with pytest.raises(Temporary) as failure:
        homeserver.create()
    assert not isinstance(failure.value, OutcomeUnknown)
    assert (failure.value.reason, failure.value.retry_after) == ("matrix-M_LIMIT_EXCEEDED", seconds)


def test_a_token_that_was_revoked_and_one_that_has_expired_are_told_apart(homeserver: Homeserver) -> None:
    homeserver.say(homeserver.account, "POST", "logout", {})
    with pytest.raises(CredentialsRefused) as revoked:
        homeserver.create()
    expired = changes(lambda answer: {**answer, "soft_logout": True})
    homeserver.wire.spoil(expired)
    with pytest.raises(CredentialsRefused) as soft:
        homeserver.create()

    assert revoked.value.reason == "matrix-M_UNKNOWN_TOKEN"
    assert soft.value.reason == "matrix-soft-logout"


def test_the_name_is_told_and_the_topic_is_left_alone(homeserver: Homeserver) -> None:
    conference = homeserver.create()
    homeserver.tell(conference, "Another", "Not told", "summary")

    assert homeserver.read(conference.id, "m.room.name")["name"] == "Another"
    assert homeserver.read(conference.id, "m.room.topic")["topic"] == EVENT.description


def test_the_topic_is_told_and_the_name_is_left_alone(homeserver: Homeserver) -> None:
    conference = homeserver.create()
    homeserver.tell(conference, "Not told", "Another", "description")

    assert homeserver.read(conference.id, "m.room.name")["name"] == EVENT.summary
    assert homeserver.read(conference.id, "m.room.topic")["topic"] == "Another"


def test_what_an_event_has_no_more_is_taken_away(homeserver: Homeserver) -> None:
    conference = homeserver.create()
    homeserver.tell(conference, "", "", "summary", "description")

    assert homeserver.read(conference.id, "m.room.name")["name"] == PLACEHOLDER_TITLE
    assert homeserver.read(conference.id, "m.room.topic")["topic"] == ""


def test_an_event_s_longest_texts_fit(homeserver: Homeserver) -> None:
    limits = provider.PROVIDER.limits
    name, topic = "\0" * (limits.summary or 0), "\U0001f469" * ((limits.description or 0) // 2)
    event = replace(EVENT, summary=name, description=topic)
    conference = provider.create(event, homeserver.attempt, homeserver.call())

    assert homeserver.read(conference.id, "m.room.name")["name"] == name
    assert homeserver.read(conference.id, "m.room.topic")["topic"] == topic


@pytest.mark.parametrize(
    "user",
    [
        "@x:evil.example/#/room/",
        "@x:evil.example?roomId=!other",
        "@x:evil.example#",
        "@x:evil.example ",
        "@x:evil.example\n",
        "@x",
        "x:evil.example",
        "@x:",
        f"@x:{'e' * 300}",
        7,
    ],
)
def test_a_homeserver_that_calls_itself_something_odd_gets_no_room(homeserver: Homeserver, user: object) -> None:
    homeserver.wire.spoil(changes(lambda me: {**me, "user_id": user}), lambda asked: asked.path.endswith("/whoami"))

    with pytest.raises(Temporary):
        homeserver.create()
    assert rooms(homeserver.synapse, homeserver.account) == []


@pytest.mark.parametrize("server", ["[2001:db8::1]:8448", "example.org:8448", "192.0.2.7"])
def test_every_form_of_a_homeserver_s_name_makes_a_link(homeserver: Homeserver, server: str) -> None:
    homeserver.wire.spoil(
        changes(lambda me: {**me, "user_id": f"@x:{server}"}), lambda asked: asked.path.endswith("/whoami")
    )

    [video] = homeserver.create().entry_points
    assert video.uri.endswith(f"#{homeserver.attempt}:{quote(server, safe=':')}")


@pytest.mark.parametrize("room", ["", "x", "!", "! x", "!\n", "#alias:example.org", f"!{'x' * 255}", None])
def test_an_id_that_is_none_is_refused(homeserver: Homeserver, room: object) -> None:
    homeserver.wire.spoil(changes(lambda made: {"room_id": room}), is_creation)

    with pytest.raises(OutcomeUnknown):
        homeserver.create()


def test_an_id_with_signs_in_it_stays_one_part_of_the_path(homeserver: Homeserver) -> None:
    conference = Conference("!../../_synapse/admin?x=#y", ())

    with pytest.raises(Permanent):
        homeserver.tell(conference, "x", "", "summary")
    assert homeserver.wire.asked[0].target.startswith("/_matrix/client/v3/rooms/%21..%2F..%2F_synapse%2Fadmin%3Fx")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "matrix.example.org"}, "url"),
        ({"url": "https://matrix.example.org/?a"}, "url"),
        ({"join_url": "https://call.example.org/room/"}, "join_url"),
        ({"join_url": "https://call.example.org/room/#{alias}?again={alias}"}, "join_url"),
        ({"join_url": "javascript:{alias}"}, "join_url"),
        ({"join_url": "https://{alias}.evil.example/"}, "join_url"),
        ({"join_url": "https://evil.example{alias}"}, "join_url"),
        ({"join_url": "https://x@evil.example/#{alias}"}, "join_url"),
        ({"join_url": "https://app.element.io/#/room/#{alias}"}, "join_url"),
        ({"join_url": "https://app.element.io/#/ room/{alias}"}, "join_url"),
        ({"moderators": ["support"]}, "moderators"),
        ({"moderators": ["@support:example.org", "#room:example.org"]}, "moderators"),
        ({"moderators": f"@{'x' * 255}:example.org"}, "moderators"),
        ({"moderators": [f"@{'x' * 255}:example.org"]}, "moderators"),
        ({"lobby": True}, "moderators"),
        ({"admin": "yes"}, "admin"),
    ],
)
def test_options_that_make_no_sense_are_refused(change: dict[str, Any], field: str) -> None:
    table = {"url": "https://matrix.example.org", "join_url": CALL, "access_token": "t"}

    with pytest.raises(InvalidSetting) as refused:
        read_options("matrix", table | change, "[solutions.m]")
    assert refused.value.reason == f"[solutions.m] {field}"
