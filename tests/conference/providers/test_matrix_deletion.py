"""What is left of a Matrix room that was deleted, on the real Synapse: nothing, or a room that nobody can enter."""

from urllib.parse import quote

import pytest

from conference.errors import Permanent, Temporary
from conference.providers import matrix as provider
from tests.conference.providers.homeserver import Homeserver, guest, homeserver
from tests.contracts.providers.harnesses.matrix import rooms
from tests.contracts.providers.synapse import Account
from tests.contracts.providers.wire import Answer, changes, hangs_up, says
from tests.thorough import takes_long

pytestmark = takes_long

__all__ = ["guest", "homeserver"]


def test_a_limit_while_deleting_is_kept_too(homeserver: Homeserver) -> None:
    conference = homeserver.create()
    limit = says(Answer.json(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 2500}))
    homeserver.wire.spoil(limit, lambda asked: asked.path.endswith("/leave"))

    with pytest.raises(Temporary) as failure:
        homeserver.delete(conference)
    assert failure.value.retry_after == 2.5


def test_a_deleted_room_is_shut(homeserver: Homeserver, guest: Account) -> None:
    conference = homeserver.create()
    waiting = homeserver.synapse.unlimited()
    homeserver.join(guest)
    homeserver.say(homeserver.account, "POST", f"rooms/{quote(conference.id)}/invite", {"user_id": waiting.id})
    homeserver.delete(conference)

    assert rooms(homeserver.synapse, guest) == rooms(homeserver.synapse, homeserver.account) == []
    assert homeserver.join(guest) == 404, "by the link"
    assert homeserver.join(guest, conference.id) == homeserver.join(waiting, conference.id) == 404, "by its id"


REQUESTS_OF_A_DELETION = 7


@pytest.mark.parametrize("place", range(REQUESTS_OF_A_DELETION))
def test_a_deletion_that_breaks_anywhere_is_finished_by_the_next(
    homeserver: Homeserver, guest: Account, place: int
) -> None:
    conference = homeserver.create()
    homeserver.join(guest)
    before = len(homeserver.wire.asked) + place
    homeserver.wire.spoil(hangs_up, lambda asked: len(homeserver.wire.asked) > before)
    with pytest.raises(Temporary):
        homeserver.delete(conference)
    homeserver.wire.spoil(None)

    homeserver.delete(conference)

    assert rooms(homeserver.synapse, guest) == rooms(homeserver.synapse, homeserver.account) == []
    assert homeserver.join(guest) == 404


def test_a_deletion_asks_so_often(homeserver: Homeserver, guest: Account) -> None:
    conference = homeserver.create()
    homeserver.join(guest)
    before = len(homeserver.wire.asked)
    homeserver.delete(conference)

    asked = homeserver.requests()[before:]
    assert [words.partition(" ")[0] for words in asked] == ["GET", "DELETE", "PUT", "GET", "POST", "POST", "POST"]
    assert [words.partition(" ")[2] for words in asked][4:] == ["kick", "leave", "forget"]
    assert len(asked) == REQUESTS_OF_A_DELETION


@pytest.mark.parametrize(("status", "code"), [(403, "M_FORBIDDEN"), (404, "M_NOT_FOUND")])
def test_a_homeserver_that_knows_the_room_no_more_has_nothing_left_to_delete(
    homeserver: Homeserver, status: int, code: str
) -> None:
    conference = homeserver.create()
    gone = says(Answer.json(status, {"errcode": code, "error": "no"}))
    homeserver.wire.spoil(gone, lambda asked: asked.path.endswith(("/leave", "/forget")))

    homeserver.delete(conference)
    assert homeserver.requests()[-1] == "POST forget"


def test_a_room_of_thousands_is_shut_too(homeserver: Homeserver, guest: Account) -> None:
    conference = homeserver.create()
    homeserver.join(guest)
    long = changes(lambda members: {**members, "filler": "x" * (2 << 20)})
    homeserver.wire.spoil(long, lambda asked: asked.path.endswith("/members"))
    homeserver.delete(conference)

    assert rooms(homeserver.synapse, guest) == []


def test_a_moderator_who_cannot_be_sent_out_is_noted_and_alone(homeserver: Homeserver, guest: Account) -> None:
    moderator, waiting = homeserver.synapse.unlimited(), homeserver.synapse.unlimited()
    conference = homeserver.create(moderators=[moderator.id])
    homeserver.join(moderator)
    homeserver.join(guest)
    homeserver.say(moderator, "POST", f"rooms/{quote(conference.id)}/invite", {"user_id": waiting.id})

    assert homeserver.delete(conference).notes == ["matrix-member-stays"]
    assert rooms(homeserver.synapse, moderator) == [conference.id]
    assert rooms(homeserver.synapse, guest) == []
    assert homeserver.join(guest, conference.id) == 403, "only who is invited could"
    assert homeserver.join(waiting, conference.id) == 403, "the invitation is withdrawn"


def test_a_restored_event_gets_a_room_under_the_same_link(homeserver: Homeserver, guest: Account) -> None:
    first = homeserver.create()
    homeserver.delete(first)
    second = homeserver.create()

    assert second.entry_points == first.entry_points
    assert second.id != first.id
    assert homeserver.join(guest) == 200


def test_an_administrator_s_account_deletes_the_room_whole(homeserver: Homeserver, guest: Account) -> None:
    homeserver.account = homeserver.synapse.unlimited(admin=True)
    conference = homeserver.create()
    homeserver.join(guest)
    path = f"/_synapse/admin/v1/rooms/{quote(conference.id)}"
    before = homeserver.say(homeserver.account, "GET", path)
    homeserver.delete(conference, admin=True)

    assert (before, homeserver.say(homeserver.account, "GET", path)) == (200, 404)
    assert rooms(homeserver.synapse, guest) == []
    assert homeserver.join(guest) == 404
    homeserver.delete(conference, admin=True)
    assert provider.find(homeserver.attempt, homeserver.call()) is None


def test_an_account_that_is_no_administrator_is_told_apart(homeserver: Homeserver) -> None:
    conference = homeserver.create()

    with pytest.raises(Permanent) as failure:
        homeserver.delete(conference, admin=True)
    assert failure.value.reason == "matrix-M_FORBIDDEN"
    assert rooms(homeserver.synapse, homeserver.account) == [conference.id]
