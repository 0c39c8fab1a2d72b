"""What changed is listed completely and in bounds, whatever Calendar answers: 410, odd pages, quotas."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from simulator import faults, ids
from sync import records
from sync.calendar import QUERY
from sync.records import CALENDARS
from sync.store import Replace
from tests.faults.signals.story import as_one, begun, calls, in_turn, rename
from tests.followed import Followed
from tests.outside import Died
from tests.world import ADA, BOB, ON_SQLITE, uri

pytestmark = ON_SQLITE
EVENTS = "/calendar/v3/calendars/ada@example.com/events"
LIST = "GET /calendar/v3/calendars/ada%40example.com/events"
STAMPED = {
    "singleEvents": ["false"],
    "showDeleted": ["true"],
    "maxResults": ["2500"],
    "eventTypes": ["default"],
    "alt": ["json"],
}


def change(followed: Followed, **fields: Any) -> None:
    """The calendar's record becomes another one."""
    document = followed.world.store.get(CALENDARS, records.key(ADA))
    assert document
    followed.world.store.commit([Replace(document, {**document.body, **fields})])


def others(followed: Followed, count: int) -> list[str]:
    """So many events without a conference."""
    return [followed.world.event(summary=f"Other {number}") for number in range(count)]


def listed(followed: Followed) -> list[dict[str, list[str]]]:
    """The parameters of each list that Calendar was asked for, without the mask of fields."""
    asked = [request.parameters for request in followed.simulator.requests.under(EVENTS) if request.path == EVENTS]
    followed.simulator.requests.clear()
    return [{name: values for name, values in one.items() if name != "fields"} for one in asked]


def test_f51_a_list_with_a_token_has_no_parameter_that_is_forbidden_beside_it(followed: Followed) -> None:
    event = begun(followed)
    cursor = followed.calendar().cursor
    followed.simulator.requests.clear()
    rename(followed, event, "Renamed")
    followed.settle()
    quota = {"quotaUser": [followed.simulator.identity.subject(ADA)]} if followed.delegation else {}
    assert listed(followed) == [{**STAMPED, **quota, "syncToken": [cursor]}]
    assert followed.titles() == ["Renamed"]


def test_f51_a_full_list_differs_from_it_by_its_time_only(followed: Followed) -> None:
    followed.choose(followed.world.event())
    followed.settle()
    [first] = listed(followed)
    quota = {"quotaUser"} if followed.delegation else set()
    assert set(first) == {*STAMPED, *quota, "timeMin"}
    assert {name: first[name] for name in STAMPED} == STAMPED


def test_f52_a_token_of_another_query_is_not_used(followed: Followed) -> None:
    event = begun(followed)
    change(followed, query="0123456789abcdef")
    followed.simulator.requests.clear()
    rename(followed, event, "Renamed")
    followed.settle()
    [full] = listed(followed)
    assert "timeMin" in full
    assert followed.calendar().query == QUERY
    assert followed.titles() == ["Renamed"]


