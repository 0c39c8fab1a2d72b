"""Conference data in the Calendar API: kept, copied, made by Meet, and hardly to be written by anybody else."""

from typing import Any

import pytest

from simulator.server import Simulator

ADA = "ada@example.com"
DAY: dict[str, Any] = {"start": {"date": "2026-03-10"}, "end": {"date": "2026-03-11"}}
MEET: dict[str, Any] = {"createRequest": {"requestId": "r1", "conferenceSolutionKey": {"type": "hangoutsMeet"}}}
ANSWER: dict[str, Any] = {
    "conferenceId": "c1",
    "entryPoints": [
        {"type": "VIDEO", "uri": "https://rooms.example/a", "passcode": "123"},
        {"type": "PHONE", "uri": "tel:+12025550100", "regionCode": "US", "features": ["TOLL"]},
    ],
    "parameters": [{"key": "anyroom", "value": "m1"}],
    "notes": "<b>Hi</b>",
}


@pytest.fixture
def held(sim: Simulator) -> str:
    """An event that holds a conference of an add-on."""
    data = sim.conferences.of_addon(ANSWER, "Demo", script=True)
    return sim.calendar.add_event(ADA, conference=data, **DAY)


def test_an_add_ons_conference_is_shown_as_google_shows_it(ada: Any, held: str) -> None:
    shown = ada("GET", f"primary/events/{held}").json()["conferenceData"]
    assert shown["conferenceSolution"]["key"] == {"type": "addOn"}
    assert shown["conferenceSolution"]["name"] == "Demo"
    assert shown["entryPoints"] == [
        {"entryPointType": "video", "uri": "https://rooms.example/a", "passcode": "123"},
        {"entryPointType": "phone", "uri": "tel:+12025550100", "regionCode": "US", "entryPointFeatures": ["toll"]},
    ]
    parameters = shown["parameters"]["addOnParameters"]["parameters"]
    assert (parameters["anyroom"], sorted(parameters)) == ("m1", ["anyroom", "scriptId"])
    assert shown["notes"] == "<b>Hi</b>"


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_version_0_leaves_the_conference_alone(ada: Any, held: str, method: str) -> None:
    path = f"primary/events/{held}"
    before = ada("GET", path).json()["conferenceData"]
    for body in ({**DAY, "summary": "x"}, {**DAY, "conferenceData": None}):
        assert ada(method, path, json=body).json()["conferenceData"] == before


def test_version_1_takes_it_off(ada: Any, held: str) -> None:
    body = {"conferenceData": None}
    assert "conferenceData" not in ada("PATCH", f"primary/events/{held}?conferenceDataVersion=1", json=body).json()


def test_a_patch_of_something_else_keeps_it_and_an_update_without_it_does_not(ada: Any, held: str) -> None:
    path = f"primary/events/{held}?conferenceDataVersion=1"
    assert "conferenceData" in ada("PATCH", path, json={"summary": "x"}).json()
    assert "conferenceData" not in ada("PUT", path, json=DAY).json()


def test_a_signed_conference_can_be_copied(ada: Any, held: str) -> None:
    data = ada("GET", f"primary/events/{held}").json()["conferenceData"]
    copied = ada("POST", "primary/events?conferenceDataVersion=1", json={**DAY, "conferenceData": data}).json()
    assert copied["conferenceData"] == data
    altered = {**data, "conferenceId": "mine"}
    reply = ada("POST", "primary/events?conferenceDataVersion=1", json={**DAY, "conferenceData": altered})
    assert reply.status_code == 400


def test_data_without_a_kind_is_dropped_without_a_word(ada: Any) -> None:
    data = {"entryPoints": [{"entryPointType": "video", "uri": "https://x"}]}
    reply = ada("POST", "primary/events?conferenceDataVersion=1", json={**DAY, "conferenceData": data})
    assert (reply.status_code, "conferenceData" in reply.json()) == (200, False)


def test_meet_makes_a_conference(ada: Any) -> None:
    path = "primary/events?conferenceDataVersion=1"
    data = ada("POST", path, json={**DAY, "conferenceData": MEET}).json()["conferenceData"]
    assert data["createRequest"]["status"] == {"statusCode": "success"}
    assert data["entryPoints"][0]["uri"] == f"https://meet.google.com/{data['conferenceId']}"
    assert "conferenceData" not in ada("POST", "primary/events", json={**DAY, "conferenceData": MEET}).json()


def test_nobody_can_ask_for_an_add_ons_conference(ada: Any) -> None:
    data = {"createRequest": {"requestId": "r1", "conferenceSolutionKey": {"type": "addOn"}}}
    reply = ada("POST", "primary/events?conferenceDataVersion=1", json={**DAY, "conferenceData": data})
    assert (reply.status_code, reply.json()["error"]["message"]) == (400, "Invalid conference type value.")


def test_a_guest_readers_conference_is_hidden_with_the_details(sim: Simulator, caller: Any, held: str) -> None:
    sim.calendar.patch(ADA, held, visibility="private")
    sim.calendar.share(ADA, "bob@example.com", "reader")
    assert "conferenceData" not in caller("bob@example.com")("GET", f"{ADA}/events/{held}").json()
