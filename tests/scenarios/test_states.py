"""Every state of a mapping meets every kind of row: what it becomes, and what the provider is asked."""

from datetime import timedelta
from typing import Any, Literal

import pytest

from sync import records
from tests.scenarios.story import PROVIDER, RELAYED, Story
from tests.world import ADA

RowKind = Literal["ours", "without", "cancelled", "vanished"]
Outcome = tuple[str, list[str]]
"""The state and its reason afterwards, and the calls at the provider."""

NOBODY: list[str] = []
TOLD, SOUGHT = ["PATCH room"], ["GET room"]
TABLE: dict[str, dict[RowKind, Outcome]] = {
    "claimed": dict.fromkeys(("ours", "without", "cancelled", "vanished"), ("claimed", NOBODY)),
    "offered": {
        "ours": ("live", TOLD),
        "without": ("offered", NOBODY),
        "cancelled": ("leaving cancelled", NOBODY),
        "vanished": ("leaving vanished", NOBODY),
    },
    "live": {
        "ours": ("live", TOLD),
        "without": ("leaving removed", NOBODY),
        "cancelled": ("leaving cancelled", NOBODY),
        "vanished": ("leaving vanished", NOBODY),
    },
    "leaving": {
        "ours": ("live", TOLD),
        "without": ("leaving removed", NOBODY),
        "cancelled": ("leaving removed", NOBODY),
        "vanished": ("leaving removed", NOBODY),
    },
    "deleting": {
        "ours": ("live", SOUGHT + TOLD),
        "without": ("deleting removed", NOBODY),
        "cancelled": ("deleting removed", NOBODY),
        "vanished": ("deleting removed", NOBODY),
    },
    "gone": {
        "ours": ("lost deleted", SOUGHT),
        "without": ("gone removed", NOBODY),
        "cancelled": ("gone removed", NOBODY),
        "vanished": ("gone removed", NOBODY),
    },
    "failed": dict.fromkeys(("ours", "without", "cancelled", "vanished"), ("failed defect", NOBODY)),
    "unmanaged": {
        "ours": ("live", TOLD),
        "without": ("unmanaged solution-gone", NOBODY),
        "cancelled": ("unmanaged solution-gone", NOBODY),
        "vanished": ("unmanaged solution-gone", NOBODY),
    },
    "lost": dict.fromkeys(("ours", "without", "cancelled", "vanished"), ("lost deleted", NOBODY)),
}


def put(story: Story, event: str, state: str) -> None:
    """Bring the mapping of a live event into another state, as the code leaves it there."""
    now, look = story.now(), records.key(ADA)
    soon, month = now + timedelta(seconds=60), now + timedelta(days=30)
    changes: dict[str, dict[str, Any]] = {
        "claimed": {"until": soon, "due": soon, "conference": "", "room": "", "answer": None, "told": None},
        "offered": {"seen": False, "due": now + timedelta(days=1)},
        "live": {},
        "leaving": {"reason": "removed", "until": now + timedelta(hours=1), "look": look},
        "deleting": {"reason": "removed", "until": soon, "due": soon, "look": look},
        "gone": {"reason": "removed", "told": None, "due": month, "forget": month},
        "failed": {"reason": "defect", "due": month, "conference": "", "room": "", "answer": None},
        "unmanaged": {"reason": "solution-gone", "due": now + timedelta(days=1)},
        "lost": {"reason": "deleted", "due": month},
    }
    story.become(event, state=state, **changes[state])
    if state == "gone":
        story.simulator.rooms.delete(story.room().id)


def change(story: Story, event: str, row: RowKind) -> None:
    if row == "ours":
        story.people.patch(ADA, event, summary="Better plan")
    elif row == "without":
        story.people.set_conference(ADA, event, None)
    else:
        story.people.delete(ADA, event, stub=row == "vanished")


@RELAYED
@pytest.mark.parametrize("row", ["ours", "without", "cancelled", "vanished"])
@pytest.mark.parametrize("state", TABLE)
def test_a_state_meets_a_row(story: Story, state: str, row: RowKind) -> None:
    event = story.live()
    put(story, event, state)
    change(story, event, row)
    run = story.follow()
    provider = [call for part in run for call in part if call in PROVIDER]
    assert (story.state(event), provider) == TABLE[state][row]
    if story.state(event) == "live":
        assert story.titles() == ["Better plan"]
    # The same row a second time changes nothing.
    kept = story.of(event)
    story.people.expire_sync_tokens(ADA)
    story.daily()
    assert (story.of(event).state, story.of(event).told) == (kept.state, kept.told)
    assert "PATCH room" not in story.calls()
