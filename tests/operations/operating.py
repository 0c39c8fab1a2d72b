"""An operator beside a running function: the same configuration, store and clock, and what a command says."""

from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple

import settings as knobs
from conference.exchange import HttpClient
from operations.__main__ import COMMANDS
from operations.asked import Asked
from operations.console import Console
from operations.site import Site
from tests.world import World


class Told(NamedTuple):
    """How a command ended, and its lines."""

    code: int
    lines: list[str]

    @property
    def last(self) -> str:
        """Its last line."""
        return self.lines[-1]


def operate(world: World, name: str, pause: Callable[[float], None] | None = None, **asked: Any) -> Told:
    """Run a command; where it pauses, time passes."""
    lines: list[str] = []
    console = Console(pause or world.clock.advance, lambda: False, lines.append)
    command = COMMANDS[name].on_site
    assert command
    with closing(site(world)) as opened:
        code = command(opened, Asked(**asked), console)
    return Told(code, lines)


def site(world: World) -> Site:
    """What a command opens."""
    instance = world.instance()  # writes the configuration, as it is now
    instance.service.close()
    return Site(
        knobs.load(world.environment),
        world.clock,
        HttpClient(),
        store=world._open_store(),
        provider=world._provider,
        own_token=instance.service._own_token,
    )
