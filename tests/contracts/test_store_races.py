"""Racing commits have one winner and no half, and a crash leaves none, whichever adapter keeps the store."""

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from conference.errors import Conflict, StoreUnavailable
from sync.store import Create, Delete, Replace, Store
from tests.contracts.changing import create, replace
from tests.contracts.place import Place

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
T = TypeVar("T")


def winners(racers: int, race: Callable[[int], object]) -> list[int]:
    """Who of so many threads, let go at once, was not refused."""
    gate = threading.Barrier(racers)

    def run(racer: int) -> bool:
        gate.wait()
        try:
            race(racer)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(racers) as pool:
        return [racer for racer, won in enumerate(pool.map(run, range(racers))) if won]


def at_rest(read: Callable[[], T]) -> T:
    """What is read twice in a row: a commit may still be on its way when the process that sent it is dead."""
    before, now = read(), read()
    while before != now:
        time.sleep(0.05)
        before, now = now, read()
    return now


def test_32_racing_creators_have_one_winner(place: Place) -> None:
    stores = [place.open(), place.open()]
    won = winners(32, lambda racer: create(stores[racer % 2], "a", {"by": racer}))
    assert len(won) == 1
    read = stores[0].get("thing", "a")
    assert read is not None
    assert read.body == {"by": won[0], "rev": 1}


def test_16_replacements_of_one_reading_have_one_winner_even_with_equal_content(place: Place) -> None:
    stores = [place.open(), place.open()]
    read = create(stores[0], "a", {"n": 1})
    assert len(winners(16, lambda racer: replace(stores[racer % 2], read, {"n": 1}))) == 1
    now = stores[0].get("thing", "a")
    assert now is not None
    assert now.body == {"n": 1, "rev": 2}


def test_16_deleters_of_one_reading_have_one_winner(store: Store) -> None:
    read = create(store, "a")
    assert len(winners(16, lambda _: store.commit([Delete(read)]))) == 1


def test_16_commits_of_the_same_two_documents_have_one_winner_and_no_half(place: Place) -> None:
    stores = [place.open(), place.open()]
    left, right = create(stores[0], "left"), create(stores[0], "right", kind="other")

    def both(racer: int) -> None:
        changes = [Replace(left, {"by": racer}), Replace(right, {"by": racer})]
        stores[racer % 2].commit(changes if racer % 4 < 2 else changes[::-1])

    won = winners(16, both)
    assert len(won) == 1
    for kind, key in (("thing", "left"), ("other", "right")):
        now = stores[0].get(kind, key)
        assert now is not None
        assert now.body == {"by": won[0], "rev": 2}


def test_racing_commits_that_overlap_in_a_ring_are_each_made_whole_or_not_at_all(store: Store) -> None:
    ring = [create(store, f"d{n}") for n in range(8)]
    won = winners(8, lambda n: store.commit([Replace(ring[n], {"by": n}), Replace(ring[(n + 1) % 8], {"by": n})]))
    expected: dict[int, int | None] = dict.fromkeys(range(8))
    for n in won:
        expected[n] = expected[(n + 1) % 8] = n
    assert won
    assert {n: (store.get("thing", f"d{n}") or ring[n]).body.get("by") for n in range(8)} == expected
    assert len([by for by in expected.values() if by is not None]) == 2 * len(won)


def test_two_processes_that_add_to_one_counter_lose_nothing(place: Place) -> None:
    store = place.open()
    create(store, "counter", {"n": 0})
    processes = [place.process("count", "25") for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    counter = store.get("thing", "counter")
    assert counter is not None
    assert counter.body == {"n": 50, "rev": 51}


@pytest.mark.parametrize("after", [1, 20])
def test_a_process_that_is_killed_loses_no_commit_and_leaves_no_half_of_one(place: Place, after: int) -> None:
    process = place.process("pairs")
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(after)]
    process.send_signal(signal.SIGKILL)
    told += [int(line) for line in process.stdout.read().split()]
    store = place.open()
    left, right = at_rest(lambda: (store.get("thing", "left"), store.get("other", "right")))
    assert left is not None
    assert right is not None
    assert left.body == right.body
    assert left.body["n"] - told[-1] in (0, 1)
    store.commit([Replace(left, {"n": 0}), Replace(right, {"n": 0})])


def test_a_store_made_before_a_fork_works_on_both_sides_of_it(place: Place) -> None:
    process = place.process("fork", "a")
    told, _ = process.communicate(timeout=60)
    assert (told, process.returncode) == ("child\n", 0)


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.get("thing", "a"),
        lambda store: store.find("thing", "colour", "red", 10),
        lambda store: store.due("thing", NOON, 10),
        lambda store: store.page("thing", 10),
        lambda store: store.commit([Create("thing", "a", {})]),
    ],
    ids=["get", "find", "due", "page", "commit"],
)
def test_f22_a_store_that_cannot_be_reached_says_so(place: Place, use: Callable[[Store], object]) -> None:
    with pytest.raises(StoreUnavailable):
        use(place.unreachable(0.3))
