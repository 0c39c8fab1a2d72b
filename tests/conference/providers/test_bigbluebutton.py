"""BigBlueButton: what is signed, what a meeting is made with at the click, who enters as what, and how one ends."""

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from conference.data import EntryPoint
from conference.errors import CredentialsRefused, InvalidSetting, Permanent, Temporary
from conference.http import HttpCall
from conference.providers import bigbluebutton as provider
from conference.providers import read_options
from conference.providers.base import Known, Visitor
from tests.conference.providers.conftest import MakeCall
from tests.contracts.providers.bbb import SECRET, BigBlueButton, Entered, failure
from tests.contracts.providers.conftest import new_attempt
from tests.contracts.providers.events import EVENT
from tests.contracts.providers.harness import guest_of, host_of, page
from tests.contracts.providers.wire import Answer, Asked, Wire, asked_for, says

VECTORS = json.loads(Path(__file__).with_name("bbb_checksum_vectors.json").read_text("utf-8"))
ALGORITHMS = ["sha1", "sha256", "sha384", "sha512"]
HOST, GUEST = host_of(EVENT), guest_of(EVENT)
END = EVENT.end.astimezone(UTC)


class Room:
    """One conference at a server behind a wire."""

    def __init__(self, server: BigBlueButton, wire: Wire, make_call: MakeCall) -> None:
        self.server, self.wire, self._make_call = server, wire, make_call
        self.attempt = new_attempt()
        self.known = Known(self.attempt, self.attempt)
        wire.system = server

    def call(self, now: datetime | None = None, **options: Any) -> HttpCall:
        table = {"url": f"{self.wire.url}/bigbluebutton", "secret": SECRET, **options}
        return self._make_call("bigbluebutton", table, now=now, link=page(self.attempt))

    def address(self, visitor: Visitor = HOST, now: datetime | None = None, **options: Any) -> str:
        return provider.join(self.known, visitor, self.call(now, **options))

    def enter(self, visitor: Visitor, **options: Any) -> Entered:
        answer = self.follow(self.address(visitor, **options))
        assert answer.status == 302, answer.body
        return self.server.meetings[self.attempt].people[-1]

    def follow(self, url: str) -> Answer:
        return self.server(asked_for(url))

    def end(self, **options: Any) -> None:
        provider.delete(self.known, self.call(**options))

    def made_with(self, visitor: Visitor = HOST, now: datetime | None = None, **options: Any) -> dict[str, str]:
        """What the meeting was made with, but for its id and passwords."""
        self.address(visitor, now, **options)
        made = dict(self.server.meetings.pop(self.attempt).made_with)
        assert made.pop("meetingID") == self.attempt
        assert made.pop("attendeePW") != made.pop("moderatorPW")
        return made


@pytest.fixture
def room(wire: Wire, make_call: MakeCall) -> Room:
    return Room(BigBlueButton(), wire, make_call)


@pytest.fixture
def old_room(wire: Wire, make_call: MakeCall) -> Room:
    return Room(BigBlueButton(old=True), wire, make_call)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("vector", VECTORS, ids=range(len(VECTORS)))
def test_a_query_is_signed_as_the_vectors_have_it(vector: dict[str, str], algorithm: str) -> None:
    query = vector["query_string_without_checksum"]

    assert provider._checksum(vector["call"], query, vector["secret"], algorithm) == vector[algorithm]


@pytest.mark.parametrize("vector", [VECTORS[0], VECTORS[4]], ids=["create", "join"])
def test_what_is_signed_is_what_is_sent(vector: dict[str, str]) -> None:
    query = vector["query_string_without_checksum"]
    parameters = {name: text for name, [text] in parse_qs(query).items()}
    options = read_options("bigbluebutton", {"url": "https://bbb.example.org", "secret": "x", "checksum": "sha1"})

    address = provider._signed(vector["call"], parameters, options, vector["secret"])

    assert address == f"https://bbb.example.org/bigbluebutton/api/{vector['call']}?{query}&checksum={vector['sha1']}"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_server_that_takes_one_algorithm_takes_ours(algorithm: str, wire: Wire, make_call: MakeCall) -> None:
    server = BigBlueButton(algorithms=frozenset({algorithm}))
    room = Room(server, wire, make_call)

    assert room.enter(GUEST, checksum=algorithm).name == "Grace"
    with pytest.raises(CredentialsRefused):
        room.address(checksum=next(other for other in ALGORITHMS if other != algorithm))


