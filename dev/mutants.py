"""Mutation testing of what keeps secrets and proves who calls: small mistakes are made, and a test has to find them.

`make mutants` prints a line for each file: how many mistakes were made, how many the file's tests found, and every one
that they did not find, with the reason in survivors.toml. It fails where fewer than 90 % are found, or one that is not
found has no reason there. `make mutants ONLY=seal` takes one file.

Nothing of a library's was fit for this: mutmut 3 changes no module's constants and needs a copy of the tree, and
cosmic-ray changes the files themselves, which nobody may edit meanwhile.
"""

import argparse
import os
import sys
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from dev.mutated import Runs, ended, load_libraries, started
from dev.mutations import Mutation, mutations
from dev.progress import Progress

GOAL = 0.9
"""Of the mistakes in a file, how many have to be found."""
ROOT = Path(__file__).resolve().parent.parent
SURVIVORS = Path(__file__).with_name("survivors.toml")
PATIENCE = 4.0
"""How many times as long as usual the tests may take with a mistake before they count as hanging."""


@dataclass(frozen=True, slots=True)
class Target:
    """A module, the tests that must find its mistakes, and in which functions or classes: all, where none is named."""

    tests: tuple[str, ...]
    inside: frozenset[str] = frozenset()


TARGETS: Mapping[str, Target] = {
    "conference/seal.py": Target(("tests/conference/test_seal.py",)),
    "conference/identity.py": Target(
        ("tests/conference/test_identity_exactly.py", "tests/conference/test_identity.py")
    ),
    "conference/connect.py": Target(("tests/conference/test_connect.py", "tests/conference/test_connect_flows.py")),
    "conference/session.py": Target(("tests/conference/test_session.py",)),
    "conference/sign_in.py": Target(("tests/conference/test_sign_in.py",)),
    "conference/oauth.py": Target(("tests/conference/test_oauth.py",)),
    "conference/token_reply.py": Target(("tests/conference/test_token_reply.py",)),
    "conference/tokens.py": Target(("tests/conference/test_tokens.py",)),
    "conference/custody.py": Target(
        tuple(
            f"tests/conference/test_custody{of}.py"
            for of in ("_exactly", "_told", "", "_secrets", "_at_once", "_account", "_calls")
        )
    ),
    "conference/join.py": Target(("tests/conference/test_join.py", "tests/conference/test_join_occasions.py")),
    "conference/meeting.py": Target(("tests/conference/test_meeting.py",)),
    "conference/webhooks.py": Target(("tests/conference/test_webhooks.py",)),
    "conference/jwt.py": Target(("tests/conference/test_jwt.py",)),
    "conference/providers/jitsi.py": Target(
        ("tests/conference/providers/test_jitsi_tokens.py",),
        frozenset({"_check_tokens", "has_key", "declare", "create", "join", "_address", "_signed", "_claims"})
        | {"_end", "_user", "_features"},
    ),
    "conference/providers/zoom.py": Target(
        ("tests/conference/providers/test_zoom_webhook.py",),
        frozenset({"webhook", "_read", "_fresh", "_check_signed"})
        | {"_Told", "_Validation", "_Deauthorized", "_DeletedMeeting", "_Deleted"},
    ),
}


@dataclass(slots=True)
class Result:
    """What became of a file's mutations."""

    path: str
    made: int = 0
    survived: list[Mutation] = field(default_factory=list)

    @property
    def killed(self) -> int:
        """How many were found."""
        return self.made - len(self.survived)


class Reasons:
    """Why some mistakes change nothing that a test could see, by file, line and mistake."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._reasons: dict[tuple[str, str, str], str] = {
            (path, one["line"], one["what"]): one["why"] for path, of in table.items() for one in of
        }

    def of(self, path: str, mutation: Mutation) -> str:
        """The reason, "" where none is known."""
        return self._reasons.get((path, mutation.line, mutation.what), "")


def known_reasons() -> Mapping[str, Any]:
    """The table in survivors.toml: under each file's path its lines, mistakes and reasons."""
    return tomllib.loads(SURVIVORS.read_text("utf-8"))


def tried(path: str, target: Target, at_once: int) -> Result:
    """Make each mistake, and see whether the tests find it. Raises SystemExit when they fail without one."""
    module = path.removesuffix(".py").replace("/", ".")
    load_libraries(target.tests)
    seconds = _usual(path, target)
    result = Result(path)
    found = list(mutations((ROOT / path).read_text("utf-8"), target.inside))
    with Progress(path) as progress, Runs(target.tests, 5.0 + PATIENCE * seconds, at_once) as runs:
        for mutation in found:
            runs.start(module, mutation.module, partial(_note, result, mutation))
            progress.what = f"{path}: {result.made} of {len(found)}, {len(result.survived)} not found"
        runs.finish()
    result.survived.sort(key=lambda one: one.number)
    return result


def _usual(path: str, target: Target) -> float:
    """Seconds that the tests take, which pass."""
    began, run, code = time.monotonic(), started(target.tests, 600.0), None
    while code is None:
        time.sleep(0.01)
        code = ended(run)
    if code:
        sys.exit(f"{path}: its tests fail without a mistake: {' '.join(target.tests)}")
    return time.monotonic() - began


def _note(result: Result, mutation: Mutation, killed: bool) -> None:
    result.made += 1
    if not killed:
        result.survived.append(mutation)


def shown(result: Result, reasons: Reasons) -> tuple[list[str], bool]:
    """The lines about a file, and whether it is good enough."""
    share = result.killed / result.made if result.made else 1.0
    lines = [f"{result.path:32} {result.made:5} made {result.killed:5} found {share:7.1%}"]
    good = share >= GOAL
    for one in result.survived:
        why = reasons.of(result.path, one)
        good = good and bool(why)
        lines.append(
            f"    {one.number} {one.inside}: {one.line}\n        {one.what}: {why or 'NOT FOUND, WITHOUT A REASON'}"
        )
    return lines, good


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the files, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="a part of a file's path")
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args(arguments)
    reasons = Reasons(known_reasons())
    os.chdir(ROOT)
    chosen = {path: target for path, target in TARGETS.items() if asked.only in path}
    if not chosen:
        sys.exit(f"no file is called so; there are {', '.join(TARGETS)}")
    bad = []
    for path, target in chosen.items():
        lines, good = shown(tried(path, target, asked.at_once), reasons)
        print("\n".join(lines), flush=True)
        bad += [] if good else [path]
    if bad:
        print(f"fewer than {GOAL:.0%} found, or one not found without a reason: {', '.join(bad)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
