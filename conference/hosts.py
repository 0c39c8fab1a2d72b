"""Which hosts may stand in a link that guests are sent to: no link-local address and no metadata server, however spelt.

Loopback and private addresses are allowed, because companies run their conferencing systems on them.
"""

import re
from typing import Final

from conference.errors import InvalidConferenceData

# The metadata servers of Google Cloud, Amazon EC2 and EKS, Azure ("WireServer"), Alibaba Cloud, Oracle Cloud, Scaleway
# and Akamai, from their documentation and cloud-init's. Most have a link-local address besides.
METADATA_NAMES: Final = frozenset(
    ("metadata", "metadata.goog", "metadata.google.internal", "instance-data", "instance-data.ec2.internal")
)
METADATA_IPV4: Final = frozenset((0x646464C8, 0xA83F8110, 0xC00000C0))
METADATA_IPV6: Final = frozenset(
    (
        0xFD000EC2 << 96 | 0x254,
        0xFD000EC2 << 96 | 0x23,
        0xFD2000CE << 96 | 0x254,
        0xFD0000C1 << 96 | 0xA9FEA9FE,
        0xFD000042 << 96 | 0x42,
        0xFD00A9FEA9FE << 80 | 0x1,
        0xFD000100 << 96 | 0x1000200,
    )
)

# Networks whose last 32 bits are an IPv4 address: compatible, mapped, translated (RFC 2765) and NAT64 (RFC 6052).
_IPV4_INSIDE = frozenset((0, 0xFFFF, 0xFFFF0000, 0x0064FF9B << 64))

# Where a network translates IPv4 for itself (RFC 8215), with the prefix of 96 bits that is usual.
_LOCAL_NAT64 = 0x0064FF9B0001

_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def check(host: str) -> None:
    """Raise InvalidConferenceData("uri-host") unless `host` (a name, an IPv4 address or [IPv6]) may be linked to."""
    host = host.lower()
    if host.startswith("["):
        _check_ipv6(host)
        return
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise InvalidConferenceData("uri-host", f"no host name, {len(host)} long")
    host = host.removesuffix(".")
    if host in METADATA_NAMES:
        raise InvalidConferenceData("uri-host", "a metadata server")
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        _check_ipv4(_ipv4(labels))


def _ipv4(labels: list[str]) -> int:
    """The address as browsers read it (WHATWG URL, "IPv4 parser"): one to four decimal, octal or hexadecimal parts."""
    try:
        parts = [_part(label) for label in labels]
    except ValueError:
        raise InvalidConferenceData("uri-host", "ends in a number and is no address") from None
    *leading, last = parts
    if len(parts) > 4 or any(part > 255 for part in leading) or last >= 256 ** (5 - len(parts)):
        raise InvalidConferenceData("uri-host", "a number that is no address")
    return last + sum(part << (24 - 8 * place) for place, part in enumerate(leading))


def _part(label: str) -> int:
    if not _NUMBER.fullmatch(label):
        raise ValueError
    if label.startswith("0x"):
        return int(label[2:] or "0", 16)
    return int(label, 8 if label.startswith("0") else 10)


def _check_ipv4(address: int) -> None:
    if address >> 16 == 0xA9FE:
        raise InvalidConferenceData("uri-host", "a link-local address")
    if address in METADATA_IPV4:
        raise InvalidConferenceData("uri-host", "a metadata server")


def _check_ipv6(host: str) -> None:
    import ipaddress

    try:
        if not host.endswith("]") or "%" in host:
            raise ValueError
        address = ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        raise InvalidConferenceData("uri-host", "no IPv6 address") from None
    if address.is_link_local:
        raise InvalidConferenceData("uri-host", "a link-local address")
    value = int(address)
    if value in METADATA_IPV6:
        raise InvalidConferenceData("uri-host", "a metadata server")
    if value >> 32 in _IPV4_INSIDE or value >> 80 == _LOCAL_NAT64:
        _check_ipv4(value & 0xFFFFFFFF)
    if address.sixtofour:
        _check_ipv4(int(address.sixtofour))
    if address.teredo:
        _check_ipv4(int(address.teredo[1]))
