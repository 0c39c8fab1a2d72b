"""An entry point is within every limit or is not built; what a conferencing system gave is made to fit, or said."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conference.entry_point import EntryPoint
from conference.errors import InvalidConferenceData, Temporary
from conference.limits import CODES, FEATURES, LONGEST, REGIONS
from conference.text import ELLIPSIS, utf16_length

URIS = {
    "VIDEO": "https://meet.example.org/room",
    "PHONE": "tel:+12345678900,,,123456789;1234",
    "SIP": "sip:room@example.org",
    "MORE": "https://meet.example.org/more",
}
FACE = "\U0001f600"

anything = st.text(st.characters(codec=None, exclude_categories=()), max_size=20).flatmap(
    lambda text: st.sampled_from([text, text * 40])
)
given_text = st.one_of(st.none(), st.integers(), anything)


def entry_point(entry_type: str, **fields: Any) -> EntryPoint:
    return EntryPoint(entry_type, URIS[entry_type], **fields)  # type: ignore[arg-type]  # also the types that are none


@pytest.mark.parametrize("entry_type", URIS)
def test_every_type_takes_every_code(entry_type: str) -> None:
    codes = {code: code.upper() for code in CODES}
    built = entry_point(entry_type, **codes)
    assert {code: getattr(built, code) for code in CODES} == codes


@pytest.mark.parametrize(
    ("field", "limit"),
    [("label", 512), ("pin", 128), ("access_code", 128), ("meeting_code", 128), ("passcode", 128), ("password", 128)],
)
@pytest.mark.parametrize("sign", ["x", FACE], ids=["one unit", "two units"])
def test_f13_text_may_be_as_long_as_its_limit_and_no_longer(field: str, limit: int, sign: str) -> None:
    longest = sign * (limit // utf16_length(sign))
    assert getattr(entry_point("VIDEO", **{field: longest}), field) == longest
    with pytest.raises(InvalidConferenceData) as refused:
        entry_point("VIDEO", **{field: longest + "x"})
    assert refused.value.reason == f"{field}-too-long"


@pytest.mark.parametrize("field", ["label", *CODES])
@pytest.mark.parametrize("sign", ["\x00", "\n", "\x9f", "\ud800"], ids=["NUL", "line feed", "C1", "lone surrogate"])
def test_f14_text_that_cannot_be_shown_is_refused(field: str, sign: str) -> None:
    with pytest.raises(InvalidConferenceData, match=f"{field}-characters"):
        entry_point("VIDEO", **{field: "a" + sign})


@pytest.mark.parametrize(
    ("entry_type", "fields"),
    [
        ("PHONE", {"region_code": "US"}),
        ("PHONE", {"region_code": "XK"}),
        ("PHONE", {"features": ("TOLL",)}),
        ("PHONE", {"features": ("TOLL_FREE",), "region_code": "DE", "label": "+49 30 123456"}),
        ("SIP", {"label": "room@example.org"}),
        ("MORE", {"pin": "1234"}),
    ],
)
def test_combinations_that_google_allows(entry_type: str, fields: dict[str, Any]) -> None:
    assert entry_point(entry_type, **fields) == entry_point(entry_type, **fields)


@pytest.mark.parametrize(
    ("entry_type", "fields", "reason"),
    [
        ("MORE", {"label": "x"}, "label-on-more"),
        ("VIDEO", {"region_code": "US"}, "region-not-phone"),
        ("SIP", {"region_code": "US"}, "region-not-phone"),
        ("MORE", {"region_code": "US"}, "region-not-phone"),
        ("PHONE", {"region_code": "us"}, "region-unknown"),
        ("PHONE", {"region_code": "USA"}, "region-unknown"),
        ("PHONE", {"region_code": "ZZ"}, "region-unknown"),
        ("PHONE", {"region_code": "UK"}, "region-unknown"),
        ("PHONE", {"region_code": "001"}, "region-unknown"),
        ("VIDEO", {"features": ("TOLL",)}, "features-not-phone"),
        ("PHONE", {"features": ("TOLL", "TOLL_FREE")}, "features-both"),
        ("PHONE", {"features": ("TOLL", "TOLL")}, "features-both"),
        ("PHONE", {"features": ("toll",)}, "features-unknown"),
        ("PHONE", {"features": ["TOLL"]}, "features-type"),
        ("VIDEO", {"pin": 1234}, "pin-type"),
        ("VIDEO", {"label": None}, "label-type"),
    ],
)
def test_combinations_that_google_refuses(entry_type: str, fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidConferenceData) as refused:
        entry_point(entry_type, **fields)
    assert refused.value.reason == reason


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(InvalidConferenceData, match="entry-point-type"):
        EntryPoint("video", URIS["VIDEO"])  # type: ignore[arg-type]  # what is tested


@pytest.mark.parametrize("uri", ["javascript:alert('hunter2')", "https://x:hunter2@a.example/", "tel:hunter2"])
def test_f12_a_hostile_uri_is_temporary_and_not_repeated(uri: str) -> None:
    for build in (EntryPoint, EntryPoint.fitted):
        with pytest.raises(Temporary) as refused:
            build("VIDEO", uri)
        assert "hunter2" not in str(refused.value)


def test_it_is_immutable_and_keeps_its_secrets_to_itself() -> None:
    built = entry_point("VIDEO", passcode="hunter2")
    with pytest.raises(FrozenInstanceError):
        built.passcode = ""  # type: ignore[misc]  # what is tested
    assert "hunter2" not in repr(built)
    assert URIS["VIDEO"] not in repr(built)


@pytest.mark.parametrize(
    ("entry_type", "fields", "kept", "adjusted"),
    [
        ("VIDEO", {"label": " Room\n1\x00 "}, {"label": "Room 1"}, ()),
        ("VIDEO", {"label": "x" * 512}, {"label": "x" * 512}, ()),
        ("VIDEO", {"label": "x" * 513}, {"label": "x" * 511 + ELLIPSIS}, ("label shortened, 513 long",)),
        ("VIDEO", {"label": "x" * 510 + FACE * 2}, {"label": "x" * 510 + ELLIPSIS}, ("label shortened, 514 long",)),
        ("MORE", {"label": "x"}, {"label": ""}, ("label dropped, MORE has none",)),
        ("PHONE", {"pin": 1234567, "passcode": None}, {"pin": "1234567", "passcode": ""}, ()),
        ("PHONE", {"pin": " 12\x0034 "}, {"pin": "1234"}, ()),
        ("PHONE", {"pin": "1" * 128}, {"pin": "1" * 128}, ()),
        ("PHONE", {"pin": "1" * 129}, {"pin": ""}, ("pin dropped, 129 long",)),
        ("PHONE", {"pin": "1\ud800"}, {"pin": ""}, ("pin dropped, a lone surrogate in it",)),
        ("PHONE", {"pin": {"a": 1}}, {"pin": ""}, ("pin dropped, dict where text is needed",)),
        ("PHONE", {"region_code": " us"}, {"region_code": "US"}, ()),
        ("PHONE", {"region_code": "XX"}, {"region_code": ""}, ("region dropped, no region of a telephone number",)),
        ("VIDEO", {"region_code": "US"}, {"region_code": ""}, ("region dropped, no region of a telephone number",)),
        ("PHONE", {"features": ["TOLL", "TOLL"]}, {"features": ("TOLL",)}, ()),
        (
            "PHONE",
            {"features": ["TOLL", "TOLL_FREE"]},
            {"features": ()},
            ("features dropped, not one feature of a telephone number",),
        ),
    ],
)
def test_f13_what_does_not_fit_is_made_to_fit_and_told(
    entry_type: str, fields: dict[str, Any], kept: dict[str, Any], adjusted: tuple[str, ...]
) -> None:
    built = EntryPoint.fitted(entry_type, URIS[entry_type], **fields)  # type: ignore[arg-type]  # a plain text
    assert {name: getattr(built, name) for name in kept} == kept
    assert built.adjusted == adjusted


@pytest.mark.parametrize("uri", [None, 7, {"a": 1}])
def test_a_uri_that_is_no_text_is_refused(uri: Any) -> None:
    with pytest.raises(InvalidConferenceData, match="uri-type"):
        EntryPoint.fitted("VIDEO", uri)


@given(
    st.sampled_from(sorted(URIS)),
    given_text,
    st.lists(given_text, min_size=5, max_size=5),
    st.sampled_from(["", "US", "us ", "ZZ"]) | given_text,
    st.sets(st.sampled_from(sorted(FEATURES))),
)
def test_f13_any_text_in_never_an_invalid_entry_point_out(
    entry_type: str, label: Any, codes: list[Any], region: Any, features: Any
) -> None:
    fields = dict(zip(CODES, codes, strict=True))
    built = EntryPoint.fitted(
        entry_type,  # type: ignore[arg-type]  # a plain text
        URIS[entry_type],
        label=label,
        region_code=region,
        features=features,
        **fields,
    )
    assert utf16_length(built.label) <= LONGEST["label"]
    assert all(utf16_length(getattr(built, code)) <= LONGEST[code] for code in CODES)
    assert built.region_code in REGIONS | {""}
    assert EntryPoint.from_record(built.to_record()) == built
    again = EntryPoint.fitted(
        built.type,
        built.uri,
        label=built.label,
        region_code=built.region_code,
        features=built.features,
        **{code: getattr(built, code) for code in CODES},
    )
    assert (again, again.adjusted) == (built, ())


@pytest.mark.parametrize(
    "record",
    [
        {},
        [],
        "x",
        {"type": "VIDEO"},
        {"type": "VIDEO", "uri": URIS["VIDEO"], "colour": "red"},
        {"type": [], "uri": URIS["VIDEO"]},
        {"type": "PHONE", "uri": URIS["PHONE"], "features": 1},
        {"type": "PHONE", "uri": URIS["PHONE"], "features": "TOLL"},
        {"type": "PHONE", "uri": URIS["PHONE"], "features": [[]]},
        {"type": "VIDEO", "uri": 1},
    ],
)
def test_a_record_that_is_none_is_refused(record: Any) -> None:
    with pytest.raises(InvalidConferenceData):
        EntryPoint.from_record(record)
