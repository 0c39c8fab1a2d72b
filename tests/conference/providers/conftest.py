"""Providers one by one, over the same wire and the same Janus as the conformance suite."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from conference.clock import Deadline, SystemClock
from conference.exchange import HttpClient
from conference.http import HttpCall
from conference.providers import load, read_options
from tests.contracts.providers.conftest import janus, wire
from tests.contracts.providers.harness import ACCESS_TOKEN, GivenToken

__all__ = ["MakeCall", "janus", "make_call", "wire"]

MakeCall = Callable[..., HttpCall]


@pytest.fixture
def make_call() -> MakeCall:
    """`make_call(provider, table)`: a call of a solution with these options, its token given where it has OAuth."""

    def make(name: str, table: Mapping[str, Any], seconds: float = 10.0, host: str = "") -> HttpCall:
        clock = SystemClock()
        declared, options = load(name).declared, read_options(name, table)
        bearer = GivenToken(ACCESS_TOKEN) if declared.oauth else None
        return HttpCall(declared, options, HttpClient(), Deadline(clock, seconds), clock, str, bearer, host)

    return make
