"""Zoom: what it is told, what becomes of its replies, and whose meeting it is."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from conference.errors import (
    ConferenceFailure,
    CredentialsRefused,
    InvalidSetting,
    Permanent,
    PermissionDenied,
    SolutionForbidden,
    Temporary,
)
from conference.event import Event
from conference.http import HttpCall
from conference.providers import load, read_options, zoom
from conference.providers.base import Changes, Conference, EventField, Known, Marked
from tests.conference.providers.conftest import MakeCall
from tests.contracts.providers.conftest import new_attempt
from tests.contracts.providers.events import CHANGED, DESCRIPTION, EVENT, GUEST, TITLE
from tests.contracts.providers.harnesses.zoom import OTHER, USER, harness
from tests.contracts.providers.wire import Answer, Wire, changes, says

ATTEMPT = "k7p3attempt"
SETTINGS = {
    "use_pmi": False,
    "email_notification": False,
    "registrants_confirmation_email": False,
    "registrants_email_notification": False,
    "push_change_to_calendar": False,
}
ACCOUNT = {"account_id": "acc0unt"}
STRANGER = "stranger@zoom.example"

Connect = Callable[..., HttpCall]


@pytest.fixture
def connect(wire: Wire, make_call: MakeCall) -> Connect:
    """A call of the one Zoom of this test: a user's, or with `account` the account's for `host`."""
    systems = {
        account: harness(wire.url, caller="" if account else USER, host="", options={}, page=2)
        for account in (False, True)
    }

    def make(host: str = "", account: bool = False, default_host: str = "", **options: Any) -> HttpCall:
        wire.system = systems[account].system
        table = {**systems[account].table, **(ACCOUNT if account else {}), "host": default_host, **options}
        return make_call("zoom", table, host=host)

    return make


def told(wire: Wire) -> Any:
    """The body of the last request."""
    return wire.asked[-1].json()


def paths(wire: Wire) -> list[str]:
    return [unquote(asked.path).removeprefix("/zoom/v2") for asked in wire.asked]


def test_a_meeting_is_scheduled_at_its_moment_and_shown_in_its_zone(wire: Wire, connect: Connect) -> None:
    zoom.create(EVENT, ATTEMPT, connect())

    assert told(wire) == {
        "topic": TITLE,
        "agenda": f"[anyroom k7p3attempt]\n\n{DESCRIPTION}",
        "type": 2,
        "start_time": "2031-03-14T14:00:00Z",
        "duration": 90,
        "timezone": "Europe/Zurich",
        "settings": SETTINGS,
    }


def test_a_series_is_a_meeting_without_times(wire: Wire, connect: Connect) -> None:
    zoom.create(CHANGED, ATTEMPT, connect())

    assert told(wire) == {
        "topic": CHANGED.summary,
        "agenda": f"[anyroom k7p3attempt]\n\n{CHANGED.description}",
        "type": 3,
        "settings": SETTINGS,
    }


def test_an_event_without_a_description_has_the_marker_alone(wire: Wire, connect: Connect) -> None:
    zoom.create(replace(EVENT, description=""), ATTEMPT, connect())

    assert told(wire)["agenda"] == "[anyroom k7p3attempt]"


def test_no_guest_is_told_to_zoom(wire: Wire, connect: Connect) -> None:
    zoom.create(EVENT, ATTEMPT, connect())

    assert GUEST.encode() not in wire.asked[-1].body


@pytest.mark.parametrize("value", [True, False])
def test_what_the_options_say_is_set(wire: Wire, connect: Connect, value: bool) -> None:
    zoom.create(EVENT, ATTEMPT, connect(passcode=value, waiting_room=value, join_before_host=value))

    assert told(wire)["default_password"] is value
    assert told(wire)["settings"] == {**SETTINGS, "waiting_room": value, "join_before_host": value}


ZURICH = ZoneInfo("Europe/Zurich")
LENGTHS = {
    "the clocks go forward": (datetime(2031, 3, 30, 1, tzinfo=ZURICH), datetime(2031, 3, 30, 4, tzinfo=ZURICH), 120),
    "the clocks go back": (datetime(2031, 10, 26, 1, tzinfo=ZURICH), datetime(2031, 10, 26, 4, tzinfo=ZURICH), 240),
    "no time at all": (EVENT.start, EVENT.start, 1),
    "half a minute over": (EVENT.start, EVENT.start + timedelta(minutes=5, seconds=30), 6),
    "a whole day of 25 hours": (datetime(2031, 10, 26, tzinfo=ZURICH), datetime(2031, 10, 27, tzinfo=ZURICH), 1440),
    "a week": (EVENT.start, EVENT.start + timedelta(days=7), 1440),
}


@pytest.mark.parametrize(("start", "end", "minutes"), LENGTHS.values(), ids=LENGTHS)
def test_the_duration_is_the_time_that_passes(
    wire: Wire, connect: Connect, start: datetime, end: datetime, minutes: int
) -> None:
    zoom.create(replace(EVENT, start=start, end=end), ATTEMPT, connect())

    assert told(wire)["duration"] == minutes


def test_a_zone_that_was_guessed_is_not_told(wire: Wire, connect: Connect) -> None:
    zoom.create(replace(EVENT, zone="Etc/GMT-1", zone_guessed=True), ATTEMPT, connect())

    assert told(wire)["timezone"] == "UTC"


TIMES = {"type": 2, "start_time": "2031-03-14T14:00:00Z", "duration": 90, "timezone": "Europe/Zurich"}
TOLD: Mapping[str, tuple[Event, set[EventField], Mapping[str, Any]]] = {
    "renamed": (EVENT, {"summary"}, {"topic": TITLE}),
    "described": (EVENT, {"description"}, {"agenda": f"[anyroom k7p3attempt]\n\n{DESCRIPTION}"}),
    "moved": (EVENT, {"start"}, TIMES),
    "longer": (EVENT, {"end"}, TIMES),
    "no series any more": (EVENT, {"recurrence"}, TIMES),
    "a series from now on": (CHANGED, {"recurrence", "start"}, {"type": 3}),
    "a renamed series that moved": (CHANGED, {"summary", "start", "end"}, {"topic": CHANGED.summary}),
}


@pytest.mark.parametrize(("event", "fields", "body"), TOLD.values(), ids=TOLD)
def test_only_what_changed_is_told(
    wire: Wire, connect: Connect, event: Event, fields: set[EventField], body: Mapping[str, Any]
) -> None:
    made = zoom.create(EVENT, ATTEMPT, connect())

    zoom.update(Known(made.id, ATTEMPT), Changes(event, frozenset(fields)), connect())

    assert (wire.asked[-1].method, paths(wire)[-1]) == ("PATCH", f"/meetings/{made.id}")
    assert told(wire) == body


def test_a_series_that_moves_is_nothing_to_tell(wire: Wire, connect: Connect) -> None:
    made = zoom.create(CHANGED, ATTEMPT, connect())

    zoom.update(Known(made.id, ATTEMPT), Changes(CHANGED, frozenset({"start", "end"})), connect())

    assert len(wire.asked) == 1


def test_every_way_in_is_an_entry_point(connect: Connect) -> None:
    conference = zoom.create(EVENT, ATTEMPT, connect())

    video, new_york, free, london, sip = conference.entry_points
    number, code = conference.id, video.passcode
    assert len(number) == 11
    assert len(code) == 6
    assert video.uri.startswith(f"https://zoom.example/j/{number}?pwd=")
    assert new_york.uri == f"tel:+12025550123,,{number}%23,,,,*{code}%23"
    assert [point.label for point in (new_york, free)] == ["+1 2025550123 (New York)", "+1 8005550199"]
    assert [point.region_code for point in (new_york, free, london)] == ["US", "US", "GB"]
    assert [point.features for point in (new_york, free, london)] == [("TOLL",), ("TOLL_FREE",), ("TOLL",)]
    assert sip.uri == f"sip:{number}.{code}@zoomcrc.com"
    for point in conference.entry_points:
        assert (point.meeting_code, point.passcode) == (number, code)
    assert (conference.host, conference.notes) == (USER, "")


def test_without_a_passcode_the_meeting_is_dialled_alone(connect: Connect) -> None:
    conference = zoom.create(EVENT, ATTEMPT, connect(passcode=False))

    video, phone, *others = conference.entry_points
    assert (video.passcode, phone.uri) == ("", f"tel:+12025550123,,{conference.id}%23")
    assert "SIP" not in [point.type for point in others]


def test_an_account_without_room_systems_has_no_sip(connect: Connect) -> None:
    conference = zoom.create(EVENT, ATTEMPT, connect(sip_domain=""))

    assert {point.type for point in conference.entry_points} == {"VIDEO", "PHONE"}


def test_a_number_that_cannot_be_dialled_is_left_out_and_noted(wire: Wire, connect: Connect) -> None:
    def spoilt(reply: Any) -> Any:
        reply["settings"]["global_dial_in_numbers"][0]["number"] = "ask the host"
        return reply

    call = connect()
    wire.spoil(changes(spoilt))
    conference = zoom.create(EVENT, ATTEMPT, call)

    assert [point.region_code for point in conference.entry_points if point.type == "PHONE"] == ["US", "GB"]
    assert call.notes == ["zoom-number-unreadable"]


def test_a_reply_with_the_link_alone_is_a_conference(wire: Wire, connect: Connect) -> None:
    call = connect()
    wire.spoil(says(Answer.json(201, {"id": 98765432101, "join_url": "https://zoom.example/j/98765432101"})))

    conference = zoom.create(EVENT, ATTEMPT, call)
    assert [point.type for point in conference.entry_points] == ["VIDEO"]
    assert (conference.id, conference.host) == ("98765432101", "")


def test_a_user_s_own_connection_makes_the_user_s_meeting(wire: Wire, connect: Connect) -> None:
    zoom.create(EVENT, ATTEMPT, connect())

    assert paths(wire) == ["/users/me/meetings"]


def test_the_account_makes_a_meeting_of_whoever_is_to_host(wire: Wire, connect: Connect) -> None:
    conference = zoom.create(EVENT, ATTEMPT, connect(USER, True))

    assert paths(wire) == [f"/users/{USER}/meetings"]
    assert conference.host == USER


def test_who_is_no_user_of_the_account_may_not_use_it(connect: Connect) -> None:
    with pytest.raises(SolutionForbidden):
        zoom.create(EVENT, ATTEMPT, connect(STRANGER, True))


def test_a_host_who_is_nobody_at_zoom_is_asked_for_once(wire: Wire, connect: Connect) -> None:
    with pytest.raises(SolutionForbidden):
        zoom.create(EVENT, ATTEMPT, connect(STRANGER, True, STRANGER))

    assert paths(wire) == [f"/users/{STRANGER}/meetings"]


def test_who_is_a_user_hosts_whoever_the_default_is(wire: Wire, connect: Connect) -> None:
    conference = zoom.create(EVENT, ATTEMPT, connect(OTHER, True, USER))

    assert paths(wire) == [f"/users/{OTHER}/meetings"]
    assert conference.host == OTHER


def test_for_who_is_no_user_the_default_host_makes_it(wire: Wire, connect: Connect) -> None:
    conference = zoom.create(EVENT, ATTEMPT, connect(STRANGER, True, USER))

    assert paths(wire) == [f"/users/{STRANGER}/meetings", f"/users/{USER}/meetings"]
    assert conference.host == USER


def test_what_the_default_host_made_is_found(connect: Connect) -> None:
    made = zoom.create(EVENT, ATTEMPT, connect(STRANGER, True, USER))

    assert zoom.find(ATTEMPT, connect(STRANGER, True, USER)) == made


def test_an_address_cannot_leave_its_place_in_the_url(wire: Wire, connect: Connect) -> None:
    with pytest.raises(ConferenceFailure):
        zoom.create(EVENT, ATTEMPT, connect("a/../me?x=#@zoom.example", True))

    assert wire.asked[-1].target == "/zoom/v2/users/a%2F..%2Fme%3Fx%3D%23@zoom.example/meetings"


@pytest.mark.parametrize("event", [EVENT, CHANGED], ids=["single", "series"])
def test_a_meeting_is_found_on_whichever_page_it_is(wire: Wire, connect: Connect, event: Event) -> None:
    made = [zoom.create(event, f"{number}{new_attempt()}", connect()) for number in range(4)]
    sought = zoom.create(replace(event, description="x" * 1900), ATTEMPT, connect())
    wire.asked.clear()

    assert zoom.find(ATTEMPT, connect()) == sought
    assert sought not in made
    assert [asked.query.get("next_page_token", "") for asked in wire.asked[:-1]] == ["", "page-2", "page-4"]
    assert {(asked.query["type"], asked.query["page_size"]) for asked in wire.asked[:-1]} == {("scheduled", "300")}


def test_all_meetings_with_our_marker_are_listed_from_every_page_and_no_others(wire: Wire, connect: Connect) -> None:
    attempts = [new_attempt() for _ in range(3)]
    made = [zoom.create(EVENT, attempt, connect()) for attempt in attempts]
    zoom.create(replace(EVENT, description=f"[anyroom {new_attempt()}]"), "another program's", connect())
    wire.asked.clear()

    assert zoom.rooms(connect()) == [Marked(attempt, one.id) for attempt, one in zip(attempts, made, strict=True)]
    assert [asked.query.get("next_page_token", "") for asked in wire.asked] == ["", "page-2"]


def test_a_meeting_that_was_told_everything_is_found_still(connect: Connect) -> None:
    made = zoom.create(EVENT, ATTEMPT, connect())
    zoom.update(Known(made.id, ATTEMPT), Changes(CHANGED, load("zoom").declared.updates), connect())

    found = zoom.find(ATTEMPT, connect())
    assert isinstance(found, Conference)
    assert found.id == made.id


def test_the_longest_description_that_is_declared_is_taken(wire: Wire, connect: Connect) -> None:
    longest = load("zoom").declared.limits.description
    assert longest is not None
    zoom.create(replace(EVENT, description="x" * longest), new_attempt(), connect())

    assert len(told(wire)["agenda"]) == 2000


def test_a_deletion_reminds_nobody(wire: Wire, connect: Connect) -> None:
    made = zoom.create(EVENT, ATTEMPT, connect())
    zoom.delete(Known(made.id, ATTEMPT), connect())

    assert wire.asked[-1].query == {"schedule_for_reminder": "false", "cancel_meeting_reminder": "false"}


def test_a_meeting_that_is_over_is_as_good_as_deleted(wire: Wire, connect: Connect) -> None:
    call = connect()
    wire.spoil(says(Answer.json(400, {"code": 3007, "message": "It has ended."})))

    zoom.delete(Known("98765432101", ATTEMPT), call)
    assert len(wire.asked) == 1


def test_a_meeting_that_runs_is_deleted_later(wire: Wire, connect: Connect) -> None:
    call = connect()
    wire.spoil(says(Answer.json(400, {"code": 3002, "message": "It is in progress."})))

    with pytest.raises(Temporary):
        zoom.delete(Known("98765432101", ATTEMPT), call)


def test_beyond_the_day_s_meetings_there_are_more_tomorrow(connect: Connect) -> None:
    call = connect()
    for _ in range(100):
        zoom.create(EVENT, ATTEMPT, call)

    with pytest.raises(Temporary) as over:
        zoom.create(EVENT, ATTEMPT, call)
    assert over.value.reason == "zoom-429"
    assert over.value.retry_after == 3600


REFUSALS: Mapping[int, type[ConferenceFailure]] = {
    **dict.fromkeys((104, 124, 4700, 4711), CredentialsRefused),
    **dict.fromkeys((200, 1001, 1010, 3161), SolutionForbidden),
    **dict.fromkeys((2306, 3000, 3003), PermissionDenied),
    **dict.fromkeys((300, 2300, 3001, 3018, 9999), Permanent),
    **dict.fromkeys((429, 3002), Temporary),
}
"""Zoom's codes, whatever the status that they come with; the last one is none of them."""


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_is_what_its_code_says(wire: Wire, connect: Connect, code: int) -> None:
    call = connect()
    wire.spoil(says(Answer.json(400, {"code": code, "message": "no", "errors": [{"field": "x", "message": "y"}]})))

    with pytest.raises(ConferenceFailure) as refused:
        zoom.create(EVENT, ATTEMPT, call)
    assert type(refused.value) is REFUSALS[code]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"host": USER}, "host"),
        ({"api_url": "zoom.example"}, "api_url"),
        ({"oauth_url": "https://zoom.example/oauth?x"}, "oauth_url"),
        ({"sip_domain": "zoom crc"}, "sip_domain"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: Mapping[str, Any], field: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        read_options("zoom", {"client_id": "c", "client_secret": "s", **options})
    assert refused.value.reason == field


def test_users_sign_in_at_zoom_unless_the_account_has_an_app_of_its_own() -> None:
    oauth = load("zoom").declared.oauth
    assert oauth
    client = {"client_id": "c", "client_secret": "s"}
    users, account = read_options("zoom", client), read_options("zoom", {**client, **ACCOUNT})

    assert [where(users) for where in (oauth.authorize, oauth.token, oauth.revoke)] == [
        "https://zoom.us/oauth/authorize",
        "https://zoom.us/oauth/token",
        "https://zoom.us/oauth/revoke",
    ]
    assert "meeting:write:meeting" in oauth.scopes(users)
    assert oauth.account(users) is None
    assert oauth.account(account) == {"grant_type": "account_credentials", "account_id": "acc0unt"}
    assert load("zoom").declared.hosts(users) == ("https://api.zoom.us:443", "https://zoom.us:443")
