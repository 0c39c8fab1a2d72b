"""The pages: complete in five languages, escaped, loading nothing, and allowed no more than they need."""

import base64
import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from conference import pages
from conference.pages import LANGUAGES, Page

HERE = Path(pages.__file__).parent
EVIL = "<script>alert(1)</script>\"'&{reason}{0}"
TEMPLATES = sorted(path.stem for path in (HERE / "templates").glob("*.html") if path.stem not in ("base", "trouble"))
REFUSALS = sorted(name.removeprefix("refused_") for name in pages.texts() if name.startswith("refused_"))
REFUSALS.remove("title")
STATES = sorted(name.removeprefix("state_") for name in pages.texts() if name.startswith("state_"))
IN_EACH_LANGUAGE = pytest.mark.parametrize("spoken", LANGUAGES)


def solution(state: str, said: str) -> dict[str, Any]:
    return {
        "id": "zoom",
        "name": said,
        "connects": state != "none",
        "state": "" if state == "none" else state,
        "account": said,
        "scopes": (said,),
        "missing": (said,),
    }


def filled(template: str, spoken: str, said: str = "Zoom") -> list[Page]:
    """The template as every branch of it shows it, with that said wherever something is filled in."""
    attention = [{"title": said, "start": said, "shown": said, "solution": said, "state": state} for state in STATES]
    data: dict[str, list[dict[str, Any]]] = {
        "done": [{"solution": said, "close": True}],
        "join": [
            {
                "path": said,
                "solution": said,
                "summary": summary,
                "opens": opens,
                "shown": said,
                "name": said,
                "email": email,
                "form": form,
                "alert": alert,
                "leads_out": True,
            }
            for summary, opens in (("", ""), (said, said))
            for email, form in (("", ""), (said, ""), (said, said))
            for alert in ("", "join_busy", "join_broken", "join_name_missing", "join_signed_out")
        ],
        "join_gone": [{}],
        "nothing": [{}],
        "sign_in": [{"told": said}, {"told": ""}],
        "refused": [
            {"text": text, "reason": said, "request": said, "again": again, "email": said, "expected": said}
            for text in REFUSALS
            for again in ("", said)
        ],
        "settings": [
            {
                "told": said,
                "email": said,
                "form": said,
                "solutions": [solution(state, said) for state in ("connected", "reconnect", "", "none")],
                "attention": shown,
            }
            for shown in ([], attention)
        ],
    }
    return [pages.render(template, spoken, **one) for one in data[template]]


