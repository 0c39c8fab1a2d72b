"""Zoom's stand-in tells an app what happened, signed as Zoom signs, and tells it again while it is not taken."""

import hashlib
import hmac
import json
import random
from collections.abc import Mapping
from typing import Any

import pytest

from simulator import zoom_webhooks
from simulator.outbox import Outbox
from simulator.server import Simulator
from simulator.zoom_api import zoom_id
from simulator.zoom_webhooks import ZoomWebhooks
from tests.simulator.conftest import ADA, StandingClock

MEETING = json.dumps({"topic": "Plan", "type": 3}).encode()


class App:
    """The app: what it was sent, and the statuses of its next answers."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Mapping[str, str], bytes]] = []
        self.statuses: list[int] = []

    def __call__(self, address: str, headers: Mapping[str, str], body: bytes) -> int:
        self.taken.append((address, headers, body))
        return self.statuses.pop(0) if self.statuses else 204

    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, _, body in self.taken]


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def zoom(clock: StandingClock, app: App) -> ZoomWebhooks:
    webhooks = ZoomWebhooks(clock, random.Random(1))
    webhooks.address, webhooks.secret, webhooks.send = "https://app.example/hook", "key", app
    return webhooks


def test_a_call_is_signed_over_its_time_and_body(zoom: ZoomWebhooks, app: App, clock: StandingClock) -> None:
    zoom.tell("meeting.started", {"object": {"id": "1"}})
    assert zoom.deliver() == 204
    [(address, headers, body)] = app.taken
    moment = str(int(clock.now().timestamp()))
    signature = hmac.new(b"key", f"v0:{moment}:".encode() + body, hashlib.sha256).hexdigest()
    assert address == "https://app.example/hook"
    assert headers["x-zm-request-timestamp"] == moment
    assert headers["x-zm-signature"] == f"v0={signature}"
    known = {"event": "meeting.started", "event_ts": int(clock.now().timestamp() * 1000)}
    assert json.loads(body) == {**known, "payload": {"object": {"id": "1"}}}


def test_a_call_can_be_signed_at_another_time(zoom: ZoomWebhooks, app: App, clock: StandingClock) -> None:
    zoom.skew = -301
    zoom.tell("meeting.started", {})
    zoom.deliver()
    assert app.taken[0][1]["x-zm-request-timestamp"] == str(int(clock.now().timestamp()) - 301)


def test_what_is_not_taken_is_told_three_times_more(zoom: ZoomWebhooks, app: App, clock: StandingClock) -> None:
    app.statuses = [503, 0, 401, 500]
    zoom.tell("meeting.started", {})
    waited = []
    while zoom.pending:
        waited.append((zoom.pending[0].due - clock.now()).total_seconds())
        clock.time = zoom.pending[0].due
        zoom.deliver()
    assert waited == [0, 300, 1200, 3600]
    assert len({body for _, _, body in app.taken}) == 1
    assert len({headers["x-zm-signature"] for _, headers, _ in app.taken}) == 4


@pytest.mark.parametrize("status", [200, 204])
def test_what_is_taken_is_told_once(zoom: ZoomWebhooks, app: App, status: int) -> None:
    app.statuses = [status]
    zoom.tell("meeting.started", {})
    zoom.deliver()
    assert zoom.pending == []


def test_an_app_without_a_subscription_is_told_nothing(zoom: ZoomWebhooks, app: App) -> None:
    zoom.address = ""
    zoom.tell("meeting.started", {})
    assert (zoom.deliver_all(), app.taken) == ([], [])


def test_it_is_an_outbox_that_loses_and_doubles(zoom: ZoomWebhooks, app: App) -> None:
    assert isinstance(zoom, Outbox)
    zoom.tell("meeting.started", {})
    zoom.double()
    zoom.tell("meeting.ended", {})
    zoom.drop(2)
    assert zoom.deliver_all() == [204, 204]
    assert [body["event"] for body in app.bodies()] == ["meeting.started"] * 2


@pytest.fixture
def told(sim: Simulator, app: App) -> App:
    """The app that the whole simulator's Zoom tells."""
    sim.systems.zoom_webhooks.address, sim.systems.zoom_webhooks.send = "https://app.example/hook", app
    return app


def test_a_user_who_removes_the_app_is_told_of(sim: Simulator, told: App, clock: StandingClock) -> None:
    sim.authorization["zoom"].revoke_user(ADA.upper())
    sim.authorization["webex"].revoke_user(ADA)
    sim.systems.zoom_webhooks.deliver_all()
    [body] = told.bodies()
    assert body["event"] == "app_deauthorized"
    assert body["payload"]["user_id"] == zoom_id(ADA)
    assert body["payload"]["deauthorization_time"] == "2026-03-02T09:00:00.000Z"


def test_a_meeting_that_is_deleted_is_told_of(sim: Simulator, told: App) -> None:
    zoom = sim.systems.zoom
    number = zoom.create(ADA, MEETING)["id"]
    zoom.delete(ADA, str(number))
    sim.systems.zoom_webhooks.deliver_all()
    [body] = told.bodies()
    assert (body["event"], body["payload"]["operation"]) == ("meeting.deleted", "all")
    assert body["payload"]["object"]["id"] == str(number)


def test_so_is_the_deletion_of_one_occurrence(sim: Simulator, told: App) -> None:
    zoom = sim.systems.zoom
    meeting = zoom.meetings[zoom.create(ADA, MEETING)["id"]]
    sim.systems.zoom_webhooks.deleted(meeting, "single")
    sim.systems.zoom_webhooks.deliver_all()
    assert told.bodies()[0]["payload"]["operation"] == "single"


def test_over_http_nobody_is_an_answer_of_nought(zoom: ZoomWebhooks, sim: Simulator) -> None:
    assert zoom_webhooks.post(f"{sim.url}/nowhere", {}, b"{}") == 404
    assert zoom_webhooks.post("http://127.0.0.1:9", {}, b"{}") == 0
