"""Matrix: the real Synapse on loopback, with an account of its own for each test."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest

from conference.providers.base import Code
from tests.contracts.providers.harness import Harness
from tests.contracts.providers.synapse import Account, Synapse
from tests.contracts.providers.wire import Answer


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """An account that is no administrator; `held` and `count` say what is in the rooms that it is in."""
    synapse: Synapse = request.getfixturevalue("synapse")
    account = synapse.unlimited()

    def held(room: str) -> Mapping[str, Any] | None:
        return {"summary": state(synapse, account, room, "name"), "description": state(synapse, account, room, "topic")}

    return Harness(
        table={
            "url": wire_url,
            "join_url": "https://call.example.org/room/#{alias}",
            "access_token": "secret:matrix-token",
        },
        secrets={"matrix-token": account.token},
        system=synapse.answer,
        decides=lambda asked: asked.path.endswith("/createRoom"),
        held=lambda room: held(room) if room in rooms(synapse, account) else None,
        count=lambda: len(rooms(synapse, account)),
        refuses=refuses,
    )


def rooms(synapse: Synapse, account: Account) -> list[str]:
    """The ids of those that the account is in."""
    joined: list[str] = synapse.ask("GET", "joined_rooms", account.token)[1]["joined_rooms"]
    return joined


def state(synapse: Synapse, account: Account, room: str, kind: str) -> str:
    """A room's name or topic."""
    content = synapse.ask("GET", f"rooms/{quote(room)}/state/m.room.{kind}", account.token)[1]
    text: str = content[kind]
    return text


STATUS = {
    "M_UNKNOWN_TOKEN": 401,
    "M_MISSING_TOKEN": 401,
    "M_UNAUTHORIZED": 401,
    "M_USER_LOCKED": 401,
    "M_LIMIT_EXCEEDED": 429,
    "M_NOT_FOUND": 404,
    "M_UNRECOGNIZED": 404,
    "M_TOO_LARGE": 413,
    **dict.fromkeys(("M_BAD_JSON", "M_NOT_JSON", "M_MISSING_PARAM", "M_INVALID_PARAM", "M_INVALID_ROOM_STATE"), 400),
    **dict.fromkeys(("M_UNSUPPORTED_ROOM_VERSION", "M_INCOMPATIBLE_ROOM_VERSION", "M_BAD_STATE", "M_BAD_ALIAS"), 400),
    "M_EXCLUSIVE": 400,
}
"""Of the specification; every other code comes with 403."""


def refuses(code: Code) -> Answer:
    """As the specification's standard error response has it."""
    if code == "soft-logout":
        return Answer.json(401, {"errcode": "M_UNKNOWN_TOKEN", "error": "expired", "soft_logout": True})
    return Answer.json(STATUS.get(str(code), 403), {"errcode": code, "error": "no"})
