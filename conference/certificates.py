"""Where the keys of identity come from: Google's published certificates, or the key file of a simulator."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conference.clock import Clock
from conference.errors import Temporary
from conference.http import Client
from conference.identity import PublishedKeys
from conference.providers.base import Request, origin

PATH = "/oauth2/v3/certs"
"""Google's keys as a JWK set (OpenID Connect discovery document, jwks_uri)."""

_SECONDS = 3.0
"""For fetching them."""
_LEAST_KEPT, _MOST_KEPT = 60.0, 86_400.0
"""Seconds that they are kept at least and at most, whatever their Cache-Control says."""
_MAX_AGE = re.compile(r"max-age=(\d{1,9})")


def google_keys(api: str, client: Client, clock: Clock) -> PublishedKeys:
    """The keys that Google publishes under the base URL `api`."""

    def fetch() -> tuple[Mapping[str, Any], float]:
        reply = client.exchange(Request("GET", api + PATH), _SECONDS, frozenset({origin(api)}), repeatable=True)
        if reply.status != 200:
            raise Temporary(f"certificates-{reply.status}")
        age = _MAX_AGE.search(reply.headers.get("Cache-Control", ""))
        return reply.json(), min(max(float(age[1]) if age else 0.0, _LEAST_KEPT), _MOST_KEPT)

    return PublishedKeys(fetch, clock)


def local_keys(path: str, clock: Clock) -> PublishedKeys:
    """The keys in the simulator's key file, which is read again when a key is unknown."""

    def read() -> tuple[Mapping[str, Any], float]:
        return json.loads(Path(path).read_text("utf-8")), _MOST_KEPT

    return PublishedKeys(read, clock)
