"""The part of Cloud Logging's query language that the metrics and the page use, on entries as Cloud Logging keeps them.

Anything else is refused. Sources: Logging query language; Structured logging (special JSON fields); LogMetric
(valueExtractor, labelExtractors).
"""

import json
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")
TRACE = "logging.googleapis.com/trace"

_PATH = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*"
_TERM = re.compile(rf'({_PATH})\s*(>=|<=|!=|=|>|<|:)\s*("[^"\\]*"|\*|-?[0-9.]+|[A-Z]+)')
_NOT_OF_A_LOG = re.compile(rf'\(NOT log_id\("([^"]+)"\) OR ({_PATH}):\*\)')
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


def of_a_request(status: int, text: str = "", service: str = "anyroom") -> Entry:
    """What Cloud Run's front end writes of each request by itself, with words only where it had to answer itself."""
    resource = {"type": "cloud_run_revision", "labels": {"service_name": service}}
    name = "projects/example-project/logs/run.googleapis.com%2Frequests"
    severity = "ERROR" if status >= 500 else "WARNING" if status >= 400 else "INFO"
    kept = {"resource": resource, "severity": severity, "logName": name, "httpRequest": {"status": status}}
    return {**kept, **({"textPayload": text} if text else {})}


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
        if match := _NOT_OF_A_LOG.match(text, position):
            tests.append(_not_of_a_log(match[1], match[2]))
        elif match := _TERM.match(text, position):
            tests.append(_test(match[1], match[2], match[3]))
        else:
            raise ValueError(f"not of the subset: {text[position:]}")
        position = match.end()
        if position < len(text):
            between = _AND.match(text, position)
            if not between:
                raise ValueError(f"not of the subset: {text[position:]}")
            position = between.end()
    if not tests:
        raise ValueError("an empty query")
    return tests


def _not_of_a_log(log: str, path: str) -> Test:
    """`log_id` is what follows `/logs/` in an entry's logName, unescaped."""
    return lambda one: unquote(one.get("logName", "").partition("/logs/")[2]) != log or _value(one, path) is not None


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