def test_a_page_with_too_many_bytes_is_listed_anew_in_small_pages_from_then_on(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = begun(followed)
    for number in range(150):
        followed.world.event(summary=f"Other {number}", description="x" * 1000)
    followed.settle()
    monkeypatch.setattr("sync.calendar.MOST_LISTED", 150_000)
    followed.simulator.calendar.expire_sync_tokens(ADA)
    rename(followed, event, "Renamed")
    followed.simulator.requests.clear()
    followed.wait(minutes=5)
    asked = [(*query["maxResults"], "timeMin" in query) for query in listed(followed)]
    assert asked[:4] == [("2500", False), ("2500", True), ("100", True), ("100", True)]
    rename(followed, event, "Renamed again")
    followed.wait(minutes=5)
    assert {(*query["maxResults"], "timeMin" in query) for query in listed(followed)} == {("100", False)}
    assert (followed.titles(), followed.calendar().reason) == (["Renamed again"], "")


def test_f47_after_a_410_what_was_deleted_meanwhile_is_found_by_comparing(followed: Followed) -> None:
    event, other = begun(followed), followed.world.event(summary="Other")
    followed.choose(other)
    followed.settle()
    followed.simulator.calendar.delete(ADA, event)
    followed.simulator.calendar.purge(ADA, event)
    rename(followed, other, "Renamed")
    followed.simulator.calendar.expire_sync_tokens(ADA)
    followed.world.clock.advance(61)
    followed.outside()
    as_one(followed)
    followed.settle()
    assert followed.outside() == ["list", "list", "PATCH room", "get"]
    assert (followed.of(event).state, followed.of(event).reason) == ("leaving", "vanished")
    assert followed.of(other).state == "live"
    assert sorted(followed.titles()) == ["Plan", "Renamed"]


def test_f47_a_410_in_the_middle_of_paging_lists_everything(followed: Followed) -> None:
    event = begun(followed)
    others(followed, 5)
    rename(followed, event, "Renamed")
    followed.simulator.calendar.largest_page = 2
    followed.simulator.faults.add(faults.gone(), EVENTS, "GET", skip=1)
    as_one(followed)
    followed.settle()
    assert followed.outside().count("list") == 2 + 3
    assert followed.titles() == ["Renamed"]
    assert followed.calendar().page is None


def test_f47_a_410_on_the_full_list_too_is_given_up_until_later(followed: Followed) -> None:
    event = begun(followed)
    followed.simulator.calendar.always_gone(ADA)
    rename(followed, event, "Renamed")
    followed.simulator.push.deliver_all()
    followed.simulator.triggers.deliver_all()
    followed.world.clock.advance(65)
    followed.simulator.cloud_tasks.run_due()
    assert followed.outside() == ["list", "list"]
    record = followed.calendar()
    assert (record.reason, record.failures, record.cursor) == ("cursor-expired", 1, "")
    assert followed.titles() == ["Plan"]
    followed.wait(minutes=30)
    assert followed.outside().count("list") <= 8
    followed.simulator.calendar.always_gone(ADA, on=False)
    followed.wait(days=1)
    followed.daily()
    assert followed.titles() == ["Renamed"]
    assert (followed.calendar().reason, followed.calendar().failures) == ("", 0)


@pytest.mark.parametrize("fault", [faults.gone(), faults.status(400)], ids=["410", "400"])
def test_f47_a_page_of_a_full_list_that_is_good_no_more_begins_it_anew(followed: Followed, fault: faults.Fault) -> None:
    event = begun(followed)
    others(followed, 30)
    followed.simulator.calendar.largest_page = 1
    followed.simulator.calendar.expire_sync_tokens(ADA)
    rename(followed, event, "Renamed")
    followed.simulator.faults.add(fault, EVENTS, "GET", skip=8)
    followed.settle()
    followed.wait(minutes=10)
    followed.daily()
    assert followed.titles() == ["Renamed"]
    assert (followed.calendar().reason, followed.calendar().page) == ("", None)


def test_f48_after_a_crash_behind_page_3_of_7_the_list_begins_at_the_old_token(followed: Followed) -> None:
    event = begun(followed)
    cursor = followed.calendar().cursor
    rename(followed, event, "Renamed")
    others(followed, 6)
    as_one(followed)
    followed.simulator.calendar.largest_page = 1
    followed.simulator.requests.clear()
    steps: list[Callable[[], object]] = [lambda: None, lambda: None, lambda: died(followed)]
    followed.instance.outside.on("after", LIST, in_turn(*steps))
    die_and_settle(followed)
    assert followed.calendar().cursor == cursor
    assert rooms_told(followed) == 1
    assert len(listed(followed)) == 3
    followed.world.clock.advance(181)
    followed.wait(minutes=10)
    followed.daily()
    assert rooms_told(followed) == 0
    again = listed(followed)
    assert again[0]["syncToken"] == [cursor]
    assert "pageToken" not in again[0]
    assert followed.titles() == ["Renamed"]
    assert followed.calendar().cursor != cursor


def test_f49_after_a_crash_before_the_commit_everything_is_applied_again_and_changes_nothing(
    followed: Followed,
) -> None:
    event = begun(followed)
    cursor = followed.calendar().cursor
    rename(followed, event, "Renamed")
    followed.simulator.requests.clear()
    followed.instance.outside.on("before", "find orphan look", lambda: died(followed))
    die_and_settle(followed)
    assert followed.calendar().cursor == cursor
    followed.world.clock.advance(181)
    followed.wait(minutes=10)
    followed.daily()
    assert followed.calendar().cursor != cursor
    assert rooms_told(followed) == 1
    assert followed.titles() == ["Renamed"]


def died(followed: Followed) -> None:
    """The instance dies, once."""
    followed.instance.outside.script = lambda when, call: None
    raise Died


def die_and_settle(followed: Followed) -> None:
    """Deliver everything; the instance dies of it, and another one takes its place."""
    try:
        followed.simulator.triggers.deliver_all()
    except Died:
        followed.restart()
    followed.settle()


def rooms_told(followed: Followed) -> int:
    """How often the conferencing system was told of a change since the requests were forgotten."""
    return len([one for one in followed.simulator.requests.under("/rooms-api") if one.method == "PATCH"])


def test_f50_an_empty_page_leads_on(followed: Followed) -> None:
    event = begun(followed)
    rename(followed, event, "Renamed")
    followed.simulator.pages.empty = 3
    followed.settle()
    assert followed.outside() == ["list", "list", "list", "list", "PATCH room"]
    assert followed.titles() == ["Renamed"]


def test_f50_a_page_that_is_named_twice_fails_without_a_commit(followed: Followed) -> None:
    event = begun(followed)
    cursor = followed.calendar().cursor
    others(followed, 6)
    rename(followed, event, "Renamed")
    followed.simulator.calendar.largest_page = 1
    followed.simulator.pages.repeating = True
    as_one(followed)
    followed.simulator.push.deliver_all()
    followed.simulator.triggers.deliver_all()
    followed.world.clock.advance(65)
    followed.simulator.cloud_tasks.run_due()
    record = followed.calendar()
    assert (record.reason, record.cursor, record.failures) == ("calendar-paging-loop", cursor, 1)
    assert followed.outside() == ["list"] * 2
    followed.simulator.pages.repeating = False
    followed.wait(minutes=10)
    followed.daily()
    assert followed.titles() == ["Renamed"]


@pytest.mark.parametrize("gone", [("nextSyncToken",), ("accessRole",)], ids=["no sync token", "no role"])
def test_f50_a_last_page_without_what_it_must_have_changes_nothing(followed: Followed, gone: tuple[str]) -> None:
    event = begun(followed)
    cursor = followed.calendar().cursor
    rename(followed, event, "Renamed")
    followed.simulator.faults.add(faults.without(*gone), EVENTS, "GET")
    followed.settle()
    assert followed.calendar().cursor == cursor
    assert followed.titles() == ["Plan"]
    followed.wait(days=1.5)
    followed.daily()
    assert followed.titles() == ["Renamed"]


def test_f60_nothing_but_get_list_watch_and_stop_ever_reaches_calendar(followed: Followed) -> None:
    event = begun(followed)
    followed.simulator.calendar.delete(ADA, event)
    followed.settle()
    followed.wait(days=7)
    followed.daily()
    assert followed.titles() == []
    asked = followed.simulator.requests.under("/calendar")
    assert {request.path.rpartition("/")[2] for request in asked if request.method == "POST"} <= {"watch", "stop"}
    assert {request.method for request in asked} <= {"GET", "POST"}


def test_f61_a_run_lists_a_bounded_number_of_pages_and_another_one_goes_on(watched: Followed) -> None:
    others(watched, 89)
    event = watched.world.event(summary="The last")
    watched.simulator.calendar.largest_page = 1
    other = watched.world.event(BOB)
    watched.choose(event)
    watched.simulator.cloud_tasks.run_due()
    watched.choose(other, calendar=BOB, user=BOB)
    lists = list[str]()
    for _ in range(8):
        watched.world.clock.advance(3)
        watched.simulator.cloud_tasks.run_due()
        made = [call for call in calls(watched) if call.startswith("GET /calendar") and call.endswith("/events")]
        assert len([call for call in made if "ada%40" in call]) <= 40
        lists += made
    assert watched.of(event).state == "live"
    assert watched.calendar().page is None
    first_of_bob = next(place for place, call in enumerate(lists) if "bob%40" in call)
    assert first_of_bob <= 80
    assert watched.of(other, BOB).state == "live"


def test_f61_a_relay_lists_ten_pages_and_asks_to_be_called_again(relayed: Followed) -> None:
    others(relayed, 24)
    event = relayed.world.event(summary="The last")
    relayed.simulator.calendar.largest_page = 1
    relayed.choose(event)
    [answers] = relayed.simulator.triggers.deliver_all()
    assert answers == [(200, {"more": True}), (200, {"more": True}), (200, {"more": False})]
    assert [call for call in relayed.outside() if call == "list"] == ["list"] * 25
    assert relayed.of(event).state == "live"


def test_f61_a_list_that_takes_longer_than_a_run_goes_on_where_it_was(followed: Followed) -> None:
    others(followed, 9)
    event = followed.world.event(summary="The last")
    followed.simulator.calendar.largest_page = 1
    followed.choose(event)
    pause = 50 if followed.delegation else 7
    followed.instance.outside.on("after", LIST, lambda: followed.world.clock.advance(pause))
    followed.settle()
    assert followed.of(event).state == "live"
    assert followed.calendar().page is None
    assert 10 <= followed.outside().count("list") <= 15


def test_f62_a_user_over_quota_makes_their_calendars_wait_and_nobody_else(watched: Followed) -> None:
    event, other = begun(watched), watched.world.event(BOB)
    watched.choose(other, calendar=BOB, user=BOB)
    watched.settle()
    watched.world.clock.advance(61)
    watched.outside()
    watched.simulator.faults.add(faults.quota("userRateLimitExceeded"), EVENTS, "GET")
    rename(watched, event, "Renamed")
    watched.settle()
    assert watched.outside() == ["list"]
    record = watched.calendar()
    assert record.reason == "calendar-unavailable"
    assert record.due
    assert 40 <= (record.due - watched.world.clock.now()).total_seconds() <= 80
    watched.simulator.calendar.patch(BOB, other, summary="Of Bob")
    watched.settle()
    assert watched.outside() == ["list", "PATCH room"]
    watched.wait(minutes=10)
    assert sorted(watched.titles()) == ["Of Bob", "Renamed"]


def test_f62_a_project_over_quota_makes_everybody_wait_but_no_create(watched: Followed) -> None:
    event, other = begun(watched), watched.world.event(BOB)
    watched.choose(other, calendar=BOB, user=BOB)
    watched.settle()
    watched.world.clock.advance(61)
    watched.outside()
    watched.simulator.faults.add(faults.quota("rateLimitExceeded"), EVENTS, "GET")
    rename(watched, event, "Renamed")
    watched.simulator.calendar.patch(BOB, other, summary="Of Bob")
    watched.settle()
    assert watched.outside() == ["list"]
    assert uri(watched.choose(watched.world.event(summary="New")))
    assert watched.outside() == ["get", "POST room"]
    watched.wait(minutes=15)
    assert sorted(watched.titles()) == ["New", "Of Bob", "Renamed"]


def test_f62_each_refusal_in_a_row_makes_it_wait_longer_and_a_poll_is_no_storm(watched: Followed) -> None:
    event = begun(watched)
    watched.simulator.faults.add(faults.quota("rateLimitExceeded"), EVENTS, "GET", times=None)
    rename(watched, event, "Renamed")
    watched.wait(hours=12)
    assert 4 <= watched.outside().count("list") <= 12
    watched.simulator.faults.clear()
    watched.wait(hours=10)
    assert watched.titles() == ["Renamed"]


def test_a_quiet_calendar_costs_one_list_call(followed: Followed) -> None:
    begun(followed)
    followed.daily()
    if followed.delegation:
        token = followed.simulator.identity.tasks_token(f"{followed.url}/sync", email=ids.TASKS_SERVICE_ACCOUNT)
        followed.task(f"{followed.url}/sync", {"Authorization": f"Bearer {token}"}, body_of(ADA))
    assert followed.outside() == ["list"]


def body_of(calendar: str) -> bytes:
    """The body of a calendar's task."""
    return b'{"calendar": "' + records.key(calendar).encode() + b'"}'


def test_a_dropped_page_token_of_a_change_list_costs_a_full_list(followed: Followed) -> None:
    event = begun(followed)
    page = replace(records.Page(), token="forgotten")
    change(followed, page=records.to_body(page))
    rename(followed, event, "Renamed")
    followed.settle()
    assert followed.titles() == ["Renamed"]
    assert followed.outside() == ["list", "list", "PATCH room"]
