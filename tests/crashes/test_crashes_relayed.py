"""Wherever the process dies, everything is in step in the end: changes are relayed."""

from pathlib import Path

import pytest

from tests.crashes.stories import Story
from tests.crashes.telling import lost, of


@pytest.mark.parametrize("story", [pytest.param(story, id=story.name) for story in of("relay")])
def test_wherever_the_process_dies_all_is_well_in_the_end(story: Story, tmp_path: Path) -> None:
    assert not lost(story, tmp_path, delegation=False)
