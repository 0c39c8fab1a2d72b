"""Scripted faults happen to the requests they are meant for, as often as scripted; the journal has them all."""

import time
from typing import Any

import pytest
import requests

from simulator import faults, ids
from simulator.server import Simulator
from tests import simulating

ADA = "ada@example.com"
DAY: dict[str, Any] = {"start": {"date": "2026-03-10"}, "end": {"date": "2026-03-11"}}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (faults.quota(), (403, "rateLimitExceeded")),
        (faults.quota("quotaExceeded"), (403, "quotaExceeded")),
        (faults.quota("userRateLimitExceeded"), (403, "userRateLimitExceeded")),
        (faults.quota(status=429), (429, "rateLimitExceeded")),
        (faults.backend_error(), (500, "backendError")),
    ],
)
def test_googles_errors_on_demand(sim: Simulator, ada: Any, fault: faults.Fault, expected: tuple[int, str]) -> None:
    sim.faults.add(fault, "/calendar/*")
    reply = ada("GET", "primary/events")
    assert (reply.status_code, reply.json()["error"]["errors"][0]["reason"]) == expected
    assert ada("GET", "primary/events").status_code == 200
    assert sim.faults.pending() == 0


def test_a_fault_meets_only_its_route_and_method(sim: Simulator, ada: Any) -> None:
    sim.faults.add(faults.backend_error(), "*/events/abc", "DELETE")
    assert ada("GET", "primary/events/abc").status_code == 404
    assert ada("DELETE", "primary/events/abc").status_code == 500


def test_faults_can_be_skipped_repeated_and_endless(sim: Simulator, ada: Any) -> None:
    sim.faults.add(faults.status(503), times=2, skip=1)
    assert [ada("GET", "primary/events").status_code for _ in range(4)] == [200, 503, 503, 200]
    sim.faults.add(faults.status(503), times=None)
    assert {ada("GET", "primary/events").status_code for _ in range(3)} == {503}
    sim.faults.clear()
    assert ada("GET", "primary/events").status_code == 200


def test_a_reply_may_carry_headers(sim: Simulator, ada: Any) -> None:
    sim.faults.add(faults.status(429, b"{}", Retry_After="7"))
    reply = ada("GET", "primary/events")
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "7")


def test_latency_delays_the_real_reply(sim: Simulator, ada: Any) -> None:
    sim.faults.add(faults.latency(0.15))
    begun = time.monotonic()
    assert ada("GET", "primary/events").status_code == 200
    assert time.monotonic() - begun >= 0.15


def test_a_delay_and_an_error_happen_both(sim: Simulator, ada: Any) -> None:
    sim.faults.add(faults.latency(0.1), times=None)
    sim.faults.add(faults.backend_error())
    begun = time.monotonic()
    assert ada("GET", "primary/events").status_code == 500
    assert time.monotonic() - begun >= 0.1


@pytest.mark.parametrize("acted", [False, True])
def test_a_cut_connection_has_acted_or_not(sim: Simulator, caller: Any, acted: bool) -> None:
    program = caller()
    program.token = ids.ROOMS_API_KEY
    sim.faults.add(faults.reset(acted=acted), "/rooms-api/*")
    with pytest.raises(requests.ConnectionError):
        program("POST", f"{sim.url}/rooms-api/v1/rooms", json={"title": "x"})
    assert len(sim.rooms) == int(acted)


def test_an_error_after_acting(sim: Simulator, caller: Any) -> None:
    program = caller()
    program.token = ids.ROOMS_API_KEY
    sim.faults.add(faults.status(502, acted=True), "/rooms-api/*")
    assert program("POST", f"{sim.url}/rooms-api/v1/rooms", json={"title": "x"}).status_code == 502
    assert len(sim.rooms) == 1


@pytest.mark.parametrize("fault", [faults.malformed(), faults.truncated(), faults.empty()])
def test_a_damaged_reply_is_whole_http_and_no_json(sim: Simulator, ada: Any, fault: faults.Fault) -> None:
    sim.faults.add(fault)
    reply = ada("GET", "primary/events")
    assert reply.status_code == 200
    with pytest.raises(ValueError, match=r"."):
        reply.json()


def test_a_dripping_reply_arrives_in_the_end(sim: Simulator, ada: Any) -> None:
    sim.faults.add(faults.drip(0.002))
    begun = time.monotonic()
    reply = ada("GET", "primary/events")
    assert reply.json()["kind"] == "calendar#events"
    assert time.monotonic() - begun >= 0.002 * len(reply.content)


def test_closing_ends_a_delay(caller: Any) -> None:
    with simulating.simulator() as simulator:
        simulator.faults.add(faults.latency(60))
        with pytest.raises(requests.Timeout):
            requests.get(simulator.url, timeout=0.1)
        begun = time.monotonic()
    assert time.monotonic() - begun < 10


def test_the_journal_has_requests_in_order_with_their_bodies(sim: Simulator, ada: Any) -> None:
    event = ada("POST", "primary/events?sendUpdates=none", json=DAY).json()["id"]
    ada("GET", f"ada%40example.com/events/{event}?fields=id%2Cstatus")
    assert sim.requests.lines("/calendar/") == [
        "POST /calendar/v3/calendars/primary/events?sendUpdates=none",
        f"GET /calendar/v3/calendars/ada@example.com/events/{event}?fields=id%2Cstatus",
    ]
    first, second = sim.requests
    assert (first.json, second.body, second.parameters) == (DAY, b"", {"fields": ["id,status"]})
    assert second.headers["authorization"] == f"Bearer {ada.token}"
    sim.requests.clear()
    assert len(sim.requests) == 0


def test_a_token_is_not_printed_with_the_journal(sim: Simulator, ada: Any) -> None:
    ada("GET", "primary/events")
    assert ada.token not in repr(list(sim.requests))


def test_a_request_that_meets_a_fault_is_in_the_journal(sim: Simulator, ada: Any) -> None:
    sim.faults.add(faults.backend_error())
    ada("GET", "primary/events")
    assert len(sim.requests.under("/calendar/")) == 1
