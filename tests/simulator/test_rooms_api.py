"""The conferencing system makes, finds, changes and deletes rooms for those who have a key."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator import ids
from simulator.server import Simulator

API = "/rooms-api/v1/rooms"
BODY: dict[str, Any] = {
    "key": "attempt-1",
    "title": "Review",
    "description": "Sheets",
    "starts": "2026-03-10T10:00:00+01:00",
    "ends": "2026-03-10T11:00:00+01:00",
    "time_zone": "Europe/Zurich",
    "guests": ["bob@example.com"],
}


@pytest.fixture
def rooms(sim: Simulator, caller: Any) -> Callable[..., Any]:
    program = caller()
    program.token = ids.ROOMS_API_KEY

    def call(method: str, path: str = "", headers: dict[str, str] | None = None, **more: Any) -> Any:
        return program(method, f"{sim.url}{API}{path}", headers, **more)

    return call


def test_a_room_has_ways_in(sim: Simulator, rooms: Any) -> None:
    reply = rooms("POST", json=BODY)
    room = reply.json()
    assert reply.status_code == 201
    assert {name: room[name] for name in BODY} == BODY
    assert room["join_url"] == f"{sim.url}/room/{room['id']}"
    assert sorted(room["phone"]) == ["number", "pin", "region"]
    assert room["sip"].startswith("sip:")
    assert room["passcode"]
    assert "@" in room["host"]
    assert rooms("GET", f"/{room['id']}").json() == room


def test_a_key_that_is_known_gives_the_same_room(rooms: Any) -> None:
    first, second = rooms("POST", json=BODY), rooms("POST", json={**BODY, "title": "Other"})
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == first.json()
    assert rooms("POST", json={**BODY, "key": "attempt-2"}).json()["id"] != first.json()["id"]
    assert rooms("POST", json={"title": "x"}).json()["id"] != rooms("POST", json={"title": "x"}).json()["id"]


def test_rooms_are_found_by_key(rooms: Any) -> None:
    made = rooms("POST", json=BODY).json()
    rooms("POST", json={"title": "other"})
    assert rooms("GET", "?key=attempt-1").json() == {"rooms": [made]}
    assert rooms("GET", "?key=unknown").json() == {"rooms": []}
    assert len(rooms("GET").json()["rooms"]) == 2


def test_a_system_that_only_searches_makes_a_new_room_each_time(sim: Simulator, rooms: Any) -> None:
    sim.rooms.mode = "search"
    ids_made = [rooms("POST", json=BODY).json()["id"] for _ in range(2)]
    assert ids_made == [room["id"] for room in rooms("GET", "?key=attempt-1").json()["rooms"]]


def test_a_system_without_keys_refuses_them(sim: Simulator, rooms: Any) -> None:
    sim.rooms.mode = "none"
    assert rooms("POST", json=BODY).status_code == 422
    assert rooms("GET", "?key=attempt-1").status_code == 422
    assert rooms("POST", json={"title": "x"}).status_code == 201


def test_a_change_sets_what_it_names(rooms: Any) -> None:
    room = rooms("POST", json=BODY).json()
    reply = rooms("PATCH", f"/{room['id']}", json={"title": "Later", "starts": None, "ends": None})
    assert reply.json() == {**room, "title": "Later", "starts": None, "ends": None}
    assert rooms("GET", f"/{room['id']}").json() == reply.json()


def test_a_deleted_room_is_gone(rooms: Any) -> None:
    path = f"/{rooms('POST', json=BODY).json()['id']}"
    assert rooms("DELETE", path).status_code == 204
    gone = [rooms(method, path, json={}) for method in ("GET", "PATCH", "DELETE")]
    assert [(reply.status_code, reply.json()["code"]) for reply in gone] == [(404, "not_found")] * 3
    assert rooms("POST", json=BODY).status_code == 201


@pytest.mark.parametrize(
    "change",
    [
        {"title": ""},
        {"title": None},
        {"title": "x" * 201},
        {"key": "x" * 65},
        {"key": 7},
        {"description": "x" * 8001},
        {"starts": "tomorrow"},
        {"starts": "2026-03-10T10:00:00"},
        {"starts": "2026-13-10T10:00:00Z"},
        {"starts": 7},
        {"ends": "2026-03-10T09:00:00+01:00"},
        {"time_zone": "Mars/Olympus"},
        {"guests": "bob@example.com"},
        {"guests": ["bob"]},
        {"guests": [7]},
        {"guests": ["bob@example.com"] * 501},
        {"colour": "red"},
    ],
)
def test_bad_fields_are_named(rooms: Any, change: dict[str, Any]) -> None:
    reply = rooms("POST", json={**BODY, **change})
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid_field")
    assert next(iter(change)) in reply.json()["message"]


@pytest.mark.parametrize(
    "change", [{"title": "x" * 200}, {"key": "x" * 64}, {"guests": []}, {"starts": None, "ends": None}]
)
def test_fields_at_their_limits_are_taken(rooms: Any, change: dict[str, Any]) -> None:
    assert rooms("POST", json={**BODY, **change}).status_code == 201


@pytest.mark.parametrize("change", [{"key": "other"}, {"ends": "2026-03-10T09:00:00+01:00"}, {"id": "mine"}])
def test_a_change_keeps_to_the_rules(rooms: Any, change: dict[str, Any]) -> None:
    room = rooms("POST", json=BODY).json()
    assert rooms("PATCH", f"/{room['id']}", json=change).status_code == 422
    assert rooms("GET", f"/{room['id']}").json() == room


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"[" * 5000])
def test_a_body_that_is_no_object_is_refused(rooms: Any, body: bytes) -> None:
    assert rooms("POST", data=body).status_code in (400, 422)


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", "Basic demo-rooms-key"])
def test_a_key_is_needed(rooms: Any, header: str) -> None:
    reply = rooms("POST", headers={"Authorization": header}, json=BODY)
    assert (reply.status_code, reply.json()["code"]) == (401, "unauthorized")


def test_an_account_that_is_signed_out_has_to_sign_in_first(sim: Simulator, rooms: Any, caller: Any) -> None:
    key = {"Authorization": f"Bearer {ids.ROOMS_API_KEY_SIGNED_OUT}"}
    refusal = rooms("POST", headers=key, json=BODY)
    assert (refusal.status_code, refusal.json()["code"]) == (401, "sign_in_required")
    browser = caller()
    url = refusal.json()["sign_in_url"]
    assert "is signed out" in browser("GET", url).text
    assert "is signed in" in browser("POST", url).text
    assert rooms("POST", headers=key, json=BODY).status_code == 201
