"""A user's browser: it has the function's cookies, follows redirects, and fills in Google's and the vendors' pages."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from werkzeug.test import Client, TestResponse

from simulator import ids, registrations
from tests.served import PUBLIC_URL, Function
from tests.world import ADA, LOGO

KEYS = "sealing-keys"
VENDORS: dict[str, dict[str, Any]] = {
    "zoom": {
        "provider": "zoom",
        "api_url": "{simulator}/zoom/v2",
        "oauth_url": "{simulator}/zoom/oauth",
        "webhook_secret": "secret:zoom-webhook",
    },
    "webex": {"provider": "webex", "api_url": "{simulator}/webex/v1", "oauth_url": "{simulator}/webex/v1"},
    "teams": {"provider": "teams", "api_url": "{simulator}/graph/v1.0", "oauth_url": "{simulator}/entra"},
    "goto": {
        "provider": "gotomeeting",
        "api_url": "{simulator}/goto/G2M/rest",
        "admin_url": "{simulator}/goto/G2M/rest",
        "oauth_url": "{simulator}/goto/oauth",
        "scopes": "collab:",
    },
}
ENVIRONMENT = {
    "ANYROOM_SIGNIN": f"{ids.SIGN_IN_CLIENT[0]},secret:sign-in-secret",
    "ANYROOM_KEYS": f"secret:{KEYS}",
    "SIGN_IN_SECRET": ids.SIGN_IN_CLIENT[1],
    "SEALING_KEYS": "Y2FuYXJ5LXNlYWxpbmcta2V5LTMyLWJ5dGVzLS0tLSE=",
    "ZOOM_WEBHOOK": ids.ZOOM_WEBHOOK_KEY,
}
"""What connects users; the secrets are those of the simulator's clients."""


def vendors() -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """The solutions of all vendors, and the environment with their secrets."""
    solutions, environment = {}, dict(ENVIRONMENT)
    for name, table in VENDORS.items():
        client, secret = ids.OAUTH_CLIENTS["entra" if name == "teams" else name]
        environment[f"{name.upper()}_CLIENT"] = secret
        known = {"name": name.title(), "logo": LOGO, "client_id": client, "client_secret": f"secret:{name}-client"}
        solutions[name] = {**known, **table}
    return solutions, environment


@dataclass
class Browser:
    """Somebody's browser. `seen` are the addresses that it was sent to, in order."""

    function: Function
    user: str = ADA
    decision: str = "allow"
    scopes: Collection[str] = registrations.ZOOM_SCOPES
    seen: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = Client(self.function.client.application)
        self.session = requests.Session()
        self.session.trust_env = False

    def open(self, path: str, stop: str = "") -> TestResponse:
        """Open one of our pages and go where it leads, until something is shown or the address begins with `stop`."""
        response = self.client.get(path, headers=self.headers)
        for _ in range(12):
            if response.status_code != 303:
                return response
            url = response.headers["Location"]
            self.seen.append(url)
            if stop and url.startswith(stop):
                return response
            if url.startswith("/"):
                response = self.client.get(url, headers=self.headers)
                continue
            back = self.consent(url)
            self.seen.append(back)
            if stop and back.removeprefix(PUBLIC_URL).startswith(stop):
                return response
            response = self.client.get(back.removeprefix(PUBLIC_URL), headers=self.headers)
        raise AssertionError(f"it goes on for ever: {self.seen}")

    def consent(self, url: str) -> str:
        """Where a page of Google's or a vendor's sends the browser when the user has decided."""
        assert url.startswith(self.function.simulator.url), url
        form: dict[str, Any] = {"user": self.user, "decision": self.decision}
        if "/zoom/" in urlsplit(url).path:
            form["scope"] = sorted(self.scopes)
        reply = self.session.post(url, data=form, allow_redirects=False, timeout=10)
        assert reply.status_code == 303, reply.text
        return str(reply.headers["Location"])

    def submit(self, action: str, **changes: str) -> TestResponse:
        """Send one of the forms of the settings page, and follow where it leads."""
        page = self.open("/settings").text
        found = re.search(
            rf'<form method="post" action="{action}">\s*<input type="hidden" name="form" value="([^"]+)">', page
        )
        assert found, f"no form {action} in {page}"
        response = self.client.post(action, data={"form": found[1], **changes}, headers=self.headers)
        return self.open(response.headers["Location"]) if response.status_code == 303 else response

    def sign_in(self) -> TestResponse:
        """Sign in, for the settings page."""
        return self.open("/settings?sign-in=1")

    def connect(self, solution: str, link: str = "") -> TestResponse:
        """Connect a solution."""
        return self.open(link.removeprefix(PUBLIC_URL) or f"/connect/{solution}")


def create(function: Function, vendor: str, user: str = ADA, event: str = "") -> Any:
    """A user chooses the solution for a saved event: the ConferenceData."""
    calendar = function.simulator.calendar
    times: dict[str, Any] = {"start": {"dateTime": "2099-03-01T09:00:00Z"}, "end": {"dateTime": "2099-03-01T10:00:00Z"}}
    event = event or calendar.add_event(user, summary="Plan", **times)
    body = {"calendarId": user, "eventId": event, "oauthToken": function.simulator.access_token(user)}
    token = function.simulator.identity.script_token(user)
    response = function.post(f"/conferences?solution={vendor}", body, token)
    assert response.status_code == 200, response.text
    return json.loads(response.data)["conferenceData"]


def link(function: Function, vendor: str, user: str = ADA) -> str:
    """Where Calendar sends a user who has not connected."""
    error = create(function, vendor, user)["error"]
    assert error["conferenceErrorType"] == "AUTHENTICATION", error
    return str(error["authenticationUrl"])
