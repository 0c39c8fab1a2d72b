"""The line of a TOML document on which something stands, for the message about a mistake."""

import tomllib
from typing import Any

from conference.custom.mistakes import Path


def line_of(text: str, path: Path) -> int | None:
    """The line, from 1, of the key or table at `path`, or of what is there of its way; None when nothing is.

    tomllib keeps no lines. A document that is cut after a whole line is read as far as it goes: the statement that
    brings the path ends with the first cut that has it, and begins after the last one before that can be read. What a
    cut has, longer ones have too, so that they are halved.
    """
    lines = text.splitlines(keepends=True)
    whole = _read(text)
    wanted = _depth(whole, path) if whole else 0
    if not wanted:
        return None
    found = bound = len(lines)
    lacking = 0
    while bound - lacking > 1:
        middle = cut = (lacking + bound) // 2
        document = None
        while cut < bound and (document := _read("".join(lines[:cut]))) is None:
            cut += 1
        if document is None:
            bound = middle
        elif _depth(document, path) >= wanted:
            found, bound = cut, middle
        else:
            lacking = cut
    return _first_statement(lines, lacking, found)


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
