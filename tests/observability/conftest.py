"""What the function really logs: one story through its routes, in which every line occurs that is counted."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.observability.logging_query import Entry, entry
from tests.observability.story import Told, told


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Told:
    with pytest.MonkeyPatch.context() as monkeypatch:
        return told(tmp_path_factory.mktemp("observed"), monkeypatch)


@pytest.fixture(scope="session")
def entries(story: Told) -> list[Entry]:
    """The story's lines as Cloud Logging keeps them."""
    return [entry(line) for line in story.lines]


@pytest.fixture(scope="session")
def payloads(entries: list[Entry]) -> list[Mapping[str, Any]]:
    return [one["jsonPayload"] for one in entries]
