"""A table of a definition, read key by key: each value of its type, and no key that nobody asked for."""

from collections.abc import Iterator
from typing import Any

from conference.custom.mistakes import Mistake, Path, meant, quoted

_NAMES = {str: "text", bool: "true or false", int: "a whole number", list: "a list", dict: "a table", float: "a number"}
LONGEST_TEXT = 4096
"""Characters of one text of a definition."""


class Table:
    """One table of a TOML document, and where it stands. Every method raises Mistake for a value of another type."""

    def __init__(self, value: object, path: Path = ()) -> None:
        if not isinstance(value, dict):
            raise Mistake(path, f"is {kind(value)}; expected a table")
        self._values: dict[str, Any] = value
        self._asked: set[str] = set()
        self.path = path

    def at(self, key: str) -> Path:
        """Where that key's value stands."""
        return (*self.path, key)

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        self._asked.add(key)
        return key in self._values

    def get(self, key: str) -> Any:
        """The value, of whatever type; None when the key is not there."""
        self._asked.add(key)
        return self._values.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        """A text; `default` without the key, which is needed when that is None."""
        value = self._typed(key, str, default)
        assert isinstance(value, str)
        if len(value) > LONGEST_TEXT:
            raise Mistake(self.at(key), f"is {len(value)} characters long; expected at most {LONGEST_TEXT}")
        if default is None and not value:
            raise Mistake(self.at(key), "is empty; expected text")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self._typed(key, bool, default)
        assert isinstance(value, bool)
        return value

    def whole(self, key: str, least: int, most: int) -> int | None:
        """A whole number between both, None without the key."""
        if not self.has(key):
            return None
        value = self._typed(key, int, 0)
        assert isinstance(value, int)
        if not least <= value <= most:
            raise Mistake(self.at(key), f"expected a whole number between {least} and {most}")
        return value

    def choice(self, key: str, words: tuple[str, ...], default: str | None = None) -> str:
        """One of those words."""
        if default is None and not self.has(key):
            raise Mistake(self.at(key), f"is missing; expected one of {', '.join(words)}")
        value = self.text(key, default)
        if value not in words:
            raise Mistake(self.at(key), f"{quoted(value)!r} is not known here; {meant(value, words)}")
        return value

    def texts(self, key: str) -> list[str]:
        """A list of texts, empty without the key."""
        values = self._typed(key, list, [])
        for index, value in enumerate(values):
            if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT:
                raise Mistake((*self.at(key), index), f"is {kind(value)}; expected text")
        return list(values)

    def table(self, key: str) -> "Table | None":
        """A table, None without the key."""
        return Table(self._values[key], self.at(key)) if self.has(key) else None

    def needed_table(self, key: str, meaning: str) -> "Table":
        """A table that has to be there; `meaning` says what it is for."""
        table = self.table(key)
        if table is None:
            raise Mistake(self.at(key), f"is missing; expected a table with {meaning}")
        return table

    def tables(self, key: str) -> "list[Table]":
        """A list of tables, empty without the key."""
        values = self._typed(key, list, [])
        return [Table(value, (*self.at(key), index)) for index, value in enumerate(values)]

    def items(self) -> Iterator[tuple[str, Any]]:
        """Every key and its value, where any key may stand."""
        self._asked.update(self._values)
        yield from self._values.items()

    def __iter__(self) -> Iterator[str]:
        """Every key, where any may stand."""
        self._asked.update(self._values)
        yield from self._values

    def close(self) -> None:
        """Raise Mistake for a key that nobody has asked for."""
        for key in self._values:
            if key not in self._asked:
                raise Mistake(self.at(key), f"is not known here; {meant(key, self._asked)}")

    def _typed(self, key: str, expected: type, default: Any) -> Any:
        if not self.has(key):
            if default is None:
                raise Mistake(self.at(key), f"is missing; expected {_NAMES[expected]}")
            return default
        value = self._values[key]
        if type(value) is not expected:
            raise Mistake(self.at(key), f"is {kind(value)}; expected {_NAMES[expected]}")
        return value


def kind(value: object) -> str:
    """What a value of TOML is, in words."""
    if value == "":
        return "empty"
    return _NAMES.get(type(value), "a date or a time")
