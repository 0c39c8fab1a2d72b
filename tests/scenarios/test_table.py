"""What the user did to the event, and what happens at the provider: the design's table, row by row."""

from tests.followed import Followed
from tests.world import ON_SQLITE


@ON_SQLITE
def test_moved_and_renamed(followed: Followed) -> None:
    event = followed.world.event(summary="Plan")
    followed.choose(event)
    followed.settle()
    assert followed.of(event).state == "live"
    followed.outside()
    followed.simulator.calendar.patch("ada@example.com", event, summary="Better plan")
    followed.settle()
    assert followed.titles() == ["Better plan"]
    assert followed.outside() == ["list", "PATCH room"]


@ON_SQLITE
def test_cancelled(followed: Followed) -> None:
    event = followed.world.event(summary="Plan")
    followed.choose(event)
    followed.settle()
    followed.simulator.calendar.delete("ada@example.com", event)
    followed.settle()
    assert followed.of(event).state == "leaving"
    assert followed.titles() == ["Plan"]
    followed.wait(hours=2)
    followed.daily()
    assert followed.titles() == []
    assert followed.of(event).state == "gone"
