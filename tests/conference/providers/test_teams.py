"""Teams, against a stand-in of Microsoft Graph: what it is told to the letter, its users, its ways in, its refusals."""

import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from msgspec.structs import replace

from conference.errors import CredentialsRefused, InvalidSetting, Permanent, PermissionDenied, SolutionForbidden
from conference.event import Attendee
from conference.http import HttpCall
from conference.providers import load, read_options, teams
from conference.providers.base import Changes, Known
from simulator.teams import Teams
from simulator.teams_api import TeamsApi
from tests.conference.providers.conftest import MakeCall
from tests.contracts.providers.events import CHANGED, EVENT, GUEST
from tests.contracts.providers.harness import ACCESS_TOKEN
from tests.contracts.providers.wire import Answer, Asked, Wire, changes, says

USER, STRANGER, DEFAULT = "user+x@teams.example", "stranger@other.example", "rooms@teams.example"
NOBODY = "no-policy@teams.example"
APP = "application-token"
IDS = {USER: "11111111-aaaa", DEFAULT: "22222222-bbbb", NOBODY: "33333333-cccc"}
CLIENT = {"client_id": "c", "client_secret": "s"}

Call = Callable[..., HttpCall]


@pytest.fixture
def tenant() -> Teams:
    bearer = {ACCESS_TOKEN: USER, APP: ""}.get
    return Teams(random.Random(1), bearer, users=IDS, granted=frozenset({USER, DEFAULT}))


@pytest.fixture
def call(tenant: Teams, wire: Wire, make_call: MakeCall) -> Call:
    """`call(caller, **options)`: of the user's own connection, or the application's for a caller."""
    app = Flask("graph")
    TeamsApi(tenant).register(app)

    def system(asked: Asked) -> Answer:
        with app.test_client() as client:
            reply = client.open(asked.target, method=asked.method, headers=dict(asked.headers), data=asked.body)
            return Answer(reply.status_code, reply.data, {"Content-Type": reply.content_type or ""})

    wire.system = system

    def make(caller: str = "", **options: Any) -> HttpCall:
        table = {**CLIENT, "api_url": f"{wire.url}/graph/v1.0", **options}
        if caller:
            table |= {"app_only": True, "tenant": "tenant.example"}
        return make_call("teams", table, host=caller, token=APP if caller else ACCESS_TOKEN)

    return make


def test_a_meeting_is_asked_for_like_this(call: Call, wire: Wire) -> None:
    teams.create(EVENT, "attempt1", call())

    [asked] = wire.asked
    assert (asked.method, asked.target) == ("POST", "/graph/v1.0/me/onlineMeetings/createOrGet")
    assert asked.json() == {
        "externalId": "attempt1",
        "subject": EVENT.summary,
        "startDateTime": "2031-03-14T14:00:00Z",
        "endDateTime": "2031-03-14T15:30:00Z",
    }


def test_a_series_is_one_meeting_at_its_first_occurrence(call: Call, wire: Wire) -> None:
    teams.create(CHANGED, "a", call())

    body = wire.asked[-1].json()
    assert (body["startDateTime"], body["endDateTime"]) == ("2031-03-21T08:00:00Z", "2031-03-21T08:45:00Z")


def test_an_all_day_event_is_told_by_its_zone(call: Call, wire: Wire) -> None:
    start = datetime(2031, 3, 29, tzinfo=ZoneInfo("Europe/Zurich"))
    teams.create(replace(EVENT, all_day=True, start=start, end=start + timedelta(days=2)), "a", call())

    body = wire.asked[-1].json()
    assert (body["startDateTime"], body["endDateTime"]) == ("2031-03-28T23:00:00Z", "2031-03-30T22:00:00Z")


def test_guests_are_told_once_each_where_that_is_wanted(call: Call, wire: Wire) -> None:
    guests = (Attendee(GUEST), Attendee(GUEST), Attendee(""), Attendee("room@example.org", resource=True))
    teams.create(replace(EVENT, attendees=guests), "a", call(attendees=True))

    assert wire.asked[-1].json()["participants"] == {"attendees": [{"upn": GUEST, "role": "attendee"}]}


