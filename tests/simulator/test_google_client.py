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
def events(sim: Simulator) -> Iterator[Any]:
    token = sim.access_token(ADA, ids.EDITOR_SCOPES)
    # google-auth leaves its own constructor without types.
    credentials = Credentials(token)  # type: ignore[no-untyped-call]
    service = build(
        "calendar",
        "v3",
        static_discovery=True,
        credentials=credentials,
        client_options={"api_endpoint": f"{sim.url}/calendar/v3/"},
    )
    with service:
        yield service.events()


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
