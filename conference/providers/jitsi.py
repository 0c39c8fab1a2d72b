"""Jitsi Meet, public or self-hosted: the link is the room, and nothing is sent unless the deployment has telephones.

Sources: the Jitsi handbook; jitsi-meet's `uri` (names in [a-z0-9-] reach the server unchanged) and `_utils`, and the
specification of the Jitsi cloud API, for the two dial-in endpoints.
"""

import re
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlencode, urlsplit

import msgspec

from conference.data import EntryPoint, Feature, dial
from conference.errors import ConferenceFailure, InvalidConferenceData, Temporary
from conference.event import Event
from conference.providers.base import Call, Conference, Provider, Request, check_address, origin

MOST_NUMBERS = 5
"""Calendar shows two of them; the others are there for guests who look into the event."""
DIAL_IN_SECONDS = 4.0
"""A telephone number is not worth a longer wait for the room."""

_PLAIN = re.compile(r"[a-z0-9-]+")


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`base_url` is scheme and host of the deployment; `tenant` its path before the room, if it has tenants.

    `room_prefix` stands before the unguessable part of each room's name. The two dial-in addresses are those that the
    deployment's config.js calls dialInNumbersUrl and dialInConfCodeUrl. In `muc_domain`, {host} is the deployment's
    host; with a tenant the default is conference.TENANT.{host}.
    """

    base_url: str = "https://meet.jit.si"
    tenant: str = ""
    room_prefix: str = ""
    dial_in_numbers_url: str = ""
    dial_in_code_url: str = ""
    muc_domain: str = ""

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


def _hosts(options: Options) -> tuple[str, ...]:
    return tuple(origin(url) for url in (options.dial_in_numbers_url, options.dial_in_code_url) if url)


PROVIDER = Provider(
    name="jitsi",
    authentication="none",
    idempotency="chosen",
    options=Options,
    hosts=_hosts,
)


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
    """The room named after the attempt, never after the event's title; telephones where there are some."""
    options: Options = call.options
    room = options.room_prefix + attempt
    path = f"{options.tenant}/{room}" if options.tenant else room
    link = f"{options.base_url.rstrip('/')}/{path}"
    return Conference(room, (EntryPoint("VIDEO", link), *_phones(room, link, call)))


def _phones(room: str, link: str, call: Call) -> tuple[EntryPoint, ...]:
    """The telephones; a failure there does not cost the user the room, it is noted."""
    options: Options = call.options
    if not options.dial_in_numbers_url:
        return ()
    from concurrent.futures import ThreadPoolExecutor

    conference = f"{room}@{_muc_domain(options)}"
    asked = _with_query(options.dial_in_numbers_url, {"conference": conference})
    mapped = _with_query(options.dial_in_code_url, {"conference": conference, "url": link})
    try:
        with ThreadPoolExecutor(1) as beside:
            numbers = beside.submit(_numbers, asked, call)
            pin = _pin(mapped, call)
        return tuple(_entry_points(numbers.result(), pin, call))[:MOST_NUMBERS]
    except ConferenceFailure as failure:
        call.note(f"jitsi-dial-in-{failure.reason}")
        return ()


def _muc_domain(options: Options) -> str:
    host = urlsplit(options.base_url).hostname or ""
    tenant = f"{options.tenant}." if options.tenant else ""
    return (options.muc_domain or f"conference.{tenant}{{host}}").replace("{host}", host)


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