def test_the_lobby_is_set_on_what_was_made(call: Call, wire: Wire, tenant: Teams) -> None:
    conference = teams.create(EVENT, "a", call(lobby="everyone"))

    assert tenant.get(USER, conference.id).lobby == "everyone"
    assert wire.asked[-1].json() == {"lobbyBypassSettings": {"scope": "everyone"}}


def test_everything_that_teams_gives_is_an_entry_point(call: Call, tenant: Teams) -> None:
    conference = teams.create(EVENT, "a", call())

    meeting = tenant.get(USER, conference.id)
    pin = meeting.conference_id
    video, first, second, free, more = conference.entry_points
    assert video.uri == f"https://teams.microsoft.example/l/meetup-join/{meeting.id}/0"
    assert (video.meeting_code, video.passcode) == (f"30{pin}0", f"p{pin[:5]}")
    assert first.uri == f"tel:+12025550111,,,{pin}%23"
    assert (first.label, first.pin, first.features) == ("+1 202-555-0111", pin, ("TOLL",))
    assert second.uri == f"tel:+12025550112,,,{pin}%23"
    assert (free.uri, free.features) == (f"tel:+18005550122,,,{pin}%23", ("TOLL_FREE",))
    assert (more.type, more.uri) == ("MORE", f"https://dialin.teams.microsoft.example/{meeting.id}?id={pin}")
    assert conference.host == USER


def test_a_conference_id_is_read_however_it_is_spelt(call: Call, wire: Wire) -> None:
    def spelt(meeting: Any) -> Any:
        audio = meeting["audioConferencing"]
        return {**meeting, "audioConferencing": {"conferenceId": "424242", "tollNumber": audio["tollNumber"]}}

    wire.spoil(changes(spelt))
    assert teams.create(EVENT, "a", call()).entry_points[1].pin == "424242"


NULLS: Mapping[str, Any] = {
    "joinMeetingIdSettings": None,
    "audioConferencing": None,
    "participants": None,
    "videoTeleconferenceId": None,
}


def test_without_a_licence_there_is_the_link_alone(call: Call, wire: Wire) -> None:
    wire.spoil(changes(lambda meeting: {**meeting, **NULLS}))

    conference = teams.create(EVENT, "a", call())
    assert [point.type for point in conference.entry_points] == ["VIDEO"]
    assert conference.host == ""


def test_a_number_that_cannot_be_dialled_is_left_out(call: Call, wire: Wire) -> None:
    wire.spoil(changes(lambda meeting: {**meeting, "audioConferencing": {"tollNumber": "ask reception"}}))
    asking = call()

    assert [point.type for point in teams.create(EVENT, "a", asking).entry_points] == ["VIDEO"]
    assert asking.notes == ["teams-number-unusable"]


def test_video_systems_enter_by_the_tenants_interoperability_service(call: Call, tenant: Teams) -> None:
    conference = teams.create(EVENT, "a", call(video_interop="sip:company@interop.example"))

    [sip] = [point for point in conference.entry_points if point.type == "SIP"]
    pin = tenant.get(USER, conference.id).conference_id
    assert (sip.uri, sip.access_code) == ("sip:company@interop.example", f"1{pin}")


TOLD = {
    "summary": {"subject": CHANGED.summary},
    "start": {"startDateTime": "2031-03-21T08:00:00Z", "endDateTime": "2031-03-21T08:45:00Z"},
    "end": {"startDateTime": "2031-03-21T08:00:00Z", "endDateTime": "2031-03-21T08:45:00Z"},
    "attendees": {
        "participants": {
            "attendees": [
                {"upn": GUEST, "role": "attendee"},
                {"upn": "canary.second@example.org", "role": "attendee"},
            ]
        }
    },
}


@pytest.mark.parametrize("field", TOLD)
def test_a_change_is_told_like_this(field: Any, call: Call, wire: Wire) -> None:
    conference = teams.create(EVENT, "a", call())
    teams.update(Known(conference.id, "a"), Changes(CHANGED, frozenset({field})), call(attendees=True))

    assert (wire.asked[-1].method, wire.asked[-1].json()) == ("PATCH", TOLD[field])


def test_nothing_is_asked_where_nothing_is_to_be_told(call: Call, wire: Wire) -> None:
    teams.update(Known("m1", "a"), Changes(CHANGED, frozenset({"attendees"})), call())

    assert not wire.asked


