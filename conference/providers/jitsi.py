"""Jitsi Meet, public, self-hosted or as 8x8's service (JaaS): the link is the room, or with a key our join page.

A deployment that wants a token of everybody, as JaaS does, is given one at the click: who that is, whether they
moderate, for that room and for as long as it is on. Nothing is asked of it but its telephones, where it has some.

Sources: the Jitsi handbook; jitsi-meet's `uri` (names in [a-z0-9-] reach the server unchanged) and `_utils`, and the
specification of the Jitsi cloud API, for the two dial-in endpoints; lib-jitsi-meet's document on tokens, how Prosody
with the plugins of Jitsi was seen to take them, and 8x8's on the Jitsi JWT; the plugins of jitsi-contrib for the lobby.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

import msgspec

from conference import jwt
from conference.data import EntryPoint, Feature, dial
from conference.errors import ConferenceFailure, InvalidConferenceData, SecretUnavailable, Temporary
from conference.event import Event
from conference.providers.base import (
    Call,
    Conference,
    Known,
    Provider,
    Request,
    Visitor,
    check_address,
    origin,
)

MOST_NUMBERS = 5
"""Calendar shows two of them; the others are there for guests who look into the event."""
DIAL_IN_SECONDS = 4.0
"""A telephone number is not worth a longer wait for the room."""
LONGEST = timedelta(days=1)
"""No token is good for longer: it stands in the address that a browser remembers."""
SKEW = timedelta(minutes=1)
"""How far behind ours the deployment's clock may be: it takes no token from the future."""

_PUBLIC = "https://meet.jit.si"
_PLAIN = re.compile(r"[a-z0-9-]+")
_KEY_ID = re.compile(r"[!-~]{1,200}")
_NOT_IN_XML = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_ONLY_IN_TOKENS = ("issuer", "key_id", "subject", "lobby", "features", "guest_features")

