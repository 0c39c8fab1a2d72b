"""How much is measured: the default stays below two minutes, `full` is for figures that are published."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """`warm`: for each number of clients, how many rounds, and requests that each client sends in one.

    `starts`: cold starts of each kind. `fills`: how often memory is taken.
    """

    warm: Mapping[int, tuple[int, int]]
    starts: int
    fills: int


SIZES = {
    "default": Size(warm={1: (8, 4), 8: (8, 5), 64: (8, 3)}, starts=9, fills=1),
    "full": Size(warm={1: (30, 6), 8: (30, 6), 64: (24, 4)}, starts=25, fills=5),
}