def test_the_application_makes_the_meeting_of_who_asks(call: Call, wire: Wire, tenant: Teams) -> None:
    conference = teams.create(EVENT, "a", call(USER))
    assert [asked.target for asked in wire.asked] == [
        "/graph/v1.0/users/user%2Bx%40teams.example?$select=id",
        f"/graph/v1.0/users/{IDS[USER]}/onlineMeetings/createOrGet",
    ]
    assert conference.host == USER

    known = Known(conference.id, "a", USER)
    teams.update(known, Changes(CHANGED, frozenset({"summary"})), call(USER))
    assert tenant.get(USER, conference.id).subject == CHANGED.summary
    teams.delete(known, call(USER))
    assert len(tenant) == 0


def test_for_a_stranger_the_default_host_makes_it(call: Call, tenant: Teams) -> None:
    conference = teams.create(EVENT, "a", call(STRANGER, host=DEFAULT))

    assert conference.host == DEFAULT
    assert tenant.get(DEFAULT, conference.id).external_id == "a"


def test_a_stranger_without_a_default_host_may_not_use_it(call: Call, tenant: Teams) -> None:
    with pytest.raises(SolutionForbidden):
        teams.create(EVENT, "a", call(STRANGER))
    assert len(tenant) == 0


def test_a_user_whom_no_policy_covers_may_not_use_it(call: Call) -> None:
    with pytest.raises(SolutionForbidden) as forbidden:
        teams.create(EVENT, "a", call(NOBODY))
    assert forbidden.value.reason == "teams-no-application-access-policy"


def test_when_the_organizer_is_gone_so_is_the_meeting(call: Call, wire: Wire) -> None:
    with pytest.raises(Permanent):
        teams.update(Known("m1", "a"), Changes(CHANGED, frozenset({"summary"})), call(STRANGER, host=DEFAULT))
    teams.delete(Known("m1", "a"), call(STRANGER, host=DEFAULT))
    assert {asked.method for asked in wire.asked} == {"GET"}


@pytest.mark.parametrize(
    ("status", "code", "failure"),
    [
        (401, "InvalidAuthenticationToken", CredentialsRefused),
        (403, "Forbidden", PermissionDenied),
        (403, "Authorization_RequestDenied", PermissionDenied),
        (403, "", PermissionDenied),
        (400, "AuthenticationError", SolutionForbidden),
        (400, "BadRequest", Permanent),
    ],
)
def test_what_graph_refuses_is_told_apart(
    status: int, code: str, failure: type[Exception], call: Call, wire: Wire
) -> None:
    wire.spoil(says(Answer.json(status, {"error": {"code": code, "message": "no", "innerError": {}}})))

    with pytest.raises(failure) as refused:
        teams.create(EVENT, "a", call())
    assert type(refused.value) is failure


def test_the_application_gets_its_token_for_itself() -> None:
    oauth = load("teams").declared.oauth
    assert oauth is not None
    options = read_options("teams", {**CLIENT, "app_only": True, "tenant": "t1"})

    scope = "https://graph.microsoft.com/.default"
    assert oauth.account(options) == {"grant_type": "client_credentials", "scope": scope}
    assert oauth.token(options) == "https://login.microsoftonline.com/t1/oauth2/v2.0/token"


def test_users_sign_in_with_their_organization() -> None:
    oauth = load("teams").declared.oauth
    assert oauth is not None
    options = read_options("teams", CLIENT)

    assert oauth.account(options) is None
    assert oauth.authorize(options) == "https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize"
    assert "offline_access" in oauth.scopes(options)
    hosts = load("teams").declared.hosts(options)
    assert hosts == ("https://graph.microsoft.com:443", "https://login.microsoftonline.com:443")


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ({"app_only": True}, "tenant"),
        ({"tenant": "a/b"}, "tenant"),
        ({"video_interop": "company@interop.example"}, "video_interop"),
        ({"lobby": "all"}, "lobby"),
        ({"api_url": "graph"}, "api_url"),
    ],
)
def test_options_that_make_no_sense_are_refused(table: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        read_options("teams", {**CLIENT, **table})
    assert refused.value.reason == field
