"""Wherever the process dies, everything is in step in the end: every story again with a death before each of its calls.

Memory is all that a process loses: dying after a call is dying before the next one, and the last one is followed by an
end of the process without a call.
"""

from pathlib import Path

import pytest

from tests import invariants
from tests.crashes.stories import STORIES, Story
from tests.inside import Mortal, inside

EVERY = [
    pytest.param(story, mode, id=f"{story.name}, {mode}")
    for story in STORIES
    for mode in ("relay", "delegation")
    if story.of in ("", mode)
]


def told(story: Story, folder: Path, delegation: bool, death: int | None) -> tuple[int, list[str]]:
    """Tell a story with a death before the call of that number: how many calls there were, and all breaches."""
    folder.mkdir()
    with inside(folder, delegation) as mortal:
        story.before(mortal)
        first = mortal.instance
        calls = len(first.outside.calls)
        if death is not None:
            mortal.die_at(death)
        story.act(mortal)
        breaches = invariants.at_any_time(mortal.simulator, mortal.world.store)
        if death is not None:
            mortal.restart()
        made = len(first.outside.calls) - calls
        mortal.heal()
        breaches += invariants.at_rest(mortal.simulator, mortal.world.store)
        breaches += invariants.unbounded(mortal.most, mortal.longest)
        breaches += _unexpected(mortal, story)
        return made, breaches


def _unexpected(mortal: Mortal, story: Story) -> list[str]:
    rooms = mortal.world.rooms()
    return [] if rooms in story.ends else [f"{rooms} rooms instead of {story.ends}: {mortal.titles()}"]


@pytest.mark.parametrize(("story", "mode"), EVERY)
def test_wherever_the_process_dies_all_is_well_in_the_end(story: Story, mode: str, tmp_path: Path) -> None:
    delegation = mode == "delegation"
    made, breaches = told(story, tmp_path / "whole", delegation, None)
    assert not breaches
    found = {}
    for death in range(made + 1):
        _, breaches = told(story, tmp_path / str(death), delegation, death)
        if breaches:
            found[death] = breaches
    assert not found
