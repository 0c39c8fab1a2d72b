"""Every figure with its goal, which of them a run is asked for, and the line that each is printed as."""

from collections.abc import Iterable
from dataclasses import dataclass

RATIOS: dict[str, float | None] = {
    "create.warm.sqlite.1": 1.05,
    "create.warm.firestore.1": 1.10,
    "create.warm.sample.1": None,
    "create.warm.sqlite.8": 1.10,
    "create.warm.firestore.8": 1.15,
    "create.warm.sample.8": None,
    "create.warm.sqlite.64": 1.6,
    "create.warm.firestore.64": 3.0,
    "create.warm.sample.64": None,
    "create.cpu.sqlite": 1.8,
    "create.cpu.firestore": 2.9,
    "create.cpu.sample": None,
    "create.cold.sqlite": 2.3,
    "create.cold.firestore": 2.9,
    "create.cold.health.sqlite": None,
    "create.cold.health.firestore": None,
    "create.memory.sqlite": 2.2,
    "create.memory.firestore": 2.8,
    "sync.notify": 0.5,
    "sync.linear.time": 11.0,
    "sync.linear.memory": 1.2,
}
"""Warm and cpu of the floor, cold, memory and notify of hello world, linear of a tenth of the events."""

COUNTS: dict[str, float | None] = {
    "create.connected.calls": 2,
    "create.connected.calls.without": None,
    "create.connected.reads": None,
    "create.connected.reads.without": None,
    "create.connected.secrets": 1,
    "sync.calls": 5,
    "sync.calls.adrift": 0,
    "sync.calls.relay": None,
    "sync.calls.relay.adrift": 0,
    "sync.store.reads": 24,
    "sync.store.writes": 18,
    "sync.store.dirty.reads": 1,
    "sync.store.dirty.writes": 0,
    "sync.store.reads.relay": None,
    "sync.store.writes.relay": None,
    "sync.story.lost": 0,
    "sync.story.calls": None,
    "sync.story.sample.lost": None,
    "sync.story.sample.calls": None,
}
"""Counted, not measured: the same on every machine."""

GOALS = RATIOS | COUNTS
"""The most that each figure may be, but for AT_LEAST. None where there is no goal."""

AT_LEAST = frozenset({"sync.notify"})

ASIDE = 3
"""What has no goal is only measured in every third round."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value: a ratio ("x"), a count (""), or what ratios are made of ("ms", "MB", "/s")."""

    name: str
    value: float
    unit: str = "x"

    @property
    def short(self) -> bool:
        """Whether it misses its goal, as far as it is printed."""
        goal = GOALS.get(self.name)
        if goal is None:
            return False
        value = round(self.value, 2)
        return value < goal if self.name in AT_LEAST else value > goal

    def line(self) -> str:
        """`NAME VALUE goal GOAL ok|short`, or `NAME VALUE no goal`."""
        goal, value = GOALS.get(self.name), written(self.value, self.unit)
        if goal is None:
            return f"{self.name} {value} no goal"
        return f"{self.name} {value} goal {written(goal, self.unit)} {'short' if self.short else 'ok'}"


def written(value: float, unit: str) -> str:
    """The value in its unit: ratios with two digits, counts with as few as they need, all else with one."""
    if unit == "x":
        return f"{value:.2f}x"
    return f"{value:.1f}{unit}" if unit else f"{round(value, 2):g}"


def asked(only: str) -> list[str]:
    """The names that `only` stands for: all when it is empty, else that figure or all below it ("create.cold").

    Raises ValueError, with the names there are, when it stands for none.
    """
    names = below(GOALS, only) if only else list(GOALS)
    if not names:
        raise ValueError(f"no figure {only!r}; there are: {' '.join(GOALS)}")
    return names


def due(name: str, number: int) -> bool:
    """Whether the figure takes part in that round, counted from 0."""
    return GOALS[name] is not None or number % ASIDE == 0


def of(names: Iterable[str], kind: str) -> list[list[str]]:
    """What follows `create.KIND` in those of the names that begin so, split at the dots."""
    return [name.split(".")[2:] for name in names if name.startswith(f"create.{kind}.")]


def below(names: Iterable[str], name: str) -> list[str]:
    """Those of the names that are this one, or below it."""
    return [each for each in names if each == name or each.startswith(f"{name}.")]
