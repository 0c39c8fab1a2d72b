"""Jitsi Meet with a key: everybody enters with a token of their own, which says who, where, and for how long."""

import json
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from joserfc.jwk import OctKey

from conference.errors import InvalidSetting, SecretUnavailable
from conference.providers import jitsi, read_options
from conference.providers.base import Known, Visitor
from tests.conference.providers.conftest import MakeCall
from tests.contracts.providers.events import EVENT, TITLE
from tests.contracts.providers.harnesses.jitsi import keys, public_key
from tests.contracts.providers.prosody import AuthenticationFailed, NotAllowed, Prosody, Seat
from tests.contracts.providers.wire import Answer, Wire

ATTEMPT = "abcdefghijklmnopqrstuvwx23"
KNOWN = Known(f"team-{ATTEMPT}", ATTEMPT)
NOW = datetime(2031, 3, 14, 13, 50, tzinfo=UTC)
HOST = Visitor("Ada", True, "v1", TITLE, NOW + timedelta(minutes=100))
GUEST = Visitor("Bob", False, "v2", TITLE, None)
LINK = "https://anyroom.example.org/join/canary"
SECRET = "canary-app-secret-of-enough-octets"
SHARED = {"base_url": "https://meet.example.org", "issuer": "anyroom", "app_secret": SECRET}
APP_ID = "vpaas-magic-cookie-1fc542a3e4414a44b2611668195e2bfe"
JAAS = {"base_url": "https://8x8.vc", "tenant": APP_ID, "issuer": "chat", "key_id": f"{APP_ID}/4f4910"}


def jaas(**more: Any) -> dict[str, Any]:
    return {**JAAS, "private_key": keys()["canary-jitsi-key"], **more}


