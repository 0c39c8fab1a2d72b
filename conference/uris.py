"""A URI of an entry point is well-formed, has the scheme of its type, and leads guests nowhere it should not."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from conference import hosts, text
from conference.errors import InvalidConferenceData
from conference.limits import SCHEMES, EntryPointType

# RFC 3986, section 2: the characters of a URI.
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]*(?:%[0-9A-Fa-f]{2}[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]*)*")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,15}):")
_WEB = re.compile(r"https?://([^/?#]*)[^#]*(?:#[^#]*)?")
_AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]{0,5}))?")
# RFC 3966 and, as Google's sample has them, pauses and digits to dial after the number.
_TEL = re.compile(r"tel:\+?(?=(?:[^,;%]|%2.)*[0-9])(?:[0-9*.(),;-]|%23|%2[Aa])+(?:;[A-Za-z-]+=[A-Za-z0-9+*.()%-]+)*")
# RFC 3261, section 19.1.1, without the password that it advises against.
_SIP = re.compile(r"sips?:(?:[^@:\[\]#]+@)?(\[[^\]]*\]|[^:;?@/#\[\]]+)(?::([0-9]{1,5}))?(?:;[^?@#]*)?(?:\?[^@#]*)?")
_NEVER_IN_URI = re.compile(r"[\x00-\x20\x7f-\x9f\\\ud800-\udfff]|\s")
_KEEP = "-._~:/?#[]@!$&'()*+,;=%"
PAUSE: Final = ",,,"


def check(type: EntryPointType, uri: str, field: str = "uri") -> None:
    """Raise InvalidConferenceData unless `uri` may stand in an entry point of `type`; the scheme is lower-case.

    VIDEO and MORE: http or https with a host that `hosts.check` allows, and no user or password. PHONE: a tel: URI that
    may go on with pauses and digits, `#` written %23. SIP: sip: or sips: without a password.
    """
    text.check(field, uri, required=True)
    scheme = _SCHEME.match(uri)
    if scheme is None:
        raise InvalidConferenceData("uri-scheme", f"{type} without a scheme, {len(uri)} long")
    if scheme[1] not in SCHEMES[type]:
        raise InvalidConferenceData("uri-scheme", f"{type} with {scheme[1]}")
    if not _URI.fullmatch(uri):
        raise InvalidConferenceData("uri-characters", f"{len(uri)} long")
    _BY_TYPE[type](uri)


def check_web(uri: str, field: str = "uri") -> None:
    """Raise InvalidConferenceData unless `uri` is an http or https address that users may be sent to."""
    check("VIDEO", uri, field)


def _check_web(uri: str) -> None:
    web = _WEB.fullmatch(uri)
    if web is None:
        raise InvalidConferenceData("uri-form", f"{len(uri)} long")
    if "@" in web[1]:
        raise InvalidConferenceData("uri-credentials", "a user or password before the host")
    authority = _AUTHORITY.fullmatch(web[1])
    if authority is None:
        raise InvalidConferenceData("uri-host", "no host and port")
    _check_host(authority[1], authority[2])


def _check_tel(uri: str) -> None:
    if not _TEL.fullmatch(uri):
        raise InvalidConferenceData("uri-form", f"no dial string, {len(uri)} long")


def _check_sip(uri: str) -> None:
    sip = _SIP.fullmatch(uri)
    if sip is None:
        raise InvalidConferenceData("uri-form", f"no SIP address, {len(uri)} long")
    _check_host(sip[1], sip[2])


def _check_host(host: str, port: str | None) -> None:
    hosts.check(host)
    if port and int(port) > 65535:
        raise InvalidConferenceData("uri-host", "a port above 65535")


_BY_TYPE: Final[Mapping[EntryPointType, Callable[[str], None]]] = {
    "VIDEO": _check_web,
    "PHONE": _check_tel,
    "SIP": _check_sip,
    "MORE": _check_web,
}


def dial(number: str, *steps: str) -> str:
    """The tel: URI that calls `number` and then dials `steps`.

    dial("+1 (234) 567-8900", "123456789#") is "tel:+12345678900,,,123456789%23". Each step waits for three pauses
    unless it brings its own (it starts with `,` or `;`). `+`, `,`, `;`, `*` and digits stay, `#` becomes %23, because
    it would start a fragment; blanks and the signs `-.()/` that only help the eye go. Raises InvalidConferenceData.
    """
    sequence = _dialled(number)
    for step in map(_dialled, steps):
        if step:
            sequence += step if step[0] in ",;" else PAUSE + step
    uri = "tel:" + sequence.replace("#", "%23")
    check("PHONE", uri)
    return uri


def _dialled(part: str) -> str:
    return "".join(sign for sign in part.strip() if not (sign.isspace() or sign in "-.()/\u2010\u2011\u2013"))


def fitted(uri: str) -> str:
    """`uri` as a URI where it is only spelt otherwise: what remains wrong is for `check` to refuse.

    A scheme becomes lower-case, an internationalised address its ASCII form (RFC 3987, section 3.1; IDNA 2008), a
    blank in a telephone number goes and its `#` becomes %23. Controls, blanks and backslashes in an address stay and
    are refused: different programs read different hosts in them.
    """
    if not isinstance(uri, str):
        raise InvalidConferenceData("uri-type", f"{type(uri).__name__} where text is needed")
    uri = uri.strip()
    scheme, colon, rest = uri.partition(":")
    scheme = scheme.lower()
    if scheme == "tel":
        return scheme + colon + "".join(rest.split()).replace("#", "%23")
    if not rest.startswith("//") or _URI.fullmatch(uri) or _NEVER_IN_URI.search(uri):
        return scheme + colon + rest
    return scheme + colon + _ascii(rest)


def _ascii(rest: str) -> str:
    from urllib.parse import quote

    authority = re.split("[/?#]", rest.removeprefix("//"), maxsplit=1)[0]
    path = rest.removeprefix("//")[len(authority) :]
    return "//" + _ascii_host(authority) + quote(path, safe=_KEEP)


def _ascii_host(authority: str) -> str:
    if authority.isascii():
        return authority
    # requests brings it; Python's own codec is IDNA 2003, where some names mean another host than in browsers.
    import idna

    host, colon, port = authority.partition(":")
    try:
        return idna.encode(host, uts46=True).decode("ascii") + colon + port
    except idna.IDNAError:
        raise InvalidConferenceData("uri-host", "no internationalised host name") from None
