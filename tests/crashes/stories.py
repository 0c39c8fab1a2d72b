"""What people do, as stories: what went before, what is done while the process may die, and how it must have ended."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.crashes.steps import (
    TEAM,
    Step,
    at,
    away,
    choose,
    choose_once,
    choose_unsaved,
    daily,
    delete,
    die,
    die_deleting,
    discard,
    duplicate,
    event,
    held,
    kind,
    later,
    lose_token,
    move,
    occurrence,
    pages,
    patch,
    purge,
    remove,
    reserve,
    restore,
    save,
    settle,
    share,
    split,
    sweep,
    take_off,
    team,
    unmapped,
    wait,
    with_demo,
    without_demo,
)
from tests.inside import Mortal
from tests.world import ADA, BOB, CHOSEN, MINUTE, NONE

Steps = tuple[Step, ...]


@dataclass(frozen=True)
class Story:
    """`before` happens undisturbed; the process may die in `act`; `ends` says how many rooms there are then.

    `wrong` says what else is not as it must be. `does` begins a call that is made in `act` where all goes well. `of` is
    the mode of "relay" and "delegation" in which the story can be told, both when it is "".
    """

    name: str
    before: Steps
    act: Steps
    ends: int
    does: str = ""
    of: str = ""
    wrong: Callable[[Mortal], list[str]] = lambda mortal: []


DAY = 86400.0
GRACE = wait(hours=2)
NEXT_DAY: Steps = (later(1.3 * DAY), sweep, settle, daily)
CREATED: Steps = (event(), choose(), settle)
SOON: Steps = (event(**at("2027-01-04", 10)), choose(), settle)
"""An event of the same morning, with its conference."""
CANCELLED: Steps = (*CREATED, delete(), settle)
DELETED: Steps = (*CANCELLED, GRACE)
COPIED: Steps = (*CREATED, duplicate(), settle)
LAST_COPY: Steps = (*COPIED, delete(), settle, GRACE)
THREE: Steps = (event(), event(), event(), choose(0), choose(1), choose(2))
SERIES: Steps = (event(recurrence=["RRULE:FREQ=WEEKLY;COUNT=10"], **at("2027-03-01")), choose(), settle)
SHARED: Steps = (team, share(BOB, "owner"), event(TEAM), choose(calendar=TEAM), settle)
UNMANAGED: Steps = (*CREATED, without_demo, patch(summary="Better plan"), settle)
UNFINISHED: Steps = (*CREATED, event(), die("after", "POST /rooms-api"), choose_once(1))
"""A process made a room for a second event and died of it, and nobody asks again."""
INVITED: Steps = (event(BOB), choose(calendar=BOB, user=BOB), event(attendees=[{"email": BOB}]), choose(), settle)
"""Bob, who has conferences of his own, is invited to an event of Ada's with one."""

