"""Scripted trouble: the next replies on a route become quota errors, arrive late, drip, break or never come."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from simulator.errors import BACKEND_ERROR, FULL_SYNC_REQUIRED, ErrorReply
from simulator.errors import quota as quota_reply


@dataclass(frozen=True, slots=True)
class Canned:
    """A reply that stands for the real one."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one exchange.

    It waits `latency` seconds, then answers with `canned`, or cuts the connection when `reset`; with `acted` the
    request is carried out all the same, and only its reply is lost. Otherwise the real reply is sent, its body put
    through `damage` and one byte each `drip` seconds.
    """

    latency: float = 0.0
    canned: Canned | None = None
    reset: bool = False
    acted: bool = False
    damage: Callable[[bytes], bytes] | None = None
    drip: float = 0.0


def latency(seconds: float) -> Fault:
    """The real reply, late."""
    return Fault(latency=seconds)


def google(reply: ErrorReply, **headers: str) -> Fault:
    """An error of Google's."""
    content = {"Content-Type": "application/json; charset=UTF-8", **reply.headers, **headers}
    return Fault(canned=Canned(reply.status, json.dumps(reply.body()).encode(), content))


def quota(reason: str = "rateLimitExceeded", status: int = 403) -> Fault:
    """A Calendar quota error; `reason` is a key of errors.QUOTA_MESSAGES."""
    return google(quota_reply(reason, status))


def backend_error() -> Fault:
    """Calendar's 500 backendError."""
    return google(BACKEND_ERROR)


def gone() -> Fault:
    """Calendar's 410 that asks for a full sync; on a full list too, where a test says so."""
    return google(FULL_SYNC_REQUIRED)


def without(*names: str) -> Fault:
    """The real reply, a JSON object, without some of its members: a last page that has no nextSyncToken, for one."""

    def damage(body: bytes) -> bytes:
        return json.dumps({name: value for name, value in json.loads(body).items() if name not in names}).encode()

    return Fault(damage=damage)


def status(code: int, body: bytes = b"", *, acted: bool = False, **headers: str) -> Fault:
    """Any reply; `headers` are written with underscores for hyphens, as in `Retry_After="7"`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(canned=Canned(code, body, {"Content-Type": "application/json", **named}), acted=acted)


def reset(*, acted: bool = False) -> Fault:
    """The connection is cut without a reply, before or (with `acted`) after the request was carried out."""
    return Fault(reset=True, acted=acted)


def drip(seconds: float) -> Fault:
    """The real reply, one byte at a time, with `seconds` between two of them."""
    return Fault(drip=seconds)


def malformed() -> Fault:
    """The real status with a page of HTML where the JSON should be."""
    return Fault(damage=lambda body: b"<html><body>upstream said something else</body></html>")


def truncated() -> Fault:
    """The first half of the real body, under a length that fits it."""
    return Fault(damage=lambda body: body[: len(body) // 2])


def empty() -> Fault:
    """The real status with no body."""
    return Fault(damage=lambda body: b"")


@dataclass(slots=True)
class _Scripted:
    fault: Fault
    path: str
    method: str
    skip: int
    times: int | None


class Faults:
    """The script. Thread-safe; each request takes the faults that match it, in the order they were added."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._script: list[_Scripted] = []

    def add(self, fault: Fault, path: str = "*", method: str = "*", *, times: int | None = 1, skip: int = 0) -> None:
        """Do `fault` to the next `times` requests (all when None) whose path and method match, after `skip` of them.

        `path` is a shell pattern in which `*` also matches slashes: "/calendar/*", "*/events/*".
        """
        with self._lock:
            self._script.append(_Scripted(fault, path, method, skip, times))

    def clear(self) -> None:
        """Let everything work again."""
        with self._lock:
            self._script.clear()

    def pending(self) -> int:
        """How many scripted faults have not happened often enough yet; those without end do not count."""
        with self._lock:
            return sum(1 for scripted in self._script if scripted.times)

    def take(self, method: str, path: str) -> list[Fault]:
        """The faults of one request, used up: delays add up, and the first that answers ends the search."""
        taken: list[Fault] = []
        with self._lock:
            for scripted in self._script:
                if not fnmatchcase(path, scripted.path) or scripted.method not in ("*", method):
                    continue
                if scripted.skip:
                    scripted.skip -= 1
                    continue
                if scripted.times is not None:
                    if not scripted.times:
                        continue
                    scripted.times -= 1
                taken.append(scripted.fault)
                if scripted.fault.canned or scripted.fault.reset:
                    break
        return taken
