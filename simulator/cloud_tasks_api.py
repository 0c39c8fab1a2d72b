"""Cloud Tasks over HTTP: `POST /v2/projects/P/locations/L/queues/Q/tasks`, and a look at Q, as strict as Google."""

import base64
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from flask import Flask

from conference.clock import Clock
from simulator import one_platform
from simulator.access import AccessTokens
from simulator.cloud_tasks import CloudTasks, NameTaken, NoQueue, Task
from simulator.one_platform import Refusal

_TASK_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,500}")
_AHEAD: Final = timedelta(days=30)
_MOST_URL: Final = 2083


class CloudTasksApi:
    """projects.locations.queues.tasks.create, for named HTTP tasks with an OIDC token, and what a queue is like."""

    def __init__(self, tasks: CloudTasks, tokens: AccessTokens, clock: Clock) -> None:
        self._tasks = tasks
        self._tokens = tokens
        self._clock = clock

    def register(self, app: Flask) -> None:
        """Add the route."""
        path = "/v2/projects/<project>/locations/<location>/queues/<queue>"
        for end, name, method, verb in (
            ("/tasks", "tasks.create", self.create, "POST"),
            ("", "queues.get", self.queue, "GET"),
            (":testIamPermissions", "queues.testIamPermissions", self.permissions, "POST"),
        ):
            app.add_url_rule(path + end, name, one_platform.answering(method), methods=[verb])

    def queue(self, project: str, location: str, queue: str) -> Mapping[str, Any]:
        """The queue, as far as we look at it; only for those who may."""
        name = self._existing(project, location, queue)
        self._permitted("cloudtasks.queues.get")
        return {"name": name, "state": self._tasks.queues[name].state}

    def permissions(self, project: str, location: str, queue: str) -> Mapping[str, Any]:
        """Which of the permissions that are asked about the caller has; an empty list is left out."""
        self._existing(project, location, queue)
        asked = one_platform.body("cloudtasks.v2", "TestIamPermissionsRequest").get("permissions", [])
        granted = [one for one in asked if one in self._tasks.permissions]
        return {"permissions": granted} if granted else {}

    def _existing(self, project: str, location: str, queue: str) -> str:
        one_platform.caller(self._tokens)
        name = f"projects/{project}/locations/{location}/queues/{queue}"
        if name not in self._tasks.queues:
            raise Refusal(404, "Queue does not exist.")
        return name

    def _permitted(self, permission: str) -> None:
        if permission not in self._tasks.permissions:
            raise Refusal(403, f"The principal lacks IAM permission {permission!r} for the resource.")

    def create(self, project: str, location: str, queue: str) -> Mapping[str, Any]:
        """The task, stored; the basic view, which leaves the body out."""
        one_platform.caller(self._tokens)
        self._permitted("cloudtasks.tasks.create")
        given = one_platform.body("cloudtasks.v2", "CreateTaskRequest").get("task", {})
        task = self._task(given, f"projects/{project}/locations/{location}/queues/{queue}")
        try:
            self._tasks.add(task)
        except NoQueue:
            raise Refusal(404, "Queue does not exist.") from None
        except NameTaken:
            raise Refusal(409, "Requested entity already exists") from None
        http = {key: value for key, value in given["httpRequest"].items() if key != "body"}
        times = {"scheduleTime": _written(task.scheduled), "createTime": _written(self._clock.now())}
        return {**given, **times, "httpRequest": http, "view": "BASIC"}

    def _task(self, given: Mapping[str, Any], queue: str) -> Task:
        name = given.get("name", "")
        parent, _, identifier = name.rpartition("/tasks/")
        if parent != queue or not _TASK_ID.fullmatch(identifier):
            raise Refusal(400, "Task name must be formatted: projects/P/locations/L/queues/Q/tasks/TASK_ID")
        http = given.get("httpRequest", {})
        url, oidc = http.get("url", ""), http.get("oidcToken", {})
        if not re.match(r"https?://[^/]", url) or len(url) > _MOST_URL:
            raise Refusal(400, "HttpRequest.url must start with 'http://' or 'https://' and have 2083 characters.")
        if http.get("httpMethod", "POST") != "POST" or not oidc.get("serviceAccountEmail"):
            raise Refusal(400, "The simulator takes tasks that post with an OIDC token.")
        deadline = float(given.get("dispatchDeadline", "600s").removesuffix("s"))
        if not 15 <= deadline <= 1800:
            raise Refusal(400, "Task.dispatchDeadline must be between [15s, 30m].")
        return Task(
            name=name,
            scheduled=self._scheduled(given.get("scheduleTime")),
            url=url,
            headers=http.get("headers", {}),
            body=base64.b64decode(http.get("body", "")),
            account=oidc["serviceAccountEmail"],
            audience=oidc.get("audience", url),
            dispatch_deadline=deadline,
        )

    def _scheduled(self, text: str | None) -> datetime:
        """When the task is due: now when it says nothing or a time that has passed."""
        now = self._clock.now()
        try:
            asked = datetime.fromisoformat(text) if text else now
        except ValueError:
            raise Refusal(400, "Invalid value at 'task.schedule_time'") from None
        if asked > now + _AHEAD:
            raise Refusal(400, "Task.scheduleTime must be at most 30 days in the future.")
        return max(asked, now)


def _written(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