STORIES = (
    Story("create", (), (event(), choose()), 1),
    Story("draft saved", (), (reserve, settle, save, settle), 1, does="PATCH"),
    Story("draft thrown away", (), (reserve, discard, settle), 0),
    Story("chosen and not saved", CREATED, (event(), choose_unsaved(1), settle, *NEXT_DAY), 1, does="DELETE"),
    Story("first sync", (event(), choose()), (settle,), 1),
    Story("move", CREATED, (patch(summary="Moved", **at("2027-03-02", 9)), settle), 1, does="PATCH"),
    Story("colour", CREATED, (patch(colorId="4"), settle), 1),
    Story("made recurring", CREATED, (patch(recurrence=["RRULE:FREQ=DAILY;COUNT=3"]), settle), 1, does="PATCH"),
    Story("cancel", CREATED, (delete(), settle), 0),
    Story("grace", CANCELLED, (GRACE,), 0, does="DELETE"),
    Story("vanish", SOON, (delete(stub=True), settle, wait(hours=4)), 0, does="DELETE"),
    Story("taken off", CREATED, (take_off(), settle), 0),
    Story("another solution", CREATED, (choose(solution="jitsi"), settle, GRACE), 0, does="DELETE"),
    Story(
        "copy, original deleted",
        COPIED,
        (delete(), settle, patch(1, summary="Better plan"), settle, GRACE),
        1,
        does="PATCH",
    ),
    Story("copy, both deleted", LAST_COPY, (delete(1), settle, GRACE), 0, does="DELETE"),
    Story("copy chooses again", COPIED, (choose(1), settle, delete(), settle, GRACE), 1, does="DELETE"),
    Story("copy chooses again, unsaved", (*COPIED, choose_unsaved(1), settle), (delete(), settle, GRACE, *NEXT_DAY), 1),
    Story("restored in time", CANCELLED, (restore, settle), 1),
    Story("restored too late", DELETED, (restore, settle), 0, wrong=held("lost")),
    Story(
        "restored, room made again",
        (kind(CHOSEN), *DELETED),
        (restore, settle),
        1,
        does="POST /rooms-api",
        wrong=held("live"),
    ),
    Story(
        "restored, the link is the room",
        (event(), choose(solution="jitsi"), settle, delete(), settle, GRACE),
        (restore, settle),
        0,
        wrong=held("live"),
    ),
    Story(
        "410 with a deletion in the gap",
        (*SOON, event(), choose(1), settle),
        (purge, lose_token, patch(summary="Moved"), settle),
        1,
    ),
    Story("first list in pages", (*THREE, pages(1)), (settle,), 3, wrong=held("live", "live", "live")),
    Story(
        "changes in pages",
        (*THREE, settle, pages(1)),
        (patch(0, summary="Moved"), patch(1, summary="Better plan"), delete(2), settle, GRACE),
        2,
        does="DELETE",
    ),
    Story("410 in pages", (*THREE, settle, pages(1)), (purge, lose_token, patch(summary="Moved"), settle), 3),
    Story(
        "a list longer than a request",
        (*THREE, settle, pages(1, empty=12)),
        (patch(0, summary="Moved"), patch(2, summary="Better plan"), settle),
        3,
        of="relay",
        does="PATCH",
    ),
    Story(
        "channel renewed",
        (*CREATED, wait(days=6)),
        (wait(hours=8),),
        1,
        of="delegation",
        does="POST /calendar/v3/channels/stop",
    ),
    Story(
        "parked",
        (*CREATED, away("PATCH", 3)),
        (patch(summary="Better plan"), settle, patch(summary="Moved"), settle, wait(hours=3)),
        1,
        does="PATCH",
    ),
    Story(
        "orphan",
        (*CREATED, take_off(), settle, die_deleting, later(MINUTE), choose(), settle),
        NEXT_DAY,
        1,
        does="DELETE",
    ),
    Story("unfinished claim", UNFINISHED, (later(2 * MINUTE), sweep, settle, *NEXT_DAY), 1, does="DELETE"),
    Story(
        "unfinished claim, made again",
        UNFINISHED,
        (later(2 * MINUTE), sweep, choose(1), settle),
        2,
        does="GET /rooms-api",
    ),
    Story(
        "unfinished claim without keys",
        (kind(NONE), *UNFINISHED),
        NEXT_DAY,
        2,
        does="commit delete mapping, create orphan",
    ),
    Story(
        "solution away", (*CREATED, without_demo), (patch(summary="Better plan"), settle), 1, wrong=held("unmanaged")
    ),
    Story("solution back", (*UNMANAGED, with_demo), (wait(hours=30),), 1, does="PATCH", wrong=held("live")),
    Story(
        "solution back, event deleted",
        (*UNMANAGED, delete(), settle, with_demo),
        (wait(hours=26), GRACE),
        0,
        does="DELETE",
    ),
    Story("over", (*SOON, later(30 * DAY)), (wait(days=2),), 0, does="DELETE", wrong=held("gone")),
    Story(
        "over and forgotten",
        (*SOON, later(31 * DAY), wait(days=1), later(28 * DAY)),
        (wait(days=4),),
        0,
        does="commit delete mapping",
        wrong=unmapped,
    ),
    Story(
        "keeper replaced",
        (*SHARED, share(ADA, "none"), patch(calendar=TEAM, summary="Plan"), settle, wait(days=3)),
        (event(TEAM), choose(1, TEAM, user=BOB), settle, patch(calendar=TEAM, summary="Better plan"), settle),
        2,
        does="PATCH",
    ),
    Story(
        "calendar not to be read",
        (*SHARED, delete(calendar=TEAM), share(BOB, "none"), share(ADA, "reader")),
        (settle, GRACE, wait(days=1)),
        1,
    ),
    Story("calendar deleted", (*SHARED, delete(calendar=TEAM), settle), (remove, settle, GRACE), 1),
    Story("series split, head deleted", SERIES, (split, settle, delete(), settle, GRACE), 1, does="PATCH"),
    Story(
        "occurrences",
        SERIES,
        (
            occurrence("2027-03-08", summary="This one only"),
            occurrence("2027-03-15", status="cancelled"),
            occurrence("2027-03-22", conferenceData=None),
            settle,
        ),
        1,
        wrong=held("live", "", "", ""),
    ),
    Story(
        "guest",
        INVITED,
        (patch(1, BOB, summary="Mine"), duplicate(1, BOB), settle, delete(1, BOB), settle, GRACE),
        2,
        wrong=held("live", "", "", calendar=BOB),
    ),
    Story(
        "moved to another calendar",
        (team, event(), choose(), event(TEAM), choose(calendar=TEAM), settle),
        (move, settle, GRACE),
        2,
    ),
)
