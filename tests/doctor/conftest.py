"""A place where everything is right, for a test to break."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doctor_place import Place, place
from tests.emulator import firestore_emulator as firestore_emulator


@pytest.fixture
def healthy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with place(tmp_path, monkeypatch) as made:
        yield made
