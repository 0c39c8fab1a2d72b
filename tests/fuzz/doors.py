"""How a request gets behind the door of each route: the tokens, cookies, forms and signatures that are good there."""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from sync import records
from tests.browsing import Browser, create, link
from tests.served import CREATE, PUBLIC_URL, Function

Good = Mapping[str, str]
"""What is good in a field of that name, in a body or a query."""
PATIENCE = 20.0


@dataclass
class Request:
    """What is sent besides its path; the door adds to it."""

    query: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


Fill = Callable[[Good], Request]
"""Makes the request of a case, with these values in the fields that are not to be spoilt."""


@dataclass
class Person:
    """Somebody whose budget is full."""

    function: Function
    email: str

    @cached_property
    def browser(self) -> Browser:
        """Signed in."""
        browser = Browser(self.function, user=self.email)
        assert "/sign-out" in browser.sign_in().text
        return browser

    @cached_property
    def link(self) -> str:
        """The sealed part of what Calendar opens for somebody who has not connected."""
        query = urlsplit(link(self.function, "zoom", self.email)).query
        return dict(parse_qsl(query))["link"]

    @cached_property
    def form(self) -> str:
        """What each form of theirs has in it."""
        found = re.search(r'name="form" value="([^"]+)"', self.browser.open("/settings").text)
        assert found
        return found[1]


class Doors:
    """The doors of one function."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.identity = function.simulator.identity

    def user(self, person: Person, path: str, fill: Fill, other: bool) -> Request:
        """A click in Calendar, through the script's add-on or the `other` one."""
        access = self.function.simulator.access_token(person.email)
        ids = {"calendarId": "primary", "eventId": "event1", "id": "event1"}
        id_token = self.identity.user_id_token(person.email)
        request = fill({**ids, "oauthToken": access, "userOAuthToken": access, "userIdToken": id_token})
        system = self.identity.system_token(PUBLIC_URL + path)
        return _bearing(request, system if other else self.identity.script_token(person.email))

    def task(self, person: Person, path: str, fill: Fill, other: bool) -> Request:
        """A call of Cloud Tasks or Cloud Scheduler, for a calendar that is followed or the `other` one."""
        email = person.email if other else self._followed
        return _bearing(fill({"calendar": records.key(email)}), self.identity.tasks_token(PUBLIC_URL + path))

    def channel(self, person: Person, path: str, fill: Fill, other: bool) -> Request:
        """A message of a push channel; of the `other` headers only the proof is good."""
        request = fill({})
        good = dict(self._notification)
        if other:
            good = {name: value for name, value in good.items() if name != "X-Goog-Resource-State"}
        request.headers = {**request.headers, **good}
        return request

    def signature(self, person: Person, path: str, fill: Fill, other: bool) -> Request:
        """The conferencing system's own."""
        request = fill({})
        request.headers |= self.function.simulator.systems.zoom_webhooks.signed(request.body)
        return request

    def session(self, person: Person, path: str, fill: Fill, other: bool) -> Request:
        """A browser that is signed in, and on its way back where the path is where one comes back to."""
        browser, good = person.browser, {"form": person.form, "link": person.link}
        if path == "/sign-in":
            browser = Browser(self.function, user=person.email)
            good |= _back(browser, "/settings?sign-in=1", path)
        elif path == "/oauth/callback/zoom":
            good |= _back(browser, "/connect/zoom", path)
        request = fill(good)
        kept = browser.client._cookies or {}
        request.headers["Cookie"] = "; ".join(f"{cookie.key}={cookie.value}" for cookie in kept.values())
        return request

    def at(self, path: str) -> str:
        """The path of a request, with a real link where one is meant."""
        for parameter in ("a-real-one", "{token}"):
            path = path.replace(parameter, self._join_token)
        return path.replace("{solution}", "zoom")

    @cached_property
    def _join_token(self) -> str:
        """The end of the link of somebody's conference that is entered by our page."""
        email = self.function.simulator.add_user("host@example.com")
        [video] = [
            one["uri"]
            for one in create(self.function, "rooms", email, "event1")["entryPoints"]
            if one["entryPointType"] == "VIDEO"
        ]
        return str(video).rpartition("/")[2]

    @cached_property
    def _followed(self) -> str:
        """Somebody whose calendar has a conference and a push channel."""
        email = self.function.simulator.add_user("followed@example.com")
        body = {"calendarId": email, "eventId": "event1", "oauthToken": self.function.simulator.access_token(email)}
        assert self.function.post(CREATE, body, self.identity.script_token(email)).status_code == 200
        return email

    @cached_property
    def _notification(self) -> Mapping[str, str]:
        email, ends = self._followed, time.monotonic() + PATIENCE
        while not (found := [one for one in self.function.simulator.push.pending if one.channel.calendar == email]):
            assert time.monotonic() < ends, self.function.log()
            time.sleep(0.01)
        return {**found[0].headers, "X-Goog-Resource-State": "exists"}


def _bearing(request: Request, token: str) -> Request:
    request.headers["Authorization"] = f"Bearer {token}"
    return request


def _back(browser: Browser, start: str, stop: str) -> Good:
    """The query with which a browser comes back from a sign-in that begins now."""
    browser.open(start, stop=stop)
    return dict(parse_qsl(urlsplit(browser.seen[-1]).query))


def filled(value: Any, good: Good) -> Any:
    """A body or a query in which the texts of these names are good; what is no text stays."""
    if isinstance(value, dict):
        return {
            name: good[name] if name in good and isinstance(item, str) else filled(item, good)
            for name, item in value.items()
        }
    return [filled(item, good) for item in value] if isinstance(value, list) else value


def encoded(body: Any, media_type: str | None) -> bytes:
    """The bytes of a body."""
    if isinstance(body, bytes):
        return body
    if media_type == "application/x-www-form-urlencoded" and isinstance(body, dict):
        return urlencode(body, doseq=True, errors="surrogatepass").encode()
    return json.dumps(body).encode()
