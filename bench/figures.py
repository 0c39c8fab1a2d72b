"""Every figure with its goal, which of them a run is asked for, and the line that each is printed as."""

from collections.abc import Iterable
from dataclasses import dataclass

GOALS: dict[str, float | None] = {
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
}
"""Ratios, at most: warm and cpu of the floor, cold and memory of hello world. None where there is no goal."""

ASIDE = 3
"""What has no goal is only measured in every third round."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value: a ratio ("x"), or what ratios are made of ("ms", "MB")."""

    name: str
    value: float
    unit: str = "x"

    @property
    def short(self) -> bool:
        """Whether it misses its goal, as far as it is printed."""
        goal = GOALS.get(self.name)
        return goal is not None and round(self.value, 2) > goal

    def line(self) -> str:
        """`NAME VALUE goal GOAL ok|short`, or `NAME VALUE no goal`."""
        goal = GOALS.get(self.name)
        value = f"{self.value:.2f}x" if self.unit == "x" else f"{self.value:.1f}{self.unit}"
        if goal is None:
            return f"{self.name} {value} no goal"
        return f"{self.name} {value} goal {goal:.2f}x {'short' if self.short else 'ok'}"


def asked(only: str) -> list[str]:
    """The names that `only` stands for: all when it is empty, else that figure or all below it ("create.cold").

    Raises ValueError, with the names there are, when it stands for none.
    """
    names = [name for name in GOALS if not only or name == only or name.startswith(f"{only}.")]
    if not names:
        raise ValueError(f"no figure {only!r}; there are: {' '.join(GOALS)}")
    return names


def due(name: str, number: int) -> bool:
    """Whether the figure takes part in that round, counted from 0."""
    return GOALS[name] is not None or number % ASIDE == 0


def of(names: Iterable[str], kind: str) -> list[list[str]]:
    """What follows `create.KIND` in those of the names that begin so, split at the dots."""
    return [name.split(".")[2:] for name in names if name.startswith(f"create.{kind}.")]
