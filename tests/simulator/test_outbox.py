"""What waits can be delivered in any order, lost and doubled, by hand or by a thread."""

import random
import threading

import pytest

from simulator.outbox import Outbox


class Letters(Outbox[str, str]):
    """Letters that come back in capitals, but for those to nobody."""

    def __init__(self) -> None:
        super().__init__(random.Random(3))
        self.sent: list[str] = []
        self.held: set[str] = set()
        self.arrived = threading.Event()

    def write(self, *letters: str) -> None:
        for letter in letters:
            self._put(letter)

    def _wanted(self, item: str) -> bool:
        return item != "nobody"

    def _due(self, item: str) -> bool:
        return item not in self.held

    def _attempt(self, item: str) -> str:
        self.sent.append(item)
        self.arrived.set()
        return item.upper()


@pytest.fixture
def letters() -> Letters:
    made = Letters()
    made.write("a", "nobody", "b", "c")
    return made


def test_the_oldest_is_delivered_first(letters: Letters) -> None:
    assert (letters.deliver(), letters.deliver(1), letters.pending) == ("A", "C", ["b"])


def test_what_has_no_receiver_is_not_sent(letters: Letters) -> None:
    assert letters.deliver_all() == ["A", "B", "C"]
    assert (letters.sent, letters.pending) == (["a", "b", "c"], [])


def test_a_letter_can_be_lost(letters: Letters) -> None:
    assert letters.drop(1) == "b"
    assert letters.deliver_all() == ["A", "C"]


def test_a_letter_can_come_twice(letters: Letters) -> None:
    letters.double(1)
    assert letters.deliver_all() == ["A", "B", "B", "C"]


def test_letters_can_come_out_of_order(letters: Letters) -> None:
    letters.write(*"defgh")
    before = letters.pending
    letters.shuffle()
    assert letters.pending != before
    assert sorted(letters.pending) == sorted(before)


@pytest.mark.parametrize("act", [Letters.deliver, Letters.drop, Letters.double])
def test_there_is_nothing_where_nothing_waits(act: object) -> None:
    with pytest.raises(IndexError):
        act(Letters())  # type: ignore[operator]


def test_what_is_written_during_a_delivery_waits_for_the_next() -> None:
    class Answering(Letters):
        def _attempt(self, item: str) -> str:
            self.write("answer")
            return super()._attempt(item)

    letters = Answering()
    letters.write("a")
    assert (letters.deliver_all(), letters.pending) == (["A"], ["answer"])


def test_a_thread_sends_what_is_due_and_equal_letters_once() -> None:
    letters = Letters()
    letters.held.add("later")
    letters.write("a", "later", "a")
    letters.delay = 0.01
    letters.automatic = True
    assert letters.arrived.wait(5)
    letters.automatic = False
    assert (letters.sent, letters.pending, letters.automatic) == (["a"], ["later"], False)


def test_closing_leaves_no_thread_behind(letters: Letters) -> None:
    before = set(threading.enumerate())
    letters.delay = 60
    letters.automatic = True
    letters.close()
    assert set(threading.enumerate()) <= before
