"""The simulator in one object: its parts to script and to look at, and the server that they are reached through."""

import random
import socket
import threading
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from flask import Flask, Response, abort, request
from werkzeug.routing import Map

from conference.clock import Clock, SystemClock
from simulator import fields, ids, registrations, sign_in
from simulator.access import AccessTokens
from simulator.authorization import AuthorizationServer
from simulator.authorization_api import AuthorizationApi
from simulator.calendar_api import CalendarApi
from simulator.calendars import Calendars
from simulator.cloud_tasks import CloudTasks
from simulator.cloud_tasks_api import CloudTasksApi
from simulator.conference_data import Conferences
from simulator.delegation import Delegation
from simulator.delegation_api import DelegationApi
from simulator.event_methods import EventMethods
from simulator.faults import Faults
from simulator.host import Host
from simulator.identity import Identity
from simulator.identity_api import IdentityApi
from simulator.journal import Journal
from simulator.list_methods import ListMethods
from simulator.metadata import MetadataApi
from simulator.page import Page
from simulator.pages import Pages
from simulator.push import Push
from simulator.push_methods import PushMethods
from simulator.rooms import Rooms
from simulator.rooms_api import RoomsApi
from simulator.systems import Systems
from simulator.triggers import Triggers
from simulator.vendors import VENDORS
from simulator.web import Routed, Server, bound
from simulator.wire import Wire

