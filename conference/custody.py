"""The tokens of one connection: sealed at rest, renewed early, by one at a time, and committed before they are used.

A refresh of a rotating token can be lost: the server has spent the old one, and the new one never came or was never
committed. So a refresh begins with a mark in the record (`refreshing`), which is also a lease that keeps other
instances away. Whoever finds a mark whose time is over tries the same refresh token once more: either the server never
got it, or it refuses it, and then the user is asked to connect again, once.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from conference.clock import Clock, Deadline
from conference.connection import Connection, Connections, Held, Kept, Refreshing
from conference.errors import (
    AnyroomError,
    ConferenceFailure,
    CredentialsRefused,
    NotConnected,
    OutcomeUnknown,
    SecretUnavailable,
    StoreUnavailable,
    Temporary,
    Unsealable,
)
from conference.oauth import EXCHANGE, AuthorizationServer
from conference.seal import Seal
from conference.token_reply import Granted, missing

EARLY = 300.0
"""Seconds before its end at which a token is replaced, as clocks may differ; never more than half its life."""
LEASE = timedelta(seconds=20)
"""How long a refresh has the connection to itself: the exchange and two operations of the store, 5 s each, and some."""
FRESH = 300.0
"""Seconds for which a token is used from memory without asking the store."""
AGAIN = timedelta(seconds=60)
"""How long after a failure a token that is still good is not replaced."""
LEAST = 2.0
"""Seconds without which no refresh begins: one that is cut short may be lost."""

_POLL = (0.05, 0.1, 0.2, 0.4)
_SAVE = (0.2, 0.5)
"""Seconds between tries to commit what a server gave."""

_log = logging.getLogger("anyroom.tokens")


class Ports(NamedTuple):
    """What custody needs: the store, the seal, the time, ids that nobody can guess, a number from 0 to 1."""

    connections: Connections
    seal: Seal
    clock: Clock
    new_id: Callable[[], str]
    jitter: Callable[[], float]


class Unsaved(msgspec.Struct, frozen=True):
    """What a server gave and the store has not taken yet. `sealed` is what the connection held when it was asked, and
    `before` that opened: the same may be sealed anew meanwhile.
    """

    sealed: str
    before: Kept
    kept: Kept
    scopes: list[str] | None
    renew: datetime
    expires: datetime


class _Remembered(msgspec.Struct, frozen=True):
    token: str
    renew: datetime
    expires: datetime
    fresh: float

    def __repr__(self) -> str:
        return "_Remembered(...)"


class Custody:
    """One connection's tokens in this process; safe in many threads. `sub` "" is the solution's own account."""

    def __init__(self, ports: Ports, sub: str, solution: str) -> None:
        self._ports = ports
        self._sub = sub
        self._solution = solution
        self._clock = ports.clock
        self._lock = threading.Lock()
        self._memory: _Remembered | None = None
        self._unsaved: Unsaved | None = None

    def token(self, server: AuthorizationServer, asked: tuple[str, ...], deadline: Deadline) -> str:
        """The access token, which has those scopes.

        Raises NotConnected, Temporary (StoreUnavailable too), and what `server` raises.
        """
        known = self._memory
        if known and self._clock.monotonic() < known.fresh:
            now = self._clock.now()
            if now < known.renew or (now < known.expires and self._lock.locked()):
                return known.token
        with self._alone(deadline):
            return self._current(server, asked, deadline)

    def renewed(self, refused: str, server: AuthorizationServer, asked: tuple[str, ...], deadline: Deadline) -> str:
        """Another access token in place of one that was refused. Raises as `token`."""
        with self._alone(deadline):
            self._memory = None
            return self._current(server, asked, deadline, refused)

    def refusal(self, refused: str, failure: CredentialsRefused, deadline: Deadline) -> ConferenceFailure:
        """What it means that a token is refused that has just been replaced. Raises StoreUnavailable."""
        if not self._sub:
            return failure
        with self._alone(deadline):
            self._memory = None
            held = self._ports.connections.read(self._sub, self._solution)
            if held is None or held.connection.state != "connected":
                return NotConnected("not-connected" if held is None else held.connection.reason)
            if self.open(held.connection).access_token == refused and self._mark(held, "token-refused"):
                return NotConnected("token-refused", failure.detail)
            return Temporary("token-changed", "the connection was renewed meanwhile")

    def forget(self) -> None:
        """Ask the store the next time."""
        self._memory = None

    def open(self, connection: Connection) -> Kept:
        """What the connection holds. Raises NotConnected when it does not open: connecting again replaces it."""
        if not connection.sealed and not self._sub:
            return Kept()
        try:
            return msgspec.json.decode(
                self._ports.seal.open(connection.sealed, *tokens_place(self._sub, self._solution)), type=Kept
            )
        except Unsealable as error:
            self._report(error.reason, error, logging.ERROR)
            reason = error.reason
        raise NotConnected(reason)

    def seal(self, kept: Kept) -> str:
        """What a connection holds, sealed for this one. Raises SecretUnavailable, Temporary."""
        return self._ports.seal.seal(msgspec.json.encode(kept).decode(), *tokens_place(self._sub, self._solution))

    def whose(self) -> str:
        """The user's `sub`, sealed. Raises SecretUnavailable, Temporary."""
        return self._ports.seal.seal(self._sub, *whose_place(self._solution))

    @contextmanager
    def _alone(self, deadline: Deadline) -> Iterator[None]:
        if not self._lock.acquire(timeout=deadline.left()):
            raise Temporary("refresh-waits", "another request renews this token")
        try:
            yield
        finally:
            self._lock.release()

    def _current(
        self, server: AuthorizationServer, asked: tuple[str, ...], deadline: Deadline, refused: str = ""
    ) -> str:
        """A token that is good and not the refused one, from the store or from the server."""
        pauses = iter(_POLL)
        while True:
            deadline.check()
            if self._unsaved:
                self._save(self._unsaved, self._ports.connections.read(self._sub, self._solution), deadline)
            held = self._ports.connections.read(self._sub, self._solution)
            kept, now = self._usable(held, asked, server), self._clock.now()
            good = held is not None and kept.access_token not in ("", refused)
            if held and good and now < held.connection.renew:
                return self._remember(kept.access_token, held.connection)
            good = good and held is not None and now < held.connection.expires
            try:
                token = self._refresh(held, kept, server, asked, deadline)
                if token:
                    return token
            except Temporary as failure:
                if not held or not good:
                    raise
                _log.warning("connection to %s: renewed later: %s", self._solution, failure)
                again = min(now + AGAIN, held.connection.expires)
                return self._remember(kept.access_token, replace(held.connection, renew=again))
            if good:
                return kept.access_token
            pause = next(pauses, _POLL[-1]) * (0.5 + self._ports.jitter())
            self._clock.sleep(min(pause, deadline.left()))

    def _usable(self, held: Held | None, asked: tuple[str, ...], server: AuthorizationServer) -> Kept:
        """What the connection holds, nothing for an account that has no token yet. Raises NotConnected."""
        if not self._sub:
            return self._of_account(held, server)
        if held is None:
            raise NotConnected("not-connected")
        if held.connection.state != "connected":
            raise NotConnected(held.connection.reason)
        self._check_scopes(held.connection, asked)
        return self.open(held.connection)

    def _of_account(self, held: Held | None, server: AuthorizationServer) -> Kept:
        """The account's token, unless the settings name another account or client by now."""
        kept = Kept()
        with suppress(NotConnected):
            kept = self.open(held.connection) if held else kept
        try:
            grant = server.account_grant()
        except SecretUnavailable:
            return kept
        return kept if kept.grant == grant else Kept(grant=grant)

    def _check_scopes(self, connection: Connection, asked: tuple[str, ...]) -> None:
        """Raise NotConnected for a user who has granted fewer; what an account may do is its administrator's affair."""
        lacking = missing(asked, frozenset(connection.scopes)) if self._sub else ()
        if lacking:
            raise NotConnected("scopes", f"{len(lacking)} of {len(asked)} scopes are missing")

    def _refresh(
        self,
        held: Held | None,
        kept: Kept,
        server: AuthorizationServer,
        asked: tuple[str, ...],
        deadline: Deadline,
    ) -> str:
        """A new token, committed; "" while somebody else is at it, or when the connection has changed meanwhile.

        Raises NotConnected when the grant is refused and the connection did not change, and what `server` raises;
        OutcomeUnknown becomes Temporary, because nothing was asked of the conferencing system.
        """
        if deadline.left() < LEAST:
            raise Temporary("deadline", "no time left to renew a token")
        leased = self._lease(held)
        if leased is None:
            return ""
        unsure = held is not None and held.connection.refreshing is not None
        began = self._clock.now()
        try:
            granted = self._granted(leased, kept, server, deadline)
        except NotConnected as refused:
            reason = "refresh-lost" if unsure else refused.reason
            if self._mark(leased, reason):
                raise NotConnected(reason, refused.detail) from refused
            return ""
        except OutcomeUnknown as unknown:
            self._report("refresh-unknown")
            self._let_go(leased, unsure=True)
            raise Temporary("refresh-unknown", unknown.detail, retry_after=unknown.retry_after) from unknown
        except AnyroomError as failure:
            self._report(failure.reason)
            self._let_go(leased, unsure)
            raise
        self._unsaved = unsaved(leased.connection.sealed, kept, granted, began)
        saved = self._save(self._unsaved, leased, deadline)
        if saved is None:
            return ""
        self._check_scopes(saved.connection, asked)
        return self._remember(granted.access_token, saved.connection)

    def _lease(self, held: Held | None) -> Held | None:
        """The connection with our mark in it; None while somebody else's holds, or when it is not as it was read."""
        now = self._clock.now()
        before = held.connection if held else _unconnected(self._solution, now)
        if before.refreshing and before.refreshing.until > now:
            return None
        mark = Refreshing(self._ports.new_id(), now + LEASE)
        return self._ports.connections.write(self._sub, held, replace(before, refreshing=mark))

    def _granted(self, leased: Held, kept: Kept, server: AuthorizationServer, deadline: Deadline) -> Granted:
        mark = leased.connection.refreshing
        assert mark
        if self._clock.now() + timedelta(seconds=EXCHANGE) > mark.until:
            raise Temporary("refresh-late", "the store took too long")
        if not self._sub:
            return server.by_account(deadline)
        if not kept.refresh_token:
            raise NotConnected("no-refresh-token")
        return server.by_refresh(kept.refresh_token, deadline)

    def _save(self, unsaved: Unsaved, held: Held | None, deadline: Deadline) -> Held | None:
        """Commit what the server gave; None when the connection holds something else by now. Raises StoreUnavailable.

        A mark of somebody else's does not matter: what they try to renew is what we have renewed.
        """
        pauses = iter(_SAVE)
        saved = None
        while saved is None and held and self._holds(held.connection, unsaved):
            try:
                saved = self._ports.connections.write(self._sub, held, self._with(held.connection, unsaved))
            except StoreUnavailable:
                pause = next(pauses, None)
                if pause is None or pause > deadline.left():
                    raise
                self._clock.sleep(pause)
            held = saved or self._ports.connections.read(self._sub, self._solution)
        self._unsaved = None
        return saved

    def _holds(self, connection: Connection, unsaved: Unsaved) -> bool:
        """Whether the connection is as it was when the server was asked, whatever key seals it now."""
        if connection.sealed == unsaved.sealed:
            return True
        with suppress(NotConnected):
            return self.open(connection) == unsaved.before
        return False

    def _with(self, before: Connection, unsaved: Unsaved) -> Connection:
        return replace(
            before,
            state="connected",
            reason="",
            since=before.since if before.state == "connected" else self._clock.now(),
            scopes=before.scopes if unsaved.scopes is None else unsaved.scopes,
            sealed=self.seal(unsaved.kept),
            whose=self.whose(),
            renew=unsaved.renew,
            expires=unsaved.expires,
            refreshing=None,
        )

    def _mark(self, held: Held, reason: str) -> bool:
        """Have the user asked to connect again; False when the connection is not as it was read."""
        self._report(reason)
        marked = replace(held.connection, state="reconnect", reason=reason, since=self._clock.now(), refreshing=None)
        return self._ports.connections.write(self._sub, held, marked) is not None

    def _report(self, reason: str, said: object = "", level: int = logging.WARNING) -> None:
        """There is no new token, or none that can be used."""
        fields = {"kind": "token", "credential": self._solution, "reason": reason}
        _log.log(level, "connection to %s: %s", self._solution, said or reason, extra={"fields": fields})

    def _let_go(self, leased: Held, unsure: bool) -> None:
        """Let others try at once; with `unsure` they know that the refresh token may be spent."""
        mark = Refreshing("", self._clock.now()) if unsure else None
        with suppress(StoreUnavailable):
            self._ports.connections.write(self._sub, leased, replace(leased.connection, refreshing=mark))

    def _remember(self, token: str, connection: Connection) -> str:
        fresh = self._clock.monotonic() + FRESH
        self._memory = _Remembered(token, connection.renew, connection.expires, fresh)
        return token


def tokens_place(sub: str, solution: str) -> tuple[str, str, str]:
    """What a connection's tokens are sealed for: what the record's key is a hash of."""
    return ("connection", sub, solution)


def whose_place(solution: str) -> tuple[str, str]:
    """What the name of a connection's user is sealed for: it is read before it is known whose the connection is."""
    return ("whose", solution)


def unsaved(sealed: str, before: Kept, granted: Granted, asked: datetime) -> Unsaved:
    """What to keep of what a server gave, when it was asked at that time with what there was before."""
    early = min(EARLY, granted.lifetime / 2)
    return Unsaved(
        sealed,
        before,
        Kept(granted.access_token, granted.refresh_token or before.refresh_token, before.address, before.grant),
        None if granted.scopes is None else sorted(granted.scopes),
        asked + timedelta(seconds=granted.lifetime - early),
        asked + timedelta(seconds=granted.lifetime),
    )


def _unconnected(solution: str, now: datetime) -> Connection:
    """The account's connection before its first token."""
    return Connection(solution=solution, state="connected", since=now, scopes=[], renew=now, expires=now)
