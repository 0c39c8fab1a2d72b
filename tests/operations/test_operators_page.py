"""docs/operators.md: its transcripts are what the commands say, its words those of the code."""

import re
import shlex
from pathlib import Path

import pytest

from conference.providers import load, names
from operations.__main__ import COMMANDS
from simulator import faults
from tests.custodian import key
from tests.operations.test_operations_main import run
from tests.scenarios.story import Story
from tests.scenarios.test_orphans import forgotten_room, suspect
from tests.thorough import takes_long
from tests.visiting import Visitor
from tests.world import ADA

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/operators.md").read_text("utf-8")
RELAYED = pytest.mark.parametrize("zoom", ["relay"], indirect=True)
OPTIONS = {"DO": "do", "USER": "user", "DOMAIN": "domain", "FILE": "file"}
SAME = (
    (r"[0-9a-f]{32}", "KEY"),
    (r"\bkey [0-9a-f]{12}", "key ID"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "TIME"),
    (r"its id there is \w+", "its id there is ROOM"),
)


def transcripts() -> list[tuple[str, list[str]]]:
    """Each command of the page, and the lines below it, in order."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ make "):
                found.append((line.removeprefix("$ make "), []))
            else:
                found[-1][1].append(line)
    return found


def alike(line: str, story: Story) -> str:
    line = line.replace(f"{story.world.folder}/", "")
    for pattern, word in SAME:
        line = re.sub(pattern, word, line)
    return line


def told(story: Story, command: str, keys: str) -> list[str]:
    """What the command says, its recipe as make would write it."""
    name, *given = shlex.split(command)
    options = [f"--{OPTIONS[one.partition('=')[0]]}={one.partition('=')[2]}" for one in given]
    code, lines, error = run(story, name, *options, SEALING_KEYS=keys)
    assert code in (0, 1), error
    return [alike(line, story) for line in lines]


@takes_long
@RELAYED
def test_each_transcript_is_what_the_commands_say(zoom: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALING_KEYS", key("old"))
    zoom.restart()
    Visitor(zoom).connect("zoom")
    keys = f"{key('new')}\n{key('old')}"
    gone, kept, late = zoom.live(), zoom.live(), zoom.live()
    zoom.simulator.rooms.delete(zoom.of(gone).conference)
    suspect(zoom, kept, conference=forgotten_room(zoom))
    for command, lines in transcripts():
        if command == "parked":
            zoom.simulator.faults.add(faults.status(503, b"{}"), f"/rooms-api/v1/rooms/{zoom.of(late).conference}")
            zoom.people.patch(ADA, late, summary="Better plan")
            zoom.settle()
        if command.startswith("backup"):
            zoom.live()
        if command.startswith("restore"):
            zoom.world.store.close()
            for instance in zoom.world._instances:
                instance.service.parts().store.close()
        assert told(zoom, command, keys) == [alike(line, zoom) for line in lines], command


def test_every_command_is_shown() -> None:
    shown = {command.split()[0] for command, _ in transcripts()}
    assert shown == set(COMMANDS)
    assert f"{['', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight'][len(COMMANDS)]} commands" in PAGE


def test_make_help_has_every_command() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert set(re.findall(r"^OPERATIONS := (.*)$", makefile, re.MULTILINE)[0].split()) == set(COMMANDS)
    assert [name for name in COMMANDS if f'@echo "make {name} ' not in makefile] == []


def test_the_systems_that_list_their_rooms_are_named() -> None:
    [listed] = re.findall(r"and, with ([^.]*), listed", PAGE.replace("\n", " "))
    assert set(re.findall(r"`(\w+)`", listed)) == {name for name in names() if load(name).rooms}
