"""What a check has found, as the one line that people read."""

from collections.abc import Callable
from typing import Literal

import msgspec

from conference.clock import Deadline

Level = Literal["ok", "warning", "problem"]


class Finding(msgspec.Struct, frozen=True):
    """`what` was looked at, and `text` says how it is; of a problem, what to do too."""

    level: Level
    what: str
    text: str

    def line(self) -> str:
        """The line, with the levels below each other."""
        return f"{self.level:8} {self.what}: {' '.join(self.text.split())}"


class Check(msgspec.Struct, frozen=True):
    """Something to look at within a deadline; `find` may raise, and `cleans_up` says that it wants to be waited for."""

    what: str
    find: Callable[[Deadline], list[Finding]]
    cleans_up: bool = False


def ok(what: str, text: str) -> Finding:
    """All is well."""
    return Finding("ok", what, text)


def warning(what: str, text: str) -> Finding:
    """It may work, but somebody should know."""
    return Finding("warning", what, text)


def problem(what: str, text: str) -> Finding:
    """It cannot work before somebody does what the text says."""
    return Finding("problem", what, text)
