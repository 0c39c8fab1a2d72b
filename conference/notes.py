"""Notes are HTML that is safe to show: a few plain tags, links that lead somewhere harmless, always well-formed."""

import re
from typing import Final

from conference import text, uris
from conference.errors import InvalidConferenceData
from conference.limits import LONGEST

TAGS: Final = frozenset(("a", "b", "br", "em", "i", "li", "ol", "p", "strong", "u", "ul"))
LINK_SCHEMES: Final = frozenset(("http", "https", "tel", "mailto"))
BREAK: Final = "<br>"

# Far more markup than can be left of it is not parsed at all.
_LONGEST_SOURCE = 16 * LONGEST["notes"]
_UNFINISHED = re.compile(r"(?:<[^<>]*|&[^&;\s]{0,32})\Z")
_MARKUP = re.compile("[<&]")
_ALLOWED_TAG = re.compile(
    r'<(?:/?(?:a|b|em|i|li|ol|p|strong|u|ul)|br|a href="(?:https?|tel|mailto):[^"<>\x00-\x20]*")>', re.ASCII
)
_PIECE = re.compile(r"(</?[a-z][^>]*>)")
_ADDRESS = re.compile(r"(?:tel|mailto):[A-Za-z0-9\-._~:/?@!$&'()*+,;=%#]+")


def check(notes: str) -> None:
    """Raise InvalidConferenceData unless `notes` fit and every `<` in them starts a tag that `safe` lets through."""
    text.check("notes", notes, lines=True)
    if "<" in _ALLOWED_TAG.sub("", notes):
        raise InvalidConferenceData("notes-markup", "a tag, an attribute or a link that is not allowed")


def safe(html: str) -> str:
    """`html` of any origin as clean, well-formed HTML with nothing but TAGS, and links of LINK_SCHEMES.

    Text without markup stays as it is; scripts and styles go with their content, other tags go and leave theirs; a
    link that `uris` refuses loses its address. Source beyond 32,768 characters is not read.
    """
    html = text.clean(html, lines=True)
    if not _MARKUP.search(html):
        return html
    if len(html) > _LONGEST_SOURCE:
        html = _UNFINISHED.sub("", html[:_LONGEST_SOURCE]) + text.ELLIPSIS
    # Most notes are plain text or empty: only markup pays for the import.
    import nh3

    cleaned = nh3.clean(
        html,
        tags=TAGS,
        attributes={"a": {"href"}},
        attribute_filter=_link,
        url_schemes=LINK_SCHEMES,
        link_rel=None,
    )
    # Character references such as &#1; have become characters only now.
    return text.clean(cleaned, lines=True)


def _link(tag: str, attribute: str, value: str) -> str | None:
    try:
        address = uris.fitted(value)
        if address.startswith(("http:", "https:")):
            uris.check_web(address)
            return address
        return address if _ADDRESS.fullmatch(address) else None
    except InvalidConferenceData:
        return None


def shorten(html: str, limit: int) -> str:
    """What `safe` returned, at most `limit` UTF-16 code units long, still well-formed.

    Cut on a grapheme boundary of the text, never inside a tag or a character reference; an ellipsis shows the cut and
    what is open is closed. Empty when not even that fits.
    """
    if text.utf16_length(html) <= limit:
        return html
    if not _MARKUP.search(html):
        return text.shorten(html, limit)
    return _Cut(limit).apply(html)


class _Cut:
    """One pass over HTML that stops where what is written, what is open and the ellipsis fill the limit."""

    def __init__(self, limit: int) -> None:
        self.room = limit - text.utf16_length(text.ELLIPSIS)
        self.written: list[str] = []
        self.open: list[str] = []

    def apply(self, html: str) -> str:
        for piece in _PIECE.split(html):
            fits = self.tag(piece) if piece.startswith("<") else self.text(piece)
            if not fits:
                break
        return self.finished()

    def tag(self, tag: str) -> bool:
        if tag.startswith("</"):
            # Its length was set aside when the element was opened.
            self.open.pop()
            self.written.append(tag)
            return True
        closing = "" if tag == BREAK else f"</{tag[1:-1].split()[0]}>"
        if not self.take(tag, len(closing)):
            return False
        if closing:
            self.open.append(closing)
        return True

    def text(self, escaped: str) -> bool:
        import regex

        clusters = regex.finditer(r"\X", _unescaped(escaped))
        return all(self.take(_escaped(cluster.group())) for cluster in clusters)

    def take(self, piece: str, set_aside: int = 0) -> bool:
        size = text.utf16_length(piece) + set_aside
        if size > self.room:
            return False
        self.room -= size
        self.written.append(piece)
        return True

    def finished(self) -> str:
        if self.room < 0:
            return ""
        while self.written and (self.written[-1] == BREAK or not self.written[-1].strip() or self.just_opened()):
            if self.just_opened():
                self.open.pop()
            self.written.pop()
        return "".join((*self.written, text.ELLIPSIS, *reversed(self.open)))

    def just_opened(self) -> bool:
        last = self.written[-1]
        return last.startswith("<") and not last.startswith("</") and last != BREAK


def _unescaped(html: str) -> str:
    """The text that the sanitiser's serialisation stands for: it writes these four references and no others."""
    for reference, character in (("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", "\xa0"), ("&amp;", "&")):
        html = html.replace(reference, character)
    return html


def _escaped(characters: str) -> str:
    for character, reference in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\xa0", "&nbsp;")):
        characters = characters.replace(character, reference)
    return characters


def joined(notes: str, notice: str) -> tuple[str, str]:
    """Both made safe and put together, the provider's `notes` before the solution's legal `notice`; and what was lost.

    The whole fits into a ConferenceData; only `notes` are ever cut. The second value is empty or a phrase for the log,
    without any of the text. Raises InvalidConferenceData("notes-too-long") when the notice alone does not fit.
    """
    limit = LONGEST["notes"]
    notes, notice = safe(notes), safe(notice)
    if (length := text.utf16_length(notice)) > limit:
        raise InvalidConferenceData("notes-too-long", f"a notice of {length}, at most {limit} UTF-16 code units")
    ending = BREAK + notice if notes and notice else notice
    kept = shorten(notes, limit - text.utf16_length(ending))
    lost = "" if kept == notes else f"notes shortened, {text.utf16_length(notes)} long"
    return (kept + ending if kept else notice), lost
