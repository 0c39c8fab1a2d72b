"""A person connects Zoom from Calendar's link, in a real browser, and whatever else they may press on the way."""

import pytest
from playwright.sync_api import expect

from tests.browser.person import Person
from tests.browsing import VENDORS
from tests.thorough import THOROUGH, takes_long

pytestmark = takes_long

CONNECTED = "Zoom is connected"


@pytest.mark.parametrize("solution", list(VENDORS) if THOROUGH else ["zoom"])
def test_f21_from_calendars_link_over_google_and_the_vendor_to_a_conference(person: Person, solution: str) -> None:
    person.open(person.site.link(person.user, solution))
    person.sees("Google")
    person.agree()
    person.sees(person.site.simulator.authorization["entra" if solution == "teams" else solution].vendor.title)
    person.agree()
    person.sees(f"{solution.title()} is connected")
    assert "entryPoints" in person.site.choose(person.user, solution)


def test_in_a_tab_the_last_page_stays_and_leads_to_the_settings(person: Person) -> None:
    person.sign_in()
    person.connect()
    person.page.get_by_role("link", name="Conferencing settings").click()
    person.sees("Conferencing settings")
    person.reads(f"Connected as {person.user}.")


def test_in_the_pop_up_that_calendar_opened_the_last_page_closes_itself(person: Person) -> None:
    link = person.site.link(person.user, "zoom")
    person.open(person.site.simulator.url)
    with person.page.expect_popup() as opened:
        person.page.evaluate("link => { open(link, 'sign-in', 'width=500,height=600') }", link)
    popup = opened.value
    person.agree(page=popup)
    expect(popup.get_by_role("heading", name="Zoom", exact=True)).to_be_visible()
    popup.get_by_label("Account").select_option(person.user)
    with popup.expect_event("close"):
        popup.get_by_role("button", name="Allow").click()
    assert "entryPoints" in person.site.choose(person.user, "zoom")


def test_who_signs_in_with_another_account_is_told_both_and_can_switch(person: Person) -> None:
    bob = person.site.add_user("bob")
    person.open(person.site.link(person.user, "zoom"))
    person.agree(bob)
    alert = person.page.get_by_role("alert")
    expect(alert).to_contain_text(person.user)
    expect(alert).to_contain_text(bob)
    assert "error" in person.site.choose(person.user, "zoom")
    person.page.get_by_role("link", name="Sign in with Google").click()
    person.sees("Google")
    person.agree()
    person.sees("Zoom")
    person.agree()
    person.sees(CONNECTED)
    assert "entryPoints" in person.site.choose(person.user, "zoom")
    assert "error" in person.site.choose(bob, "zoom")


def test_a_browser_that_somebody_else_is_signed_in_to_asks_who_it_is(person: Person) -> None:
    bob = person.site.add_user("bob")
    person.sign_in(bob)
    person.open(person.site.link(person.user, "zoom"))
    expect(person.page.get_by_role("alert")).to_contain_text(person.user)
    person.page.get_by_role("link", name="Sign in with Google").click()
    person.agree()
    person.sees("Zoom")


def test_who_denies_at_zoom_is_told_so_and_may_try_again(person: Person) -> None:
    person.sign_in()
    person.open("/connect/zoom")
    person.deny()
    person.sees("That did not work")
    person.page.get_by_role("link", name="Try again").click()
    person.sees("Zoom")
    person.agree()
    person.sees(CONNECTED)