FeatureName = Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z0-9-]{0,63}\Z")]


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`base_url` is scheme and host of the deployment; `tenant` its path before the room, if it has tenants.

    `room_prefix` stands before the unguessable part of each room's name. The two dial-in addresses are those that the
    deployment's config.js calls dialInNumbersUrl and dialInConfCodeUrl. In `muc_domain`, {host} is the deployment's
    host; with a tenant the default is conference.TENANT.{host}.

    With `app_secret`, or with `private_key` (RSA, in PEM) and the `key_id` of its public half, everybody enters with a
    token: `issuer`, `audience` and `subject` are its iss, aud and sub, the last one the tenant or the host by default.
    It is good for `token_minutes` after the end of what is on. With `lobby` guests knock, where the deployment has
    token_lobby_ondemand or lobby_autostart with token_lobby_bypass. `features` are what hosts may use and
    `guest_features` what everybody may; without both the tokens say nothing of features.
    """

    base_url: str = _PUBLIC
    tenant: str = ""
    room_prefix: str = ""
    dial_in_numbers_url: str = ""
    dial_in_code_url: str = ""
    muc_domain: str = ""
    issuer: str = ""
    app_secret: str = ""
    private_key: str = ""
    key_id: str = ""
    audience: str = "jitsi"
    subject: str = ""
    token_minutes: Annotated[int, msgspec.Meta(ge=1, le=1440)] = 60
    lobby: bool = False
    features: tuple[FeatureName, ...] = ()
    guest_features: tuple[FeatureName, ...] = ()

    def __post_init__(self) -> None:
        check_address("base_url", self.base_url)
        if urlsplit(self.base_url).path.strip("/") or "?" in self.base_url:
            raise ValueError("base_url: must be scheme and host only; what stands before the room goes into tenant")
        for field in ("tenant", "room_prefix"):
            if (value := getattr(self, field)) and not _PLAIN.fullmatch(value):
                raise ValueError(f"{field}: may have lower-case letters, digits and hyphens only")
        if len(self.room_prefix) > 64:
            raise ValueError("room_prefix: may have at most 64 characters")
        if bool(self.dial_in_numbers_url) != bool(self.dial_in_code_url):
            missing = "dial_in_numbers_url" if self.dial_in_code_url else "dial_in_code_url"
            raise ValueError(f"{missing}: is missing; dial-in needs both addresses")
        for field in ("dial_in_numbers_url", "dial_in_code_url"):
            if value := getattr(self, field):
                check_address(field, value)
        if self.muc_domain and not re.fullmatch(r"[a-z0-9.-]+", self.muc_domain.replace("{host}", "host")):
            raise ValueError("muc_domain: must be a domain; {host} stands for the deployment's host")
        self._check_tokens()

    def _check_tokens(self) -> None:
        if not self.has_key:
            for field in _ONLY_IN_TOKENS:
                if getattr(self, field):
                    raise ValueError(f"{field}: needs app_secret or private_key, which sign the tokens that it is for")
            return
        if self.app_secret and self.private_key:
            raise ValueError("private_key: cannot go with app_secret; one of them signs")
        if bool(self.private_key) != bool(self.key_id):
            raise ValueError(
                "key_id: is missing; it tells the deployment which public key to check with"
                if self.private_key
                else "key_id: goes with private_key only"
            )
        if self.key_id and not _KEY_ID.fullmatch(self.key_id):
            raise ValueError("key_id: may have at most 200 characters of ASCII, and no blanks")
        for field in ("issuer", "audience"):
            if not getattr(self, field):
                raise ValueError(f"{field}: is missing; the deployment takes no token without it")
        if origin(self.base_url) == origin(_PUBLIC):
            raise ValueError("base_url: must be your own deployment's; meet.jit.si takes no tokens but its own")

    @property
    def has_key(self) -> bool:
        """Whether everybody enters with a token of ours."""
        return bool(self.app_secret or self.private_key)


def _hosts(options: Options) -> tuple[str, ...]:
    return tuple(origin(url) for url in (options.dial_in_numbers_url, options.dial_in_code_url) if url)


PROVIDER = Provider(
    name="jitsi",
    authentication="none",
    idempotency="chosen",
    options=Options,
    hosts=_hosts,
)


def declare(options: Options) -> Provider:
    """With a key the link of each visitor is made at the click."""
    return msgspec.structs.replace(PROVIDER, joins=options.has_key)


class _Number(msgspec.Struct, rename="camel"):
    formatted_number: str
    country_code: str | None = None
    toll_free: bool | None = None
    default: bool | None = None


class _NumbersByCountry(msgspec.Struct, rename="camel"):
    """The older form of the reply, still served by jitsi.org's own mapper."""

    numbers: dict[str, list[str]]
    numbers_enabled: bool = True


class _Code(msgspec.Struct):
    id: Annotated[int, msgspec.Meta(gt=0)] | None = None
    conference: str | bool = False


def create(event: Event, attempt: str, call: Call) -> Conference:
    """The room named after the attempt, never after the event's title; telephones where there are some.

    Raises SecretUnavailable here already when no token could be signed at the click.
    """
    options: Options = call.options
    room = options.room_prefix + attempt
    address = _address(room, options)
    if options.has_key:
        _signed({}, call)
    link = call.link if options.has_key else address
    return Conference(room, (EntryPoint("VIDEO", link), *_phones(room, address, call)))


def join(known: Known, visitor: Visitor, call: Call) -> str:
    """The room's address with a token for this visitor. Raises SecretUnavailable."""
    # A token is of base64url and dots: nothing in it would have to be quoted.
    return f"{_address(known.id, call.options)}?jwt={_signed(_claims(known.id, visitor, call), call)}"


def _address(room: str, options: Options) -> str:
    path = f"{options.tenant}/{room}" if options.tenant else room
    return f"{options.base_url.rstrip('/')}/{path}"


def _signed(claims: Mapping[str, Any], call: Call) -> str:
    options: Options = call.options
    if options.app_secret:
        return jwt.with_secret(claims, call.secret(options.app_secret))
    try:
        return jwt.with_key(claims, call.secret(options.private_key), options.key_id)
    except ValueError as error:
        raise SecretUnavailable("private-key", f"the secret of private_key {error}") from None


