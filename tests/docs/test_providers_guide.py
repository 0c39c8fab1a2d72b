"""docs/providers.md can be followed to the letter: what it writes is written, and what it shows is printed."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

import pytest

from dev import local, provider
from tests.docs.guide import LIMIT, Block, Lasting, alike, blocks, run, write
from tests.docs.page import ROOT, Page
from tests.thorough import takes_long

PAGE = Page(ROOT / "docs/providers.md")
STEPS = blocks(PAGE)
MAKE = STEPS[0]
SUITE = [block for block in STEPS if "tests/contracts/providers" in block.command and block.language == "console"]
[TO_BE_RUN] = [block for block in STEPS if "make run" in block.command]
[STANDING_IN] = [block for block in STEPS if "dev.stand_in" in block.command]
[PASTED] = [block for block in STEPS if block.command.startswith("curl")]
[TOML] = [block for block in STEPS if block.language == "toml"]
[WRONG, NAMED] = [block for block in STEPS if "calendar_takes" in block.command]
FILES = ("conference/providers/acme.py", "tests/contracts/providers/harnesses/acme.py")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The repository, as somebody has it who begins."""
    ignored = (ROOT / ".gitignore").read_text("utf-8").split()
    unwanted = shutil.ignore_patterns(".git", *(pattern.rstrip("/") for pattern in ignored))
    return Path(shutil.copytree(ROOT, tmp_path / "anyroom", ignore=unwanted))


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A folder with what `make provider` has written and nothing else."""
    for path in FILES:
        (tmp_path / path).parent.mkdir(parents=True)
    assert provider.main(["--name=acme"], tmp_path) == 0
    return tmp_path


def follow(steps: Iterable[Block], folder: Path) -> None:
    """Write what is to be written, and run what is to be run."""
    for block in steps:
        if block.language == "console":
            run(block, folder)
        else:
            write(block, folder)


def test_make_provider_says_what_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in FILES:
        (tmp_path / path).parent.mkdir(parents=True)
    assert provider.main(["--name=acme"], tmp_path) == 0
    assert capsys.readouterr().out == MAKE.shown


def test_its_commands_are_those_that_there_are() -> None:
    [next_command] = [line.strip() for line in MAKE.shown.splitlines() if line.startswith("    ")]
    assert next_command in {block.command for block in SUITE}
    typed = {block.command.partition("make ")[2].partition(" ")[0] for block in STEPS if "make " in block.command}
    assert typed == {"provider", "run"}
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert [target for target in typed if f"\n{target}: " not in makefile] == []


def test_each_edit_fits_and_leaves_a_file_in_our_style(begun: Path) -> None:
    for block in STEPS:
        if block.language != "console":
            write(block, begun)
            assert [path for path in FILES if not styled(path, (begun / path).read_text("utf-8"))] == [], block.step


def styled(path: str, text: str) -> bool:
    """Whether ruff has nothing to say about that file here."""
    for words in (["check"], ["format", "--check"]):
        line = [sys.executable, "-m", "ruff", *words, f"--stdin-filename={path}", "-"]
        if subprocess.run(line, cwd=ROOT, input=text, capture_output=True, text=True, check=False).returncode:
            return False
    return True


def test_an_edit_that_does_not_fit_is_not_made(begun: Path) -> None:
    before = (begun / FILES[0]).read_text("utf-8")
    wrong = Block("a step", "diff", "-never there\n+anything\n", FILES[0])
    with pytest.raises(AssertionError, match="0 places"):
        write(wrong, begun)
    assert (begun / FILES[0]).read_text("utf-8") == before


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("...\n90 passed in 9.19s\n", "..F\n1 failed, 89 passed in 9.19s\n"),
        ("...\n1 failed, 3 deselected in 1s\n", "..\n1 passed, 3 deselected in 1s\n"),
        ("a\nb\n", "a\n"),
    ],
)
def test_another_output_is_not_taken_for_the_one_that_is_shown(shown: str, printed: str) -> None:
    assert alike(shown, shown.replace("...", "x"))
    assert not alike(shown, printed)


@takes_long
def test_it_can_be_followed(copied: Path) -> None:
    follow(STEPS[: STEPS.index(STANDING_IN)], copied)
    write(TOML, copied)
    try_in_a_calendar(copied)
    (copied / "anyroom.toml").unlink()
    follow(STEPS[STEPS.index(PASTED) + 1 :], copied)
    line = [sys.executable, "-m", "mypy", *FILES]
    done = subprocess.run(line, cwd=copied, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def try_in_a_calendar(copied: Path) -> None:
    """Step 9, on ports that are free."""
    port, simulator, system = (str(local.free_port()) for _ in range(3))
    ports = {"8080": port, "8090": simulator, "8091": system}
    toml = (copied / "anyroom.toml").read_text("utf-8")
    (copied / "anyroom.toml").write_text(toml.replace("8091", system), "utf-8")
    stand_in = Lasting(STANDING_IN, copied, ports, f"--port={system}")
    anyroom = None
    try:
        stand_in.says(STANDING_IN.shown)
        anyroom = Lasting(TO_BE_RUN, copied, ports, f"PORT={port}", f"SIMULATOR_PORT={simulator}")
        line = anyroom.says(TO_BE_RUN.shown).splitlines()[-1]
        pasted = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True, timeout=LIMIT)
        assert alike(PASTED.shown, pasted.stdout), pasted.stdout
        said = re.search(r"the stand-in has said `(.*?)`", PAGE.flowing)
        assert said
        stand_in.says(f"...{said[1]}...")
        rename_on_the_page(f"http://127.0.0.1:{simulator}")
        stand_in.says("...POST /meetings 201\nPUT /meetings/1 200...")
    finally:
        if anyroom:
            anyroom.end()
        stand_in.end()


def rename_on_the_page(page: str) -> None:
    """Choose Acme for an event on the simulator's page, and rename it."""
    opener = build_opener(ProxyHandler({}))
    shown = opener.open(page, timeout=LIMIT).read().decode()
    hidden = re.findall(
        r'type="hidden" name="calendar" value="(.*?)">\s*<input type="hidden" name="event" value="(.*?)"', shown
    )
    calendar, event = hidden[-1]
    for path, form in (
        ("choose", {"solution": "acme"}),
        ("change", {"do": "rename", "summary": "Another title"}),
    ):
        body = urlencode({"calendar": calendar, "event": event, **form}).encode()
        opener.open(f"{page}/{path}", body, timeout=LIMIT).close()


@takes_long
@pytest.mark.parametrize("step", ["3.", "4."])
def test_it_cannot_be_followed_without_an_edit(copied: Path, step: str) -> None:
    [left_out, *_] = [block for block in STEPS if block.step.startswith(step) and block.language == "diff"]
    so_far = STEPS[: STEPS.index(NAMED) + 1]
    quick = [block for block in so_far if block in (MAKE, WRONG, NAMED) or block.language != "console"]
    with pytest.raises(AssertionError, match=f"{step} .*\n*.*calendar_takes"):
        follow([block for block in quick if block != left_out], copied)
