"""One more instance of the function, for the tests that need a process: `store_client.py SETTING COMMAND ...`."""

import os
import sys
from collections.abc import Callable

from conference.errors import Conflict
from sync.store import Create, Document, Replace, Store
from sync.store.opening import open_store


def tell(what: object) -> None:
    """One line to the test, at once."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def count(store: Store, times: str) -> None:
    """Add one to `counter`'s n so many times, again and again where another was quicker."""
    for _ in range(int(times)):
        while not _added(store):
            pass


def _added(store: Store) -> bool:
    counter = store.get("thing", "counter")
    assert counter is not None
    try:
        store.commit([Replace(counter, {"n": counter.body["n"] + 1})])
    except Conflict:
        return False
    return True


def pairs(store: Store) -> None:
    """Set n of `left` and `right` to 1, 2, 3, ... for ever, each in one commit, and tell each n that was committed."""
    left, right = store.commit([Create("thing", "left", {"n": 0}), Create("other", "right", {"n": 0})])
    while left and right:
        n = {"n": left.body["n"] + 1}
        left, right = store.commit([Replace(left, n), Replace(right, n)])
        tell(n["n"])


def fork(store: Store, key: str) -> None:
    """Let a child write `key` with the store that the parent had made, as a server does that forks its workers."""
    child = os.fork()
    if not child:
        store.commit([Create("thing", key, {"by": "child"})])
        os._exit(0)
    _, status = os.waitpid(child, 0)
    found = store.get("thing", key)
    assert status == 0
    assert isinstance(found, Document)
    tell(found.body["by"])


COMMANDS: dict[str, Callable[..., None]] = {"count": count, "pairs": pairs, "fork": fork}

if __name__ == "__main__":
    COMMANDS[sys.argv[2]](open_store(sys.argv[1]), *sys.argv[3:])
