"""Every request that reached the simulator, in order of arrival, for tests that assert an exact sequence."""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class Request:
    """One request: `path` is percent-decoded, `query` is as it was sent, header names are lower-case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def parameters(self) -> dict[str, list[str]]:
        """The query's values by name, each name's in order."""
        found: dict[str, list[str]] = {}
        for name, value in parse_qsl(self.query, keep_blank_values=True):
            found.setdefault(name, []).append(value)
        return found

    @property
    def json(self) -> Any:
        """The body as JSON values; raises ValueError when it is none."""
        return json.loads(self.body)

    def __str__(self) -> str:
        return f"{self.method} {self.path}" + (f"?{self.query}" if self.query else "")


class Journal:
    """The requests so far; iterating takes a snapshot. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[Request] = []

    def record(self, request: Request) -> None:
        """Append a request."""
        with self._lock:
            self._requests.append(request)

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._requests.clear()

    def under(self, prefix: str) -> list[Request]:
        """The requests whose path starts with `prefix`."""
        return [request for request in self if request.path.startswith(prefix)]

    def lines(self, prefix: str = "/") -> list[str]:
        """The requests under `prefix` as `METHOD PATH?QUERY`."""
        return [str(request) for request in self.under(prefix)]

    def __iter__(self) -> Iterator[Request]:
        with self._lock:
            return iter(list(self._requests))

    def __len__(self) -> int:
        with self._lock:
            return len(self._requests)
