"""The join page, by its real address: guests wait and type a name, hosts sign in, and looking makes nothing."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from werkzeug.test import TestResponse

from conference import join
from conference.errors import StoreUnavailable
from simulator.faults import status
from sync.store.sqlite import SqliteStore
from tests.browsing import ENVIRONMENT, Browser, create
from tests.served import PUBLIC_URL, Function, serving
from tests.world import ADA, BOB, LOGO, MovedClock

ROOMS = {
    "provider": "demo",
    "name": "Rooms",
    "logo": LOGO,
    "url": "{simulator}",
    "join_page": True,
    "opens": "10m",
    "co_hosts": ["Carol@Example.com"],
}
CAROL = "carol@example.com"


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: MovedClock) -> Iterator[Function]:
    with serving(tmp_path, monkeypatch, {"rooms": ROOMS}, ENVIRONMENT, clock) as function:
        function.simulator.add_user(CAROL)
        yield function


def event(function: Function, clock: MovedClock, starts: timedelta, **more: Any) -> str:
    begin = clock.now() + starts
    times: dict[str, Any] = {
        "start": {"dateTime": begin.isoformat(), "timeZone": "UTC"},
        "end": {"dateTime": (begin + timedelta(hours=1)).isoformat(), "timeZone": "UTC"},
    }
    return str(function.simulator.calendar.add_event(ADA, summary="Plan", **times, **more))


def join_path(function: Function, clock: MovedClock, starts: timedelta = timedelta(minutes=5), **more: Any) -> str:
    """The link of a new conference, without our address."""
    return link_of(create(function, "rooms", event=event(function, clock, starts, **more)))


def link_of(data: Mapping[str, Any]) -> str:
    """The link of an answer, without our address."""
    [uri] = [one["uri"] for one in data["entryPoints"] if one["entryPointType"] == "VIDEO"]
    assert re.fullmatch(re.escape(PUBLIC_URL) + "/join/[a-z2-7]{26}", uri)
    return str(uri).removeprefix(PUBLIC_URL)


def enter(browser: Browser, path: str, name: str = "Gus", role: str = "guest") -> TestResponse:
    """Fill in the page's form as it is shown."""
    page = browser.open(path).text
    form = re.search(r'name="form" value="([^"]+)"', page)
    data = {"name": name, "as": role, **({"form": form[1]} if form else {})}
    return browser.client.post(path, data=data, headers=browser.headers)


def entered(response: TestResponse) -> tuple[str, str]:
    """Who is sent where: the name and the role in the system's own link."""
    assert response.status_code == 303, response.text
    url = urlsplit(response.headers["Location"])
    assert url.path.startswith("/room/")
    query = parse_qs(url.query)
    return query["name"][0], query["role"][0]


def test_a_guest_types_a_name_and_is_in(function: Function, clock: MovedClock) -> None:
    path, guest = join_path(function, clock), Browser(function)

    page = guest.open(path)
    assert page.status_code == 200
    assert "Plan" in page.text
    assert entered(enter(guest, path, "Gus Ünï <b>")) == ("Gus Ünï <b>", "guest")


def test_looking_at_the_page_asks_the_system_nothing(function: Function, clock: MovedClock) -> None:
    path = join_path(function, clock)
    function.simulator.requests.clear()

    Browser(function).open(path)
    assert function.simulator.requests.lines() == []


def test_guests_wait_for_the_opening_time(function: Function, clock: MovedClock) -> None:
    path, guest = join_path(function, clock, timedelta(minutes=30)), Browser(function)

    page = guest.open(path)
    assert "Guests can enter once the host is there" in page.text
    assert 'name="name"' not in page.text
    assert enter(guest, path).status_code == 200, "a form that was kept lets nobody in before the time"
    clock.advance(20 * 60)
    assert entered(enter(guest, path)) == ("Gus", "guest")


def test_guests_wait_for_the_next_occurrence_of_a_series(function: Function, clock: MovedClock) -> None:
    path = join_path(function, clock, recurrence=["RRULE:FREQ=DAILY;COUNT=3"])
    guest = Browser(function)

    assert entered(enter(guest, path))[1] == "guest"
    clock.advance(6 * 3600)
    assert enter(guest, path).status_code == 200
    clock.advance(18 * 3600)
    assert entered(enter(guest, path))[1] == "guest"


def test_guests_wait_by_the_clock_of_the_events_zone_in_summer_as_in_winter(
    function: Function, clock: MovedClock
) -> None:
    zone, guest = ZoneInfo("Europe/Berlin"), Browser(function)
    saved = function.simulator.calendar.add_event(
        ADA,
        start={"dateTime": "2034-12-01T09:00:00", "timeZone": zone.key},
        end={"dateTime": "2034-12-01T10:00:00", "timeZone": zone.key},
        recurrence=["RRULE:FREQ=DAILY"],
    )
    path = link_of(create(function, "rooms", event=saved))

    for month, summer in ((1, "CET"), (7, "CEST")):
        clock.advance((datetime(2035, month, 9, 8, 45, tzinfo=zone) - clock.now()).total_seconds())
        assert f"2035-0{month}-09 08:50 ({summer})" in guest.open(path).text
        clock.advance(6 * 60)
        assert entered(enter(guest, path)) == ("Gus", "guest")


def test_the_host_signs_in_and_enters_at_any_time_and_then_guests_may_too(
    function: Function, clock: MovedClock
) -> None:
    path = join_path(function, clock, timedelta(hours=5))
    host, guest = Browser(function), Browser(function)
    assert "I am the host" in host.open(path).text

    page = host.open(f"{path}?host=1")
    assert f"You are signed in as {ADA}, and host this meeting." in page.text
    assert entered(enter(host, path, "Ada", "host")) == ("Ada", "host")
    assert entered(enter(guest, path)) == ("Gus", "guest")


