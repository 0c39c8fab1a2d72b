"""Zoom: the simulator's stand-in for its Meetings API, asked with a user's own token."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from conference.providers.base import Code
from simulator.zoom import Zoom
from simulator.zoom_api import MOST_OF_PAGE, PREFIX, ZoomApi
from tests.contracts.providers.harness import ACCESS_TOKEN, Harness
from tests.contracts.providers.served import served
from tests.contracts.providers.wire import Answer

USER, OTHER = "host@zoom.example", "other@zoom.example"
NOW = datetime(2031, 3, 1, tzinfo=UTC)


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """An account with two users; the token is one's."""
    return harness(wire_url, caller=USER, host="", options={})


def harness(wire_url: str, *, caller: str, host: str, options: Mapping[str, Any], page: int = MOST_OF_PAGE) -> Harness:
    """An account where the token belongs to `caller`, and who hosts is `host`; a page of a list has at most `page`."""
    zoom = Zoom(random.Random(1), lambda: NOW, {USER, OTHER}, {ACCESS_TOKEN: caller}.get)
    app = Flask("zoom")
    ZoomApi(zoom, page=page).register(app)

    def held(meeting_id: str) -> Mapping[str, Any] | None:
        meeting = zoom.meetings.get(int(meeting_id))
        if meeting is None:
            return None
        return {
            "summary": meeting.sent["topic"],
            "description": meeting.sent["agenda"],
            "start": meeting.starts(),
            "end": meeting.ends(),
            "recurrence": meeting.sent["type"],
        }

    return Harness(
        table={
            "client_id": "canary-client",
            "client_secret": "secret:zoom-client",
            "api_url": wire_url + PREFIX,
            "oauth_url": f"{wire_url}/oauth",
            **options,
        },
        system=served(app),
        decides=lambda asked: asked.method == "POST",
        held=held,
        count=lambda: len(zoom.meetings),
        refuses=refuses,
        host=host,
        reply_carries_link=True,
    )


_STATUS = {"124": 401, "429": 429, "1001": 404, "3001": 404}


def refuses(code: Code) -> Answer:
    """As Zoom says it: most with 400."""
    return Answer.json(_STATUS.get(str(code), 400), {"code": int(code), "message": "no"})