def test_no_character_of_a_name_or_a_title_is_sent_in_another_way_than_it_was_signed(room: Room) -> None:
    """The stand-in hashes the bytes that came."""

    @given(text=st.text(max_size=60))
    @settings(max_examples=60, deadline=None)
    def whatever(text: str) -> None:
        who = room.enter(replace(GUEST, name=text, summary=text))
        assert who.role == "VIEWER"
        room.end()

    whatever()


@pytest.mark.parametrize(
    ("path", "api"),
    [
        ("", "/bigbluebutton/api"),
        ("/", "/bigbluebutton/api"),
        ("/bigbluebutton/", "/bigbluebutton/api"),
        ("/bigbluebutton/api", "/bigbluebutton/api"),
        ("/bigbluebutton/api/", "/bigbluebutton/api"),
        ("/tenant/bigbluebutton", "/tenant/bigbluebutton/api"),
    ],
)
def test_the_address_may_be_written_as_servers_print_it(path: str, api: str) -> None:
    assert provider._api(f"https://bbb.example.org{path}") == f"https://bbb.example.org{api}"


def test_nothing_is_asked_and_nothing_made_before_the_first_click(room: Room) -> None:
    conference = provider.create(EVENT, room.attempt, room.call(meeting_prefix="team-"))

    assert conference.id == f"team-{room.attempt}"
    assert conference.entry_points == (EntryPoint("VIDEO", page(room.attempt)),)
    assert not room.wire.asked


def test_the_first_click_makes_the_meeting_and_each_click_gives_who_clicks_their_role(room: Room) -> None:
    guest, host = room.enter(GUEST), room.enter(HOST)

    assert (guest.name, guest.role, guest.guest, guest.user) == ("Grace", "VIEWER", True, GUEST.id)
    assert (host.name, host.role, host.guest, host.user) == ("Ada", "MODERATOR", False, HOST.id)
    assert list(room.server.meetings) == [room.attempt]


def test_who_types_no_name_gets_one(room: Room) -> None:
    assert room.enter(replace(HOST, name="")).name == "Host"
    assert room.enter(replace(GUEST, name=" \n ")).name == "Guest"


def test_with_a_lobby_guests_wait_and_the_host_does_not(room: Room) -> None:
    assert not room.enter(HOST, guest_policy="ASK_MODERATOR").waits
    assert room.enter(GUEST, guest_policy="ASK_MODERATOR").waits


def test_a_meeting_that_died_with_nobody_in_is_made_again_at_the_next_click(room: Room) -> None:
    early = room.address()
    room.server.forget_the_empty()
    assert not room.server.meetings

    assert room.enter(GUEST).meeting == room.attempt
    assert b"mismatchCreateTimeParam" in room.follow(early).body


def test_an_address_opens_no_other_meeting_and_no_other_role(room: Room) -> None:
    url = room.address(GUEST)
    for changed in (
        url.replace("VIEWER", "MODERATOR"),
        url.replace("guest=true", "guest=false"),
        url.replace(room.attempt, new_attempt()),
        url.replace("Grace", "Ada"),
    ):
        assert changed != url
        assert b"checksumError" in room.follow(changed).body


def test_an_older_server_knows_the_same_meeting_and_who_is_who_by_passwords(old_room: Room) -> None:
    assert old_room.enter(GUEST).role == "VIEWER"
    assert old_room.enter(HOST).role == "MODERATOR"

    old_room.end()
    assert not old_room.server.meetings


