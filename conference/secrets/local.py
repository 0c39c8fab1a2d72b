"""Secrets of a laptop or a mounted volume: environment variables, or a directory with one file per secret."""

import re
import stat
from collections.abc import Mapping
from pathlib import Path

from conference.errors import SecretUnavailable, Temporary
from conference.secrets.source import MAX_BYTES, Payload


class Environment:
    """Environment variables: the name in upper case, with `_` for all that is neither letter nor digit."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def fetch(self, name: str) -> Payload:
        """The value of the variable; bytes that are no UTF-8 come back as they were. Raises SecretUnavailable."""
        variable = re.sub(r"[^A-Za-z0-9]", "_", name).upper()
        if variable not in self._environ:
            raise SecretUnavailable("secret-missing", f"secret {name}: not set; set the variable {variable}")
        return Payload(self._environ[variable].encode("utf-8", "surrogateescape"))


class Directory:
    """A directory with one file per secret; links are followed, because mounted volumes are made of them."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fetch(self, name: str) -> Payload:
        """The file's bytes, read anew each time. Raises SecretUnavailable; Temporary when the volume fails."""
        path = self._path / name
        try:
            # A pipe or a device would keep its reader waiting.
            if not stat.S_ISREG(path.stat().st_mode):
                raise SecretUnavailable("secret-missing", f"secret {name}: {path} is no file; make it one")
            with path.open("rb") as file:
                return Payload(file.read(MAX_BYTES + 1))
        except (FileNotFoundError, NotADirectoryError):
            raise SecretUnavailable("secret-missing", f"secret {name}: no such file; create {path}") from None
        except PermissionError:
            raise SecretUnavailable(
                "secret-permission", f"secret {name}: permission denied; let the function's user read {path}"
            ) from None
        except OSError as error:
            raise Temporary("secrets-down", f"secret {name}: {path} cannot be read now: {error.strerror}") from error