class Parsed(HTMLParser):
    """The elements of a page."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.found: list[tuple[str, Mapping[str, str | None]]] = []
        self.said: list[str] = []
        self.feed(page.content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def all(self, tag: str) -> list[Mapping[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def words(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("name", pages.texts())
def test_every_text_is_there_in_each_language_with_the_same_words(name: str) -> None:
    text = pages.texts()[name]
    assert set(text) == set(LANGUAGES)
    assert all(text[spoken].strip() == text[spoken] != "" for spoken in LANGUAGES)
    assert {spoken: words(text[spoken]) for spoken in LANGUAGES} == dict.fromkeys(LANGUAGES, words(text["en"]))


def test_no_text_is_left_in_english() -> None:
    same = [name for name, text in pages.texts().items() if any(text[spoken] == text["en"] for spoken in LANGUAGES[1:])]
    assert same == []


def test_every_text_is_used() -> None:
    sources = [*(HERE / "templates").glob("*.html"), *HERE.parent.glob("*.py")]
    used = "\n".join(path.read_text("utf-8") for path in sources)
    named = {name for name in pages.texts() if not name.startswith(("refused_", "state_"))}
    assert {name for name in named if f'"{name}"' not in used} == set()
    refusals = set(re.findall(r'SignInRefused\(\s*[\w".-]+, "(\w+)"', used)) | {"busy", "broken", "other"}
    assert refusals | {"unknown"} == set(REFUSALS)


@IN_EACH_LANGUAGE
@pytest.mark.parametrize("template", TEMPLATES)
def test_every_page_is_whole_in_each_language(template: str, spoken: str) -> None:
    for page in filled(template, spoken):
        parsed = Parsed(page)
        assert parsed.all("html") == [{"lang": spoken}]
        assert [len(parsed.all(tag)) for tag in ("h1", "main", "title")] == [1, 1, 1]
        assert "{" not in "".join(parsed.said).replace(HERE.joinpath("style.css").read_text("utf-8"), "")


@pytest.mark.parametrize("template", TEMPLATES)
def test_whatever_is_filled_in_is_text(template: str) -> None:
    for page, plain in zip(filled(template, "en", EVIL), filled(template, "en"), strict=True):
        assert [tag for tag, _ in Parsed(page).found] == [tag for tag, _ in Parsed(plain).found]
        assert "<script>alert" not in page.content.decode()


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_page_loads_anything_or_has_a_handler(template: str) -> None:
    for page in filled(template, "en"):
        for tag, attributes in Parsed(page).found:
            assert tag not in ("link", "img", "iframe", "object", "embed", "base", "video", "audio", "svg")
            assert not any(name.startswith("on") or name in ("style", "src", "srcset") for name in attributes)
            for name in ("href", "action"):
                where = attributes.get(name)
                assert where is None or where.startswith(("/", "Zoom"))
        assert "url(" not in page.content.decode()
        assert "@import" not in page.content.decode()


def hashed(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_policy_allows_this_style_this_script_and_forms_to_us_which_only_one_answers_from_elsewhere(
    template: str,
) -> None:
    for page in filled(template, "en"):
        text = page.content.decode()
        [style] = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
        scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
        policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
        assert policy.pop("style-src") == hashed(style)
        assert policy.pop("script-src", "") == "".join(map(hashed, scripts))
        assert policy == {
            "default-src": "'none'",
            "base-uri": "'none'",
            "form-action": "'self' https: http:" if template == "join" else "'self'",
            "frame-ancestors": "'none'",
        }
        assert page.headers["X-Frame-Options"] == "DENY"


def test_only_the_page_that_closes_itself_has_a_script() -> None:
    for template in TEMPLATES:
        assert {len(Parsed(page).all("script")) for page in filled(template, "en")} == {int(template == "done")}


def test_every_form_is_a_post_with_our_token_and_every_button_says_what_it_does() -> None:
    for page in filled("settings", "en"):
        parsed = Parsed(page)
        forms = parsed.all("form")
        assert len(forms) > 4
        assert {form["method"] for form in forms} == {"post"}
        hidden = [one for one in parsed.all("input") if one.get("name") == "form"]
        assert len(hidden) == len(forms) == len(parsed.all("button"))


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("", "en"),
        ("*", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("nl,fr;q=0.8,de;q=0.9", "de"),
        ("nl , fr ; q=0.8 , de ; q = 0.7", "fr"),
        ("en;q=0.1, ja", "ja"),
        ("de;q=0, es;q=0.1", "es"),
        ("de;q=nan, es;q=0.1", "es"),
        ("de;q=inf, es;q=0.1", "es"),
        ("de;q=2, es;q=0.1", "es"),
        ("zh-Hant-TW, es-419;q=0.9", "es"),
        ("de;level=1", "en"),
        (",;q=1,,fr", "fr"),
        ("x" * 10_000 + ",de", "en"),
        ("\u212a, de;q=0.5", "de"),
    ],
)
def test_the_language_is_the_one_that_is_liked_best(accepted: str, spoken: str) -> None:
    assert pages.language(accepted) == spoken


def test_a_time_is_shown_the_same_way_everywhere() -> None:
    assert pages.shown(datetime(2027, 3, 1, 9, 5, tzinfo=UTC)) == "2027-03-01 09:05"
