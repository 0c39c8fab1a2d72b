"""The stand-in of Microsoft Graph refuses what Graph's documentation says that it refuses."""

import random
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from simulator.teams import Teams
from simulator.teams_api import TeamsApi

USER, UNGRANTED = "user@teams.example", "ungranted@teams.example"
IDS = {USER: "11111111-aaaa", UNGRANTED: "33333333-cccc"}
ME = "/graph/v1.0/me/onlineMeetings"
BODY: dict[str, Any] = {
    "externalId": "key",
    "subject": "Review",
    "startDateTime": "2031-03-02T10:00:00Z",
    "endDateTime": "2031-03-02T11:00:00Z",
}


@pytest.fixture
def client() -> FlaskClient:
    bearer = {"user": USER, "other": UNGRANTED, "app": "", "reader": USER}.get
    scopes = {"reader": {"User.Read"}}.get
    app = Flask("graph")
    TeamsApi(Teams(random.Random(1), bearer, scopes, users=IDS, granted=frozenset({USER}))).register(app)
    return app.test_client()


def ask(client: FlaskClient, method: str, path: str, token: str = "user", **more: Any) -> Any:
    return client.open(path, method=method, headers={"Authorization": f"Bearer {token}"}, **more)


def code(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json["error"]["code"]


def test_the_same_external_id_gets_the_same_meeting_of_the_same_user(client: FlaskClient) -> None:
    first = ask(client, "POST", f"{ME}/createOrGet", json=BODY)
    again = ask(client, "POST", f"{ME}/createOrGet", json={**BODY, "subject": "Other"})
    others = ask(client, "POST", f"{ME}/createOrGet", token="other", json=BODY)

    assert (first.status_code, again.status_code, others.status_code) == (201, 200, 201)
    assert first.json == again.json
    assert others.json["id"] != first.json["id"]


@pytest.mark.parametrize(
    "change",
    [
        {"externalId": ""},
        {"colour": "blue"},
        {"lobbyBypassSettings": {"scope": "everyone"}},
        {"joinMeetingIdSettings": {"isPasscodeRequired": True}},
        {"subject": 7},
        {"subject": "x" * 256},
        {"startDateTime": "2031-03-02T10:00:00"},
        {"startDateTime": "2031-03-02T12:00:00Z"},
        {"participants": {"attendees": [{"role": "attendee"}]}},
        {"participants": {"attendees": [{"upn": "a@x.example", "role": "boss"}]}},
        {"participants": {"organizer": {"upn": "a@x.example"}}},
    ],
    ids=repr,
)
def test_a_meeting_that_graph_does_not_take_is_refused(change: dict[str, Any], client: FlaskClient) -> None:
    assert code(ask(client, "POST", f"{ME}/createOrGet", json={**BODY, **change})) == (400, "BadRequest")


def test_an_end_alone_is_refused(client: FlaskClient) -> None:
    body = {"externalId": "key", "endDateTime": BODY["endDateTime"]}
    assert code(ask(client, "POST", f"{ME}/createOrGet", json=body)) == (400, "BadRequest")


@pytest.mark.parametrize(
    "change",
    [
        {"startDateTime": "2031-03-02T10:30:00Z"},
        {"endDateTime": "2031-03-02T10:30:00Z"},
        {"externalId": "other"},
        {"joinMeetingIdSettings": {"isPasscodeRequired": True}},
        {"lobbyBypassSettings": {"scope": "all"}},
    ],
    ids=repr,
)
def test_a_change_that_graph_does_not_take_is_refused(change: dict[str, Any], client: FlaskClient) -> None:
    made = ask(client, "POST", f"{ME}/createOrGet", json=BODY).json["id"]
    assert code(ask(client, "PATCH", f"{ME}/{made}", json=change)) == (400, "BadRequest")


def test_a_deleted_meeting_is_gone(client: FlaskClient) -> None:
    made = ask(client, "POST", f"{ME}/createOrGet", json=BODY).json["id"]

    gone = ask(client, "DELETE", f"{ME}/{made}")
    assert (gone.status_code, gone.data) == (204, b"")
    assert code(ask(client, "DELETE", f"{ME}/{made}")) == (404, "NotFound")


def test_nobody_reads_or_deletes_the_meeting_of_another(client: FlaskClient) -> None:
    made = ask(client, "POST", f"{ME}/createOrGet", json=BODY).json["id"]

    assert code(ask(client, "GET", f"{ME}/{made}", token="other")) == (404, "NotFound")
    assert code(ask(client, "DELETE", f"{ME}/{made}", token="other")) == (404, "NotFound")
    assert ask(client, "GET", f"{ME}/{made}").json["id"] == made


def test_without_a_good_token_nothing_goes(client: FlaskClient) -> None:
    refused = ask(client, "POST", f"{ME}/createOrGet", token="wrong", json=BODY)
    assert code(refused) == (401, "InvalidAuthenticationToken")


def test_an_application_acts_for_users_by_object_id_where_a_policy_says_so(client: FlaskClient) -> None:
    def made(user: str) -> Any:
        path = f"/graph/v1.0/users/{user}/onlineMeetings/createOrGet"
        return ask(client, "POST", path, token="app", json=BODY)

    assert made(IDS[USER]).status_code == 201
    assert code(made(USER)) == (404, "UnknownError")
    assert code(made(IDS[UNGRANTED])) == (403, "General")
    assert ask(client, "POST", f"{ME}/createOrGet", token="app", json=BODY).status_code == 400


def test_a_user_is_known_by_name_and_by_id(client: FlaskClient) -> None:
    def known(user: str) -> Any:
        return ask(client, "GET", f"/graph/v1.0/users/{user}?$select=id", token="app")

    assert known(USER).json["id"] == known(IDS[USER]).json["id"] == IDS[USER]
    assert code(known("nobody@x.example")) == (404, "Request_ResourceNotFound")


def test_a_token_is_good_for_its_scopes_only(client: FlaskClient) -> None:
    for method, path in (("POST", "/createOrGet"), ("GET", "/1"), ("PATCH", "/1"), ("DELETE", "/1")):
        assert code(ask(client, method, f"{ME}{path}", "reader", json=BODY)) == (403, "Forbidden")
    assert ask(client, "GET", "/graph/v1.0/me", "reader").status_code == 200
