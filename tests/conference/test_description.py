"""What Calendar keeps as HTML reaches the systems as the text that people read in Calendar."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conference.description import plain

TEXTS = {
    "an editor's lines": ("Agenda:<br>1. Budget<br><br>2. <b>Hiring</b>", "Agenda:\n1. Budget\n\n2. Hiring"),
    "paragraphs": ("<p>Welcome</p><p>Bring <i>tea</i></p>", "Welcome\nBring tea"),
    "blocks": ("Hello<div>there</div>again", "Hello\nthere\nagain"),
    "a list": ("Bring:<ul><li>tea</li><li>cake</li></ul>", "Bring:\n- tea\n- cake"),
    "a numbered list": ("<ol><li>tea<br></li><li>cake</li></ol>so", "- tea\n- cake\nso"),
    "a table": ("<table><tr><td>9:00</td><td>Tea</td></tr><tr><td>10:00</td></tr></table>", "9:00 Tea\n10:00"),
    "references": ("R&amp;D &lt;core&gt; &quot;a&quot; &#128512; a&nbsp;b", 'R&D <core> "a" \U0001f600 a b'),
    "a reference that was escaped": ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
    "a link with words": (
        '<a href="https://example.org/a?b=1&amp;c=2">minutes</a>.',
        "minutes (https://example.org/a?b=1&c=2).",
    ),
    "a link that shows itself": (
        'See <a href="https://example.org/">https://example.org</a>',
        "See https://example.org",
    ),
    "an address": ('<a href="mailto:ada@example.org">ada@example.org</a>', "ada@example.org"),
    "a picture in a link": ('<a href="https://example.org/"><img src="x"></a>', "https://example.org/"),
    "a link to nowhere": ('<a href="javascript:alert(1)">here</a> <a href="/x">there</a>', "here there"),
    "scripts and styles": ("<style>p {}</style>Tea<script>x</script><!-- not seen -->", "Tea"),
    "tags of any case": ("Tea<BR/>Cake<P>", "Tea\nCake"),
    "tags that nobody closes": ("<b>Tea<ul><li>Cake", "Tea\n- Cake"),
    "lines that were typed": ("Tea\nCake\r\n<b>now</b>", "Tea\nCake\nnow"),
    "much room": ("Tea<br><br><br><br>Cake", "Tea\n\nCake"),
    "words only": ("<span></span><br>", ""),
}


@pytest.mark.parametrize(("html", "text"), TEXTS.values(), ids=TEXTS)
def test_html_becomes_the_text_that_people_read(html: str, text: str) -> None:
    assert plain(html) == text


AS_IT_STANDS = [
    "",
    "Tea and cake",
    "  two\n\n\n\nlines ",
    "R&D",
    "1 < 2 > 0",
    "a<b & c",
    "Ada <ada@example.org>",
    "<https://example.org/?a=1&copy=2>",
    "<3",
]


@pytest.mark.parametrize("text", AS_IT_STANDS)
def test_text_without_tags_stays_as_it_stands(text: str) -> None:
    assert plain(text) == text


words = st.text(
    st.characters(codec="utf-8", exclude_characters="<>&\r\xa0", exclude_categories=("Cc", "Cs")), max_size=20
)


@given(
    st.lists(st.tuples(words, st.sampled_from(["<br>", "<p>", "</p>", "<b>", "</b>", "<li>", "<a href='/x'>", "</a>"])))
)
def test_no_word_is_lost_and_no_tag_is_left(pieces: list[tuple[str, str]]) -> None:
    text = plain("".join(word + tag for word, tag in pieces))
    assert "<" not in text
    assert re.sub(r"[\s-]", "", text) == re.sub(r"[\s-]", "", "".join(word for word, _ in pieces))


@pytest.mark.parametrize("piece", ["<a href='https://x.example/'>", "<ul><li>", "&", "<", "<!--", "<b", "<br>", "<p>"])
def test_hostile_markup_takes_no_time(piece: str) -> None:
    began = time.thread_time()
    assert len(plain(piece * (1 << 20))) < 1 << 20
    assert time.thread_time() - began < 2
