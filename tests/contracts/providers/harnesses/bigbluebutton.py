"""BigBlueButton: a strict stand-in for its API; the real one is in no registry."""

from collections.abc import Mapping
from typing import Any

import pytest

from conference.providers.base import Code
from tests.contracts.providers.bbb import SECRET, BigBlueButton, failure
from tests.contracts.providers.harness import Entered, Harness, TurnedAway
from tests.contracts.providers.wire import Answer, asked_for


def build(wire_url: str, request: pytest.FixtureRequest) -> Harness:
    """A server without meetings. Its guests wait for a moderator."""
    server = BigBlueButton()

    def held(meeting: str) -> Mapping[str, Any] | None:
        return {} if meeting in server.meetings else None

    def enters(url: str) -> Entered:
        asked = asked_for(url)
        answer = server(asked)
        if answer.status != 302:
            raise TurnedAway(answer.body)
        who = server.meetings[asked.query["meetingID"]].people[-1]
        return Entered(who.meeting, who.name, who.role == "MODERATOR")

    return Harness(
        table={"url": f"{wire_url}/bigbluebutton/", "secret": "secret:bbb", "guest_policy": "ASK_MODERATOR"},
        secrets={"bbb": SECRET},
        system=server,
        decides=lambda asked: asked.path.endswith("/create"),
        held=held,
        count=lambda: len(server.meetings),
        refuses=_refuses,
        titles_in_query=True,
        enters=enters,
    )


def _refuses(code: Code) -> Answer:
    return failure(str(code))