def _claims(room: str, visitor: Visitor, call: Call) -> dict[str, Any]:
    """Who the visitor is and what they may do, there and for that long; no address, and nothing of the event."""
    options: Options = call.options
    now = call.now()
    context: dict[str, Any] = {"user": _user(visitor, options)}
    if options.features or options.guest_features:
        context["features"] = _features(visitor, options)
    return {
        "iss": options.issuer,
        "aud": options.audience,
        "sub": options.subject or options.tenant or _host(options),
        "room": room,
        "iat": int(now.timestamp()),
        "nbf": int((now - SKEW).timestamp()),
        "exp": int(_end(visitor, now, options).timestamp()),
        "context": context,
    }


def _end(visitor: Visitor, now: datetime, options: Options) -> datetime:
    """Who loses the connection comes back with the same token, so it lasts as long as what is on, and a while."""
    over = max(now, visitor.until or now)
    return min(over + timedelta(minutes=options.token_minutes), now + LONGEST)


def _user(visitor: Visitor, options: Options) -> dict[str, str | bool]:
    """Texts, as Prosody writes them into the visitor's presence; but the lobby's plugins read nothing but `true`."""
    user: dict[str, str | bool] = {"id": visitor.id, "moderator": "true" if visitor.host else "false"}
    if name := " ".join(_NOT_IN_XML.sub(" ", visitor.name).split()):
        user["name"] = name
    if options.lobby:
        user["lobby_bypass" if visitor.host else "lobby"] = True
    return user


def _features(visitor: Visitor, options: Options) -> dict[str, str]:
    may = {*options.guest_features, *(options.features if visitor.host else ())}
    return {name: "true" if name in may else "false" for name in (*options.features, *options.guest_features)}


def _phones(room: str, address: str, call: Call) -> tuple[EntryPoint, ...]:
    """The telephones; a failure there does not cost the user the room, it is noted."""
    options: Options = call.options
    if not options.dial_in_numbers_url:
        return ()
    from concurrent.futures import ThreadPoolExecutor

    conference = f"{room}@{_muc_domain(options)}"
    asked = _with_query(options.dial_in_numbers_url, {"conference": conference})
    mapped = _with_query(options.dial_in_code_url, {"conference": conference, "url": address})
    try:
        with ThreadPoolExecutor(1) as beside:
            numbers = beside.submit(_numbers, asked, call)
            pin = _pin(mapped, call)
        return tuple(_entry_points(numbers.result(), pin, call))[:MOST_NUMBERS]
    except ConferenceFailure as failure:
        call.note(f"jitsi-dial-in-{failure.reason}")
        return ()


def _muc_domain(options: Options) -> str:
    tenant = f"{options.tenant}." if options.tenant else ""
    return (options.muc_domain or f"conference.{tenant}{{host}}").replace("{host}", _host(options))


def _host(options: Options) -> str:
    return urlsplit(options.base_url).hostname or ""


def _with_query(url: str, query: dict[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"


def _numbers(url: str, call: Call) -> list[_Number]:
    """The deployment's numbers, the default one first."""
    reply = call(Request("GET", url, seconds=DIAL_IN_SECONDS))
    if reply.body.lstrip()[:1] == b"[":
        return sorted(reply.read(list[_Number]), key=lambda number: not number.default)
    by_country = reply.read(_NumbersByCountry)
    if not by_country.numbers_enabled:
        return []
    return [_Number(number, country) for country, numbers in by_country.numbers.items() for number in numbers]


def _pin(url: str, call: Call) -> str:
    """The PIN of the room, which the mapper makes when it is asked for the first time."""
    code = call(Request("GET", url, seconds=DIAL_IN_SECONDS)).read(_Code)
    if code.id is None or not code.conference:
        raise Temporary("no-code", "the mapper knows no code for the room")
    return str(code.id)


def _entry_points(numbers: list[_Number], pin: str, call: Call) -> Iterator[EntryPoint]:
    for number in numbers:
        features: dict[bool | None, tuple[Feature, ...]] = {True: ("TOLL_FREE",), False: ("TOLL",), None: ()}
        try:
            yield EntryPoint.fitted(
                "PHONE",
                dial(number.formatted_number, f"{pin}#"),
                label=number.formatted_number,
                pin=pin,
                region_code=number.country_code,
                features=features[number.toll_free],
            )
        except InvalidConferenceData:
            call.note("jitsi-dial-in-odd-number")
