"""A provider's `call`: one bounded exchange at a time, secrets at hand, every refusal turned into its error."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import msgspec

from conference.clock import Clock, Deadline
from conference.errors import (
    ConferenceFailure,
    CredentialsRefused,
    OutcomeUnknown,
    Permanent,
    PermissionDenied,
    Temporary,
)
from conference.providers.base import Code, Provider, Reply, Request
from conference.secrets import secret_name

MOST_RETRY_AFTER = 3600.0
"""Seconds: a longer wait that a system asks for is taken for this."""

_BY_STATUS: dict[int, type[ConferenceFailure]] = {
    401: CredentialsRefused,
    403: PermissionDenied,
    408: Temporary,
    423: Temporary,
    425: Temporary,
    429: Temporary,
    501: Permanent,
    505: Permanent,
}
_NOT_ACTED_ON = frozenset({501, 503, 505})
_READING_METHODS = frozenset({"GET", "HEAD"})
_IDEMPOTENT_METHODS = frozenset({"GET", "PUT", "DELETE"})
_KNOWN_TYPES = ("json", "html", "xml", "plain")


class Client(Protocol):
    """What carries the requests: conference.exchange.HttpClient."""

    def exchange(self, request: Request, seconds: float, origins: frozenset[str], repeatable: bool) -> Reply:
        """Send the request to one of `origins` and return the reply, whatever its status, within `seconds`."""


class Bearer(Protocol):
    """The access token of one user at one solution, or of the solution's own account. `secret` is the call's."""

    def token(self, secret: Callable[[str], str], deadline: Deadline) -> str:
        """The access token. Raises NotConnected, CredentialsRefused, Temporary."""

    def renewed(self, refused: str, secret: Callable[[str], str], deadline: Deadline) -> str:
        """Another one in place of one that was refused. Raises as `token`."""

    def refusal(self, refused: str, failure: CredentialsRefused, deadline: Deadline) -> ConferenceFailure:
        """What it means that a new one is refused too: a user must connect again. Raises StoreUnavailable."""


class HttpCall:
    """The `call` of one request to us: a solution's options, its secrets, and one deadline for all its exchanges.

    `read_secret` returns the value behind a NAME; `bearer` has the access token of a provider with OAuth; `host` is the
    address of who is to host what the account itself makes; `link` leads to our own join page. `used_secrets` are the
    names that were asked for, so that they can be read anew after CredentialsRefused; `notes` are the words that the
    provider wants logged; `may_have_acted` says that a request to change something was acted on, or failed in a way
    that leaves that open: whatever fails after it does not leave the system as it was.
    """

    def __init__(
        self,
        provider: Provider,
        options: Any,
        client: Client,
        deadline: Deadline,
        clock: Clock,
        read_secret: Callable[[str], str],
        bearer: Bearer | None = None,
        host: str = "",
        link: str = "",
    ) -> None:
        assert (bearer is None) == (provider.oauth is None)
        self._bearer = bearer
        self._token = ""
        self._replaced = False
        self._host = host
        self._link = link
        self._provider = provider
        self._options = options
        self._client = client
        self._deadline = deadline
        self._clock = clock
        self._read_secret = read_secret
        self._origins = frozenset(provider.hosts(options))
        self._used: set[str] = set()
        self.notes: list[str] = []
        self.may_have_acted = False

    @property
    def options(self) -> Any:
        """The provider's own `Options` of this solution."""
        return self._options

    @property
    def host(self) -> str:
        """The address of who is to host the conference, where the account itself makes it; "" where a user does."""
        return self._host

    @property
    def link(self) -> str:
        """The address of our own join page for this conference; "" unless the provider `joins`."""
        return self._link

    def now(self) -> datetime:
        """The time, in UTC."""
        return self._clock.now()

    @property
    def used_secrets(self) -> frozenset[str]:
        """The names of the secrets that this call has read."""
        return frozenset(self._used)

    def secret(self, reference: str) -> str:
        """The value behind `secret:NAME`, or the text itself. Raises SecretUnavailable."""
        name = secret_name(reference)
        if name is None:
            return reference
        self._used.add(name)
        self._deadline.check()
        return self._read_secret(name)

    def note(self, reason: str) -> None:
        """Have a short word logged and counted about something that went wrong without failing the call."""
        self.notes.append(reason)

    def __call__(self, request: Request, accept: frozenset[Code] = frozenset()) -> Reply:
        """Send and return the reply, unless its status or code stands in a table of errors and not in `accept`.

        The provider's own table comes first, by the system's code and then by status, before the common one. A 500, 502
        or 504 is Temporary where repeating the request is safe, because its method is idempotent or the system knows
        our attempt, and OutcomeUnknown elsewhere; so is a system's own code after a status of success that nobody has
        declared. Raises Temporary when nothing was sent, OutcomeUnknown when the request may have been acted on,
        Permanent for a host that is not declared.

        Where the provider has OAuth, the access token goes along; one that is refused is replaced once, and the request
        goes out again on a connection of its own.
        """
        if self._bearer is None:
            return self._sent(request, accept)
        self._deadline.check()
        self._token = self._token or self._bearer.token(self.secret, self._deadline)
        try:
            return self._sent(self._with_token(request), accept)
        except CredentialsRefused as refused:
            if self._replaced:
                raise self._bearer.refusal(self._token, refused, self._deadline) from refused
        self._replaced = True
        self._deadline.check()
        self._token = self._bearer.renewed(self._token, self.secret, self._deadline)
        # A system may close the connection after a refusal: a POST that met that would have an outcome unknown.
        return self(msgspec.structs.replace(request, fresh=True), accept)

    def _with_token(self, request: Request) -> Request:
        return msgspec.structs.replace(request, headers={"Authorization": f"Bearer {self._token}", **request.headers})

    def _sent(self, request: Request, accept: frozenset[Code]) -> Reply:
        self._deadline.check()
        left = self._deadline.left()
        seconds = left if request.seconds is None else min(request.seconds, left)
        idempotent = request.safe or request.method in _IDEMPOTENT_METHODS
        repeatable = idempotent or self._provider.idempotency in ("chosen", "keyed")
        reply = self._client.exchange(request, seconds, self._origins, repeatable)
        code = self._code(reply)
        if code in accept or reply.status in accept:
            return reply
        reading = request.safe or request.method in _READING_METHODS
        if code is None and 200 <= reply.status < 300 and reply.status not in self._provider.errors:
            self.may_have_acted = self.may_have_acted or not reading
            return reply
        if reply.status >= 500 and reply.status not in _NOT_ACTED_ON and not reading:
            self.may_have_acted = True
        raise self._failure(reply, code, repeatable)

    def _code(self, reply: Reply) -> Code | None:
        """The system's own code; a body that cannot be read has none."""
        try:
            return self._provider.error_code(reply)
        except Temporary:
            return None

    def _failure(self, reply: Reply, code: Code | None, repeatable: bool) -> ConferenceFailure:
        table = self._provider.errors
        declared = next((key for key in (code, reply.status) if key in table), None)
        failure = _common(reply.status, repeatable) if declared is None else table[declared]
        reason = f"{self._provider.name}-{reply.status if declared is None else declared}"
        detail = f"HTTP {reply.status}, {len(reply.body)} bytes of {_content_type(reply)}"
        if issubclass(failure, Temporary):
            return failure(reason, detail, retry_after=retry_after(reply.headers.get("Retry-After"), self._clock.now()))
        return failure(reason, detail)


def _common(status: int, repeatable: bool) -> type[ConferenceFailure]:
    """What a status means where the provider does not say otherwise (RFC 9110, section 15)."""
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status < 300:
        return OutcomeUnknown
    if status < 500:
        return Permanent
    return Temporary if repeatable or status in _NOT_ACTED_ON else OutcomeUnknown


def _content_type(reply: Reply) -> str:
    """One of a few words: the header itself is the other side's text."""
    given = reply.headers.get("Content-Type", "").lower()
    return next((word for word in _KNOWN_TYPES if word in given), "another type")


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header, within 0 and MOST_RETRY_AFTER, or None where it says nothing readable.

    Read are seconds and an HTTP date (RFC 9110, section 10.2.3), and an ISO 8601 date-time, which Zoom sends.
    """
    text = (value or "").strip()[:64]
    try:
        seconds = float(text)
    except ValueError:
        moment = _moment(text)
        if moment is None:
            return None
        seconds = (moment - now).total_seconds()
    return None if math.isnan(seconds) else max(0.0, min(seconds, MOST_RETRY_AFTER))


def _moment(text: str) -> datetime | None:
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = parse(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None