def test_each_meeting_has_passwords_of_its_own_and_another_secret_gives_others(room: Room) -> None:
    def passwords(meeting: str, secret: str) -> set[str]:
        return {provider._password(role, meeting, secret) for role in ("MODERATOR", "VIEWER")}

    assert passwords("a", "s") == passwords("a", "s")
    assert len(passwords("a", "s") | passwords("b", "s") | passwords("a", "t")) == 6


def test_a_secret_that_changes_while_a_meeting_goes_on_is_said(wire: Wire, make_call: MakeCall) -> None:
    room = Room(BigBlueButton(), wire, make_call)
    room.enter(HOST)
    after = Room(BigBlueButton("another"), wire, make_call)
    after.known, after.server.meetings = room.known, room.server.meetings

    with pytest.raises(Permanent) as refused:
        after.address(secret="another")
    assert refused.value.reason == "bigbluebutton-idNotUnique"


def test_a_server_is_told_what_the_options_say_and_otherwise_only_the_title(room: Room) -> None:
    assert room.made_with() == {"name": EVENT.summary}
    told = room.made_with(
        meeting_name="Weekly",
        welcome="Welcome to\n<b>%%CONFNAME%%</b>: dial %%DIALNUM%%, PIN %%CONFNUM%%",
        guest_policy="ALWAYS_DENY",
        record=False,
        max_participants=7,
        logout_url="https://example.org/bye?a=1&b=2",
        api_parameters=["muteOnStart=true", "meta_team=sales & co", "userdata-bbb_skip_check_audio=true"],
    )
    assert told == {
        "name": "Weekly",
        "welcome": "Welcome to <b>%%CONFNAME%%</b>: dial %%DIALNUM%%, PIN %%CONFNUM%%",
        "guestPolicy": "ALWAYS_DENY",
        "record": "false",
        "maxParticipants": "7",
        "logoutURL": "https://example.org/bye?a=1&b=2",
        "muteOnStart": "true",
        "meta_team": "sales & co",
    }


def test_parameters_of_a_visit_go_along_with_the_visit(room: Room) -> None:
    url = room.address(api_parameters=["userdata-bbb_skip_check_audio=true", "muteOnStart=true"])

    query = parse_qs(urlsplit(url).query)
    assert query["userdata-bbb_skip_check_audio"] == ["true"]
    assert "muteOnStart" not in query


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("", "Meeting"),
        (" x ", "Meeting"),
        ("\t\n", "Meeting"),
        ("ab", "ab"),
        ("Line\none\x00", "Line one"),
        ("t" * 64, "t" * 64),
        ("t" * 65, "t" * 63 + "…"),
        ("Zürich, 王小明", "Zürich, 王小明"),
        ("half \ud83d", "half \ufffd"),
    ],
)
def test_a_title_becomes_a_name_that_every_version_takes(title: str, name: str, room: Room) -> None:
    assert room.made_with(replace(HOST, summary=title))["name"] == name


@pytest.mark.parametrize(
    ("before_the_end", "ends_after", "minutes"),
    [
        (timedelta(minutes=90), 30, "120"),
        (timedelta(minutes=90), 0, "90"),
        (timedelta(minutes=89, seconds=1), 0, "90"),
        (timedelta(minutes=-10), 15, "5"),
        (timedelta(minutes=-15), 15, None),
        (timedelta(days=6), 10, "8650"),
        (timedelta(minutes=90), None, None),
    ],
)
def test_a_meeting_ends_so_long_after_the_event(
    before_the_end: timedelta, ends_after: int | None, minutes: str | None, room: Room
) -> None:
    made = room.made_with(now=END - before_the_end, ends_after=ends_after)

    assert made.get("duration") == minutes


def test_where_no_end_is_known_a_meeting_has_none(room: Room) -> None:
    assert "duration" not in room.made_with(replace(HOST, until=None), ends_after=30)


