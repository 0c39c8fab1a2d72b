"""Jitsi with a key, from Calendar's menu to the door of the room: guests and hosts get the token that lets them in."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OctKey
from werkzeug.test import TestResponse

from tests.browsing import ENVIRONMENT, Browser
from tests.contracts.providers.harnesses.jitsi import keys, public_key
from tests.contracts.providers.prosody import AuthenticationFailed, Prosody, Seat
from tests.served import Function, serving
from tests.test_main_joining import enter, join_path
from tests.world import ADA, LOGO, MovedClock

SECRET = "canary-app-secret-of-enough-octets"
SHARED = {
    "provider": "jitsi",
    "name": "Our Jitsi",
    "logo": LOGO,
    "base_url": "https://meet.example.org",
    "issuer": "anyroom",
    "app_secret": "secret:jitsi-secret",
}
APP_ID = "vpaas-magic-cookie-1fc542a3e4414a44b2611668195e2bfe"
JAAS = {
    "provider": "jitsi",
    "name": "JaaS",
    "logo": LOGO,
    "base_url": "https://8x8.vc",
    "tenant": APP_ID,
    "issuer": "chat",
    "private_key": "secret:jaas-key",
    "key_id": f"{APP_ID}/4f4910",
}
Way = tuple[dict[str, Any], Prosody]
WAYS: dict[str, Way] = {
    "secret": (SHARED, Prosody("meet.example.org", "anyroom", {"": OctKey.import_key(SECRET)})),
    "key": (JAAS, Prosody("8x8.vc", "chat", {f"{APP_ID}/4f4910": public_key()}, "RS256")),
}


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture(params=list(WAYS))
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: MovedClock, way: Way) -> Iterator[Function]:
    signing = {"JITSI_SECRET": SECRET, "JAAS_KEY": keys()["canary-jitsi-key"]}
    with serving(tmp_path, monkeypatch, {"rooms": way[0]}, ENVIRONMENT | signing, clock) as function:
        yield function


def seat(response: TestResponse, prosody: Prosody, clock: MovedClock, later: timedelta = timedelta()) -> Seat:
    """What the deployment makes of who was sent there."""
    assert response.status_code == 303, response.text
    return prosody.enter(response.headers["Location"], (clock.now() + later).timestamp())


def test_guests_take_part_and_the_host_moderates(function: Function, clock: MovedClock, way: Way) -> None:
    path, guest, host = join_path(function, clock), Browser(function), Browser(function)

    as_guest = seat(enter(guest, path, "Gus Ünï <b>"), way[1], clock)
    assert (as_guest.role, as_guest.user["name"]) == ("participant", "Gus Ünï <b>")
    assert f"You are signed in as {ADA}, and host this meeting." in host.open(f"{path}?host=1").text
    as_host = seat(enter(host, path, "Ada", "host"), way[1], clock)
    assert (as_host.role, as_host.user["name"]) == ("moderator", "Ada")
    assert as_host.user["id"] != as_guest.user["id"]


def test_a_host_who_comes_again_is_the_same_to_jitsi(function: Function, clock: MovedClock, way: Way) -> None:
    path, host = join_path(function, clock), Browser(function)
    host.open(f"{path}?host=1")

    first, second = (seat(enter(host, path, "Ada", "host"), way[1], clock).user["id"] for _ in range(2))
    assert first == second


def test_a_token_ends_an_hour_after_the_event(function: Function, clock: MovedClock, way: Way) -> None:
    entered = enter(Browser(function), join_path(function, clock, timedelta(minutes=5)))

    assert seat(entered, way[1], clock, timedelta(minutes=124)).role == "participant"
    with pytest.raises(AuthenticationFailed):
        seat(entered, way[1], clock, timedelta(minutes=126))


def test_neither_token_nor_key_is_stored_or_logged(function: Function, clock: MovedClock) -> None:
    entered = enter(Browser(function), join_path(function, clock), "Gus Canary")

    told = function.log() + "".join(str(document.body) for document in function.stored())
    token = entered.headers["Location"].partition("?jwt=")[2]
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token)
    for private in (*token.split("."), SECRET, *keys()["canary-jitsi-key"].splitlines()[1:3], "Gus Canary"):
        assert private not in told
