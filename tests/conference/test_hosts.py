"""A link may lead to any conferencing system, also in a company's own network, but to no metadata server."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conference import hosts
from conference.errors import InvalidConferenceData


@pytest.mark.parametrize(
    "host",
    [
        "meet.jit.si",
        "MEET.example.org",
        "meet",
        "meet.example.org.",
        "my_server.example",
        "xn--bcher-kva.example",
        "localhost",
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.20",
        "169.253.255.255",
        "169.255.0.0",
        "[::1]",
        "[fd12::1]",
        "[fec0::1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b:1::10.0.0.1]",
        "[64:ff9b:2::169.254.169.254]",
        "[fd00:ec2::1]",
        "[fd00:42::1]",
        "192.0.0.193",
        "a" * 63 + ".example",
        ".".join(["a" * 63] * 3 + ["a" * 61]),
    ],
)
def test_hosts_of_conferencing_systems_are_allowed(host: str) -> None:
    hosts.check(host)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.169.254.",
        "169.254.0.0",
        "169.254.255.255",
        "2852039166",
        "0xA9FEA9FE",
        "0251.0376.0251.0376",
        "0xa9.0xfe.0xa9.0xfe",
        "169.0xfe.43518",
        "169.16689662",
        "[fe80::1]",
        "[febf::1]",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[::169.254.169.254]",
        "[::ffff:0:169.254.169.254]",
        "[64:ff9b::169.254.169.254]",
        "[2002:a9fe:a9fe::1]",
        "[2001:0:c000:201:0:0:5601:5601]",
        "metadata.google.internal",
        "METADATA.google.INTERNAL.",
        "metadata",
        "168.63.129.16",
        "100.100.100.200",
        "[fd00:ec2::254]",
        "[fd20:ce::254]",
        "192.0.0.192",
        "[fd00:ec2::23]",
        "[fd00:c1::a9fe:a9fe]",
        "[fd00:42::42]",
        "[fd00:a9fe:a9fe::1]",
        "[fd00:100::100:200]",
        "[64:ff9b:1::169.254.169.254]",
        "[64:ff9b:1:fffe::168.63.129.16]",
    ],
)
def test_f12_link_local_and_metadata_hosts_are_refused_in_every_spelling(host: str) -> None:
    with pytest.raises(InvalidConferenceData) as refused:
        hosts.check(host)
    assert refused.value.reason == "uri-host"
    assert refused.value.detail in ("a link-local address", "a metadata server")


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        "a..b",
        "-a.example",
        "a b",
        "a%2eb",
        "\u0661.example",
        "1.2.3.4.5",
        "256.1.1.1",
        "4294967296",
        "1.2.3.256",
        "1.2.3.08",
        "a.1",
        "[::1",
        "[fe80::1%25eth0]",
        "[1.2.3.4]",
        "a" * 64 + ".example",
        ".".join(["a" * 63] * 4),
    ],
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(InvalidConferenceData, match="uri-host"):
        hosts.check(host)


@given(st.ip_addresses(v=4), st.sampled_from(["{}", "0x{:x}", "0{:o}"]))
def test_an_ipv4_address_is_judged_alike_however_it_is_spelt(address: ipaddress.IPv4Address, spelling: str) -> None:
    def allowed(host: str) -> bool:
        try:
            hosts.check(host)
        except InvalidConferenceData:
            return False
        return True

    number = int(address)
    parts = ".".join(spelling.format(part) for part in address.packed)
    assert allowed(str(address)) == allowed(spelling.format(number)) == allowed(parts) == allowed(f"[::ffff:{address}]")
    assert not (allowed(str(address)) and address.is_link_local)