_SOLUTIONS = {"entra": "teams"}
"""Whose users come back to a solution of another name."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Simulator:
    """Everything that Anyroom talks to, on one port; a context manager.

    `port` 0 takes a free one. `function` is where the function listens; `solutions` are the names that Calendar's menu
    shows, by solution id. With `validate` each reply of the Calendar API is checked against Google's discovery
    document, and leaving the context raises schema.InvalidReply when one was not right.

    Two things are slow to make and may be made once for many simulators: `routes`, those of another one, and the keys
    that tokens are signed with, each a new `private_key`.

    `sign_in` is Google's own authorization server, `authorization` has those of the conferencing vendors by name, and
    `systems` their meetings.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        randomness: random.Random | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        function: str | None = None,
        solutions: Mapping[str, str] | None = None,
        validate: bool = False,
        routes: Map | None = None,
        private_key: Callable[[], RSAPrivateKey] | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self._random = randomness = randomness or random.SystemRandom()
        self._address = (host, port)
        self._socket: socket.socket | None = None
        self._server: Server | None = None
        self._closing = threading.Event()
        self._invalid: list[str] = []
        self.requests = Journal()
        self.faults = Faults()
        self.calendar = Calendars(self.clock, randomness)
        self.identity = Identity(self.clock, randomness, private_key)
        self.tokens = AccessTokens(self.clock, randomness)
        self.rooms = Rooms(randomness)
        self.conferences = Conferences(randomness)
        self.cloud_tasks = CloudTasks(self.clock, self.identity)
        self.delegation = Delegation(self.clock, self.identity, self.tokens, self._is_user)
        self.sign_in = sign_in.SignIn(self.clock, randomness, self.identity, self.calendar.users)
        self.authorization = {
            vendor.name: AuthorizationServer(vendor, self.clock, randomness, self.calendar.users) for vendor in VENDORS
        }
        self.systems = Systems(self.clock, randomness, self.calendar, self.authorization)
        if function:
            self.register_clients(function.rstrip("/"))
        self.host = Host(
            self.calendar,
            self.identity,
            self.tokens,
            self.conferences,
            function=function.rstrip("/") if function else None,
            solutions=solutions or {},
        )
        self.pages = Pages(self.calendar)
        self.push = Push(self.clock, randomness)
        self.triggers = Triggers(self.clock, randomness, self.identity, self.tokens, self.host)
        self.calendar.listeners += [self.push.changed, self.triggers.changed]
        self.host.after_conference.append(self.triggers.follow)
        flask = self._routes(validate, routes)
        self.routes = flask.url_map
        self.app = Wire(flask, self.requests, self.faults, self._closing.wait)

    @property
    def url(self) -> str:
        """Where the simulator is, without a slash at the end."""
        host = f"[{self._address[0]}]" if ":" in self._address[0] else self._address[0]
        return f"http://{host}:{self._address[1]}"

    def add_user(self, email: str, *, time_zone: str = "UTC") -> str:
        """A user with a primary calendar; the calendar's id."""
        return self.calendar.add_calendar(email, time_zone=time_zone).id

    def access_token(self, email: str, scopes: Collection[str] = ids.ADDON_SCOPES, lifetime: float = 3599) -> str:
        """An opaque OAuth access token of `email`, good for `lifetime` seconds; `tokens` revokes it."""
        return self.tokens.issue(email, scopes, lifetime)

    def register_clients(self, function: str) -> None:
        """Have the function at that address known to Google and to the vendors, with the clients of `ids`.

        People are sent back to `/sign-in`, by a vendor to `/oauth/callback/NAME`, the vendor's, by Entra to Teams's.
        """
        self.sign_in.register(sign_in.client(f"{function}/sign-in"))
        for name, server in self.authorization.items():
            back = [f"{function}/oauth/callback/{to}" for to in {name, _SOLUTIONS.get(name, name)}]
            for client in registrations.clients(name, back):
                server.register(client)

    def bind(self) -> None:
        """Take the port without listening. Raises OSError when it is in use."""
        self._socket = bound(*self._address)
        self._address = (self._address[0], self._socket.getsockname()[1])
        self.rooms.base_url = self.url

    def start(self) -> None:
        """Listen and answer."""
        if self._socket is None:
            self.bind()
        assert self._socket is not None
        self._server = Server(self._socket, self.app)
        self._server.start()

    def close(self) -> None:
        """End every connection and delay. Raises schema.InvalidReply when a reply was not one of Google's."""
        self._closing.set()
        for outbox in (self.push, self.triggers, self.systems.zoom_webhooks):
            outbox.close()
        if self._server is not None:
            self._server.close()
        if self._socket is not None:
            self._socket.close()
        if self._invalid:
            from simulator.schema import InvalidReply

            raise InvalidReply("\n".join(self._invalid))

    def __enter__(self) -> "Simulator":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _routes(self, validate: bool, routes: Map | None) -> Flask:
        here = Path(__file__).parent
        app = Routed(__name__, routes, static_folder=str(here / "static"), template_folder=str(here / "templates"))
        app.before_request(self._only_from_here)
        check = self._check_reply if validate else None
        CalendarApi(self.calendar, self.tokens, check).register(
            app,
            EventMethods(self.calendar, self.conferences),
            ListMethods(self.clock, self.calendar, self.pages),
            PushMethods(self.clock, self.calendar, self.push),
        )
        IdentityApi(self.identity, self.tokens, self.calendar, self.host).register(app)
        CloudTasksApi(self.cloud_tasks, self.tokens, self.clock).register(app)
        google = AuthorizationApi(self.sign_in, self.clock, self._random)
        google.register(app)
        for server in self.authorization.values():
            AuthorizationApi(server, self.clock, self._random).register(app)
        DelegationApi(self.delegation, self.tokens, google.token).register(app)
        MetadataApi(self.tokens).register(app)
        RoomsApi(self.rooms).register(app)
        self.systems.register(app)
        Page(self.clock, self.calendar, self.host, self.rooms, self.triggers).register(app)
        return app

    def _is_user(self, email: str) -> bool:
        """Users are those who have a primary calendar."""
        return self.calendar.find(email) is not None

    def _only_from_here(self) -> Response | None:
        """Refuse a page of another site: one that reaches us by a name of its own, or posts a form to us."""
        host = urlsplit(f"//{request.host}").hostname
        if self._address[0] in LOOPBACK and host not in LOOPBACK:
            abort(403)
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            abort(403)
        return None

    def _check_reply(self, method: str, status: int, body: Any, mask: fields.Mask | None) -> None:
        from simulator.schema import InvalidReply, check_reply

        try:
            check_reply(method, status, body, mask)
        except InvalidReply as error:
            self._invalid.append(f"{method}, {status}: {error}")
