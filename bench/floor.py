"""The least a create can be: read the event, then make the room, in the best ordinary way, and nothing else."""

import os
import threading
from typing import Any

import httplib2
import requests
from flask import Request
from googleapiclient.discovery import build

TIMEOUT = 10
"""Seconds that one upstream call may take."""


class Upstreams(threading.local):
    """One thread's connections to Calendar and to the conferencing system: httplib2 is not safe across threads."""

    def __init__(self) -> None:
        self.calendar = httplib2.Http(timeout=TIMEOUT)
        self.rooms = requests.Session()


BASE = os.environ["BENCH_UPSTREAM"]
upstreams = Upstreams()
# The resource is kept: making it anew costs four times the call through it.
events: Any = build(
    "calendar",
    "v3",
    http=httplib2.Http(timeout=TIMEOUT),
    static_discovery=True,
    client_options={"api_endpoint": f"{BASE}/calendar/v3/"},
).events()


def as_user(call: Any, token: str) -> Any:
    """Execute a prepared Calendar call with this thread's connection and the user's access token."""
    call.headers["authorization"] = f"Bearer {token}"
    return call.execute(http=upstreams.calendar)


def make_room(event: dict[str, Any], key: str) -> dict[str, Any]:
    """Make a room for the event at the conferencing system."""
    reply = upstreams.rooms.post(
        f"{BASE}/rooms-api/v1/rooms",
        json={"key": key, "title": event["summary"], "start": event["start"], "end": event["end"]},
        headers={"Authorization": "Bearer bench"},
        timeout=TIMEOUT,
    )
    reply.raise_for_status()
    room: dict[str, Any] = reply.json()
    return room


def floor(request: Request) -> dict[str, Any]:
    """Answer the room of the event that the body names."""
    asked = request.get_json()
    event = as_user(events.get(calendarId=asked["calendarId"], eventId=asked["eventId"]), asked["oauthToken"])
    return make_room(event, asked["eventId"])
