"""How much is measured: the default stays below three minutes, `full` is for figures that are published."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """`warm`: for each number of clients, how many rounds, and requests that each client sends in one.

    `starts`: cold starts of each kind. `fills`: how often memory is taken. `bursts` of notifications. `runs` over a
    calendar of which everything changed. `calendars` of the simulated day.
    """

    warm: Mapping[int, tuple[int, int]]
    starts: int
    fills: int
    bursts: int
    runs: int
    calendars: int


SIZES = {
    "default": Size(warm={1: (8, 4), 8: (8, 5), 64: (8, 3)}, starts=9, fills=1, bursts=9, runs=3, calendars=300),
    "full": Size(warm={1: (30, 6), 8: (30, 6), 64: (24, 4)}, starts=25, fills=5, bursts=25, runs=7, calendars=10_000),
}
