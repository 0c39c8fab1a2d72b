"""The page shows events, conferences, errors and rooms; whatever they hold is text, and other sites are kept out."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from simulator import demo_data
from simulator.host import Outcome
from simulator.server import Simulator
from tests import simulating

HOSTILE = '"><script>alert(1)</script>'


class Browser:
    """A browser that follows redirects and reads HTML."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.session = requests.Session()
        self.session.trust_env = False

    def open(self, path: str = "/") -> requests.Response:
        return self.session.get(self.sim.url + path, timeout=10)

    def send(self, path: str, headers: dict[str, str] | None = None, /, **form: str) -> requests.Response:
        own = {"Origin": self.sim.url, **(headers or {})}
        return self.session.post(self.sim.url + path, data=form, headers=own, timeout=10)


@pytest.fixture
def sim(clock: Any) -> Iterator[Simulator]:
    """The demonstration's calendars, and a function that is asked nothing."""
    with simulating.simulator(
        clock=clock, function="http://127.0.0.1:9", solutions={"demo": "Demo Rooms"}
    ) as simulator:
        demo_data.fill(simulator.calendar, clock.now())
        yield simulator


@pytest.fixture
def browser(sim: Simulator) -> Iterator[Browser]:
    made = Browser(sim)
    yield made
    made.session.close()


@pytest.fixture
def first(sim: Simulator) -> str:
    return next(iter(sim.calendar.calendar(demo_data.ADA).events))


@pytest.fixture
def answers(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> list[Outcome]:
    """What the function comes back with, in turn."""
    prepared: list[Outcome] = []
    monkeypatch.setattr(sim.host, "call", lambda *_: prepared.pop(0))
    return prepared


def conference(sim: Simulator, uri: str = "https://rooms.example/a", **more: Any) -> Outcome:
    points = [
        {"type": "VIDEO", "uri": uri, "passcode": "secret7"},
        {"type": "PHONE", "uri": "tel:+12025550100,,5#", "pin": "5555", "regionCode": "US"},
    ]
    answer = {"conferenceId": "c1", "entryPoints": points, **more}
    return Outcome(200, {}, sim.conferences.of_addon(answer, "Demo Rooms", script=True))


def test_events_of_every_kind_are_listed(browser: Browser) -> None:
    text = browser.open().text
    for expected in (
        "Tue 3 Mar 2026, 10:00 \u2013 11:00 (Europe/Zurich)",
        "Wed 4 Mar 2026, 22:30 \u2013 23:00 (Europe/Zurich)",
        "Wed 4 Mar 2026, 16:30 \u2013 17:00 (America/New_York)",
        "Fri 6 Mar 2026",
        "RRULE:FREQ=WEEKLY;BYDAY=MO,WE",
        "Analytical engine team",
        "grace@example.com",
    ):
        assert expected in text


def test_the_page_needs_no_script_and_allows_none(browser: Browser) -> None:
    reply = browser.open()
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"<script|\son\w+=|style=|javascript:", reply.text)


def test_every_field_has_a_label_and_every_id_is_unique(browser: Browser) -> None:
    text = browser.open().text
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    fields = [tag for tag in re.findall(r"<(?:input|select)[^>]*>", text) if 'type="hidden"' not in tag]
    labelled = set(re.findall(r'<label for="([^"]+)"', text))
    assert fields
    assert {re.search(r'id="([^"]+)"', tag).group(1) for tag in fields} == labelled  # type: ignore[union-attr]


