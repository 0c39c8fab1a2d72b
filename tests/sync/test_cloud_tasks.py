"""Work is queued as named tasks: never twice for the same second, never lost behind a name that was used."""

import io
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

import logs
from conference.clock import Deadline
from conference.errors import Temporary, Unauthenticated
from conference.identity import Accepted, PublishedKeys, Verifier
from conference.providers.base import Reply, Request
from simulator import faults, ids
from simulator.faults import Fault
from sync.carrier import Send
from sync.cloud_tasks import CloudTasks
from tests.cloud import NO_ANSWER, UNREADABLE, Cloud, cloud, rpc_error

KEY, OTHER = "0123456789abcdef" * 2, "f" * 32
AUDIENCE = "https://anyroom-1.europe-west1.run.app"
TASKS = f"/v2/{ids.TASKS_QUEUE}/tasks"


@pytest.fixture
def google() -> Iterator[Cloud]:
    with cloud() as google:
        yield google


@pytest.fixture
def queue(google: Cloud) -> CloudTasks:
    return opened(google, google.send)


def opened(google: Cloud, send: Send) -> CloudTasks:
    url = f"{google.url}/sync"
    name = "anyroom-simulator/europe-west1/sync"
    return CloudTasks(name, url, ids.TASKS_SERVICE_ACCOUNT, AUDIENCE, google.token, send, google.clock, google.url)


def after(google: Cloud, seconds: float) -> datetime:
    return google.clock.now() + timedelta(seconds=seconds)


def run(google: Cloud, status: int = 204) -> int:
    """Let Cloud Tasks call the function, which answers with that status."""
    google.simulator.faults.add(faults.status(status), "/sync", "POST", times=None)
    return google.simulator.cloud_tasks.run_due()


def calls(google: Cloud) -> list[Any]:
    return [request.json for request in google.simulator.requests.under("/sync")]


def test_a_task_calls_the_function_at_its_time_and_names_the_calendar(google: Cloud, queue: CloudTasks) -> None:
    queue.enqueue(KEY, after(google, 60))
    google.clock.advance(58)
    assert run(google) == 0
    google.clock.advance(3)
    assert run(google) == 1
    [call] = google.simulator.requests.under("/sync")
    assert (call.method, call.json, call.headers["content-type"]) == ("POST", {"calendar": KEY}, "application/json")


def test_f30_a_task_proves_who_sends_it(google: Cloud, queue: CloudTasks) -> None:
    queue.enqueue(KEY, after(google, 0))
    google.clock.advance(3)
    run(google)
    [call] = google.simulator.requests.under("/sync")
    token = call.headers["authorization"].removeprefix("Bearer ")
    accepted = Accepted(tasks_account=ids.TASKS_SERVICE_ACCOUNT)
    keys = PublishedKeys(lambda: (google.simulator.identity.jwks(), 60.0), google.clock)
    Verifier(accepted, keys, google.clock).check_task(token, AUDIENCE)
    with pytest.raises(Unauthenticated):
        Verifier(accepted, keys, google.clock).check_task(token, f"{google.url}/sync")


def test_a_run_has_three_minutes(google: Cloud, queue: CloudTasks) -> None:
    queue.enqueue(KEY, after(google, 60))
    [task] = google.simulator.cloud_tasks.tasks
    assert task.dispatch_deadline == 180


@pytest.mark.parametrize("seconds", [60, 60.4, -60, 0])
def test_the_same_calendar_and_time_is_one_task(google: Cloud, queue: CloudTasks, seconds: float) -> None:
    google.clock.ahead += 1 - google.clock.now().timestamp() % 1  # the second has just begun
    at = after(google, seconds)
    queue.enqueue(KEY, at)
    queue.enqueue(KEY, at)
    assert len(google.simulator.cloud_tasks.tasks) == 1


def test_other_calendars_and_times_are_other_tasks(google: Cloud, queue: CloudTasks) -> None:
    queue.enqueue(KEY, after(google, 60))
    queue.enqueue(KEY, after(google, 62))
    queue.enqueue(OTHER, after(google, 60))
    assert len(google.simulator.cloud_tasks.tasks) == 3


def test_a_task_is_never_due_before_its_time_nor_later_than_a_second(google: Cloud, queue: CloudTasks) -> None:
    at = after(google, 60.4)
    queue.enqueue(KEY, at)
    [task] = google.simulator.cloud_tasks.tasks
    assert timedelta(0) <= task.scheduled - at < timedelta(seconds=1)


@pytest.mark.parametrize("part", [0.0, 0.5, 0.999])
def test_a_task_for_now_is_due_more_than_a_second_ahead_as_the_clocks_may_differ_and_at_most_two(
    google: Cloud, queue: CloudTasks, part: float
) -> None:
    still = google.clock.now().replace(microsecond=int(part * 1_000_000))
    google.clock.now = lambda: still  # type: ignore[method-assign]
    queue.enqueue(KEY, still)
    [task] = google.simulator.cloud_tasks.tasks
    assert timedelta(seconds=1) < task.scheduled - still <= timedelta(seconds=2)


