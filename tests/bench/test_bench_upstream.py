"""The upstreams answer as Google and the conferencing system do, to unmodified clients."""

import json
import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import httplib2
import pytest
from googleapiclient.discovery import build

from bench import load

CALENDAR = "user1@bench.example"


@pytest.fixture
def events(port: int) -> Iterator[Any]:
    http = httplib2.Http()
    endpoint = {"api_endpoint": f"http://127.0.0.1:{port}/calendar/v3/"}
    yield build("calendar", "v3", http=http, static_discovery=True, client_options=endpoint).events()
    http.close()


def ask(port: int, method: str, path: str, body: object = None) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body=None if body is None else json.dumps(body))
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())
    finally:
        connection.close()


def test_an_event_is_the_one_that_was_asked_for(events: Any) -> None:
    event = events.get(calendarId=CALENDAR, eventId="abc").execute()
    assert (event["id"], event["organizer"]["email"], event["status"]) == ("abc", CALENDAR, "confirmed")


def test_a_list_names_the_role_and_ends_with_a_sync_token(events: Any) -> None:
    page = events.list(calendarId=CALENDAR).execute()
    assert page["accessRole"] == "owner"
    assert "nextPageToken" not in page
    assert page["nextSyncToken"]
    assert len({item["id"] for item in page["items"]}) > 1


def test_a_list_of_changes_is_what_was_put_there_page_by_page(events: Any, changes: Path) -> None:
    for number, token in enumerate(("one", "two")):
        (changes / f"changed-2.{number}.json").write_text(json.dumps({"items": [{"id": token}]}))
    query = {"calendarId": CALENDAR, "syncToken": "changed-2"}
    pages = [events.list(**query).execute(), events.list(**query, pageToken="1").execute()]
    assert [page["items"][0]["id"] for page in pages] == ["one", "two"]


def test_a_list_keeps_the_page_size_of_an_authority_check(events: Any) -> None:
    assert len(events.list(calendarId=CALENDAR, maxResults=1).execute()["items"]) == 1


def test_a_watch_opens_the_channel_that_was_asked_for(events: Any) -> None:
    assert events.watch(calendarId=CALENDAR, body={"id": "channel-1"}).execute()["id"] == "channel-1"


def test_the_certificates_are_those_it_was_given(port: int) -> None:
    assert ask(port, "GET", "/oauth2/v3/certs") == (200, {"keys": [{"kty": "RSA", "kid": "bench"}]})


def test_a_key_gets_one_room_and_another_key_another(port: int) -> None:
    first, again, other = (ask(port, "POST", "/rooms-api/v1/rooms", {"key": key}) for key in ("a", "a", "b"))
    assert first[0] == 201
    assert first == again
    assert first[1]["join_url"] != other[1]["join_url"]


def test_a_room_without_a_key_is_refused(port: int) -> None:
    assert ask(port, "POST", "/rooms-api/v1/rooms", {})[0] == 400


def test_a_room_can_be_changed(port: int) -> None:
    assert ask(port, "PATCH", "/rooms-api/v1/rooms/a", {"title": "b"}) == (200, {})


def test_anything_else_is_not_found(port: int) -> None:
    assert ask(port, "GET", "/calendar/v3/users/me")[0] == 404


def test_a_request_in_pieces_and_another_after_it_are_both_answered(port: int) -> None:
    body = b'{"key": "a"}'
    head = f"POST /rooms-api/v1/rooms HTTP/1.1\r\nHost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for piece in (head[:20], head[20:], body[:4], body[4:]):
            connection.sendall(piece)
        reply = HTTPResponse(connection)
        reply.begin()
        assert (reply.status, bool(reply.read())) == (201, True)
        answer, _ = load.exchange(connection, load.get("/oauth2/v3/certs"))
        assert answer.status == 200
