"""Whose credential follows a calendar: one who sees all of it, until it fails; nobody else changes anything (I9)."""

from typing import Any

import pytest

from simulator import faults
from sync import records
from sync.records import CALENDARS
from sync.store import Document
from tests.faults.signals.story import begun, calls, live_channels, message, notified, rename
from tests.followed import Followed
from tests.world import ADA, BOB, ON_SQLITE

pytestmark = ON_SQLITE
EVE = "eve@example.com"
TEAM = "team@group.calendar.google.com"
EVENTS = "/calendar/v3/calendars/ada@example.com/events"
ROLES = ["none", "freeBusyReader", "reader", "writerWithoutPrivateAccess"]


def relay(followed: Followed, user: str, calendar: str = ADA, token_of: str = "") -> tuple[int, Any]:
    """A user's trigger relays a calendar: status and JSON of the answer."""
    token = followed.simulator.access_token(token_of or user)
    body = {"calendarId": calendar, "oauthToken": token}
    return followed.relay(body, followed.simulator.identity.script_token(user))


def record(followed: Followed, calendar: str = ADA) -> Document:
    """A calendar's document."""
    document = followed.world.store.get(CALENDARS, records.key(calendar))
    assert document
    return document


def keeper(followed: Followed, calendar: str = ADA) -> str:
    """Whose credential follows a calendar, "" when nobody's does."""
    kept = followed.calendar(calendar).keeper
    return kept.email if kept else ""


@pytest.mark.parametrize("role", ["writer", "owner"])
def test_the_first_creator_with_full_access_is_the_keeper(followed: Followed, role: str) -> None:
    followed.simulator.calendar.add_calendar(TEAM, ADA)
    followed.simulator.calendar.share(TEAM, BOB, role)
    for user in (BOB, ADA):
        event = followed.world.event(TEAM)
        followed.choose(event, calendar=TEAM, user=user)
        followed.settle()
        assert keeper(followed, TEAM) == BOB


def test_a_creator_who_sees_no_private_details_is_not_the_keeper_but_the_next_may_be(followed: Followed) -> None:
    followed.simulator.calendar.add_calendar(TEAM, ADA)
    followed.simulator.calendar.share(TEAM, BOB, "writerWithoutPrivateAccess")
    event = followed.world.event(TEAM)
    followed.choose(event, calendar=TEAM, user=BOB)
    followed.settle()
    assert keeper(followed, TEAM) == ""
    assert followed.of(event, TEAM).state == "offered"
    assert followed.calendar(TEAM).cursor == ""
    later = followed.world.event(TEAM)
    followed.choose(later, calendar=TEAM, user=ADA)
    followed.settle()
    assert keeper(followed, TEAM) == ADA
    assert {followed.of(one, TEAM).state for one in (event, later)} == {"live"}


def test_a_relay_by_anybody_but_the_keeper_is_204_without_a_list(relayed: Followed) -> None:
    event = begun(relayed)
    relayed.simulator.calendar.share(ADA, BOB, "owner")
    rename(relayed, event, "Renamed")
    relayed.simulator.triggers.drop()
    before = record(relayed)
    assert relay(relayed, BOB) == (204, None)
    assert [call for call in calls(relayed) if "certs" not in call] == ["get calendar"]
    assert record(relayed) == before
    assert relay(relayed, ADA) == (200, {"more": False})
    assert relayed.titles() == ["Renamed"]


@pytest.mark.parametrize("state", ["kept", "refused", "silent"])
def test_i9_an_outsider_never_changes_a_calendars_record(relayed: Followed, state: str) -> None:
    relayed.simulator.add_user(EVE)
    begun(relayed)
    if state == "refused":
        relayed.simulator.faults.add(faults.status(403), EVENTS, "GET")
        relayed.daily()
        assert relayed.calendar().refused
    if state == "silent":
        relayed.world.clock.advance(2 * 86400 + 60)
    before = record(relayed)
    for role in ROLES:
        relayed.simulator.calendar.share(ADA, EVE, role)
        relayed.outside()
        assert relay(relayed, EVE) == (204, None)
        assert record(relayed) == before
        assert relayed.outside().count("list") == (0 if state == "kept" else 1)


