"""Notes of any origin become safe, well-formed HTML that fits, and a legal notice is never cut away."""

from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conference import notes
from conference.errors import InvalidConferenceData
from conference.text import ELLIPSIS, utf16_length

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"

PIECES = [
    "<p>", "</p>", "<b>", "</b>", "<i>", "</i>", "<ul>", "<li>", "</ul>", "<br>", "<br/>", "<script>", "</script>",
    "<a href='https://a.example/?x=1&y=2'>", '<a href="javascript:x">', "</a>", "<img src=x onerror=y>", "<!--", "-->",
    "&", "&amp;", "&lt;", "&nbsp;", "&#1;", "&#x1F600;", "<", ">", '"', FAMILY, "e\u0301", "\u0301", "\x00", "\ud83d",
    "words and words ", "\u05e9\u05dc\u05d5\u05dd",
]  # fmt: skip
markup = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=40).map("".join)


class Outline(HTMLParser):
    """Reads HTML as strictly as XML: what is opened is closed, in order, and nothing else."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.words = ""
        self.tags: set[str] = set()
        self.links: list[str | None] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag != "br":
            self.open.append(tag)
        for name, value in attrs:
            assert (tag, name) == ("a", "href")
            self.links.append(value)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment is left: {data}")


@pytest.mark.parametrize(
    ("html", "safe"),
    [
        ("Dial 1 > 0, then PIN", "Dial 1 > 0, then PIN"),
        ("R&D", "R&amp;D"),
        ("<b>Hi</b><br/>there", "<b>Hi</b><br>there"),
        ("<ul><li>one<li>two</ul>", "<ul><li>one</li><li>two</li></ul>"),
        ("<script>alert(1)</script><style>x</style>Hi", "Hi"),
        ("<h1>Join</h1><table><tr><td>now</table>", "Joinnow"),
        ("<img src=x onerror=alert(1)>Hi", "Hi"),
        ("<b style='x' onclick='y'>Hi</b>", "<b>Hi</b>"),
        ("<!-- secret -->Hi", "Hi"),
        ("a&#1;b\x00c\ud83dd<br>", "abc\ufffdd<br>"),
        ('<a href="https://x.example/?a=1&b=2" target=_top>x</a>', '<a href="https://x.example/?a=1&amp;b=2">x</a>'),
        ('<a href="tel:+1234,,55#">x</a>', '<a href="tel:+1234,,55%23">x</a>'),
        ('<a href="mailto:help@x.example">x</a>', '<a href="mailto:help@x.example">x</a>'),
        ('<a href="JavaScript:alert(1)">x</a>', "<a>x</a>"),
        ('<a href="data:text/html,x">x</a>', "<a>x</a>"),
        ('<a href="//x.example/">x</a>', "<a>x</a>"),
        ('<a href="/x">x</a>', "<a>x</a>"),
        ('<a href="http://169.254.169.254/">x</a>', "<a>x</a>"),
        ('<a href="https://u:p@x.example/">x</a>', "<a>x</a>"),
    ],
)
def test_f13_html_in_notes_is_made_safe(html: str, safe: str) -> None:
    assert notes.safe(html) == safe


@pytest.mark.parametrize(
    "html",
    ["<script>x</script>", "a < b", "<b onclick='x'>y</b>", '<a href="javascript:x">y</a>', "<a href='https://x.y'>"],
)
def test_notes_that_were_not_made_safe_are_refused(html: str) -> None:
    with pytest.raises(InvalidConferenceData, match="notes-markup"):
        notes.check(html)


@given(markup)
def test_any_markup_becomes_safe_and_well_formed(html: str) -> None:
    safe = notes.safe(html)
    outline = Outline(safe)
    assert outline.tags <= notes.TAGS
    assert all(link and link.split(":")[0] in notes.LINK_SCHEMES for link in outline.links)
    notes.check(notes.shorten(safe, 2048))


@given(markup, st.integers(0, 120))
def test_f13_shortened_notes_fit_and_stay_well_formed(html: str, limit: int) -> None:
    safe = notes.safe(html)
    short = notes.shorten(safe, limit)
    assert utf16_length(short) <= limit
    assert notes.shorten(short, limit) == short
    outline = Outline(short)
    if short != safe:
        assert Outline(safe).words.startswith(outline.words.removesuffix(ELLIPSIS))


@pytest.mark.parametrize(
    ("html", "limit", "short"),
    [
        ("<b>abcdef</b>", 13, "<b>abcdef</b>"),
        ("<b>abcdef</b>", 12, "<b>abcd" + ELLIPSIS + "</b>"),
        ("x<b>abcdef</b>", 8, "x" + ELLIPSIS),
        ("x<b>abcdef</b>", 9, "x" + ELLIPSIS),
        ("ab&amp;cd", 8, "ab&amp;" + ELLIPSIS),
        ("ab&amp;cd", 7, "ab" + ELLIPSIS),
        (f"<i>a{FAMILY}b</i>", 16, "<i>a" + ELLIPSIS + "</i>"),
        ("<p>one</p><p>two</p>", 17, "<p>one</p>" + ELLIPSIS),
        ("one<br>two three", 10, "one<br>tw" + ELLIPSIS),
        ("one<br>two three", 8, "one" + ELLIPSIS),
        ("<b>x</b>", 1, ELLIPSIS),
        ("<b>x</b>", 0, ""),
    ],
)
def test_notes_are_cut_between_tags_references_and_graphemes(html: str, limit: int, short: str) -> None:
    assert notes.shorten(html, limit) == short


def test_a_megabyte_of_markup_is_cut_before_it_is_parsed() -> None:
    safe = notes.safe("<b>x" * 300_000)
    assert unescape(safe).count("x") == 32_768 // 4
    Outline(notes.shorten(safe, 2048))


@pytest.mark.parametrize(
    ("provider", "notice", "joined"),
    [("", "", ""), ("Hi", "", "Hi"), ("", "Legal", "Legal"), ("Hi", "<b>Legal</b>", "Hi<br><b>Legal</b>")],
)
def test_notes_and_notice_are_joined_with_a_line_break(provider: str, notice: str, joined: str) -> None:
    assert notes.joined(provider, notice) == (joined, "")


@given(markup.map(lambda part: part * 20), st.integers(1, 2048))
def test_the_notice_is_never_cut(provider: str, length: int) -> None:
    notice = "L" * length
    joined, lost = notes.joined(provider, notice)
    assert joined.endswith(notice)
    assert utf16_length(joined) <= 2048
    if not lost:
        assert joined.removesuffix(notice).removesuffix(notes.BREAK) == notes.safe(provider)
    Outline(joined)


def test_what_was_lost_is_told_without_the_text() -> None:
    _, lost = notes.joined("secret " * 400, "Legal")
    assert lost == "notes shortened, 2800 long"


def test_a_notice_may_be_2048_long_and_no_longer() -> None:
    assert notes.joined("Hi", "L" * 2048)[0] == "L" * 2048
    with pytest.raises(InvalidConferenceData, match="notes-too-long"):
        notes.joined("Hi", "L" * 2049)
