"""What Google takes for an answer to onCreate: both wire shapes are read and refused where Google's builder throws.

Written from Google's pages and on purpose not from Anyroom's own table of limits, so that a mistake there is found.
Sources: Apps Script reference of ConferenceDataService (ConferenceDataBuilder, EntryPoint, ConferenceParameter,
ConferenceError); add-on reference, apps.extensions.markup (ConferenceDataMarkup, EntryPointMarkup).
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, Literal

Shape = Literal["script", "addon"]

CODES: Final = ("meetingCode", "accessCode", "passcode", "password", "pin")
# JavaScript's String.length: UTF-16 code units.
LONGEST: Final = {
    "conferenceId": 512,
    "conferenceSolutionId": 512,
    "uri": 1300,
    "label": 512,
    "key": 50,
    "value": 1024,
    "notes": 2048,
    **dict.fromkeys(CODES, 128),
}
LONGEST_AUTHENTICATION_URL: Final[Mapping[Shape, int]] = {"script": 1800, "addon": 1300}
MOST: Final = 300
SCHEMES: Final = {"VIDEO": ("https:", "http:"), "PHONE": ("tel:",), "SIP": ("sip:",), "MORE": ("https:", "http:")}
MOST_OF_TYPE: Final = {"VIDEO": 1, "PHONE": MOST, "SIP": 1, "MORE": 1}
FEATURES: Final = frozenset({"TOLL", "TOLL_FREE"})
ERROR_TYPES: Final = frozenset(
    {"AUTHENTICATION", "CONFERENCE_SOLUTION_FORBIDDEN", "PERMANENT", "PERMISSION_DENIED", "TEMPORARY", "UNKNOWN"}
)
# The script's names, by the add-on's; a label can be set in the add-on shape only (Apps Script has no setLabel).
SCRIPT_NAMES: Final = {"conferenceParameters": "parameters"}
ADDON_NAMES: Final = {"note": "notes"}


class Refused(Exception):
    """Google would not take the answer; the message says which rule it breaks."""


class Failed(Exception):
    """The answer is a ConferenceError, which Google takes."""

    def __init__(self, error_type: str, authentication_url: str = "") -> None:
        super().__init__(error_type)
        self.error_type = error_type
        self.authentication_url = authentication_url


def check(reply: Any, shape: Shape, solution: str) -> dict[str, Any]:
    """The conference of an answer, with the members' names of the add-on shape and `notes`.

    Raises Failed when the answer is a ConferenceError and Refused when Google would not take it.
    """
    given = _conference_data(reply, shape)
    names = SCRIPT_NAMES if shape == "script" else ADDON_NAMES
    _known(
        given, {"error", "conferenceId", "conferenceSolutionId", "entryPoints", *_spelt(names, "parameters", "notes")}
    )
    if "error" in given:
        _fail(given, shape)
    data = {names.get(key, key): value for key, value in given.items()}
    _text(data, "conferenceId", needed=True)
    _text(data, "conferenceSolutionId", needed=True)
    _require(data["conferenceSolutionId"] == solution, "conferenceSolutionId is not the solution that was chosen")
    data["entryPoints"] = _entry_points(data.get("entryPoints"), shape)
    _parameters(data.get("parameters", []))
    _text(data, "notes")
    return data


def _conference_data(reply: Any, shape: Shape) -> Mapping[str, Any]:
    """The message inside its wrappers; an add-on's may be bare or wrapped in renderActions."""
    if shape == "script":
        return _only(reply, "conferenceData")
    if isinstance(reply, dict) and "renderActions" in reply:
        reply = _only(reply, "renderActions")
    for name in ("hostAppAction", "calendarAction", "createConferenceDataActionMarkup", "createConferenceData"):
        reply = _only(reply, name)
    return _object(reply, "createConferenceData")