def test_i9_a_calendar_that_holds_no_conference_is_204_like_one_that_is_another_s(relayed: Followed) -> None:
    begun(relayed)
    calls(relayed)
    for calendar in (BOB, "nobody@example.com", ADA):
        assert relay(relayed, BOB, calendar) == (204, None)
        assert [call for call in calls(relayed) if "certs" not in call] == ["get calendar"]


def test_i9_an_outsiders_token_lists_nothing_for_a_keeper(relayed: Followed) -> None:
    event = begun(relayed)
    rename(relayed, event, "Renamed")
    relayed.simulator.triggers.drop()
    cursor = relayed.calendar().cursor
    relay(relayed, ADA, token_of=BOB)
    assert (relayed.titles(), relayed.calendar().cursor) == (["Plan"], cursor)
    assert relay(relayed, ADA) == (200, {"more": False})
    assert relayed.titles() == ["Renamed"]


@pytest.mark.parametrize("failure", [401, 403, 404])
def test_a_keeper_who_fails_is_replaced_by_the_next_relayer_who_lists_everything(
    relayed: Followed, failure: int
) -> None:
    event = begun(relayed)
    relayed.simulator.calendar.share(ADA, BOB, "writer")
    rename(relayed, event, "Renamed")
    relayed.simulator.faults.add(faults.status(failure), EVENTS, "GET")
    relayed.settle()
    assert (relayed.calendar().refused, keeper(relayed), relayed.titles()) == (True, ADA, ["Plan"])
    relayed.simulator.requests.clear()
    assert relay(relayed, BOB) == (200, {"more": False})
    assert (relayed.calendar().refused, keeper(relayed), relayed.titles()) == (False, BOB, ["Renamed"])
    lists = [request.parameters for request in relayed.simulator.requests.under(EVENTS)]
    assert "timeMin" in lists[-1]
    assert relay(relayed, ADA) == (204, None)


def test_a_keeper_who_is_silent_for_two_days_is_replaced(relayed: Followed) -> None:
    event = begun(relayed)
    relayed.simulator.calendar.share(ADA, BOB, "owner")
    rename(relayed, event, "Renamed")
    relayed.simulator.triggers.drop()
    relayed.world.clock.advance(2 * 86400 - 120)
    assert relay(relayed, BOB) == (204, None)
    relayed.world.clock.advance(180)
    assert relay(relayed, BOB) == (200, {"more": False})
    assert (keeper(relayed), relayed.titles()) == (BOB, ["Renamed"])


def test_a_keeper_whose_daily_trigger_speaks_is_not_silent(relayed: Followed) -> None:
    begun(relayed)
    relayed.simulator.calendar.share(ADA, BOB, "owner")
    for _ in range(4):
        relayed.world.clock.advance(86400)
        relayed.daily()
    assert relay(relayed, BOB) == (204, None)
    assert keeper(relayed) == ADA


def test_a_keeper_who_fails_is_replaced_by_the_next_creator(followed: Followed) -> None:
    event = begun(followed)
    followed.simulator.calendar.share(ADA, BOB, "owner")
    followed.simulator.faults.add(faults.status(403), EVENTS, "GET")
    rename(followed, event, "Renamed")
    followed.settle()
    assert followed.calendar().refused
    followed.choose(followed.world.event(), user=BOB)
    followed.settle()
    assert (keeper(followed), followed.calendar().refused) == (BOB, False)
    assert "Renamed" in followed.titles()


def test_a_replacement_whose_first_list_fails_leaves_the_record_to_the_earlier_keeper(relayed: Followed) -> None:
    event = begun(relayed)
    relayed.simulator.calendar.share(ADA, BOB, "owner")
    relayed.world.clock.advance(2 * 86400 + 60)
    cursor = relayed.calendar().cursor
    relayed.simulator.faults.add(faults.status(500), EVENTS, "GET", skip=1)
    relay(relayed, BOB)
    assert (keeper(relayed), relayed.calendar().cursor) == (ADA, cursor)
    rename(relayed, event, "Renamed")
    relayed.settle()
    assert (keeper(relayed), relayed.titles()) == (ADA, ["Renamed"])


