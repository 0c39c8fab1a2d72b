"""Every page in every language, looked at: by axe, in a narrow window, in the dark; and kept as pictures.

On every day those are the pages that differ most, in English, and the fullest one in German; with ANYROOM_TEST_ALL=1
they are all.
"""

import os
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from playwright.sync_api import Browser

from conference import pages
from tests.browser import axe
from tests.browser.person import NARROW, WIDE, Person
from tests.browser.site import ROOT, Site, site
from tests.thorough import THOROUGH, takes_long

pytestmark = takes_long

PICTURES = Path(os.environ.get("ANYROOM_SCREENSHOTS") or ROOT / ".run" / "screenshots")
TARGET = 44
"""CSS pixels that a finger hits: WCAG 2.2, 2.5.5 (target size, enhanced)."""
_SMALL = """least => [...document.querySelectorAll("a, button, summary, select")]
    .map(one => [one.innerText, one.getBoundingClientRect()])
    .filter(([, box]) => box.height < least || box.width < least)
    .map(([text, box]) => `${text}: ${box.width} x ${box.height}`)"""
_FOCUS_COLOURS = """element => [
    getComputedStyle(element).outlineColor, getComputedStyle(document.documentElement).backgroundColor
]"""
STANDS_OUT = 3.0
"""The least contrast of what is no text: WCAG 2.2, 1.4.11."""
_LEVELS = """() => [...document.querySelectorAll("h1, h2, h3, h4")].map(one => Number(one.tagName[1]))"""


def signed_out(person: Person) -> None:
    person.open("/settings")


def signed_in(person: Person) -> None:
    person.sign_in()


def full(person: Person) -> None:
    """Zoom connected and tested, Webex's connection over, and conferences in every trouble."""
    person.site.trouble(person.user)
    person.sign_in()
    person.connect("webex")
    person.site.simulator.authorization["webex"].revoke_user(person.user)
    person.connect("zoom")
    person.open("/settings")
    person.button("/test/webex").click()
    person.button("/test/zoom").click()


def failed(person: Person) -> None:
    """A test that failed, for a reason with a long word."""
    person.sign_in()
    person.open("/settings?told=test_fails&of=goto&reason=license-or-permission-missing-at-the-provider")


def done(person: Person) -> None:
    person.sign_in()
    person.connect()


def another_account(person: Person) -> None:
    other = person.site.add_user("maximiliane.rechtsschutzversicherung")
    person.open(person.site.link(person.user, "zoom"))
    person.agree(other)


def denied(person: Person) -> None:
    person.sign_in()
    person.open("/connect/zoom")
    person.deny()


def unknown(person: Person) -> None:
    person.open("/connect/nothing")


def joining(person: Person) -> None:
    person.open(person.site.join(person.user))


def waiting(person: Person) -> None:
    person.open(person.site.join(person.user, soon=False))


def hosting(person: Person) -> None:
    person.open(f"{person.site.join(person.user)}?host=1")
    person.agree()


def no_host(person: Person) -> None:
    person.open(f"{person.site.join(person.site.add_user())}?host=1")
    person.agree()


def nameless(person: Person) -> None:
    """The form came without a name: a browser would not send it."""
    joining(person)
    person.page.locator("#name").evaluate("name => name.required = false")
    person.page.locator("form button").click()


def join_gone(person: Person) -> None:
    person.open("/join/aaaaaaaaaaaaaaaaaaaaaaaaaa")


PAGES: dict[str, Callable[[Person], None]] = {
    one.__name__.replace("_", "-"): one
    for one in (
        *(signed_out, signed_in, full, failed, done, another_account, denied, unknown),
        *(joining, waiting, hosting, no_host, nameless, join_gone),
    )
}
NOTHING = "nothing"
"""The settings where no solution needs an account: another function's."""
FULLEST = "full"
DEAD_ENDS = (NOTHING, "unknown", "join-gone")
"""Pages with nothing to press."""
SEEN = [(page, language) for page in (*PAGES, NOTHING) for language in pages.LANGUAGES]
if not THOROUGH:
    SEEN = [
        (page, "en") for page in ("signed-out", FULLEST, "done", "another-account", NOTHING, "joining", "waiting")
    ] + [(FULLEST, "de")]


