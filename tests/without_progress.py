"""What a command said on standard error, without that it was still at it: on a busy machine any step may take long."""

import re

_STILL = re.compile(r".+ \.\.\. \d+ s\n")


def without_progress(error: str) -> str:
    """The text without the lines of dev/progress.py."""
    return "".join(line for line in error.splitlines(keepends=True) if not _STILL.fullmatch(line))
