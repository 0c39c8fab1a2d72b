"""The add-on host: calls the function as Calendar does when a user picks a solution, and takes or refuses its answer.

Sources: "Create third-party conferences" (the Apps Script way, through the shim of `addon/`); "Build Google Workspace
add-ons with alternate runtimes" (event objects and tokens of HTTP add-ons).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import requests

from simulator import builder, ids, view
from simulator.access import AccessTokens
from simulator.calendar import WRITER_ROLES, Calendar
from simulator.calendars import Calendars
from simulator.conference_data import Conferences
from simulator.event import Json
from simulator.identity import Identity

TIMEOUT: Final = 30
"""Seconds that an add-on may take (Apps Script quotas, "Google Workspace add-on runtime")."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one choice.

    `conference` is what Calendar keeps in the event, None without one; then `error` is the ConferenceErrorType that
    the user meets. `refused` says why Google would not take the answer. `status` is None when none came.
    """

    status: int | None
    reply: Any
    conference: Json | None = None
    error: str | None = None
    authentication_url: str = ""
    refused: str = ""


class Host:
    """Calendar's side of the add-on. `function` is where the function listens, `public_url` how it calls itself.

    `after_conference` is called with user and calendar when the script has made a conference.
    """

    def __init__(
        self,
        calendars: Calendars,
        identity: Identity,
        tokens: AccessTokens,
        conferences: Conferences,
        *,
        function: str | None,
        solutions: Mapping[str, str],
    ) -> None:
        self._calendars = calendars
        self._identity = identity
        self._tokens = tokens
        self._conferences = conferences
        self.function = function
        self.public_url = function
        self.solutions = dict(solutions)
        self.shape: builder.Shape = "script"
        self.after_conference: list[Callable[[str, str], None]] = []

    def choose(
        self, calendar_id: str, event_id: str, solution: str, as_email: str, shape: builder.Shape | None = None
    ) -> Outcome:
        """The user picks `solution` for a saved or reserved event; a conference is written into it.

        Raises PermissionError when Calendar would not let the user do so, and KeyError for an unknown event.
        """
        calendar = self._calendars.calendar(calendar_id)
        if calendar.role(as_email) not in WRITER_ROLES:
            raise PermissionError(f"{calendar.role(as_email)} is no role that may change an event")
        if event_id not in calendar.events and event_id not in calendar.drafts:
            raise KeyError(event_id)
        outcome = self.call(calendar_id, event_id, solution, as_email, shape)
        if outcome.conference is not None:
            if (shape or self.shape) == "script":
                # The script does so before it hands the conference to Calendar.
                for listener in self.after_conference:
                    listener(as_email, calendar_id)
            self._calendars.set_conference(calendar_id, event_id, outcome.conference)
        return outcome

    def call(
        self, calendar_id: str, event_id: str, solution: str, as_email: str, shape: builder.Shape | None = None
    ) -> Outcome:
        """Ask the function as Calendar does, and judge its answer; nothing is written."""
        shape = shape or self.shape
        if not self.function:
            raise ValueError("the simulator was started without a function")
        body, token = (self.script_request if shape == "script" else self.addon_request)(
            calendar_id, event_id, as_email
        )
        try:
            reply = requests.post(
                f"{self.function}/conferences?solution={quote(solution, safe='')}",
                json=body,
                headers={"Authorization": f"Bearer {token}"},
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            return _refused(None, None, f"no answer: {type(error).__name__}", shape)
        return self._judged(reply, shape, solution)

    def script_request(self, calendar_id: str, event_id: str, as_email: str) -> tuple[Json, str]:
        """The body and the bearer token that the Apps Script shim sends."""
        body = {"calendarId": calendar_id, "eventId": event_id, "oauthToken": self._tokens.issue(as_email)}
        return body, self._identity.script_token(as_email)

    def addon_request(self, calendar_id: str, event_id: str, as_email: str) -> tuple[Json, str]:
        """The body and the bearer token that Google sends to an HTTP add-on."""
        system = self._identity.system_token(f"{self.public_url}/conferences")
        body = {
            "commonEventObject": {"platform": "WEB", "hostApp": "CALENDAR", "userLocale": "en"},
            "authorizationEventObject": {
                "userOAuthToken": self._tokens.issue(as_email),
                "userIdToken": self._identity.user_id_token(as_email),
                "systemIdToken": system,
                "authorizedScopes": list(ids.ADDON_SCOPES),
            },
            "calendar": self._calendar_object(self._calendars.find(calendar_id), calendar_id, event_id, as_email),
        }
        return body, system

    def _calendar_object(self, home: Calendar | None, calendar_id: str, event_id: str, as_email: str) -> Json:
        found: Json = {"calendarId": calendar_id, "id": event_id}
        if home is None or event_id not in home.events:
            return found
        event = view.event_for(home, home.events[event_id].body, as_email)
        found["capabilities"] = {"canSetConferenceData": True, "canSeeConferenceData": True, "canSeeAttendees": True}
        for name in ("recurringEventId", "organizer", "attendees"):
            if name in event:
                found[name] = event[name]
        return found

    def _judged(self, reply: requests.Response, shape: builder.Shape, solution: str) -> Outcome:
        try:
            answer = json.loads(reply.content)
        except ValueError:
            return _refused(reply.status_code, reply.text, "the answer is no JSON", shape)
        if reply.status_code != 200:
            return _refused(reply.status_code, answer, f"HTTP status {reply.status_code}", shape)
        try:
            data = builder.check(answer, shape, solution)
        except builder.Failed as failure:
            return Outcome(200, answer, error=failure.error_type, authentication_url=failure.authentication_url)
        except builder.Refused as refusal:
            return _refused(200, answer, str(refusal), shape)
        name = self.solutions.get(solution, solution)
        return Outcome(200, answer, self._conferences.of_addon(data, name, script=shape == "script"))


def _refused(status: int | None, reply: Any, reason: str, shape: builder.Shape) -> Outcome:
    """The script catches whatever goes wrong and answers TEMPORARY; an HTTP add-on just fails."""
    return Outcome(status, reply, error="TEMPORARY" if shape == "script" else "UNKNOWN", refused=reason)
