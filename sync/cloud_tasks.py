"""Cloud Tasks as the queue: each run is a named task that calls the function back with an ID token.

google-api-python-client builds the requests from its bundled document; our own bounded HTTP exchange carries them.
Sources: Cloud Tasks API v2 reference (projects.locations.queues.tasks: create); Create HTTP target tasks.
"""

import hashlib
import json
import logging
import math
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httplib2
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from conference.clock import Clock, Deadline
from conference.errors import Temporary
from sync import rpc_error
from sync.carrier import Carrier, Send

_PATIENCE = 5.0
"""Seconds for storing a task, our own access token included."""
_DISPATCH_DEADLINE = "180s"
"""How long one run may take: a little more than the lease of a calendar allows it."""
_MARGIN = 2
"""Seconds, beginning with the present one, in which no task is scheduled; the clocks may differ by the rest of them."""
_PASSING = frozenset({408, 409, 429})

_log = logging.getLogger("anyroom.queue")


class CloudTasks:
    """A queue.Queue in Cloud Tasks.

    `queue` is PROJECT/LOCATION/QUEUE. Each task posts `{"calendar": KEY}` to `url` with an ID token of
    `service_account` for `audience`. `token` gives our own access token; `api` is the base URL of Cloud Tasks.
    """

    def __init__(
        self,
        queue: str,
        url: str,
        service_account: str,
        audience: str,
        token: Callable[[Deadline], str],
        send: Send,
        clock: Clock,
        api: str,
    ) -> None:
        service = build(
            "cloudtasks",
            "v2",
            http=httplib2.Http(),
            static_discovery=True,
            client_options={"api_endpoint": f"{api}/"},
        )
        self._tasks = service.projects().locations().queues().tasks()
        self._parent = "projects/{}/locations/{}/queues/{}".format(*queue.split("/"))
        self._url = url
        self._oidc = {"serviceAccountEmail": service_account, "audience": audience}
        self._token = token
        self._send = send
        self._clock = clock

    def enqueue(self, calendar: str, at: datetime) -> None:
        """See Queue: one task for each calendar and second, at most 30 days ahead. Raises Temporary.

        Cloud Tasks refuses a name that is in use, and for some hours one that was: for us that means that the run is
        queued already. It is true even when that task has run meanwhile, because its time is never one that has come:
        a task of that name runs later than now, and what is to be done was stored before now, so its run has seen it.
        A time that has passed is therefore replaced by one that is just ahead.
        """
        deadline = Deadline(self._clock, _PATIENCE)
        task = self._task(calendar, self._second(at))
        request = self._tasks.create(parent=self._parent, body={"task": task})
        request.headers["authorization"] = f"Bearer {self._token(deadline)}"
        try:
            stored = request.execute(http=Carrier(self._send, deadline, "POST"))
        except HttpError as error:
            _judge(error)
            return
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise Temporary("queue-malformed", "Cloud Tasks' reply cannot be read") from error
        if not isinstance(stored, dict) or stored.get("name") != task["name"]:
            raise Temporary("queue-malformed", "Cloud Tasks' reply is not our task")

    def close(self) -> None:
        """Nothing is kept open."""

    def _second(self, at: datetime) -> int:
        """The second since 1970 at which the task for `at` is due: never one that has come."""
        return max(math.ceil(at.timestamp()), math.floor(self._clock.now().timestamp()) + _MARGIN)

    def _task(self, calendar: str, second: int) -> Mapping[str, Any]:
        # Names that begin alike make a queue slow (CreateTaskRequest.task).
        name = hashlib.sha256(f"{calendar} {second}".encode()).hexdigest()
        return {
            "name": f"{self._parent}/tasks/{name}",
            "scheduleTime": datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "dispatchDeadline": _DISPATCH_DEADLINE,
            "httpRequest": {
                "url": self._url,
                "httpMethod": "POST",
                "headers": {"Content-Type": "application/json"},
                "body": b64encode(json.dumps({"calendar": calendar}).encode()).decode(),
                "oidcToken": self._oidc,
            },
        }


def _judge(error: HttpError) -> None:
    """Return when the error says that the task is there; raise Temporary for every other one.

    What the deployer has to mend (a role, the queue's name) is logged too; the work waits in the store meanwhile.
    """
    status, word = int(error.status_code), rpc_error.read(error.content).status
    if status == 409 and word == "ALREADY_EXISTS":
        return
    detail = f"Cloud Tasks answered {status} {word}".strip()
    if status in _PASSING or status >= 500:
        raise Temporary("queue-unavailable", detail) from error
    _log.error("task not stored: %s; check ANYROOM_QUEUE, roles/cloudtasks.enqueuer and actAs", detail)
    raise Temporary("queue-refused", detail) from error
