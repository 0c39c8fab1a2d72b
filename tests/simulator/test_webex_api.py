"""The stand-in of Webex refuses what Webex's documentation says that it refuses."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from simulator.webex import Webex
from simulator.webex_api import WebexApi

NOW = datetime(2031, 3, 1, 12, 30, 20, tzinfo=UTC)
USER, OTHER = "user@webex.example", "other@webex.example"
MEETINGS = "/webex/v1/meetings"
BODY: dict[str, Any] = {
    "title": "Review",
    "start": "2031-03-02T10:00:00Z",
    "end": "2031-03-02T11:00:00Z",
    "integrationTags": ["tag"],
}


@pytest.fixture
def client() -> FlaskClient:
    bearer = {"user": USER, "other": OTHER, "app": "", "reader": USER}.get
    scopes = {"reader": {"meeting:schedules_read"}}.get
    app = Flask("webex")
    WebexApi(Webex(random.Random(1), bearer, scopes, lambda: NOW, frozenset({USER}))).register(app)
    return app.test_client()


def ask(client: FlaskClient, method: str, path: str = "", token: str = "user", **more: Any) -> Any:
    return client.open(MEETINGS + path, method=method, headers={"Authorization": f"Bearer {token}"}, **more)


@pytest.mark.parametrize(
    "change",
    [
        {"colour": "blue"},
        {"title": None},
        {"title": "x" * 129},
        {"title": 7},
        {"agenda": "x" * 1301},
        {"start": "2031-03-01T12:00:00Z"},
        {"start": "2031-03-02T10:00:00"},
        {"start": "tomorrow"},
        {"end": "2031-03-02T10:09:00Z"},
        {"end": "2031-03-03T10:00:00Z"},
        {"end": "2031-03-02T09:00:00Z"},
        {"timezone": "Mars/Olympus"},
        {"integrationTags": ["a", "b", "c", "d"]},
        {"integrationTags": ["x" * 65]},
        {"recurrence": "RRULE:FREQ=DAILY"},
        {"recurrence": "FREQ=HOURLY"},
        {"recurrence": "FREQ=WEEKLY;BYDAY=mo"},
        {"recurrence": "FREQ=MONTHLY;COUNT=61"},
        {"recurrence": "FREQ=DAILY;UNTIL=20310401"},
        {"sendEmail": "false"},
        {"joinBeforeHostMinutes": 7},
        {"unlockedMeetingJoinSecurity": "open"},
    ],
    ids=repr,
)
def test_a_meeting_that_webex_does_not_take_is_refused(change: dict[str, Any], client: FlaskClient) -> None:
    assert ask(client, "POST", json=BODY).status_code == 200
    refused = ask(client, "POST", json={**BODY, **change})

    assert refused.status_code == 400
    assert sorted(refused.json) == ["errors", "message", "trackingId"]


def test_a_change_is_checked_as_the_whole(client: FlaskClient) -> None:
    made = ask(client, "POST", json=BODY).json

    assert ask(client, "PATCH", f"/{made['id']}", json={"end": "2031-03-02T10:05:00Z"}).status_code == 400
    assert ask(client, "PATCH", f"/{made['id']}", json={"title": "New", "agenda": None}).json["title"] == "New"


def test_a_body_of_another_type_is_refused(client: FlaskClient) -> None:
    assert ask(client, "POST", data="title=x", content_type="text/plain").status_code == 415


def test_without_a_good_token_nothing_goes(client: FlaskClient) -> None:
    assert ask(client, "POST", token="wrong", json=BODY).status_code == 401
    assert client.get(MEETINGS).status_code == 401


def test_only_a_service_app_names_a_host_and_only_one_of_the_site(client: FlaskClient) -> None:
    assert ask(client, "POST", json={**BODY, "hostEmail": OTHER}).status_code == 403
    assert ask(client, "POST", token="app", json={**BODY, "hostEmail": OTHER}).status_code == 404
    assert ask(client, "POST", token="app", json={**BODY, "hostEmail": USER}).json["hostEmail"] == USER


def test_nobody_reads_or_deletes_the_meeting_of_another(client: FlaskClient) -> None:
    made = ask(client, "POST", json=BODY).json["id"]

    assert ask(client, "GET", f"/{made}", token="other").status_code == 404
    assert ask(client, "DELETE", f"/{made}", token="other").status_code == 404
    assert ask(client, "GET", "?integrationTag=tag", token="other").json == {"items": []}
    gone = ask(client, "DELETE", f"/{made}?sendEmail=false")
    assert (gone.status_code, gone.data) == (204, b"")
    assert ask(client, "DELETE", f"/{made}").status_code == 404


def listed(client: FlaskClient, query: str) -> list[str]:
    return [meeting["id"] for meeting in ask(client, "GET", f"?integrationTag=tag{query}").json["items"]]


def test_a_list_covers_seven_days_unless_it_is_told_otherwise(client: FlaskClient) -> None:
    late = {**BODY, "start": "2031-04-02T10:00:00Z", "end": "2031-04-02T11:00:00Z"}
    near, far = (ask(client, "POST", json=body).json["id"] for body in (BODY, late))

    assert listed(client, "") == [near]
    assert listed(client, "&from=2031-03-01T00:00:00Z&to=2032-01-01T00:00:00Z") == [near, far]
    assert ask(client, "GET", "?from=2031-03-02T00:00:00Z&to=2031-03-01T00:00:00Z").status_code == 400
    assert ask(client, "GET", "?colour=blue").status_code == 400


def test_a_series_is_listed_by_its_own_id_only_as_a_whole(client: FlaskClient) -> None:
    series = ask(client, "POST", json={**BODY, "recurrence": "FREQ=DAILY"}).json["id"]

    assert listed(client, "&current=false") == [series]
    assert listed(client, "") == [f"{series}_20310302T100000Z"]


def test_a_token_is_good_for_its_scopes_only(client: FlaskClient) -> None:
    meeting = ask(client, "POST", json=BODY).json["id"]
    assert [ask(client, "GET", path, "reader").status_code for path in ("", f"/{meeting}")] == [200, 200]
    for method, path in (("POST", ""), ("PATCH", f"/{meeting}"), ("DELETE", f"/{meeting}")):
        assert ask(client, method, path, "reader", json=BODY).status_code == 403
    assert client.get("/webex/v1/people/me", headers={"Authorization": "Bearer reader"}).status_code == 403
