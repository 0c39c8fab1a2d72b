"""A description as Calendar keeps it, which may be HTML, becomes the plain text that conferencing systems show.

Source: Event.description of the Calendar API v3, "Can contain HTML".
"""

import html
import re
from typing import Final

from conference import text

_LONGEST_SOURCE: Final = 32_768
_LINK_SCHEMES: Final = frozenset(("http", "https", "tel", "mailto"))
_LINES: Final = frozenset(
    ("blockquote", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "table", "tr", "ul")
)
_OTHER_TAGS: Final = frozenset(
    (
        *("a", "b", "big", "body", "br", "center", "code", "dd", "del", "dl", "dt", "em", "font", "head", "html"),
        *("html-blob", "i", "img", "ins", "s", "script", "small", "span", "strike", "strong", "style", "sub", "sup"),
        *("tbody", "td", "tfoot", "th", "thead", "title", "tt", "u"),
    )
)
_NAMES: Final = "|".join(sorted(_LINES | _OTHER_TAGS))
_MARKUP = re.compile("[<&]")
# What people type is no markup: an address in angle brackets, a comparison, the parameters of a URL.
_NO_TAG = re.compile(rf"<(?!/?(?:{_NAMES})(?:[\s/][^<>]*)?>|!--)", re.IGNORECASE)
_NO_REFERENCE = re.compile(r"&(?!#?\w{1,31};)", re.ASCII)
_TAG = re.compile(r'<(/?[a-z0-9]+)(?: href="([^"]*)")?>')
_EDGE: Final = "\x1e"
"""Where a line has to end: clean text has no such character."""


def plain(description: str) -> str:
    """Its text: lines where it has lines, a dash before what is listed, the address after words that are a link.

    What has no markup stays as it stands. Source beyond 32,768 characters is not read.
    """
    if not _MARKUP.search(description):
        return description
    source = text.clean(description[:_LONGEST_SOURCE], lines=True)
    source = _NO_REFERENCE.sub("&amp;", _NO_TAG.sub("&lt;", source))
    if "<" not in source:
        return html.unescape(source).replace("\xa0", " ")
    # Many descriptions are plain or empty: only tags pay for the import.
    import nh3

    tags = _LINES | {"a", "br", "td", "th"}
    return _tidy(
        _read(nh3.clean(source, tags=tags, attributes={"a": {"href"}}, url_schemes=_LINK_SCHEMES, link_rel=None))
    )


def _read(cleaned: str) -> str:
    """The text of well-formed HTML, with an edge wherever a block begins or ends."""
    written: list[str] = []
    read, link, words = 0, "", 0
    for tag in _TAG.finditer(cleaned):
        written.append(html.unescape(cleaned[read : tag.start()]))
        read, name = tag.end(), tag[1]
        if name == "a":
            link, words = html.unescape(tag[2] or ""), len(written)
        elif name == "/a":
            written.append(_address(link, "".join(written[words:]).strip()))
        else:
            written.append(_written(name))
    return "".join((*written, html.unescape(cleaned[read:])))


def _written(tag: str) -> str:
    if tag == "br":
        return "\n"
    if tag == "li":
        return f"{_EDGE}- "
    return _EDGE if tag.removeprefix("/") in _LINES else " " * (tag in ("td", "th"))


def _address(link: str, words: str) -> str:
    """What of a link the words do not say themselves."""
    shown = link.removeprefix("mailto:").removeprefix("tel:")
    if ":" not in link or shown.rstrip("/") in words:
        return ""
    return f" ({shown})" if words else shown


def _tidy(read: str) -> str:
    """Each line's end without blanks, at most one empty line in a row."""
    lines = re.sub(rf"\n?{_EDGE}[{_EDGE} ]*", "\n", read.replace("\xa0", " "))
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", lines)).strip()
