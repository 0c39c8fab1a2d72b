"""A vendor's sample reply as the replies of a system: each conference has an id and a link of its own, of that form."""

import json
import re
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

_MOVED = ("123456789", string.ascii_lowercase, string.ascii_uppercase)
"""Within each of these characters are exchanged: a zero stays, so that a number keeps its length."""


class Sample:
    """The reply to a create that the vendor's documentation shows, kept in a file of JSON.

    `id` and `link` say where these two stand in it: "id", or "data.0.id" for one further in.
    """

    def __init__(self, path: Path, *, id: str, link: str) -> None:
        self._path = path
        self._id = id
        self._link = link

    def reply(self, number: int) -> tuple[str, Any]:
        """The id of the conference that was made as that one, from 1, and the reply that gives it."""
        reply = json.loads(self._path.read_text("utf-8"))
        moved = str.maketrans({char: row[(at + number) % len(row)] for row in _MOVED for at, char in enumerate(row)})
        before = self._read(reply, self._id)
        after = str(before).translate(moved)
        link = _moved(self._read(reply, self._link), str(before), moved)
        self._write(reply, self._id, type(before)(after))
        self._write(reply, self._link, link)
        return after, reply

    @staticmethod
    def with_told(reply: Any, told: Mapping[str, Any]) -> Any:
        """The reply with what the system was told in each field of that name, wherever it stands."""
        if isinstance(reply, list):
            return [Sample.with_told(value, told) for value in reply]
        if not isinstance(reply, dict):
            return reply
        return {name: told[name] if name in told else Sample.with_told(value, told) for name, value in reply.items()}

    def _read(self, reply: Any, where: str) -> Any:
        try:
            for step in where.split("."):
                reply = reply[int(step) if isinstance(reply, list) else step]
        except (LookupError, TypeError, ValueError):
            pytest.fail(f"{self._path.name} has no {where}: name in {self._path.stem}.py where its id and link stand")
        return reply

    def _write(self, reply: Any, where: str, value: Any) -> None:
        above, _, last = where.rpartition(".")
        inner = self._read(reply, above) if above else reply
        inner[int(last) if isinstance(inner, list) else last] = value


def _moved(link: str, id: str, moved: Mapping[int, str]) -> str:
    """The link with the moved id in it, its last step and the values of its query moved too."""
    host = f"{urlsplit(link).scheme}://{urlsplit(link).netloc}"
    own = re.compile(rf"{re.escape(id)}|[^/?&=#]+(?=/?$|[?&#])")
    return host + own.sub(lambda part: part[0].translate(moved), link.removeprefix(host))
