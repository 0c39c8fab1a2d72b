"""Nextcloud Talk: what it is told, in which order, and what becomes of its replies."""

import base64
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from conference.data import EntryPoint
from conference.errors import (
    CredentialsRefused,
    InvalidSetting,
    OutcomeUnknown,
    Permanent,
    PermissionDenied,
    SolutionForbidden,
    Temporary,
)
from conference.event import Event
from conference.http import HttpCall
from conference.providers import nextcloud_talk, read_options
from conference.providers.base import Changes, Conference, EventField, Known, Marked
from tests.conference.providers.conftest import MakeCall
from tests.contracts.providers.events import CHANGED, DESCRIPTION, EVENT, TITLE
from tests.contracts.providers.nextcloud import BEFORE_THROTTLING, MODERATOR, OWNER, PREFIX, USER, Nextcloud, Room
from tests.contracts.providers.wire import Answer, Wire, acts_and_hangs_up, changes, says

ATTEMPT = "k7p3attemptk7p3attemptk7p3"
MARKER = f"anyroom:{ATTEMPT}"
ACCOUNT, APP_PASSWORD = "rooms@talk.example", "Kx3pq-9aQe2-mmTz8"
NOW = datetime(2031, 3, 1, 12, tzinfo=UTC)
STARTS = int(EVENT.start.timestamp())

Connect = Callable[..., HttpCall]


@pytest.fixture
def nextcloud(wire: Wire) -> Nextcloud:
    server = Nextcloud(random.Random(1), {ACCOUNT: APP_PASSWORD}, sip=False)
    wire.system = server
    return server


@pytest.fixture
def connect(wire: Wire, make_call: MakeCall) -> Connect:
    """`connect(option=...)`: a call to the server, at `now`."""

    def connect(now: datetime = NOW, **options: Any) -> HttpCall:
        table = {"url": f"{wire.url}/cloud/", "user": ACCOUNT, "app_password": APP_PASSWORD, **options}
        return make_call("nextcloud_talk", table, now=now)

    return connect


def only(nextcloud: Nextcloud) -> Room:
    [room] = nextcloud.rooms.values()
    return room


def told(wire: Wire) -> list[tuple[str, str]]:
    """The requests since the last look, without what they all begin with."""
    asked = [(one.method, one.path.removeprefix(PREFIX)) for one in wire.asked]
    wire.asked.clear()
    return asked


def update(call: HttpCall, conference: Conference, event: Event, *fields: EventField) -> None:
    nextcloud_talk.update(Known(conference.id, ATTEMPT), Changes(event, frozenset(fields)), call)


def test_a_conversation_is_public_and_told_only_what_is_wanted(
    wire: Wire, nextcloud: Nextcloud, connect: Connect
) -> None:
    nextcloud_talk.create(EVENT, ATTEMPT, connect())

    [asked] = wire.asked
    assert asked.json() == {"roomType": 3, "roomName": TITLE, "description": f"{DESCRIPTION}\n\n{MARKER}"}
    assert asked.headers["OCS-APIRequest"] == "true"
    assert asked.headers["Authorization"] == f"Basic {base64.b64encode(f'{ACCOUNT}:{APP_PASSWORD}'.encode()).decode()}"


@pytest.mark.parametrize(("pretty", "path"), [(False, "/index.php/call/"), (True, "/call/")])
def test_the_link_is_the_server_s(wire: Wire, nextcloud: Nextcloud, connect: Connect, pretty: bool, path: str) -> None:
    conference = nextcloud_talk.create(EVENT, ATTEMPT, connect(pretty_urls=pretty))

    [video] = conference.entry_points
    assert video == EntryPoint("VIDEO", f"{wire.url}/cloud{path}{conference.id}")
    assert conference.id == only(nextcloud).token


@pytest.mark.parametrize("summary", ["", "  ", "\t\n"])
def test_an_event_without_a_title_is_not_called_dashes(nextcloud: Nextcloud, connect: Connect, summary: str) -> None:
    conference = nextcloud_talk.create(replace(EVENT, summary=summary), ATTEMPT, connect())
    assert only(nextcloud).name == "Meeting"

    only(nextcloud).name = "Another"
    update(connect(), conference, replace(EVENT, summary=summary), "summary")
    assert only(nextcloud).name == "Meeting"


@pytest.mark.parametrize("text", ["Agenda ", "\U0001f469\u200d\U0001f680 "])
def test_a_long_description_leaves_room_for_the_marker(nextcloud: Nextcloud, connect: Connect, text: str) -> None:
    conference = nextcloud_talk.create(replace(EVENT, description=text * 900), ATTEMPT, connect())

    assert only(nextcloud).description.endswith(f"\u2026\n\n{MARKER}")
    assert nextcloud_talk.find(ATTEMPT, connect()) == conference


