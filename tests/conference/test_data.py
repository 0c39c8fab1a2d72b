"""A ConferenceData is within every rule of Google's or is not built, and the store gives back the same one."""

import json
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from conference.data import ConferenceData, ConferenceFailed, EntryPoint, Parameter
from conference.errors import InvalidConferenceData, Temporary
from conference.limits import ERROR_TYPES, LONGEST

VIDEO = EntryPoint("VIDEO", "https://meet.example.org/room", passcode="1234")
MORE = EntryPoint("MORE", "https://meet.example.org/more")
SIP = EntryPoint("SIP", "sip:room@example.org")
PHONE = EntryPoint("PHONE", "tel:+12345678900,,,123456789;1234", label="+1 234", region_code="US", features=("TOLL",))
SIGN_IN = "https://anyroom.example.org/connect/zoom"


def conference_data(**fields: Any) -> ConferenceData:
    return ConferenceData(**{"conference_id": "room", "solution_id": "jitsi", "entry_points": (VIDEO,), **fields})


@pytest.mark.parametrize("field", ["conference_id", "solution_id"])
def test_ids_are_one_to_512_long(field: str) -> None:
    assert getattr(conference_data(**{field: "x" * 512}), field) == "x" * 512
    for wrong, reason in (("", "missing"), ("x" * 513, "too-long"), ("\x00", "characters"), (7, "type")):
        with pytest.raises(InvalidConferenceData) as refused:
            conference_data(**{field: wrong})
        assert refused.value.reason == f"{field}-{reason}"


def test_notes_are_at_most_2048_long() -> None:
    assert len(conference_data(notes="x" * 2048).notes) == 2048
    with pytest.raises(InvalidConferenceData, match="notes-too-long"):
        conference_data(notes="x" * 2049)


def test_notes_may_have_lines_and_nothing_else_that_cannot_be_shown() -> None:
    conference_data(notes="one\n\ttwo")
    with pytest.raises(InvalidConferenceData, match="notes-characters"):
        conference_data(notes="one\x00")


@pytest.mark.parametrize(
    "entry_points",
    [(VIDEO,), (PHONE,), (SIP,), (PHONE,) * 300, (VIDEO, PHONE, PHONE, SIP, MORE), (MORE, PHONE)],
    ids=["video", "phone", "sip", "300 phones", "all", "more and phone"],
)
def test_entry_points_that_google_allows(entry_points: tuple[EntryPoint, ...]) -> None:
    assert conference_data(entry_points=entry_points).entry_points == entry_points


@pytest.mark.parametrize(
    ("entry_points", "reason"),
    [
        ((), "entry-points-missing"),
        ((MORE,), "entry-points-only-more"),
        ((VIDEO, VIDEO), "entry-points-of-type"),
        ((VIDEO, SIP, SIP), "entry-points-of-type"),
        ((VIDEO, MORE, MORE), "entry-points-of-type"),
        ((PHONE,) * 301, "entry-points-too-many"),
        ([VIDEO], "entry-points-type"),
        ((VIDEO, {"type": "PHONE"}), "entry-points-type"),
    ],
    ids=["none", "only more", "two videos", "two sips", "two mores", "301 phones", "a list", "a mapping"],
)
def test_f15_entry_points_that_google_refuses(entry_points: Any, reason: str) -> None:
    with pytest.raises(Temporary) as refused:
        conference_data(entry_points=entry_points)
    assert refused.value.reason == reason


@pytest.mark.parametrize(("field", "limit"), [("key", 50), ("value", 1024)])
def test_parameter_texts_are_one_to_their_limit(field: str, limit: int) -> None:
    fields = {"key": "k", "value": "v"}
    assert getattr(Parameter(**{**fields, field: "x" * limit}), field) == "x" * limit
    for wrong, reason in (("", "missing"), ("x" * (limit + 1), "too-long"), ("\ud800", "characters")):
        with pytest.raises(InvalidConferenceData, match=f"{field}-{reason}"):
            Parameter(**{**fields, field: wrong})


