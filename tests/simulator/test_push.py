"""Channels tell of every change of their calendar while they live; what becomes of a message is up to the test."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from simulator import ids
from simulator.server import Simulator
from simulator.web import Server, bound

ADA = "ada@example.com"
BOB = "bob@example.com"
HOOK = "https://rooms.example/hook"
DAY: dict[str, Any] = {"start": {"date": "2026-03-10"}, "end": {"date": "2026-03-11"}}
WATCH = f"{ADA}/events/watch"


class Receiver:
    """Takes messages, and answers them with `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[str, Mapping[str, str]]] = []

    def __call__(self, address: str, headers: Mapping[str, str]) -> int:
        self.got.append((address, headers))
        return self.status


@pytest.fixture
def receiver(sim: Simulator) -> Receiver:
    made = Receiver()
    sim.push.send = made
    return made


@pytest.fixture
def ada(caller: Any) -> Any:
    return caller(ADA, (ids.SCOPE + "calendar.events.readonly",))


def wanted(**more: Any) -> dict[str, Any]:
    return {"id": "channel-1", "type": "web_hook", "address": HOOK, **more}


def reason(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["errors"][0]["reason"]


def stop(ada: Any, sim: Simulator, channel: Mapping[str, Any]) -> Any:
    named = {"id": channel["id"], "resourceId": channel["resourceId"]}
    return ada("POST", f"{sim.url}/calendar/v3/channels/stop", json=named)


def test_a_channel_is_answered_as_google_does(sim: Simulator, ada: Any, clock: Any) -> None:
    reply = ada("POST", WATCH, json=wanted(token="t")).json()
    assert sorted(reply) == ["expiration", "id", "kind", "resourceId", "resourceUri", "token"]
    week = clock.now() + timedelta(days=7)
    assert int(reply["expiration"]) == week.timestamp() * 1000
    (channel,) = sim.push.channels
    assert (channel.user, channel.calendar, channel.expiration, channel.stopped) == (ADA, ADA, week, False)


def test_the_first_message_is_a_sync_and_later_ones_grow(sim: Simulator, ada: Any, receiver: Receiver) -> None:
    reply = ada("POST", WATCH, json=wanted(token="a secret")).json()
    for _ in range(5):
        sim.calendar.add_event(ADA, **DAY)
    assert sim.push.deliver_all() == [200] * 6
    first = receiver.got[0]
    assert first == (
        HOOK,
        {
            "X-Goog-Channel-ID": "channel-1",
            "X-Goog-Message-Number": "1",
            "X-Goog-Resource-ID": reply["resourceId"],
            "X-Goog-Resource-State": "sync",
            "X-Goog-Resource-URI": reply["resourceUri"],
            "X-Goog-Channel-Expiration": "Mon, 09 Mar 2026 09:00:00 GMT",
            "X-Goog-Channel-Token": "a secret",
        },
    )
    numbers = [int(headers["X-Goog-Message-Number"]) for _, headers in receiver.got]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] > 6
    assert {headers["X-Goog-Resource-State"] for _, headers in receiver.got[1:]} == {"exists"}


def test_every_live_channel_on_the_calendar_is_told_and_no_other(sim: Simulator, ada: Any, caller: Any) -> None:
    sim.add_user(BOB)
    sim.calendar.share(ADA, BOB, "reader")
    ada("POST", WATCH, json=wanted())
    caller(BOB)("POST", WATCH, json=wanted(id="channel-2"))
    caller(BOB)("POST", f"{BOB}/events/watch", json=wanted(id="channel-3"))
    for _ in range(3):
        sim.push.drop()
    sim.calendar.add_event(ADA, **DAY)
    assert [message.channel.id for message in sim.push.pending] == ["channel-1", "channel-2"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (wanted(id=None), "required"),
        (wanted(id="x" * 65), "channelIdInvalid"),
        (wanted(id="a b"), "channelIdInvalid"),
        (wanted(type="email"), "invalid"),
        (wanted(address=None), "required"),
        (wanted(address="http://rooms.example/hook"), "push.webhookUrlNotHttps"),
        (wanted(address="https:///hook"), "push.webhookUrlNotHttps"),
        (wanted(token="x" * 257), "invalid"),
        (wanted(expiration="soon"), "invalid"),
        (wanted(expiration="1000"), "invalid"),
        (wanted(params={"ttl": "-1"}), "invalid"),
        (wanted(params=7), "invalid"),
        (wanted(colour="red"), "badRequest"),
        ([], "parseError"),
    ],
)
def test_a_channel_that_google_refuses_is_refused(sim: Simulator, ada: Any, body: Any, expected: str) -> None:
    assert reason(ada("POST", WATCH, json=body)) == (400, expected)
    assert sim.push.channels == []


def test_an_id_is_never_used_twice(sim: Simulator, ada: Any) -> None:
    channel = ada("POST", WATCH, json=wanted()).json()
    stop(ada, sim, channel)
    assert reason(ada("POST", WATCH, json=wanted())) == (400, "channelIdNotUnique")


@pytest.mark.parametrize("address", ["http://localhost:8080/hook", "http://127.0.0.1:8080/hook", HOOK])
def test_addresses_on_this_machine_need_no_https(ada: Any, address: str) -> None:
    assert ada("POST", WATCH, json=wanted(address=address)).status_code == 200


def test_only_who_can_see_the_calendar_watches_it(ada: Any) -> None:
    assert reason(ada("POST", f"{BOB}/events/watch", json=wanted())) == (404, "notFound")


@pytest.mark.parametrize(
    ("wish", "most", "seconds"),
    [
        ({}, 604800, 604800),
        ({"params": {"ttl": "3600"}}, 604800, 3600),
        ({"params": {"ttl": "3600"}}, 60, 60),
        ({}, 60, 60),
        ({"params": {"ttl": "9999999"}}, 604800, 604800),
        ({"expiration": "1772445600000"}, 604800, 3600),
    ],
)
def test_a_channel_lives_as_long_as_wished_and_allowed(
    sim: Simulator, ada: Any, clock: Any, wish: dict[str, Any], most: float, seconds: int
) -> None:
    sim.push.lifetime = most
    expiration = int(ada("POST", WATCH, json=wanted(**wish)).json()["expiration"]) / 1000
    assert expiration - clock.now().timestamp() == seconds


def test_an_expired_channel_sends_nothing(sim: Simulator, ada: Any, clock: Any, receiver: Receiver) -> None:
    channel = ada("POST", WATCH, json=wanted(params={"ttl": "600"})).json()
    sim.calendar.add_event(ADA, **DAY)
    clock.sleep(600)
    sim.calendar.add_event(ADA, **DAY)
    assert (sim.push.pending, sim.push.deliver_all(), receiver.got) == ([], [], [])
    assert stop(ada, sim, channel).status_code == 404


def test_a_stopped_channel_sends_nothing(sim: Simulator, ada: Any, receiver: Receiver) -> None:
    channel = ada("POST", WATCH, json=wanted()).json()
    assert stop(ada, sim, channel).status_code == 204
    sim.calendar.add_event(ADA, **DAY)
    assert (sim.push.pending, receiver.got) == ([], [])
    assert reason(stop(ada, sim, channel)) == (404, "notFound")


def test_what_waits_is_dropped_with_its_channel(sim: Simulator, ada: Any) -> None:
    stop(ada, sim, ada("POST", WATCH, json=wanted()).json())
    assert (sim.push.deliver_all(), sim.push.pending) == ([], [])


def test_what_waits_may_come_late_until_its_channel_expires(
    sim: Simulator, ada: Any, clock: Any, receiver: Receiver
) -> None:
    sim.push.late = True
    channel = ada("POST", WATCH, json=wanted(params={"ttl": "600"})).json()
    sim.calendar.add_event(ADA, **DAY)
    stop(ada, sim, channel)
    sim.calendar.add_event(ADA, **DAY)
    assert [message.state for message in sim.push.pending] == ["sync", "exists"]
    assert sim.push.deliver() == 200
    clock.sleep(600)
    assert (sim.push.deliver_all(), len(receiver.got)) == ([], 1)


def test_a_channel_that_is_stopped_by_the_first_of_its_messages_gets_no_second_one(sim: Simulator, ada: Any) -> None:
    def stopping(address: str, headers: Mapping[str, str]) -> int:
        sim.push.channels[0].stopped = True
        return 200

    ada("POST", WATCH, json=wanted())
    sim.calendar.add_event(ADA, **DAY)
    sim.push.send = stopping
    assert (sim.push.deliver_all(), sim.push.pending) == ([200], [])


def test_a_channel_is_told_when_its_calendar_is_gone(sim: Simulator, ada: Any, receiver: Receiver) -> None:
    team = sim.calendar.add_calendar("team@group.calendar.google.com", ADA).id
    ada("POST", f"{team}/events/watch", json=wanted())
    sim.calendar.remove(team)
    assert sim.push.deliver_all() == [200, 200]
    assert [headers["X-Goog-Resource-State"] for _, headers in receiver.got] == ["sync", "not_exists"]


def test_a_channel_is_stopped_by_its_own_user_only(sim: Simulator, ada: Any, caller: Any) -> None:
    channel = ada("POST", WATCH, json=wanted()).json()
    sim.calendar.share(ADA, BOB, "owner")
    assert reason(stop(caller(BOB), sim, channel)) == (404, "notFound")
    assert reason(stop(ada, sim, {**channel, "resourceId": "other"})) == (404, "notFound")
    assert reason(ada("POST", f"{sim.url}/calendar/v3/channels/stop", json={"id": "channel-1"})) == (400, "required")
    assert not sim.push.channels[0].stopped


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_message_that_met_a_server_error_is_tried_again_later_and_later(
    sim: Simulator, ada: Any, clock: Any, receiver: Receiver, status: int
) -> None:
    ada("POST", WATCH, json=wanted())
    receiver.status = status
    waits = []
    for attempt in range(1, 4):
        assert sim.push.deliver() == status
        (message,) = sim.push.pending
        assert message.attempts == attempt
        waits.append(message.due - clock.now())
    assert waits == sorted(set(waits))
    receiver.status = 204
    assert (sim.push.deliver(), sim.push.pending) == (204, [])
    assert len({headers["X-Goog-Message-Number"] for _, headers in receiver.got}) == 1


@pytest.mark.parametrize("status", [0, 301, 400, 404, 501])
def test_a_message_that_was_refused_is_lost(sim: Simulator, ada: Any, receiver: Receiver, status: int) -> None:
    ada("POST", WATCH, json=wanted())
    receiver.status = status
    assert (sim.push.deliver(), sim.push.pending) == (status, [])


def test_a_message_survives_a_receiver_that_dies(sim: Simulator, ada: Any) -> None:
    def die(address: str, headers: Mapping[str, str]) -> int:
        raise RuntimeError

    ada("POST", WATCH, json=wanted())
    sim.push.send = die
    with pytest.raises(RuntimeError):
        sim.push.deliver()
    assert [message.attempts for message in sim.push.pending] == [1]


def test_a_real_message_is_a_post_without_a_body(sim: Simulator, ada: Any) -> None:
    got: list[tuple[str, bytes, str]] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        got.append((environ["REQUEST_METHOD"], environ["wsgi.input"].read(), environ["HTTP_X_GOOG_CHANNEL_ID"]))
        start_response("204 No Content", [])
        return []

    server = Server(bound("127.0.0.1", 0), app)
    server.start()
    ada("POST", WATCH, json=wanted(address=f"http://127.0.0.1:{server.port}/hook"))
    ada("POST", WATCH, json=wanted(id="channel-2", address="http://127.0.0.1:1/hook"))
    assert sim.push.deliver_all() == [204, 0]
    server.close()
    assert got == [("POST", b"", "channel-1")]
