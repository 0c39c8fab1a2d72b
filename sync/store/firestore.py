"""The store in the cloud: one Firestore database in native mode, a collection for each kind.

Nothing needs a transaction: a commit is one batch whose writes each carry a precondition, that the document is missing
or still has the update time that was read. Queries need the single-field indexes of deploy/firestore.txt (of `due` and
what `find` is asked for) and no composite one.

A commit whose answer was lost is sent again. Its preconditions keep it from happening twice, and when it is then
refused, the random mark that each commit leaves in its documents tells whether the first one had happened.
"""

import os
import random
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from conference.clock import Clock, Deadline, SystemClock
from conference.errors import Conflict, Permanent, StoreUnavailable
from sync.store import Change, Document, documents

if TYPE_CHECKING:
    from sync.store.firestore_wire import Found, Session, Version

PATIENCE = 4.5
"""Seconds after which an operation gives up, all its attempts together."""

ATTEMPT = 2.0
"""Seconds after which one attempt is given up."""

PAUSE = 0.05
"""Seconds between the first attempt and the second, give or take a half; twice as long before each one after that."""

LONGEST_PAUSE = 0.5

_REFUSED = {"ALREADY_EXISTS", "FAILED_PRECONDITION", "NOT_FOUND"}
_NOT_MADE = {"ABORTED", "RESOURCE_EXHAUSTED"}
_MAYBE_MADE = {"CANCELLED", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE", "UNKNOWN"}
_PASSING = _NOT_MADE | _MAYBE_MADE
_ADVICE = {
    "NOT_FOUND": ": the database does not exist",
    "FAILED_PRECONDITION": ": an index is missing, or the database is not in native mode",
    "PERMISSION_DENIED": ": the service account needs roles/datastore.user",
}


class FirestoreStore:
    """The documents of `database` ("(default)" when None) in `project` (else GOOGLE_CLOUD_PROJECT's or the
    credentials' own), or of the emulator at `emulator` (host:port, else FIRESTORE_EMULATOR_HOST's).

    A document's version is its update time. gRPC is imported and the channel opened by the process that uses the store.
    """

    local = False

    def __init__(
        self,
        database: str | None = None,
        *,
        project: str | None = None,
        emulator: str | None = None,
        clock: Clock | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self._place = (
            database or "(default)",
            project or os.environ.get("GOOGLE_CLOUD_PROJECT"),
            emulator or os.environ.get("FIRESTORE_EMULATOR_HOST"),
        )
        self._clock = clock or SystemClock()
        self._patience = patience
        self._lock = threading.Lock()
        self._opened: tuple[int, Session] | None = None

    def open(self) -> None:
        """Import gRPC and make the channel now."""
        self._session()

    def close(self) -> None:
        """Close this process's channel."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened and opened[0] == os.getpid():
            opened[1].close()

    def get(self, kind: str, key: str) -> Document | None:
        """See the port."""
        documents.check_address(kind, key)
        found = self._get(kind, key, self._deadline())
        return _document(kind, found) if found else None

    def find(self, kind: str, field: str, value: str, limit: int, after: str | None = None) -> list[Document]:
        """See the port."""
        documents.check_find(kind, field, value, limit, after)
        session = self._session()
        code, reply = self._ask(
            lambda timeout: session.find(kind, field, value, limit, after, timeout), self._deadline()
        )
        return _documents(kind, code, reply)

    def due(self, kind: str, before: datetime, limit: int) -> list[Document]:
        """See the port."""
        documents.check_due(kind, before, limit)
        session = self._session()
        code, reply = self._ask(lambda timeout: session.due(kind, before, limit, timeout), self._deadline())
        return _documents(kind, code, reply)

    def page(self, kind: str, limit: int, after: str | None = None) -> list[Document]:
        """See the port."""
        documents.check_walk(kind, limit, after)
        session = self._session()
        code, reply = self._ask(lambda timeout: session.page(kind, limit, after, timeout), self._deadline())
        return _documents(kind, code, reply)

    def commit(self, changes: Sequence[Change]) -> list[Document | None]:
        """See the port."""
        bodies = documents.prepared(changes)
        if not changes:
            return []
        versions = self._commit(changes, bodies)
        return [
            None if body is None else Document(*documents.target(change), body, version)
            for change, body, version in zip(changes, bodies, versions, strict=True)
        ]

    def _commit(self, changes: Sequence[Change], bodies: Sequence[dict[str, Any] | None]) -> list["Version"]:
        session, deadline, mark = self._session(), self._deadline(), secrets.token_urlsafe(9)
        code, maybe_made = "DEADLINE_EXCEEDED", False
        for timeout in self._attempts(deadline):
            code, reply = session.commit(changes, bodies, mark, timeout)
            if code == "OK":
                return cast("list[Version]", reply)
            if code in _REFUSED and not _no_database(reply):
                if maybe_made:
                    return self._made_before(changes, bodies, mark, deadline)
                raise Conflict("document-changed", f"Firestore answered {code}")
            if code == "INVALID_ARGUMENT":
                raise Permanent("document-refused", "Firestore cannot hold a document like this")
            if code not in _PASSING:
                break
            maybe_made = maybe_made or code not in _NOT_MADE
        raise _failure(code)

    def _made_before(
        self, changes: Sequence[Change], bodies: Sequence[dict[str, Any] | None], mark: str, deadline: Deadline
    ) -> list["Version"]:
        """The versions that an earlier attempt of this commit, whose answer was lost, gave its documents.

        Raises Conflict when a document shows that none was made, and StoreUnavailable when what is left tells neither.
        """
        seen = [
            self._get(*documents.target(change), deadline) if body is not None else None
            for change, body in zip(changes, bodies, strict=True)
        ]
        written = [(found, body) for found, body in zip(seen, bodies, strict=True) if body is not None]
        if written and all(found and found.mark == mark for found, _ in written):
            return [found.version if found else (0, 0) for found in seen]
        if any(found and found.mark != mark and found.body["rev"] <= body["rev"] for found, body in written):
            raise Conflict("document-changed", "seen after an answer was lost")
        raise StoreUnavailable("store-outcome", "an answer was lost, and the documents have changed since")

    def _get(self, kind: str, key: str, deadline: Deadline) -> "Found | None":
        session = self._session()
        code, reply = self._ask(lambda timeout: session.get(kind, key, timeout), deadline)
        if code == "OK":
            return cast("Found", reply)
        if code == "NOT_FOUND" and not _no_database(reply):
            return None
        raise _failure(code)

    def _ask(self, call: Callable[[float], tuple[str, Any]], deadline: Deadline) -> tuple[str, Any]:
        code, reply = "DEADLINE_EXCEEDED", None
        for timeout in self._attempts(deadline):
            code, reply = call(timeout)
            if code not in _PASSING:
                break
        return code, reply

    def _attempts(self, deadline: Deadline) -> Iterator[float]:
        """The timeout of each attempt, in seconds, with the pauses between them."""
        pause = PAUSE
        while left := deadline.left():
            yield min(ATTEMPT, left)
            self._clock.sleep(min(pause * random.uniform(0.5, 1.5), deadline.left()))
            pause = min(2 * pause, LONGEST_PAUSE)

    def _deadline(self) -> Deadline:
        return Deadline(self._clock, self._patience)

    def _session(self) -> "Session":
        opened = self._opened
        if opened and opened[0] == os.getpid():
            return opened[1]
        with self._lock:
            if not self._opened or self._opened[0] != os.getpid():
                from sync.store.firestore_wire import Session

                self._opened = (os.getpid(), Session(*self._place))
            return self._opened[1]


def _document(kind: str, found: "Found") -> Document:
    return Document(kind, found.key, found.body, found.version)


def _documents(kind: str, code: str, reply: Any) -> list[Document]:
    if code != "OK":
        raise _failure(code)
    return [_document(kind, found) for found in reply]


def _no_database(text: str) -> bool:
    """Whether a NOT_FOUND or FAILED_PRECONDITION speaks of the whole database (by its text: nothing else tells)."""
    return "database" in text and ("does not exist" in text or "Datastore Mode" in text)


def _failure(code: str) -> StoreUnavailable:
    return StoreUnavailable("store-unavailable", f"Firestore answered {code}{_ADVICE.get(code, '')}")
