"""`make run`: the function and the simulator side by side on this machine, until Ctrl-C, and one line that tries them.

Every start begins anew: the simulator makes its key and its calendars again, so the database of the last run, which
speaks of events that are gone, is removed too. Everything it writes lies in .run/.
"""

import argparse
import base64
import contextlib
import fcntl
import os
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import NoReturn

import settings
from conference.errors import InvalidSetting
from dev import emulator, local
from dev.children import Child, Children
from dev.example import curl_line
from dev.progress import Progress
from dev.stop import Stop, Stopped
from simulator import ids

ROOT = Path(__file__).resolve().parent.parent
READY_LIMIT = 60.0
"""Seconds until a program that does not answer is given up."""

THREADS = "80"
"""As many as Cloud Run lets requests run at once, see cloudbuild.yaml."""

NOT_HANDED_ON = frozenset({"K_SERVICE", "DEBUG", "FUNCTION_TARGET", "FUNCTION_SIGNATURE_TYPE", "FUNCTION_USE_ASGI"})
"""Variables that functions-framework and settings.py would take for an order: another server, or the cloud."""

PROJECT = "anyroom-local"
"""Firestore's emulator takes any name."""


FAVOURITE = "jitsi"
"""The solution of the line to paste, when it is configured: its rooms can be entered without an account."""


class CannotRun(Exception):
    """Something stands in the way; the message says what to do, on one line, and may quote a log below it."""


