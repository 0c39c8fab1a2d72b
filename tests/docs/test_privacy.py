"""What docs/privacy.md tells users is what the code does: what is stored, for how long, what for, and the ways out."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

import settings
from addon.manifest import DEPLOYMENT_SCOPES, SCRIPT_SCOPES
from conference import custody, providers, session, sign_in, webhooks
from conference.clock import Deadline
from conference.errors import Temporary
from conference.event import Attendee
from conference.identity import User
from conference.providers.base import EventField
from sync import calendar, claims, credentials, listing, outside, records
from sync.records import CALENDARS, CONNECTIONS, MAPPINGS, ONCE, ORPHANS
from sync.store import Create
from sync.sweep import Sweep
from sync.users import StoredOfUsers
from tests.docs.page import ROOT, Page, code, dead_links
from tests.sync.rooms import KEY, Desk
from tests.world import ADA

PAGE = Page(ROOT / "docs/privacy.md")
STORED = PAGE.table("what", "of you", "for how long")
PARKED = "what the system could not be told yet"
ENTERED = "for conferences that are entered by our own page"
TECHNICAL = ""
"""Says nothing of a person: a version, a state, a random text, a hash of such, a time of ours."""

SAID: dict[str, tuple[type[msgspec.Struct], dict[str, str]]] = {
    MAPPINGS: (
        records.MappingRecord,
        {
            "the calendar's id": "calendar",
            "the event's ids": "event ical_uid",
            "account's number": "keeper user",
            "the address of the account": "account",
            "the conference's link and codes": "conference answer",
            "start, end and time zone": "told end",
            "a hash of its link": "link",
            "encrypted the link, the event's title, start, end, time zone and recurrence": "meeting",
            PARKED: "parked",
            TECHNICAL: "v place solution attempt state reason seen pointer room shared tells etag until opened look "
            "tries failing due forget",
        },
    ),
    CALENDARS: (
        records.CalendarRecord,
        {
            "its id": "calendar",
            "account's number and address": "keeper kept_by channel previous_channels",
            "how far it was read, never what": "cursor page",
            TECHNICAL: "v query dirty ran heard changed pace lease reason failures refused unsure due",
        },
    ),
    ORPHANS: (
        records.OrphanRecord,
        {
            "the ids of calendar and event": "calendar event",
            "account's number": "user",
            "the address of the account": "account",
            "a conference that may have been left behind": "conference",
            TECHNICAL: "v solution attempt reason since room look tries due",
        },
    ),
    CONNECTIONS: (
        records.ConnectionRecord,
        {
            "the tokens, the address of that account and your account's number, encrypted": "sealed whose",
            "what it permits": "scopes",
            "that account's id and your account's number, as hashes": "owner account",
            TECHNICAL: "v solution state reason since renew expires refreshing",
        },
    ),
    ONCE: (records.OnceRecord, {TECHNICAL: "v until due forget"}),
}
"""What the policy's row says, and of which fields of the record: a new field must be thought of here, and there."""


def row(start: str) -> list[str]:
    """The one row of what is stored whose first cell begins so, or names that kind."""
    [found] = [cells for cells in STORED if cells[0].startswith(start) or code(cells[0]) == [start]]
    return found


def words(lasts: timedelta) -> str:
    """A time as the policy writes it."""
    for unit, seconds in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count, rest = divmod(int(lasts.total_seconds()), seconds)
        if count and not rest:
            return f"{count} {unit}" + ("s" if count > 1 else "")
    raise AssertionError(f"{lasts} is no round time")


def stored(rooms: Desk) -> str:
    """All that is stored of Ada's event, as text."""
    return str(rooms.one().document.body)


def test_every_kind_of_record_has_its_row() -> None:
    assert [code(cells[0])[0] for cells in STORED if code(cells[0])] == list(SAID)
    tree = ast.parse((ROOT / "sync/records.py").read_text("utf-8"))
    names = [node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)]
    assert {node.value.value for node in names if isinstance(node.value, ast.Constant)} == {1, *SAID}


