"""What Calendar is answered, as values that cannot be built wrong: a conference's data, or why there is none."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from conference import notes as html
from conference import text, uris
from conference.entry_point import EntryPoint
from conference.errors import InvalidConferenceData, Permanent
from conference.event import PARAMETER
from conference.limits import (
    ERROR_TYPES,
    MOST_ENTRY_POINTS,
    MOST_OF_TYPE,
    MOST_PARAMETERS,
    EntryPointType,
    ErrorType,
    Feature,
)
from conference.solution import Solution
from conference.text import clean, shorten, shorten_bytes
from conference.uris import dial

__all__ = [
    "ConferenceData",
    "ConferenceFailed",
    "EntryPoint",
    "EntryPointType",
    "ErrorType",
    "Feature",
    "Made",
    "Parameter",
    "Report",
    "check_solution",
    "clean",
    "compose",
    "dial",
    "shorten",
    "shorten_bytes",
]

# How ours are recognised on an event: the parameter whose value is the mapping's key.
HOST_PARAMETER: Final = "adminEmail"

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A conference parameter: `key` of 1 to 50, `value` of 1 to 1,024 UTF-16 code units, or InvalidConferenceData."""

    key: str
    value: str = field(repr=False)

    def __post_init__(self) -> None:
        text.check("key", self.key, required=True)
        text.check("value", self.value, required=True)


