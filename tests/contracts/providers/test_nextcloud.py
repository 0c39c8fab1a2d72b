"""The stand-in for Nextcloud refuses what the real one refuses, and what only a mistake of ours would send."""

import base64
import random
from collections.abc import Mapping

import pytest

from tests.contracts.providers.nextcloud import OWNER, PREFIX, USER, Nextcloud
from tests.contracts.providers.wire import Asked

HEADERS = {
    "OCS-APIRequest": "true",
    "Accept": "application/json",
    "Authorization": f"Basic {base64.b64encode(b'ann:app').decode()}",
    "Content-Type": "application/json",
}


@pytest.fixture
def nextcloud() -> Nextcloud:
    return Nextcloud(random.Random(1), {"ann": "app"}, sip=False)


def asked(
    nextcloud: Nextcloud, method: str, path: str, body: str = "", **headers: str
) -> tuple[int, Mapping[str, str]]:
    given = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    answer = nextcloud(Asked(method, PREFIX + path, given, body.encode()))
    return answer.status, answer.headers


CREATES = {
    "a name": ('{"roomType": 3, "roomName": "x"}', 201),
    "no name, which is no error": ('{"roomType": 3, "roomName": ""}', 201),
    "blanks for a name": ('{"roomType": 3, "roomName": " "}', 400),
    "a long name": ('{"roomType": 3, "roomName": "' + "x" * 256 + '"}', 400),
    "a long description": ('{"roomType": 3, "roomName": "x", "description": "' + "x" * 2001 + '"}', 400),
    "another type": ('{"roomType": 7, "roomName": "x"}', 400),
    "a number as text": ('{"roomType": "3", "roomName": "x"}', 400),
    "an unknown field": ('{"roomType": 3, "roomName": "x", "emails": []}', 400),
    "a weak password": ('{"roomType": 3, "roomName": "x", "password": "secret"}', 400),
    "a lobby that is neither on nor off": ('{"roomType": 3, "roomName": "x", "lobbyState": 2}', 400),
    "no JSON": ("roomType=3", 400),
}


@pytest.mark.parametrize(("body", "status"), CREATES.values(), ids=CREATES)
def test_a_conversation_is_created_of_what_talk_takes(nextcloud: Nextcloud, body: str, status: int) -> None:
    assert asked(nextcloud, "POST", "/api/v4/room", body)[0] == status
    assert len(nextcloud.rooms) == (status == 201)


def test_a_request_without_the_ocs_header_is_a_forged_one(nextcloud: Nextcloud) -> None:
    assert asked(nextcloud, "GET", "/api/v4/room", OCS_APIRequest="")[0] == 412


def test_who_does_not_ask_for_json_gets_xml(nextcloud: Nextcloud) -> None:
    assert asked(nextcloud, "GET", "/api/v4/room", Accept="*/*")[1] == {"Content-Type": "application/xml"}


@pytest.mark.parametrize("given", ["", "Bearer app", f"Basic {base64.b64encode(b'ann:no').decode()}"])
def test_wrong_credentials_are_refused(nextcloud: Nextcloud, given: str) -> None:
    assert asked(nextcloud, "GET", "/api/v4/room", Authorization=given)[0] == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("PATCH", "/api/v4/room", 405), ("GET", "/api/v9/room", 404), ("GET", "/api/v4/room?page=2", 400)],
)
def test_other_methods_places_and_queries_are_refused(
    nextcloud: Nextcloud, method: str, path: str, status: int
) -> None:
    assert asked(nextcloud, method, path)[0] == status


def test_who_does_not_moderate_is_told_that_there_is_nothing(nextcloud: Nextcloud) -> None:
    room = nextcloud.add("x", "", {"bob": OWNER, "ann": USER})

    assert asked(nextcloud, "DELETE", f"/api/v4/room/{room.token}")[0] == 404
    assert asked(nextcloud, "PUT", f"/api/v4/room/{room.token}", '{"roomName": "y"}')[0] == 404
    assert asked(nextcloud, "GET", f"/api/v4/room/{room.token}")[0] == 200
