"""Google's own client library works against the simulator with nothing but another base URL."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from simulator import ids
from simulator.server import Simulator

ADA = "ada@example.com"
BODY: dict[str, Any] = {"summary": "Review", "start": {"date": "2026-03-10"}, "end": {"date": "2026-03-11"}}


@pytest.fixture
def service(sim: Simulator) -> Iterator[Any]:
    token = sim.access_token(ADA, ids.EDITOR_SCOPES)
    # google-auth leaves its own constructor without types.
    credentials = Credentials(token)  # type: ignore[no-untyped-call]
    made = build(
        "calendar",
        "v3",
        static_discovery=True,
        credentials=credentials,
        client_options={"api_endpoint": f"{sim.url}/calendar/v3/"},
    )
    with made:
        yield made


@pytest.fixture
def events(service: Any) -> Any:
    return service.events()


def test_an_event_is_inserted_read_patched_updated_and_deleted(events: Any) -> None:
    made = events.insert(calendarId="primary", body=BODY).execute()
    where = {"calendarId": ADA, "eventId": made["id"]}
    assert events.get(**where).execute() == made
    assert events.patch(**where, body={"summary": "Second review"}).execute()["summary"] == "Second review"
    assert events.update(**where, body={**BODY, "location": "Hall"}).execute()["location"] == "Hall"
    assert events.delete(**where).execute() == ""
    assert events.get(**where).execute()["status"] == "cancelled"


def test_pages_are_followed_with_list_next(sim: Simulator, events: Any) -> None:
    made = [sim.calendar.add_event(ADA, **BODY) for _ in range(5)]
    request, seen = events.list(calendarId="primary", maxResults=2), []
    while request is not None:
        reply = request.execute()
        seen.append([item["id"] for item in reply["items"]])
        request = events.list_next(request, reply)
    assert seen == [made[:2], made[2:4], made[4:]]


def test_errors_carry_their_reason(events: Any) -> None:
    with pytest.raises(HttpError) as caught:
        events.get(calendarId="primary", eventId="nothing").execute()
    assert (caught.value.status_code, caught.value.error_details[0]["reason"]) == (404, "notFound")


def test_a_mask_reaches_the_server(sim: Simulator, events: Any) -> None:
    event = sim.calendar.add_event(ADA, **BODY)
    reply = events.list(calendarId="primary", fields="accessRole,items(id)").execute()
    assert reply == {"accessRole": "owner", "items": [{"id": event}]}


def test_a_sync_goes_on_from_its_token(sim: Simulator, events: Any) -> None:
    token = events.list(calendarId="primary").execute()["nextSyncToken"]
    event = sim.calendar.add_event(ADA, **BODY)
    assert [item["id"] for item in events.list(calendarId=ADA, syncToken=token).execute()["items"]] == [event]
    sim.calendar.expire_sync_tokens(ADA)
    with pytest.raises(HttpError) as caught:
        events.list(calendarId=ADA, syncToken=token).execute()
    assert (caught.value.status_code, caught.value.error_details[0]["reason"]) == (410, "fullSyncRequired")


def test_a_channel_is_opened_and_stopped(sim: Simulator, service: Any) -> None:
    wanted = {"id": "channel-1", "type": "web_hook", "address": "https://rooms.example/hook"}
    channel = service.events().watch(calendarId=ADA, body=wanted).execute()
    named = {"id": channel["id"], "resourceId": channel["resourceId"]}
    assert service.channels().stop(body=named).execute() == ""
    assert [each.stopped for each in sim.push.channels] == [True]


def test_an_event_is_moved_and_a_series_expanded(sim: Simulator, events: Any) -> None:
    team = sim.calendar.add_calendar("team@group.calendar.google.com", ADA).id
    series = sim.calendar.add_event(ADA, **BODY, recurrence=["RRULE:FREQ=DAILY;COUNT=2"])
    assert events.move(calendarId=ADA, eventId=series, destination=team).execute()["organizer"]["email"] == team
    assert len(events.instances(calendarId=team, eventId=series).execute()["items"]) == 2
