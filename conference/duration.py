"""A length of time as settings write it: `30m`, `1h`, `2d`."""

import re
from datetime import timedelta

_WRITTEN = re.compile(r"([0-9]{1,6})([mhd])")
_MINUTES = {"m": 1, "h": 60, "d": 24 * 60}
RULE = "must be a number with m, h or d, such as 30m, 1h or 2d"


def read_duration(text: str) -> timedelta | None:
    """The time, None where the text is no such length."""
    match = _WRITTEN.fullmatch(text)
    return timedelta(minutes=int(match[1]) * _MINUTES[match[2]]) if match else None
