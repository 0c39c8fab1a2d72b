"""What a provider made becomes a ConferenceData that is ours to recognise, with the legal notice whole."""

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from conference.data import ConferenceData, EntryPoint, Parameter, check_solution, compose
from conference.errors import InvalidConferenceData, Permanent
from conference.providers.base import Conference
from conference.solution import Solution

VIDEO = EntryPoint("VIDEO", "https://meet.example.org/room")
MORE = EntryPoint("MORE", "https://meet.example.org/more")
MADE = Conference("room", (VIDEO,))
SOLUTION = Solution("jitsi", "Jitsi Meet", "https://lh3.googleusercontent.com/x", "jitsi", None)


def phone(number: int) -> EntryPoint:
    return EntryPoint("PHONE", f"tel:+1{number}")


def test_the_least_is_the_conference_and_our_parameter() -> None:
    assert compose(MADE, SOLUTION, "key") == ConferenceData("room", "jitsi", (VIDEO,), (Parameter("anyroom", "key"),))


@pytest.mark.parametrize(
    ("host", "fixed", "parameters"),
    [
        ("", (), [("anyroom", "key")]),
        ("h@x.org", (), [("anyroom", "key"), ("adminEmail", "h@x.org")]),
        ("h@x.org", (("a", "1"),), [("anyroom", "key"), ("adminEmail", "h@x.org"), ("a", "1")]),
        ("h@x.org", (("adminEmail", "it@x.org"),), [("anyroom", "key"), ("adminEmail", "it@x.org")]),
        ("", (("anyroom", "theirs"), ("a", "1")), [("anyroom", "key"), ("a", "1")]),
        ("", (("anyroom", ""),), [("anyroom", "key")]),
    ],
)
def test_parameters_are_ours_the_host_and_the_solutions_own(
    host: str, fixed: tuple[tuple[str, str], ...], parameters: list[tuple[str, str]]
) -> None:
    data = compose(replace(MADE, host=host), replace(SOLUTION, parameters=fixed), "key")
    assert [(parameter.key, parameter.value) for parameter in data.parameters] == parameters


def test_notes_end_in_the_notice_and_only_the_providers_are_cut() -> None:
    data = compose(replace(MADE, notes="<p>" + "word " * 500), replace(SOLUTION, notes="<b>Legal</b>"), "key")
    assert data.notes.endswith("word\u2026</p><br><b>Legal</b>")
    assert 2040 <= len(data.notes) <= 2048


@pytest.mark.parametrize("count", [299, 300, 310])
def test_of_too_many_numbers_the_first_stay_and_nothing_else_goes(count: int) -> None:
    phones = tuple(map(phone, range(count)))
    data = compose(replace(MADE, entry_points=(VIDEO, *phones, MORE)), SOLUTION, "key")
    assert data.entry_points == (VIDEO, *phones[:298], MORE)


def test_what_was_lost_is_reported_without_the_values() -> None:
    made = Conference(
        "room",
        (EntryPoint.fitted("VIDEO", VIDEO.uri, passcode="hunter2" * 20), *map(phone, range(300))),
        notes="secret " * 400,
        host="h\x00@x.org",
    )
    reported: list[str] = []
    compose(made, replace(SOLUTION, parameters=(("anyroom", "theirs"),)), "key", reported.append)
    assert reported == [
        "VIDEO passcode dropped, 140 long",
        "parameter anyroom of the solution left out, it is ours",
        "host left out, value-characters: a control character or a lone surrogate",
        "notes shortened, 2800 long",
        "1 telephone numbers dropped, 301 entry points",
    ]


def test_nothing_is_reported_when_nothing_is_lost() -> None:
    reported: list[str] = []
    compose(replace(MADE, notes="Hi", host="h@x.org"), replace(SOLUTION, notes="Legal"), "key", reported.append)
    assert reported == []


@pytest.mark.parametrize(
    "made",
    [
        replace(MADE, id=""),
        replace(MADE, id="x" * 513),
        replace(MADE, entry_points=()),
        replace(MADE, entry_points=(MORE,)),
        replace(MADE, entry_points=(VIDEO, VIDEO)),
        replace(MADE, entry_points=(VIDEO,) * 301),
    ],
    ids=["no id", "a long id", "no entry point", "only more", "two videos", "301 videos"],
)
def test_f15_what_cannot_be_right_is_refused(made: Conference) -> None:
    with pytest.raises(InvalidConferenceData):
        compose(made, SOLUTION, "key")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"notes": "L" * 2049}, "solution-notes"),
        ({"parameters": (("k" * 51, "v"),)}, "solution-parameters"),
        ({"parameters": (("k", ""),)}, "solution-parameters"),
        ({"parameters": tuple((f"k{number}", "v") for number in range(299))}, "solution-parameters"),
        ({"parameters": (("k", "1"), ("k", "2"))}, "solution-parameters"),
    ],
)
def test_what_the_deployer_has_to_change_is_permanent(fields: Any, reason: str) -> None:
    solution = replace(SOLUTION, **fields)
    for ask in (lambda: compose(MADE, solution, "key"), lambda: check_solution(solution)):
        with pytest.raises(Permanent) as refused:
            ask()
        assert refused.value.reason == reason


def test_the_most_that_a_solution_may_set() -> None:
    most = tuple((f"k{number}", "v") for number in range(298))
    solution = replace(SOLUTION, notes="L" * 2048, parameters=most)
    check_solution(solution)
    assert len(compose(replace(MADE, host="h@x.org"), solution, "key").parameters) == 300


@given(
    st.text(st.characters(codec=None, exclude_categories=()), max_size=60).map(lambda text: text * 60),
    st.text(max_size=40).map(lambda text: f"<p>{text}"),
    st.text(st.characters(codec=None, exclude_categories=())),
)
def test_f13_any_text_in_never_an_invalid_conference_out(notes: str, notice: str, host: str) -> None:
    data = compose(replace(MADE, notes=notes, host=host), replace(SOLUTION, notes=notice), "key")
    assert ConferenceData.from_record(data.to_record()) == data
    assert data.parameters[0] == Parameter("anyroom", "key")


def test_a_usual_conference_imports_no_text_engine_and_no_sanitiser() -> None:
    program = """
import sys
from conference.data import EntryPoint, compose
from conference.solution import Solution
from types import SimpleNamespace
video = EntryPoint.fitted("VIDEO", "https://meet.example.org/room", label="Room", passcode="1234")
made = SimpleNamespace(id="room", entry_points=(video,), notes="Dial in early.", host="h@x.org")
compose(made, Solution("s", "S", "", "p", None, notes="Recorded."), "key")
print(sorted({"regex", "nh3", "idna", "ipaddress"} & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout == "[]\n"