@pytest.mark.parametrize("role", ["none", "reader", "writerWithoutPrivateAccess"])
def test_f44_a_keeper_who_sees_less_by_now_changes_nothing(followed: Followed, role: str) -> None:
    followed.simulator.calendar.add_calendar(TEAM, BOB)
    followed.simulator.calendar.share(TEAM, ADA, "writer")
    event = followed.world.event(TEAM, visibility="private")
    followed.choose(event, calendar=TEAM)
    followed.settle()
    assert (keeper(followed, TEAM), followed.of(event, TEAM).state) == (ADA, "live")
    before = followed.of(event, TEAM)
    followed.simulator.calendar.share(TEAM, ADA, role)
    followed.simulator.calendar.patch(TEAM, event, summary="Renamed")
    followed.world.clock.advance(61)
    followed.settle()
    followed.daily()
    assert followed.of(event, TEAM) == before
    assert followed.titles() == ["Plan"]
    if followed.delegation or role != "none":
        assert followed.calendar(TEAM).refused


def test_f44_two_users_of_one_calendar_have_one_keeper_one_cursor_and_one_channel(followed: Followed) -> None:
    followed.simulator.calendar.add_calendar(TEAM, ADA)
    followed.simulator.calendar.share(TEAM, BOB, "writer")
    of_ada, of_bob = followed.world.event(TEAM), followed.world.event(TEAM)
    followed.choose(of_ada, calendar=TEAM)
    followed.choose(of_bob, calendar=TEAM, user=BOB)
    followed.settle()
    followed.world.clock.advance(61)
    followed.simulator.calendar.patch(TEAM, of_bob, summary="Of Bob")
    followed.settle()
    assert "Of Bob" in followed.titles()
    followed.simulator.calendar.share(TEAM, BOB, "none")
    followed.simulator.calendar.delete(TEAM, of_bob)
    followed.settle()
    assert (followed.of(of_bob, TEAM).state, keeper(followed, TEAM)) == ("leaving", ADA)
    assert len(live_channels(followed)) == (1 if followed.delegation else 0)


def test_f44_when_the_keeper_departs_the_other_takes_over(followed: Followed) -> None:
    followed.simulator.calendar.add_calendar(TEAM, BOB)
    followed.simulator.calendar.share(TEAM, ADA, "writer")
    of_ada, of_bob = followed.world.event(TEAM), followed.world.event(TEAM)
    followed.choose(of_ada, calendar=TEAM)
    followed.choose(of_bob, calendar=TEAM, user=BOB)
    followed.settle()
    followed.simulator.calendar.share(TEAM, ADA, "none")
    followed.world.clock.advance(3 * 86400)
    followed.simulator.calendar.patch(TEAM, of_ada, summary="Renamed")
    followed.settle()
    followed.wait(days=1)
    followed.choose(followed.world.event(TEAM), calendar=TEAM, user=BOB)
    followed.settle()
    assert (keeper(followed, TEAM), followed.of(of_ada, TEAM).state) == (BOB, "live")
    assert "Renamed" in followed.titles()


@pytest.mark.parametrize("status", [403, 404])
def test_f76_a_calendar_that_cannot_be_read_keeps_its_conferences_and_is_shown(followed: Followed, status: int) -> None:
    event = begun(followed)
    followed.simulator.calendar.delete(ADA, event)
    followed.settle()
    assert followed.of(event).state == "leaving"
    followed.simulator.faults.add(faults.status(status), "/calendar/*", "GET", times=None)
    for _ in range(3):
        followed.wait(days=1)
        followed.daily()
    assert followed.of(event).state == "leaving"
    assert followed.titles() == ["Plan"]
    record = followed.calendar()
    assert (record.refused, record.reason) == (True, {403: "calendar-refused", 404: "calendar-not-readable"}[status])
    followed.simulator.faults.clear()
    followed.wait(days=1.5)
    followed.daily()
    assert (followed.titles(), followed.of(event).state) == ([], "gone")


