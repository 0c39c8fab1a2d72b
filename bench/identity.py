"""A key that stands for Google's, and identity tokens of many users signed with it, in a process of its own.

It is a process of its own because the measured functions share the pages of every library loaded here, which would
make them look smaller. `python -m bench.identity FOLDER USERS` writes FOLDER/certs.json, the key set as Google's
certificates endpoint answers it, and FOLDER/askers.json, a list of {"email", "token"}.
"""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CLIENT_ID = "1234567890-bench.apps.googleusercontent.com"
DOMAIN = "bench.example"
VALID = 3600
"""Seconds, as Google's identity tokens."""


@dataclass(frozen=True, slots=True)
class Asker:
    """A user: the address, which is also the calendar's id, and the identity token."""

    email: str
    token: str


def claims(user: int, now: int) -> dict[str, Any]:
    """What ScriptApp.getIdentityToken() says of a user of a Workspace domain; `now` in seconds since 1970."""
    return {
        "iss": "https://accounts.google.com",
        "azp": CLIENT_ID,
        "aud": CLIENT_ID,
        "sub": str(100_000_000_000_000_000_000 + user),
        "hd": DOMAIN,
        "email": f"user{user}@{DOMAIN}",
        "email_verified": True,
        "iat": now,
        "exp": now + VALID,
    }


def write(folder: Path, users: int) -> None:
    """Write the key set and a token for each user."""
    from joserfc import jwt
    from joserfc.jwk import RSAKey

    key = RSAKey.generate_key(2048, {"kid": "bench", "use": "sig", "alg": "RS256"}, private=True)
    header = {"alg": "RS256", "kid": "bench", "typ": "JWT"}
    now = int(time.time())
    askers = [
        {"email": said["email"], "token": jwt.encode(header, said, key)}
        for said in (claims(user, now) for user in range(users))
    ]
    (folder / "certs.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    (folder / "askers.json").write_text(json.dumps(askers))


def read(folder: Path) -> list[Asker]:
    """The users that `write` left in the folder."""
    return [Asker(**asker) for asker in json.loads((folder / "askers.json").read_text())]


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