class Shown(NamedTuple):
    """A page that is shown to a person."""

    person: Person
    name: str
    language: str

    def looked_at(self, width: int, scheme: Literal["light", "dark"]) -> None:
        """Show it like that from now on."""
        self.person.resize(width)
        self.person.page.emulate_media(color_scheme=scheme)

    def keep(self, width: int, scheme: Literal["light", "dark"]) -> None:
        """Make a picture of it."""
        self.looked_at(width, scheme)
        path = PICTURES / f"{self.name}-{self.language}-{width}-{scheme}.png"
        self.person.page.screenshot(path=path, full_page=True)


@pytest.fixture(scope="module")
def plain_function(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A function whose solutions need no account of anybody's."""
    with site(tmp_path_factory.mktemp("plain"), connects=False) as started:
        yield started


@pytest.fixture(scope="module", params=SEEN, ids="-".join)
def shown(request: pytest.FixtureRequest, chromium: Browser, function: Site) -> Iterator[Shown]:
    """A page in a language, kept as pictures: wide, narrow and in the dark. For a module: the way there is long."""
    name, language = request.param
    where = request.getfixturevalue("plain_function") if name == NOTHING else function
    person = Person(chromium, where, language)
    PAGES.get(name, signed_out)(person)
    shown = Shown(person, name, language)
    shown.keep(WIDE, "light")
    shown.keep(NARROW, "light")
    shown.keep(NARROW, "dark")
    yield shown
    person.leave()
    assert (person.complaints, person.strangers()) == ([], set())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(shown: Shown, axe_core: str, scheme: Literal["light", "dark"]) -> None:
    shown.looked_at(WIDE, scheme)
    assert axe.found(shown.person.page, axe_core) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_ring_around_the_focus_stands_out(shown: Shown, scheme: Literal["light", "dark"]) -> None:
    shown.looked_at(WIDE, scheme)
    pressed = shown.person.page.locator("a, button")
    if shown.name in DEAD_ENDS:
        assert pressed.count() == 0
        return
    pressed.first.focus()
    colours = pressed.first.and_(shown.person.page.locator(":focus-visible")).evaluate(_FOCUS_COLOURS)
    ring, behind = map(luminance, colours)
    assert (max(ring, behind) + 0.05) / (min(ring, behind) + 0.05) >= STANDS_OUT


def luminance(colour: str) -> float:
    """The relative luminance of a computed colour, `rgb(R, G, B)` (WCAG 2.2, its definition)."""
    red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_narrow_window_never_scrolls_sideways(shown: Shown) -> None:
    shown.looked_at(NARROW, "light")
    assert shown.person.page.evaluate("() => document.documentElement.scrollWidth") <= NARROW


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_what_is_pressed_is_large_enough_for_a_finger(shown: Shown, width: int) -> None:
    shown.looked_at(width, "light")
    assert shown.person.page.evaluate(_SMALL, TARGET) == []


def test_headings_begin_at_one_and_leave_out_no_level(shown: Shown) -> None:
    levels = shown.person.page.evaluate(_LEVELS)
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_it_says_its_language_and_is_what_it_was_meant_to_be(shown: Shown) -> None:
    page = shown.person.page
    assert page.locator("html").get_attribute("lang") == shown.language
    texts = {FULLEST: "state_gone_there", "done": "done_text", "denied": "refused_denied", NOTHING: "nothing_title"}
    texts |= {
        "joining": "join_button",
        "waiting": "join_waits",
        "hosting": "join_as_host",
        "nameless": "join_name_missing",
    }
    texts |= {"join-gone": "join_gone"}
    if shown.name in texts:
        assert pages.texts()[texts[shown.name]][shown.language].format(solution="Zoom") in page.inner_text("main")


def test_the_simulators_own_pages_pass_axe(chromium: Browser, function: Site, axe_core: str) -> None:
    person = Person(chromium, function)
    person.open("/settings?sign-in=1")
    consent = axe.found(person.page, axe_core)
    person.page.screenshot(path=PICTURES / "simulator-consent.png", full_page=True)
    person.agree()
    person.open("/connect/zoom")
    consent += axe.found(person.page, axe_core)
    person.page.screenshot(path=PICTURES / "simulator-zoom.png", full_page=True)
    person.open(function.simulator.url)
    home = axe.found(person.page, axe_core)
    person.page.screenshot(path=PICTURES / "simulator-home.png", full_page=True)
    person.leave()
    assert (consent, home) == ([], [])
