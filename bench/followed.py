"""The simulator and a function in one process, on one clock that is set: signals, tasks and sweeps are plain calls."""

import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import settings as knobs
from bench.outside import CountedStore, Died, InProcess, Outside, SetClock
from conference.certificates import google_keys
from conference.clock import Deadline
from conference.endpoint import Answer, Incoming
from conference.errors import RequestRefused
from conference.legs import Legs
from service import Service
from simulator import builder, ids
from simulator.server import Simulator
from sync.store.sqlite import SqliteStore

DOMAIN = "bench.example"
SOLUTION = "demo"
_URL = "http://localhost:8080"
_PORT = 8090
_DEADLINE = 15.0
"""Seconds for an answer, as main.py gives them."""
CONNECTED = {
    "keys": "YmVuY2gtc2VhbGluZy1rZXktb2YtMzItYnl0ZXMtLSE=",
    "sign-in": ids.SIGN_IN_CLIENT[1],
    "zoom": ids.OAUTH_CLIENTS["zoom"][1],
}
"""The secrets of a world in which users connect: the simulator's, and a key that seals nothing worth having."""
_CONFIG = """\
[solutions.demo]
provider = "demo"
name = "Demo"
logo = "https://lh3.googleusercontent.com/x"
url = "{url}"
"""
_ZOOM = f"""
[solutions.zoom]
provider = "zoom"
name = "Zoom"
logo = "https://lh3.googleusercontent.com/x"
client_id = "{ids.OAUTH_CLIENTS["zoom"][0]}"
client_secret = "secret:zoom"
api_url = "{{url}}/zoom/v2"
oauth_url = "{{url}}/zoom/oauth"
"""