class _Arguments(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CannotRun(message)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C or SIGTERM: 0 then, 1 when something could not be started or ended by itself."""
    stop = Stop()
    try:
        asked = _read(arguments)
        os.chdir(ROOT)
        solutions = _solutions(asked)
        with _held(asked.folder), Children() as children:
            _run(asked, solutions, children, stop)
    except Stopped:
        print("\nStopped.")
    except (CannotRun, emulator.EmulatorMissing) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _Arguments(prog="make run", description=__doc__)
    parser.add_argument("--store", metavar="STORE", default="sqlite")
    parser.add_argument("--port", metavar="PORT", default="8080")
    parser.add_argument("--simulator-port", metavar="SIMULATOR_PORT", default="8090")
    parser.add_argument("--folder", metavar="RUN", type=Path, default=Path(".run"))
    asked = parser.parse_args(arguments)
    if asked.store not in ("sqlite", "firestore"):
        raise CannotRun(f"STORE is sqlite or firestore, not {asked.store!r}")
    asked.port = _port("PORT", asked.port)
    asked.simulator_port = _port("SIMULATOR_PORT", asked.simulator_port)
    if asked.port == asked.simulator_port:
        raise CannotRun("PORT and SIMULATOR_PORT must differ")
    for name, port in (("PORT", asked.port), ("SIMULATOR_PORT", asked.simulator_port)):
        if not local.is_free(port):
            raise CannotRun(f"Port {port} is in use: stop what uses it, or choose another with make run {name}=NUMBER")
    return asked


def _port(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65535:
        raise CannotRun(f"{name} is a number from 1 to 65535, not {value!r}")
    return int(value)


def _run(asked: argparse.Namespace, solutions: Mapping[str, str], children: Children, stop: Stop) -> None:
    environment = _environment(asked)
    if asked.store == "firestore":
        port = local.free_port(asked.port, asked.simulator_port)
        environment["FIRESTORE_EMULATOR_HOST"] = f"{local.HOST}:{port}"
        child = children.start(
            "Firestore's emulator", emulator.command(port), environment, asked.folder / "firestore.log"
        )
        _wait(child, children, port, "/", stop)
    else:
        for left in asked.folder.glob("anyroom.db*"):
            left.unlink()
    keyfile = asked.folder / "keys.json"
    keyfile.unlink(missing_ok=True)
    simulator = [sys.executable, "-m", "simulator", f"--host={local.HOST}", f"--port={asked.simulator_port}"]
    simulator += [f"--function=http://{local.HOST}:{asked.port}", f"--keyfile={keyfile}"]
    simulator += [f"--public-url={environment['ANYROOM_PUBLIC_URL']}"]
    # Its menu is told the names as a list with commas.
    simulator += ["--solutions=" + ",".join(f"{key}={name.replace(',', ' ')}" for key, name in solutions.items())]
    child = children.start("the simulator", simulator, environment, asked.folder / "simulator.log")
    _wait(child, children, asked.simulator_port, "/", stop)
    function = [sys.executable, "-m", "functions_framework", "--target=anyroom", "--source=main.py"]
    function += [f"--host={local.HOST}", f"--port={asked.port}"]
    child = children.start("the function", function, environment, asked.folder / "function.log")
    _wait(child, children, asked.port, "/health", stop)
    _say(asked, solutions)
    while True:
        _look(children, stop)


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keep `folder` to ourselves: a second start would take the first one's keys and database away."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRun(
                f"Another make run uses {folder}/: stop it, or keep apart with make run RUN=FOLDER"
            ) from None
        yield


def _environment(asked: argparse.Namespace) -> dict[str, str]:
    """What the children are told: ours over the caller's, and the loopback never through a proxy."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_HANDED_ON}
    return {
        **kept,
        **_settings(asked),
        "HOST": local.HOST,
        "PORT": str(asked.port),
        "THREADS": os.environ.get("THREADS", THREADS),
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": f"{local.HOST},localhost",
        "no_proxy": f"{local.HOST},localhost",
    }


def _settings(asked: argparse.Namespace) -> Mapping[str, str]:
    common = {
        "ANYROOM_IDENTITY": f"local:{asked.folder / 'keys.json'}",
        "ANYROOM_GOOGLE_API": f"http://{local.HOST}:{asked.simulator_port}",
        "ANYROOM_PUBLIC_URL": f"http://localhost:{asked.port}",
        **_secrets(),
    }
    if asked.store == "firestore":
        return {**common, "ANYROOM_STORE": "firestore:", "GOOGLE_CLOUD_PROJECT": PROJECT}
    return {**common, "ANYROOM_STORE": f"sqlite:{asked.folder / 'anyroom.db'}"}


def _secrets() -> Mapping[str, str]:
    """Where secrets are, with a sealing key made anew and the simulator's own clients, unless the caller has others."""
    own = os.environ.get("ANYROOM_SECRETS", "env:")
    if own != "env:" or "ANYROOM_SIGNIN" in os.environ:
        return {"ANYROOM_SECRETS": own}
    zoom, zoom_secret = ids.OAUTH_CLIENTS["zoom"]
    google, google_secret = ids.SIGN_IN_CLIENT
    return {
        "ANYROOM_SECRETS": own,
        "ANYROOM_SIGNIN": f"{google},secret:demo-sign-in-secret",
        "ANYROOM_KEYS": "secret:demo-sealing-keys",
        "DEMO_SIGN_IN_SECRET": google_secret,
        "DEMO_SEALING_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
        "DEMO_ZOOM_CLIENT": zoom,
        "DEMO_ZOOM_SECRET": zoom_secret,
    }


def _solutions(asked: argparse.Namespace) -> dict[str, str]:
    """The names of the solutions that the function will have, by id. Raises CannotRun."""
    try:
        return {solution.id: solution.name for solution in settings.solutions({**os.environ, **_settings(asked)})}
    except InvalidSetting as error:
        raise CannotRun(str(error)) from error


def _favourite(solutions: Mapping[str, str]) -> str:
    return FAVOURITE if FAVOURITE in solutions else next(iter(solutions))


def _wait(child: Child, children: Children, port: int, path: str, stop: Stop) -> None:
    """Return once `child` answers. Raises CannotRun when it ends or takes too long, Stopped when asked to."""
    with Progress(f"starting {child.name}") as progress:
        while not local.answers(port, path):
            _look(children, stop)
            if progress.seconds() > READY_LIMIT:
                raise CannotRun(f"{_capital(child.name)} did not answer within {READY_LIMIT:.0f} s; {_quoted(child)}")


def _look(children: Children, stop: Stop) -> None:
    """Let a moment pass. Raises Stopped when asked to, CannotRun when a child has ended."""
    stop.pause()
    ended = children.ended()
    if ended is not None:
        raise CannotRun(f"{_capital(ended.name)} ended ({ended.how()}), so everything was stopped; {_quoted(ended)}")


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]


def _quoted(child: Child) -> str:
    lines = child.last_lines()
    if not lines:
        return f"{child.log} is empty"
    return f"the end of {child.log}:\n" + "\n".join(f"    {line}" for line in lines)


def _say(asked: argparse.Namespace, solutions: Mapping[str, str]) -> None:
    try:
        line = curl_line(asked.port, asked.simulator_port, _favourite(solutions))
    except (OSError, HTTPException) as error:
        raise CannotRun(f"The simulator gave no example to try: {error}") from error
    print(f"The function: http://localhost:{asked.port}, on {asked.store}. Its log: {asked.folder / 'function.log'}")
    print(f"Calendar's simulator: http://localhost:{asked.simulator_port}/, a page of events and rooms to play with")
    print("Ctrl-C ends everything. In another terminal, this line gives an event its conference:")
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