def test_a_choice_shows_link_code_and_dial_in(
    sim: Simulator, browser: Browser, first: str, answers: list[Outcome]
) -> None:
    answers.append(conference(sim, notes="<b>Be kind</b>"))
    page = browser.send("/choose", calendar=demo_data.ADA, event=first, solution="demo")
    for expected in (
        "Demo Rooms was added.",
        'href="https://rooms.example/a"',
        "secret7",
        'href="tel:+12025550100,,5#"',
        "5555",
        "Be kind",
    ):
        assert expected in page.text
    page = browser.send("/change", calendar=demo_data.ADA, event=first, do="remove")
    assert "The conference was removed" in page.text
    assert "secret7" not in page.text


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome(200, {}, error="PERMANENT"), "Failed to create conference: PERMANENT"),
        (
            Outcome(200, {}, error="AUTHENTICATION", authentication_url="https://rooms.example/in"),
            "https://rooms.example/in",
        ),
        (Outcome(500, {}, error="TEMPORARY", refused="HTTP status 500"), "HTTP status 500"),
    ],
)
def test_a_failure_is_shown_as_an_alert(
    browser: Browser, first: str, answers: list[Outcome], outcome: Outcome, expected: str
) -> None:
    answers.append(outcome)
    text = browser.send("/choose", calendar=demo_data.ADA, event=first, solution="demo").text
    assert 'role="alert"' in text
    assert expected in text


def test_a_new_event_is_asked_for_before_it_is_saved(sim: Simulator, browser: Browser, answers: list[Outcome]) -> None:
    answers.append(conference(sim))
    form = {"calendar": demo_data.ADA, "start": "2026-03-20T15:00", "minutes": "45", "zone": "Asia/Kolkata"}
    text = browser.send("/new-event", summary="Talk", solution="demo", **form).text
    assert "Fri 20 Mar 2026, 15:00 \u2013 15:45 (Asia/Kolkata)" in text
    assert "secret7" in text


@pytest.mark.parametrize(
    "wrong", [{"start": "soon"}, {"minutes": "x"}, {"minutes": "-5"}, {"zone": "Mars"}, {"minutes": "9" * 20}]
)
def test_a_new_event_that_makes_no_sense_is_not_saved(sim: Simulator, browser: Browser, wrong: dict[str, str]) -> None:
    before = len(sim.calendar.calendar(demo_data.ADA).events)
    form = {"calendar": demo_data.ADA, "start": "2026-03-20T15:00", "minutes": "45", "zone": "UTC", **wrong}
    assert "was not saved" in browser.send("/new-event", summary="Talk", **form).text
    assert len(sim.calendar.calendar(demo_data.ADA).events) == before


def test_whatever_is_shown_is_text(sim: Simulator, browser: Browser, first: str, answers: list[Outcome]) -> None:
    sim.calendar.patch(demo_data.ADA, first, summary=HOSTILE, location=HOSTILE)
    account = sim.rooms.accounts["demo-rooms-key"]
    room, _ = sim.rooms.create(account, {"title": HOSTILE, "description": HOSTILE})
    answers.append(conference(sim, uri=f"https://rooms.example/{HOSTILE}", notes=HOSTILE))
    for page in (
        browser.send("/choose", calendar=demo_data.ADA, event=first, solution="demo"),
        browser.open(f"/room/{room.id}"),
    ):
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "&gt;" in page.text


def test_rooms_are_listed_and_can_be_entered(sim: Simulator, browser: Browser) -> None:
    room, _ = sim.rooms.create(sim.rooms.accounts["demo-rooms-key"], {"title": "Review", "guests": ["bob@example.com"]})
    assert f'href="/room/{room.id}"' in browser.open().text
    inside = browser.open(f"/room/{room.id}")
    assert "You are in room Review" in inside.text
    assert room.passcode in inside.text
    assert browser.open("/room/unknown").status_code == 404


@pytest.mark.parametrize("path", ["/choose", "/change", "/new-event", "/room-sign-in"])
@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
def test_another_sites_form_is_refused(browser: Browser, first: str, path: str, headers: dict[str, str]) -> None:
    form = {"calendar": demo_data.ADA, "event": first, "solution": "demo", "account": "guest@rooms.example"}
    assert browser.send(path, headers, **form).status_code == 403