class Followed:
    """A function whose calendars are followed by push channels, or else by the triggers of their users' add-ons.

    Its SQLite file lies in `folder`. `delegation` says by what; `chance` is all the randomness of the simulator.
    `secrets` is a folder with the secrets of CONNECTED, where users connect the simulator's Zoom.
    """

    url = _URL

    def __init__(self, folder: Path, delegation: bool, chance: random.Random, secrets: Path | None = None) -> None:
        self._secrets = secrets
        self.clock = SetClock()
        self.delegation = delegation
        self.outside = Outside()
        self.died = 0
        self.simulator = Simulator(clock=self.clock, randomness=chance, port=_PORT)
        self.simulator.rooms.base_url = self.simulator.url
        self._folder = folder
        (folder / "anyroom.toml").write_text((_CONFIG + (_ZOOM if secrets else "")).format(url=self.simulator.url))
        self._settings = knobs.load(self._environment())
        scopes = [scope for scope in ids.ADDON_SCOPES if scope.endswith("readonly")]
        self.simulator.delegation.authorise(ids.DELEGATE_SERVICE_ACCOUNT, scopes, DOMAIN)
        self.simulator.push.send = self._notify
        self.simulator.triggers.post = self._relay
        self.simulator.cloud_tasks.send = self._task
        self.service = self._started()

    def close(self) -> None:
        """End the function and the simulator."""
        self.service.close()
        self.simulator.close()

    def restart(self) -> None:
        """Another instance takes the place of this one."""
        self.service.close()
        self.service = self._started()

    def choose(self, user: str, event: str, solution: str = SOLUTION) -> bool:
        """A user picks the solution for a saved event of theirs; whether that worked."""
        body, bearer = self.simulator.host.script_request(user, event, user)
        asked = self._incoming(f"/conferences?solution={solution}", bearer, json.dumps(body).encode(), solution)
        try:
            answer = self.service.endpoint.create_conference(asked)
            data = builder.check(answer.body, "script", solution)
        except (RequestRefused, builder.Failed):
            return False
        if not self.delegation:
            self.simulator.triggers.follow(user, user)
        self.simulator.calendar.set_conference(
            user, event, self.simulator.conferences.of_addon(data, "Demo", script=True)
        )
        return True

    def deliver(self) -> None:
        """Deliver what is to be signalled now, and run each task that is due."""
        for push in self.simulator.push.pending:
            if push.due <= self.clock.now():
                self.simulator.push.deliver(self.simulator.push.pending.index(push))
        self.simulator.triggers.deliver_all()
        self.simulator.cloud_tasks.run_due()

    def settle(self) -> None:
        """Deliver every signal and run every task, at their times, until nothing is left to do."""
        self.deliver()
        while (moment := self.next_moment()) is not None:
            self.clock.reach(moment)
            self.deliver()

    def next_moment(self) -> float | None:
        """When the next signal or task is due, in seconds since the start; None when nothing waits."""
        tasks = [task.scheduled for task in self.simulator.cloud_tasks.tasks[:1]]
        moments = [*tasks, *(push.due for push in self.simulator.push.pending)]
        if self.simulator.triggers.pending:
            moments.append(self.clock.now())
        now = self.clock.now()
        return self.clock.monotonic() + (min(moments) - now).total_seconds() if moments else None

    def sweep(self) -> None:
        """Cloud Scheduler's call, or the function's own timer."""
        self._survived(self.service.sweep)

    def _environment(self) -> Mapping[str, str]:
        environment = {
            "ANYROOM_CONFIG": str(self._folder / "anyroom.toml"),
            "ANYROOM_IDENTITY": f"script={ids.SCRIPT_CLIENT_ID};tasks={ids.TASKS_SERVICE_ACCOUNT}",
            "ANYROOM_GOOGLE_API": self.simulator.url,
            "ANYROOM_PUBLIC_URL": _URL,
            "HOST": "127.0.0.1",
        }
        if self._secrets:
            environment |= {
                "ANYROOM_SECRETS": f"file:{self._secrets}",
                "ANYROOM_KEYS": "secret:keys",
                "ANYROOM_SIGNIN": f"{ids.SIGN_IN_CLIENT[0]},secret:sign-in",
            }
        if not self.delegation:
            return environment
        _, project, _, location, _, queue = ids.TASKS_QUEUE.split("/")
        return environment | {
            "ANYROOM_CREDENTIAL": f"delegation:{ids.DELEGATE_SERVICE_ACCOUNT}",
            "ANYROOM_QUEUE": f"cloudtasks:{project}/{location}/{queue}",
        }

    def _started(self) -> Service:
        client = InProcess(self.simulator.app, self.outside)
        return Service(
            self._settings,
            self.clock,
            1,
            client,
            google_keys(self._settings.google_api, client, self.clock),
            store=CountedStore(SqliteStore(str(self._folder / "anyroom.db")), self.outside),
            own_token=lambda deadline: self.simulator.access_token(ids.FUNCTION_SERVICE_ACCOUNT, (ids.CLOUD_PLATFORM,)),
        )

    def _notify(self, address: str, headers: Mapping[str, str]) -> int:
        named = {name.lower(): value for name, value in headers.items()}
        incoming = self._incoming("/notifications", "", b"")
        return self._answered(lambda: self.service.following.notify(lambda name: named.get(name.lower()), incoming))[0]

    def _relay(self, body: dict[str, Any], bearer: str) -> tuple[int, Any]:
        incoming = self._incoming("/calendar-changes", bearer, json.dumps(body).encode())
        return self._answered(lambda: self.service.following.calendar_changes(incoming))

    def _task(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        incoming = self._incoming("/sync", headers["Authorization"].removeprefix("Bearer "), body)
        return self._answered(lambda: self.service.following.sync(incoming))[0]

    def _answered(self, call: Callable[[], Answer]) -> tuple[int, Any]:
        """Status and body of the answer; 500 when the process dies of it, as its front end then says."""
        answers: list[Answer] = []
        try:
            self._survived(lambda: answers.append(call()))
        except RequestRefused as refused:
            return refused.status, None
        return (answers[0].status, answers[0].body) if answers else (500, None)

    def _survived(self, call: Callable[[], object]) -> None:
        """Do that; when the process dies of it another one takes its place."""
        try:
            call()
        except Died:
            self.died += 1
            self.restart()

    def _incoming(self, url: str, bearer: str, body: bytes, solution: str = "") -> Incoming:
        """A request as main.py hands it over."""
        return Incoming(
            url=url,
            authorization=f"Bearer {bearer}",
            solution=solution,
            body=lambda: body,
            deadline=Deadline(self.clock, _DEADLINE),
            legs=Legs(self.clock),
        )
