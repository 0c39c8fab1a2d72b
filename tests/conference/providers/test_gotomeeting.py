"""GoTo Meeting: what it is told, and what becomes of its replies."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from conference.data import compose
from conference.errors import InvalidSetting, OutcomeUnknown, PermissionDenied
from conference.http import HttpCall
from conference.providers import gotomeeting, load, read_options
from conference.providers.base import Changes, Conference, Known
from conference.solution import Solution
from tests.conference.providers.conftest import MakeCall
from tests.contracts.providers.events import CHANGED, EVENT, TITLE
from tests.contracts.providers.harnesses.gotomeeting import build
from tests.contracts.providers.wire import Answer, Wire, says

ATTEMPT = "k7p3attempt"
SOLUTION = Solution("goto", "GoTo", "https://www.gstatic.com/x.png", "gotomeeting", None)
TOLD = {
    "subject": TITLE,
    "starttime": "2031-03-14T14:00:00Z",
    "endtime": "2031-03-14T15:30:00Z",
    "passwordrequired": False,
    "conferencecallinfo": "Hybrid",
    "timezonekey": "",
    "meetingtype": "scheduled",
}

Connect = Callable[..., HttpCall]


@pytest.fixture
def connect(wire: Wire, make_call: MakeCall, request: pytest.FixtureRequest) -> Connect:
    harness = build(wire.url, request)
    wire.system = harness.system
    return lambda **options: make_call("gotomeeting", {**harness.table, **options})


def told(wire: Wire) -> Any:
    """The body of the last request."""
    return wire.asked[-1].json()


def test_a_meeting_is_told_whole_and_in_utc(wire: Wire, connect: Connect) -> None:
    gotomeeting.create(EVENT, ATTEMPT, connect())

    assert told(wire) == TOLD


def test_a_series_is_a_recurring_meeting(wire: Wire, connect: Connect) -> None:
    gotomeeting.create(CHANGED, ATTEMPT, connect())

    assert told(wire) == {
        **TOLD,
        "subject": CHANGED.summary,
        "starttime": "2031-03-21T08:00:00Z",
        "endtime": "2031-03-21T08:45:00Z",
        "meetingtype": "recurring",
    }


def test_the_options_say_who_gets_in_and_how_one_is_heard(wire: Wire, connect: Connect) -> None:
    gotomeeting.create(EVENT, ATTEMPT, connect(audio="VoIP", password_required=True))

    assert told(wire) == {**TOLD, "conferencecallinfo": "VoIP", "passwordrequired": True}


def test_times_are_right_while_the_clocks_change(wire: Wire, connect: Connect) -> None:
    zurich = ZoneInfo("Europe/Zurich")
    night = replace(EVENT, start=datetime(2031, 3, 30, 1, tzinfo=zurich), end=datetime(2031, 3, 30, 4, tzinfo=zurich))
    gotomeeting.create(night, ATTEMPT, connect())

    assert (told(wire)["starttime"], told(wire)["endtime"]) == ("2031-03-30T00:00:00Z", "2031-03-30T02:00:00Z")


def test_an_event_that_takes_no_time_gets_a_minute(wire: Wire, connect: Connect) -> None:
    gotomeeting.create(replace(EVENT, end=EVENT.start), ATTEMPT, connect())

    assert (told(wire)["starttime"], told(wire)["endtime"]) == ("2031-03-14T14:00:00Z", "2031-03-14T14:01:00Z")


SUBJECTS = {
    "a < b > c": "a &lt; b &gt; c",
    "R&D": "R&D",
    "x" * 100: "x" * 100,
    "x" * 97 + ">": "x" * 97 + "\u2026",
    "x" * 96 + ">": "x" * 96 + "&gt;",
    "<" * 60: "&lt;" * 24 + "\u2026",
}


@pytest.mark.parametrize("summary", SUBJECTS)
def test_a_subject_fits_with_its_references_counted(wire: Wire, connect: Connect, summary: str) -> None:
    gotomeeting.create(replace(EVENT, summary=summary), ATTEMPT, connect())

    assert told(wire)["subject"] == SUBJECTS[summary]


def test_a_change_tells_the_whole_meeting_again(wire: Wire, connect: Connect) -> None:
    made = gotomeeting.create(EVENT, ATTEMPT, connect())

    renamed = replace(EVENT, summary="Retrospective")
    gotomeeting.update(Known(made.id, ATTEMPT), Changes(renamed, frozenset({"summary"})), connect())
    assert (wire.asked[-1].method, wire.asked[-1].path) == ("PUT", f"/goto/G2M/rest/meetings/{made.id}")
    assert told(wire) == {**TOLD, "subject": "Retrospective"}


def test_the_link_is_the_way_in_and_the_numbers_are_notes(connect: Connect) -> None:
    conference = gotomeeting.create(EVENT, ATTEMPT, connect())

    [video] = conference.entry_points
    assert (video.uri, video.meeting_code) == (f"https://goto.example/join/{conference.id}", conference.id)
    assert conference.host == ""
    code = f"{conference.id[:3]}-{conference.id[3:6]}-{conference.id[6:]}"
    assert conference.notes == (
        f"United States: +1 (202) 555-0123<br>United Kingdom: +44 20 7946 0123<br>Access Code: {code}"
    )
    assert compose(conference, SOLUTION, "mapping").notes == conference.notes


def test_a_word_for_the_audio_is_no_note(connect: Connect) -> None:
    assert gotomeeting.create(EVENT, ATTEMPT, connect(audio="VoIP")).notes == ""


def test_numbers_of_one_s_own_are_text_and_no_markup(connect: Connect) -> None:
    conference = gotomeeting.create(EVENT, ATTEMPT, connect(audio="<b>Call</b> 555 & ask"))

    assert conference.notes == "&lt;b&gt;Call&lt;/b&gt; 555 &amp; ask"


def made_of(wire: Wire, connect: Connect, **fields: Any) -> Conference:
    call = connect()
    reply = {"joinURL": "https://goto.example/join/123456789", "meetingid": 123456789, **fields}
    wire.spoil(says(Answer.json(201, [reply])))
    return gotomeeting.create(EVENT, ATTEMPT, call)


@pytest.mark.parametrize("call_info", [{}, {"conferenceCallInfo": None}, {"conferenceCallInfo": ""}], ids=str)
def test_a_reply_without_numbers_is_a_conference(wire: Wire, connect: Connect, call_info: Mapping[str, Any]) -> None:
    conference = made_of(wire, connect, **call_info)

    assert (conference.id, conference.notes) == ("123456789", "")


def test_a_meeting_s_number_may_come_as_text(wire: Wire, connect: Connect) -> None:
    assert made_of(wire, connect, meetingid="123456789").id == "123456789"


def test_an_id_that_is_no_number_is_not_believed(wire: Wire, connect: Connect) -> None:
    with pytest.raises(OutcomeUnknown):
        made_of(wire, connect, meetingid="123/../456")


def test_a_refusal_without_a_known_code_is_read_by_its_status(wire: Wire, connect: Connect) -> None:
    call = connect()
    wire.spoil(says(Answer.json(403, {"int_err_code": "AccessDenied", "msg": "no"})))

    with pytest.raises(PermissionDenied) as refused:
        gotomeeting.create(EVENT, ATTEMPT, call)
    assert refused.value.reason == "gotomeeting-403"


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"audio": ""}, "audio"),
        ({"audio": "1" * 256}, "audio"),
        ({"api_url": "goto.example"}, "api_url"),
        ({"api_url": "https://goto.example/?x"}, "api_url"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: Mapping[str, Any], field: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        read_options("gotomeeting", {"client_id": "c", "client_secret": "s", **options})
    assert refused.value.reason == field


def test_users_sign_in_at_goto() -> None:
    declared = load("gotomeeting").declared
    assert declared.oauth
    options = read_options("gotomeeting", {"client_id": "c", "client_secret": "s"})

    assert declared.oauth.authorize(options) == "https://authentication.logmeininc.com/oauth/authorize"
    assert declared.oauth.token(options) == "https://authentication.logmeininc.com/oauth/token"
    assert declared.oauth.scopes(options) == ()
    assert declared.hosts(options) == (
        "https://api.getgo.com:443",
        "https://api.getgo.com:443",
        "https://authentication.logmeininc.com:443",
    )
