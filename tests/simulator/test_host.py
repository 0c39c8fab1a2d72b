"""The add-on host calls the function as Calendar does, and puts into the event what Google would take."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, Response, jsonify, request
from joserfc import jwt
from joserfc.jwk import KeySet

from simulator import faults, ids
from simulator.calendar_api import PREFIX
from simulator.server import Simulator
from simulator.web import Server, bound

ADA = "ada@example.com"
BOB = "bob@example.com"
DAY: dict[str, Any] = {"start": {"date": "2026-03-10"}, "end": {"date": "2026-03-11"}}
POINT = {"entryPointType": "VIDEO", "uri": "https://rooms.example/a"}
ANSWER: dict[str, Any] = {
    "conferenceData": {"conferenceId": "c1", "conferenceSolutionId": "demo", "entryPoints": [POINT]}
}
ADDON_ANSWER: dict[str, Any] = {
    "createConferenceDataActionMarkup": {
        "createConferenceData": {
            "conferenceId": "c1",
            "conferenceSolutionId": "demo",
            "entryPoints": [{"type": "VIDEO", "uri": POINT["uri"]}],
        }
    }
}


class Function:
    """A function that answers what it is told and remembers what it was asked."""

    def __init__(self) -> None:
        self.reply: Any = ANSWER
        self.status = 200
        self.asked: list[Any] = []
        app = Flask("function")
        for path in ("/conferences", "/calendar-changes"):
            app.add_url_rule(path, path, self.answer, methods=["POST"])
        self.server = Server(bound("127.0.0.1", 0), app)

    def answer(self) -> tuple[Response, int]:
        self.asked.append((request.query_string.decode(), request.headers["Authorization"], request.get_json()))
        return (jsonify(self.reply) if not isinstance(self.reply, str) else Response(self.reply)), self.status


@pytest.fixture
def function(sim: Simulator) -> Iterator[Function]:
    answering = Function()
    answering.server.start()
    sim.host.function = sim.host.public_url = f"http://127.0.0.1:{answering.server.port}"
    sim.host.solutions["demo"] = "Demo Rooms"
    yield answering
    answering.server.close()


@pytest.fixture
def event(sim: Simulator) -> str:
    return sim.calendar.add_event(ADA, summary="Review", attendees=[{"email": BOB}], **DAY)


def claims(sim: Simulator, token: str) -> dict[str, Any]:
    published: Any = sim.identity.jwks()
    return dict(jwt.decode(token, KeySet.import_key_set(published), algorithms=["RS256"]).claims)


def test_the_script_sends_two_ids_and_two_tokens(sim: Simulator, function: Function, event: str, caller: Any) -> None:
    sim.host.choose(ADA, event, "demo", ADA)
    ((query, authorization, body),) = function.asked
    token = claims(sim, authorization.removeprefix("Bearer "))
    assert query == "solution=demo"
    assert (token["aud"], token["email"]) == (ids.SCRIPT_CLIENT_ID, ADA)
    assert (body["calendarId"], body["eventId"], sorted(body)) == (ADA, event, ["calendarId", "eventId", "oauthToken"])
    program = caller()
    program.token = body["oauthToken"]
    assert program("GET", f"{ADA}/events/{event}").status_code == 200
    assert program("DELETE", f"{ADA}/events/{event}").status_code == 403


def test_an_http_add_on_is_sent_an_event_object(sim: Simulator, function: Function, event: str) -> None:
    function.reply = {"hostAppAction": {"calendarAction": ADDON_ANSWER}}
    assert sim.host.choose(ADA, event, "demo", ADA, "addon").error is None
    ((_, authorization, body),) = function.asked
    granted = body["authorizationEventObject"]
    system, user = claims(sim, granted["systemIdToken"]), claims(sim, granted["userIdToken"])
    assert authorization == f"Bearer {granted['systemIdToken']}"
    assert (system["aud"], system["email"]) == (f"{sim.host.public_url}/conferences", ids.ADDON_SERVICE_ACCOUNT)
    assert (user["aud"], user["email"]) == (ids.ADDON_CLIENT_ID, ADA)
    assert (body["calendar"]["calendarId"], body["calendar"]["id"]) == (ADA, event)
    assert body["commonEventObject"]["hostApp"] == "CALENDAR"


def test_the_conference_is_in_the_event_afterwards(sim: Simulator, function: Function, event: str, ada: Any) -> None:
    outcome = sim.host.choose(ADA, event, "demo", ADA)
    held = ada("GET", f"primary/events/{event}").json()["conferenceData"]
    assert held == outcome.conference
    assert held["conferenceSolution"]["name"] == "Demo Rooms"
    assert held["parameters"]["addOnParameters"]["parameters"] == {"scriptId": ids.SCRIPT_ID}


def test_only_a_script_leaves_its_id(sim: Simulator, function: Function, event: str) -> None:
    function.reply = {"renderActions": {"hostAppAction": {"calendarAction": ADDON_ANSWER}}}
    outcome = sim.host.choose(ADA, event, "demo", ADA, "addon")
    assert outcome.conference is not None
    assert "parameters" not in outcome.conference


def test_a_new_choice_replaces_the_conference(sim: Simulator, function: Function, event: str) -> None:
    sim.host.choose(ADA, event, "demo", ADA)
    function.reply = {"conferenceData": {**ANSWER["conferenceData"], "conferenceId": "c2"}}
    sim.host.choose(ADA, event, "demo", ADA)
    assert sim.calendar.get(ADA, event)["conferenceData"]["conferenceId"] == "c2"


def test_a_reserved_event_gets_its_conference_when_it_is_saved(sim: Simulator, function: Function, ada: Any) -> None:
    event = sim.calendar.reserve(ADA)
    sim.host.choose(ADA, event, "demo", ADA)
    assert ada("GET", f"primary/events/{event}").status_code == 404
    sim.calendar.save(ADA, event, summary="Review", **DAY)
    assert ada("GET", f"primary/events/{event}").json()["conferenceData"]["conferenceId"] == "c1"


def test_an_error_leaves_the_event_alone(sim: Simulator, function: Function, event: str) -> None:
    error = {"conferenceErrorType": "AUTHENTICATION", "authenticationUrl": "https://rooms.example/in"}
    function.reply = {"conferenceData": {"error": error}}
    outcome = sim.host.choose(ADA, event, "demo", ADA)
    assert (outcome.error, outcome.authentication_url) == ("AUTHENTICATION", "https://rooms.example/in")
    assert (outcome.refused, outcome.conference) == ("", None)
    assert "conferenceData" not in sim.calendar.get(ADA, event)


@pytest.mark.parametrize(
    ("reply", "status", "why"),
    [
        (ANSWER, 500, "HTTP status 500"),
        ("<html>", 200, "no JSON"),
        ({}, 200, "conferenceData"),
        ({"conferenceData": {**ANSWER["conferenceData"], "entryPoints": []}}, 200, "entryPoints"),
        ({"conferenceData": {**ANSWER["conferenceData"], "conferenceSolutionId": "other"}}, 200, "chosen"),
    ],
)
def test_an_answer_that_google_refuses_is_not_written(
    sim: Simulator, function: Function, event: str, reply: Any, status: int, why: str
) -> None:
    function.reply, function.status = reply, status
    outcome = sim.host.choose(ADA, event, "demo", ADA)
    assert why in outcome.refused
    assert (outcome.status, outcome.error, outcome.conference) == (status, "TEMPORARY", None)
    assert "conferenceData" not in sim.calendar.get(ADA, event)
    assert sim.host.choose(ADA, event, "demo", ADA, "addon").error == "UNKNOWN"


def test_a_function_that_is_away_is_no_answer(sim: Simulator, event: str) -> None:
    listener = bound("127.0.0.1", 0)
    sim.host.function = f"http://127.0.0.1:{listener.getsockname()[1]}"
    outcome = sim.host.choose(ADA, event, "demo", ADA)
    listener.close()
    assert (outcome.status, outcome.error) == (None, "TEMPORARY")


def test_calendar_lets_no_reader_choose(sim: Simulator, function: Function, event: str) -> None:
    sim.calendar.share(ADA, BOB, "reader")
    with pytest.raises(PermissionError):
        sim.host.choose(ADA, event, "demo", BOB)
    with pytest.raises(KeyError):
        sim.host.choose(ADA, "unknown", "demo", ADA)
    assert function.asked == []


def test_an_outsider_may_still_call_the_function(sim: Simulator, function: Function, event: str) -> None:
    outcome = sim.host.call(ADA, event, "demo", "eve@example.com")
    assert outcome.conference is not None
    assert "conferenceData" not in sim.calendar.get(ADA, event)


def test_a_solutions_id_is_escaped(sim: Simulator, function: Function, event: str) -> None:
    sim.host.call(ADA, event, "../a&b=c", ADA)
    assert function.asked[0][0] == "solution=..%2Fa%26b%3Dc"


def test_the_host_itself_asks_nothing_of_the_calendar(sim: Simulator, function: Function, event: str) -> None:
    sim.faults.add(faults.backend_error(), f"{PREFIX}*", times=None)
    assert sim.host.choose(ADA, event, "demo", ADA).conference is not None


@pytest.mark.parametrize(
    ("reply", "answer"), [({"more": False}, (200, {"more": False})), ("", (200, None)), ("<html>", (200, None))]
)
def test_a_script_that_made_a_conference_follows_the_calendar(
    sim: Simulator, function: Function, event: str, reply: Any, answer: tuple[int, Any]
) -> None:
    sim.host.choose(ADA, event, "demo", ADA)
    assert sim.triggers.followed(ADA) == [ADA]
    function.reply = reply
    function.asked.clear()
    # The conference itself is the first change that the trigger sees.
    assert sim.triggers.deliver_all() == [[answer]]
    ((_, authorization, body),) = function.asked
    assert claims(sim, authorization.removeprefix("Bearer "))["email"] == ADA
    assert sorted(body) == ["calendarId", "oauthToken"]


def test_neither_an_error_nor_an_http_add_on_sets_up_triggers(sim: Simulator, function: Function, event: str) -> None:
    function.reply = {"hostAppAction": {"calendarAction": ADDON_ANSWER}}
    assert sim.host.choose(ADA, event, "demo", ADA, "addon").conference is not None
    function.reply = {"conferenceData": {"error": {"conferenceErrorType": "PERMANENT"}}}
    sim.host.choose(ADA, event, "demo", ADA)
    assert sim.triggers.followed(ADA) == []