@pytest.mark.parametrize("kind", SAID)
def test_every_field_of_a_record_is_in_its_row_or_says_nothing_of_anybody(kind: str) -> None:
    struct, said = SAID[kind]
    fields = [name for names in said.values() for name in names.split()]
    assert sorted(fields) == sorted(field.name for field in msgspec.structs.fields(struct))
    told = " ".join([*row(kind), *(row(PARKED) + row(ENTERED) if kind == MAPPINGS else ())])
    assert [phrase for phrase in said if phrase not in told] == []


@pytest.mark.parametrize(
    ("kind", "lasts"),
    [
        (MAPPINGS, outside.KEPT),
        (PARKED, outside.KEPT),
        (ORPHANS, outside.KEPT),
        (ORPHANS, claims.KEPT),
        (ONCE, session.FLOW),
        (ONCE, webhooks._REMEMBERED),
    ],
)
def test_it_is_kept_as_long_as_its_row_says(kind: str, lasts: timedelta) -> None:
    assert set(re.findall(r"\d+ \w+", row(kind)[2])) == {words(lasts)}


def test_a_conference_outlives_its_event_as_long_as_it_says() -> None:
    ends = datetime(2026, 11, 26, tzinfo=UTC)
    assert outside.closes(ends, 0.0) == ends + outside.KEPT
    assert f"which happens {words(outside.KEPT)} after the event" in row(MAPPINGS)[2]


def test_the_other_times_are_those_of_the_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    grace = settings.load({"ANYROOM_IDENTITY": "script=CLIENT_ID"}).grace
    for sentence in (
        f"keeps its conference for {words(grace)}, so that",
        f"never saved is deleted after {words(claims.OFFERED)}.",
        f"once from {words(listing.SINCE)} back",
        f"in its memory for {words(timedelta(seconds=custody.FRESH))} more",
        f"`{session._SESSION}`, for {words(session.SESSION)},",
        f"`{session._FLOW}`, for {words(session.FLOW)},",
    ):
        assert sentence in PAGE.flowing


def test_the_permissions_are_those_that_are_asked_for() -> None:
    told = [scope for cells in PAGE.table("permission", "what for") for scope in code(cells[0])]
    assert len(told) == len(set(told))
    assert set(told) == {*SCRIPT_SCOPES, *DEPLOYMENT_SCOPES, *credentials.SCOPES, *sign_in.SCOPES}


def test_nothing_is_ever_written_to_a_calendar() -> None:
    assert "it never creates, changes or deletes an event" in PAGE.flowing
    assert {name.rpartition(".")[2] for name in calendar._METHODS} == {"get", "list", "watch", "stop"}


def test_a_system_is_told_of_an_event_what_it_says_and_nothing_else() -> None:
    said = {"summary": "title", "attendees": "the addresses of the guests"}
    told = re.search(r"gets what it takes of your event: (.*?); and whose conference it is", PAGE.flowing)
    assert told
    assert [field for field in get_args(EventField) if said.get(field, field) not in told[1]] == []
    taken = {name for loaded in map(providers.load, providers.names()) for name in loaded.declared.updates}
    assert taken <= set(get_args(EventField))
    assert [path.name for path in ROOT.glob("conference/providers/*.py") if "event.location" in path.read_text()] == []


def test_a_record_shows_no_text_of_its_event(rooms: Desk) -> None:
    assert "digests, not texts, of its title, description, recurrence and guests" in row(MAPPINGS)[1]
    rooms.put()
    guests = (Attendee("secret-guest@example.com", "Secret Guest"),)
    secret: dict[str, Any] = {"summary": "Secret plan", "description": "Secret text", "location": "Secret place"}
    rooms.applier().apply(rooms.row(**secret, recurrence=("RRULE:FREQ=DAILY;COUNT=3",), attendees=guests))
    assert rooms.asked == ["update attendees,description,recurrence,summary"]
    assert [text for text in ("ecret", "RRULE") if text in stored(rooms)] == []


def test_what_could_not_be_told_is_erased_when_it_was(rooms: Desk) -> None:
    for told in ("title", "description", "place", "guests"):
        assert told in row(PARKED)[1]
    rooms.put()
    rooms.failure = Temporary("down")
    rooms.applier().apply(rooms.row(summary="Secret plan"))
    assert "Secret plan" in stored(rooms)
    rooms.failure = None
    rooms.clock.advance(86400)
    rooms.applier().apply(rooms.row(summary="Secret plan", etag="2"))
    assert "Secret" not in stored(rooms)


