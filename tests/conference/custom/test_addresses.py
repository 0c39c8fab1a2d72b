"""A URL has the host that stands in the definition, and every value of it as one part, to the letter."""

from functools import partial
from typing import Any

import pytest

from conference.custom.addresses import Address
from conference.custom.fields import OF, Facts, Field, Scope
from conference.custom.mistakes import Mistake
from conference.errors import OutcomeUnknown
from conference.providers.custom import Options
from tests.conference.custom.asking import ATTEMPT, ONE
from tests.conference.custom.hostile import Answers, opened

TEXTS = {"plain": "a", "odd": "a/b?c=d&e#f g%2F\"'é\ud800", "empty": ""}


def _always(text: str, facts: Facts) -> str:
    return text


def scope() -> Scope:
    texts = {f"kept.{name}": Field("any", partial(_always, text)) for name, text in TEXTS.items()}
    return Scope({**OF["update"], **texts}, {}, {"api": lambda options: "https://api.example.org:8443/base//"}, False)


def url(text: str, query: dict[str, str] | None = None, link: bool = False) -> str:
    options = Options(**ONE)
    facts = Facts(opened(options.provider, options, Answers([])), attempt=ATTEMPT, id="r")
    return Address(text, scope(), ("url",), link).url(facts, query or {})


ODD = "a%2Fb%3Fc%3Dd%26e%23f%20g%252F%22%27%C3%A9%3F"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a.example", "https://a.example"),
        ("https://a.example/", "https://a.example/"),
        ("http://a.example:8080?b=c", "http://a.example:8080?b=c"),
        ("https://[2001:db8::1]/a", "https://[2001:db8::1]/a"),
        ("{options.api}", "https://api.example.org:8443/base"),
        ("{options.api}/rooms", "https://api.example.org:8443/base/rooms"),
        ("{options.api}?a=b", "https://api.example.org:8443/base?a=b"),
        ("https://a.example/x{kept.plain}y/{attempt}", f"https://a.example/xay/{ATTEMPT}"),
        ("https://a.example/{kept.odd}/z", f"https://a.example/{ODD}/z"),
        ("https://a.example/b?c={kept.odd}&d={kept.plain}{kept.empty}e", f"https://a.example/b?c={ODD}&d=ae"),
        ("https://a.example/{kept.plain}?{kept.plain}?", "https://a.example/a?a?"),
        ("https://a.example/%2e%41;a,b!$()*+:@", "https://a.example/%2e%41;a,b!$()*+:@"),
    ],
)
def test_a_url_is_what_stands_there_and_its_values(text: str, expected: str) -> None:
    assert url(text) == expected


def test_parameters_follow_what_stands_there() -> None:
    assert url("https://a.example/b", {"c d": "e&f", "g": ""}) == "https://a.example/b?c%20d=e%26f&g="
    assert url("https://a.example/b?a=1", {"c": "2"}) == "https://a.example/b?a=1&c=2"


def test_only_a_link_has_a_fragment() -> None:
    assert url("https://a.example/#/room?x={kept.odd}", link=True) == f"https://a.example/#/room?x={ODD}"
    assert "has a sign that no URL has there" in refused("https://a.example/#/room")


@pytest.mark.parametrize("text", ["https://a.example/{kept.empty}", "https://a.example/x/{kept.none}"])
def test_a_name_that_is_missing_makes_no_url(text: str) -> None:
    names = scope()
    names.keep("none")
    options = Options(**ONE)
    facts = Facts(opened(options.provider, options, Answers([])))
    with pytest.raises(OutcomeUnknown) as met:
        Address(text, names, ("url",)).url(facts, {})
    assert met.value.reason == "malformed-reply"


def refused(text: str, link: bool = False) -> str:
    with pytest.raises(Mistake) as mistake:
        Address(text, scope(), ("url",), link)
    return str(mistake.value)


HOSTLESS = (
    *("/rooms", "a.example/rooms", "ftp://a.example/", "//a.example/", "https:///", " https://a.example/"),
    *("{options.other}/", "{kept.plain}/", "https://{kept.plain}/", "https://a.example{kept.plain}/"),
    *("{options.api}{kept.plain}/", "{options.api}.evil.example/", "https://user@a.example/"),
    *("https://a.example#/", "https://a.example\\"),
)
SIGNS = ('"', "'", "<", "\\", " ", "é", "%2", "%zz", "\n", "^", "`", "|")
NO_URLS = [
    *((text, "begins with no fixed host; expected https://HOST or {options.api}, and a path") for text in HOSTLESS),
    *((f"https://a.example/{sign}", "has a sign that no URL has there") for sign in SIGNS),
    *((f"https://a.example/{dots}", "goes up with dots in its path") for dots in ("..", ".", "a/../b", "../a?b")),
    ("https://a.example/{kept.plain?}", "has a {field?} in"),
    ("https://a.example/{recurrence}", "has a list in"),
    ("https://a.example/{summary}", "must not stand in an address"),
    ("https://a.example:99999/", "must have a port between"),
    ("http://169.254.169.254/", "must lead elsewhere"),
    ("http://0xa9fea9fe/", "must lead elsewhere"),
]


@pytest.mark.parametrize(("text", "complaint"), NO_URLS)
@pytest.mark.parametrize("link", [False, True], ids=["asked", "a link"])
def test_what_is_no_fixed_and_plain_url_is_refused(text: str, complaint: str, link: Any) -> None:
    assert complaint in refused(text, link)
