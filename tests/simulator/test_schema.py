"""The check of replies refuses what Google would not send."""

from typing import Any

import pytest

from simulator import fields
from simulator.errors import BACKEND_ERROR, quota
from simulator.schema import InvalidReply, check_reply
from simulator.server import Simulator
from tests import simulating

ADA = "ada@example.com"


@pytest.fixture
def event(sim: Simulator, ada: Any) -> dict[str, Any]:
    made = sim.calendar.add_event(
        ADA,
        summary="Review",
        start={"dateTime": "2026-03-10T10:00:00Z", "timeZone": "UTC"},
        end={"dateTime": "2026-03-10T11:00:00Z", "timeZone": "UTC"},
        recurrence=["RRULE:FREQ=DAILY"],
        attendees=[{"email": ADA}],
    )
    return dict(ada("GET", f"primary/events/{made}").json())


@pytest.mark.parametrize(
    "change",
    [
        {"colour": "red"},
        {"start": {"hour": 7}},
        {"sequence": "0"},
        {"sequence": 2**31},
        {"created": "yesterday"},
        {"status": "maybe"},
        {"start": {"date": "10.3.2026"}},
        {"start": {"dateTime": "2026-03-10T10:00:00Z"}},
        {"originalStartTime": {"date": "2026-03-10"}},
        {"attendees": [{"email": ADA}]},
        {"conferenceData": {"entryPoints": []}},
        {"attendees": [{"email": ADA, "responseStatus": "perhaps"}]},
    ],
)
def test_a_member_that_is_unknown_wrong_or_incomplete_is_found(event: dict[str, Any], change: dict[str, Any]) -> None:
    check_reply("get", 200, event)
    with pytest.raises(InvalidReply):
        check_reply("get", 200, {**event, **change})


@pytest.mark.parametrize(
    "name", ["kind", "etag", "id", "status", "start", "creator", "iCalUID", "reminders", "htmlLink"]
)
def test_a_missing_member_is_found_unless_the_mask_left_it_out(event: dict[str, Any], name: str) -> None:
    del event[name]
    with pytest.raises(InvalidReply):
        check_reply("get", 200, event)
    others = fields.parse(",".join(event))
    check_reply("get", 200, event, others)


def test_an_empty_event_is_none(event: dict[str, Any]) -> None:
    with pytest.raises(InvalidReply):
        check_reply("get", 200, {})


@pytest.mark.parametrize("name", ["kind", "id", "resourceId", "resourceUri", "expiration"])
def test_a_channel_says_all_that_is_needed_to_stop_it(name: str) -> None:
    reply = {"kind": "api#channel", "id": "c", "resourceId": "r", "resourceUri": "https://x/", "expiration": "1"}
    check_reply("watch", 200, reply)
    del reply[name]
    with pytest.raises(InvalidReply):
        check_reply("watch", 200, reply)


def test_a_sync_token_is_on_the_last_page_only(sim: Simulator, ada: Any) -> None:
    page = ada("GET", "primary/events").json()
    check_reply("list", 200, page)
    with pytest.raises(InvalidReply, match="last page"):
        check_reply("list", 200, {**page, "nextPageToken": "x"})


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_content_has_no_body(status: int) -> None:
    check_reply("delete", status, None)
    with pytest.raises(InvalidReply):
        check_reply("delete", status, {})


@pytest.mark.parametrize("reply", [BACKEND_ERROR, quota(), quota("rateLimitExceeded", 429)])
def test_an_error_is_one_of_googles(reply: Any) -> None:
    check_reply("get", reply.status, reply.body())
    for wrong in (
        {"error": {**reply.body()["error"], "code": 418}},
        {"error": {**reply.body()["error"], "errors": []}},
        {"error": {**reply.body()["error"], "hint": "x"}},
        {"error": "x"},
    ):
        with pytest.raises(InvalidReply):
            check_reply("get", reply.status, wrong)


def test_leaving_the_simulator_reports_what_was_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    simulator = simulating.simulator(validate=True)
    simulator.add_user(ADA)
    simulator.calendar.calendar(ADA).time_zone = "UTC"
    event = simulator.calendar.add_event(ADA, start={"date": "2026-03-10"}, end={"date": "2026-03-11"})
    del simulator.calendar.get(ADA, event)["htmlLink"]
    from werkzeug.test import Client

    bearer = {"Authorization": f"Bearer {simulator.access_token(ADA)}", "Host": "127.0.0.1"}
    Client(simulator.app).get(f"/calendar/v3/calendars/primary/events/{event}", headers=bearer)
    with pytest.raises(InvalidReply, match="htmlLink"):
        simulator.close()
