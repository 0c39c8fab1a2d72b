"""An answer within 20 seconds whoever is slow, and no time lost on waiting for one thing after the other."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest

from conference.errors import OutcomeUnknown
from conference.exchange import HttpClient
from conference.providers.base import Reply, Request
from sync.store.firestore import PATIENCE
from tests.outside import Died
from tests.world import ADA, BOB, EACH_KIND, MINUTE, ON_SQLITE, Instance, Kind, MovedClock, World, error_type, uri

PROMISED = 20.0


class LaneClock(MovedClock):
    """A clock on which each thread has its own time, so that what runs side by side does not add up.

    A thread's time begins as that of the one whose context it runs in; who waits for a result has the later of both.
    """

    def __init__(self) -> None:
        self._lane: ContextVar[float] = ContextVar("lane", default=0.0)
        super().__init__()

    @property
    def ahead(self) -> float:
        return self._lane.get()

    @ahead.setter
    def ahead(self, seconds: float) -> None:
        self._lane.set(seconds)


class LaneExecutor(ThreadPoolExecutor):
    """An executor whose results carry the time at which they were there."""

    clock: MovedClock

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "LaneFuture":
        in_context, work = fn, args[0]
        return LaneFuture(super().submit(in_context, lambda: (work(), self.clock.ahead)), self.clock)


class LaneFuture(Future[Any]):
    """A result that is waited for until its own time."""

    def __init__(self, future: Future[tuple[Any, float]], clock: MovedClock) -> None:
        super().__init__()
        self._future = future
        self._clock = clock

    def result(self, timeout: float | None = None) -> Any:
        value, ahead = self._future.result(timeout)
        self._clock.ahead = max(self._clock.ahead, ahead)
        return value


class SlowClient:
    """Every exchange takes all the time that it may; those with a path in `hanging` then end without a reply."""

    def __init__(self, clock: MovedClock, hanging: tuple[str, ...]) -> None:
        self._client = HttpClient()
        self._clock = clock
        self._hanging = hanging

    def exchange(self, request: Request, seconds: float, origins: frozenset[str], repeatable: bool) -> Reply:
        reply = None
        if not any(path in request.url for path in self._hanging):
            reply = self._client.exchange(request, 10.0, origins, repeatable)
        self._clock.advance(seconds)
        if reply is None:
            raise OutcomeUnknown("timeout", "no reply in time")
        return reply


@pytest.fixture
def clock() -> MovedClock:
    return LaneClock()


@pytest.fixture
def lanes(clock: MovedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LaneExecutor, "clock", clock, raising=False)
    monkeypatch.setattr("service.ThreadPoolExecutor", LaneExecutor)


@ON_SQLITE
@EACH_KIND
@pytest.mark.usefixtures("lanes")
@pytest.mark.parametrize("calendar", [ADA, BOB], ids=["own calendar", "another's"])
@pytest.mark.parametrize("hanging", [(), ("/calendar/", "/rooms-api/")], ids=["late", "never"])
@pytest.mark.parametrize("store", [0.5, PATIENCE], ids=["slow store", "very slow store"])
@pytest.mark.parametrize("earlier", ["nobody", "at work", "dead"])
def test_whoever_is_slow_the_answer_comes_within_20_seconds(
    world: World, kind: Kind, calendar: str, hanging: tuple[str, ...], store: float, earlier: str
) -> None:
    world.become(kind)
    world.simulator.calendar.share(BOB, ADA, "writer")
    event = world.event(calendar)
    if earlier != "nobody":
        other = world.instance()
        other.outside.die("after", "POST")
        with pytest.raises(Died):
            world.ask(other, event, calendar=calendar)
    if earlier == "dead":
        world.clock.advance(MINUTE)
    world.client = lambda: SlowClient(world.clock, hanging)
    instance = world.instance()

    def slow_store(when: str, call: str) -> None:
        if when == "before" and call.startswith(("get ", "commit ")):
            world.clock.advance(store)

    instance.outside.script = slow_store
    incoming = world.incoming(event, calendar=calendar)
    started = world.clock.monotonic()
    answer = instance.service.endpoint.create_conference(incoming)
    took = world.clock.monotonic() - started
    assert error_type(answer) in ("", "TEMPORARY")
    assert took <= PROMISED


def test_what_is_independent_runs_at_the_same_time(world: World) -> None:
    world.far = True
    instance = world.instance()
    together = threading.Barrier(2, timeout=5)

    def meet(when: str, call: str) -> None:
        if when == "before" and (call == "commit create mapping" or "/events/" in call):
            together.wait()

    instance.outside.script = meet
    assert uri(world.ask(instance, world.event()))


@ON_SQLITE
def test_a_store_on_this_machine_costs_no_thread(world: World, instance: Instance) -> None:
    threads = set()
    instance.outside.script = lambda when, call: threads.add(threading.current_thread())
    assert uri(world.ask(instance, world.event()))
    assert threads == {threading.current_thread()}
