"""A `fields` mask keeps what it names, nothing else, and is refused where the type has no such member."""

import pytest

from simulator import fields
from simulator.errors import GoogleError

EVENT = {"$ref": "Event"}
EVENTS = {"$ref": "Events"}
LIST = {
    "kind": "calendar#events",
    "nextPageToken": "t",
    "items": [
        {"id": "a", "status": "confirmed", "start": {"date": "2026-03-02"}, "conferenceData": {"conferenceId": "c"}},
        {"id": "b", "status": "cancelled"},
    ],
}


@pytest.mark.parametrize(
    ("mask", "kept"),
    [
        ("kind", {"kind": "calendar#events"}),
        ("items(id,status)", {"items": [{"id": "a", "status": "confirmed"}, {"id": "b", "status": "cancelled"}]}),
        ("items/id,kind", {"kind": "calendar#events", "items": [{"id": "a"}, {"id": "b"}]}),
        ("items(start/date)", {"items": [{"start": {"date": "2026-03-02"}}, {}]}),
        ("items(id),items/status", {"items": [{"id": "a", "status": "confirmed"}, {"id": "b", "status": "cancelled"}]}),
        ("items/conferenceData(conferenceId)", {"items": [{"conferenceData": {"conferenceId": "c"}}, {}]}),
        ("*", LIST),
        ("items,items/id", {"items": LIST["items"]}),
        ("items/id,items", {"items": LIST["items"]}),
        (" items ( id ) , kind ", {"kind": "calendar#events", "items": [{"id": "a"}, {"id": "b"}]}),
        ("summary", {}),
    ],
)
def test_only_what_is_named_is_kept(mask: str, kept: object) -> None:
    parsed = fields.parse(mask)
    fields.check(parsed, EVENTS)
    assert fields.apply(parsed, LIST) == kept


@pytest.mark.parametrize(
    "mask", ["", ",", "a,", "a(", "a()", "a)", "(a)", "a//b", "/a", "a b", "a(b))", "ä", "a(" * 50]
)
def test_what_cannot_be_read_is_refused(mask: str) -> None:
    with pytest.raises(GoogleError, match="Invalid field selection"):
        fields.parse(mask)


@pytest.mark.parametrize("mask", ["colour", "start/hour", "items/id", "start(date,hour)", "id/deeper", "attendees/age"])
def test_a_member_that_the_type_lacks_is_refused(mask: str) -> None:
    with pytest.raises(GoogleError, match="Invalid field selection"):
        fields.check(fields.parse(mask), EVENT)


def test_keys_of_a_map_are_free() -> None:
    fields.check(fields.parse("conferenceData/parameters/addOnParameters/parameters/anyroom"), EVENT)


@pytest.mark.parametrize(
    ("mask", "path", "selected"),
    [
        (None, ("items", "id"), True),
        ("items", ("items", "id"), True),
        ("items(id)", ("items", "status"), False),
        ("*", ("items", "id"), True),
        ("*/id", ("items", "status"), False),
        ("kind", ("items",), False),
    ],
)
def test_a_mask_tells_what_it_selects(mask: str | None, path: tuple[str, ...], selected: bool) -> None:
    assert fields.selects(fields.parse(mask) if mask else None, path) is selected
