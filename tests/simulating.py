"""A simulator for a test: what is slow to make and holds nothing of any of them is made once for all."""

from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from werkzeug.routing import Map

from simulator.identity import new_private_key
from simulator.server import Simulator


def simulator(**options: Any) -> Simulator:
    """A Simulator with these options. Its first key is every other one's first too; no two of its own are alike."""
    return Simulator(routes=_routes(), private_key=keys(), **options)


def keys() -> Callable[[], RSAPrivateKey]:
    """Gives one key after another, and the same ones to whoever asks for the next series."""
    numbers = count()
    return lambda: _key(next(numbers))


@cache
def _key(number: int) -> RSAPrivateKey:
    return new_private_key()


@cache
def _routes() -> Map:
    return Simulator().routes
