"""The conferencing vendors' meetings, each behind its own authorization server."""

import hashlib
import random
from collections.abc import Callable, Collection, Iterator, Mapping

from flask import Flask

from conference.clock import Clock
from simulator.authorization import AuthorizationServer
from simulator.calendars import Calendars
from simulator.goto import Goto, GotoApi
from simulator.teams import Teams
from simulator.teams_api import TeamsApi
from simulator.webex import Webex
from simulator.webex_api import WebexApi
from simulator.zoom import Zoom
from simulator.zoom_api import ZoomApi
from simulator.zoom_webhooks import ZoomWebhooks


class _Users(Mapping[str, str]):
    """Everybody who has a calendar, and their object id."""

    def __init__(self, calendar: Calendars) -> None:
        self._calendar = calendar

    def __getitem__(self, email: str) -> str:
        if email not in self._calendar.users():
            raise KeyError(email)
        return f"object-{hashlib.sha256(email.encode()).hexdigest()[:16]}"

    def __iter__(self) -> Iterator[str]:
        return iter(self._calendar.users())

    def __len__(self) -> int:
        return len(self._calendar.users())


class Systems:
    """Zoom, Webex, Teams and GoTo, whose users are those of the simulator's calendars."""

    def __init__(
        self,
        clock: Clock,
        randomness: random.Random,
        calendar: Calendars,
        authorization: Mapping[str, AuthorizationServer],
    ) -> None:
        users = _Users(calendar)
        zoom, webex, entra = (authorization[name] for name in ("zoom", "webex", "entra"))
        self.zoom = Zoom(randomness, clock.now, users, _bearer(zoom), _scopes(zoom))
        self.zoom_webhooks = ZoomWebhooks(clock, randomness)
        self.zoom.deleted.append(self.zoom_webhooks.deleted)
        zoom.removed.append(self.zoom_webhooks.deauthorized)
        self.webex = Webex(randomness, _bearer(webex), _scopes(webex), clock.now, users)
        self.teams = Teams(randomness, _bearer(entra), _scopes(entra), users, users, clock.now)
        self.goto = Goto(randomness, _bearer(authorization["goto"]))

    def register(self, app: Flask) -> None:
        """Add the routes."""
        ZoomApi(self.zoom).register(app)
        WebexApi(self.webex).register(app)
        TeamsApi(self.teams).register(app)
        GotoApi(self.goto).register(app)


def _bearer(server: AuthorizationServer) -> Callable[[str], str | None]:
    """Whose an access token is: an address, "" for the account itself, None for nobody."""

    def known(token: str) -> str | None:
        grant = server.access(token)
        return None if grant is None else grant.email or ""

    return known


def _scopes(server: AuthorizationServer) -> Callable[[str], Collection[str] | None]:
    """What an access token is good for, None for one that is not good."""

    def granted(token: str) -> Collection[str] | None:
        grant = server.access(token)
        return None if grant is None else grant.scopes

    return granted
