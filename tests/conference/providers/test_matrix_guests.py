"""What guests of a Matrix room may do, on the real Synapse: take part, and take nothing over."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest

from tests.conference.providers.homeserver import Homeserver, guest, homeserver
from tests.contracts.providers.events import EVENT
from tests.contracts.providers.harnesses.matrix import state
from tests.contracts.providers.synapse import Account
from tests.thorough import takes_long

pytestmark = takes_long

__all__ = ["guest", "homeserver"]


def test_whoever_has_the_link_enters_and_nobody_finds_the_room_in_a_directory(
    homeserver: Homeserver, guest: Account
) -> None:
    conference = homeserver.create()

    public = homeserver.synapse.ask("GET", "publicRooms", guest.token)[1]["chunk"]
    assert conference.id not in [room["room_id"] for room in public]
    assert homeserver.join(guest) == 200
    assert state(homeserver.synapse, guest, conference.id, "name") == EVENT.summary


def test_guests_take_part_in_the_call_and_talk(homeserver: Homeserver, guest: Account) -> None:
    room = homeserver.create().id
    homeserver.join(guest)

    assert homeserver.take_part(guest, room, guest.id) == 200
    message = {"msgtype": "m.text", "body": "hello"}
    assert homeserver.say(guest, "PUT", f"rooms/{quote(room)}/send/m.room.message/1", message) == 200


def test_who_takes_part_under_their_own_id_is_safe_from_others(homeserver: Homeserver, guest: Account) -> None:
    room = homeserver.create().id
    homeserver.join(guest)
    path = f"rooms/{quote(room)}/state/org.matrix.msc3401.call.member"

    assert homeserver.say(guest, "PUT", f"{path}/{quote(guest.id)}", {}) == 200
    assert homeserver.say(guest, "PUT", f"{path}/{quote(homeserver.account.id)}", {}) == 403


def test_a_guest_without_an_account_takes_part_too(homeserver: Homeserver) -> None:
    room = homeserver.create().id
    made = homeserver.synapse.ask("POST", "register?kind=guest", body={})[1]
    visitor = Account(made["user_id"], made["access_token"])

    assert homeserver.join(visitor) == 200
    assert homeserver.take_part(visitor, room, visitor.id) == 200


TAKING_OVER: Mapping[str, Mapping[str, Any]] = {
    "m.room.name": {"name": "ours"},
    "m.room.topic": {"topic": "ours"},
    "m.room.avatar": {"url": "mxc://example.org/x"},
    "m.room.power_levels": {"users_default": 100},
    "m.room.join_rules": {"join_rule": "invite"},
    "m.room.guest_access": {"guest_access": "forbidden"},
    "m.room.history_visibility": {"history_visibility": "world_readable"},
    "m.room.canonical_alias": {"alt_aliases": []},
    "m.room.encryption": {"algorithm": "m.megolm.v1.aes-sha2"},
    "m.room.server_acl": {"allow": ["*"]},
    "m.room.tombstone": {"body": "gone", "replacement_room": "!other:example.org"},
    "im.vector.modular.widgets/x": {"type": "m.custom", "url": "https://evil.example/"},
}


@pytest.mark.parametrize("kind", TAKING_OVER)
def test_guests_cannot_change_the_room(homeserver: Homeserver, guest: Account, kind: str) -> None:
    room = homeserver.create().id
    homeserver.join(guest)

    assert homeserver.say(guest, "PUT", f"rooms/{quote(room)}/state/{kind}", TAKING_OVER[kind]) == 403


@pytest.mark.parametrize("verb", ["invite", "kick", "ban"])
def test_guests_have_no_say_in_who_is_there(homeserver: Homeserver, guest: Account, verb: str) -> None:
    room, other = homeserver.create().id, homeserver.synapse.register()
    homeserver.join(guest)
    if verb != "invite":
        homeserver.join(other)

    assert homeserver.say(guest, "POST", f"rooms/{quote(room)}/{verb}", {"user_id": other.id}) == 403


def test_guests_cannot_take_the_alias_away(homeserver: Homeserver, guest: Account) -> None:
    homeserver.create()
    homeserver.join(guest)

    assert homeserver.say(guest, "DELETE", f"directory/room/{quote(homeserver.alias)}") == 403


def test_moderators_have_the_rights_of_the_account(homeserver: Homeserver, guest: Account) -> None:
    moderator = homeserver.synapse.unlimited()
    room = homeserver.create(moderators=[moderator.id]).id
    homeserver.join(guest)
    homeserver.join(moderator)

    assert homeserver.say(moderator, "POST", f"rooms/{quote(room)}/kick", {"user_id": guest.id}) == 200
    assert homeserver.say(moderator, "PUT", f"rooms/{quote(room)}/state/m.room.name", {"name": "theirs"}) == 200


def test_in_a_lobby_guests_wait_until_a_moderator_lets_them_in(homeserver: Homeserver, guest: Account) -> None:
    moderator = homeserver.synapse.unlimited()
    room = homeserver.create(moderators=[moderator.id], lobby=True).id

    assert homeserver.join(guest) == 403
    assert homeserver.join(guest, room) == 403
    assert homeserver.say(guest, "POST", f"knock/{quote(homeserver.alias)}", {}) == 200
    assert homeserver.join(guest) == 403
    homeserver.join(moderator)
    assert homeserver.say(moderator, "POST", f"rooms/{quote(room)}/invite", {"user_id": guest.id}) == 200
    assert homeserver.join(guest) == 200
