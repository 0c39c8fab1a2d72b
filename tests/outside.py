"""What an instance does to the outside, seen call by call, and where a test lets it die, fail or wait."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from conference.http import Client
from conference.providers.base import Reply, Request
from sync.store import Change, Document, Store


class Died(BaseException):
    """The process is gone: nothing of ours catches it."""


@dataclass
class Outside:
    """Every call that an instance makes to the outside, in order; `script` may make one die or fail.

    Lines are "commit create mapping", "get calendar", "POST /rooms-api/v1/rooms". The script is asked before each call
    (`"before"`) and after it (`"after"`).
    """

    calls: list[str] = field(default_factory=list)
    script: Callable[[str, str], None] = lambda when, call: None

    def around(self, call: str, work: Callable[[], Any]) -> Any:
        self.calls.append(call)
        self.script("before", call)
        result = work()
        self.script("after", call)
        return result

    def on(self, when: str, call: str, do: Callable[[], object]) -> None:
        """Do that before or after each call whose line begins with `call`."""

        def script(at: str, made: str) -> None:
            if at == when and made.startswith(call):
                do()

        self.script = script

    def die(self, when: str, call: str) -> None:
        """Die before or after the first call whose line begins with `call`."""
        self.fail(when, call, Died(call))

    def fail(self, when: str, call: str, error: BaseException) -> None:
        """Raise that before or after each call whose line begins with `call`."""

        def fail() -> None:
            raise error

        self.on(when, call, fail)

    def posts(self) -> list[str]:
        """What was asked of the conferencing system that may have made a room."""
        return [call for call in self.calls if call.startswith("POST")]


class SeenStore:
    """A store whose every operation is seen; `local` as a store says of itself."""

    def __init__(self, store: Store, outside: Outside, local: bool) -> None:
        self._store = store
        self._outside = outside
        self.local = local

    def open(self) -> None:
        self._store.open()

    def close(self) -> None:
        self._store.close()

    def get(self, kind: str, key: str) -> Document | None:
        found: Document | None = self._outside.around(f"get {kind}", lambda: self._store.get(kind, key))
        return found

    def find(self, kind: str, field: str, value: str, limit: int, after: str | None = None) -> list[Document]:
        found: list[Document] = self._outside.around(
            f"find {kind} {field}", lambda: self._store.find(kind, field, value, limit, after)
        )
        return found

    def due(self, kind: str, before: datetime, limit: int) -> list[Document]:
        found: list[Document] = self._outside.around(f"due {kind}", lambda: self._store.due(kind, before, limit))
        return found

    def page(self, kind: str, limit: int, after: str | None = None) -> list[Document]:
        found: list[Document] = self._outside.around(f"page {kind}", lambda: self._store.page(kind, limit, after))
        return found

    def commit(self, changes: Sequence[Change]) -> list[Document | None]:
        line = "commit " + ", ".join(_line(change) for change in changes)
        made: list[Document | None] = self._outside.around(line, lambda: self._store.commit(changes))
        return made


class SeenClient:
    """An HTTP client whose every exchange is seen."""

    def __init__(self, client: Client, outside: Outside) -> None:
        self._client = client
        self._outside = outside

    def exchange(self, request: Request, seconds: float, origins: frozenset[str], repeatable: bool) -> Reply:
        path = "/" + request.url.split("/", 3)[3].split("?")[0]

        def send() -> Reply:
            return self._client.exchange(request, seconds, origins, repeatable)

        reply: Reply = self._outside.around(f"{request.method} {path}", send)
        return reply


def _line(change: Change) -> str:
    kind = getattr(change, "kind", None) or change.read.kind  # type: ignore[union-attr]  # Create has a kind, the others what they read
    return f"{type(change).__name__.lower()} {kind}"
