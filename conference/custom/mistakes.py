"""A mistake in a definition: where it stands, what is there, and what was expected."""

from collections.abc import Iterable
from difflib import get_close_matches

Path = tuple[str | int, ...]
"""Where a value stands: keys of tables and numbers in lists, from 0, as in ("create", 0, "url")."""

_LONGEST_SHOWN = 40


class Mistake(ValueError):
    """Something in a definition cannot be meant. Its text is "FIELD: COMPLAINT", one line.

    What stands in the place of a secret is never repeated: the complaint shows only words of the definition's own.
    """

    def __init__(self, path: Path, complaint: str) -> None:
        super().__init__(f"{shown(path)}: {complaint}")
        self.path = path
        self.complaint = complaint


def shown(path: Path) -> str:
    """The path as people write it: create[1].url, counted from 1 as people count."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{quoted(part)}" if text else quoted(part)
    return text or "the definition"


def quoted(text: str) -> str:
    """A word of the definition on one line, shortened."""
    plain = text if text.isprintable() else ascii(text)[1:-1]
    return plain if len(plain) <= _LONGEST_SHOWN else plain[:_LONGEST_SHOWN] + "..."


def meant(word: str, known: Iterable[str]) -> str:
    """What was probably meant by a word that is not known, as the end of a complaint."""
    words = sorted(known)
    close = get_close_matches(word[:_LONGEST_SHOWN], words, 1)
    if close:
        return f"did you mean {close[0]}?"
    return f"expected one of {', '.join(words)}" if words else "nothing is expected here"
