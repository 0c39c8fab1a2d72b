"""GoTo Meeting: the simulator's stand-in for its API."""

import random
from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask

from conference.providers.base import Code
from simulator.goto import PREFIX, Goto, GotoApi
from tests.contracts.providers.harness import ACCESS_TOKEN, Harness
from tests.contracts.providers.served import served
from tests.contracts.providers.wire import Answer

ORGANIZER = "organizer@goto.example"


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """A system with one organizer, whose token it is."""
    goto = Goto(random.Random(1), {ACCESS_TOKEN: ORGANIZER}.get)
    app = Flask("goto")
    GotoApi(goto).register(app)

    def held(meeting_id: str) -> Mapping[str, Any] | None:
        meeting = goto.meetings.get(int(meeting_id))
        if meeting is None:
            return None
        return {
            "summary": meeting.sent.subject,
            "start": meeting.sent.starttime,
            "end": meeting.sent.endtime,
            "recurrence": meeting.sent.meetingtype,
        }

    return Harness(
        table={
            "client_id": "canary-client",
            "client_secret": "secret:goto-client",
            "api_url": wire_url + PREFIX,
            "admin_url": wire_url + PREFIX,
            "oauth_url": f"{wire_url}/oauth",
        },
        system=served(app),
        decides=lambda asked: asked.method == "POST",
        held=held,
        count=lambda: len(goto.meetings),
        refuses=_refuses,
        reply_carries_link=True,
        short_links=True,
    )


def _refuses(code: Code) -> Answer:
    """In the newer form and in the older one."""
    if str(code).startswith("AUTHN"):
        return Answer.json(403, {"errorCode": code, "message": "no"})
    return Answer.json(403, {"int_err_code": code, "msg": "no"})
