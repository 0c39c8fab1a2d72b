"""What the tests of the connect flow say again and again: a flow held up at its callback, and a refusal in full."""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from werkzeug.test import TestResponse

from tests.browsing import ENVIRONMENT, Browser
from tests.served import PUBLIC_URL, Function

CALLBACK = "/oauth/callback/"
STRAY = frozenset({"no-state", "no-flow", "another-state", "signed-out", "unknown-solution"})
"""Why somebody is refused who does not come back from the flow of that browser."""


def held(browser: Browser, solution: str = "zoom") -> str:
    """The path and query with which the browser would come back from the vendor: it stands still before that."""
    browser.open(f"/connect/{solution}", stop=CALLBACK)
    return browser.seen[-1].removeprefix(PUBLIC_URL)


def parameters(path: str) -> dict[str, str]:
    """The query of a path."""
    return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}


def changed(path: str, **changes: str | None) -> str:
    """The path with other parameters; None takes one away."""
    query = {name: value for name, value in {**parameters(path), **changes}.items() if value is not None}
    return f"{path.partition('?')[0]}?{urlencode(query)}"


def check_refused(function: Function, response: TestResponse, reason: str, status: int = 400) -> None:
    """A page says that it did not work, the log why, nothing is stored, and who came back from a flow has ended it."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"].startswith("text/html")
    line = function.lines()[-1]
    assert (line["outcome"], line["reason"], line["status"]) == ("refused", reason, status)
    assert reason in response.text
    assert line["request"] in response.text
    ended = any(cookie.startswith("flow=;") for cookie in response.headers.getlist("Set-Cookie"))
    assert ended == (reason not in STRAY)
    assert function.connections() == []


def hook(function: Function, event: Any, secret: str = ENVIRONMENT["ZOOM_WEBHOOK"], age: float = 0.0) -> TestResponse:
    """Zoom calls our webhook about that event, signed so many seconds ago."""
    body = json.dumps(event).encode()
    moment = str(int(function.simulator.clock.now().timestamp() - age))
    signature = hmac.new(secret.encode(), f"v0:{moment}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {"x-zm-request-timestamp": moment, "x-zm-signature": f"v0={signature}"}
    return function.client.post("/webhooks/zoom", data=body, headers=headers)
