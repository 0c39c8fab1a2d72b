"""The documented sample's sync, step by step: list what changed since the token, see to each event, keep the new token.

Where the sample's code slips, what its page says is done, as all that descend from it do: an event without a conference
is passed over, only a cancelled event's conference is deleted, and the full list has no filter that would cost it the
sync token. Sources: Create third-party conferences; Sync calendar changes; Conferencing sample (Workspace add-ons).
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from bench.outside import InProcess
from conference.clock import Clock, Deadline
from conference.providers.base import Request, origin
from simulator import ids

GONE = "Sync token is no longer valid, a full sync is required."
PAGE = 50

Ask = Callable[..., Any]


class Failed(Exception):
    """A call was refused: nothing in the sample catches it."""


class SampleSync:
    """The script of one user, with the calendar's sync token among its properties.

    `simulator` is the base URL of Calendar and of the conferencing system, `token` gives a user's access token.
    """

    def __init__(self, client: InProcess, simulator: str, clock: Clock, token: Callable[[str], str]) -> None:
        self._client = client
        self._simulator = simulator
        self._clock = clock
        self._token = token
        self._properties: dict[str, str] = {}

    def create(self, user: str, event_id: str) -> dict[str, Any]:
        """A room for the event, and the first list of the calendar: the conference as Calendar keeps it."""
        event = self._calendar(user, f"/{event_id}")
        room = self._rooms("POST", "", {"key": event_id, **_told(event)})
        self.sync(user)
        return {
            "conferenceId": room["id"],
            "entryPoints": [{"type": "VIDEO", "uri": room["join_url"]}],
            "parameters": [{"key": "room", "value": room["id"]}],
        }

    def sync(self, user: str) -> None:
        """What the trigger runs: see to every event that changed. Raises Failed, with the token as it was."""
        query: dict[str, Any] = {"maxResults": PAGE}
        if "syncToken" in self._properties:
            query["syncToken"] = self._properties["syncToken"]
        else:
            query["timeMin"] = self._clock.now().isoformat()
        try:
            page = self._see_to_all(user, query)
        except Failed as failed:
            if str(failed) != GONE:
                raise
            del self._properties["syncToken"]
            self.sync(user)
            return
        self._properties["syncToken"] = page["nextSyncToken"]

    def _see_to_all(self, user: str, query: Mapping[str, Any]) -> Any:
        """See to the events of every page: the last one."""
        page: dict[str, Any] = {}
        while not page or "nextPageToken" in page:
            following = {"pageToken": page["nextPageToken"]} if page else {}
            page = self._calendar(user, f"?{urlencode({**query, **following})}")
            for event in page.get("items", []):
                self._see_to(event)
        return page

    def _see_to(self, event: Mapping[str, Any]) -> None:
        """Delete or update the conference of an event that has one of ours, known by its solution's name."""
        data = event.get("conferenceData", {})
        if data.get("conferenceSolution", {}).get("name") != "Demo":
            return
        room = data["parameters"]["addOnParameters"]["parameters"]["room"]
        if event["status"] == "cancelled":
            self._rooms("DELETE", f"/{room}", None)
        else:
            self._rooms("PATCH", f"/{room}", _told(event))

    def _calendar(self, user: str, rest: str) -> Any:
        url = f"{self._simulator}/calendar/v3/calendars/{user}/events{rest}"
        return self._asked(Request("GET", url, headers={"Authorization": f"Bearer {self._token(user)}"}))

    def _rooms(self, method: Any, rest: str, body: Mapping[str, Any] | None) -> Any:
        headers = {"Authorization": f"Bearer {ids.ROOMS_API_KEY}"}
        return self._asked(Request(method, f"{self._simulator}/rooms-api/v1/rooms{rest}", body, headers=headers))

    def _asked(self, request: Request) -> Any:
        left = Deadline(self._clock, 60.0).left()
        reply = self._client.exchange(request, left, frozenset({origin(self._simulator)}), repeatable=False)
        if reply.status >= 400:
            said = msgspec.json.decode(reply.body) if reply.body else {}
            raise Failed(str(said.get("error", {}).get("message", reply.status)))
        return msgspec.json.decode(reply.body) if reply.body else {}


def _told(event: Mapping[str, Any]) -> dict[str, Any]:
    return {"title": event["summary"], "starts": event["start"]["dateTime"], "ends": event["end"]["dateTime"]}
