"""Something that takes long is seen to go on; something quick says nothing."""

import io
import time

from dev.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(to: io.StringIO, what: str) -> str:
    with Progress(what, first=0.0, to=to):
        until = time.monotonic() + 30
        while not to.getvalue() and time.monotonic() < until:
            time.sleep(0.01)
    return to.getvalue()


def test_a_log_gets_whole_lines() -> None:
    assert shown(io.StringIO(), "fetching").splitlines()[0] == "fetching ... 0 s"


def test_a_terminal_is_left_clean() -> None:
    assert shown(Terminal(), "fetching").endswith("\r\x1b[K")


def test_what_is_quick_says_nothing() -> None:
    to = io.StringIO()
    with Progress("fetching", first=60, to=to):
        pass
    assert to.getvalue() == ""
