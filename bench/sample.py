"""The documented conferencing sample, step by step: event, provider, store, watch, full list, one after another."""

import os
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Request

from bench.floor import as_user, events, make_room

FULL_SYNC_PAGE = 50
FULL_SYNC_SINCE = timedelta(days=1)
"""Both as in Google's "Conferencing sample"."""


def store(calendar: str, event: str, room: str, sync_token: str | None) -> None:
    """Write which room the event got and how far the calendar was read."""
    connection = sqlite3.connect(os.environ["BENCH_STORE"], timeout=30)
    try:
        with connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS room (calendar TEXT, event TEXT, room TEXT, sync_token TEXT, "
                "PRIMARY KEY (calendar, event))"
            )
            connection.execute("INSERT OR REPLACE INTO room VALUES (?, ?, ?, ?)", (calendar, event, room, sync_token))
    finally:
        connection.close()


def full_list(calendar: str, token: str) -> str:
    """Read the calendar page by page and return its sync token."""
    now = datetime.now(UTC)
    query = {
        "calendarId": calendar,
        "timeMin": now.isoformat(),
        "updatedMin": (now - FULL_SYNC_SINCE).isoformat(),
        "maxResults": FULL_SYNC_PAGE,
        "orderBy": "updated",
    }
    page = as_user(events.list(**query), token)
    while "nextPageToken" in page:
        page = as_user(events.list(**query, pageToken=page["nextPageToken"]), token)
    sync_token: str = page["nextSyncToken"]
    return sync_token


def sample(request: Request) -> dict[str, Any]:
    """Answer the room of the event that the body names, after everything else is done."""
    asked = request.get_json()
    calendar, event_id, token = asked["calendarId"], asked["eventId"], asked["oauthToken"]
    room = make_room(as_user(events.get(calendarId=calendar, eventId=event_id), token), event_id)
    store(calendar, event_id, room["id"], None)
    channel = {"id": event_id, "type": "web_hook", "address": "https://anyroom.example/notifications"}
    as_user(events.watch(calendarId=calendar, body=channel), token)
    store(calendar, event_id, room["id"], full_list(calendar, token))
    return room
