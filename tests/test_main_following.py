"""The routes that keep conferences true to their events, as a client sees them: proofs, methods, bodies, log lines."""

import json
import time
from collections.abc import Callable

import pytest
from google.auth import environment_vars
from google.auth.compute_engine import _metadata

from simulator import faults, ids
from sync import records
from sync.credentials import SCOPES
from sync.records import CALENDARS, MAPPINGS
from tests.served import CREATE, Function
from tests.test_main import CANARY, TITLE
from tests.test_main import function as function
from tests.world import ADA, BOB

ROUTES = ["/calendar-changes", "/notifications", "/sync", "/sweep"]
KEY = records.key(ADA)
URL = "http://localhost:8080"


@pytest.fixture
def delegated(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Function:
    """The function with delegation and channels; its own token comes from the simulator's metadata server."""
    monkeypatch.setenv("ANYROOM_CREDENTIAL", f"delegation:{ids.DELEGATE_SERVICE_ACCOUNT}")
    function: Function = request.getfixturevalue("function")
    address = function.simulator.url.removeprefix("http://")
    monkeypatch.delenv(environment_vars.CREDENTIALS, raising=False)
    monkeypatch.setenv(environment_vars.CLOUD_SDK_CONFIG_DIR, str(function.file.parent))
    monkeypatch.setenv(environment_vars.GCE_METADATA_IP, address)
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", address)
    function.simulator.delegation.authorise(ids.DELEGATE_SERVICE_ACCOUNT, SCOPES, "example.com")
    return function


def body(calendar: str = ADA, token: str = "") -> dict[str, str]:
    """What a trigger posts."""
    return {"calendarId": calendar, "oauthToken": token}


def task(function: Function, path: str, content: bytes = b"") -> tuple[int, bytes]:
    """What a task, or the scheduler, is answered with."""
    token = function.simulator.identity.tasks_token(f"{URL}{path}", email=ids.TASKS_SERVICE_ACCOUNT)
    response = function.post(path, content, token)
    return response.status_code, response.data


def test_f29_each_route_takes_a_post_only(function: Function) -> None:
    for path in ROUTES:
        for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS"):
            response = function.client.open(path, method=method)
            assert (response.status_code, response.headers["Allow"]) == (405, "POST")
        assert function.client.open(f"{path}/", method="POST").status_code == 404


def at_rest(function: Function) -> bool:
    """Whether the calendar's first run, which a thread began after the create, has ended."""
    found = [records.calendar(one.body) for one in function.stored() if one.kind == CALENDARS]
    return bool(found and found[0].cursor and found[0].channel and found[0].channel.resource)


def until(true: Callable[[], bool]) -> None:
    """Wait for a thread of the function."""
    ends = time.monotonic() + 20
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.01)


@pytest.mark.parametrize("path", ["/calendar-changes", "/sync", "/sweep"])
def test_f30_without_proof_the_answer_is_401_with_a_constant_body(function: Function, path: str) -> None:
    identity = function.simulator.identity
    user = identity.script_token(ADA) if path != "/calendar-changes" else identity.tasks_token(f"{URL}{path}")
    for proof in (None, "x.y.z", user, identity.tasks_token(f"{URL}/health"), identity.script_token(ADA, aud="x")):
        for content in (b"", b"{", json.dumps({"calendar": KEY}).encode()):
            response = function.post(path, content, proof)
            assert (response.status_code, response.data) == (401, b'{"error": "unauthenticated"}')
            assert response.headers["WWW-Authenticate"] == "Bearer"
    assert function.simulator.requests.lines("/calendar") == []


def test_f33_every_notification_that_is_not_proved_gets_the_same_404(function: Function) -> None:
    function.post()
    for headers in (
        {},
        {"X-Goog-Channel-Token": "x"},
        {"X-Goog-Channel-Token": f"{KEY}.{'x' * 43}", "X-Goog-Channel-ID": "1", "X-Goog-Resource-State": "exists"},
        {"X-Goog-Channel-Token": f"{KEY}.{'x' * 43}", "X-Goog-Resource-State": "sync"},
    ):
        response = function.post("/notifications", b"", None, **headers)
        assert (response.status_code, response.data) == (404, b'{"error": "not found"}')
        assert function.lines()[-1]["route"] == "/notifications"


def test_a_relayed_change_is_answered_204_or_whether_there_is_more(function: Function) -> None:
    access = function.simulator.access_token(ADA)
    response = function.post("/calendar-changes", body(token=access))
    assert (response.status_code, response.data) == (204, b"")
    assert function.lines()[-1]["outcome"] == "nothing-to-do"
    function.post(CREATE)
    response = function.post("/calendar-changes", body(token=access))
    assert (response.status_code, response.json) == (200, {"more": False})
    line = function.lines()[-1]
    assert (line["outcome"], line["pages"], line["rows"]) == ("in-step", 2, 0)
    assert function.post("/calendar-changes", body("primary", access)).json == {"more": False}


