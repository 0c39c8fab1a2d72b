"""The join page in a real browser: guests with a name, hosts with Google, on a phone, by keyboard, without a script."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import People
from tests.browser.person import NARROW, Person
from tests.thorough import takes_long

NAME = "Your name, as the others will see it"


def is_in(person: Person, name: str, role: str) -> None:
    """The person's browser shows the room, which knows them as that."""
    expect(person.page.get_by_text(f"{name}, {role}")).to_be_visible()


@pytest.fixture(params=["desktop", *(pytest.param(way, marks=takes_long) for way in ("phone", "no script"))])
def way(request: pytest.FixtureRequest) -> str:
    """At a wide screen, at a phone, or without a script."""
    return str(request.param)


@pytest.fixture
def guest(people: People, way: str) -> Person:
    """Somebody with a link."""
    return _coming(people, way)


@pytest.fixture
def host(people: People, way: str) -> Person:
    """Somebody whose conference it will be."""
    return _coming(people, way)


def _coming(people: People, way: str) -> Person:
    person = people(script=way != "no script")
    if way == "phone":
        person.resize(NARROW)
    return person


def test_a_guest_types_a_name_and_is_in_the_room(guest: Person) -> None:
    guest.open(guest.site.join(guest.site.add_user()))
    guest.page.get_by_label(NAME).fill("Gus Ünï")
    guest.page.get_by_role("button", name="Join", exact=True).click()
    is_in(guest, "Gus Ünï", "guest")


def test_the_host_signs_in_with_google_and_lets_the_guests_in(guest: Person, host: Person) -> None:
    link = host.site.join(host.user, soon=False)
    guest.open(link)
    guest.reads("Guests can enter once the host is there")
    expect(guest.page.get_by_label(NAME)).to_have_count(0)

    host.open(link)
    host.page.get_by_role("link", name="I am the host").click()
    host.agree()
    host.reads(f"You are signed in as {host.user}, and host this meeting.")
    host.page.get_by_label(NAME).fill("Ada")
    host.page.get_by_role("button", name="Join as host").click()
    is_in(host, "Ada", "host")

    guest.page.get_by_role("link", name="Look again").click()
    guest.page.get_by_label(NAME).fill("Gus")
    guest.page.get_by_role("button", name="Join", exact=True).click()
    is_in(guest, "Gus", "guest")


def test_with_a_keyboard_alone_a_guest_is_in_the_room(person: Person) -> None:
    person.open(person.site.join(person.site.add_user()))
    person.tab_to(NAME)
    person.page.keyboard.type("Gus")
    person.page.keyboard.press("Enter")
    is_in(person, "Gus", "guest")


def test_a_browser_asks_for_the_name_before_it_sends_anything(person: Person) -> None:
    person.open(person.site.join(person.site.add_user()))
    person.page.get_by_role("button", name="Join", exact=True).click()
    expect(person.page.locator("input:invalid")).to_be_focused()


def test_who_is_no_host_is_told_and_enters_as_a_guest(person: Person) -> None:
    person.open(f"{person.site.join(person.site.add_user())}?host=1")
    person.agree()
    person.reads("who is no host of this meeting")
    person.page.get_by_label(NAME).fill("Bob")
    person.page.get_by_role("button", name="Join", exact=True).click()
    is_in(person, "Bob", "guest")


def test_who_does_not_agree_at_google_comes_back_to_the_meeting(person: Person) -> None:
    link = person.site.join(person.user)
    person.open(f"{link}?host=1")
    person.deny()
    person.page.get_by_role("link", name="Try again").click()
    assert person.page.url == link
