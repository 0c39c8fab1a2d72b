"""`create.connected`: what a create with a user's own connection asks of the outside, beside one that needs none."""

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bench.failure import BenchFailure
from bench.followed import CONNECTED, DOMAIN, Followed
from conference.browser import Sent, Visit
from conference.clock import Deadline
from conference.legs import Legs

CREATES = 10
_USER = f"user@{DOMAIN}"
_TIMES: dict[str, Any] = {"start": {"dateTime": "2026-03-09T09:00:00Z"}, "end": {"dateTime": "2026-03-09T10:00:00Z"}}


class _Browser:
    """A user's browser, which is sent to and fro between the function and the simulator's consent pages."""

    def __init__(self, world: Followed) -> None:
        self._world = world
        self._cookies: dict[str, str] = {}

    def connect(self, solution: str) -> None:
        """Sign in with Google, and allow everything at the vendor."""
        visitors, simulator = self._world.service.visitors, self._world.simulator
        google = visitors.connect(self._visit(solution))
        self._followed(visitors.signed_in(self._visit("", self._allowed(simulator.sign_in, self._followed(google)))))
        vendor = self._followed(visitors.connect(self._visit(solution)))
        done = visitors.callback(self._visit(solution, self._allowed(simulator.authorization[solution], vendor)))
        if done.status != 200:
            raise BenchFailure(f"not connected: {done.status}")

    def _followed(self, sent: Sent) -> str:
        for name, value, seconds in sent.cookies:
            self._cookies[name] = value if seconds else ""
        if sent.status != 303:
            raise BenchFailure(f"no redirect but {sent.status}")
        return sent.headers["Location"]

    def _allowed(self, server: Any, url: str) -> dict[str, str]:
        """The parameters of the callback, once the user has allowed what is asked for."""
        asked = server.read(parse_qs(urlsplit(url).query))
        back = server.decide(asked, _USER, asked.scopes)
        return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}

    def _visit(self, solution: str, query: dict[str, str] | None = None) -> Visit:
        cookies = {name: value for name, value in self._cookies.items() if value}
        clock = self._world.clock
        return Visit(solution, query or {}, dict, cookies, "en", "1", Deadline(clock, 15.0), Legs(clock))


class _Opened:
    """Counts how often each file of a folder is opened."""

    def __init__(self, folder: Path) -> None:
        self.times: dict[str, int] = {}
        self._folder = str(folder)
        sys.addaudithook(self._audit)

    def _audit(self, event: str, details: tuple[Any, ...]) -> None:
        if event == "open" and str(details[0]).startswith(self._folder):
            self.times[str(details[0])] = self.times.get(str(details[0]), 0) + 1


def measure(folder: Path, _: int) -> Iterator[tuple[str, float]]:
    """The figures; a warm create is one after the first."""
    secrets = folder / "secrets"
    secrets.mkdir()
    for name, value in CONNECTED.items():
        (secrets / name).write_text(value)
    world = Followed(folder, False, random.Random(1), secrets)
    world.simulator.add_user(_USER)
    world.simulator.register_clients(world.url)
    _Browser(world).connect("zoom")
    opened = _Opened(secrets)
    world.restart()
    for solution, figure in (("demo", "without"), ("zoom", "")):
        asked = [_create(world, solution) for _ in range(CREATES)][1:]
        name = f"create.connected.calls{'.' if figure else ''}{figure}"
        yield name, max(calls for calls, _ in asked)
        yield name.replace("calls", "reads"), max(reads for _, reads in asked)
    yield "create.connected.secrets", max(opened.times.values())
    world.close()


def _create(world: Followed, solution: str) -> tuple[int, int]:
    """Requests to Calendar and the vendor, and reads of the store, for one conference."""
    event = world.simulator.calendar.add_event(_USER, summary="Plan", **_TIMES)
    before, reads = len(list(world.simulator.requests)), world.outside.reads
    if not world.choose(_USER, event, solution):
        raise BenchFailure(f"no conference of {solution} was made")
    asked = len(list(world.simulator.requests)) - before
    return asked, world.outside.reads - reads