def test_i9_a_relayed_change_of_another_users_calendar_is_204(function: Function) -> None:
    function.post(CREATE)
    before = function.stored()
    response = function.post(
        "/calendar-changes",
        body(token=function.simulator.access_token(BOB)),
        function.simulator.identity.script_token(BOB),
    )
    assert (response.status_code, response.data) == (204, b"")
    assert function.stored() == before


def test_f27_a_relay_that_names_no_calendar_is_400(function: Function) -> None:
    for content in (b"", b"{", b"[]", b"{}", b'{"calendarId": 7}', b'{"oauthToken": "x"}'):
        response = function.post("/calendar-changes", content)
        assert response.status_code == 400
        assert response.json
        assert response.json["error"]


def test_f31_who_relays_too_often_is_429_with_a_time_and_others_are_not(function: Function) -> None:
    access, proof = function.simulator.access_token(ADA), function.simulator.identity.script_token(ADA)
    answers = (function.post("/calendar-changes", body(token=access), proof) for _ in range(200))
    refused = next(answer for answer in answers if answer.status_code != 204)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 1
    theirs = body(BOB, function.simulator.access_token(BOB))
    assert function.post("/calendar-changes", theirs, function.simulator.identity.script_token(BOB)).status_code == 204


def test_a_run_that_failed_is_no_error_of_the_triggers_and_wakes_nobody(function: Function) -> None:
    function.post(CREATE)
    function.simulator.faults.add(faults.status(403), f"/calendar/v3/calendars/{ADA}/events", "GET")
    response = function.post("/calendar-changes", body(token=function.simulator.access_token(ADA)))
    assert (response.status_code, response.json) == (200, {"more": False})
    line = function.lines()[-1]
    assert (line["severity"], line["outcome"], line["reason"]) == ("WARNING", "early", "calendar-refused")


def test_by_delegation_a_task_runs_its_calendar_and_a_message_is_204(delegated: Function) -> None:
    delegated.post(CREATE)
    until(lambda: at_rest(delegated))
    assert task(delegated, "/sync", json.dumps({"calendar": KEY}).encode()) == (200, b"{}")
    line = delegated.lines()[-1]
    assert (line["route"], line["outcome"], line["pages"]) == ("/sync", "in-step", 1)
    [channel] = delegated.simulator.push.channels
    assert channel.address == f"{URL}/notifications"
    [waiting] = delegated.simulator.push.pending
    response = delegated.post("/notifications", b"", None, **waiting.headers)
    assert (response.status_code, response.data) == (204, b"")
    response = delegated.post("/notifications", b"", None, **{**waiting.headers, "X-Goog-Resource-State": "exists"})
    assert (response.status_code, response.data) == (204, b"")
    [calendar] = [one for one in delegated.stored() if one.kind == CALENDARS]
    assert records.calendar(calendar.body).dirty


def test_by_delegation_a_sweep_is_204(delegated: Function) -> None:
    delegated.post(CREATE)
    assert task(delegated, "/sweep") == (204, b"")
    assert delegated.lines()[-1]["documents"] >= 0


def test_a_task_that_is_none_of_ours_is_400(delegated: Function) -> None:
    for content in (b"", b"[]", b'{"calendar": ""}', b'{"calendar": "../calendar"}'):
        assert task(delegated, "/sync", content) == (400, b'{"error": "malformed-task"}')


def test_f72_following_logs_and_shows_no_token_address_or_title(delegated: Function) -> None:
    times = {"start": {"dateTime": "2027-03-01T09:00:00Z"}, "end": {"dateTime": "2027-03-01T10:00:00Z"}}
    event = delegated.simulator.calendar.add_event(
        ADA, creator="", summary=TITLE, start=times["start"], end=times["end"], attendees=[{"email": BOB}]
    )
    response = delegated.post(CREATE, delegated.ids(event))
    assert response.json
    until(lambda: at_rest(delegated))
    delegated.simulator.calendar.patch(ADA, event, summary=f"{TITLE} moved")
    delegated.simulator.faults.add(faults.status(503), "/rooms-api/*", times=None)
    secrets = [channel.token.partition(".")[2] for channel in delegated.simulator.push.channels]
    for waiting in delegated.simulator.push.pending:
        delegated.post("/notifications", b"", None, **waiting.headers)
    task(delegated, "/sync", json.dumps({"calendar": KEY}).encode())
    delegated.simulator.faults.add(faults.status(403, f"about {ADA}".encode()), "/calendar/*", times=None)
    task(delegated, "/sync", json.dumps({"calendar": KEY}).encode())
    log = delegated.log()
    assert {one.kind for one in delegated.stored()} >= {MAPPINGS, CALENDARS}
    for private in (CANARY, TITLE, ADA, BOB, "@example.com", "ya29.", event, *secrets):
        assert private not in log
