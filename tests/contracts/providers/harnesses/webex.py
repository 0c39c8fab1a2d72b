"""Webex: a strict stand-in of its API, in this process, with one user connected."""

import random
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from flask import Flask

from conference.providers.base import Code
from simulator.webex import Webex
from simulator.webex_api import WebexApi
from tests.contracts.providers.harness import ACCESS_TOKEN, Harness
from tests.contracts.providers.wire import Answer, Asked

USER = "host@webex.example"


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """A system with one user, whose access token is the harness's."""
    webex = Webex(random.Random(1), bearer={ACCESS_TOKEN: USER}.get)
    app = Flask("webex")
    WebexApi(webex).register(app, "/v1")

    def system(asked: Asked) -> Answer:
        with app.test_client() as client:
            reply = client.open(asked.target, method=asked.method, headers=dict(asked.headers), data=asked.body)
            return Answer(reply.status_code, reply.data, {"Content-Type": reply.content_type or ""})

    def held(meeting_id: str) -> Mapping[str, Any] | None:
        try:
            meeting = webex.get(USER, meeting_id)
        except KeyError:
            return None
        fields = meeting.fields
        return {
            "summary": fields["title"],
            "description": fields.get("agenda"),
            "start": datetime.fromisoformat(fields["start"]),
            "end": datetime.fromisoformat(fields["end"]),
            "recurrence": fields.get("recurrence"),
        }

    return Harness(
        table={
            "client_id": "client",
            "client_secret": "unused",
            "api_url": f"{wire_url}/v1",
            "oauth_url": f"{wire_url}/oauth",
        },
        system=system,
        decides=lambda asked: True,
        held=held,
        count=lambda: len(webex),
        refuses=_refuses,
        reply_carries_link=True,
    )


def _refuses(code: Code) -> Answer:
    assert code == "no-such-host"
    return Answer.json(400, {"message": "Bad Request", "errors": [{"description": "The hostEmail is invalid."}]})
