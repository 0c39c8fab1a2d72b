"""Wherever the process dies, everything is in step in the end: every story again for each place where it may die.

What a process has read is lost with it. Two deaths are therefore the same death when the same entry dies with the same
effects made: there is one before each effect, and one at the end of each entry, whose caller then sees no answer.
"""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from sync.store import Store
from sync.store.firestore import FirestoreStore
from tests import invariants
from tests.crashes.stories import STORIES, Story
from tests.inside import Mortal, inside
from tests.thorough import EVERY, THOROUGH

READS = ("GET ", "get ", "find ", "due ")
TOLD = [
    pytest.param(story, mode, id=f"{story.name}, {mode}")
    for story in STORIES
    for mode in ("relay", "delegation")
    if story.of in ("", mode)
]


class Call(NamedTuple):
    """One outside call of a story, and in which entry it was made."""

    entry: int
    line: str

    @property
    def reads(self) -> bool:
        return self.line.startswith(READS)


class Death(NamedTuple):
    """Before or after which call of a story the process dies."""

    number: int
    when: str


def told(
    story: Story, folder: Path, delegation: bool, death: Death | None, open_store: Callable[[], Store] | None = None
) -> tuple[list[Call], list[str]]:
    """Tell a story in which the process dies there: the calls of an undisturbed one, and all breaches."""
    folder.mkdir()
    calls: list[Call] = []
    with inside(folder, delegation, open_store=open_store) as mortal:
        for step in story.before:
            step(mortal)
        if death is None:
            mortal.instance.outside.on("before", "", lambda: calls.append(_last(mortal)))
        else:
            mortal.die_at(*death)
        for step in story.act:
            step(mortal)
        breaches = invariants.at_any_time(mortal.simulator, mortal.world.store)
        assert mortal.died or death is None
        mortal.heal()
        breaches += mortal.breaches()
        if (rooms := mortal.world.rooms()) != story.ends:
            breaches.append(f"{rooms} rooms instead of {story.ends}: {mortal.titles()}")
        breaches += story.wrong(mortal)
    return calls, breaches


def deaths(calls: list[Call]) -> list[Death]:
    """Where a process with those calls may die; a sweep that finds nothing due has nothing to lose."""
    found = [Death(number, "before") for number, call in enumerate(calls) if not call.reads]
    last = {call.entry: number for number, call in enumerate(calls) if not call.line.startswith("due ")}
    return sorted(found + [Death(number, "after") for number in last.values()])


def _last(mortal: Mortal) -> Call:
    return Call(mortal.entries, mortal.instance.outside.calls[-1])


@pytest.mark.parametrize(("story", "mode"), TOLD)
def test_wherever_the_process_dies_all_is_well_in_the_end(story: Story, mode: str, tmp_path: Path) -> None:
    delegation = mode == "delegation"
    calls, breaches = told(story, tmp_path / "whole", delegation, None)
    assert not breaches
    assert any(call.line.startswith(story.does) for call in calls)
    places = deaths(calls)
    assert len(places) > 1
    found = {}
    for death in places[::EVERY]:
        _, breaches = told(story, tmp_path / f"{death.number} {death.when}", delegation, death)
        if breaches:
            found[f"{death.when} {calls[death.number].line}"] = breaches
    assert not found


@pytest.mark.parametrize("name", ["create", "first sync", "cancel"])
def test_on_firestore_too_all_is_well_wherever_the_process_dies_at_the_store(
    name: str, tmp_path: Path, firestore_emulator: str
) -> None:
    def tell(folder: str, death: Death | None) -> tuple[list[Call], list[str]]:
        project = f"test-{secrets.token_hex(6)}"
        return told(
            story, tmp_path / folder, True, death, lambda: FirestoreStore(project=project, emulator=firestore_emulator)
        )

    [story] = [story for story in STORIES if story.name == name]
    calls, breaches = tell("whole", None)
    assert not breaches
    commits = [number for number, call in enumerate(calls) if call.line.startswith("commit ")]
    assert commits
    for number in commits:
        for when in ("before", "after")[:: 1 if THOROUGH else 2]:
            _, breaches = tell(f"{number} {when}", Death(number, when))
            assert not breaches, f"{when} {calls[number].line}"
