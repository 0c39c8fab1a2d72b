"""Whatever a system answers, there is a safe conference or a failure of our tree; no request goes elsewhere for it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from conference import providers
from conference.custom import files
from conference.custom.system import System
from conference.providers.base import Changes, Conference, Known, Provider, Reply
from conference.providers.custom import Options
from tests.conference.custom.hostile import IDS, Answers, assert_safe, changed, comes_to, opened, values
from tests.contracts.providers import acme
from tests.contracts.providers.events import CHANGED, EVENT
from tests.thorough import REQUESTS

ATTEMPT = "abcdefghijklmnopqrstuvwxyz"
ROOM = {
    "name": "r",
    "hint": "Ask <Ann>",
    "owner": "owner@acme.example",
    "links": {"guest": "https://acme.example/r"},
    "code": "s3cret",
    "sip": "r@sip.acme.example",
    "pin": "77",
    "numbers": [{"dial": "+41 44 123 45 67", "country": "ch", "pin": 4711, "kind": "toll-free"}],
}
TELEPHONY = {"enabled": True, "phone_number": "+33 1 23", "pin_code": "12", "default_country": "FR"}
AUDIO = {"conferenceId": "12", "tollNumber": "+1 2", "tollFreeNumbers": ["+3 4"], "dialinUrl": "https://dial.example/"}
GOOD: dict[str, list[Any]] = {
    "acme": [{"version": 7}, {"room": ROOM}],
    "whereby": [{"meetingId": "1", "roomUrl": "https://acme.whereby.com/r"}],
    "daily": [{"name": "r", "url": "https://acme.daily.co/r"}],
    "la_suite_meet": [
        {"access_token": "token"},
        {"id": "r", "url": "https://meet.example.org/abc", "slug": "abc", "telephony": TELEPHONY},
    ],
    "microsoft_teams": [
        {
            "id": "r",
            "joinWebUrl": "https://teams.example/r",
            "joinMeetingIdSettings": {"joinMeetingId": "1", "passcode": "2"},
            "audioConferencing": AUDIO,
            "participants": {"organizer": {"upn": "host@teams.example"}},
        }
    ],
}
"""What each system answers to the requests of create."""


def keys_of(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(keys_of, value.values()))
    return set().union(*map(keys_of, value)) if isinstance(value, list) else set()


KEYS = keys_of(list(GOOD.values())) | {"error", "code", "info"}
NEEDED = {"whereby": {"api_key": "k"}, "daily": {"api_key": "k"}}
NEEDED["la_suite_meet"] = {"client_id": "c", "client_secret": "s", "url": "https://meet.example.org/base"}
NEEDED["microsoft_teams"] = {"client_id": "c", "client_secret": "s"}


def system(name: str) -> tuple[System, Provider, Any]:
    """A definition, what it declares, and options of it."""
    if name == "acme":
        options = Options(**acme.table("https://api.acme.example"))
        return options.behind, options.provider, options
    read = files.read(Path(providers.__file__).with_name(f"{name}.toml"))
    made = read.definition.declared.struct(**NEEDED[name])
    return read, read.declared(name, type(made)), made


SYSTEMS = {name: system(name) for name in ("acme", *NEEDED)}
STATUSES = st.sampled_from([200, 200, 200, 201, 204, 302, 400, 401, 404, 409, 500, 503])
BODIES = st.one_of(
    values(KEYS).map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=30),
    st.sampled_from([b"[" * 100_000, b'{"id":' * 50_000, b"1" * 5000, b"1e999", b"", b'"\\ud800"', b'{"id": 1e999}']),
)
ANY = st.lists(st.builds(Reply, STATUSES, st.just({}), BODIES), min_size=1, max_size=4)


def replies_of(documents: list[Any]) -> list[Reply]:
    return [Reply(200, {}, json.dumps(document).encode()) for document in documents] or [Reply(200, {}, b"")]


def create(name: str, replies: list[Reply]) -> tuple[object, Answers]:
    behind, declared, options = SYSTEMS[name]
    client = Answers(replies)
    return comes_to(lambda: behind.create(EVENT, ATTEMPT, opened(declared, options, client))), client


@pytest.mark.parametrize("name", SYSTEMS)
def test_what_each_system_answers_makes_a_conference(name: str) -> None:
    made, client = create(name, replies_of(GOOD[name]))
    assert isinstance(made, Conference)
    assert_safe(made)
    assert len(client.asked) == len(GOOD[name])


@pytest.mark.parametrize("name", SYSTEMS)
@hypothesis_settings(max_examples=REQUESTS * 5, deadline=None)
@given(data=st.data())
def test_a_hostile_reply_makes_a_safe_conference_or_a_failure(name: str, data: st.DataObject) -> None:
    altered = changed(GOOD[name], values(KEYS), KEYS).map(replies_of)
    made, client = create(name, data.draw(altered | ANY))

    if isinstance(made, Conference):
        assert_safe(made)
        assert 0 < len(made.id) <= 512
        assert not {"..", "."} & set(made.id.split("/"))
    for asked in client.asked:
        assert ".." not in asked.url
        assert not [canary for canary in ("canary", "Canary", "%00", " ", "\n") if canary in asked.url]


PLACES = {
    "acme": "https://api.acme.example/v1/rooms/",
    "whereby": "https://api.whereby.dev/v1/meetings/",
    "daily": "https://api.daily.co/v1/rooms/",
    "microsoft_teams": "https://graph.microsoft.com/v1.0/me/onlineMeetings/",
}


@pytest.mark.parametrize("name", PLACES)
@hypothesis_settings(max_examples=REQUESTS * 5, deadline=None)
@given(id=st.text(max_size=40) | st.sampled_from(IDS))
def test_no_id_leads_a_request_elsewhere(name: str, id: str) -> None:
    behind, declared, options = SYSTEMS[name]
    client = Answers([Reply(200, {}, b"{}")])
    known = Known(id, ATTEMPT)

    comes_to(lambda: behind.delete(known, opened(declared, options, client)))
    if declared.updates:
        changes = Changes(CHANGED, declared.updates)
        comes_to(lambda: behind.update(known, changes, opened(declared, options, client)))

    for asked in client.asked:
        before, place, after = asked.url.partition(PLACES[name])
        assert (before, place) == ("", PLACES[name])
        segment = after.partition("?")[0]
        assert segment
        assert segment not in (".", "..")
        assert not set(segment) & set("/?#\\ ")
