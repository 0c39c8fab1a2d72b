"""The part of Cloud Logging's query language that the metrics and the page use, on entries as Cloud Logging keeps them.

Anything else is refused. Sources: Logging query language; Structured logging (special JSON fields); LogMetric
(valueExtractor, labelExtractors).
"""

import json
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")
TRACE = "logging.googleapis.com/trace"

_PATH = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*"
_TERM = re.compile(rf'({_PATH})\s*(>=|<=|!=|=|>|<|:)\s*("[^"\\]*"|\*|-?[0-9.]+|[A-Z]+)')
_AND = re.compile(r"\s+(?:AND\s+)?")
_EXTRACT = re.compile(rf"EXTRACT\(({_PATH})\)")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}

Entry = Mapping[str, Any]
Test = Callable[[Entry], bool]


def entry(line: str, service: str = "anyroom") -> Entry:
    """The log entry that Cloud Run makes of a line on standard output."""
    payload = json.loads(line)
    resource = {"type": "cloud_run_revision", "labels": {"service_name": service}}
    kept: dict[str, Any] = {"resource": resource, "severity": payload.pop("severity")}
    assert kept["severity"] in SEVERITIES
    if TRACE in payload:
        kept["trace"] = payload.pop(TRACE)
    return {**kept, "jsonPayload": payload}


def matching(query: str, entries: Iterable[Entry]) -> list[Entry]:
    """The entries that a query finds. Raises ValueError for one that is not of this subset."""
    tests = _parsed(query)
    return [one for one in entries if all(test(one) for test in tests)]


def extracted(extractor: str, of: Entry) -> Any:
    """What an extractor finds in an entry, None where it finds nothing. Raises ValueError."""
    match = _EXTRACT.fullmatch(extractor)
    if not match:
        raise ValueError(f"not of the subset: {extractor}")
    return _value(of, match[1])


def _parsed(query: str) -> list[Test]:
    text, position = " ".join(re.sub(r"--.*", "", query).split()), 0
    tests: list[Test] = []
    while position < len(text):
        match = _TERM.match(text, position)
        if not match:
            raise ValueError(f"not of the subset: {text[position:]}")
        tests.append(_test(match[1], match[2], match[3]))
        position = match.end()
        if position < len(text):
            between = _AND.match(text, position)
            if not between:
                raise ValueError(f"not of the subset: {text[position:]}")
            position = between.end()
    if not tests:
        raise ValueError("an empty query")
    return tests


def _test(path: str, sign: str, right: str) -> Test:
    if right == "*" or sign == ":":
        if (sign, right) != (":", "*"):
            raise ValueError(f"not of the subset: {path}{sign}{right}")
        return lambda one: _value(one, path) is not None
    if path == "severity":
        rank = SEVERITIES.index(right)
        return lambda one: _COMPARE[sign](SEVERITIES.index(one["severity"]), rank)
    wanted = right[1:-1] if right.startswith('"') else float(right)
    return lambda one: _compared(_value(one, path), sign, wanted)


def _compared(left: Any, sign: str, right: str | float) -> bool:
    """A field that is missing, or of another type, matches nothing that is used here."""
    alike = isinstance(left, str) if isinstance(right, str) else isinstance(left, int | float)
    return alike and not isinstance(left, bool) and _COMPARE[sign](left, right)


def _value(of: Entry, path: str) -> Any:
    found: Any = of
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
