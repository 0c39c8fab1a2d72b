"""What a function in this process does to the outside: carried to the simulator without a socket, and counted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

import msgspec
from requests.structures import CaseInsensitiveDict
from werkzeug.test import create_environ, run_wsgi_app

from conference.providers.base import Reply, Request
from simulator.wire import Wire
from sync.store import Change, Document, Store

START = datetime(2026, 3, 2, tzinfo=UTC)


class Died(BaseException):
    """The process is gone: nothing of ours catches it."""


class SetClock:
    """A clock that stands still until it is set ahead, from START on; a sleep sets it ahead."""

    def __init__(self) -> None:
        self._passed = 0.0

    def now(self) -> datetime:
        """The time of day, aware, in UTC."""
        return START + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """Seconds since START."""
        return self._passed

    def sleep(self, seconds: float) -> None:
        """Set it ahead by so much."""
        self._passed += seconds

    def reach(self, moment: float) -> None:
        """Set it to so many seconds since START, unless that has passed."""
        self._passed = max(self._passed, moment)


@dataclass
class Outside:
    """What was done so far. `before` is told of each call, a path or "store", and may raise.

    Documents that were got count as reads, and so do queries: an empty one is one read, any other as many as it found.
    Documents that were written or deleted count as writes, whether or not the commit was refused.
    """

    before: Callable[[str], None] = lambda call: None
    calendar: int = 0
    rooms: int = 0
    reads: int = 0
    writes: int = 0


class InProcess:
    """The HTTP client of a function that runs beside the simulator: each exchange is a call of its application."""

    def __init__(self, simulator: Wire, outside: Outside) -> None:
        self._simulator = simulator
        self._outside = outside

    def exchange(self, request: Request, seconds: float, origins: frozenset[str], repeatable: bool) -> Reply:
        """Send the request and return the reply, whatever its status."""
        url = urlsplit(request.url)
        assert f"{url.scheme}://{url.netloc}" in origins
        self._outside.calendar += url.path.startswith("/calendar/")
        self._outside.rooms += url.path.startswith("/rooms-api/")
        self._outside.before(url.path)
        form = urlencode(request.form) if request.form is not None else None
        kind = "application/x-www-form-urlencoded" if form is not None else "application/json"
        environ = create_environ(
            url.path,
            f"{url.scheme}://{url.netloc}",
            url.query,
            method=request.method,
            headers=dict(request.headers),
            data=form if request.json is None else msgspec.json.encode(request.json),
            content_type=kind,
        )
        body, status, headers = run_wsgi_app(self._simulator, environ, buffered=True)
        return Reply(int(status.partition(" ")[0]), CaseInsensitiveDict(headers.items()), b"".join(body))


class CountedStore:
    """A store whose documents are counted as they are read and written."""

    def __init__(self, store: Store, outside: Outside) -> None:
        self._store = store
        self._outside = outside

    @property
    def local(self) -> bool:
        """As the store says."""
        return self._store.local

    def open(self) -> None:
        """See the port."""
        self._store.open()

    def close(self) -> None:
        """See the port."""
        self._store.close()

    def get(self, kind: str, key: str) -> Document | None:
        """See the port."""
        self._outside.before("store")
        self._outside.reads += 1
        return self._store.get(kind, key)

    def find(self, kind: str, field: str, value: str, limit: int, after: str | None = None) -> list[Document]:
        """See the port."""
        return self._queried(lambda: self._store.find(kind, field, value, limit, after))

    def due(self, kind: str, before: datetime, limit: int) -> list[Document]:
        """See the port."""
        return self._queried(lambda: self._store.due(kind, before, limit))

    def page(self, kind: str, limit: int, after: str | None = None) -> list[Document]:
        """See the port."""
        return self._queried(lambda: self._store.page(kind, limit, after))

    def commit(self, changes: Sequence[Change]) -> list[Document | None]:
        """See the port."""
        self._outside.before("store")
        self._outside.writes += len(changes)
        return self._store.commit(changes)

    def _queried(self, query: Callable[[], list[Document]]) -> list[Document]:
        self._outside.before("store")
        found = query()
        self._outside.reads += len(found) or 1
        return found