def test_there_are_at_most_300_parameters() -> None:
    parameters = tuple(Parameter(f"key-{number}", "v") for number in range(301))
    assert len(conference_data(parameters=parameters[:300]).parameters) == 300
    with pytest.raises(InvalidConferenceData, match="parameters-too-many"):
        conference_data(parameters=parameters)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ((Parameter("k", "1"), Parameter("k", "2")), "parameters-not-unique"),
        ([Parameter("k", "1")], "parameters-type"),
        ((("k", "1"),), "parameters-type"),
    ],
)
def test_parameters_that_google_refuses(parameters: Any, reason: str) -> None:
    with pytest.raises(InvalidConferenceData) as refused:
        conference_data(parameters=parameters)
    assert refused.value.reason == reason


def test_it_is_immutable_and_keeps_its_secrets_to_itself() -> None:
    data = conference_data(conference_id="guessable-1", notes="hunter2", parameters=(Parameter("k", "hunter3"),))
    with pytest.raises(FrozenInstanceError):
        data.notes = ""  # type: ignore[misc]  # what is tested
    assert not any(secret in repr(data) for secret in ("guessable-1", "hunter2", "hunter3", "1234"))


def test_the_store_gives_back_the_same_value_through_json() -> None:
    data = conference_data(
        entry_points=(VIDEO, PHONE, SIP, MORE),
        parameters=(Parameter("anyroom", "k"), Parameter("adminEmail", "host@example.org")),
        notes="<b>H\u00e4</b> \U0001f600",
    )
    assert ConferenceData.from_record(json.loads(json.dumps(data.to_record()))) == data


def test_a_record_has_no_list_directly_in_a_list() -> None:
    def lists_in_lists(value: Any) -> bool:
        if isinstance(value, dict):
            return any(map(lists_in_lists, value.values()))
        return isinstance(value, list) and any(isinstance(item, list) or lists_in_lists(item) for item in value)

    record = conference_data(entry_points=(VIDEO, PHONE), parameters=(Parameter("k", "v"),)).to_record()
    assert not lists_in_lists(record)


@pytest.mark.parametrize(
    "damage",
    [
        {"conference_id": None},
        {"entry_points": None},
        {"entry_points": []},
        {"entry_points": ["x"]},
        {"parameters": [["k", "v"]]},
        {"parameters": [{"key": "k"}]},
        {"notes": 7},
    ],
)
def test_a_damaged_record_is_refused(damage: dict[str, Any]) -> None:
    with pytest.raises(InvalidConferenceData):
        ConferenceData.from_record({**conference_data().to_record(), **damage})


@pytest.mark.parametrize("missing", ["conference_id", "solution_id", "entry_points", "parameters", "notes"])
def test_an_incomplete_record_is_refused(missing: str) -> None:
    record = conference_data().to_record()
    del record[missing]
    with pytest.raises(InvalidConferenceData, match="record"):
        ConferenceData.from_record(record)


@pytest.mark.parametrize("error_type", sorted(ERROR_TYPES - {"AUTHENTICATION"}))
def test_a_failure_needs_its_type_alone(error_type: Any) -> None:
    assert ConferenceFailed(error_type).authentication_url == ""
    with pytest.raises(InvalidConferenceData, match="authentication_url-not-allowed"):
        ConferenceFailed(error_type, SIGN_IN)


def test_authentication_says_where_to_sign_in() -> None:
    longest = SIGN_IN.ljust(LONGEST["authentication_url"], "x")
    assert len(ConferenceFailed("AUTHENTICATION", longest).authentication_url) == 1300
    assert ConferenceFailed("AUTHENTICATION", "http://localhost:8080/connect/zoom")


@pytest.mark.parametrize(
    ("error_type", "url", "reason"),
    [
        ("AUTHENTICATION", "", "authentication_url-missing"),
        ("AUTHENTICATION", SIGN_IN.ljust(1301, "x"), "authentication_url-too-long"),
        ("AUTHENTICATION", "javascript:alert(1)", "uri-scheme"),
        ("AUTHENTICATION", "https://u:hunter2@a.example/", "uri-credentials"),
        ("SOMETHING", "", "error-type"),
    ],
)
def test_a_failure_that_google_refuses(error_type: Any, url: str, reason: str) -> None:
    with pytest.raises(InvalidConferenceData) as refused:
        ConferenceFailed(error_type, url)
    assert refused.value.reason == reason
    assert "hunter2" not in str(refused.value)
