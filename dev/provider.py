"""`make provider NAME=acme` writes a provider that works, with its stand-in and its sample reply, or nothing at all.

What is written stands in dev/new_provider; docs/providers.md goes on from there.
"""

import argparse
import keyword
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = Path(__file__).with_name("new_provider")
PROVIDERS = "conference/providers"
HARNESSES = "tests/contracts/providers/harnesses"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


class CannotWrite(Exception):
    """Nothing was written; the message is one line that says why and what to do."""


class _Arguments(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CannotWrite(message)


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Write the three files below `root`: 0, or 1 after one line on standard error."""
    parser = _Arguments(prog="make provider", description=__doc__)
    parser.add_argument("--name", metavar="NAME", default="")
    try:
        name = _checked(parser.parse_args(arguments).name)
        _write(files(name), root)
    except CannotWrite as error:
        print(error, file=sys.stderr)
        return 1
    _say(name)
    return 0


def files(name: str) -> Mapping[str, str]:
    """What is written for a provider of that name: texts by path, the provider's own file last."""
    return {
        f"{HARNESSES}/{name}.json": _named("sample.json", name),
        f"{HARNESSES}/{name}.py": _named("harness.py", name),
        f"{PROVIDERS}/{name}.py": _named("provider.py", name),
    }


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        given = f"not {name!r}" if name else "as in make provider NAME=acme"
        raise CannotWrite(f"NAME is a letter and up to 30 more letters, digits or _, all of them small, {given}")
    if keyword.iskeyword(name):
        raise CannotWrite(f"NAME {name} is a word of Python: choose another one")
    if name == "base":
        raise CannotWrite("NAME base is the contract's own file: choose another one")
    if name.endswith("_account"):
        raise CannotWrite(f"NAME {name} ends as the suite calls a provider's second harness: choose another one")
    return name


def _named(template: str, name: str) -> str:
    """A template, which is written for acme, for that name: a host and a secret have hyphens, a title has blanks."""
    text = (TEMPLATES / template).read_text("utf-8")
    text = text.replace("Acme", name.replace("_", " ").strip().title())
    text = re.sub(r"acme(?=\.example|-)", name.replace("_", "-").strip("-"), text)
    return text.replace("acme", name)


def _write(texts: Mapping[str, str], root: Path) -> None:
    """All of them, or none: what there is already is never touched. Raises CannotWrite."""
    taken = [*texts, *(path.removesuffix(".py") + ".toml" for path in texts if path.startswith(PROVIDERS))]
    there = [path for path in taken if (root / path).exists()]
    if there:
        raise CannotWrite(f"{there[-1]} is there already: choose another NAME, or remove it first")
    written: list[Path] = []
    try:
        for path, text in texts.items():
            with (root / path).open("x", encoding="utf-8") as file:
                written.append(root / path)
                file.write(text)
    except BaseException as error:
        for one in written:
            one.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise CannotWrite(f"Nothing was written: {error.strerror or error}") from error
        raise


def _say(name: str) -> None:
    print(f"{PROVIDERS}/{name}.py is a whole provider; its comments say what to change.")
    print(f"{HARNESSES}/{name}.py stands in for the system, and refuses what that refuses.")
    print(f"{HARNESSES}/{name}.json is what it replies: put there what the vendor's documentation shows.")
    print("They fit together already. Try them now, and again after each change:")
    print(f"    .venv/bin/python -m pytest -q tests/contracts/providers -k {name}")
    print("docs/providers.md goes on from here, step by step.")
    print('One call that gives a link may need no code at all: see provider = "custom" in anyroom.toml.')


if __name__ == "__main__":
    sys.exit(main())