def test_an_event_without_a_description_is_found_too(nextcloud: Nextcloud, connect: Connect) -> None:
    conference = nextcloud_talk.create(replace(EVENT, description=""), ATTEMPT, connect())

    assert only(nextcloud).description == MARKER
    assert nextcloud_talk.find(ATTEMPT, connect()) == conference


def test_what_is_found_is_still_found_after_the_description_has_changed(nextcloud: Nextcloud, connect: Connect) -> None:
    conference = nextcloud_talk.create(EVENT, ATTEMPT, connect())
    update(connect(), conference, CHANGED, "description")

    assert only(nextcloud).description == f"{CHANGED.description}\n\n{MARKER}"
    assert nextcloud_talk.find(ATTEMPT, connect()) == conference
    assert nextcloud_talk.rooms(connect()) == [Marked(ATTEMPT, conference.id)]


@pytest.mark.parametrize("role", [MODERATOR, USER])
def test_a_marker_in_what_others_have_made_is_not_believed(nextcloud: Nextcloud, connect: Connect, role: int) -> None:
    nextcloud.add("Trap", f"Come in\n\n{MARKER}", {"mallory": OWNER, ACCOUNT: role})

    assert nextcloud_talk.find(ATTEMPT, connect()) is None
    assert nextcloud_talk.rooms(connect()) == []


def test_a_marker_that_an_event_s_own_text_has_is_not_taken_for_ours(nextcloud: Nextcloud, connect: Connect) -> None:
    other = "z" * 26
    conference = nextcloud_talk.create(replace(EVENT, description=f"x\n\nanyroom:{other}"), ATTEMPT, connect())

    assert nextcloud_talk.find(other, connect()) is None
    assert nextcloud_talk.rooms(connect()) == [Marked(ATTEMPT, conference.id)]


def test_a_group_of_the_account_s_own_is_no_conference(nextcloud: Nextcloud, connect: Connect) -> None:
    nextcloud.add("Group", MARKER, {ACCOUNT: OWNER}).type = 2

    assert nextcloud_talk.find(ATTEMPT, connect()) is None


def test_a_conversation_is_found_among_very_many(nextcloud: Nextcloud, connect: Connect) -> None:
    for _ in range(700):
        nextcloud.add("Another", "x" * 2000, {ACCOUNT: OWNER})
    conference = nextcloud_talk.create(EVENT, ATTEMPT, connect())

    assert nextcloud_talk.find(ATTEMPT, connect()) == conference


def test_the_lobby_opens_before_the_start(nextcloud: Nextcloud, connect: Connect) -> None:
    nextcloud_talk.create(EVENT, ATTEMPT, connect(lobby=True, lobby_minutes=15))

    room = only(nextcloud)
    assert (room.lobby_state, room.lobby_timer) == (1, STARTS - 15 * 60)


def test_the_lobby_follows_the_start(nextcloud: Nextcloud, connect: Connect) -> None:
    conference = nextcloud_talk.create(EVENT, ATTEMPT, connect(lobby=True))
    update(connect(lobby=True), conference, CHANGED, "start")

    room = only(nextcloud)
    assert (room.lobby_state, room.lobby_timer) == (1, int(CHANGED.start.timestamp()) - 600)


@pytest.mark.parametrize("minutes", [10, 0, -30])
def test_a_lobby_that_would_be_over_is_off_so_that_nobody_is_put_out_of_a_call(
    nextcloud: Nextcloud, connect: Connect, minutes: int
) -> None:
    now = EVENT.start - timedelta(minutes=minutes)
    conference = nextcloud_talk.create(EVENT, ATTEMPT, connect(now=now, lobby=True))
    assert (only(nextcloud).lobby_state, only(nextcloud).lobby_timer) == (0, None)

    only(nextcloud).lobby_state = 1
    update(connect(now=now, lobby=True), conference, EVENT, "start")
    assert (only(nextcloud).lobby_state, only(nextcloud).lobby_timer) == (0, None)


def test_a_lobby_that_is_not_wanted_is_switched_off(nextcloud: Nextcloud, connect: Connect) -> None:
    conference = nextcloud_talk.create(EVENT, ATTEMPT, connect(lobby=True))
    update(connect(lobby=False), conference, EVENT, "start")

    assert (only(nextcloud).lobby_state, only(nextcloud).lobby_timer) == (0, None)


