"""The doctor asks each system whether it takes our credentials, and makes nothing there."""

from collections.abc import Iterator

import pytest

from simulator import faults, ids
from tests.contracts.providers.bbb import SECRET, BigBlueButton
from tests.contracts.providers.wire import Wire
from tests.doctor_place import Place
from tests.world import LOGO

REDIRECT = "http://localhost:8080/oauth/callback"
EACH = pytest.mark.parametrize("vendor", ["zoom", "webex", "teams", "goto"])


@EACH
def test_a_client_that_the_vendor_takes_is_well_and_its_redirect_is_told(healthy: Place, vendor: str) -> None:
    [line] = [line for line in healthy.about(f"solution {vendor}") if "webhooks" not in line]
    assert line.startswith(
        f"ok       solution {vendor}: takes our client; register there the redirect URL {REDIRECT}/{vendor} and the"
        " scopes "
    )


@EACH
def test_a_client_that_the_vendor_refuses_is_found(healthy: Place, vendor: str) -> None:
    healthy.environment[f"{vendor.upper()}_CLIENT"] = "canary-other"
    [line] = [line for line in healthy.about(f"solution {vendor}") if "webhooks" not in line]
    assert line.startswith(f"problem  solution {vendor}: our credentials were refused (token-refused: ")
    assert line.endswith(f"; put the ones that the system has into [solutions.{vendor}] and its secrets")


def account(healthy: Place, **more: str) -> None:
    client, healthy.environment["ZOOM_CLIENT"] = ids.OAUTH_CLIENTS["zoom-account"]
    healthy.solutions["zoom"] |= {"client_id": client, "account_id": ids.ZOOM_ACCOUNT, **more}


def zoom(healthy: Place) -> str:
    [line] = [line for line in healthy.about("solution zoom") if "webhooks" not in line]
    return line


def test_an_account_s_token_can_be_had_and_is_taken(healthy: Place) -> None:
    account(healthy)
    assert zoom(healthy) == "ok       solution zoom: the account's token can be had, and is taken"


def test_an_account_that_is_refused_is_found(healthy: Place) -> None:
    account(healthy, account_id="another")
    assert zoom(healthy) == (
        "problem  solution zoom: the request was refused (token-refused: the token endpoint answered 400"
        " invalid_request); compare [solutions.zoom] with what is registered there"
    )


def test_an_account_s_token_that_is_not_taken_is_found(healthy: Place) -> None:
    account(healthy)
    healthy.simulator.faults.add(faults.status(401, b"{}"), path="/zoom/v2/users/me", times=None)
    assert zoom(healthy) == (
        "problem  solution zoom: our credentials were refused (token-refused: the system does not take the token that"
        " it has just given); put the ones that the system has into [solutions.zoom] and its secrets"
    )


def test_scopes_that_an_account_lacks_are_named(healthy: Place) -> None:
    account(healthy, scopes="user:read:user recording:read:recording")
    assert zoom(healthy) == (
        "warning  solution zoom: the account's token lacks the scopes recording:read:recording; add them to the"
        " application"
    )


def test_a_system_with_a_key_is_asked_for_a_conference_that_it_does_not_have(healthy: Place) -> None:
    assert healthy.about("solution rooms") == ["ok       solution rooms: answers, and takes our credentials"]
    assert healthy.simulator.rooms.having(None) == []
    healthy.environment["ROOMS"] = "canary-other"
    assert healthy.about("solution rooms") == [
        (
            "problem  solution rooms: our credentials were refused (demo-unauthorized: HTTP 401, 60 bytes of"
            " json); put the"
            " ones that the system has into [solutions.rooms] and its secrets"
        )
    ]


def test_a_system_whose_user_is_signed_out_is_well(healthy: Place) -> None:
    healthy.environment["ROOMS"] = ids.ROOMS_API_KEY_SIGNED_OUT
    assert healthy.about("solution rooms") == ["ok       solution rooms: answers, and asks the user to sign in"]


def test_a_system_that_is_down_is_asked_once_and_said_so(healthy: Place) -> None:
    healthy.simulator.faults.add(faults.status(503, b"{}"), path="/rooms-api/v1/rooms", times=None)
    assert healthy.about("solution rooms") == [
        "problem  solution rooms: demo-503: HTTP 503, 2 bytes of json; it may pass, so try again in a minute"
    ]


def test_a_host_without_an_address_is_named(healthy: Place) -> None:
    healthy.solutions["rooms"]["url"] = "http://rooms.invalid"
    assert healthy.about("solution rooms") == [
        "problem  solution rooms: rooms.invalid has no address; check its spelling, and the DNS of this network"
    ]


def test_a_solution_that_asks_nobody_is_well(healthy: Place) -> None:
    logo = healthy.solutions["rooms"]["logo"]
    healthy.solutions = {"meet": {"provider": "jitsi", "name": "Meet", "logo": logo}}
    assert healthy.about("solution meet") == ["ok       solution meet: asks no system, so there is nothing to check"]


def test_where_webhooks_are_proved_their_address_is_told(healthy: Place) -> None:
    told = "ok       solution zoom: register http://localhost:8080/webhooks/zoom there for its webhooks"
    assert told in healthy.lines()
    del healthy.solutions["zoom"]["webhook_secret"]
    assert told not in healthy.lines()


@pytest.fixture
def bigbluebutton(healthy: Place) -> Iterator[Place]:
    """A solution that is entered by our page, and whose system is asked nothing before somebody enters."""
    with Wire(BigBlueButton()).running() as wire:
        table = {"provider": "bigbluebutton", "name": "BBB", "logo": LOGO, "url": f"{wire.url}/bigbluebutton/"}
        healthy.solutions["bbb"] = {**table, "secret": "secret:bbb"}
        healthy.environment["BBB"] = SECRET
        yield healthy


def test_a_system_that_is_entered_by_our_page_shows_whether_it_takes_our_secret(bigbluebutton: Place) -> None:
    assert bigbluebutton.about("solution bbb") == ["ok       solution bbb: answers, and takes our credentials"]
    bigbluebutton.environment["BBB"] = "canary-other"
    [line] = bigbluebutton.about("solution bbb")
    assert line.startswith("problem  solution bbb: our credentials were refused (")


@pytest.mark.parametrize(
    ("missing", "about", "said"),
    [
        ("ANYROOM_KEYS", "ANYROOM_KEYS", "no keys, but join links of bbb are to be sealed; make a key with: "),
        ("ANYROOM_SIGNIN", "sign-in", "ANYROOM_SIGNIN names no client, but hosts are to sign in for bbb; put "),
    ],
)
def test_what_a_join_page_needs_is_said(bigbluebutton: Place, missing: str, about: str, said: str) -> None:
    bigbluebutton.solutions = {"bbb": bigbluebutton.solutions["bbb"]}
    del bigbluebutton.environment[missing]
    [line] = [line for line in bigbluebutton.about(about) if said in line]
    assert line.startswith(f"problem  {about}: {said}")


def test_a_key_that_only_signs_is_tried(healthy: Place) -> None:
    table = {"provider": "jitsi", "name": "Jitsi", "logo": LOGO, "base_url": "https://localhost", "issuer": "anyroom"}
    healthy.solutions["meet"] = {**table, "app_secret": "secret:meet"}
    healthy.environment["MEET"] = "canary-app-secret-of-enough-octets"
    assert healthy.about("solution meet") == [
        "ok       solution meet: its key signs; it shows only with a visitor whether the system takes what it signs"
    ]
    del healthy.environment["MEET"]
    [line] = healthy.about("solution meet")
    assert line.startswith("problem  solution meet: ")
