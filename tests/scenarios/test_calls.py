"""Every call of the commonest stories, from the click and the signal to the last commit, in each mode."""

from tests.scenarios.story import BOTH_STORES, Story
from tests.world import ADA

LEASED = ["get calendar", "commit replace calendar"]
END = ["find mapping look", "find orphan look", "commit replace calendar"]


def signal(story: Story) -> list[str]:
    """What a signal costs before its run: a trigger's calendar is read, a notification's is marked too."""
    return ["get calendar", "commit replace calendar"] if story.delegation else ["get calendar"]


@BOTH_STORES
def test_a_create_and_the_first_run_that_sees_it(story: Story) -> None:
    story.choose(story.event())
    # The claim is taken beside the reading of the event where the store is on another machine.
    assert sorted(story.calls()[:3]) == ["commit create mapping", "get", "get calendar"]
    story.settle()
    first = [*LEASED, "list", "find mapping place", "commit replace mapping", "find mapping calendar", *END]
    known = ["get calendar"]
    # A trigger fires for the change; the first task comes from the create, the channel's first message after it.
    assert story.calls() == ([*first, *known] if story.delegation else [*known, *first])


@BOTH_STORES
def test_a_change(story: Story) -> None:
    event = story.live()
    story.people.patch(ADA, event, summary="Better plan")
    story.settle()
    told = ["find mapping place", "PATCH room", "commit replace mapping"]
    assert story.calls() == [*signal(story), *LEASED, "list", *told, *END]


@BOTH_STORES
def test_a_change_that_is_none_of_the_providers_business(story: Story) -> None:
    event = story.live()
    story.people.patch(ADA, event, colorId="3")
    story.settle()
    assert story.calls() == [*signal(story), *LEASED, "list", "find mapping place", *END]


@BOTH_STORES
def test_a_deletion(story: Story) -> None:
    event = story.live()
    story.people.delete(ADA, event)
    story.settle()
    assert story.calls() == [*signal(story), *LEASED, "list", "find mapping place", "commit replace mapping", *END]
    story.world.clock.advance(3700)
    story.sweep()
    # Where a run can be queued, that is all; else the record says that it waits for one.
    handed_over = [] if story.delegation else ["commit replace mapping"]
    assert story.calls() == ["due calendar", "due mapping", *handed_over, "due orphan"]
    story.settle()
    story.daily()
    looked = ["get", "find mapping room", "commit replace mapping", "DELETE room", "commit replace mapping"]
    end = ["find mapping look", *looked, "find orphan look", "commit replace calendar"]
    waiting = [] if story.delegation else ["get calendar"]
    assert story.calls() == [*waiting, *LEASED, "list", *end]
    assert story.titles() == []


def test_a_quiet_sweep_reads_three_times(story: Story) -> None:
    story.live()
    story.sweep()
    assert story.calls() == ["due calendar", "due mapping", "due orphan"]
