"""`.venv/bin/python -m dev.stand_in acme` has the stand-in of a provider's tests answer on this machine, until Ctrl-C.

It prints what to write into anyroom.toml, how to start the function, and then a line for each request.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn, cast

import pytest

from conference import providers
from dev import local
from dev.stop import Stop, Stopped
from tests.contracts.providers import harness
from tests.contracts.providers.wire import Answer, Asked, System, Wire

PORT = 8091


class CannotStandIn(Exception):
    """There is no stand-in to start; the message says why, on one line."""


class _Arguments(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CannotStandIn(message)


class _NoTests:
    """In place of a test: a harness that asks it for something starts the system itself."""

    def getfixturevalue(self, name: str) -> NoReturn:
        raise CannotStandIn(f"There is no stand-in: its tests start the system itself, {name}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer until Ctrl-C or SIGTERM: 0 then, 1 after one line on standard error when it cannot begin."""
    stop = Stop()
    parser = _Arguments(prog="dev.stand_in", description=__doc__)
    parser.add_argument("name", choices=providers.names())
    parser.add_argument("--port", type=int, default=PORT)
    try:
        asked = parser.parse_args(arguments)
        _answer(asked.name, asked.port, stop)
    except Stopped:
        print("\nStopped.")
    except CannotStandIn as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _answer(name: str, port: int, stop: Stop) -> None:
    if providers.load(name).declared.oauth:
        raise CannotStandIn(f"Users of {name} sign in there, for which it has no stand-in of its own")
    if not local.is_free(port):
        raise CannotStandIn(f"Port {port} is in use: stop what uses it, or choose another with --port=NUMBER")
    wire = Wire(lambda asked: Answer(500), port)
    built = harness.build(name, wire.url, cast(pytest.FixtureRequest, _NoTests()))
    wire.system = _told(built.system)
    with wire.running():
        print("\n".join(_lines(name, built)), flush=True)
        while True:
            stop.pause()


def _told(system: System) -> System:
    """The system, with a line for each request; addresses may say whose it is, so no more than the path."""

    def answer(asked: Asked) -> Answer:
        given = system(asked)
        print(f"{asked.method} {asked.path} {given.status}", flush=True)
        return given

    return answer


def _lines(name: str, built: harness.Harness) -> Iterator[str]:
    yield f"The stand-in of {name} answers until Ctrl-C. Write this into anyroom.toml:"
    yield ""
    yield f"[solutions.{name}]"
    yield from (f"{option} = {json.dumps(value)}" for option, value in _table(name, built).items())
    yield ""
    given = [f"{secret.upper().replace('-', '_')}={value}" for secret, value in built.secrets.items()]
    yield f"and start the function in another terminal: {' '.join([*given, 'make run'])}"


def _table(name: str, built: harness.Harness) -> dict[str, Any]:
    logo = "https://lh3.googleusercontent.com/your-logo"
    return {"provider": name, "name": name.replace("_", " ").title(), "logo": logo, **built.table}


if __name__ == "__main__":
    sys.exit(main())
