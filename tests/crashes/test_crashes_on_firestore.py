"""On Firestore too, wherever the process dies at the store, everything is in step in the end."""

import secrets
from pathlib import Path

import pytest

from sync.store.firestore import FirestoreStore
from tests.crashes.stories import STORIES
from tests.crashes.telling import Call, Death, told
from tests.thorough import THOROUGH


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
