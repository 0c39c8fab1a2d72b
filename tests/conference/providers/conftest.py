"""Providers one by one, over the same wire, Janus and Synapse as the conformance suite."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest

from conference.clock import Deadline, SystemClock
from conference.exchange import HttpClient
from conference.http import HttpCall
from conference.providers import load, read_options
from tests.contracts.providers.conftest import janus, synapse, wire
from tests.contracts.providers.harness import ACCESS_TOKEN, GivenToken

__all__ = ["MakeCall", "janus", "make_call", "synapse", "wire"]

MakeCall = Callable[..., HttpCall]


class ClockAt(SystemClock):
    """A clock whose time of day stands still."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment


@pytest.fixture
def make_call() -> MakeCall:
    """`make_call(provider, table)`: a call of a solution with these options; for a host, with a token, at a time, with
    our join page."""

    def make(
        name: str,
        table: Mapping[str, Any],
        seconds: float = 10.0,
        host: str = "",
        token: str = ACCESS_TOKEN,
        now: datetime | None = None,
        link: str = "",
    ) -> HttpCall:
        clock = ClockAt(now) if now else SystemClock()
        declared, options = load(name).declared, read_options(name, table)
        bearer = GivenToken(token) if declared.oauth else None
        return HttpCall(declared, options, HttpClient(), Deadline(clock, seconds), clock, str, bearer, host, link)

    return make
