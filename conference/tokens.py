"""The users' connections and the accounts' tokens: connect, look, use, disconnect. Custody of each is `custody`'s."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec

from conference.clock import Deadline
from conference.connection import Connection, Held, Kept
from conference.custody import Custody, Ports, unsaved
from conference.errors import ConferenceFailure, CredentialsRefused, InvalidSetting, NotConnected, Temporary
from conference.http import Bearer, Client
from conference.oauth import AuthorizationServer
from conference.providers import LoadedProvider
from conference.providers.base import Account, OAuth, Secret
from conference.solution import Solution
from conference.token_reply import Granted, missing

REVOKING = 4.0
"""Seconds that giving one token back may take."""

_MOST = 1000
_TRIES = 5

_log = logging.getLogger("anyroom.tokens")

NO_ACCOUNT = Account("")


class View(msgspec.Struct, frozen=True):
    """What a user may see of a connection. `state` "reconnect" says that it must be made again, `reason` why.

    `missing` are the scopes that are asked for by now and were not granted; `since` is when the state began.
    """

    solution: str
    state: str
    reason: str
    since: datetime
    scopes: tuple[str, ...]
    missing: tuple[str, ...]
    address: str


class Tokens:
    """The connections of one process to all solutions with OAuth; safe in many threads.

    The tokens of the last 1,000 connections are kept in memory.
    """

    def __init__(
        self,
        ports: Ports,
        solutions: Mapping[str, Solution],
        provider: Callable[[Solution], LoadedProvider],
        client: Client,
    ) -> None:
        self._ports = ports
        self._solutions = solutions
        self._provider = provider
        self._client = client
        self._lock = threading.Lock()
        self._custodies: OrderedDict[tuple[str, str], Custody] = OrderedDict()

    def server(self, solution: str, secret: Secret) -> AuthorizationServer:
        """The OAuth server of a solution, for those who connect. Raises InvalidSetting where there is none."""
        oauth, options = self._oauth(solution)
        return AuthorizationServer(oauth, options, self._client, self._ports.clock, secret)

    def is_shared(self, solution: str) -> bool:
        """Whether the account itself has the token, and no user connects. Raises InvalidSetting."""
        oauth, options = self._oauth(solution)
        return oauth.account(options) is not None

    def bearer(self, solution: str, sub: str) -> Bearer:
        """The user's access token there, or the account's where all share it; with sub "" only that.

        Raises NotConnected, InvalidSetting.
        """
        oauth, options = self._oauth(solution)
        shared = oauth.account(options) is not None
        if not sub and not shared:
            raise NotConnected("not-connected", "nobody is known whose token it could be")
        custody = self._custody("" if shared else sub, solution)
        return _Bearer(custody, oauth.scopes(options), lambda secret: self.server(solution, secret))

    def connect(self, sub: str, solution: str, granted: Granted, account: Account = NO_ACCOUNT) -> None:
        """Keep what a user's sign-in has given, in place of whatever was there.

        Raises NotConnected("scopes"), with nothing kept, when too little was granted; StoreUnavailable.
        """
        oauth, options = self._oauth(solution)
        asked = oauth.scopes(options)
        scopes = frozenset(asked) if granted.scopes is None else granted.scopes
        if lacking := missing(asked, scopes):
            raise NotConnected("scopes", f"{len(lacking)} of {len(asked)} scopes were not granted")
        custody, now, read = self._custody(sub, solution), self._ports.clock.now(), self._ports.connections.read
        new = unsaved("", Kept(address=account.address), granted, now)
        connection = Connection(
            solution=solution,
            state="connected",
            since=now,
            scopes=sorted(scopes),
            sealed=custody.seal(new.kept),
            whose=custody.whose(),
            renew=new.renew,
            expires=new.expires,
        )
        for _ in range(_TRIES):
            if self._ports.connections.write(sub, read(sub, solution), connection, account.id):
                custody.forget()
                return
        raise Temporary("contention", "the connection changes too fast")

    def give_back(self, sub: str, solution: str, granted: Granted, secret: Secret, deadline: Deadline) -> None:
        """Have what a user's sign-in gave revoked where nothing was kept of it, if the provider can. Raises nothing.

        What a user is connected with stands, and a server may end that along with what is given back, as one grant
        (RFC 7009, section 2.1): then nothing is.
        """
        try:
            held = self._ports.connections.read(sub, solution)
            if held is None or held.connection.state != "connected":
                self._revoke(solution, granted.refresh_token, granted.access_token, secret, deadline)
        except (ConferenceFailure, InvalidSetting) as failure:
            _log.warning("sign-in to %s: not given back: %s", solution, failure.reason)

    def connection(self, sub: str, solution: str) -> View | None:
        """What the user may see of the connection, None without one. Raises StoreUnavailable, SecretUnavailable."""
        held = self._ports.connections.read(sub, solution)
        return self._view(sub, held.connection) if held else None

    def connections(self, sub: str) -> list[View]:
        """All that a user has connected, of solutions that still connect users. Raises as `connection`."""
        views = []
        for held in self._ports.connections.of_user(sub):
            with suppress(InvalidSetting):
                views.append(self._view(sub, held.connection))
        return views

    def disconnect(self, sub: str, solution: str, secret: Secret, deadline: Deadline) -> bool:
        """Give the tokens back and erase the connection, whatever the provider says. Whether that has confirmed it.

        True also without a connection. Raises StoreUnavailable, Temporary: then it may still be there.
        """
        confirmed = True
        for _ in range(_TRIES):
            held = self._ports.connections.read(sub, solution)
            if held is None:
                return confirmed
            confirmed = self._revoked(sub, held.connection, secret, deadline)
            if self._ports.connections.erase(held):
                self._custody(sub, solution).forget()
                return confirmed
        raise Temporary("contention", "the connection changes too fast")

    def forget(self, sub: str, secret: Secret, deadline: Deadline) -> bool:
        """Disconnect all that a user has connected, also what is no longer configured. Raises as `disconnect`."""
        confirmed = True
        for held in self._ports.connections.of_user(sub):
            confirmed &= self.disconnect(sub, held.connection.solution, secret, deadline)
        return confirmed

    def deauthorized(self, solution: str, account: str, since: datetime | None = None) -> int:
        """Erase the connections to an account whose user has removed us there: how many there were.

        `since` is when that was: a connection made later stands. Other instances learn of it from the provider, which
        takes their token no more. Raises StoreUnavailable, Temporary.
        """
        erased = 0
        for _ in range(_TRIES):
            found = [held for held in self._ports.connections.of_account(solution, account) if _is_of(held, since)]
            if not found:
                break
            erased += sum(self._ports.connections.erase(held) for held in found)
        else:
            raise Temporary("contention", "a connection changes too fast")
        with self._lock:
            custodies = list(self._custodies.values())
        for custody in custodies:
            custody.forget()
        return erased

    def _view(self, sub: str, connection: Connection) -> View:
        oauth, options = self._oauth(connection.solution)
        lacking = missing(oauth.scopes(options), frozenset(connection.scopes))
        state, reason, address = str(connection.state), connection.reason, ""
        try:
            address = self._custody(sub, connection.solution).open(connection).address
        except NotConnected as closed:
            state, reason = "reconnect", reason or closed.reason
        if lacking and state == "connected":
            state, reason = "reconnect", "scopes"
        scopes = tuple(connection.scopes)
        return View(connection.solution, state, reason, connection.since, scopes, tuple(sorted(lacking)), address)

    def _revoked(self, sub: str, connection: Connection, secret: Secret, deadline: Deadline) -> bool:
        """Give a connection's tokens back: whether that was confirmed. Raises nothing."""
        solution = connection.solution
        try:
            kept = self._custody(sub, solution).open(connection)
            return self._revoke(solution, kept.refresh_token, kept.access_token, secret, deadline)
        except (ConferenceFailure, InvalidSetting) as failure:
            _log.warning("connection to %s: not given back: %s", solution, failure.reason)
            return False

    def _revoke(self, solution: str, refresh_token: str, access_token: str, secret: Secret, deadline: Deadline) -> bool:
        """Both tokens, as some servers take the one and some the other: whether one was confirmed."""
        server, confirmed = self.server(solution, secret), False
        for token, hint in ((refresh_token, "refresh_token"), (access_token, "access_token")):
            with suppress(Temporary):
                confirmed |= bool(token) and server.revoke(token, hint, deadline.within(REVOKING))
        return confirmed

    def _oauth(self, solution: str) -> tuple[OAuth, Any]:
        known = self._solutions.get(solution)
        oauth = self._provider(known).declared.oauth if known else None
        if known is None or oauth is None:
            raise InvalidSetting("solution", "is not configured, or connects nobody")
        return oauth, known.options

    def _custody(self, sub: str, solution: str) -> Custody:
        with self._lock:
            key = (sub, solution)
            custody = self._custodies.setdefault(key, Custody(self._ports, sub, solution))
            self._custodies.move_to_end(key)
            if len(self._custodies) > _MOST:
                self._custodies.popitem(last=False)
            return custody


def _is_of(held: Held, since: datetime | None) -> bool:
    """Whether the connection may have been there at that time: the user has not made it later."""
    connection = held.connection
    return since is None or connection.state != "connected" or connection.since <= since


class _Bearer:
    """The Bearer of conference.http: one connection, and the server that renews its token."""

    def __init__(
        self, custody: Custody, asked: tuple[str, ...], server: Callable[[Secret], AuthorizationServer]
    ) -> None:
        self._custody = custody
        self._asked = asked
        self._server = server

    def token(self, secret: Secret, deadline: Deadline) -> str:
        return self._custody.token(self._server(secret), self._asked, deadline)

    def renewed(self, refused: str, secret: Secret, deadline: Deadline) -> str:
        return self._custody.renewed(refused, self._server(secret), self._asked, deadline)

    def refusal(self, refused: str, failure: CredentialsRefused, deadline: Deadline) -> ConferenceFailure:
        return self._custody.refusal(refused, failure, deadline)
