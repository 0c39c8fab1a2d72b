"""Records of every version so far are read whole; one that is too new is refused and not guessed at."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conference.data import ConferenceData
from sync import records
from sync.holdings import readable
from sync.records import CALENDARS, CONNECTIONS, MAPPINGS, ONCE, ORPHANS, VERSION
from sync.store import Document
from sync.store.sqlite import SqliteStore
from tests.sync import sampled

FILES = sorted(sampled.HERE.glob("records_v*/*.json"))
READERS: dict[str, Callable[[Document], msgspec.Struct]] = {
    MAPPINGS: records.mapping,
    CALENDARS: lambda document: records.calendar(document.body),
    ORPHANS: lambda document: records.orphan(document.body),
    CONNECTIONS: lambda document: records.connection(document.body),
    ONCE: lambda document: records.read(document.body, records.OnceRecord),
}
EACH_FILE = pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")


@pytest.fixture
def kept(file: Path, tmp_path: Path) -> Iterator[Document]:
    """The sample as a store of today reads it from a file of then."""
    sample = json.loads(file.read_text("utf-8"))
    path = tmp_path / "anyroom.db"
    with closing(SqliteStore(str(path))) as store:
        store.open()
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(
                "INSERT INTO documents (kind, key, mark, body) VALUES (?, ?, 1, ?)",
                (sample["kind"], sample["key"], json.dumps(sample["body"])),
            )
        found = store.get(sample["kind"], sample["key"])
        assert found
        yield found


def test_every_version_has_a_sample_of_every_kind() -> None:
    kinds: dict[str, set[str]] = {}
    for file in FILES:
        kinds.setdefault(file.parent.name, set()).add(json.loads(file.read_text("utf-8"))["kind"])
    assert kinds == {f"records_v{version}": set(READERS) for version in range(1, VERSION + 1)}


@EACH_FILE
def test_a_record_of_a_version_so_far_is_read_with_everything_in_it(kept: Document) -> None:
    read = records.to_body(READERS[kept.kind](kept))
    known = {name: value for name, value in kept.body.items() if name != "rev"}
    assert {name: read.get(name) for name in known} == {**known, **_named(kept)}


def _named(kept: Document) -> dict[str, str]:
    """A mapping that names no pointer is named by its key."""
    return {} if kept.kind != MAPPINGS or kept.body["pointer"] else {"pointer": kept.key}


@EACH_FILE
def test_what_is_inside_a_record_is_read_too(kept: Document) -> None:
    if kept.kind == MAPPINGS and kept.body["answer"]:
        assert ConferenceData.from_record(kept.body["answer"]).to_record() == kept.body["answer"]
        parked = records.mapping(kept).parked
        assert parked
        assert records.parked_event(parked).told() == kept.body["told"]


def test_today_writes_what_the_samples_of_today_say(tmp_path: Path) -> None:
    """Fields may be added; one that is changed or gone needs another version."""
    sampled.write(tmp_path)
    for file in (sampled.HERE / f"records_v{VERSION}").iterdir():
        then, now = (json.loads((folder / file.name).read_text("utf-8")) for folder in (file.parent, tmp_path))
        assert {name: now["body"].get(name) for name in then["body"]} == then["body"]


def test_a_sample_leaves_no_field_at_its_default() -> None:
    """Of each kind one sample: a field that nobody fills is read by nobody here."""
    shapes: dict[str, type[msgspec.Struct]] = {
        MAPPINGS: records.MappingRecord,
        CALENDARS: records.CalendarRecord,
        ORPHANS: records.OrphanRecord,
        CONNECTIONS: records.ConnectionRecord,
    }
    for kind, shape in shapes.items():
        _, _, body = sampled.samples()[kind]
        bare = [one.name for one in msgspec.structs.fields(shape) if body[one.name] == one.default]
        assert set(bare) <= {"v", "tells"}, kind


@EACH_FILE
def test_a_record_of_a_later_version_is_refused_with_what_to_do(kept: Document) -> None:
    body: dict[str, Any] = {**kept.body, "v": VERSION + 1}
    with pytest.raises(
        records.RecordTooNew, match=f"is of version {VERSION + 1}, and this Anyroom knows {VERSION}: deploy the newer"
    ):
        READERS[kept.kind](msgspec.structs.replace(kept, body=body))


def test_a_mapping_of_a_later_version_holds_up_no_other() -> None:
    kind, key, body = sampled.samples()["mapping"]
    good, new = Document(kind, key, body, 1), Document(kind, "new", {**body, "v": VERSION + 1}, 1)
    assert [one.key for one in readable([new, good])] == [key]


def test_a_field_of_a_later_release_is_passed_over() -> None:
    kind, key, body = sampled.samples()["mapping"]
    assert records.mapping(Document(kind, key, {**body, "later": {"a": 1}}, 1)).event == sampled.EVENT
