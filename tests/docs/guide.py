"""A guide, followed to the letter: its files are written, its edits made, its commands run, its outputs compared."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.docs.page import Page

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`([\w./-]+\.\w+)`")
_VENV = ".venv/bin/python"
LIMIT = 120
"""Seconds for a command, on a slow machine."""


@dataclass(frozen=True)
class Block:
    """One block of a guide: the step that it stands in, what it is, its text, and the file named last before it."""

    step: str
    language: str
    text: str
    file: str

    @property
    def command(self) -> str:
        """What is typed, in a console."""
        return self.text.partition("\n")[0].removeprefix("$ ")

    @property
    def shown(self) -> str:
        """What is printed then."""
        return self.text.partition("\n")[2]


def blocks(page: Page) -> list[Block]:
    """All of a page, in order."""
    return list(_blocks(page))


def _blocks(page: Page) -> Iterator[Block]:
    for section in re.split(r"^## ", page.text, flags=re.MULTILINE)[1:]:
        step = section.partition("\n")[0]
        end = 0
        for match in _BLOCK.finditer(section):
            named = _FILE.findall(section[end : match.start()])
            end = match.end()
            yield Block(step, match[1], match[2], named[-1] if named else "")


def write(block: Block, folder: Path) -> None:
    """Do what a block that is no console says: a diff is an edit of its file, anything else the whole of it."""
    path = folder / block.file
    if block.language != "diff":
        path.write_text(block.text, "utf-8")
        return
    text = path.read_text("utf-8")
    for hunk in re.split(r"^@@\n", block.text, flags=re.MULTILINE):
        before, after = _side(hunk, "-"), _side(hunk, "+")
        found = len(re.findall(rf"^{re.escape(before)}", text, re.MULTILINE))
        assert found == 1, f"{block.step}: {found} places in {block.file} read\n{before}"
        text = text.replace(before, after)
    path.write_text(text, "utf-8")


def _side(hunk: str, side: str) -> str:
    """What a hunk shows before ("-") or after ("+")."""
    return "".join(line[1:] for line in hunk.splitlines(keepends=True) if line[0] in (side, " "))


def alike(shown: str, printed: str) -> bool:
    """Whether that was printed: `...` stands for anything, and a number for any number."""
    pattern = re.escape(shown.strip()).replace(r"\.\.\.", ".*")
    pattern = re.sub(r"\d+(\\\.\d+)?", r"\\d+(\\.\\d+)?", pattern)
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def command(block: Block, folder: Path, *more: str) -> tuple[list[str], dict[str, str]]:
    """What to start, and with which environment: this Python in place of .venv's, for a `make` what it would start."""
    typed = block.command
    given = dict(re.findall(r"(?:^|(?<= ))([A-Z_]+)=(\S+) ", typed.partition("make")[0]))
    if "make " in typed:
        dry = ["make", "-n", "--no-print-directory", *typed.partition("make ")[2].split(), *more]
        typed = subprocess.run(dry, cwd=folder, capture_output=True, text=True, check=True).stdout.splitlines()[-1]
    else:
        typed = " ".join([typed, *more])
    assert typed.startswith(f"{_VENV} "), typed
    untold = ("PYTHONPATH", "ANYROOM_CONFIG", "ANYROOM_TEST_ALL")
    environment = {name: value for name, value in os.environ.items() if name not in untold}
    return ["sh", "-c", f'exec "$PYTHON" {typed.removeprefix(_VENV)}'], {
        **environment,
        **given,
        "PYTHON": sys.executable,
        "PYTHONUNBUFFERED": "1",
    }


def run(block: Block, folder: Path) -> None:
    """Run a console's command, and see that it prints what is shown."""
    line, environment = command(block, folder)
    done = subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=LIMIT)
    printed = done.stdout + done.stderr
    assert alike(block.shown, printed), f"{block.step}: {block.command}\nprinted\n{printed[-1500:]}"


class Lasting:
    """A command that goes on until it is ended, in a terminal of its own. `ports` are ours for each of the guide's."""

    def __init__(self, block: Block, folder: Path, ports: Mapping[str, str], *more: str) -> None:
        line, environment = command(block, folder, *more)
        self.printed = ""
        self._block = block
        self._ports = ports
        self._said = threading.Condition()
        self._process = subprocess.Popen(
            line, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def says(self, shown: str) -> str:
        """All that it has printed, once that is what is shown. Fails when it is not so in time."""
        with self._said:
            came = self._said.wait_for(lambda: alike(shown, self._as_in_the_guide()), LIMIT)
        assert came, f"{self._block.step}: {self._block.command}\nprinted\n{self.printed[-1500:]}"
        return self.printed

    def end(self) -> None:
        """Ctrl-C."""
        self._process.terminate()
        self._process.wait(LIMIT)
        self._reader.join(LIMIT)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _as_in_the_guide(self) -> str:
        text = self.printed
        for guide, ours in self._ports.items():
            text = text.replace(ours, guide)
        return text

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._said:
                self.printed += line
                self._said.notify_all()