def test_f76_a_calendar_that_was_deleted_says_so_and_its_conferences_are_kept(watched: Followed) -> None:
    watched.simulator.calendar.add_calendar(TEAM, ADA)
    event = watched.world.event(TEAM)
    watched.choose(event, calendar=TEAM)
    watched.settle()
    watched.world.clock.advance(61)
    watched.simulator.calendar.remove(TEAM)
    assert watched.simulator.push.deliver_all() == [204]
    watched.settle()
    assert watched.calendar(TEAM).refused
    watched.wait(days=2)
    assert (watched.of(event, TEAM).state, watched.titles()) == ("live", ["Plan"])


def test_f76_a_refused_keeper_is_asked_once_a_day_whatever_is_notified(watched: Followed) -> None:
    event = begun(watched)
    watched.simulator.faults.add(faults.status(403), EVENTS, "GET", times=None)
    rename(watched, event, "Renamed")
    watched.settle()
    watched.outside()
    for number in range(20):
        rename(watched, event, f"Title {number}")
        watched.wait(hours=1)
    assert watched.outside().count("list") <= 2
    watched.simulator.faults.clear()
    watched.wait(days=1.3)
    assert watched.titles() == ["Title 19"]


def test_f43_who_uninstalls_the_add_on_is_not_followed_and_keeps_the_conferences(relayed: Followed) -> None:
    event = begun(relayed)
    relayed.simulator.triggers.remove(ADA)
    relayed.simulator.tokens.revoke_user(ADA)
    relayed.simulator.calendar.delete(ADA, event)
    relayed.wait(days=3)
    assert relayed.outside() == []
    assert (relayed.titles(), relayed.of(event).state) == (["Plan"], "live")


def test_f43_when_the_administrator_ends_the_delegation_the_channel_ends_and_its_messages_are_404(
    watched: Followed,
) -> None:
    begun(watched)
    late = message(watched)
    watched.simulator.delegation.authorise("", (), "example.com")
    watched.simulator.delegation.signers.clear()
    watched.simulator.tokens.revoke_user(ADA)
    watched.wait(days=7.1)
    assert live_channels(watched) == []
    assert notified(watched, late) == 404
    assert watched.titles() == ["Plan"]
    assert "watch" not in watched.outside()


def test_i10_another_keeper_opens_a_channel_of_their_own_and_the_earlier_one_ends_by_itself(watched: Followed) -> None:
    event = begun(watched)
    [of_ada] = live_channels(watched)
    late = message(watched)
    watched.simulator.calendar.share(ADA, BOB, "owner")
    watched.simulator.faults.add(faults.status(403), EVENTS, "GET")
    rename(watched, event, "Renamed")
    watched.settle()
    watched.choose(watched.world.event(), user=BOB)
    watched.settle()
    of_bob = live_channels(watched)[-1]
    assert (of_bob.user, of_bob.id == of_ada.id) == (BOB, False)
    assert notified(watched, late) == 204
    watched.settle()
    watched.wait(days=8.1)
    assert [channel.user for channel in live_channels(watched)] == [BOB]
    assert watched.calendar().previous_channels == []
    assert notified(watched, late) == 404


def test_a_cached_token_that_calendar_refuses_is_dropped_and_tried_again_soon(watched: Followed) -> None:
    event = begun(watched)
    watched.simulator.tokens.revoke_user(ADA)
    rename(watched, event, "Renamed")
    watched.settle()
    record = watched.calendar()
    assert (record.refused, record.reason) == (False, "calendar-unauthenticated")
    watched.wait(minutes=10)
    assert watched.titles() == ["Renamed"]
    assert watched.calendar().reason == ""


def test_a_second_token_that_calendar_refuses_speaks_of_the_keeper(watched: Followed) -> None:
    event = begun(watched)
    watched.simulator.faults.add(faults.status(401), EVENTS, "GET", times=None)
    rename(watched, event, "Renamed")
    watched.settle()
    assert not watched.calendar().refused
    watched.wait(minutes=10)
    assert watched.calendar().refused
    assert watched.outside().count("list") == 2
    watched.wait(hours=12)
    assert watched.outside().count("list") == 0
    watched.simulator.faults.clear()
    watched.wait(days=1)
    assert (watched.titles(), watched.calendar().refused) == (["Renamed"], False)