def _fail(given: Mapping[str, Any], shape: Shape) -> None:
    _require(len(given) == 1, "an error and a conference in one answer")
    error = _object(given["error"], "error")
    name = "conferenceErrorType" if shape == "script" else "type"
    _known(error, {name, "authenticationUrl"})
    _require(error.get(name) in ERROR_TYPES, f"no error type: {error.get(name)!r}")
    url = error.get("authenticationUrl", "")
    if url:
        _require(isinstance(url, str) and re.match(r"https?://[^/\s]+", url) is not None, "authenticationUrl is no URL")
        _require(_length(url) <= LONGEST_AUTHENTICATION_URL[shape], "authenticationUrl is too long")
    raise Failed(error[name], url)


def _entry_points(given: Any, shape: Shape) -> list[dict[str, Any]]:
    _require(isinstance(given, list) and 1 <= len(given) <= MOST, f"entryPoints: 1 to {MOST} are needed")
    points = [_entry_point(_object(point, "entry point"), shape) for point in given]
    types = [point["type"] for point in points]
    for kind, most in MOST_OF_TYPE.items():
        _require(types.count(kind) <= most, f"more than {most} entry point of type {kind}")
    _require(set(types) != {"MORE"}, "a MORE entry point alone is no conference")
    return points


def _entry_point(given: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    name = "entryPointType" if shape == "script" else "type"
    _known(given, {name, "uri", "regionCode", "features", *CODES, *(() if shape == "script" else ("label",))})
    kind = given.get(name)
    _require(isinstance(kind, str) and kind in SCHEMES, f"no entry point type: {kind!r}")
    point = {"type": kind, **{key: value for key, value in given.items() if key != name}}
    _text(point, "uri", needed=True)
    _require(point["uri"].lower().startswith(SCHEMES[point["type"]]), f"a {kind} entry point has another scheme")
    for field in ("label", *CODES):
        _text(point, field)
    if "regionCode" in point:
        _require(kind == "PHONE", "only a PHONE entry point has a region")
        _require(re.fullmatch(r"[A-Z]{2}|\d{3}", str(point["regionCode"])) is not None, "regionCode is no region")
    if "features" in point:
        features = point["features"]
        _require(kind == "PHONE", "only a PHONE entry point has features")
        _require(isinstance(features, list) and FEATURES.issuperset(map(str, features)), "no such feature")
        _require(len(set(features)) < 2, "an entry point is toll or toll-free, not both")
    return point


def _parameters(given: Any) -> None:
    _require(isinstance(given, list) and len(given) <= MOST, f"parameters: at most {MOST}")
    for parameter in given:
        _known(_object(parameter, "parameter"), {"key", "value"})
        _text(parameter, "key", needed=True)
        _text(parameter, "value", needed=True)


def _text(message: Mapping[str, Any], name: str, *, needed: bool = False) -> None:
    value = message.get(name, "")
    _require(isinstance(value, str), f"{name} is no text")
    _require(bool(value) or not needed, f"{name} is missing")
    _require(_length(value) <= LONGEST[name], f"{name} is longer than {LONGEST[name]} characters")


def _spelt(names: Mapping[str, str], *meant: str) -> Collection[str]:
    """How a shape spells the names."""
    spelt = {new: old for old, new in names.items()}
    return [spelt.get(name, name) for name in meant]


def _only(message: Any, name: str) -> Mapping[str, Any]:
    _known(_object(message, f"what holds {name}"), {name})
    return _object(message.get(name), name)


def _object(value: Any, name: str) -> Mapping[str, Any]:
    _require(isinstance(value, dict), f"{name} is no object")
    found: Mapping[str, Any] = value
    return found


def _known(message: Mapping[str, Any], names: Collection[str]) -> None:
    strange = sorted(set(message) - set(names))
    _require(not strange, f"unknown: {', '.join(strange)}")


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _require(condition: bool, complaint: str) -> None:
    if not condition:
        raise Refused(complaint)