@pytest.mark.parametrize(
    "form", [{"calendar": "x"}, {"calendar": "grace@example.com"}, {"calendar": demo_data.ADA, "event": "x"}]
)
def test_other_calendars_and_events_are_not_found(browser: Browser, form: dict[str, str]) -> None:
    assert browser.send("/change", **form, do="delete").status_code == 404


def test_without_a_function_the_page_says_so(sim: Simulator, browser: Browser, first: str) -> None:
    sim.host.function = None
    assert "No function is connected" in browser.open().text
    text = browser.send("/choose", calendar=demo_data.ADA, event=first, solution="demo").text
    assert "start the simulator with --function URL" in text


def test_without_known_solutions_their_id_is_typed(sim: Simulator, browser: Browser) -> None:
    sim.host.solutions.clear()
    assert re.search(r'<input id="solution-1-1" name="solution"', browser.open().text)


def test_a_room_says_when_it_is(sim: Simulator, browser: Browser) -> None:
    times = {"starts": "2026-03-10T09:00:00Z", "ends": "2026-03-10T10:00:00Z"}
    sim.rooms.create(sim.rooms.accounts["demo-rooms-key"], {"title": "Review", **times})
    assert "2026-03-10T09:00:00Z \u2013 2026-03-10T10:00:00Z" in browser.open().text


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"do": "later"}, "Tue 3 Mar 2026, 11:00 \u2013 12:00 (Europe/Zurich)"),
        ({"do": "earlier"}, "Tue 3 Mar 2026, 09:00 \u2013 10:00 (Europe/Zurich)"),
        ({"do": "rename", "summary": " Look at the engine "}, '<h3 id="event-1-1">Look at the engine</h3>'),
        ({"do": "rename", "summary": ""}, "(No title)"),
    ],
)
def test_an_event_is_changed_as_in_calendar(browser: Browser, first: str, form: dict[str, str], expected: str) -> None:
    assert expected not in browser.open().text
    assert expected in browser.send("/change", calendar=demo_data.ADA, event=first, **form).text


def test_days_are_moved_by_a_day(sim: Simulator, browser: Browser) -> None:
    days = next(
        event for event in sim.calendar.calendar(demo_data.ADA).events.values() if "date" in event.body["start"]
    )
    page = browser.send("/change", calendar=demo_data.ADA, event=days.body["id"], do="later")
    assert "Sat 7 Mar 2026" in page.text
    assert "A day earlier" in page.text


def test_a_deleted_event_is_in_the_bin_until_it_is_restored(sim: Simulator, browser: Browser, first: str) -> None:
    assert "Bin" not in browser.open().text
    page = browser.send("/change", calendar=demo_data.ADA, event=first, do="delete")
    assert 'aria-label="Restore Review of the engine&#39;s drawings"' in page.text
    assert sim.calendar.get(demo_data.ADA, first)["status"] == "cancelled"
    browser.send("/change", calendar=demo_data.ADA, event=first, do="restore")
    assert "Bin" not in browser.open().text


def test_a_duplicate_is_a_second_event(browser: Browser, first: str) -> None:
    browser.send("/change", calendar=demo_data.ADA, event=first, do="duplicate")
    assert browser.open().text.count("engine&#39;s drawings</h3>") == 2


def test_what_cannot_be_done_is_said(sim: Simulator, browser: Browser, first: str) -> None:
    browser.send("/change", calendar=demo_data.ADA, event=first, do="delete")
    assert "Nothing was changed" in browser.send("/change", calendar=demo_data.ADA, event=first, do="delete").text
    assert browser.send("/change", calendar=demo_data.ADA, event=first, do="burn").status_code == 400


def test_the_page_says_when_the_add_on_is_told(sim: Simulator, browser: Browser, first: str) -> None:
    hint = "Reload the page to see its room follow"
    assert hint not in browser.send("/change", calendar=demo_data.ADA, event=first, do="later").text
    sim.triggers.follow(demo_data.ADA, demo_data.ADA)
    assert hint in browser.send("/change", calendar=demo_data.ADA, event=first, do="later").text