def test_a_co_host_is_a_host(function: Function, clock: MovedClock) -> None:
    path, carol = join_path(function, clock), Browser(function, CAROL)

    carol.open(f"{path}?host=1")
    assert entered(enter(carol, path, "Carol", "host")) == ("Carol", "host")


def test_somebody_else_who_signs_in_is_a_guest_and_may_use_another_account(
    function: Function, clock: MovedClock
) -> None:
    path, bob = join_path(function, clock), Browser(function, BOB)

    page = bob.open(f"{path}?host=1")
    assert f"You are signed in as {BOB}, who is no host of this meeting." in page.text
    assert f"{path}?host=1&amp;switch=1" in page.text
    assert "no host" in enter(bob, path, "Bob", "host").text
    assert entered(enter(bob, path, "Bob")) == ("Bob", "guest")
    bob.user = ADA
    assert "host this meeting" in bob.open(f"{path}?host=1&switch=1").text
    assert any("prompt=select_account" in url for url in bob.seen)


def test_nobody_else_can_send_the_hosts_form(function: Function, clock: MovedClock) -> None:
    path, host = join_path(function, clock), Browser(function)
    host.open(f"{path}?host=1")

    forged = host.client.post(path, data={"name": "Eve", "as": "host", "form": "of another site"})
    assert forged.status_code == 200
    assert "not signed in as a host any more" in forged.text


@pytest.mark.parametrize("name", ["", "   ", "\u200b\x07", None])
def test_a_guest_without_a_name_is_asked_for_one(function: Function, clock: MovedClock, name: str | None) -> None:
    path, guest = join_path(function, clock), Browser(function)

    page = guest.client.post(path, data={"as": "guest", **({} if name is None else {"name": name})})
    assert page.status_code == 200
    assert "Type your name first." in page.text


def test_a_name_is_one_line_of_what_can_be_seen(function: Function, clock: MovedClock) -> None:
    path, guest = join_path(function, clock), Browser(function)

    assert entered(enter(guest, path, " Gus\r\n\u202e  the\tguest "))[0] == "Gus the guest"
    assert entered(enter(guest, path, "é" * 500))[0] == "é" * 99 + "…"


def test_a_link_that_leads_nowhere_says_so_whatever_was_there(function: Function, clock: MovedClock) -> None:
    path, guest = join_path(function, clock), Browser(function)
    wrong = path[:-1] + ("a" if path[-1] != "a" else "b")

    for method in (guest.client.get, guest.client.post):
        page = method(wrong)
        assert page.status_code == 404
        assert "This link leads to no meeting." in page.text
    assert guest.client.get("/join/").status_code == 404
    assert guest.client.get(f"{path}/more").status_code == 404


def test_neither_the_link_nor_the_title_is_in_the_store_or_the_log(function: Function, clock: MovedClock) -> None:
    path, guest = join_path(function, clock), Browser(function)
    token = path.removeprefix("/join/")

    enter(guest, path)
    guest.open(f"{path}?host=1")
    stored = "".join(str(document.body) for document in function.stored())
    assert token not in stored + function.log()
    assert "Plan" not in stored + function.log()
    assert [line["route"] for line in function.lines()[-4:]].count("/join/ID") >= 2


def test_the_same_event_asked_again_gets_the_same_link(function: Function, clock: MovedClock) -> None:
    saved = event(function, clock, timedelta(minutes=5))

    first, second = (create(function, "rooms", event=saved) for _ in range(2))
    assert first == second


def test_a_system_that_does_not_answer_leaves_the_name_in_the_form(function: Function, clock: MovedClock) -> None:
    path, guest = join_path(function, clock), Browser(function)
    function.simulator.faults.add(status(503), "/rooms-api/*", times=None)

    page = enter(guest, path)
    assert page.status_code == 503
    assert "does not answer at the moment" in page.text
    assert 'value="Gus"' in page.text


def test_who_cannot_be_let_in_without_the_store_comes_back_to_the_meeting(
    function: Function, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise StoreUnavailable("store-down")

    path, guest = join_path(function, clock), Browser(function)
    monkeypatch.setattr(SqliteStore, "find", fails)
    for page in (guest.open(path), guest.client.post(path, data={"name": "Gus", "as": "guest"})):
        assert page.status_code == 503
        assert f'href="{path}"' in page.text
    assert guest.client.post(path, data="&" * 300_000).text.count(f'href="{path}"') == 1


def test_a_flood_by_one_link_is_held_up_and_keeps_no_host_out(
    function: Function, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(join, "BURST", 3)
    monkeypatch.setattr(join, "REFILL", 0.001)
    path, guest = join_path(function, clock), Browser(function)

    answers = [guest.client.post(path, data={"name": "Gus", "as": "guest"}).status_code for _ in range(5)]
    assert answers == [303, 303, 303, 429, 429]
    host = Browser(function)
    host.open(f"{path}?host=1")
    assert entered(enter(host, path, "Ada", "host")) == ("Ada", "host")
    clock.advance(1000)
    assert enter(guest, path).status_code == 303


def test_the_page_may_lead_out_and_do_nothing_else(function: Function, clock: MovedClock) -> None:
    page = Browser(function).open(join_path(function, clock))

    policy = page.headers["Content-Security-Policy"]
    assert "form-action 'self' https: http:;" in policy
    assert policy.startswith("default-src 'none';")
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
