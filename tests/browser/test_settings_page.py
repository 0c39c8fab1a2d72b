"""The settings page in a real browser: with a script or without, with a mouse or a keyboard alone."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import People
from tests.browser.person import Person
from tests.thorough import takes_long

NOT_CONNECTED = "Not connected."


@pytest.fixture
def reader(people: People) -> Person:
    """Somebody whose browser runs no script."""
    return people(script=False)


def zoom(person: Person) -> None:
    """The part of the page that is about Zoom says that it is connected as that person."""
    part = person.page.get_by_role("region", name="Zoom", exact=True)
    expect(part).to_contain_text(f"Connected as {person.user}.")


def test_a_connection_is_shown_tested_and_ended(person: Person) -> None:
    person.sign_in()
    person.connect()
    person.open("/settings")
    zoom(person)
    person.page.get_by_role("button", name="Test Zoom").click()
    expect(person.page.get_by_role("status")).to_have_text("Zoom answers, and knows you.")
    person.page.get_by_role("button", name="Disconnect Zoom").click()
    expect(person.page.get_by_role("status")).to_have_text("Zoom is disconnected.")
    expect(person.page.get_by_role("region", name="Zoom", exact=True)).to_contain_text(NOT_CONNECTED)
    assert "error" in person.site.choose(person.user, "zoom")


@takes_long
def test_what_the_user_took_back_at_zoom_says_so_and_can_be_connected_again(person: Person) -> None:
    person.sign_in()
    person.connect()
    person.site.simulator.authorization["zoom"].revoke_user(person.user)
    person.open("/settings")
    person.page.get_by_role("button", name="Test Zoom").click()
    expect(person.page.get_by_role("status")).to_contain_text("Zoom does not work at the moment")
    person.page.get_by_role("link", name="Connect Zoom again").click()
    person.agree()
    person.open("/settings")
    zoom(person)


def test_without_a_script_everything_works(reader: Person) -> None:
    reader.open("/settings")
    reader.page.get_by_role("link", name="Sign in with Google").click()
    reader.agree()
    reader.page.get_by_role("link", name="Connect Zoom").click()
    reader.agree()
    reader.sees("Zoom is connected")
    reader.page.get_by_role("link", name="Conferencing settings").click()
    zoom(reader)
    reader.page.get_by_role("button", name="Test Zoom").click()
    reader.reads("Zoom answers, and knows you.")
    reader.page.get_by_role("button", name="Disconnect Zoom").click()
    reader.reads("Zoom is disconnected.")
    reader.page.get_by_role("checkbox", name="Yes, delete everything").check()
    reader.page.get_by_role("button", name="Delete all my data").click()
    reader.reads("All your data is deleted.")
    reader.page.get_by_role("link", name="Sign in with Google").click()
    reader.agree()
    reader.page.get_by_role("button", name="Sign out").click()
    reader.reads("Sign in to see")


def test_with_a_keyboard_alone_a_person_connects_and_disconnects(person: Person) -> None:
    person.open("/settings")
    person.press("Sign in with Google")
    person.sees("Google")
    allow_by_keyboard(person)
    person.sees("Conferencing settings")
    person.press("Connect Zoom")
    person.sees("Zoom")
    allow_by_keyboard(person)
    person.sees("Zoom is connected")
    person.press("Conferencing settings")
    person.sees("Conferencing settings")
    person.press("Test Zoom")
    expect(person.page.get_by_role("status")).to_have_text("Zoom answers, and knows you.")
    person.press("Disconnect Zoom")
    expect(person.page.get_by_role("status")).to_have_text("Zoom is disconnected.")


def allow_by_keyboard(person: Person) -> None:
    """Choose the account by its first letters, and allow."""
    person.tab_to("Account")
    person.page.keyboard.type(person.user)
    expect(person.page.get_by_label("Account")).to_have_value(person.user)
    person.press("Allow")


@takes_long
def test_deleting_everything_ends_the_connection_and_the_session(person: Person) -> None:
    person.site.trouble(person.user)
    person.sign_in()
    person.connect()
    person.open("/settings")
    expect(person.page.get_by_role("listitem").filter(has_text="Zoom")).to_have_count(4)
    person.page.get_by_role("checkbox", name="Yes, delete everything").check()
    person.page.get_by_role("button", name="Delete all my data").click()
    expect(person.page.get_by_role("status")).to_have_text("All your data is deleted.")
    person.page.get_by_role("link", name="Sign in with Google").click()
    person.agree()
    expect(person.page.get_by_role("region", name="Zoom", exact=True)).to_contain_text(NOT_CONNECTED)
    expect(person.page.get_by_text("None.")).to_be_visible()