def test_a_lobby_that_is_left_to_the_moderators_is_left_alone(
    wire: Wire, nextcloud: Nextcloud, connect: Connect
) -> None:
    conference = nextcloud_talk.create(EVENT, ATTEMPT, connect())
    only(nextcloud).lobby_state = 1
    told(wire)
    update(connect(), conference, CHANGED, "start")

    assert told(wire) == []
    assert only(nextcloud).lobby_state == 1


def test_a_change_tells_the_lobby_first_and_nothing_that_has_not_changed(
    wire: Wire, nextcloud: Nextcloud, connect: Connect
) -> None:
    conference = nextcloud_talk.create(EVENT, ATTEMPT, connect())
    room = f"/api/v4/room/{conference.id}"
    told(wire)

    update(connect(lobby=True), conference, CHANGED, "summary", "description", "start", "end")
    assert told(wire) == [("PUT", f"{room}/webinar/lobby"), ("PUT", room), ("PUT", f"{room}/description")]
    update(connect(lobby=True), conference, CHANGED, "summary")
    assert told(wire) == [("PUT", room)]


@pytest.mark.parametrize("survives", [0, 1, 2])
def test_a_change_that_failed_halfway_is_whole_after_it_is_repeated(
    wire: Wire, nextcloud: Nextcloud, connect: Connect, survives: int
) -> None:
    conference = nextcloud_talk.create(EVENT, ATTEMPT, connect(lobby=True))
    told(wire)
    wire.spoil(acts_and_hangs_up, lambda asked: len(wire.asked) > survives)
    everything: tuple[EventField, ...] = ("summary", "description", "start")
    with pytest.raises(Temporary):
        update(connect(lobby=True), conference, CHANGED, *everything)
    wire.spoil(None)
    update(connect(lobby=True), conference, CHANGED, *everything)

    room = only(nextcloud)
    assert room.name == CHANGED.summary
    assert room.description == f"{CHANGED.description}\n\n{MARKER}"
    assert room.lobby_timer == int(CHANGED.start.timestamp()) - 600


def test_a_conversation_that_the_account_does_not_moderate_is_not_taken_for_gone(
    nextcloud: Nextcloud, connect: Connect
) -> None:
    conference = nextcloud_talk.create(EVENT, ATTEMPT, connect())
    only(nextcloud).people = {ACCOUNT: USER, "mallory": OWNER}

    with pytest.raises(PermissionDenied, match="nextcloud_talk-not-moderator"):
        nextcloud_talk.delete(Known(conference.id, ATTEMPT), connect())
    with pytest.raises(PermissionDenied, match="nextcloud_talk-not-moderator"):
        update(connect(), conference, CHANGED, "summary")
    assert only(nextcloud).name == TITLE


def test_a_change_of_what_is_gone_says_so(nextcloud: Nextcloud, connect: Connect) -> None:
    conference = nextcloud_talk.create(EVENT, ATTEMPT, connect())
    nextcloud_talk.delete(Known(conference.id, ATTEMPT), connect())

    with pytest.raises(Permanent, match="nextcloud_talk-404"):
        update(connect(), conference, CHANGED, "summary")


def test_whether_a_conversation_is_gone_is_not_guessed_while_nextcloud_throttles(
    wire: Wire, nextcloud: Nextcloud, connect: Connect
) -> None:
    conference = nextcloud_talk.create(EVENT, ATTEMPT, connect())
    only(nextcloud).people = {}
    wire.spoil(says(Answer(429)), lambda asked: asked.method == "GET")

    with pytest.raises(Temporary, match="nextcloud_talk-429"):
        nextcloud_talk.delete(Known(conference.id, ATTEMPT), connect())


def test_a_password_is_derived_and_the_same_when_it_is_found(nextcloud: Nextcloud, connect: Connect) -> None:
    nextcloud.force_passwords = True
    conference = nextcloud_talk.create(EVENT, ATTEMPT, connect(password_secret="long random text"))

    assert conference.entry_points[0].passcode == only(nextcloud).password
    assert nextcloud_talk.find(ATTEMPT, connect(password_secret="long random text")) == conference


def test_passwords_differ_by_attempt_and_by_secret(nextcloud: Nextcloud, connect: Connect) -> None:
    tries = [(ATTEMPT, "one"), (ATTEMPT, "two"), ("another", "one")]
    made = [nextcloud_talk.create(EVENT, attempt, connect(password_secret=secret)) for attempt, secret in tries]

    assert len({conference.entry_points[0].passcode for conference in made}) == 3


