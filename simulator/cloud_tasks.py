"""Cloud Tasks: queues of named tasks that call back when they are due, again and again until somebody says 2xx.

Sources: Cloud Tasks API v2 reference (Task, HttpRequest, RetryConfig, tasks.create); Create HTTP target tasks.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

import requests

from conference.clock import Clock
from simulator import ids
from simulator.identity import Identity

NAME_KEPT: Final = timedelta(hours=24)
"""How long the name of a task that is gone cannot be used again; the reference says "up to"."""

Send = Callable[[str, Mapping[str, str], bytes], int]
"""Posts the body to the URL and returns the status, 0 for no answer."""


class NameTaken(ValueError):
    """There is, or was a while ago, a task of that name."""


class NoQueue(KeyError):
    """There is no queue of that name."""


@dataclass(slots=True)
class Retry:
    """A queue's retry settings and its state; pauses are in seconds, -1 attempts unlimited, the defaults Google's."""

    max_attempts: int = 100
    min_backoff: float = 0.1
    max_backoff: float = 3600.0
    max_doublings: int = 16
    state: Literal["RUNNING", "PAUSED"] = "RUNNING"

    def pause(self, failures: int) -> float:
        """Seconds before the next attempt: doubled `max_doublings` times, then growing evenly (RetryConfig)."""
        doublings = min(failures - 1, self.max_doublings)
        evenly = failures - doublings
        return min(self.max_backoff, self.min_backoff * 2.0**doublings * evenly)


@dataclass(slots=True)
class Task:
    """A task that is not done; `scheduled` is when it runs next, `retries` how often it failed."""

    name: str
    scheduled: datetime
    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    account: str
    audience: str
    dispatch_deadline: float = 600.0
    retries: int = 0

    @property
    def queue(self) -> str:
        """The name of its queue."""
        return self.name.rpartition("/tasks/")[0]


class CloudTasks:
    """All queues, one at the start. Nothing runs by itself: `run_due` runs what is due on the clock.

    `permissions` are those that our caller has. `send` may be replaced. Thread-safe.
    """

    def __init__(self, clock: Clock, identity: Identity) -> None:
        self._clock = clock
        self._identity = identity
        self._lock = threading.Lock()
        self._tasks: dict[str, Task] = {}
        self._gone: dict[str, datetime] = {}
        self.queues: dict[str, Retry] = {ids.TASKS_QUEUE: Retry()}
        self.permissions = {"cloudtasks.tasks.create", "cloudtasks.queues.get"}
        self.send: Send = post

    @property
    def tasks(self) -> list[Task]:
        """The tasks that are not done, the next first."""
        with self._lock:
            return sorted(self._tasks.values(), key=lambda task: task.scheduled)

    def due(self) -> list[Task]:
        """The tasks that would run now."""
        now = self._clock.now()
        return [task for task in self.tasks if task.scheduled <= now]

    def add(self, task: Task) -> None:
        """Store a task. Raises NoQueue and NameTaken."""
        with self._lock:
            if task.queue not in self.queues:
                raise NoQueue(task.queue)
            gone = self._gone.get(task.name)
            if task.name in self._tasks or (gone and self._clock.now() < gone + NAME_KEPT):
                raise NameTaken(task.name)
            self._tasks[task.name] = task

    def run_due(self) -> int:
        """Run each task that is due once; how many were done."""
        return sum(self._run(task) for task in self.due())

    def _run(self, task: Task) -> bool:
        done = 200 <= self.send(task.url, self._headers(task), task.body) < 300
        retry = self.queues[task.queue]
        with self._lock:
            task.retries += not done
            if done or task.retries == retry.max_attempts:
                self._tasks.pop(task.name, None)
                self._gone[task.name] = self._clock.now()
            else:
                task.scheduled = self._clock.now() + timedelta(seconds=retry.pause(task.retries))
        return done

    def _headers(self, task: Task) -> dict[str, str]:
        subject = self._identity.subject(task.account)
        token = self._identity.tasks_token(task.audience, email=task.account, sub=subject)
        return {
            **task.headers,
            "Authorization": f"Bearer {token}",
            "User-Agent": "Google-Cloud-Tasks",
            "X-CloudTasks-QueueName": task.queue.rpartition("/")[2],
            "X-CloudTasks-TaskName": task.name.rpartition("/")[2],
            "X-CloudTasks-TaskRetryCount": str(task.retries),
        }


def post(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """Really post it: the status, 0 when nobody answers within the longest dispatch deadline that we use."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.post(url, body, headers=dict(headers), timeout=180, allow_redirects=False).status_code
    except requests.RequestException:
        return 0
