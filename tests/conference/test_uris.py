"""Only well-formed URIs of the right scheme pass, dial strings survive whole, and no refusal repeats the URI."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conference import uris
from conference.errors import InvalidConferenceData
from conference.limits import LONGEST, EntryPointType
from conference.text import utf16_length

SAMPLE = "tel:+12345678900,,,123456789;1234"
"""The sample of the Calendar API's reference for entryPoints[].uri."""


@pytest.mark.parametrize(
    ("entry_type", "uri"),
    [
        ("VIDEO", "https://meet.jit.si/Room-1"),
        ("VIDEO", "http://127.0.0.1:8090/rooms/1?a=b&c[]=%7B%7D#config.x=1"),
        ("VIDEO", "https://teams.example/l/meetup-join/19%3ameeting_x@thread.v2/0"),
        ("MORE", "https://[::1]:8443"),
        ("PHONE", SAMPLE),
        ("PHONE", "tel:+12345678900,,,123456789%23"),
        ("PHONE", "tel:+1-234-567-8900;ext=12"),
        ("PHONE", "tel:8900;phone-context=+1-234"),
        ("PHONE", "tel:*31%230301234567"),
        ("PHONE", "tel:+1.234.(567).8900,,*12%23,,,,*34%23"),
        ("SIP", "sip:123456789.4321@sip.example.com"),
        ("SIP", "sips:room@sip.example.com:5061;transport=tls?subject=x"),
        ("SIP", "sip:+12345678900;phone-context=x@gw.example.com"),
    ],
)
def test_what_conferencing_systems_give_is_allowed(entry_type: EntryPointType, uri: str) -> None:
    uris.check(entry_type, uri)
    assert uris.fitted(uri) == uri


@pytest.mark.parametrize(
    ("entry_type", "uri", "reason"),
    [
        ("VIDEO", "", "uri-missing"),
        ("VIDEO", "meet.jit.si/room", "uri-scheme"),
        ("VIDEO", "javascript:alert(1)", "uri-scheme"),
        ("VIDEO", "data:text/html,x", "uri-scheme"),
        ("VIDEO", "HTTPS://meet.jit.si/room", "uri-scheme"),
        ("VIDEO", "tel:+1234", "uri-scheme"),
        ("VIDEO", "https:/meet.jit.si", "uri-form"),
        ("VIDEO", "https:meet.jit.si", "uri-form"),
        ("VIDEO", "https:///room", "uri-host"),
        ("VIDEO", "https://meet.jit.si:65536/", "uri-host"),
        ("VIDEO", "https://meet.jit.si:x/", "uri-host"),
        ("VIDEO", "https://169.254.169.254/latest", "uri-host"),
        ("VIDEO", "https://%31%36%39.254.169.254/", "uri-host"),
        ("VIDEO", "https://user:hunter2@meet.jit.si/", "uri-credentials"),
        ("VIDEO", "https://meet.jit.si@evil.example/", "uri-credentials"),
        ("VIDEO", "https://meet.jit.si\\@evil.example/", "uri-characters"),
        ("VIDEO", "https://meet.jit.si/a b", "uri-characters"),
        ("VIDEO", "https://meet.jit.si/a\nb", "uri-characters"),
        ("VIDEO", "https://meet.jit.si/%zz", "uri-characters"),
        ("VIDEO", 'https://meet.jit.si/"x"', "uri-characters"),
        ("VIDEO", "https://b\u00fccher.example/", "uri-characters"),
        ("VIDEO", "https://meet.jit.si/#a#b", "uri-form"),
        ("MORE", "ftp://example.org/", "uri-scheme"),
        ("MORE", "https://user@example.org/", "uri-credentials"),
        ("PHONE", "+12345678900", "uri-scheme"),
        ("PHONE", "tel:", "uri-form"),
        ("PHONE", "tel:,,,1234", "uri-form"),
        ("PHONE", "tel:+1234#", "uri-form"),
        ("PHONE", "tel:+1234,,+5", "uri-form"),
        ("PHONE", "tel:CALL-NOW", "uri-form"),
        ("PHONE", "tel:+1 234", "uri-characters"),
        ("SIP", "tel:+1234", "uri-scheme"),
        ("SIP", "sip:", "uri-form"),
        ("SIP", "sip:room:hunter2@example.com", "uri-form"),
        ("SIP", "sip:room@", "uri-form"),
        ("SIP", "sip:room@[fe80::1]", "uri-host"),
        ("SIP", "sip:room@example.com:99999", "uri-host"),
    ],
)
def test_f12_anything_else_is_refused_without_being_repeated(entry_type: EntryPointType, uri: str, reason: str) -> None:
    with pytest.raises(InvalidConferenceData) as refused:
        uris.check(entry_type, uri)
    assert refused.value.reason == reason
    assert "hunter2" not in str(refused.value)
    assert not uri or uri not in str(refused.value)