def test_a_meeting_that_is_ended_is_over_and_one_that_does_not_run_is_as_good(room: Room) -> None:
    room.enter(HOST)
    room.end()
    assert not room.server.meetings
    room.end()


@pytest.mark.parametrize("key", ["notFound", "invalidMeetingIdentifier", "meetingForciblyEnded"])
def test_the_end_of_what_is_over_is_no_failure(key: str, room: Room) -> None:
    room.wire.spoil(says(failure(key)))

    room.end()


@pytest.mark.parametrize(
    ("key", "kind"), [("internalError", Temporary), ("checksumError", CredentialsRefused), ("neverHeard", Temporary)]
)
def test_an_end_that_is_refused_is_a_failure(key: str, kind: type[Exception], room: Room) -> None:
    room.wire.spoil(says(failure(key)))

    with pytest.raises(kind):
        room.end()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_call_that_is_sent_elsewhere_is_not_sent_there(status: int, room: Room) -> None:
    room.wire.spoil(says(Answer(status, b"", {"Location": f"{room.wire.url}/bigbluebutton/api/elsewhere"})))

    with pytest.raises(Permanent) as refused:
        room.address()
    assert refused.value.reason == f"bigbluebutton-{status}"
    assert [asked.path for asked in room.wire.asked] == ["/bigbluebutton/api/create"]


REFUSALS = [
    Answer(500, b"<html>"),
    failure("validationError"),
    failure("neverHeard"),
    Answer(200, b"<html>"),
]


@pytest.mark.parametrize("answer", REFUSALS, ids=range(len(REFUSALS)))
def test_no_signed_address_and_no_secret_is_in_a_log_or_an_error(
    answer: Answer, room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    def echoing(asked: Asked) -> Answer:
        return replace_body(answer, answer.body + f"<!-- {asked.target} {SECRET} -->".encode())

    texts = []
    with caplog.at_level(logging.DEBUG):
        signed = room.address()
        room.wire.system = echoing
        for act in (room.address, room.end):
            with pytest.raises((Permanent, Temporary)) as refused:
                act()
            texts.append(str(refused.value))
    secrets = [SECRET, "checksum=", room.attempt, provider._password("MODERATOR", room.attempt, SECRET), signed]
    assert not [secret for secret in secrets for text in (*texts, caplog.text) if secret in text]


def replace_body(answer: Answer, body: bytes) -> Answer:
    return Answer(answer.status, body, answer.headers)


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ({"url": "bbb.example.org"}, "url"),
        ({"url": "https://169.254.169.254/bigbluebutton"}, "url"),
        ({"url": "https://bbb.example.org/?a"}, "url"),
        ({"secret": ""}, "secret"),
        ({"checksum": "md5"}, "checksum"),
        ({"meeting_prefix": "a,b"}, "meeting_prefix"),
        ({"meeting_prefix": "a" * 65}, "meeting_prefix"),
        ({"meeting_name": "x"}, "meeting_name"),
        ({"meeting_name": "x" * 65}, "meeting_name"),
        ({"welcome": "x" * 1001}, "welcome"),
        ({"guest_policy": "ASK"}, "guest_policy"),
        ({"max_participants": -1}, "max_participants"),
        ({"ends_after": -1}, "ends_after"),
        ({"logout_url": "javascript:alert(1)"}, "logout_url"),
        ({"api_parameters": ["muteOnStart"]}, "api_parameters"),
        ({"api_parameters": ["a b=c"]}, "api_parameters"),
        ({"api_parameters": ["welcome=x"]}, "api_parameters"),
        ({"api_parameters": ["checksum=x"]}, "api_parameters"),
        ({"api_parameters": ["meta_x=" + "x" * 1001]}, "api_parameters"),
        ({"api_parameters": ["meta_x=a\nb"]}, "api_parameters"),
    ],
)
def test_options_that_make_no_sense_are_refused(table: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        read_options("bigbluebutton", {"url": "https://bbb.example.org", "secret": "x", **table}, "[solutions.b]")
    assert refused.value.reason == f"[solutions.b] {field}"
