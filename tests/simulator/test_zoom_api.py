"""Zoom's stand-in refuses what Zoom refuses, and answers as Zoom does."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from simulator.zoom import Zoom
from simulator.zoom_api import ZoomApi

NOW = datetime(2031, 3, 1, 12, tzinfo=UTC)
ADA, BOB = "ada@zoom.example", "bob@zoom.example"
MEETING = {"topic": "Review", "type": 2, "start_time": "2031-03-14T14:00:00Z", "duration": 90, "agenda": "Sheets"}

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def ask() -> Ask:
    """`ask(method, path, json, token)`: the status and the body of an answer."""
    tokens = {"ada": ADA, "bob": BOB, "account": "", "little": ADA, "little of the account": ""}
    scopes = {"little": {"user:read:user"}, "little of the account": {"user:read:user", "meeting:read:meeting:admin"}}
    app = Flask("zoom")
    zoom = Zoom(random.Random(1), lambda: NOW, {ADA, BOB}, tokens.get, scopes.get)
    ZoomApi(zoom, prefix="/v2").register(app)

    def send(method: str, path: str, json: Any = None, token: str = "ada") -> tuple[int, Any]:
        with app.test_client() as client:
            headers = {"Authorization": f"Bearer {token}"}
            reply = client.open(f"/v2{path}", method=method, json=json, headers=headers)
            return reply.status_code, reply.get_json(silent=True)

    return send


def made(ask: Ask, **fields: Any) -> Any:
    status, meeting = ask("POST", "/users/me/meetings", {**MEETING, **fields})
    assert status == 201
    return meeting


def test_a_meeting_is_kept_changed_and_deleted(ask: Ask) -> None:
    meeting = made(ask)
    path = f"/meetings/{meeting['id']}"
    assert {name: meeting[name] for name in MEETING} == MEETING
    assert ask("GET", path) == (200, meeting)
    assert ask("PATCH", path, {"topic": "Retrospective"}) == (204, None)
    assert ask("GET", path)[1] == {**meeting, "topic": "Retrospective"}
    assert ask("DELETE", f"{path}?schedule_for_reminder=false") == (204, None)
    for method in ("GET", "DELETE"):
        assert (ask(method, path)[0], ask(method, path)[1]["code"]) == (404, 3001)


REFUSED = {
    "an unknown field": {"title": "x"},
    "an unknown setting": {"settings": {"lobby": True}},
    "a setting that is no yes or no": {"settings": {"waiting_room": "yes"}},
    "a topic that is too long": {"topic": "x" * 201},
    "no topic": {"topic": None},
    "an agenda that is too long": {"agenda": "x" * 2001},
    "a time with an offset": {"start_time": "2031-03-14T14:00:00+01:00"},
    "a local time": {"start_time": "2031-03-14T14:00:00"},
    "a day that is none": {"start_time": "2031-02-30T14:00:00Z"},
    "a duration as text": {"duration": "90"},
    "no duration": {"duration": 0},
    "a longer duration than a day": {"duration": 1441},
    "a zone that is none": {"timezone": "Mars/Olympus"},
    "a type that is none": {"type": 7},
    "a passcode that is too long": {"password": "12345678901"},
}


@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED)
def test_what_zoom_does_not_take_is_refused_with_its_code(ask: Ask, fields: dict[str, Any]) -> None:
    path = f"/meetings/{made(ask)['id']}"
    for method, where, body in (("POST", "/users/me/meetings", {**MEETING, **fields}), ("PATCH", path, fields)):
        status, refusal = ask(method, where, body)
        assert (status, refusal["code"]) == (400, 300)


def test_a_scheduled_meeting_needs_a_time(ask: Ask) -> None:
    series = made(ask, type=3)
    assert "start_time" not in series
    assert ask("POST", "/users/me/meetings", {"topic": "x", "type": 2})[1]["code"] == 300
    assert ask("PATCH", f"/meetings/{series['id']}", {"type": 2})[1]["code"] == 300


def test_a_start_that_is_past_is_ignored(ask: Ask) -> None:
    meeting = made(ask)
    past = f"{NOW - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    assert ask("PATCH", f"/meetings/{meeting['id']}", {"start_time": past}) == (204, None)
    assert ask("GET", f"/meetings/{meeting['id']}")[1] == meeting


def test_a_list_has_pages_and_the_beginning_of_each_agenda(ask: Ask) -> None:
    meetings = [made(ask, agenda=str(number) * 300, type=number % 2 + 2) for number in range(3)]
    status, page = ask("GET", "/users/me/meetings?type=upcoming&page_size=2")
    _, rest = ask("GET", f"/users/me/meetings?page_size=2&next_page_token={page['next_page_token']}")
    listed = page["meetings"] + rest["meetings"]
    assert (status, rest["next_page_token"]) == (200, "")
    assert [item["id"] for item in listed] == [meeting["id"] for meeting in meetings]
    assert [item["agenda"] for item in listed] == [str(number) * 250 for number in range(3)]


def test_what_is_over_is_scheduled_but_not_upcoming(ask: Ask) -> None:
    made(ask, start_time="2031-02-01T10:00:00Z")
    assert len(ask("GET", "/users/me/meetings?type=scheduled")[1]["meetings"]) == 1
    assert ask("GET", "/users/me/meetings?type=upcoming")[1]["meetings"] == []


@pytest.mark.parametrize("query", ["type=all", "page_size=301", "page_size=x", "next_page_token=x", "size=3"])
def test_a_list_that_zoom_does_not_have_is_refused(ask: Ask, query: str) -> None:
    assert ask("GET", f"/users/me/meetings?{query}")[0] == 400


def test_a_token_is_good_for_its_own_user_and_the_account_s_for_all(ask: Ask) -> None:
    path = f"/meetings/{made(ask)['id']}"
    create = "/users/{}/meetings"
    expected = [
        ("nobody", "GET", path, 401, 124),
        ("bob", "GET", path, 404, 3001),
        ("bob", "POST", create.format(ADA), 400, 4711),
        ("account", "POST", create.format("eve@zoom.example"), 404, 1001),
        ("account", "POST", create.format("me"), 404, 1001),
        ("account", "GET", path, 200, None),
        ("account", "POST", create.format(BOB), 201, None),
        ("bob", "POST", create.format(BOB), 201, None),
    ]
    for token, method, where, status, code in expected:
        answered, body = ask(method, where, MEETING if method == "POST" else None, token)
        assert (answered, body.get("code")) == (status, code), (token, where)


def test_a_host_has_a_hundred_creates_and_updates_a_day(ask: Ask) -> None:
    meeting = made(ask)
    for _ in range(99):
        ask("PATCH", f"/meetings/{meeting['id']}", {"topic": "x"})
    status, refusal = ask("POST", "/users/me/meetings", MEETING)
    assert (status, refusal["code"]) == (429, 429)
    assert ask("POST", "/users/me/meetings", MEETING, "bob")[0] == 201


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/users/me/meetings", "meeting:write:meeting"),
        ("GET", "/users/me/meetings", "meeting:read:list_meetings"),
        ("GET", "/meetings/1", "meeting:read:meeting"),
        ("PATCH", "/meetings/1", "meeting:update:meeting"),
        ("DELETE", "/meetings/1", "meeting:delete:meeting"),
    ],
)
def test_a_token_is_good_for_its_scopes_only(ask: Ask, method: str, path: str, scope: str) -> None:
    refusal = {"code": 4711, "message": f"Invalid access token, does not contain scopes:[{scope}]."}
    assert ask(method, path, token="little") == (400, refusal)
    assert ask("GET", "/users/me", token="little")[0] == 200


def test_a_token_of_the_account_needs_the_scopes_for_accounts(ask: Ask) -> None:
    meeting = made(ask)
    assert ask("GET", "/users/me", token="little of the account")[1]["code"] == 4711
    assert ask("GET", f"/meetings/{meeting['id']}", token="little of the account")[0] == 200
