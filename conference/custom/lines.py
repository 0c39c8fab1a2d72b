"""The line of a TOML document on which something stands, for the message about a mistake."""

import tomllib
from typing import Any

from conference.custom.mistakes import Path


def line_of(text: str, path: Path) -> int | None:
    """The line, from 1, of the key or table at `path`, or of what is there of its way; None when nothing is.

    tomllib keeps no lines. A document that is cut after a whole line is read as far as it goes, so the statement that
    brings the path ends where it is there for the first time, and begins after the last cut that could be read before.
    """
    lines = text.splitlines(keepends=True)
    best: tuple[int, int] | None = None
    readable = 0
    for count in range(1, len(lines) + 1):
        document = _read("".join(lines[:count]))
        if document is None:
            continue
        depth = _depth(document, path)
        if depth and (best is None or depth > best[0]):
            best = depth, _first_statement(lines, readable, count)
        if depth == len(path):
            break
        readable = count
    return best[1] if best else None


def _read(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _depth(document: Any, path: Path) -> int:
    """How many parts of the path are there."""
    for depth, part in enumerate(path):
        try:
            document = document[part]
        except (KeyError, IndexError, TypeError):
            return depth
    return len(path)


def _first_statement(lines: list[str], after: int, until: int) -> int:
    """The first line of the cut that says something."""
    for number in range(after, until):
        if (said := lines[number].strip()) and not said.startswith("#"):
            return number + 1
    return until