def test_what_could_never_be_told_is_erased_as_late_as_it_says(rooms: Desk) -> None:
    rooms.put()
    rooms.store.commit([Create(CALENDARS, KEY, records.to_body(rooms.calendar))])
    rooms.failure = Temporary("down")
    rooms.applier().apply(rooms.row(summary="Secret plan"))
    rooms.clock.advance((outside.KEPT + timedelta(days=1)).total_seconds())
    Sweep(rooms.ports, None, lambda: "holder", once=True).run(Deadline(rooms.clock, 100.0))
    assert "Secret" not in stored(rooms)


def test_a_record_whose_calendar_nobody_reads_stays(rooms: Desk) -> None:
    assert "A record can only be closed while its calendar can be read" in PAGE.flowing
    rooms.put(due=rooms.clock.now())
    for _ in range(3):
        rooms.clock.advance(outside.KEPT.total_seconds())
        Sweep(rooms.ports, None, lambda: "holder", once=True).run(Deadline(rooms.clock, 100.0))
    assert (rooms.of().state, rooms.of().look, rooms.of().due) == ("live", KEY, None)


def test_deleting_all_data_leaves_nothing_of_whoever_is_alone_on_their_calendar(rooms: Desk) -> None:
    rooms.put(user="1", account=ADA)
    orphan = records.OrphanRecord(
        calendar=ADA, event="e", solution="demo", attempt="a", reason="x", since=rooms.clock.now(), user="1"
    )
    rooms.store.commit(
        [
            Create(ORPHANS, records.key("a"), records.to_body(orphan)),
            Create(CALENDARS, KEY, records.to_body(msgspec.structs.replace(rooms.calendar, kept_by="1"))),
        ]
    )
    kinds = [MAPPINGS, CALENDARS, ORPHANS]
    assert [kind for kind in kinds if rooms.store.find(kind, "calendar", ADA, 9)] == kinds
    StoredOfUsers(rooms.store, rooms.clock).forget(User("1", ADA))
    assert [kind for kind in kinds if rooms.store.find(kind, "calendar", ADA, 9)] == []


def test_the_ways_out_are_there_and_called_so() -> None:
    texts = tomllib.loads((ROOT / "conference/pages/texts.toml").read_text("utf-8"))
    assert f"*{texts['delete_button']['en']}*" in PAGE.flowing
    assert f"*{texts['disconnect']['en'].partition(' ')[0]}*" in PAGE.flowing
    routes = set(routed())
    assert {"/forget", "/disconnect/ID", "/settings"} <= routes


def routed() -> Iterator[str]:
    """The paths that the function answers."""
    for node in ast.walk(ast.parse((ROOT / "main.py").read_text("utf-8"))):
        if (
            isinstance(node, ast.AnnAssign)
            and ast.unparse(node.target) == "ROUTES"
            and isinstance(node.value, ast.Dict)
        ):
            yield from (ast.literal_eval(path) for path in node.value.keys if path is not None)


def test_what_the_script_keeps_is_which_calendars_and_when_it_looked() -> None:
    assert "which calendars it follows and when it looked at its triggers last" in PAGE.flowing
    shim = (ROOT / "addon/shim.gs").read_text("utf-8")
    kept = re.findall(r"setProperty\(key, JSON\.stringify\(\{(.*?)\}\)\)", shim)
    assert len(kept) == shim.count("setProperty(")
    assert {name for values in kept for name in re.findall(r"(\w+):", values)} == {"calendarId", "checked"}


def test_what_it_points_at_is_there() -> None:
    assert dead_links(PAGE) == []
    assert "privacy.md" in Page(ROOT / "docs/publish.md").links()


def test_a_time_is_written_as_people_write_it() -> None:
    written = [words(lasts) for lasts in (timedelta(days=30), timedelta(hours=1), timedelta(minutes=10))]
    assert json.dumps(written) == '["30 days", "1 hour", "10 minutes"]'