@pytest.mark.parametrize("seconds", [-86_400, -1, 0, 0.5, 1, 1.5])
def test_work_that_comes_after_a_run_is_not_swallowed_by_that_runs_name(
    google: Cloud, queue: CloudTasks, seconds: float
) -> None:
    at = after(google, seconds)
    for runs in range(1, 4):
        queue.enqueue(KEY, at)
        google.clock.advance(3)
        run(google)
        assert len(calls(google)) == runs


def test_a_name_that_was_used_while_the_request_was_on_its_way_has_run_for_this_work_too(google: Cloud) -> None:
    at = after(google, 5)
    opened(google, google.send).enqueue(KEY, at)
    runs: list[int] = []

    def slow(request: Request, deadline: Deadline) -> Reply:
        google.clock.advance(6)
        runs.append(run(google))
        return google.send(request, Deadline(google.clock, 1.0))

    opened(google, slow).enqueue(KEY, at)
    assert runs == [1]
    assert google.simulator.cloud_tasks.tasks == []


def test_a_task_is_tried_again_until_it_is_done(google: Cloud, queue: CloudTasks) -> None:
    queue.enqueue(KEY, after(google, 0))
    google.clock.advance(3)
    google.simulator.faults.add(faults.status(503), "/sync", "POST", times=2)
    done = 0
    for _ in range(3):
        done += run(google)
        google.clock.advance(10)
    assert (done, len(calls(google))) == (1, 3)


@pytest.mark.parametrize("fault", NO_ANSWER.values(), ids=NO_ANSWER)
def test_without_an_answer_it_may_not_be_stored_and_asking_again_stores_it_once(
    google: Cloud, queue: CloudTasks, fault: Fault
) -> None:
    google.simulator.faults.add(fault, TASKS)
    at = after(google, 60)
    with pytest.raises(Temporary):
        queue.enqueue(KEY, at)
    queue.enqueue(KEY, at)
    assert len(google.simulator.cloud_tasks.tasks) == 1


@pytest.mark.parametrize("fault", UNREADABLE.values(), ids=UNREADABLE)
def test_an_answer_that_cannot_be_read_is_no_answer(google: Cloud, queue: CloudTasks, fault: Fault) -> None:
    google.simulator.faults.add(fault, TASKS)
    with pytest.raises(Temporary) as raised:
        queue.enqueue(KEY, after(google, 60))
    assert raised.value.reason == "queue-malformed"


@pytest.mark.parametrize(
    ("status", "word", "reason"),
    [
        (400, "INVALID_ARGUMENT", "queue-refused"),
        (401, "UNAUTHENTICATED", "queue-refused"),
        (403, "PERMISSION_DENIED", "queue-refused"),
        (404, "NOT_FOUND", "queue-refused"),
        (408, "", "queue-unavailable"),
        (409, "ABORTED", "queue-unavailable"),
        (429, "RESOURCE_EXHAUSTED", "queue-unavailable"),
        (500, "INTERNAL", "queue-unavailable"),
        (503, "UNAVAILABLE", "queue-unavailable"),
    ],
)
def test_a_refusal_is_temporary_and_what_must_be_mended_is_logged(
    google: Cloud, queue: CloudTasks, status: int, word: str, reason: str
) -> None:
    google.simulator.faults.add(faults.status(status, rpc_error(word)), TASKS)
    stream = io.StringIO()
    logs.start(stream)
    with pytest.raises(Temporary) as raised:
        queue.enqueue(KEY, after(google, 60))
    told = f"Cloud Tasks answered {status} {word}".strip()
    logged = [f"task not stored: {told}"] if reason == "queue-refused" else []
    assert (raised.value.reason, raised.value.detail) == (reason, told)
    messages = [json.loads(line)["message"] for line in stream.getvalue().splitlines()]
    assert [message.partition(";")[0] for message in messages] == logged


def test_without_an_own_token_nothing_is_asked(google: Cloud) -> None:
    def none(deadline: Deadline) -> str:
        raise Temporary("own-token")

    queue = CloudTasks("p/l/q", "https://x/", "a@x", "https://x", none, google.send, google.clock, google.url)
    with pytest.raises(Temporary):
        queue.enqueue(KEY, after(google, 60))
    assert len(google.simulator.requests) == 0


def test_a_token_for_something_else_is_refused(google: Cloud, queue: CloudTasks) -> None:
    google.scopes = ids.ADDON_SCOPES
    with pytest.raises(Temporary) as raised:
        queue.enqueue(KEY, after(google, 60))
    assert raised.value.detail == "Cloud Tasks answered 403 PERMISSION_DENIED"


def test_nothing_personal_is_sent_to_the_queue_but_the_service_account(google: Cloud, queue: CloudTasks) -> None:
    queue.enqueue(KEY, after(google, 60))
    queue.close()
    [request] = google.simulator.requests.under("/v2")
    assert request.body.count(b"@") == 1
    [task] = google.simulator.cloud_tasks.tasks
    assert len(task.name.rpartition("/")[2]) == 64
    assert KEY not in task.name
