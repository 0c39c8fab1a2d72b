"""One Chromium and one running function for the stories of a file, and people to sit at it.

Without Chromium, npm or the network what needs them is skipped, in one line; with ANYROOM_TEST_ALL=1 it fails.
"""

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser import axe
from tests.browser.person import Person
from tests.browser.site import ROOT, WAIT, Site, site

WITHOUT_CHROMIUM = "Chromium is not installed: the pages were not looked at (Debian: apt-get install chromium)"
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever a page, or Chromium itself, would like to reach.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
People = Callable[..., Person]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium. For a module: while it lives this thread has an event loop, which others want to start."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip(WITHOUT_CHROMIUM)
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not start for root, as whom CI runs; it is shown nothing but our own pages.
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS, chromium_sandbox=False)
        expect.set_options(timeout=WAIT * 1000)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The running function, with every vendor."""
    with site(tmp_path_factory.mktemp("site")) as started:
        yield started


@pytest.fixture
def people(chromium: Browser, function: Site) -> Iterator[People]:
    """Makes somebody new with a browser of their own; none may have met a stranger, or a page that breaks its rules."""
    made: list[Person] = []

    def make(**how: object) -> Person:
        made.append(Person(chromium, function, **how))  # type: ignore[arg-type]  # what Person takes
        return made[-1]

    yield make
    for one in made:
        one.leave()
    assert [one.complaints for one in made if one.complaints] == []
    assert [one.strangers() for one in made if one.strangers()] == []


@pytest.fixture
def person(people: People) -> Person:
    """Somebody new."""
    return people()


@pytest.fixture(scope="session")
def axe_core() -> str:
    """axe-core's script."""
    try:
        return axe.script(ROOT / ".run" / "npm")
    except axe.AxeMissing as missing:
        pytest.skip(str(missing))
