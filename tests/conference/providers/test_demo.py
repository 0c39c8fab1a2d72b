"""Demo rooms, against the simulator's own conferencing system: sign-in, series, phones and SIP."""

import random
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from conference.errors import AuthenticationRequired, CredentialsRefused, InvalidSetting, Temporary
from conference.event import Attendee
from conference.providers import demo, read_options
from simulator import ids
from simulator.server import Simulator
from tests import simulating
from tests.conference.providers.conftest import MakeCall
from tests.contracts.providers.conftest import new_attempt
from tests.contracts.providers.events import CHANGED, EVENT
from tests.contracts.providers.wire import Answer, Wire, says


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with simulating.simulator(randomness=random.Random(1)) as running:
        yield running


def test_the_published_keys_are_the_simulators() -> None:
    assert (demo.PUBLISHED_KEY, demo.SIGNED_OUT_KEY) == (ids.ROOMS_API_KEY, ids.ROOMS_API_KEY_SIGNED_OUT)


def test_everything_that_the_system_gives_is_an_entry_point(simulator: Simulator, make_call: MakeCall) -> None:
    conference = demo.create(EVENT, new_attempt(), make_call("demo", {"url": simulator.url}))

    room = simulator.rooms.get(conference.id)
    video, phone, sip = conference.entry_points
    assert (video.uri, video.passcode) == (room.join_url, room.passcode)
    assert phone.uri == f"tel:{room.phone['number']},,,{room.phone['pin']}%23"
    assert (phone.pin, phone.region_code) == (room.phone["pin"], "US")
    assert sip.uri == room.sip
    assert conference.host == room.host


def test_the_system_is_told_the_event(simulator: Simulator, make_call: MakeCall) -> None:
    attempt = new_attempt()
    conference = demo.create(EVENT, attempt, make_call("demo", {"url": simulator.url}))

    room = simulator.rooms.get(conference.id)
    assert (room.key, room.title, room.description) == (attempt, EVENT.summary, EVENT.description)
    assert (room.starts, room.ends, room.time_zone) == (
        "2031-03-14T15:00:00+01:00",
        "2031-03-14T16:30:00+01:00",
        "Europe/Zurich",
    )
    assert room.guests == tuple(attendee.email for attendee in EVENT.attendees)


def test_a_series_is_one_room_without_fixed_times(simulator: Simulator, make_call: MakeCall) -> None:
    conference = demo.create(CHANGED, new_attempt(), make_call("demo", {"url": simulator.url}))

    room = simulator.rooms.get(conference.id)
    assert (room.starts, room.ends) == (None, None)


def test_of_too_many_guests_the_first_are_told(simulator: Simulator, make_call: MakeCall) -> None:
    crowd = replace(EVENT, attendees=tuple(Attendee(f"guest{number}@example.org") for number in range(2000)))
    conference = demo.create(crowd, new_attempt(), make_call("demo", {"url": simulator.url}))

    assert len(simulator.rooms.get(conference.id).guests) == demo.MOST_GUESTS


def test_an_account_that_is_signed_out_is_sent_to_sign_in(simulator: Simulator, make_call: MakeCall) -> None:
    with pytest.raises(AuthenticationRequired) as required:
        demo.create(EVENT, new_attempt(), make_call("demo", {"url": simulator.url, "sign_in": True}))

    assert required.value.authentication_url.startswith(f"{simulator.url}/room-sign-in")
    assert required.value.authentication_url not in str(required.value)
    assert len(simulator.rooms) == 0


@pytest.mark.parametrize(
    "address",
    ["", "javascript:alert(1)", "http://169.254.169.254/", "https://a@evil.example/", "https://a/" + "b" * 1300],
)
def test_f12_a_hostile_address_to_sign_in_at_is_refused(address: str, wire: Wire, make_call: MakeCall) -> None:
    wire.spoil(says(Answer.json(401, {"code": "sign_in_required", "sign_in_url": address})))

    with pytest.raises(Temporary):
        demo.create(EVENT, new_attempt(), make_call("demo", {"url": wire.url}))


def test_a_wrong_key_is_ours_to_mend(simulator: Simulator, make_call: MakeCall) -> None:
    with pytest.raises(CredentialsRefused):
        demo.create(EVENT, new_attempt(), make_call("demo", {"url": simulator.url, "api_key": "wrong"}))


@pytest.mark.parametrize("url", ["", "rooms.example", "ftp://rooms.example", "https://rooms.example/?a"])
def test_an_address_that_makes_no_sense_is_refused(url: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        read_options("demo", {"url": url}, "[solutions.d]")
    assert refused.value.reason == "[solutions.d] url"