@pytest.mark.parametrize(
    ("number", "steps", "uri"),
    [
        ("+12345678900", ["123456789#"], "tel:+12345678900,,,123456789%23"),
        ("+12345678900", ["123456789", ";1234"], SAMPLE),
        ("+1 (234) 567-8900", ["123 456 789#"], "tel:+12345678900,,,123456789%23"),
        ("+1234", [",,55#", ",,,,*77#"], "tel:+1234,,55%23,,,,*77%23"),
        ("030 / 1234 56", [], "tel:030123456"),
        ("+1234", ["", "5#"], "tel:+1234,,,5%23"),
    ],
)
def test_dial_strings_survive(number: str, steps: list[str], uri: str) -> None:
    assert uris.dial(number, *steps) == uri


@pytest.mark.parametrize("number", ["", "++1", "1-800-FLOWERS", "+1234@x", "+\u0661\u0662"])
def test_what_cannot_be_dialled_is_refused(number: str) -> None:
    with pytest.raises(InvalidConferenceData):
        uris.dial(number)


@given(st.text("0123456789*#,; -.()", max_size=40))
def test_dial_keeps_every_key_and_pause(step: str) -> None:
    keys = "".join(key for key in step if key in "0123456789*#,;")
    dialled = uris.dial("+1234", step).removeprefix("tel:+1234").replace("%23", "#")
    assert dialled in (keys, uris.PAUSE + keys)


@pytest.mark.parametrize(
    ("given_uri", "uri"),
    [
        ("  HTTPS://meet.jit.si/R ", "https://meet.jit.si/R"),
        ("https://meet.jit.si/Caf\u00e9 ", "https://meet.jit.si/Caf%C3%A9"),
        ("https://meet.jit.si/a%20|b", "https://meet.jit.si/a%20%7Cb"),
        ("https://b\u00fccher.example:8443/?q=\u00e4", "https://xn--bcher-kva.example:8443/?q=%C3%A4"),
        ("https://stra\u00dfe.example/", "https://xn--strae-oqa.example/"),
        ("tel:+1 234 567,,,89#", "tel:+1234567,,,89%23"),
        ("SIP:room@example.com", "sip:room@example.com"),
    ],
)
def test_a_uri_that_is_only_spelt_otherwise_is_made_to_fit(given_uri: str, uri: str) -> None:
    assert uris.fitted(given_uri) == uri


@pytest.mark.parametrize(
    "hostile",
    [
        "https://\uff11\uff16\uff19.254.169.254/",
        "https://169\u3002254\u3002169\u3002254/",
        "https://meet.jit.si\\@evil.example/\u00e9",
        "https://us\u00e9r@example.org/",
        "https://example.org/\u2003x",
        "https://example.org/\ud800",
        "https://\u00e9..example/",
    ],
)
def test_f12_fitting_opens_no_way_around_the_rules(hostile: str) -> None:
    with pytest.raises(InvalidConferenceData):
        uris.check("VIDEO", uris.fitted(hostile))


@pytest.mark.parametrize(
    ("entry_type", "start"), [("VIDEO", "https://a.example/"), ("PHONE", "tel:+1"), ("SIP", "sip:a@b.example;x=")]
)
def test_f12_a_uri_may_be_1300_long_and_no_longer(entry_type: EntryPointType, start: str) -> None:
    longest = start.ljust(LONGEST["uri"], "1")
    uris.check(entry_type, longest)
    with pytest.raises(InvalidConferenceData, match="uri-too-long: 1301 of"):
        uris.check(entry_type, longest + "1")


@given(
    st.text(st.characters(codec=None, exclude_categories=()), max_size=30),
    st.sampled_from(["", "https://", "https://a.example/", "http:", "tel:", "tel:+1", "sip:", "sip:a@"]),
    st.sampled_from(["VIDEO", "PHONE", "SIP", "MORE"]),
)
def test_any_text_is_refused_or_a_plain_ascii_uri(rest: str, start: str, entry_type: EntryPointType) -> None:
    try:
        uri = uris.fitted(start + rest)
        uris.check(entry_type, uri)
    except InvalidConferenceData:
        return
    assert uri.isascii()
    assert uri.isprintable()
    assert " " not in uri
    assert utf16_length(uri) <= LONGEST["uri"]
    assert uris.fitted(uri) == uri
