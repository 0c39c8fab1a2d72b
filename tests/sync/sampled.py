"""A sample of every kind of record, each field filled, as this release writes it: `python -m tests.sync.sampled`.

The samples of a version are written once and stay: whoever changes a record keeps reading them, or raises VERSION,
and then writes samples of the new one beside them.
"""

import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from conference.connection import Refreshing
from conference.data import ConferenceData, EntryPoint, Parameter
from conference.event import from_calendar, to_record
from sync import records
from sync.records import (
    CALENDARS,
    CONNECTIONS,
    MAPPINGS,
    ONCE,
    ORPHANS,
    VERSION,
    CalendarRecord,
    Channel,
    ConnectionRecord,
    Keeper,
    Lease,
    MappingRecord,
    OnceRecord,
    OrphanRecord,
    Page,
    Parked,
)
from sync.store import Create
from sync.store.sqlite import SqliteStore

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 26, 9, 30, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
ADA, EVENT, SOLUTION, ATTEMPT = "ada@example.com", "event1", "zoom", "abcdefghijklmnopqrstuvwxyz"
KEY, CALENDAR = records.key(ADA, EVENT, SOLUTION), records.key(ADA)
BODY: dict[str, Any] = {
    "id": EVENT,
    "etag": '"1"',
    "summary": "Plan",
    "description": "Line one\nüñï",
    "start": {"dateTime": "2026-12-01T09:00:00+01:00", "timeZone": "Europe/Berlin"},
    "end": {"dateTime": "2026-12-01T10:00:00+01:00", "timeZone": "Europe/Berlin"},
    "recurrence": ["RRULE:FREQ=DAILY;COUNT=3"],
    "iCalUID": "event1@google.com",
    "organizer": {"email": ADA, "self": True},
    "attendees": [{"email": "bob@example.com", "displayName": "Bob", "responseStatus": "accepted"}],
}


def samples() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Kind, key and body of each sample, by its name."""
    event = from_calendar(ADA, BODY, "Europe/Berlin")
    channel = Channel("channel-1", "token-hash", "address-hash", "1001", NOW, NOW + HOUR, "resource-1")
    answer = ConferenceData(
        "123",
        SOLUTION,
        (EntryPoint.fitted("VIDEO", "https://zoom.us/j/123", meeting_code="123", passcode="s3cret"),),
        (Parameter("anyroom", KEY),),
        "Notes",
    )
    held = MappingRecord(
        calendar=ADA,
        event=EVENT,
        place=records.key(ADA, EVENT),
        ical_uid="event1@google.com",
        solution=SOLUTION,
        keeper="1001",
        user="1001",
        account=ADA,
        attempt=ATTEMPT,
        state="live",
        reason="zoom-503",
        seen=True,
        pointer=KEY,
        conference="123",
        room=records.room(SOLUTION, "123"),
        shared=True,
        tells=True,
        answer=answer.to_record(),
        told=event.told(),
        etag='"1"',
        parked=Parked(to_record(event), ["start", "summary"], 2, NOW),
        until=NOW + HOUR,
        end=NOW + 2 * HOUR,
        link="link-hash",
        meeting="1.key.sealed",
        opened=NOW,
        look=CALENDAR,
        tries=1,
        failing=NOW,
        due=NOW + HOUR,
        forget=NOW + 3 * HOUR,
    )
    claimed = MappingRecord(calendar=ADA, event=EVENT, solution=SOLUTION, attempt=ATTEMPT, state="claimed", until=NOW)
    calendar = CalendarRecord(
        calendar=ADA,
        keeper=Keeper("1001", ADA),
        kept_by="1001",
        cursor="sync-token",
        query="0123456789abcdef",
        page=Page("page-token", NOW, ["0123456789ab"], True, KEY),
        dirty=NOW,
        ran=NOW,
        heard=NOW,
        changed=NOW,
        pace=3600.5,
        lease=Lease("holder", NOW + HOUR, 7),
        channel=channel,
        previous_channels=[channel],
        reason="calendar-unavailable",
        failures=2,
        refused=True,
        unsure=True,
        due=NOW,
    )
    orphan = OrphanRecord(
        calendar=ADA,
        event=EVENT,
        solution=SOLUTION,
        attempt=ATTEMPT,
        reason="outcome-unknown",
        since=NOW,
        user="1001",
        conference="123",
        room=records.room(SOLUTION, "123"),
        account=ADA,
        look=CALENDAR,
        tries=1,
        due=NOW,
    )
    connection = ConnectionRecord(
        solution=SOLUTION,
        state="connected",
        reason="scopes",
        since=NOW,
        scopes=["meeting:read", "meeting:write"],
        sealed="1.0123456789ab.c2VhbGVk",
        whose="1.0123456789ab.d2hvc2U=",
        renew=NOW,
        expires=NOW + HOUR,
        refreshing=Refreshing("instance", NOW),
        owner=records.key("owner", "1001"),
        account=records.key("account", SOLUTION, "7"),
    )
    once = OnceRecord(until=NOW, due=NOW, forget=NOW)
    found: list[tuple[str, str, str, msgspec.Struct]] = [
        ("mapping", MAPPINGS, KEY, held),
        ("mapping_claimed", MAPPINGS, records.key("claimed"), claimed),
        ("calendar", CALENDARS, CALENDAR, calendar),
        ("orphan", ORPHANS, records.key(ATTEMPT), orphan),
        ("connection", CONNECTIONS, records.key("1001", SOLUTION), connection),
        ("once", ONCE, records.key("once", "value"), once),
    ]
    return {name: (kind, key, records.to_body(record)) for name, kind, key, record in found}


def write(folder: Path) -> None:
    """Write each as the store in SQLite keeps it."""
    with TemporaryDirectory() as place:
        path = f"{place}/anyroom.db"
        with closing(SqliteStore(path)) as store:
            for kind, key, body in samples().values():
                store.commit([Create(kind, key, body)])
        with closing(sqlite3.connect(path)) as file:
            for name, (kind, key, _) in samples().items():
                query = "SELECT body FROM documents WHERE kind = ? AND key = ?"
                [(text,)] = file.execute(query, (kind, key)).fetchall()
                document = {"kind": kind, "key": key, "body": msgspec.json.decode(text)}
                content = msgspec.json.format(msgspec.json.encode(document), indent=2)
                (folder / f"{name}.json").write_bytes(content + b"\n")


if __name__ == "__main__":
    target = HERE / f"records_v{VERSION}"
    if target.exists() and any(target.iterdir()):
        sys.exit(f"{target.name} is there already: what a version has written is not written anew")
    target.mkdir(exist_ok=True)
    write(target)
