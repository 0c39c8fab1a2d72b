"""Ada has connected the rooms: what the tests of her tokens begin with."""

from collections.abc import Callable
from typing import Any

from sync.store import Replace
from tests.custodian import ADA, ROOMS, Instance, granted
from tests.token_endpoint import Grant, TokenEndpoint

HOUR = 3600.0


Another = Callable[..., Instance]


def connect(instance: Instance, endpoint: TokenEndpoint, **changed: Any) -> Grant:
    """Ada has signed in."""
    grant, issued = endpoint.grant()
    instance.tokens.connect(ADA, ROOMS, granted({**issued, **changed}))
    instance.outside.calls.clear()
    return grant


def state(instance: Instance) -> tuple[str, str]:
    view = instance.tokens.connection(ADA, ROOMS)
    assert view
    return view.state, view.reason


def body(instance: Instance, solution: str = ROOMS, sub: str = ADA) -> Any:
    held = instance.connections.read(sub, solution)
    assert held
    return held.version


def write(instance: Instance, **fields: Any) -> None:
    document = body(instance)
    instance.store.commit([Replace(document, {**document.body, **fields})])
