"""Microsoft Teams: a strict stand-in of its API, in this process, with one user connected."""

import random
from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask

from conference.providers.base import Code
from simulator.teams import Teams
from simulator.teams_api import TeamsApi
from tests.contracts.providers.harness import ACCESS_TOKEN, Harness
from tests.contracts.providers.wire import Answer, Asked

USER = "host@teams.example"


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """A system with one user, whose access token is the harness's."""
    teams = Teams(random.Random(1), bearer={ACCESS_TOKEN: USER}.get, users={USER: "object-1"})
    app = Flask("teams")
    TeamsApi(teams).register(app, "/v1")

    def system(asked: Asked) -> Answer:
        with app.test_client() as client:
            reply = client.open(asked.target, method=asked.method, headers=dict(asked.headers), data=asked.body)
            return Answer(reply.status_code, reply.data, {"Content-Type": reply.content_type or ""})

    def held(meeting_id: str) -> Mapping[str, Any] | None:
        try:
            meeting = teams.get(USER, meeting_id)
        except KeyError:
            return None
        return {
            "summary": meeting.subject,
            "start": meeting.start,
            "end": meeting.end,
            "attendees": [attendee["upn"] for attendee in meeting.attendees],
        }

    return Harness(
        table={
            "client_id": "client",
            "client_secret": "unused",
            "api_url": f"{wire_url}/v1",
            "oauth_url": f"{wire_url}/oauth",
            "attendees": True,
        },
        system=system,
        decides=lambda asked: True,
        held=held,
        count=lambda: len(teams),
        refuses=_refuses,
        reply_carries_link=True,
    )


def _refuses(code: Code) -> Answer:
    """As Graph says it; a missing policy only in words."""
    if code == "no-application-access-policy":
        error = {"code": "General", "message": "No application access policy found for this app."}
        return Answer.json(403, {"error": error})
    return Answer.json(400, {"error": {"code": code, "message": "Error authenticating with resource"}})
