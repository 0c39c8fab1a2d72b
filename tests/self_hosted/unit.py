"""deploy/self-hosted/anyroom.service, read as systemd reads it, with its paths put into a test's folder."""

import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy/self-hosted"
UNIT = DEPLOY / "anyroom.service"


def directives(path: Path = UNIT) -> Iterator[tuple[str, str]]:
    """Each `Name=value` of a unit, in order (systemd.syntax, without continued lines)."""
    for line in path.read_text("utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            name, _, value = line.partition("=")
            yield name, value


def values(name: str, path: Path = UNIT) -> list[str]:
    """What a unit says for that name, once or often."""
    return [value for found, value in directives(path) if found == name]


def value(name: str, path: Path = UNIT) -> str:
    """What a unit says once for that name."""
    [only] = values(name, path)
    return only


class Placed:
    """The unit's paths below `folder`, with the interpreter and the source that are tried."""

    def __init__(self, folder: Path, python: str, unit: Path = UNIT) -> None:
        self.etc, self.state = folder / "etc/anyroom", folder / "var/lib/anyroom"
        self.runtime, self.credentials = folder / "run/anyroom", folder / "run/credentials"
        for made in (self.etc / "secrets", self.state, self.runtime, self.credentials):
            made.mkdir(parents=True, exist_ok=True)
        self._unit = unit
        self._places = {
            "/opt/anyroom/.venv/bin/python": python,
            "/opt/anyroom": str(ROOT),
            "/etc/anyroom": str(self.etc),
            "%S/anyroom": str(self.state),
            "%t/anyroom": str(self.runtime),
            "%d": str(self.credentials),
        }

    def command(self, port: int) -> list[str]:
        """ExecStart, on another port."""
        command = shlex.split(self._put(value("ExecStart", self._unit)))
        assert command.count("--port=8080") == 1, command
        return [f"--port={port}" if word == "--port=8080" else word for word in command]

    def folder(self) -> Path:
        """WorkingDirectory."""
        return Path(self._put(value("WorkingDirectory", self._unit)))

    def environment(self) -> dict[str, str]:
        """What the unit's lines set, and then the file that they name."""
        lines = [self._put(line) for line in values("Environment", self._unit)]
        file = Path(self._put(value("EnvironmentFile", self._unit)))
        # What a person writes there may be quoted as in a shell (systemd.exec, EnvironmentFile=).
        lines += [line for line in shlex.split(file.read_text("utf-8"), comments=True) if line]
        return dict(_pair(line) for line in lines)

    def load_credentials(self, drop_in: Path | None = None) -> None:
        """LoadCredential, of the unit and of a drop-in: a copy of each file that is named."""
        lines = values("LoadCredential", self._unit) + (values("LoadCredential", drop_in) if drop_in else [])
        for name, _, path in (line.partition(":") for line in lines):
            (self.credentials / name).write_bytes(Path(self._put(path)).read_bytes())

    def _put(self, text: str) -> str:
        for written, place in self._places.items():
            text = text.replace(written, place)
        assert "%" not in text, f"a specifier is left in {text}"
        return text


def _pair(line: str) -> tuple[str, str]:
    name, _, text = line.partition("=")
    return name, text
