"""Somebody at a real browser of their own, who sees what is shown and presses what is there, and nothing else."""

from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect

from tests.browser.site import WAIT, Site

WIDE = 1024
NARROW = 320
"""CSS pixels: WCAG 2.2, 1.4.10 (reflow)."""
_HEIGHT = 800
_STATUS = "Failed to load resource: the server responded with a status of"
_FOCUS = """element => {
    const style = getComputedStyle(element), box = element.getBoundingClientRect()
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
        && box.top >= 0 && box.bottom <= innerHeight
}"""
_MOST_TABS = 40


class Person:
    """A user and their browser, which speaks `language`; without `script` it runs none.

    `asked` are the requests that the browser made, `complaints` what its console holds against our pages.
    """

    def __init__(self, browser: Browser, site: Site, language: str = "en", script: bool = True) -> None:
        self.site = site
        self.user = site.add_user()
        self.asked: list[Request] = []
        self.complaints: list[str] = []
        self.context = browser.new_context(
            locale=language,
            java_script_enabled=script,
            viewport={"width": WIDE, "height": _HEIGHT},
        )
        self.context.set_default_timeout(WAIT * 1000)
        self.context.on("request", lambda request: self.asked.append(request))
        self.context.on("console", self._heard)
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.page: Page = self.context.new_page()

    def open(self, path: str) -> None:
        """Go to one of our pages, or to a whole address."""
        self.page.goto(path if "://" in path else self.site.url + path)

    def agree(self, user: str = "", page: Page | None = None) -> None:
        """Press Allow on Google's or a vendor's page, as this person or as `user`."""
        page = page or self.page
        page.get_by_label("Account").select_option(user or self.user)
        page.get_by_role("button", name="Allow").click()

    def deny(self) -> None:
        """Press Deny there."""
        self.page.get_by_role("button", name="Deny").click()

    def sign_in(self, user: str = "") -> None:
        """Sign in, for the settings."""
        self.open("/settings?sign-in=1")
        self.agree(user)

    def connect(self, solution: str = "zoom") -> None:
        """Connect a solution, being signed in."""
        self.open(f"/connect/{solution}")
        self.agree()

    def button(self, action: str) -> Locator:
        """The button of one of our forms, or the link that looks like one, in any language."""
        return self.page.locator(f'form[action="{action}"] button, a[href^="{action}"]')

    def resize(self, width: int) -> None:
        """Make the window that wide."""
        self.page.set_viewport_size({"width": width, "height": _HEIGHT})

    def tab_to(self, name: str) -> None:
        """Press the tab key until that has the focus. On our pages each stop on the way must be seen to have it."""
        for _ in range(_MOST_TABS):
            self.page.keyboard.press("Tab")
            focused = self.page.locator(":focus")
            if self.page.url.startswith(self.site.url) and focused.count():
                assert focused.evaluate(_FOCUS), f"no focus to be seen on {focused.inner_text()}"
            if self.page.get_by_role("button", name=name, exact=True).and_(focused).count():
                return
            if self.page.get_by_role("link", name=name, exact=True).and_(focused).count():
                return
            if self.page.get_by_label(name, exact=True).and_(focused).count():
                return
        raise AssertionError(f"no tab leads to {name}")

    def press(self, name: str) -> None:
        """Go there with the keyboard and press Enter."""
        self.tab_to(name)
        self.page.keyboard.press("Enter")

    def sees(self, heading: str) -> None:
        """The page has that heading, and no other of the first level."""
        expect(self.page.get_by_role("heading", level=1, name=heading, exact=True)).to_be_visible()

    def reads(self, text: str) -> None:
        """The text is there to be read."""
        expect(self.page.get_by_text(text)).to_be_visible()

    def strangers(self) -> set[str]:
        """The hosts beside ours and the simulator's that the browser asked, or wanted to."""
        ours = {urlsplit(self.site.url).netloc, urlsplit(self.site.simulator.url).netloc}
        return {urlsplit(request.url).netloc for request in self.asked} - ours

    def leave(self) -> None:
        """Close the browser."""
        self.context.close()

    def _heard(self, message: ConsoleMessage) -> None:
        # A page that refuses has a status of its own, which the console holds against it.
        if message.type == "error" and not message.text.startswith(_STATUS):
            self.complaints.append(message.text)
