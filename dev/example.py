"""Makes the line that tries a running function: what the add-on would post for an event of the simulator's Ada."""

import json
import os
import shlex
from collections.abc import Mapping
from urllib.parse import quote

from dev import local

USER = "ada@example.com"
"""Whom the simulator's demonstration calendars belong to."""


def curl_line(port: int, simulator_port: int, solution: str, environment: Mapping[str, str] = os.environ) -> str:
    """A command for sh and bash that asks the function on `port` for a conference, with real tokens in it.

    The event is the user's first one, so pasted twice it gives the same conference. The tokens last as long as the
    simulator says (twelve hours), and no longer than it runs. Raises OSError or HTTPException when the simulator does
    not answer.
    """
    user = quote(USER)
    token = local.read_text(simulator_port, f"/token?email={user}")
    body = json.loads(local.read_text(simulator_port, f"/request?email={user}"))
    words = ["curl", "-sS"]
    if any(environment.get(name) for name in ("http_proxy", "all_proxy", "ALL_PROXY")):
        words += ["--noproxy", "*"]
    words += [f"http://{local.HOST}:{port}/conferences?solution={quote(solution)}"]
    words += ["-H", f"Authorization: Bearer {token}", "-H", "Content-Type: application/json"]
    words += ["-d", json.dumps(body, separators=(",", ":")), "-w", r"\n"]
    return shlex.join(words)
