"""Janus VideoRoom: Debian's own, on loopback."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from conference.providers.base import Code
from tests.contracts.providers.harness import Harness
from tests.contracts.providers.janus import ADMIN_KEY, API_SECRET, Janus
from tests.contracts.providers.wire import Answer, Asked


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """The test run's Janus; `held` and `count` ask it directly, by the rooms that this test made."""
    janus: Janus = request.getfixturevalue("janus")
    made: set[str] = set()

    def system(asked: Asked) -> Answer:
        status, body = janus.post(asked.target, asked.body)
        message = asked.json().get("body", {}) if asked.body.startswith(b"{") else {}
        if message.get("request") == "create":
            made.add(message["room"])
        return Answer(status, body, {"Content-Type": "application/json"})

    def listed() -> dict[str, Mapping[str, Any]]:
        rooms = Console(janus).ask(request="list", admin_key=ADMIN_KEY)["list"]
        return {room["room"]: {"summary": room["description"]} for room in rooms if room["room"] in made}

    return Harness(
        table={
            "url": f"{wire_url}/janus",
            "join_url": "https://meet.example.org/room/{room}",
            "api_secret": "secret:janus-api",
            "admin_key": "secret:janus-admin",
            "room_secret": "secret:janus-rooms",
            "pin": True,
        },
        secrets={"janus-api": API_SECRET, "janus-admin": ADMIN_KEY, "janus-rooms": "canary-room-secret"},
        system=system,
        decides=lambda asked: b'"message"' in asked.body,
        held=lambda room: listed().get(room),
        count=lambda: len(listed()),
        refuses=_refuses,
    )


class Console:
    """A session beside the provider's, for looking."""

    def __init__(self, janus: Janus) -> None:
        self._janus = janus

    def ask(self, **body: Any) -> Any:
        session = f"/janus/{self._post('/janus', janus='create')['data']['id']}"
        handle = self._post(session, janus="attach", plugin="janus.plugin.videoroom")["data"]["id"]
        answer = self._post(f"{session}/{handle}", janus="message", body=body)
        self._post(session, janus="destroy")
        return answer["plugindata"]["data"]

    def _post(self, path: str, **message: Any) -> Any:
        body = json.dumps({"transaction": "console", "apisecret": API_SECRET, **message}).encode()
        return json.loads(self._janus.post(path, body)[1])


def _refuses(code: Code) -> Answer:
    """As Janus 1.1.2 says it, always with HTTP 200."""
    kind, _, number = str(code).partition("-")
    if kind == "core":
        return Answer.json(200, {"janus": "error", "transaction": "t", "error": {"code": int(number), "reason": "no"}})
    data = {"videoroom": "event", "error_code": int(number), "error": "no"}
    plugin = {"plugin": "janus.plugin.videoroom", "data": data}
    return Answer.json(200, {"janus": "success", "transaction": "t", "sender": 1, "plugindata": plugin})
