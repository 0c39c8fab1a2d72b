"""What the tests of signals share: a conference that is followed and at rest, and messages of its channel."""

from collections.abc import Callable
from typing import Any

from simulator.push import Channel, Notification
from tests.followed import Followed
from tests.world import ADA


def begun(followed: Followed, **body: Any) -> str:
    """An event with a conference that is followed, more than a minute ago; its id."""
    event = followed.world.event(**body)
    followed.choose(event)
    followed.settle()
    assert followed.of(event).state == "live"
    followed.world.clock.advance(61)
    followed.outside()
    return event


def rename(followed: Followed, event: str, title: str) -> None:
    """The user renames an event."""
    followed.simulator.calendar.patch(ADA, event, summary=title)


def live_channels(followed: Followed) -> list[Channel]:
    """The channels that are open at Calendar."""
    now = followed.world.clock.now()
    return [channel for channel in followed.simulator.push.channels if not channel.stopped and channel.expiration > now]


def message(followed: Followed, **changed: str) -> dict[str, str]:
    """A genuine message of the newest channel, with other values of some of its X-Goog headers."""
    said = Notification(followed.simulator.push.channels[-1], 7, "exists", followed.world.clock.now()).headers
    return {**said, **{f"X-Goog-{name.replace('_', '-')}": value for name, value in changed.items()}}


def notified(followed: Followed, headers: dict[str, str]) -> int:
    """A message reaches the function: the status of its answer."""
    return followed.notify(f"{followed.url}/notifications", headers)


def calls(followed: Followed) -> list[str]:
    """Every call of the instance to the outside since they were asked for last, the store's included."""
    made = list(followed.instance.outside.calls)
    followed.instance.outside.calls.clear()
    return made


def in_turn(*steps: Callable[[], object]) -> Callable[[], None]:
    """Does the first step when it is called first, and so on; then nothing."""
    left = list(steps)

    def step() -> None:
        if left:
            left.pop(0)()

    return step


def as_one(followed: Followed) -> None:
    """Lose every signal that waits but the last one, which says the same."""
    for outbox in (followed.simulator.push, followed.simulator.triggers):
        while len(outbox.pending) > 1:
            outbox.drop()
