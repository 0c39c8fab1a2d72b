"""What waits to be sent: a test delivers it, drops, doubles or reorders it; a running simulator sends it by itself."""

import random
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final, Generic, TypeVar

CLOSING: Final = 3.0
"""Seconds that a message on its way may take when everything ends."""

Item = TypeVar("Item")
Result = TypeVar("Result")
Taken = TypeVar("Taken")


class Outbox(ABC, Generic[Item, Result]):
    """Messages, oldest first. Thread-safe; nothing is held while one is being sent.

    Once `automatic`, a thread sends what is due each `delay` seconds, and several equal messages as one.
    """

    def __init__(self, randomness: random.Random) -> None:
        self._random = randomness
        self._mutex = threading.RLock()
        self._waiting: list[Item] = []
        self._closing = threading.Event()
        self._courier: threading.Thread | None = None
        self.delay = 0.5

    @property
    def pending(self) -> list[Item]:
        """What has not been sent, without what has no receiver any more."""
        with self._mutex:
            self._waiting = [item for item in self._waiting if self._wanted(item)]
            return list(self._waiting)

    @property
    def automatic(self) -> bool:
        """Whether a thread sends everything."""
        return self._courier is not None

    @automatic.setter
    def automatic(self, on: bool) -> None:
        if on and self._courier is None:
            self._closing.clear()
            self._courier = threading.Thread(target=self._deliver_while_open, daemon=True)
            self._courier.start()
        elif not on:
            self.close()

    def deliver(self, index: int = 0) -> Result:
        """Send the message at that place of `pending`, and say what came of it. Raises IndexError."""
        return self._taken(index, self._attempt)

    def deliver_all(self) -> list[Result]:
        """Send each message that is pending now, once; what came of them."""
        return [self._attempt(item) for item in self.pending if self._take(item)]

    def drop(self, index: int = 0) -> Item:
        """Lose a message. Raises IndexError."""
        return self._taken(index, lambda item: item)

    def double(self, index: int = 0) -> None:
        """Have a message be sent twice. Raises IndexError."""
        with self._mutex:
            self._waiting = self.pending
            self._waiting.insert(index, self._waiting[index])

    def shuffle(self) -> None:
        """Bring the messages out of order."""
        with self._mutex:
            self._waiting = self.pending
            self._random.shuffle(self._waiting)

    def close(self) -> None:
        """Send nothing more by itself."""
        self._closing.set()
        if self._courier is not None:
            self._courier.join(CLOSING)
            self._courier = None

    @abstractmethod
    def _wanted(self, item: Item) -> bool:
        """Whether there still is a receiver."""

    @abstractmethod
    def _due(self, item: Item) -> bool:
        """Whether the thread may send it now."""

    @abstractmethod
    def _attempt(self, item: Item) -> Result:
        """Send a message, which may put it back."""

    def _put(self, item: Item) -> None:
        with self._mutex:
            self._waiting.append(item)

    def _take(self, item: Item) -> bool:
        """Whether the message was still waiting, and has a receiver; it does not wait any more."""
        with self._mutex:
            for place, waiting in enumerate(self._waiting):
                if waiting is item:
                    del self._waiting[place]
                    return self._wanted(item)
            return False

    def _taken(self, index: int, then: Callable[[Item], Taken]) -> Taken:
        with self._mutex:
            item = self.pending[index]
            self._take(item)
        return then(item)

    def _deliver_while_open(self) -> None:
        while not self._closing.wait(self.delay):
            taken = [item for item in self.pending if self._due(item) and self._take(item)]
            for item in dict.fromkeys(taken):
                self._attempt(item)