@dataclass(frozen=True, slots=True)
class ConferenceData:
    """A conference within every rule of `limits`; anything else raises InvalidConferenceData.

    One to 300 entry points, at most one VIDEO, one SIP and one MORE, and not MORE alone; at most 300 parameters with
    different keys; notes of at most 2,048 UTF-16 code units in the tags of `notes.TAGS`. `solution_id` is the id of the
    add-on's conference solution.
    """

    conference_id: str = field(repr=False)
    solution_id: str
    entry_points: tuple[EntryPoint, ...]
    parameters: tuple[Parameter, ...] = ()
    notes: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        text.check("conference_id", self.conference_id, required=True)
        text.check("solution_id", self.solution_id, required=True)
        _check_tuple("entry-points", self.entry_points, EntryPoint)
        _check_entry_points(self.entry_points)
        _check_tuple("parameters", self.parameters, Parameter)
        _check_parameters(self.parameters)
        html.check(self.notes)

    def to_record(self) -> dict[str, Any]:
        """This value as JSON values, for the store: no list directly in a list, which Firestore refuses."""
        return {
            "conference_id": self.conference_id,
            "solution_id": self.solution_id,
            "entry_points": [entry_point.to_record() for entry_point in self.entry_points],
            "parameters": [{"key": parameter.key, "value": parameter.value} for parameter in self.parameters],
            "notes": self.notes,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "ConferenceData":
        """The value that `to_record` wrote. Raises InvalidConferenceData for anything else."""
        try:
            return cls(
                record["conference_id"],
                record["solution_id"],
                tuple(map(EntryPoint.from_record, record["entry_points"])),
                tuple(Parameter(parameter["key"], parameter["value"]) for parameter in record["parameters"]),
                record["notes"],
            )
        except (KeyError, TypeError) as error:
            raise InvalidConferenceData("record", "no ConferenceData") from error


@dataclass(frozen=True, slots=True)
class ConferenceFailed:
    """Why there is no conference: a ConferenceErrorType, and for AUTHENTICATION where to sign in (http or https).

    A value, not an exception: it is what an error of conference.errors becomes in the answer.
    """

    error_type: ErrorType
    authentication_url: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.error_type not in ERROR_TYPES:
            raise InvalidConferenceData("error-type", "no ConferenceErrorType")
        if self.error_type == "AUTHENTICATION":
            uris.check_web(self.authentication_url, "authentication_url")
        elif self.authentication_url:
            raise InvalidConferenceData("authentication_url-not-allowed", f"a URL with {self.error_type}")


def _check_tuple(name: str, values: object, of: type) -> None:
    if not isinstance(values, tuple) or not all(isinstance(value, of) for value in values):
        raise InvalidConferenceData(f"{name}-type", f"a tuple of {of.__name__} is needed")


def _check_entry_points(entry_points: tuple[EntryPoint, ...]) -> None:
    if not entry_points:
        raise InvalidConferenceData("entry-points-missing")
    if len(entry_points) > MOST_ENTRY_POINTS:
        raise InvalidConferenceData("entry-points-too-many", f"{len(entry_points)} of at most {MOST_ENTRY_POINTS}")
    counts = Counter([entry_point.type for entry_point in entry_points])
    for entry_type, count in counts.items():
        if count > MOST_OF_TYPE[entry_type]:
            raise InvalidConferenceData("entry-points-of-type", f"{count} {entry_type}")
    if counts["MORE"] == len(entry_points):
        raise InvalidConferenceData("entry-points-only-more", "MORE needs another entry point beside it")


def _check_parameters(parameters: tuple[Parameter, ...]) -> None:
    if len(parameters) > MOST_PARAMETERS:
        raise InvalidConferenceData("parameters-too-many", f"{len(parameters)} of at most {MOST_PARAMETERS}")
    if len({parameter.key for parameter in parameters}) < len(parameters):
        raise InvalidConferenceData("parameters-not-unique", f"a key twice among {len(parameters)}")


class Made(Protocol):
    """What `compose` reads of a provider's Conference."""

    @property
    def id(self) -> str:
        """The conference's id at the provider."""

    @property
    def entry_points(self) -> tuple[EntryPoint, ...]:
        """How to enter it."""

    @property
    def notes(self) -> str:
        """HTML or plain text for the guests, of any length."""

    @property
    def host(self) -> str:
        """The address of the account that it was made with, or empty."""


def compose(made: Made, solution: Solution, mapping_key: str, report: Report = lambda lost: None) -> ConferenceData:
    """The ConferenceData of what a provider made.

    Its parameters are `anyroom` (the mapping's key), `adminEmail` (the host, where there is one) and the solution's
    own, which may replace `adminEmail` but never `anyroom`. The provider's notes and the solution's notice are joined
    with <br>; where both do not fit, the provider's are shortened. Of more than 300 entry points the first telephone
    numbers stay. `report` is told what was lost, in words for the log that hold none of the values.

    Raises InvalidConferenceData when the provider's part cannot be right, Permanent when the solution's cannot.
    """
    for entry_point in made.entry_points:
        for lost in entry_point.adjusted:
            report(f"{entry_point.type} {lost}")
    parameters = tuple(_parameters(made.host, solution, mapping_key, report))
    joined, lost = _joined(made.notes, solution)
    if lost:
        report(lost)
    return ConferenceData(made.id, solution.id, _kept(made.entry_points, report), parameters, joined)


def check_solution(solution: Solution) -> None:
    """Raise Permanent when no ConferenceData can hold the solution's notes and parameters: better said at the start."""
    _fixed(solution)
    _joined("", solution)


def _kept(entry_points: tuple[EntryPoint, ...], report: Report) -> tuple[EntryPoint, ...]:
    over = len(entry_points) - MOST_ENTRY_POINTS
    if over <= 0:
        return entry_points
    phones = [place for place, entry_point in enumerate(entry_points) if entry_point.type == "PHONE"]
    dropped = frozenset(phones[-over:])
    report(f"{len(dropped)} telephone numbers dropped, {len(entry_points)} entry points")
    return tuple(entry_point for place, entry_point in enumerate(entry_points) if place not in dropped)


def _joined(notes: str, solution: Solution) -> tuple[str, str]:
    try:
        return html.joined(notes, solution.notes)
    except InvalidConferenceData as error:
        raise Permanent("solution-notes", f"the notes of solution {solution.id}: {error.detail}") from error


def _parameters(host: str, solution: Solution, mapping_key: str, report: Report) -> Iterator[Parameter]:
    yield Parameter(PARAMETER, mapping_key)
    fixed = _fixed(solution)
    if len(fixed) < len(solution.parameters):
        report(f"parameter {PARAMETER} of the solution left out, it is ours")
    if host and all(parameter.key != HOST_PARAMETER for parameter in fixed):
        try:
            yield Parameter(HOST_PARAMETER, host)
        except InvalidConferenceData as error:
            report(f"host left out, {error}")
    yield from fixed


def _fixed(solution: Solution) -> tuple[Parameter, ...]:
    """The solution's own parameters without ours."""
    try:
        fixed = tuple(Parameter(key, value) for key, value in solution.parameters if key != PARAMETER)
        _check_parameters(fixed)
    except InvalidConferenceData as error:
        raise Permanent("solution-parameters", f"a parameter of solution {solution.id}: {error}") from error
    if len(fixed) > MOST_PARAMETERS - 2:
        raise Permanent("solution-parameters", f"solution {solution.id} has {len(fixed)}, ours are two more")
    return fixed
