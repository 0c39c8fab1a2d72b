"""Zoom's webhooks: what it tells an app of its own accord, signed with the app's Secret Token.

Sources: Zoom, "Using webhooks" (signature, URL validation, three retries); the events app_deauthorized and
meeting.deleted. Whether a retry is signed anew is not written anywhere; here each attempt is.
"""

import hashlib
import hmac
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import requests

from conference.clock import Clock
from simulator import ids
from simulator.outbox import Outbox
from simulator.zoom import Meeting
from simulator.zoom_api import zoom_id

RETRIES: Final = (300.0, 1200.0, 3600.0)
"""Seconds before each retry of what was not answered with a 2xx."""
TIMEOUT: Final = 3.0

Send = Callable[[str, Mapping[str, str], bytes], int]


@dataclass(frozen=True, slots=True)
class Told:
    """One event's body. `attempts` says how often it was sent in vain, and it is not sent by itself before `due`."""

    body: bytes
    due: datetime
    attempts: int = 0


class ZoomWebhooks(Outbox[Told, int]):
    """What waits to be told to the app at `address`; "" is an app that has subscribed to nothing.

    It is signed with `secret` when it is sent, as if `skew` seconds from now; `send` posts it.
    """

    def __init__(self, clock: Clock, randomness: random.Random) -> None:
        super().__init__(randomness)
        self._clock = clock
        self.address = ""
        self.secret = ids.ZOOM_WEBHOOK_KEY
        self.skew = 0.0
        self.send: Send = post

    def deauthorized(self, email: str) -> None:
        """A user has removed the app."""
        now = self._clock.now()
        moment = f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"
        whose = {"account_id": "account", "user_id": zoom_id(email), "client_id": ids.OAUTH_CLIENTS["zoom"][0]}
        about = {"deauthorization_time": moment, "signature": "0" * 64, "user_data_retention": None}
        self.tell("app_deauthorized", {**whose, **about})

    def deleted(self, meeting: Meeting, operation: str = "all") -> None:
        """A meeting, or with "single" one of its occurrences, was deleted."""
        about = {"id": str(meeting.id), "uuid": f"{meeting.secret[:22]}==", "host_id": zoom_id(meeting.host)}
        known = {"topic": meeting.sent.get("topic", ""), "type": meeting.sent["type"]}
        account = {"account_id": "account", "operator": meeting.host, "operator_id": zoom_id(meeting.host)}
        self.tell("meeting.deleted", {**account, "operation": operation, "object": {**about, **known}})

    def tell(self, event: str, payload: Mapping[str, Any]) -> None:
        """Have any event be told."""
        now = self._clock.now()
        known = {"event": event, "event_ts": int(now.timestamp() * 1000), "payload": payload}
        self._put(Told(json.dumps(known).encode(), now))

    def signed(self, body: bytes) -> dict[str, str]:
        """The headers of a call that is sent now."""
        moment = str(int(self._clock.now().timestamp() + self.skew))
        signature = hmac.new(self.secret.encode(), b"v0:" + moment.encode() + b":" + body, hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json; charset=utf-8",
            "x-zm-request-timestamp": moment,
            "x-zm-signature": f"v0={signature}",
        }

    def _wanted(self, item: Told) -> bool:
        return bool(self.address)

    def _due(self, item: Told) -> bool:
        return item.due <= self._clock.now()

    def _attempt(self, item: Told) -> int:
        status = self.send(self.address, self.signed(item.body), item.body)
        if not 200 <= status < 300 and item.attempts < len(RETRIES):
            due = self._clock.now() + timedelta(seconds=RETRIES[item.attempts])
            self._put(replace(item, attempts=item.attempts + 1, due=due))
        return status


def post(address: str, headers: Mapping[str, str], body: bytes) -> int:
    """Post a call over HTTP; the status of the answer, 0 when none came in time."""
    try:
        return requests.post(address, body, headers=headers, timeout=TIMEOUT, allow_redirects=False).status_code
    except requests.RequestException:
        return 0