def token(url: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims."""
    header, claims, _ = url.partition("?jwt=")[2].split(".")
    return decoded(header), decoded(claims)


def decoded(part: str) -> dict[str, Any]:
    read = json.loads(urlsafe_b64decode(part + "=="))
    assert isinstance(read, dict)
    return read


def prosody(lobby: str = "", **more: Any) -> Prosody:
    return Prosody("meet.example.org", "anyroom", {"": OctKey.import_key(SECRET)}, lobby=lobby, **more)


def test_a_host_s_token_says_just_that(make_call: MakeCall) -> None:
    url = jitsi.join(KNOWN, HOST, make_call("jitsi", SHARED, now=NOW))

    assert url.partition("?")[0] == f"https://meet.example.org/team-{ATTEMPT}"
    header, claims = token(url)
    assert header == {"alg": "HS256", "typ": "JWT"}
    assert claims == {
        "iss": "anyroom",
        "aud": "jitsi",
        "sub": "meet.example.org",
        "room": f"team-{ATTEMPT}",
        "iat": NOW.timestamp(),
        "nbf": NOW.timestamp() - 60,
        "exp": NOW.timestamp() + 160 * 60,
        "context": {"user": {"id": "v1", "name": "Ada", "moderator": "true"}},
    }


def test_a_guest_s_token_at_jaas_says_just_that(make_call: MakeCall) -> None:
    table = jaas(features=["recording", "livestreaming"], guest_features=["file-upload"])
    url = jitsi.join(KNOWN, GUEST, make_call("jitsi", table, now=NOW))

    assert url.partition("?")[0] == f"https://8x8.vc/{APP_ID}/team-{ATTEMPT}"
    header, claims = token(url)
    assert header == {"alg": "RS256", "kid": f"{APP_ID}/4f4910", "typ": "JWT"}
    assert claims == {
        "iss": "chat",
        "aud": "jitsi",
        "sub": APP_ID,
        "room": f"team-{ATTEMPT}",
        "iat": NOW.timestamp(),
        "nbf": NOW.timestamp() - 60,
        "exp": NOW.timestamp() + 60 * 60,
        "context": {
            "user": {"id": "v2", "name": "Bob", "moderator": "false"},
            "features": {"recording": "false", "livestreaming": "false", "file-upload": "true"},
        },
    }


@pytest.mark.parametrize(
    ("table", "host", "guest"),
    [
        ({"features": ["recording"]}, {"recording": "true"}, {"recording": "false"}),
        ({"guest_features": ["recording"]}, {"recording": "true"}, {"recording": "true"}),
        ({"features": ["recording"], "guest_features": ["recording"]}, {"recording": "true"}, {"recording": "true"}),
        ({}, None, None),
    ],
)
def test_a_host_may_use_what_everybody_may_too(
    table: dict[str, Any], host: dict[str, str] | None, guest: dict[str, str] | None, make_call: MakeCall
) -> None:
    call = make_call("jitsi", SHARED | table)

    assert [token(jitsi.join(KNOWN, one, call))[1]["context"].get("features") for one in (HOST, GUEST)] == [host, guest]


@pytest.mark.parametrize("base", ["https://meet.example.org:8443", "https://MEET.EXAMPLE.FOX"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_the_address_is_the_room_s(base: str, slash: str, make_call: MakeCall) -> None:
    url = jitsi.join(KNOWN, HOST, make_call("jitsi", SHARED | {"base_url": base + slash}))

    assert url.partition("?")[0] == f"{base}/team-{ATTEMPT}"


@pytest.mark.parametrize(
    ("more", "subject"),
    [
        ({}, "meet.example.org"),
        ({"base_url": "https://Meet.Example.org:8443/"}, "meet.example.org"),
        ({"tenant": "acme"}, "acme"),
        ({"subject": "meet.jitsi"}, "meet.jitsi"),
        ({"tenant": "acme", "subject": "*"}, "*"),
    ],
)
def test_the_subject_is_the_tenant_or_the_host_unless_it_is_set(
    more: dict[str, str], subject: str, make_call: MakeCall
) -> None:
    _, claims = token(jitsi.join(KNOWN, HOST, make_call("jitsi", SHARED | more)))

    assert claims["sub"] == subject


@pytest.mark.parametrize(
    ("until", "minutes", "lasts"),
    [
        (None, 60, 60),
        (timedelta(hours=2), 60, 180),
        (timedelta(hours=2), 5, 125),
        (timedelta(hours=-2), 60, 60),
        (timedelta(hours=23, minutes=30), 60, 24 * 60),
        (timedelta(days=7), 60, 24 * 60),
        (None, 1440, 24 * 60),
    ],
)
def test_a_token_lasts_until_some_time_after_the_end_and_a_day_at_most(
    until: timedelta | None, minutes: int, lasts: int, make_call: MakeCall
) -> None:
    visitor = Visitor("Ada", False, "v1", TITLE, NOW + until if until is not None else None)
    call = make_call("jitsi", SHARED | {"token_minutes": minutes}, now=NOW)

    url = jitsi.join(KNOWN, visitor, call)

    begins, ends = NOW.timestamp() - 60, NOW.timestamp() + lasts * 60
    assert prosody().enter(url, begins).role == prosody().enter(url, ends - 1).role == "participant"
    for too in (begins - 1, ends):
        with pytest.raises(AuthenticationFailed, match="Not acceptable by"):
            prosody().enter(url, too)


def enters(table: dict[str, Any], visitor: Visitor, where: Prosody, make_call: MakeCall) -> Seat:
    return where.enter(jitsi.join(KNOWN, visitor, make_call("jitsi", table, now=NOW)), NOW.timestamp())


def test_a_tenant_s_token_is_good_for_its_own_rooms_only(make_call: MakeCall) -> None:
    url = jitsi.join(KNOWN, HOST, make_call("jitsi", SHARED | {"tenant": "acme"}, now=NOW))

    assert prosody().enter(url, NOW.timestamp()).role == "moderator"
    for elsewhere in (url.replace("/acme/", "/other/"), url.replace("/acme/", "/")):
        with pytest.raises(NotAllowed):
            prosody().enter(elsewhere, NOW.timestamp())


@pytest.mark.parametrize("plugins", ["token_lobby_ondemand", "lobby_autostart"])
def test_guests_knock_where_there_is_a_lobby_and_a_host_never_does(plugins: str, make_call: MakeCall) -> None:
    where = prosody(plugins)
    table = SHARED | {"lobby": True}

    for visitor, role in ((GUEST, "none"), (HOST, "moderator"), (GUEST, "none"), (HOST, "moderator")):
        assert enters(table, visitor, where, make_call).role == role


def test_without_the_option_nobody_is_sent_to_a_lobby(make_call: MakeCall) -> None:
    where = prosody("token_lobby_ondemand")

    assert [enters(SHARED, one, where, make_call).role for one in (GUEST, HOST)] == ["participant", "moderator"]


def test_a_deployment_without_a_lobby_lets_guests_in_all_the_same(make_call: MakeCall) -> None:
    assert enters(SHARED | {"lobby": True}, GUEST, prosody(), make_call).role == "participant"


def named(name: str, make_call: MakeCall) -> str | None:
    user = enters(SHARED, Visitor(name, False, "v", TITLE, None), prosody(), make_call).user
    return user.get("name")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ('Zoë "Z" O\'Neil </nick>', 'Zoë "Z" O\'Neil </nick>'),
        ("\U0001f469\u200d\U0001f680", "\U0001f469\u200d\U0001f680"),
        ("Ada\r\nLovelace\t\x00\x1b[1m", "Ada Lovelace [1m"),
        ("half a \ud83d", "half a"),
        ("\ufffe\uffff\x85", None),
        ("  ", None),
        ("", None),
    ],
)
def test_a_name_is_shown_as_typed_but_for_what_no_presence_can_carry(
    typed: str, shown: str | None, make_call: MakeCall
) -> None:
    assert named(typed, make_call) == shown


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(codec=None), max_size=100))
@example("\ud800\udc00")
@example("\\u0000\"'{}")
def test_any_name_makes_a_token_that_is_taken_and_a_presence_that_is_xml(make_call: MakeCall, name: str) -> None:
    shown = named(name, make_call) or ""

    assert ElementTree.fromstring(f"<nick>{escape(shown)}</nick>").text == (shown or None)
    assert len(shown) <= len(name)
    assert [letter for letter in name if letter.isalnum()] == [letter for letter in shown if letter.isalnum()]


def test_the_longest_name_still_makes_an_address_that_servers_take(make_call: MakeCall) -> None:
    visitor = Visitor("\U0001f469" * 100, True, "v" * 64, TITLE, None)

    assert len(jitsi.join(KNOWN, visitor, make_call("jitsi", jaas(lobby=True)))) < 2048


def test_with_a_key_calendar_has_the_join_page_and_telephones_are_the_room_s(wire: Wire, make_call: MakeCall) -> None:
    room = f"{ATTEMPT}@conference.meet.example.org"
    code = Answer.json(200, {"message": "ok", "id": 1234567, "conference": room})
    numbers = Answer.json(200, [{"formattedNumber": "+1 202-555-0123"}])
    wire.system = lambda asked: numbers if asked.path == "/numbers" else code
    phones = {"dial_in_numbers_url": f"{wire.url}/numbers", "dial_in_code_url": f"{wire.url}/code"}

    conference = jitsi.create(EVENT, ATTEMPT, make_call("jitsi", SHARED | phones, link=LINK))

    assert [(point.type, point.uri) for point in conference.entry_points] == [
        ("VIDEO", LINK),
        ("PHONE", "tel:+12025550123,,,1234567%23"),
    ]
    [asked] = [one.query for one in wire.asked if one.path == "/code"]
    assert urlsplit(asked["url"])[:3] == ("https", "meet.example.org", f"/{ATTEMPT}")


def test_a_key_that_cannot_sign_is_found_when_a_conference_is_made_and_when_somebody_enters(
    make_call: MakeCall,
) -> None:
    call = make_call("jitsi", jaas(private_key="canary, no PEM"), link=LINK)

    for use in (lambda: jitsi.create(EVENT, ATTEMPT, call), lambda: jitsi.join(KNOWN, HOST, call)):
        with pytest.raises(SecretUnavailable) as failure:
            use()
        assert (failure.value.reason, "canary" in str(failure.value)) == ("private-key", False)
        assert failure.value.detail.startswith("the secret of private_key must be ")


def test_the_public_half_checks_what_the_private_half_signed(make_call: MakeCall) -> None:
    url = jitsi.join(KNOWN, HOST, make_call("jitsi", jaas(), now=NOW))

    where = Prosody("8x8.vc", "chat", {JAAS["key_id"]: public_key()}, "RS256")
    assert where.enter(url, NOW.timestamp()).role == "moderator"
    with pytest.raises(AuthenticationFailed):
        Prosody("8x8.vc", "chat", {"another": public_key()}, "RS256").enter(url, NOW.timestamp())


def test_only_with_a_key_are_visitors_sent_on_from_our_page() -> None:
    joins = [jitsi.declare(read_options("jitsi", table)).joins for table in ({}, SHARED, jaas())]

    assert joins == [False, True, True]


@pytest.mark.parametrize(
    ("table", "field"),
    [
        *(({name: "x"}, name) for name in ("issuer", "key_id", "subject")),
        ({"lobby": True}, "lobby"),
        ({"features": ["recording"]}, "features"),
        ({"guest_features": ["recording"]}, "guest_features"),
        (SHARED | {"issuer": ""}, "issuer"),
        (SHARED | {"audience": ""}, "audience"),
        (SHARED | {"private_key": "x", "key_id": "x"}, "private_key"),
        (SHARED | {"key_id": "x"}, "key_id"),
        (JAAS | {"private_key": "x", "key_id": ""}, "key_id"),
        (JAAS | {"private_key": "x", "key_id": "a b"}, "key_id"),
        (JAAS | {"private_key": "x", "key_id": "x" * 201}, "key_id"),
        (SHARED | {"base_url": "https://meet.jit.si/"}, "base_url"),
        (SHARED | {"token_minutes": 0}, "token_minutes"),
        (SHARED | {"token_minutes": 1441}, "token_minutes"),
        (SHARED | {"features": ["Recording"]}, "features[0]"),
        (SHARED | {"features": "recording"}, "features"),
    ],
)
def test_options_that_make_no_sense_are_refused(table: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        read_options("jitsi", table, "[solutions.j]")
    assert refused.value.reason == f"[solutions.j] {field}"
    assert SECRET not in str(refused.value)
