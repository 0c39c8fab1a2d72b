"""Nextcloud Talk: a strict stand-in of its API, in this process, with telephones, a lobby and passwords."""

import random
from collections.abc import Mapping
from typing import Any

import pytest

from conference.providers.base import Code
from tests.contracts.providers.harness import Harness
from tests.contracts.providers.nextcloud import Nextcloud
from tests.contracts.providers.wire import Answer

ACCOUNT = "rooms@talk.example"
APP_PASSWORD = "canary-Kx3pq-9aQe2-mmTz8"


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """A server with one account, whose app password is the harness's; it stands in a folder, as many do."""
    return of(Nextcloud(random.Random(1), {ACCOUNT: APP_PASSWORD}), wire_url)


def of(nextcloud: Nextcloud, wire_url: str) -> Harness:
    """The harness of that server."""

    def held(token: str) -> Mapping[str, Any] | None:
        room = nextcloud.rooms.get(token)
        if room is None:
            return None
        return {"summary": room.name, "description": room.description, "start": room.lobby_timer}

    return Harness(
        table={
            "url": f"{wire_url}/cloud",
            "user": ACCOUNT,
            "app_password": "secret:talk-app",
            "password_secret": "secret:talk-rooms",
            "lobby": True,
            "dial_in": "pin",
        },
        secrets={"talk-app": APP_PASSWORD, "talk-rooms": "canary-room-secret"},
        system=nextcloud,
        decides=lambda asked: asked.method == "POST",
        held=held,
        count=lambda: len(nextcloud.rooms),
        refuses=_refuses,
        short_links=True,
    )


def _refuses(code: Code) -> Answer:
    """With OCS's own words for credentials, and the data's word for everything else."""
    if isinstance(code, int):
        return Answer.json(code, {"ocs": {"meta": {"status": "failure", "statuscode": 997}, "data": []}})
    status = 403 if code == "permissions" else 400
    return Answer.json(status, {"ocs": {"meta": {"status": "failure", "statuscode": status}, "data": {"error": code}}})
