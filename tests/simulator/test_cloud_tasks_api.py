"""The REST API of Cloud Tasks takes what Google takes, and Google's own client can talk to it."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build

from simulator import ids
from simulator.server import Simulator

PARENT = ids.TASKS_QUEUE
NAME = f"{PARENT}/tasks/t1"
OIDC = {"serviceAccountEmail": ids.TASKS_SERVICE_ACCOUNT, "audience": "https://function.example"}
HTTP: dict[str, Any] = {"url": "https://function.example/sync", "oidcToken": OIDC}
TASK: dict[str, Any] = {"name": NAME, "httpRequest": HTTP}


@pytest.fixture
def create(sim: Simulator, caller: Any) -> Callable[..., Any]:
    program = caller()
    program.token = sim.access_token(ids.FUNCTION_SERVICE_ACCOUNT, (ids.CLOUD_PLATFORM,))
    return lambda body, path=PARENT: program("POST", f"{sim.url}/v2/{path}/tasks", json=body)


def error(reply: Any) -> tuple[int, str]:
    body = reply.json()["error"]
    assert body["code"] == reply.status_code
    return body["code"], body["status"]


def test_a_task_is_stored_and_shown_without_its_body(sim: Simulator, create: Any) -> None:
    http = {**HTTP, "httpMethod": "POST", "headers": {"X-A": "b"}, "body": base64.b64encode(b"{}").decode()}
    given = {**TASK, "httpRequest": http, "scheduleTime": "2026-03-02T09:05:00Z", "dispatchDeadline": "180s"}
    reply = create({"task": given})
    assert reply.status_code == 200
    shown = reply.json()
    assert (shown["name"], shown["scheduleTime"], shown["view"]) == (NAME, "2026-03-02T09:05:00Z", "BASIC")
    assert "body" not in shown["httpRequest"]
    [task] = sim.cloud_tasks.tasks
    assert (task.body, task.headers, task.dispatch_deadline) == (b"{}", {"X-A": "b"}, 180)
    assert task.scheduled == datetime(2026, 3, 2, 9, 5, tzinfo=UTC)


@pytest.mark.parametrize("time", [{}, {"scheduleTime": "2020-01-01T00:00:00Z"}])
def test_without_a_time_to_come_a_task_is_due_at_once(sim: Simulator, create: Any, time: dict[str, str]) -> None:
    assert create({"task": {**TASK, **time}}).status_code == 200
    assert [task.scheduled for task in sim.cloud_tasks.due()] == [sim.clock.now()]


def test_the_audience_is_the_url_unless_another_is_given(sim: Simulator, create: Any) -> None:
    oidc = {"serviceAccountEmail": ids.TASKS_SERVICE_ACCOUNT}
    create({"task": {**TASK, "httpRequest": {**HTTP, "oidcToken": oidc}}})
    assert sim.cloud_tasks.tasks[0].audience == HTTP["url"]


def test_a_used_name_is_refused_also_after_it_ran(sim: Simulator, create: Any) -> None:
    create({"task": TASK})
    assert error(create({"task": TASK})) == (409, "ALREADY_EXISTS")
    sim.cloud_tasks.send = lambda url, headers, body: 200
    sim.cloud_tasks.run_due()
    assert error(create({"task": TASK})) == (409, "ALREADY_EXISTS")


def test_a_queue_that_does_not_exist_is_not_found(create: Any) -> None:
    other = PARENT.replace("sync", "other")
    assert error(create({"task": {**TASK, "name": f"{other}/tasks/t1"}}, other)) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (None, (401, "UNAUTHENTICATED")),
        ("nonsense", (401, "UNAUTHENTICATED")),
        ("calendar", (403, "PERMISSION_DENIED")),
    ],
)
def test_a_token_for_cloud_platform_is_needed(
    sim: Simulator, caller: Any, token: str | None, expected: tuple[int, str]
) -> None:
    program = caller()
    program.token = sim.access_token(ids.FUNCTION_SERVICE_ACCOUNT) if token == "calendar" else token
    assert error(program("POST", f"{sim.url}/v2/{PARENT}/tasks", json={"task": TASK})) == expected
    assert sim.cloud_tasks.tasks == []


@pytest.mark.parametrize(
    "task",
    [
        {**TASK, "unknown": 1},
        {**TASK, "httpRequest": {**HTTP, "method": "POST"}},
        {**TASK, "httpRequest": {**HTTP, "oidcToken": {**OIDC, "scope": "x"}}},
        {**TASK, "httpRequest": {**HTTP, "headers": {"A": 1}}},
        {**TASK, "httpRequest": {**HTTP, "headers": []}},
        {**TASK, "httpRequest": {**HTTP, "body": "not base64"}},
        {**TASK, "httpRequest": {**HTTP, "httpMethod": "post"}},
        {**TASK, "httpRequest": {**HTTP, "httpMethod": "GET"}},
        {**TASK, "httpRequest": {**HTTP, "url": "ftp://function.example"}},
        {**TASK, "httpRequest": {**HTTP, "url": f"https://x/{'a' * 2083}"}},
        {**TASK, "httpRequest": {"url": HTTP["url"]}},
        {**TASK, "scheduleTime": "tomorrow"},
        {**TASK, "scheduleTime": "2026-13-02T09:00:00Z"},
        {**TASK, "scheduleTime": "2026-05-02T09:00:00Z"},
        {**TASK, "dispatchDeadline": 180},
        {**TASK, "dispatchDeadline": "3m"},
        {**TASK, "dispatchDeadline": "10s"},
        {**TASK, "dispatchDeadline": "1801s"},
        {**TASK, "dispatchCount": True},
        {**TASK, "name": "t1"},
        {**TASK, "name": f"{PARENT}/tasks/a b"},
        {**TASK, "name": NAME.replace("sync", "other")},
        {"name": NAME},
        {},
    ],
)
def test_what_google_does_not_take_is_refused(sim: Simulator, create: Any, task: dict[str, Any]) -> None:
    assert error(create({"task": task})) == (400, "INVALID_ARGUMENT")
    assert sim.cloud_tasks.tasks == []


@pytest.mark.parametrize("body", [[], "x", {"task": []}, {"tasks": TASK}])
def test_a_body_that_is_no_message_is_refused(create: Any, body: Any) -> None:
    assert error(create(body)) == (400, "INVALID_ARGUMENT")


def test_a_body_that_is_no_json_is_refused(sim: Simulator, caller: Any) -> None:
    program = caller()
    program.token = sim.access_token(ids.FUNCTION_SERVICE_ACCOUNT, (ids.CLOUD_PLATFORM,))
    assert error(program("POST", f"{sim.url}/v2/{PARENT}/tasks", data=b"{")) == (400, "INVALID_ARGUMENT")


def test_googles_own_client_creates_a_task(sim: Simulator) -> None:
    token = sim.access_token(ids.FUNCTION_SERVICE_ACCOUNT, (ids.CLOUD_PLATFORM,))
    credentials = Credentials(token)  # type: ignore[no-untyped-call]  # google-auth's gap
    options = {"api_endpoint": f"{sim.url}/"}
    with build("cloudtasks", "v2", static_discovery=True, credentials=credentials, client_options=options) as service:
        tasks = service.projects().locations().queues().tasks()
        assert tasks.create(parent=PARENT, body={"task": TASK}).execute()["name"] == NAME


@pytest.fixture
def look(sim: Simulator, caller: Any) -> Callable[..., Any]:
    program = caller()
    program.token = sim.access_token(ids.FUNCTION_SERVICE_ACCOUNT, (ids.CLOUD_PLATFORM,))
    return lambda method, path, **more: program(method, f"{sim.url}/v2/{path}", **more)


def test_a_queue_is_shown_with_its_state_to_who_may_see_it(sim: Simulator, look: Any) -> None:
    assert look("GET", PARENT).json() == {"name": PARENT, "state": "RUNNING"}
    assert error(look("GET", f"{PARENT}x")) == (404, "NOT_FOUND")
    sim.cloud_tasks.permissions.remove("cloudtasks.queues.get")
    assert error(look("GET", PARENT)) == (403, "PERMISSION_DENIED")


def test_who_asks_is_told_which_permissions_they_have(sim: Simulator, look: Any) -> None:
    asked = {"permissions": ["cloudtasks.tasks.create", "cloudtasks.queues.delete"]}
    path = f"{PARENT}:testIamPermissions"
    assert look("POST", path, json=asked).json() == {"permissions": ["cloudtasks.tasks.create"]}
    sim.cloud_tasks.permissions.clear()
    assert look("POST", path, json=asked).json() == {}
    assert error(look("POST", path, json={"perms": []})) == (400, "INVALID_ARGUMENT")


def test_who_may_not_create_tasks_stores_none(sim: Simulator, create: Any) -> None:
    sim.cloud_tasks.permissions.remove("cloudtasks.tasks.create")
    assert error(create({"task": TASK})) == (403, "PERMISSION_DENIED")
    assert sim.cloud_tasks.tasks == []
