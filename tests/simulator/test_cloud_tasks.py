"""Tasks call back when they are due, prove who sends them, and come again until somebody takes them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from simulator import faults, ids
from simulator.cloud_tasks import CloudTasks, NameTaken, NoQueue, Retry, Task
from simulator.server import Simulator

ACCOUNT = "caller@project.iam.gserviceaccount.com"


class Target:
    """Takes the calls, and answers with `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.calls: list[tuple[str, Mapping[str, str], bytes]] = []

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        self.calls.append((url, headers, body))
        return self.status


@pytest.fixture
def target(sim: Simulator) -> Target:
    target = Target()
    sim.cloud_tasks.send = target
    return target


def task(sim: Simulator, seconds: float = 0, name: str = "t1") -> Task:
    return Task(
        name=f"{ids.TASKS_QUEUE}/tasks/{name}",
        scheduled=sim.clock.now() + timedelta(seconds=seconds),
        url=f"{sim.url}/sync",
        headers={"Content-Type": "application/json"},
        body=b"{}",
        account=ACCOUNT,
        audience="https://function.example",
    )


@pytest.fixture
def tasks(sim: Simulator, target: Target) -> CloudTasks:
    return sim.cloud_tasks


def test_a_task_runs_when_it_is_due_and_is_gone(sim: Simulator, clock: Any, tasks: CloudTasks, target: Target) -> None:
    tasks.add(task(sim, 60))
    assert (tasks.due(), tasks.run_due()) == ([], 0)
    clock.sleep(60)
    assert (len(tasks.due()), tasks.run_due(), tasks.tasks) == (1, 1, [])
    [(url, headers, body)] = target.calls
    assert (url, body, headers["Content-Type"]) == (f"{sim.url}/sync", b"{}", "application/json")
    names = ("X-CloudTasks-QueueName", "X-CloudTasks-TaskName", "X-CloudTasks-TaskRetryCount")
    assert [headers[name] for name in names] == ["sync", "t1", "0"]


def test_a_call_carries_googles_signature(sim: Simulator, tasks: CloudTasks, target: Target) -> None:
    tasks.add(task(sim))
    tasks.run_due()
    token = target.calls[0][1]["Authorization"].removeprefix("Bearer ")
    published: Any = sim.identity.jwks()
    claims = jwt.decode(token, KeySet.import_key_set(published), algorithms=["RS256"]).claims
    assert (claims["aud"], claims["email"], claims["email_verified"]) == ("https://function.example", ACCOUNT, True)
    assert claims["sub"] == sim.identity.subject(ACCOUNT)


def test_the_soonest_task_comes_first(sim: Simulator, tasks: CloudTasks) -> None:
    for seconds, name in ((60, "b"), (30, "a"), (90, "c")):
        tasks.add(task(sim, seconds, name))
    assert [each.name[-1] for each in tasks.tasks] == ["a", "b", "c"]


def test_a_name_is_taken_while_the_task_is_there_and_for_a_day_after(
    sim: Simulator, clock: Any, tasks: CloudTasks
) -> None:
    tasks.add(task(sim))
    with pytest.raises(NameTaken):
        tasks.add(task(sim))
    tasks.run_due()
    clock.sleep(86_399)
    with pytest.raises(NameTaken):
        tasks.add(task(sim))
    clock.sleep(1)
    tasks.add(task(sim))


def test_a_queue_must_exist(sim: Simulator, tasks: CloudTasks) -> None:
    tasks.queues.clear()
    with pytest.raises(NoQueue):
        tasks.add(task(sim))


@pytest.mark.parametrize("status", [0, 199, 300, 404, 429, 500])
def test_a_task_that_is_not_taken_comes_again_later(
    sim: Simulator, clock: Any, tasks: CloudTasks, target: Target, status: int
) -> None:
    tasks.queues[ids.TASKS_QUEUE].min_backoff = 10
    target.status = status
    tasks.add(task(sim))
    assert (tasks.run_due(), tasks.due()) == (0, [])
    clock.sleep(10)
    target.status = 204
    assert tasks.run_due() == 1
    assert target.calls[1][1]["X-CloudTasks-TaskRetryCount"] == "1"


def test_the_pauses_double_then_grow_evenly_then_stay() -> None:
    # The example of the reference: RetryConfig.maxDoublings.
    retry = Retry(min_backoff=10, max_backoff=300, max_doublings=3)
    assert [retry.pause(failures) for failures in range(1, 9)] == [10, 20, 40, 80, 160, 240, 300, 300]


@pytest.mark.parametrize(("attempts", "left"), [(3, 0), (-1, 1)])
def test_a_task_is_given_up_after_its_attempts(
    sim: Simulator, clock: Any, tasks: CloudTasks, target: Target, attempts: int, left: int
) -> None:
    tasks.queues[ids.TASKS_QUEUE].max_attempts = attempts
    target.status = 500
    tasks.add(task(sim))
    for _ in range(3):
        tasks.run_due()
        clock.sleep(3600)
    assert (len(target.calls), len(tasks.tasks)) == (3, left)


def test_a_call_really_goes_over_http(sim: Simulator) -> None:
    sim.faults.add(faults.status(204), "/sync", "POST")
    sim.cloud_tasks.add(task(sim))
    assert sim.cloud_tasks.run_due() == 1
    [request] = sim.requests.under("/sync")
    assert (request.body, request.headers["user-agent"]) == (b"{}", "Google-Cloud-Tasks")


def test_no_answer_is_a_failure(sim: Simulator) -> None:
    sim.faults.add(faults.reset(), "/sync", "POST")
    sim.cloud_tasks.add(task(sim))
    assert (sim.cloud_tasks.run_due(), sim.cloud_tasks.tasks[0].retries) == (0, 1)
