"""A value is good once, for whoever comes first, and forgotten when nobody would take it anyway."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from conference.errors import StoreUnavailable
from sync.once import Once
from sync.records import ONCE
from sync.store import Store
from tests.contracts.conftest import place as place
from tests.contracts.place import Place
from tests.emulator import firestore_emulator as firestore_emulator
from tests.outside import Outside, SeenStore
from tests.world import MovedClock

HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def store(place: Place) -> Store:
    return place.open()


def test_f64_a_value_is_good_once(store: Store, clock: MovedClock) -> None:
    once, until = Once(store), clock.now() + HOUR
    assert once.spend("state", until)
    assert not once.spend("state", until)
    assert not Once(store).spend("state", until + HOUR)
    assert once.spend("another", until)


def test_f64_of_many_at_the_same_moment_one_spends_it(place: Place, clock: MovedClock) -> None:
    stores = [place.open() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        spent = list(pool.map(lambda n: Once(stores[n % 4]).spend("state", clock.now() + HOUR), range(16)))
    assert spent.count(True) == 1


def test_what_was_spent_is_known_to_be(store: Store, clock: MovedClock) -> None:
    once = Once(store)
    assert not once.is_spent("call")
    once.spend("call", clock.now() + HOUR)
    assert once.is_spent("call")
    assert not once.is_spent("another")


def test_a_record_does_not_tell_the_value(store: Store, clock: MovedClock) -> None:
    Once(store).spend("canary-state", clock.now())
    assert "canary" not in repr(store.due(ONCE, clock.now(), 10))


def test_a_store_that_is_down_spends_nothing_silently(store: Store, clock: MovedClock) -> None:
    outside = Outside()
    outside.fail("before", "commit", StoreUnavailable("down"))
    with pytest.raises(StoreUnavailable):
        Once(SeenStore(store, outside, local=True)).spend("state", clock.now())
