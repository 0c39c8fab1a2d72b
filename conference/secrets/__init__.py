"""Everything written `secret:NAME` in the configuration is read here, from the one place that ANYROOM_SECRETS names.

env:                     the environment: secret:zoom-client-id is $ZOOM_CLIENT_ID
file:PATH                a directory with one file per secret, as Cloud Run mounts them
secretmanager:PROJECT    Google's Secret Manager, the latest version of each secret
"""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from conference.clock import Clock
from conference.errors import InvalidSetting
from conference.secrets.cache import Secrets
from conference.secrets.local import Directory, Environment
from conference.secrets.source import NAME, Source

__all__ = ["Secrets", "open_secrets", "open_source", "secret_name"]

_PREFIX = "secret:"
# A project's id, the older ones with their domain before it, or its number ("Creating and managing projects").
_PROJECT = re.compile(r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]|[0-9]{1,19}")


def secret_name(text: str) -> str | None:
    """The NAME of a text written `secret:NAME`, None for any other text.

    Raises InvalidSetting when NAME is none; it may be a secret pasted in the wrong place, so it is not repeated.
    """
    if not text.startswith(_PREFIX):
        return None
    name = text.removeprefix(_PREFIX)
    if not NAME.fullmatch(name):
        raise InvalidSetting("secret-name", "the name after secret: must be 1 to 255 letters, digits, - or _")
    return name


def open_secrets(
    setting: str,
    clock: Clock,
    *,
    environ: Mapping[str, str] = os.environ,
    channel: Callable[[], Any] | None = None,
) -> Secrets:
    """The secrets behind `setting`, the value of ANYROOM_SECRETS; nothing is read and no Google library is loaded yet.

    `channel` makes the gRPC channel to another Secret Manager than Google's, without credentials. Raises
    InvalidSetting.
    """
    return Secrets(open_source(setting, clock, environ=environ, channel=channel), clock)


def open_source(
    setting: str,
    clock: Clock,
    *,
    environ: Mapping[str, str] = os.environ,
    channel: Callable[[], Any] | None = None,
) -> Source:
    """What the secrets behind `setting` are read from, each time anew. As `open_secrets` otherwise."""
    kind, colon, where = setting.partition(":")
    if colon and kind == "env" and not where:
        return Environment(environ)
    if kind == "file" and where:
        return _directory(where)
    if kind == "secretmanager" and _PROJECT.fullmatch(where):
        from conference.secrets.secret_manager import SecretManager

        return SecretManager(where, clock, channel=channel)
    raise InvalidSetting("ANYROOM_SECRETS", "must be env:, file:PATH or secretmanager:PROJECT")


def _directory(where: str) -> Directory:
    if "\0" in where or not os.path.isdir(where):
        raise InvalidSetting("ANYROOM_SECRETS", f"{where!a} is no directory; create or mount it")
    return Directory(Path(where))
