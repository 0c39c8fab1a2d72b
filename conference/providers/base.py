"""What a provider is: a module that declares a PROVIDER and answers in plain functions.

    PROVIDER: Provider
    def create(event: Event, attempt: str, call: Call) -> Conference
    def update(known: Known, changes: Changes, call: Call) -> None        # when PROVIDER.updates is not empty
    def delete(known: Known, call: Call) -> None                          # when PROVIDER.deletes
    def find(attempt: str, call: Call) -> Conference | None               # when PROVIDER.idempotency is "searchable"
    def rooms(call: Call) -> list[Marked]                                 # when the system lists what has our marker
    def join(known: Known, visitor: Visitor, call: Call) -> str           # when PROVIDER.joins
    def account(call: Call) -> Account                                    # when PROVIDER.oauth is there
    def webhook(hook: Hook, secret: Secret) -> Notice                     # when the system tells us of its own accord
    def declare(options: Options) -> Provider                             # when PROVIDER depends on the settings

Tokens, deadlines, retries, redaction and claims are inherited: a provider asks through `call` and never imports
another provider, the store, Flask or Google.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, Protocol, TypeVar

import msgspec

from conference import hosts
from conference.data import EntryPoint
from conference.errors import ConferenceFailure, InvalidConferenceData, OutcomeUnknown, Temporary
from conference.event import Event

T = TypeVar("T")

MOST_BODY = 1 << 20
"""Bytes of body that a reply may have unless its request says otherwise."""

FRESH = 300.0
"""Seconds by which a signed call's own time may differ from ours, either way."""

_PORTS = {"http": 80, "https": 443}
_URL = re.compile(r"(https?)://([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?([/?][!$-\[\]-~]*)?")


def origin(url: str) -> str:
    """Scheme, host and port of an absolute URL, lower-case, the port always there: `https://meet.example.org:443`.

    Raises ValueError for anything that two parsers could read differently: a user, a backslash, a fragment, a blank, a
    character that is not ASCII.
    """
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError("must be http:// or https://, a host and perhaps a port and a path, in ASCII")
    scheme, host, port = match[1], match[2].lower(), int(match[3] or _PORTS[match[1]])
    if not 0 < port < 65536:
        raise ValueError("must have a port between 1 and 65535")
    return f"{scheme}://{host}:{port}"


def check_address(option: str, url: str) -> None:
    """Raise ValueError, which names the option, unless `origin` takes the URL and `hosts.check` its host."""
    try:
        hosts.check(origin(url).partition("://")[2].rpartition(":")[0])
    except InvalidConferenceData as error:
        raise ValueError(f"{option}: must lead elsewhere, its host is {error.detail}") from error
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from error


Idempotency = Literal["chosen", "keyed", "searchable", "none"]
EventField = Literal["summary", "description", "start", "end", "recurrence", "attendees"]


class NoOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For a provider that has nothing to set."""


class Limits(msgspec.Struct, frozen=True):
    """The most characters that the system takes; longer text is shortened on a grapheme boundary before `create`.

    A description is plain text by then, whatever HTML Calendar has.
    """

    summary: int | None = None
    description: int | None = None


class Request(msgspec.Struct, frozen=True):
    """One HTTP request to the conferencing system. `json` or `form` is the body; `url` is absolute and already quoted.

    `seconds` is the most that this exchange may take; without it, what the whole call has left. `most` is how many
    bytes of body the reply may have, after decompression. `fresh` is whether it wants a connection of its own, which
    nothing that came before can have ended. `safe` says that it changes nothing whatever its method (RFC 9110, section
    9.2.1), as one for an access token.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    url: str
    json: Any = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    seconds: float | None = None
    most: int = MOST_BODY
    fresh: bool = False
    safe: bool = False


class Reply(msgspec.Struct, frozen=True):
    """What came back, its body already decompressed. `headers` are asked for in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON. Raises as `read` does."""
        return self.read(Any)

    def read(self, type: type[T] | Any) -> T | Any:
        """The body as JSON of that msgspec type.

        Raises "malformed-reply" when it is none: OutcomeUnknown after a status of success, because the system has
        probably acted, else Temporary.
        """
        try:
            return msgspec.json.decode(self.body, type=type)
        except (ValueError, RecursionError):
            failure = OutcomeUnknown if 200 <= self.status < 300 else Temporary
            raise failure("malformed-reply", f"HTTP {self.status}, {len(self.body)} unreadable bytes") from None


class OAuth(msgspec.Struct, frozen=True, kw_only=True):
    """The OAuth 2.0 server behind a system, as RFC 6749 names its parts. All of it is read from the solution's options,
    which have a `client_id` and a `client_secret`.

    `authorize` is where a user signs in, `token` where codes and refresh tokens are exchanged, `revoke` where a token
    is given back, "" where there is no such place. `scopes` are asked for; a user who grants fewer is not connected.
    `client` is how we prove ourselves at the token endpoint: by a header ("basic") or in the form ("post"). `more` goes
    along with the authorization request. `account` is the form of the grant by which the account itself gets a token,
    None where each user connects.

    `issuer` is what a callback's `iss` must say where it has one (RFC 9207), "" where that is not known, as with all
    four systems so far: none documents an `iss` in what its users come back with. Zoom's guides name no issuer.
    Webex's metadata says https://idbroker-b-us.webex.com/idb, and its webfinger another host for other users. Entra's
    holds a {tenantid} for the tenants that many share, and no authorization_response_iss_parameter_supported. GoTo's
    says https://identity.goto.com, for a server that has another name too. A wrong guess would turn everybody away;
    against a mix-up each solution has a redirect of its own, and a state that is good there only (RFC 9700, section
    4.4.2). Google does send one when it signs a visitor in: conference/connect.py compares it.
    """

    authorize: Callable[[Any], str]
    token: Callable[[Any], str]
    revoke: Callable[[Any], str] = lambda options: ""
    scopes: Callable[[Any], tuple[str, ...]]
    issuer: Callable[[Any], str] = lambda options: ""
    client: Literal["basic", "post"] = "post"
    more: Mapping[str, str] = msgspec.field(default_factory=dict)
    account: Callable[[Any], Mapping[str, str] | None] = lambda options: None


