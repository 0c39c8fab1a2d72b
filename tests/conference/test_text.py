"""Text is cleaned without losing what a reader sees, and shortened between what a reader sees as characters."""

import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from conference.text import ELLIPSIS, clean, has_lone_surrogate, shorten, shorten_bytes, utf8_length, utf16_length

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
GERMANY = "\U0001f1e9\U0001f1ea"

# st.text() alone leaves surrogates out, and rarely builds clusters.
anything = st.lists(
    st.one_of(
        st.text(st.characters(codec=None, exclude_categories=()), max_size=8),
        st.sampled_from(
            [FAMILY, GERMANY, "e\u0301", "\r\n", "\ud83d", "\ude00", "\u202b\u05d0", "\u0600", "\x00", "  "]
        ),
    ),
    max_size=12,
).map("".join)


@pytest.mark.parametrize(
    ("text", "units"), [("", 0), ("abc", 3), ("\u00e9", 1), ("\U0001f600", 2), (FAMILY, 8), ("\ud83d", 1)]
)
def test_length_is_what_javascript_says(text: str, units: int) -> None:
    assert utf16_length(text) == units


@pytest.mark.parametrize(
    ("dirty", "cleaned"),
    [
        ("a\x00b\x07c\x7fd\x9be", "abcde"),
        ("a\r\nb\tc\u2028d", "a b c d"),
        ("half \ud83d pair", "half \ufffd pair"),
        ("\ud83d\ude00", "\U0001f600"),
        (f"{FAMILY} {GERMANY}", f"{FAMILY} {GERMANY}"),
        ("\u05e9\u05dc\u05d5\u05dd \u200f\u2066x\u2069", "\u05e9\u05dc\u05d5\u05dd \u200f\u2066x\u2069"),
        ("caf\u00e9 cafe\u0301", "caf\u00e9 cafe\u0301"),
    ],
    ids=["controls", "line breaks", "lone surrogate", "pair in two halves", "emoji", "right to left", "NFC and NFD"],
)
def test_f14_unicode_is_preserved_or_cleanly_replaced(dirty: str, cleaned: str) -> None:
    assert clean(dirty) == cleaned


def test_lines_stay_where_they_are_wanted() -> None:
    assert clean("a\r\nb\rc\td\x00\u2029e", lines=True) == "a\nb\nc\td\ne"


@given(anything, st.booleans())
def test_clean_text_has_no_controls_and_can_be_sent(text: str, lines: bool) -> None:
    cleaned = clean(text, lines=lines)
    assert {sign for sign in cleaned if unicodedata.category(sign) == "Cc"} <= (set("\n\t") if lines else set())
    assert not has_lone_surrogate(cleaned)
    assert clean(cleaned, lines=lines) == cleaned


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("Weekly", 6, "Weekly"),
        ("Weekly", 5, "Week" + ELLIPSIS),
        ("Stand up", 7, "Stand" + ELLIPSIS),
        (f"a{FAMILY}b", 10, f"a{FAMILY}b"),
        (f"a{FAMILY}bc", 10, f"a{FAMILY}" + ELLIPSIS),
        (f"a{FAMILY}b", 9, "a" + ELLIPSIS),
        (GERMANY * 2, 7, GERMANY + ELLIPSIS),
        ("\u0600 12", 3, "\u0600 " + ELLIPSIS),
        ("e\u0301e\u0301", 3, "e\u0301" + ELLIPSIS),
        ("e\u0301e\u0301", 2, ELLIPSIS),
        ("abc", 1, ELLIPSIS),
        ("abc", 0, ""),
    ],
)
def test_f13_text_is_cut_between_graphemes(text: str, limit: int, short: str) -> None:
    assert shorten(text, limit) == short


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("\u00e9" * 4, 8, "\u00e9" * 4),
        ("\u00e9" * 4, 7, "\u00e9" * 2 + ELLIPSIS),
        ("abcd", 3, ELLIPSIS),
        ("abcd", 2, ""),
    ],
)
def test_f14_byte_limits_are_respected(text: str, limit: int, short: str) -> None:
    assert shorten_bytes(text, limit) == short


@given(anything.map(clean), st.integers(0, 30), st.sampled_from([utf16_length, utf8_length]))
def test_short_text_fits_and_is_whole_graphemes_of_the_text(text: str, limit: int, length) -> None:  # type: ignore[no-untyped-def]  # hypothesis passes either measure
    short = shorten(text, limit, length)
    assert length(short) <= limit
    assert shorten(short, limit, length) == short
    if short != text:
        kept = regex.findall(r"\X", short.removesuffix(ELLIPSIS))
        assert kept == regex.findall(r"\X", text)[: len(kept)]
