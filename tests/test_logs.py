"""The log is one JSON line for each record, in Cloud Logging's fields, and an error's own text stays out of it."""

import io
import json
import logging

import pytest

import logs


@pytest.fixture
def stream() -> io.StringIO:
    stream = io.StringIO()
    logs.start(stream)
    return stream


def test_a_line_has_severity_message_and_the_given_fields(stream: io.StringIO) -> None:
    logs.request_id.set("r1")
    logs.trace.set(logs.trace_name("0123456789abcdef0123456789abcdef/7;o=1", "acme"))
    logging.getLogger("anyroom.x").warning("done %d", 1, extra={"fields": {"reason": "zeile\nzwei"}})
    [line] = stream.getvalue().splitlines()
    assert json.loads(line) == {
        "severity": "WARNING",
        "message": "done 1",
        "logger": "anyroom.x",
        "request": "r1",
        "logging.googleapis.com/trace": "projects/acme/traces/0123456789abcdef0123456789abcdef",
        "reason": "zeile\nzwei",
    }


def test_a_defect_is_its_type_and_places_without_its_text(stream: io.StringIO) -> None:
    try:
        raise ValueError("the title of an event")
    except ValueError:
        logging.getLogger("anyroom").exception("a defect")
    [line] = stream.getvalue().splitlines()
    assert json.loads(line)["defect"][0] == "ValueError"
    assert "test_logs.py" in json.loads(line)["defect"][1]
    assert "title" not in line


@pytest.mark.parametrize("header", ["", "x", "0" * 31, "0123456789abcdef0123456789abcdef\n", "' OR 1", "0" * 32 + "/x"])
def test_a_trace_header_that_is_none_names_no_trace(header: str) -> None:
    assert logs.trace_name(header, "acme") == ""


def test_without_a_project_there_is_no_trace() -> None:
    assert logs.trace_name("0123456789abcdef0123456789abcdef", "") == ""
