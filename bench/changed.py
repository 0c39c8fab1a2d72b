"""Calendars of which thousands of events changed: what Anyroom's store held before, and the pages that Calendar lists.

`python -m bench.changed FOLDER STORE COUNT...` fills the SQLite file STORE, in which every tenth event holds a
conference: the first COUNT is of the first user's calendar, and so on. FOLDER gets the pages that show each event an
hour later. It is a process of its own because the measured functions share the pages of every library loaded here.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import identity, upstream
from conference import event as events
from conference.data import ConferenceData, EntryPoint, Parameter, dial
from sync import records
from sync.calendar import QUERY
from sync.records import CALENDARS, MAPPINGS, CalendarRecord, Keeper, MappingRecord
from sync.store import Create
from sync.store.sqlite import SqliteStore

PAGE = 2500
"""Events on a page, as many as Anyroom asks for."""
SOLUTION = "demo"
_EVERY = 10
_COMMITTED = 20


def write(folder: Path, path: str, counts: Sequence[int]) -> None:
    """Fill the store and write the pages."""
    store = SqliteStore(path)
    for user, count in enumerate(counts):
        said = identity.claims(user, 0)
        _fill(store, said["email"], said["sub"], count)
        _list(folder, said["email"], count)
    store.close()


def _fill(store: SqliteStore, email: str, sub: str, count: int) -> None:
    keeper, heard = Keeper(sub, email), datetime.now(UTC)
    calendar = CalendarRecord(calendar=email, keeper=keeper, cursor=f"changed-{email}", query=QUERY, heard=heard)
    store.commit([Create(CALENDARS, records.key(email), records.to_body(calendar))])
    changes = list(_mappings(email, sub, count))
    for first in range(0, len(changes), _COMMITTED):
        store.commit(changes[first : first + _COMMITTED])


def _list(folder: Path, email: str, count: int) -> None:
    for number, first in enumerate(range(0, count, PAGE)):
        rows = [_row(email, each) for each in range(first, min(first + PAGE, count))]
        page = {"kind": "calendar#events", "timeZone": "Europe/Oslo", "accessRole": "owner", "items": rows}
        last = first + PAGE >= count
        page |= {"nextSyncToken": "in-step"} if last else {"nextPageToken": str(number + 1)}
        (folder / f"changed-{email}.{number}.json").write_text(json.dumps(page))


def _row(email: str, number: int) -> dict[str, Any]:
    """The event as it is now; every tenth carries a conference of ours."""
    row = {name: value for name, value in upstream.event(email, f"changed{number}").items() if name in _SHOWN}
    if number % _EVERY == 0:
        parameters = {events.PARAMETER: records.key(email, row["id"], SOLUTION)}
        row["conferenceData"] = {
            "conferenceId": row["id"],
            "parameters": {"addOnParameters": {"parameters": parameters}},
        }
    return row


_SHOWN = frozenset(
    ("id", "status", "summary", "description", "location", "start", "end", "iCalUID", "organizer", "attendees")
)


def _mappings(email: str, sub: str, count: int) -> Iterator[Create]:
    """What was made of every tenth event an hour earlier."""
    for number in range(0, count, _EVERY):
        row = _row(email, number)
        event = events.from_calendar(email, row)
        hour = timedelta(hours=1)
        before = events.from_calendar(email, {**row, "start": _at(event.start - hour), "end": _at(event.end - hour)})
        key = records.key(email, event.id, SOLUTION)
        record = MappingRecord(
            calendar=email,
            event=event.id,
            place=records.key(email, event.id),
            ical_uid=event.ical_uid,
            solution=SOLUTION,
            keeper=sub,
            attempt=event.id,
            state="live",
            seen=True,
            pointer=key,
            conference=event.id,
            room=records.room(SOLUTION, event.id),
            answer=_answer(event.id, key),
            told=before.told(),
            end=before.last_end(),
            due=before.end + timedelta(days=30),
        )
        yield Create(MAPPINGS, key, records.to_body(record))


def _answer(room_id: str, key: str) -> dict[str, Any]:
    """What onCreate answered."""
    entry_points = (
        EntryPoint.fitted("VIDEO", f"https://rooms.bench.example/r/{room_id}", passcode="123456"),
        EntryPoint.fitted("PHONE", dial("+4721000000", "123456789#"), pin="123456789", region_code="NO"),
        EntryPoint.fitted("SIP", f"sip:{room_id}@sip.bench.example"),
    )
    return ConferenceData(room_id, SOLUTION, entry_points, (Parameter(events.PARAMETER, key),)).to_record()


def _at(moment: datetime) -> dict[str, str]:
    return {"dateTime": moment.isoformat(), "timeZone": "Europe/Oslo"}


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2], [int(count) for count in sys.argv[3:]])
