"""A world whose calendars are followed: signals, tasks and sweeps reach an instance of the function in this process."""

import json
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from conference.clock import Deadline
from conference.endpoint import Answer, Incoming
from conference.errors import RequestRefused
from conference.legs import Legs
from simulator import builder, ids
from sync import records
from sync.holdings import mapped
from sync.records import CalendarRecord, MappingRecord
from tests.outside import Died
from tests.world import ADA, DEADLINE, World

SWEEP = 300.0
"""Seconds between two sweeps."""
DOMAIN = "example.com"
_ROUNDS = 50


class Followed:
    """A world with an instance that is reached by signals. `delegation` says how: by channels, or by Ada's triggers."""

    def __init__(self, world: World, delegation: bool) -> None:
        self.world = world
        self.simulator = world.simulator
        self.delegation = delegation
        self.url = world.environment["ANYROOM_PUBLIC_URL"]
        if delegation:
            queue = ids.TASKS_QUEUE.split("/")
            world.environment |= {
                "ANYROOM_CREDENTIAL": f"delegation:{ids.DELEGATE_SERVICE_ACCOUNT}",
                "ANYROOM_QUEUE": f"cloudtasks:{queue[1]}/{queue[3]}/{queue[5]}",
                "ANYROOM_IDENTITY": f"script={ids.SCRIPT_CLIENT_ID};tasks={ids.TASKS_SERVICE_ACCOUNT}",
            }
            scopes = [scope for scope in ids.ADDON_SCOPES if scope.endswith("readonly")]
            self.simulator.delegation.authorise(ids.DELEGATE_SERVICE_ACCOUNT, scopes, DOMAIN)
        self.simulator.push.send = self.notify
        self.simulator.triggers.post = self.relay
        self.simulator.cloud_tasks.send = self.task
        self.instance = world.instance()

    def choose(self, event: str, *, calendar: str = ADA, solution: str = "demo", user: str = ADA) -> Answer:
        """A user picks a solution for an event, and saves it when it is a saved one."""
        answer = self.world.ask(self.instance, event, calendar=calendar, solution=solution, user=user)
        try:
            data = builder.check(answer.body, "script", solution)
        except builder.Failed:
            return answer
        conference = self.simulator.conferences.of_addon(data, solution, script=True)
        self.simulator.calendar.set_conference(calendar, event, conference)
        if not self.delegation:
            self.simulator.triggers.follow(user, calendar)
            self.simulator.triggers.changed(self.simulator.calendar.calendar(calendar), False)
        return answer

    def settle(self) -> None:
        """Deliver every signal and run every task, at their times, until nothing is left to do."""
        for _ in range(_ROUNDS):
            self.simulator.push.deliver_all()
            self.simulator.triggers.deliver_all()
            tasks = self.simulator.cloud_tasks.tasks
            if tasks:
                ahead = (tasks[0].scheduled - self.world.clock.now()).total_seconds()
                self.world.clock.advance(max(0.0, ahead) + 0.001)
                self.simulator.cloud_tasks.run_due()
            elif not self.simulator.push.pending and not self.simulator.triggers.pending:
                return
        raise AssertionError("it never comes to rest")

    def sweep(self) -> int:
        """Cloud Scheduler's call: the status of the answer."""
        token = self.simulator.identity.tasks_token(f"{self.url}/sweep", email=ids.TASKS_SERVICE_ACCOUNT)
        incoming = self.incoming("/sweep", token if self.delegation else "", b"")
        if self.delegation:
            return self._status(lambda: self.instance.service.following.sweep(incoming))
        self.instance.service.sweep()
        return 204

    def wait(self, **time: float) -> None:
        """Let that much time pass, with sweeps on the way and a daily trigger each day."""
        left = timedelta(**time).total_seconds()
        day = 0.0
        while left > 0:
            step = min(left, max(SWEEP, left / 12))
            self.world.clock.advance(step)
            left, day = left - step, day + step
            self.sweep()
            self.settle()
            if day >= 86400 and not self.delegation:
                day = 0.0
                self.simulator.triggers.daily(ADA)
        self.sweep()
        self.settle()

    def daily(self) -> None:
        """Ada's daily trigger."""
        self.simulator.triggers.daily(ADA)

    def notify(self, address: str, headers: Mapping[str, str]) -> int:
        """A push notification reaches the function: the status of its answer."""
        assert address == f"{self.url}/notifications"
        lowered = {name.lower(): value for name, value in headers.items()}
        incoming = self.incoming("/notifications", "", b"")
        return self._status(
            lambda: self.instance.service.following.notify(lambda name: lowered.get(name.lower()), incoming)
        )

    def relay(self, body: dict[str, Any], bearer: str) -> tuple[int, Any]:
        """A trigger's call reaches the function: status and JSON of its answer."""
        incoming = self.incoming("/calendar-changes", bearer, json.dumps(body).encode())
        try:
            answer = self.instance.service.following.calendar_changes(incoming)
        except RequestRefused as refused:
            return refused.status, None
        return answer.status, answer.body if answer.status == 200 else None

    def task(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """A task reaches the function: the status of its answer, 0 when the instance dies of it."""
        assert url == f"{self.url}/sync"
        incoming = self.incoming("/sync", headers["Authorization"].removeprefix("Bearer "), body)
        return self._status(lambda: self.instance.service.following.sync(incoming))

    def incoming(self, path: str, bearer: str, body: bytes) -> Incoming:
        """A request as main.py hands it over."""
        return Incoming(
            url=path,
            authorization=f"Bearer {bearer}",
            solution="",
            body=lambda: body,
            deadline=Deadline(self.world.clock, DEADLINE),
            legs=Legs(self.world.clock),
        )

    def mappings(self) -> list[MappingRecord]:
        """Every mapping of Ada's calendars."""
        return [self.mapping(key) for key in self.keys()]

    def keys(self, calendar: str = ADA) -> list[str]:
        """The keys of every mapping of a calendar."""
        return [document.key for document in self.world.store.find(records.MAPPINGS, "calendar", calendar, 1000)]

    def mapping(self, key: str) -> MappingRecord:
        """One mapping."""
        document = self.world.store.get(records.MAPPINGS, key)
        assert document
        return records.mapping(document)

    def of(self, event: str, calendar: str = ADA, solution: str = "demo") -> MappingRecord:
        """The mapping of an event."""
        record = self.held(event, calendar, solution)
        assert record
        return record

    def held(self, event: str, calendar: str = ADA, solution: str = "demo") -> MappingRecord | None:
        """The mapping of an event, its own before the one by which it shares a conference, if there is one."""
        place = records.key(calendar, event)
        found = self.world.store.find(records.MAPPINGS, "place", place, 1000)
        held = [one for one in map(mapped, found) if one.record.solution == solution]
        held.sort(key=lambda one: one.key != one.record.pointer)
        return held[0].record if held else None

    def shared(self, event: str, calendar: str = ADA) -> MappingRecord:
        """The mapping by which an event shares another one's conference."""
        found = map(mapped, self.world.store.find(records.MAPPINGS, "place", records.key(calendar, event), 1000))
        [record] = [one.record for one in found if one.key != one.record.pointer]
        return record

    def calendar(self, calendar: str = ADA) -> CalendarRecord:
        """The record of a calendar."""
        document = self.world.store.get(records.CALENDARS, records.key(calendar))
        assert document
        return records.calendar(document.body)

    def titles(self) -> list[str]:
        """The titles of the rooms at the conferencing system."""
        return [room.title for room in self.simulator.rooms.having(None)]

    def outside(self) -> list[str]:
        """What the instance asked of Calendar and the conferencing system since it was asked last, in order."""
        calls = [call for call in self.instance.outside.calls if "/calendar/" in call or "/rooms-api/" in call]
        self.instance.outside.calls.clear()
        return [_short(call) for call in calls]

    def restart(self) -> None:
        """The instance is gone, and another one takes its place."""
        self.instance = self.world.instance()

    def _status(self, call: Any) -> int:
        try:
            answer: Answer = call()
        except RequestRefused as refused:
            return refused.status
        except Died:
            logging.getLogger("tests").info("the instance died")
            self.restart()
            return 0
        return answer.status


def _short(call: str) -> str:
    """A call without what is random in it."""
    method, _, path = call.partition(" ")
    if path.startswith("/calendar/v3/channels/stop"):
        return "stop"
    if path.startswith("/calendar/"):
        parts = path.split("/events")
        rest = parts[1] if len(parts) > 1 else ""
        return "watch" if rest == "/watch" else "get" if rest else "list"
    if path.startswith("/rooms-api"):
        return f"{method} room"
    return call
