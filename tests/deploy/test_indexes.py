"""Firestore indexes what the code asks for and nothing else: the emulator takes any query, so it is held here.

Sources: Firestore, "Index types" (an equality ordered by name, and a range ordered by its own field, take the field's
single index), "Best practices" (a field that rises with time caps its collection at 500 writes a second).
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sync import records
from sync.store.firestore_wire import Session
from sync.store.sqlite_file import INDEXED
from tests.deploy import queries
from tests.deploy.queries import Module, all_queries
from tests.deploy.repository import ROOT

ROWS = [
    tuple(line.split())
    for line in (ROOT / "deploy" / "firestore.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
DECLARED = {(kind, field) for kind, field, what in ROWS if what == "ascending"}
RECORDS = {
    records.MAPPINGS: records.MappingRecord,
    records.CALENDARS: records.CalendarRecord,
    records.ORPHANS: records.OrphanRecord,
    records.CONNECTIONS: records.ConnectionRecord,
    records.ONCE: records.OnceRecord,
}
PROBES = "doctor"
"""The doctor's probes, which are no records."""


def test_no_query_is_without_its_index_and_no_index_without_a_query() -> None:
    assert all_queries() == DECLARED


def test_everything_else_of_every_collection_is_indexed_nowhere() -> None:
    assert {kind for kind, field, what in ROWS if (field, what) == ("*", "none")} == {*RECORDS, PROBES}


def test_what_is_asked_for_is_indexed_before_the_rest_is_exempted() -> None:
    for kind in {*RECORDS, PROBES}:
        whats = [what for one, _, what in ROWS if one == kind and what != "ttl"]
        assert whats == sorted(whats), kind


def test_firestore_deletes_what_says_when_it_may_be_forgotten() -> None:
    forgotten = {kind for kind, record in RECORDS.items() if "forget" in record.__struct_fields__}
    assert {(kind, field) for kind, field, what in ROWS if what == "ttl"} == {
        (kind, "forget") for kind in forgotten | {PROBES}
    }


def test_each_indexed_field_is_one_of_its_record() -> None:
    for kind, field in DECLARED:
        assert kind == PROBES or field in RECORDS[kind].__struct_fields__, (kind, field)


def test_sqlite_looks_up_by_index_what_firestore_does() -> None:
    found = {(kind, field) for kind, field in DECLARED if field != "due" and kind != PROBES}
    assert {(kind, field) for kind, fields in INDEXED.items() for field in fields} == found


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a session sends when it is asked to find something and what is due."""
    session = Session("(default)", "example-project", "127.0.0.1:1")
    sent: list[Any] = []

    def query(message: Any, timeout: float) -> tuple[str, Any]:
        sent.append(message.structured_query)
        return "OK", []

    monkeypatch.setattr(session, "_query", query)
    session.find("mapping", "room", "value", 10, "key", 1.0)
    session.due("mapping", datetime(2026, 1, 1, tzinfo=UTC), 10, 1.0)
    session.close()
    return sent


def test_each_query_is_of_one_field_ascending_so_that_none_needs_a_composite_index(asked: list[Any]) -> None:
    for query in asked:
        field = query.where.field_filter.field.field_path
        orders = [(order.field.field_path, order.direction) for order in query.order_by]
        assert query.where.WhichOneof("filter_type") == "field_filter"
        assert not query.from_[0].all_descendants
        assert orders in ([(field, 1)], [("__name__", 1)])
        assert orders != [("__name__", 1)] or query.where.field_filter.op == 5  # EQUAL


SAMPLE = """
from sync.records import CALENDARS, MAPPINGS

class Sample:
    def due(self):
        handlers: dict = {MAPPINGS: 1, **({"extra": 2} if True else {})}
        for kind, handle in handlers.items():
            self._store.due(kind, None, 1)

    def of(self, kind, field="user"):
        return self._store.find(kind, field, "value", 1)

    def all(self):
        return [one for kind in (CALENDARS, "other") for one in self.of(kind)] + self.of(MAPPINGS, field="room")

    def pairs(self):
        for kind, field in (("one", "a"), ("two", "b")):
            self.of(kind, field)

    def whole(self, kind):
        return find_all(self._store, kind, "page", "value")

    def pages(self):
        return self.whole(MAPPINGS)

    def named(self):
        self._store.due("named", None, limit=1)
        return self._store.find("named", value="value", field="b", limit=1)
"""


def test_queries_are_found_through_constants_loops_and_parameters(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sampled_queries.py").write_text(SAMPLE)
    monkeypatch.setattr(queries, "ROOT", tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert Module(tmp_path / "sampled_queries.py").queries() == {
        ("mapping", "due"),
        ("extra", "due"),
        ("calendar", "user"),
        ("other", "user"),
        ("mapping", "room"),
        ("one", "a"),
        ("two", "b"),
        ("mapping", "page"),
        ("named", "due"),
        ("named", "b"),
    }


def test_a_query_that_cannot_be_told_is_no_small_matter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "untold_queries.py").write_text("def ask(store, kinds):\n    store.find(kinds[0], 'x', 'y', 1)\n")
    monkeypatch.setattr(queries, "ROOT", tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="says neither kind nor field"):
        Module(tmp_path / "untold_queries.py").queries()
