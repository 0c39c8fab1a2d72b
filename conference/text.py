"""Text of any origin made clean and made to fit, never cut inside what a reader sees as one character."""

import re
from collections.abc import Callable
from typing import Final

from conference.errors import InvalidConferenceData
from conference.limits import LONGEST

ELLIPSIS: Final = "\u2026"

_SURROGATE = re.compile("[\ud800-\udfff]")
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_FORBIDDEN_IN_LINES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTROL_IN_LINES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LINE_BREAK = re.compile("\r\n?|[\x85\u2028\u2029]")
_BLANKS = re.compile("[\t\n\x0b\x0c\r\x85\u2028\u2029]+")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def utf16_length(text: str) -> int:
    """The length in UTF-16 code units, as JavaScript counts it."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8_length(text: str) -> int:
    """The length in UTF-8 bytes; a lone surrogate counts three."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-8", "surrogatepass"))


def check(field: str, text: object, *, required: bool = False, lines: bool = False) -> None:
    """Raise InvalidConferenceData unless `text` may stand in `field`, a name of `limits.LONGEST`.

    It must be text, not empty where it is required, within its limit, without lone surrogates, and without control
    characters (tab and line feed are allowed with `lines`).
    """
    if not isinstance(text, str):
        raise InvalidConferenceData(f"{field}-type", f"{type(text).__name__} where text is needed")
    if not text:
        if required:
            raise InvalidConferenceData(f"{field}-missing")
        return
    limit = LONGEST[field]
    # A code point is at most two units: most text is short enough that nobody has to count.
    if len(text) * 2 > limit and (length := utf16_length(text)) > limit:
        raise InvalidConferenceData(f"{field}-too-long", f"{length} of at most {limit} UTF-16 code units")
    if not text.isprintable() and (_FORBIDDEN_IN_LINES if lines else _FORBIDDEN).search(text):
        raise InvalidConferenceData(f"{field}-characters", "a control character or a lone surrogate")


def has_lone_surrogate(text: str) -> bool:
    """Whether `text` holds half a UTF-16 pair, which no UTF-8 reply can carry."""
    return not text.isascii() and _SURROGATE.search(text) is not None


def clean(text: str, *, lines: bool = False) -> str:
    """`text` without control characters, and with U+FFFD for each lone surrogate.

    Line breaks become one space, or stay as line feeds with `lines`. Nothing else changes: no normalisation, and
    joiners and direction marks stay.
    """
    if text.isprintable():
        return text
    if has_lone_surrogate(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if lines:
        return _CONTROL_IN_LINES.sub("", _LINE_BREAK.sub("\n", text))
    return _CONTROL.sub("", _BLANKS.sub(" ", text))


def shorten(text: str, limit: int, length: Callable[[str], int] = utf16_length) -> str:
    """`text` itself when it fits in `limit`, else its first grapheme clusters (UAX #29) and an ellipsis, which counts.

    `length` measures; by default UTF-16 code units, which keeps a limit in characters whatever the other side counts.
    White space before the ellipsis goes. Empty when not even the ellipsis fits.
    """
    if length(text) <= limit:
        return text
    room = limit - length(ELLIPSIS)
    if room < 0:
        return ""
    # Most text fits: only the rare long one pays for the import.
    import regex

    used = end = 0
    for cluster in regex.finditer(r"\X", text):
        used += length(cluster.group())
        if used > room:
            break
        if not cluster.group().isspace():
            end = cluster.end()
    return text[:end] + ELLIPSIS


def shorten_bytes(text: str, limit: int) -> str:
    """As `shorten`, with `limit` in UTF-8 bytes (the ellipsis takes three)."""
    return shorten(text, limit, utf8_length)
