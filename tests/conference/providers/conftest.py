"""Providers one by one, over the same wire and the same Janus as the conformance suite."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from conference.clock import Deadline, SystemClock
from conference.exchange import HttpClient
from conference.http import HttpCall
from conference.providers import load, read_options
from tests.contracts.providers.conftest import janus, wire

__all__ = ["MakeCall", "janus", "make_call", "wire"]

MakeCall = Callable[..., HttpCall]


@pytest.fixture
def make_call() -> MakeCall:
    """`make_call(provider, table)`: a call of a solution with these options."""

    def make(name: str, table: Mapping[str, Any], seconds: float = 10.0) -> HttpCall:
        clock = SystemClock()
        declared = load(name).declared
        return HttpCall(declared, read_options(name, table), HttpClient(), Deadline(clock, seconds), clock, str)

    return make
