"""A store that holds one calendar with a live channel, marked already.

`python -m bench.marked STORE CHANNEL SECRET RESOURCE` makes the file and prints the channel's token. It is a process of
its own because the measured functions share the pages of every library loaded here.
"""

import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from bench import identity
from sync import records
from sync.records import CALENDARS, CalendarRecord, Channel, Keeper
from sync.store import Create
from sync.store.sqlite import SqliteStore


def write(path: str, channel: str, secret: str, resource: str) -> str:
    """Make the store: the channel's token. Nothing is due while the bench runs."""
    said, now = identity.claims(0, 0), datetime.now(UTC)
    later = now + timedelta(days=1)
    key = records.key(said["email"])
    token = f"{key}.{secret}"
    record = CalendarRecord(
        calendar=said["email"],
        keeper=Keeper(said["sub"], said["email"]),
        dirty=later,
        channel=Channel(channel, sha256(token.encode()).hexdigest(), "", said["sub"], now, later, resource),
        due=later,
    )
    store = SqliteStore(path)
    store.commit([Create(CALENDARS, key, records.to_body(record))])
    store.close()
    return token


if __name__ == "__main__":
    print(write(*sys.argv[1:]))
