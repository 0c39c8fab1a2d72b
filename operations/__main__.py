"""`python -m operations NAME`: one command, its settings those of the function; 0 done, 1 something is left, 2 it could
not begin, 130 stopped."""

import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import NamedTuple

import msgspec

import settings as knobs
from conference.errors import AnyroomError, InvalidSetting, SecretUnavailable
from dev.stop import Stop, Stopped
from doctor.remedy import advice
from operations import asked, backup, erase, export, orphans, parked, reconcile, restore, rotate_keys
from operations.asked import Asked
from operations.console import LEFT, REFUSED, STOPPED, AuditLines, Console, Mistake, console
from operations.site import Site, opened


class Command(NamedTuple):
    """What it does, what it takes, and how it runs: on all that is configured, or on the store's file alone."""

    does: str
    takes: frozenset[str]
    on_site: Callable[[Site, Asked, Console], int] | None = None
    on_file: Callable[[str, Asked, Console], int] | None = None


_DO, _WHOSE, _FILE = frozenset({"do"}), frozenset({"user", "domain"}), frozenset({"file"})
COMMANDS: Mapping[str, Command] = {
    "reconcile": Command("calendars, mappings and rooms compared both ways", _DO, reconcile.run),
    "parked": Command("what systems could not be told yet", _DO, parked.run),
    "orphans": Command("conferences that nothing holds", _DO, orphans.run),
    "rotate-keys": Command("what is sealed with which key", _DO, rotate_keys.run),
    "export": Command("what is stored of a user or a domain, as a file", _WHOSE | _FILE, export.run),
    "erase": Command("what is stored of a user or a domain, erased", _WHOSE | _DO, erase.run),
    "backup": Command("a copy of a store in SQLite", _FILE, on_file=backup.run),
    "restore": Command("a backup back in its place", _FILE | _DO, on_file=restore.run),
}


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> int:
    """Run one command."""
    stop = Stop()
    _keep_the_log_to_audit_lines()
    name, *options = (sys.argv[1:] if arguments is None else arguments) or [""]
    try:
        return _run(name, options, environment, console(stop))
    except Stopped:
        print("Stopped. The same command goes on from here.", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:  # whoever read it has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return STOPPED
    except Mistake as mistake:
        print(mistake, file=sys.stderr)
        return REFUSED
    except msgspec.ValidationError as defect:
        print(f"A record cannot be read: it {defect}", file=sys.stderr)
        return LEFT
    except AnyroomError as error:
        print(advice(error), file=sys.stderr)
        return LEFT if not _is_mistake(error) else REFUSED


def _run(name: str, options: Sequence[str], environment: Mapping[str, str], terminal: Console) -> int:
    """Raises Mistake, AnyroomError, Stopped."""
    command = COMMANDS.get(name)
    if command is None:
        raise Mistake(f"Name one of {', '.join(COMMANDS)}")
    wanted = asked.read(options, command.takes)
    if command.on_file:
        return command.on_file(knobs.examine(environment)[0].store, wanted, terminal)
    assert command.on_site
    with ExitStack() as stack:
        with terminal.working("opening the store"):
            site = stack.enter_context(opened(environment))
        return command.on_site(site, wanted, terminal)


def _keep_the_log_to_audit_lines() -> None:
    """What else is logged meanwhile is told as an outcome."""
    logging.getLogger().addHandler(logging.NullHandler())
    audit = logging.getLogger("anyroom.audit")
    audit.handlers[:], audit.propagate = [AuditLines()], False
    audit.setLevel(logging.INFO)


def _is_mistake(error: AnyroomError) -> bool:
    """Whether somebody must change a setting or a secret before anything can be done."""
    return isinstance(error, InvalidSetting | SecretUnavailable)


if __name__ == "__main__":
    sys.exit(main())
