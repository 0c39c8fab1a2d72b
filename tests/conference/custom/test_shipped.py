"""What the shipped definitions make by default can be entered by whoever has the link: no event holds a host's link."""

from typing import Any

import pytest

from conference import providers
from conference.errors import InvalidSetting
from conference.solution import Solution
from tests.conference.custom.asking import ATTEMPT, reply
from tests.conference.custom.hostile import Answers, opened
from tests.contracts.providers.events import EVENT

MADE = {"meetingId": "7", "roomUrl": "https://acme.whereby.com/7", "name": "7", "url": "https://acme.daily.co/7"}


def told(name: str, **options: Any) -> Any:
    """The JSON that a conference is made with there."""
    given = providers.read_options(name, {"api_key": "secret:key", **options})
    provider = providers.of(Solution("acme", "Acme", "https://www.gstatic.com/x.png", name, given))
    client = Answers([reply(body=MADE)])
    provider.create(EVENT, ATTEMPT, opened(provider.declared, given, client))
    return client.asked[0].json


def test_a_room_of_whereby_is_locked_only_where_somebody_said_so() -> None:
    assert told("whereby")["isLocked"] is False
    assert told("whereby", locked=True)["isLocked"] is True


def test_a_room_of_daily_is_public_and_nobody_knocks() -> None:
    room = told("daily")
    assert room["privacy"] == "public"
    assert list(room["properties"]) == ["exp"]


@pytest.mark.parametrize("prefix", ["Canary", "a" * 40, "a_b"])
def test_a_prefix_that_whereby_refuses_is_found_at_the_start(prefix: str) -> None:
    with pytest.raises(InvalidSetting, match="room_prefix"):
        told("whereby", room_prefix=prefix)
