"""A story told again for each place where the process may die, and what is not in step in the end.

What a process has read is lost with it. Two deaths are therefore the same death when the same entry dies with the same
effects made: there is one before each effect, and one at the end of each entry, whose caller then sees no answer.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sync.store import Store
from tests import invariants
from tests.crashes.stories import STORIES, Story
from tests.inside import Mortal, inside
from tests.thorough import EVERY

READS = ("GET ", "get ", "find ", "due ")


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


def of(mode: str) -> list[Story]:
    """The stories that can be told in "relay" or "delegation"."""
    return [story for story in STORIES if story.of in ("", mode)]


def lost(story: Story, folder: Path, delegation: bool) -> dict[str, list[str]]:
    """What is wrong in the end, by where the process died; every death is tried, or one in EVERY."""
    calls, breaches = told(story, folder / "whole", delegation, None)
    assert not breaches
    assert any(call.line.startswith(story.does) for call in calls)
    places = deaths(calls)
    assert len(places) > 1
    found = {}
    for death in places[::EVERY]:
        _, breaches = told(story, folder / f"{death.number} {death.when}", delegation, death)
        if breaches:
            found[f"{death.when} {calls[death.number].line}"] = breaches
    return found
