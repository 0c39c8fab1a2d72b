"""What a source of secrets gives, and the rules that every value keeps whatever its source."""

import re
from dataclasses import dataclass, field
from typing import Protocol

from conference.errors import SecretUnavailable

# A secret's id and the most bytes of a version ("Secret Manager: Create a secret", "Quotas and limits").
NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
MAX_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Payload:
    """A value as its source gave it; its repr shows nothing of it, so that a traceback with locals does not either."""

    data: bytes = field(repr=False)


class Source(Protocol):
    """Where secrets come from."""

    def fetch(self, name: str) -> Payload:
        """The present value of `name`, which matches NAME, in a few seconds at most.

        Raises SecretUnavailable, whose detail names the secret and says what to do; Temporary when the source does not
        answer just now.
        """


def check_name(name: str) -> None:
    """Raise SecretUnavailable, without repeating it, when `name` can be no secret's name."""
    if not NAME.fullmatch(name):
        raise SecretUnavailable("secret-name", "a secret's name must be 1 to 255 letters, digits, - or _")


def text_of(name: str, payload: Payload) -> str:
    """The text of a payload without the newline that editors and `echo` leave at its end.

    Raises SecretUnavailable when it is empty, longer than MAX_BYTES or not UTF-8.
    """
    if not payload.data.strip():
        raise SecretUnavailable("secret-empty", f"secret {name}: empty; give it a value")
    if len(payload.data) > MAX_BYTES:
        raise SecretUnavailable("secret-too-large", f"secret {name}: more than {MAX_BYTES} bytes; shorten it")
    try:
        return payload.data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        # The error holds the bytes: raised from here, ours would carry them as its context.
        pass
    raise SecretUnavailable("secret-encoding", f"secret {name}: not UTF-8 text; store it as UTF-8")
