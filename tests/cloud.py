"""Google's cloud for a test: the simulator and our exchange with it, on one clock that is moved."""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from conference.clock import Deadline
from conference.exchange import HttpClient
from conference.providers.base import Reply, Request, origin
from simulator import faults, ids
from simulator.faults import Fault
from simulator.server import Simulator
from tests import simulating
from tests.world import MovedClock

SHORT = 1.0
"""Seconds that an exchange may take while replies are slow, however much time the caller has."""

NO_ANSWER: dict[str, Fault] = {
    "cut": faults.reset(),
    "cut after it acted": faults.reset(acted=True),
    "late": faults.latency(SHORT * 3),
    "dripping": faults.drip(SHORT / 4),
    "huge": faults.status(200, b" " * (2 << 20)),
}
UNREADABLE: dict[str, Fault] = {
    "HTML": faults.malformed(),
    "half": faults.truncated(),
    "empty": faults.empty(),
    "a list": faults.status(200, b"[]"),
    "nothing in it": faults.status(200, b"{}"),
    "deep": faults.status(200, b"[" * 100_000),
}


class Cloud:
    """The simulator, and what our side needs to talk to it."""

    def __init__(self, simulator: Simulator, clock: MovedClock) -> None:
        self.simulator = simulator
        self.clock = clock
        self.url = simulator.url
        self.scopes: Collection[str] = (ids.CLOUD_PLATFORM,)
        self._client = HttpClient()

    def send(self, request: Request, deadline: Deadline) -> Reply:
        waiting = [scripted.fault for scripted in self.simulator.faults._script if scripted.times != 0]
        slow = any(fault.latency or fault.drip for fault in waiting)
        seconds = min(deadline.left(), SHORT) if slow else deadline.left()
        return self._client.exchange(request, seconds, frozenset({origin(self.url)}), True)

    def token(self, deadline: Deadline) -> str:
        return self.simulator.access_token(ids.FUNCTION_SERVICE_ACCOUNT, self.scopes)

    def deadline(self, seconds: float = 10.0) -> Deadline:
        return Deadline(self.clock, seconds)


@contextmanager
def cloud() -> Iterator[Cloud]:
    clock = MovedClock()
    with simulating.simulator(clock=clock) as simulator:
        yield Cloud(simulator, clock)


def rpc_error(status: str, reason: str = "") -> bytes:
    """An error body of google.rpc, whose message names somebody."""
    error: dict[str, Any] = {"code": 400, "message": "for ada@example.com", "status": status}
    return json.dumps({"error": {**error, "details": [{"reason": reason}] if reason else []}}).encode()