Code = int | str
ErrorTable = Mapping[Code, type[ConferenceFailure]]


class Provider(msgspec.Struct, frozen=True):
    """What a provider declares about the system behind it.

    `options` is the msgspec.Struct of its settings (text written `secret:NAME` is resolved by `call.secret`). With
    `authentication` "oauth", which `oauth` describes, `call` sends the access token along and replaces one that is
    refused: with a CredentialsRefused of the table too.
    `hosts` names, from the options, what `call` may reach, as `origin` writes it. `idempotency`: "chosen" (we choose
    the id), "keyed" (the system takes our key), "searchable" (`find` knows our attempts) or "none". `updates` are the
    event fields that the system can follow. `joins`: the link of each visitor is made at the click, and `create` gives
    Calendar `call.link`, our own join page. `lacks` names functions of the file that this solution cannot have.
    `errors` maps an HTTP status or the system's own code to a failure, over the common table; `error_code` reads the
    system's own code from a reply, None where it has none.
    """

    name: str
    authentication: Literal["none", "secrets", "oauth"]
    idempotency: Idempotency
    options: type[msgspec.Struct] = NoOptions
    hosts: Callable[[Any], tuple[str, ...]] = lambda options: ()
    updates: frozenset[EventField] = frozenset()
    deletes: bool = False
    outlives_event: bool = False
    joins: bool = False
    lacks: frozenset[Literal["find", "rooms", "webhook"]] = frozenset()
    limits: Limits = Limits()
    errors: ErrorTable = msgspec.field(default_factory=dict)
    error_code: Callable[[Reply], Code | None] = lambda reply: None
    oauth: OAuth | None = None


class Conference(msgspec.Struct, frozen=True):
    """What a provider made: its id there (at most 512 characters), how to enter, and what guests should read.

    `host` is the address of the account that it was made with, where the system names one.
    """

    id: str
    entry_points: tuple[EntryPoint, ...]
    notes: str = ""
    host: str = ""


class Marked(msgspec.Struct, frozen=True):
    """A conference that carries our marker, as a list shows it: the attempt that it was made under, and its id."""

    attempt: str
    id: str


class Known(msgspec.Struct, frozen=True):
    """A conference made earlier: its id, the attempt it was made under, the account."""

    id: str
    attempt: str
    account: str = ""


class Changes(msgspec.Struct, frozen=True):
    """What differs from what the provider was last told: the event as it is now, and the fields that changed."""

    event: Event
    fields: frozenset[EventField]


class Visitor(msgspec.Struct, frozen=True):
    """Who enters by our join page: the name that they gave, and whether they have proved to be the host.

    `id` is the same for one visitor who comes again, and says nothing of them. `summary` is the title of the event and
    `until` when what is on then is over, None where that is not known.
    """

    name: str
    host: bool
    id: str
    summary: str
    until: datetime | None


class Account(msgspec.Struct, frozen=True):
    """Whose access token it is: the system's own id of the user, by which its webhooks name them, and their address."""

    id: str
    address: str = ""


class Hook(msgspec.Struct, frozen=True):
    """A webhook call as it came in. The names of `headers` are lower-case; `options` are the solution's."""

    headers: Mapping[str, str]
    body: bytes
    options: Any
    now: datetime


class Notice(msgspec.Struct, frozen=True):
    """What a webhook call says, once it is proved: nothing of interest, that a user has taken our access away, or that
    a conference was deleted. `id` is the user's or the conference's there, `since` when it happened where that is said,
    `reply` what the call is answered with.
    """

    kind: Literal["nothing", "deauthorised", "deleted"] = "nothing"
    id: str = ""
    since: datetime | None = None
    reply: Mapping[str, Any] | None = None


Secret = Callable[[str], str]
"""The value behind a text written `secret:NAME`, or the text itself. Raises SecretUnavailable, Temporary."""


class Call(Protocol):
    """One bounded HTTP exchange at a time, with the solution's options and secrets at hand."""

    @property
    def options(self) -> Any:
        """The provider's own `Options` of this solution."""

    @property
    def host(self) -> str:
        """The address of who is to host the conference, where the account itself makes it; "" where a user does."""

    @property
    def link(self) -> str:
        """The address of our own join page for this conference; "" unless the provider `joins`."""

    def now(self) -> datetime:
        """The time, in UTC."""

    def secret(self, reference: str) -> str:
        """The value behind `secret:NAME`, or the text itself. Raises SecretUnavailable."""

    def note(self, reason: str) -> None:
        """Have a short word logged and counted about something that went wrong without failing the call."""

    def __call__(self, request: Request, accept: frozenset[Code] = frozenset()) -> Reply:
        """Send and return the reply, unless its status or code stands in the error table and not in `accept`.

        Raises Temporary when nothing was sent, OutcomeUnknown when the request may have been acted on, Permanent for a
        host that is not declared, else what the table says.
        """