def test_every_derived_password_has_what_a_policy_may_ask_for(nextcloud: Nextcloud, connect: Connect) -> None:
    for attempt in map(str, range(40)):
        nextcloud_talk.create(EVENT, attempt, connect(password_secret="long random text"))

    assert all(len(room.password) == 16 for room in nextcloud.rooms.values())


def test_a_server_that_enforces_passwords_says_what_is_missing(nextcloud: Nextcloud, connect: Connect) -> None:
    nextcloud.force_passwords = True
    with pytest.raises(Permanent, match="nextcloud_talk-password") as refused:
        nextcloud_talk.create(EVENT, ATTEMPT, connect())

    assert "Password needs" not in str(refused.value)


def test_an_older_server_s_open_conversation_is_given_without_a_password_and_noted(
    nextcloud: Nextcloud, connect: Connect
) -> None:
    nextcloud.older = True
    call = connect(password_secret="long random text")
    conference = nextcloud_talk.create(EVENT, ATTEMPT, call)

    assert conference.entry_points[0].passcode == ""
    assert call.notes == ["nextcloud_talk-not-marked", "nextcloud_talk-without-password"]


def test_callers_dial_the_number_and_the_conversation(nextcloud: Nextcloud, connect: Connect) -> None:
    nextcloud.sip = True
    conference = nextcloud_talk.create(EVENT, ATTEMPT, connect(dial_in="open"))

    token = conference.id
    assert only(nextcloud).sip == 2
    assert conference.entry_points[1:] == (
        EntryPoint("PHONE", f"tel:+49305550100,,,{token}%23", label="+49 30 5550100", meeting_code=token),
    )
    assert conference.notes == f"Germany: +49 30 5550100<br>By mail too: &lt;desk&gt; &amp; co<br>ID: {token}"


def test_callers_with_a_pin_dial_it_last(nextcloud: Nextcloud, connect: Connect) -> None:
    nextcloud.sip = True
    conference = nextcloud_talk.create(EVENT, ATTEMPT, connect(dial_in="pin"))

    [phone] = conference.entry_points[1:]
    assert only(nextcloud).sip == 1
    assert (phone.uri, phone.pin) == (f"tel:+49305550100,,,{conference.id}%23,,,4827159%23", "4827159")
    assert conference.notes.endswith(f"<br>ID: {conference.id}<br>PIN: 4827159")
    assert nextcloud_talk.find(ATTEMPT, connect(dial_in="pin")) == conference


def test_the_account_s_pin_is_not_told_where_none_is_needed(nextcloud: Nextcloud, connect: Connect) -> None:
    nextcloud.sip = True
    conference = nextcloud_talk.create(EVENT, ATTEMPT, connect(dial_in="open"))

    assert conference.entry_points[1].pin == ""
    assert "4827159" not in conference.notes


def test_no_telephone_is_asked_for_unless_it_is_wanted(wire: Wire, nextcloud: Nextcloud, connect: Connect) -> None:
    nextcloud.sip = True
    conference = nextcloud_talk.create(EVENT, ATTEMPT, connect())

    assert told(wire) == [("POST", "/api/v4/room")]
    assert [point.type for point in conference.entry_points] == ["VIDEO"]
    assert only(nextcloud).sip == 0


def test_no_number_is_told_to_callers_who_would_lack_the_pin(
    wire: Wire, nextcloud: Nextcloud, connect: Connect
) -> None:
    nextcloud.sip = True
    wire.spoil(changes(_without("attendeePin", "")), lambda asked: asked.method == "POST")
    call = connect(dial_in="pin")
    conference = nextcloud_talk.create(EVENT, ATTEMPT, call)

    assert ([point.type for point in conference.entry_points], conference.notes) == (["VIDEO"], "")
    assert call.notes == ["nextcloud_talk-dial-in-off"]


TEXTS = {
    "+1 (202) 555-0123 or +44 20 7946 0123": ["+1 (202) 555-0123", "+44 20 7946 0123"],
    "+49 30 5550100\n+49 30 5550100": ["+49 30 5550100"],
    "+49/30/5550100 / +41 44 555 01 00": ["+49/30/5550100", "+41 44 555 01 00"],
    "030 5550100, room 12": [],
    "call +49": [],
    "+1234567890123456789": [],
    "\n".join(f"+4930555010{digit:02}" for digit in range(12)): [f"+4930555010{digit:02}" for digit in range(10)],
}


@pytest.mark.parametrize("text", TEXTS)
def test_international_numbers_are_read_from_what_the_administrator_wrote(
    nextcloud: Nextcloud, connect: Connect, text: str
) -> None:
    nextcloud.sip, nextcloud.dial_in = True, text
    conference = nextcloud_talk.create(EVENT, ATTEMPT, connect(dial_in="open"))

    assert [point.label for point in conference.entry_points[1:]] == TEXTS[text]
    assert conference.notes.startswith(text.replace("\n", "<br>"))


