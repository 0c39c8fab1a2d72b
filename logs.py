"""One JSON line a request, in Cloud Logging's fields, that names no person, no title and no secret.

Source: Structured logging (Cloud Logging); Trace context for Cloud Run.
"""

import json
import logging
import re
import sys
import traceback
from contextvars import ContextVar
from typing import Any, TextIO

request_id: ContextVar[str] = ContextVar("request_id", default="")
trace: ContextVar[str] = ContextVar("trace", default="")

_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode
_TRACE = re.compile(r"([0-9a-f]{32})(?:/\d+)?(?:;o=\d)?")


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON; what the caller put into `fields` stands beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, Any] = {"severity": record.levelname, "message": record.getMessage(), "logger": record.name}
        if identifier := request_id.get():
            line["request"] = identifier
        if name := trace.get():
            line["logging.googleapis.com/trace"] = name
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[1]:
            line["defect"] = defect(record.exc_info[1])
        return _encode(line)


def start(stream: TextIO = sys.stdout) -> None:
    """Send everything that Anyroom logs to `stream`, one line each."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("anyroom")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False


def defect(error: BaseException) -> list[str]:
    """Where an unexpected error came from: its type and places. Its text stays out, as it may hold anything."""
    frames = traceback.extract_tb(error.__traceback__)
    return [
        type(error).__name__,
        *(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames[-8:]),
    ]


def trace_name(header: str, project: str) -> str:
    """The trace of an X-Cloud-Trace-Context header as Cloud Logging names it, "" when there is none."""
    match = _TRACE.fullmatch(header)
    return f"projects/{project}/traces/{match[1]}" if match and project else ""
