"""A user's browser in a world without HTTP to the function: what it is sent and keeps, through the same pages."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from conference.browser import Sent, Visit
from conference.clock import Deadline
from conference.legs import Legs
from simulator import registrations
from tests.browsing import ENVIRONMENT, vendors
from tests.followed import Followed
from tests.world import ADA, DEADLINE, World

ROUTES = {
    "settings": "settings",
    "connect": "connect",
    "sign-in": "signed_in",
    "oauth": "callback",
    "join": "join",
}


def with_vendors(world: World, *names: str) -> Mapping[str, str]:
    """Configure those vendors' solutions in the world: the secrets for the process's environment."""
    solutions, environment = vendors()
    url = world.simulator.url
    for name in names:
        located = {k: v.format(simulator=url) if isinstance(v, str) else v for k, v in solutions[name].items()}
        world.solutions[name] = located
    world.environment |= {name: value for name, value in ENVIRONMENT.items() if name.startswith("ANYROOM_")}
    world.simulator.register_clients(world.environment["ANYROOM_PUBLIC_URL"])
    return environment


class Visitor:
    """Somebody's browser, which meets whatever instance the world has now."""

    def __init__(self, followed: Followed, user: str = ADA) -> None:
        self._followed = followed
        self._user = user
        self._cookies: dict[str, str] = {}

    def open(self, url: str) -> Sent:
        """Go where it leads, until something is shown."""
        for _ in range(9):
            sent = self._sent(url)
            if sent.status != 303:
                return sent
            url = sent.headers["Location"]
            if not url.startswith("/"):
                url = self._consent(url)
        raise AssertionError("it goes on for ever")

    def connect(self, solution: str) -> str:
        """Connect a solution: the page that is shown."""
        return self.open(f"/connect/{solution}").content.decode()

    def settings(self) -> str:
        """The settings page."""
        return self.open("/settings").content.decode()

    def submit(self, way: str, solution: str = "") -> Sent:
        """Send a form of the settings page."""
        form = self.settings().partition('name="form" value="')[2].partition('"')[0]
        visitors = self._followed.instance.service.visitors
        return self._kept(getattr(visitors, way)(self._visit(solution, {}, {"form": form})))

    def enter(self, link: str, name: str = "Gus", role: str = "guest") -> Sent:
        """Fill in the form of a join page."""
        path = urlsplit(link).path
        form = self.open(path).content.decode().partition('name="form" value="')[2].partition('"')[0]
        visit = self._visit("", {}, {"name": name, "as": role, "form": form})
        visit.token = path.rpartition("/")[2]
        return self._kept(self._followed.instance.service.visitors.enter(visit))

    def _sent(self, url: str) -> Sent:
        parts = urlsplit(url)
        _, first, *rest = parts.path.split("/")
        show = getattr(self._followed.instance.service.visitors, ROUTES[first])
        visit = self._visit(rest[-1] if rest else "", dict(parse_qsl(parts.query)), {})
        visit.token = rest[-1] if first == "join" else ""
        return self._kept(show(visit))

    def _visit(self, solution: str, query: Mapping[str, str], form: Mapping[str, str]) -> Visit:
        clock = self._followed.world.clock
        deadline, cookies = Deadline(clock, DEADLINE), dict(self._cookies)
        return Visit(solution, query, lambda: form, cookies, "en", "n", deadline, Legs(clock))

    def _kept(self, sent: Sent) -> Sent:
        for cookie in sent.cookies:
            self._cookies[cookie.name] = cookie.value
        return sent

    def _consent(self, url: str) -> str:
        form: dict[str, Any] = {"user": self._user, "decision": "allow", "scope": sorted(registrations.ZOOM_SCOPES)}
        if "/zoom/" not in url:
            del form["scope"]
        reply = requests.post(url, data=form, allow_redirects=False, timeout=10)
        assert reply.status_code == 303, reply.text
        return reply.headers["Location"]