def test_a_server_that_forgot_the_telephone_is_asked_again(wire: Wire, nextcloud: Nextcloud, connect: Connect) -> None:
    nextcloud.sip = True
    wire.spoil(changes(_without("sipEnabled", 0)), lambda asked: asked.method == "POST")
    conference = nextcloud_talk.create(EVENT, ATTEMPT, connect(dial_in="open"))

    assert told(wire)[1] == ("PUT", f"/api/v4/room/{conference.id}/webinar/sip")
    assert [point.type for point in conference.entry_points] == ["VIDEO", "PHONE"]


def _without(field: str, nothing: object) -> Callable[[Any], Any]:
    def edit(reply: Any) -> Any:
        reply["ocs"]["data"][field] = nothing
        return reply

    return edit


@pytest.mark.parametrize(("sip", "may_sip", "status"), [(False, True, 412), (True, False, 403)])
def test_a_server_without_telephones_gives_a_room_all_the_same(
    nextcloud: Nextcloud, connect: Connect, sip: bool, may_sip: bool, status: int
) -> None:
    nextcloud.sip, nextcloud.may_sip = sip, may_sip
    call = connect(dial_in="open")
    conference = nextcloud_talk.create(EVENT, ATTEMPT, call)

    assert [point.type for point in conference.entry_points] == ["VIDEO"]
    assert call.notes == [f"nextcloud_talk-dial-in-nextcloud_talk-{status}"]


def test_telephones_that_do_not_answer_do_not_cost_the_room(wire: Wire, nextcloud: Nextcloud, connect: Connect) -> None:
    nextcloud.sip = True
    wire.spoil(says(Answer(502)), lambda asked: asked.path.endswith("/signaling/settings"))
    call = connect(dial_in="open")
    conference = nextcloud_talk.create(EVENT, ATTEMPT, call)

    assert [point.type for point in conference.entry_points] == ["VIDEO"]
    assert call.notes == ["nextcloud_talk-dial-in-nextcloud_talk-502"]


def test_a_conversation_that_talk_made_before_it_failed_is_found(nextcloud: Nextcloud, connect: Connect) -> None:
    nextcloud.signaling_down = True
    call = connect()
    with pytest.raises(OutcomeUnknown, match="nextcloud_talk-500"):
        nextcloud_talk.create(EVENT, ATTEMPT, call)

    assert call.may_have_acted
    found = nextcloud_talk.find(ATTEMPT, connect())
    assert found
    assert found.id == only(nextcloud).token


def test_an_account_that_may_not_start_conversations_may_not_use_the_solution(
    nextcloud: Nextcloud, connect: Connect
) -> None:
    nextcloud.may_create = False
    with pytest.raises(SolutionForbidden, match="nextcloud_talk-permissions"):
        nextcloud_talk.create(EVENT, ATTEMPT, connect())


def test_wrong_passwords_are_told_apart_from_throttling(nextcloud: Nextcloud, connect: Connect) -> None:
    for _ in range(BEFORE_THROTTLING):
        with pytest.raises(CredentialsRefused):
            nextcloud_talk.create(EVENT, ATTEMPT, connect(app_password="wrong"))

    with pytest.raises(Temporary, match="nextcloud_talk-429"):
        nextcloud_talk.create(EVENT, ATTEMPT, connect())


def test_an_event_conversation_takes_no_change_and_says_so(nextcloud: Nextcloud, connect: Connect) -> None:
    conference = nextcloud_talk.create(EVENT, ATTEMPT, connect())
    only(nextcloud).object_type = "event"

    with pytest.raises(Permanent, match="nextcloud_talk-event"):
        update(connect(), conference, CHANGED, "summary")


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"url": "cloud.example"}, "url"),
        ({"url": "https://cloud.example/?x"}, "url"),
        ({"user": ""}, "user"),
        ({"user": "a:b"}, "user"),
        ({"app_password": ""}, "app_password"),
        ({"lobby": "yes"}, "lobby"),
        ({"lobby_minutes": -1}, "lobby_minutes"),
        ({"lobby_minutes": 1441}, "lobby_minutes"),
        ({"dial_in": "phone"}, "dial_in"),
        ({"password": "x"}, "password"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: Mapping[str, Any], field: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        read_options("nextcloud_talk", {"url": "https://c.example", "user": "u", "app_password": "p", **options})
    assert refused.value.reason == field
