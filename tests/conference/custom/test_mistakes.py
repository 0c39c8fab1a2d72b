"""Every mistake in a definition is found when it loads, with its line, its field, and what was expected."""

from itertools import zip_longest
from pathlib import Path

import pytest

from conference.custom import files
from conference.errors import InvalidSetting
from tests.conference.custom.mistaken import ELSEWHERE, GOOD, MISTAKES
from tests.conference.custom.mistaken_requests import OF_REQUESTS

ALL = MISTAKES | OF_REQUESTS


def load(folder: Path, text: str) -> InvalidSetting | None:
    path = folder / "acme.toml"
    path.write_text(text, "utf-8")
    try:
        files.read(path)
    except InvalidSetting as mistake:
        return mistake
    return None


def test_what_is_right_is_taken(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD) is None


@pytest.mark.parametrize("kind", ALL)
def test_a_mistake_is_named_with_its_line_and_what_was_expected(tmp_path: Path, kind: str) -> None:
    right, wrong, complaint = ALL[kind]
    assert right in GOOD
    text = GOOD.replace(right, wrong)
    if kind == "an id that is not chosen":
        text = text.replace("rooms/{attempt}", "rooms/new")

    mistake = load(tmp_path, text)

    line = line_of(text, ELSEWHERE.get(kind))
    place = f"acme.toml, line {line}, " if line else "acme.toml"
    assert mistake
    assert str(mistake).startswith(place), str(mistake)
    assert complaint in str(mistake)
    assert "\n" not in str(mistake)


def line_of(text: str, beginning: str | None) -> int:
    """The first line that begins so, or that is not as in what is right; 0 for none."""
    if beginning == "":
        return 0
    lines, good = text.splitlines(), GOOD.splitlines()
    if beginning:
        return next(number for number, line in enumerate(lines, 1) if line.startswith(beginning))
    return next(number for number, (line, was) in enumerate(zip_longest(lines, good), 1) if line != was)
