"""Full and incremental lists: a sync token brings exactly what changed since, and nothing is lost between pages."""

from collections.abc import Callable
from time import process_time
from typing import Any

import pytest

from simulator import faults
from simulator.server import Simulator

ADA = "ada@example.com"
BOB = "bob@example.com"
EVENTS = f"{ADA}/events"
DAY: dict[str, Any] = {"start": {"date": "2026-03-10"}, "end": {"date": "2026-03-11"}}
WEEKLY: dict[str, Any] = {**DAY, "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"]}


def reason(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["errors"][0]["reason"]


@pytest.fixture
def ask(ada: Any) -> Callable[..., Any]:
    def page(query: str = "", **more: str) -> Any:
        reply = ada("GET", f"{EVENTS}?{query}", params=more)
        assert reply.status_code == 200, reply.text
        return reply.json()

    return page


def ids(page: Any) -> list[str]:
    return [item["id"] for item in page["items"]]


def add(sim: Simulator, count: int = 1, **more: Any) -> list[str]:
    return [sim.calendar.add_event(ADA, **{**DAY, **more}) for _ in range(count)]


def test_a_token_brings_each_changed_event_once_in_its_latest_state(sim: Simulator, ask: Any) -> None:
    first, second, third = add(sim, 3)
    token = ask()["nextSyncToken"]
    sim.calendar.patch(ADA, third, summary="one")
    sim.calendar.patch(ADA, first, summary="two")
    sim.calendar.patch(ADA, third, summary="three")
    changed = ask(syncToken=token)
    assert [(item["id"], item["summary"]) for item in changed["items"]] == [(first, "two"), (third, "three")]
    assert second not in ids(changed)
    assert ask(syncToken=changed["nextSyncToken"])["items"] == []


def test_a_token_can_be_used_again(sim: Simulator, ask: Any) -> None:
    token = ask()["nextSyncToken"]
    made = add(sim)
    assert [ids(ask(syncToken=token)) for _ in range(2)] == [made, made]


@pytest.mark.parametrize(("query", "details"), [("", False), ("showDeleted=true", True)])
def test_deletions_are_always_included(sim: Simulator, ask: Any, query: str, details: bool) -> None:
    (event,) = add(sim, summary="Review")
    token = ask(query)["nextSyncToken"]
    sim.calendar.delete(ADA, event)
    (item,) = ask(query, syncToken=token)["items"]
    assert (item["id"], item["status"], "summary" in item) == (event, "cancelled", details)


def test_a_page_token_or_a_sync_token_never_both(sim: Simulator, ask: Any) -> None:
    add(sim, 3)
    first = ask("maxResults=2")
    last = ask("maxResults=2", pageToken=first["nextPageToken"])
    assert ("nextSyncToken" in first, "nextPageToken" in last) == (False, False)
    assert last["nextSyncToken"]


@pytest.mark.parametrize("full", [True, False])
def test_what_changes_between_two_pages_is_not_missed(sim: Simulator, ask: Any, full: bool) -> None:
    token = ask("maxResults=2")["nextSyncToken"]
    made = add(sim, 3)
    asked = {} if full else {"syncToken": token}
    first = ask("maxResults=2", **asked)
    sim.calendar.patch(ADA, made[0], summary="late")
    (new,) = add(sim)
    last = ask("maxResults=2", **asked, pageToken=first["nextPageToken"])
    assert [*ids(first), *ids(last)] == made
    assert ids(ask("maxResults=2", syncToken=last["nextSyncToken"])) == [made[0], new]


@pytest.mark.parametrize(
    "query",
    [
        *("", "singleEvents=true", "singleEvents=false", "showDeleted=true", "maxResults=7", "eventTypes=default"),
        *("timeMin=2026-03-01T00:00:00Z", "timeMax=2026-04-01T00:00:00Z"),
    ],
)
def test_such_a_list_begins_a_sync(sim: Simulator, ask: Any, query: str) -> None:
    token = ask(query)["nextSyncToken"]
    (event,) = add(sim)
    kept = "" if query.startswith("time") else query
    assert ids(ask(kept, syncToken=token)) == [event]


@pytest.mark.parametrize("windowed", [False, True])
def test_whether_a_sync_stays_within_its_window_is_scripted(sim: Simulator, ask: Any, windowed: bool) -> None:
    past: dict[str, Any] = {"start": {"date": "2026-01-10"}, "end": {"date": "2026-01-11"}}
    (gone,) = add(sim)
    sim.calendar.windowed_sync = windowed
    token = ask("timeMin=2026-03-01T00:00:00Z")["nextSyncToken"]
    for _ in range(2):
        old, new = add(sim, **past), add(sim)
        page = ask(syncToken=token)
        assert ids(page) == (new if windowed else [*old, *new])
        token = page["nextSyncToken"]
    sim.calendar.patch(ADA, gone, **past)
    sim.calendar.delete(ADA, gone)
    assert ids(ask(syncToken=token)) == [gone]


@pytest.mark.parametrize(
    "query",
    [
        *("orderBy=updated", "q=x", "iCalUID=x", "privateExtendedProperty=a%3Db", "sharedExtendedProperty=a%3Db"),
        "updatedMin=2026-03-01T00:00:00Z",
    ],
)
def test_such_a_list_begins_no_sync(ask: Any, query: str) -> None:
    assert "nextSyncToken" not in ask(query)


@pytest.mark.parametrize(
    "query",
    [
        *("orderBy=updated", "q=x", "iCalUID=x", "privateExtendedProperty=a%3Db", "sharedExtendedProperty=a%3Db"),
        *("timeMin=2026-03-01T00:00:00Z", "timeMax=2026-03-01T00:00:00Z", "updatedMin=2026-03-01T00:00:00Z"),
        *("showDeleted=false", "singleEvents=true", "eventTypes=default", "maxResults=3", "showDeleted=true"),
    ],
)
def test_a_token_takes_no_other_query(ada: Any, ask: Any, query: str) -> None:
    token = ask()["nextSyncToken"]
    assert reason(ada("GET", f"{EVENTS}?{query}", params={"syncToken": token})) == (400, "badRequest")


def test_a_token_takes_another_mask(ask: Any) -> None:
    token = ask("fields=nextSyncToken")["nextSyncToken"]
    assert ask("fields=items", syncToken=token) == {"items": []}


def test_a_token_belongs_to_one_caller_and_one_calendar(sim: Simulator, ada: Any, caller: Any, ask: Any) -> None:
    sim.add_user(BOB)
    sim.calendar.share(ADA, BOB, "writer")
    sim.calendar.share(BOB, ADA, "writer")
    token = ask()["nextSyncToken"]
    assert reason(caller(BOB)("GET", f"{EVENTS}?syncToken={token}")) == (410, "fullSyncRequired")
    assert reason(ada("GET", f"{BOB}/events?syncToken={token}")) == (410, "fullSyncRequired")


def test_expired_tokens_ask_for_a_full_sync_in_googles_words(sim: Simulator, ada: Any, ask: Any) -> None:
    token = ask()["nextSyncToken"]
    sim.calendar.expire_sync_tokens(ADA)
    reply = ada("GET", f"{EVENTS}?syncToken={token}")
    assert reason(reply) == (410, "fullSyncRequired")
    assert reply.json()["error"]["message"] == "Sync token is no longer valid, a full sync is required."
    ask(syncToken=ask()["nextSyncToken"])


def test_another_role_expires_the_tokens_of_whom_it_concerns(sim: Simulator, caller: Any, ask: Any) -> None:
    sim.calendar.share(ADA, BOB, "reader")
    bob, own = caller(BOB), ask()["nextSyncToken"]
    token = bob("GET", EVENTS).json()["nextSyncToken"]
    sim.calendar.share(ADA, BOB, "reader")
    assert bob("GET", f"{EVENTS}?syncToken={token}").status_code == 200
    sim.calendar.share(ADA, BOB, "writer")
    assert reason(bob("GET", f"{EVENTS}?syncToken={token}")) == (410, "fullSyncRequired")
    ask(syncToken=own)


def test_a_calendar_can_be_gone_for_full_lists_too(sim: Simulator, ada: Any, ask: Any) -> None:
    sim.calendar.always_gone(ADA)
    assert reason(ada("GET", EVENTS)) == (410, "fullSyncRequired")
    sim.calendar.always_gone(ADA, False)
    ask()


def test_a_scripted_fault_can_say_gone_between_pages(sim: Simulator, ada: Any, ask: Any) -> None:
    add(sim, 3)
    sim.faults.add(faults.gone(), "*/events", skip=1)
    token = ask("maxResults=2")["nextPageToken"]
    assert reason(ada("GET", f"{EVENTS}?maxResults=2&pageToken={token}")) == (410, "fullSyncRequired")


def test_empty_pages_lose_nothing(sim: Simulator, ask: Any) -> None:
    made = add(sim, 3)
    sim.pages.empty = 2
    pages = [ask()]
    while "nextPageToken" in pages[-1]:
        pages.append(ask(pageToken=pages[-1]["nextPageToken"]))
    assert [ids(page) for page in pages] == [[], [], made]


def test_a_page_can_name_its_own_token_again(sim: Simulator, ask: Any) -> None:
    add(sim, 5)
    sim.pages.repeating = True
    token = ask("maxResults=2")["nextPageToken"]
    assert ask("maxResults=2", pageToken=token)["nextPageToken"] == token
    sim.pages.repeating = False
    assert ask("maxResults=2", pageToken=token)["nextPageToken"] != token


def test_a_last_page_can_lack_its_sync_token(sim: Simulator, ask: Any) -> None:
    sim.faults.add(faults.without("nextSyncToken"), "*/events")
    assert "nextSyncToken" not in ask()
    assert "nextSyncToken" in ask()


def test_a_reader_is_told_of_private_changes_without_details(sim: Simulator, caller: Any) -> None:
    (event,) = add(sim, summary="Surgery", visibility="private")
    sim.calendar.share(ADA, BOB, "reader")
    bob = caller(BOB)
    token = bob("GET", EVENTS).json()["nextSyncToken"]
    sim.calendar.set_conference(ADA, event, sim.conferences.signed({"conferenceId": "c1", "entryPoints": []}))
    (item,) = bob("GET", f"{EVENTS}?syncToken={token}").json()["items"]
    assert item["id"] == event
    assert {"summary", "conferenceData"}.isdisjoint(item)


def test_an_incremental_list_does_not_look_at_every_event(sim: Simulator, ask: Any) -> None:
    made = add(sim, 2500)
    first = ask("maxResults=2500")
    began = process_time()
    for _ in range(5):
        sim.calendar.patch(ADA, made[7], summary="x")
        first = ask("maxResults=2500", syncToken=first["nextSyncToken"])
        assert ids(first) == [made[7]]
    quick = process_time() - began
    began = process_time()
    assert len(ask("maxResults=2500")["items"]) == 2500
    assert quick < process_time() - began


def test_a_series_is_expanded_when_asked_for(sim: Simulator, ask: Any) -> None:
    (single,) = add(sim)
    (series,) = add(sim, **WEEKLY)
    moved = sim.calendar.add_occurrence(
        ADA, series, {"date": "2026-03-17"}, start={"date": "2026-03-18"}, end={"date": "2026-03-19"}
    )
    items = ask("singleEvents=true&orderBy=startTime")["items"]
    assert [item["start"]["date"] for item in items] == ["2026-03-10", "2026-03-10", "2026-03-18", "2026-03-24"]
    assert [item.get("recurringEventId") for item in items] == [None, series, series, series]
    assert (items[0]["id"], items[2]["id"]) == (single, moved)
    assert all(series not in item["id"] for item in items)


def test_a_changed_series_is_every_one_of_its_occurrences(sim: Simulator, ask: Any) -> None:
    (series,) = add(sim, **WEEKLY)
    before = ask("singleEvents=true")
    sim.calendar.patch(ADA, series, recurrence=["RRULE:FREQ=WEEKLY;COUNT=2"])
    after = ask("singleEvents=true", syncToken=before["nextSyncToken"])
    assert ids(after) == ids(before)[:2]


def test_instances_are_the_occurrences_of_one_series(sim: Simulator, ada: Any) -> None:
    (series,) = add(sim, **WEEKLY)
    sim.calendar.add_occurrence(ADA, series, {"date": "2026-03-17"}, status="cancelled")
    path = f"{EVENTS}/{series}/instances"
    shown = ada("GET", path).json()
    assert [item["start"]["date"] for item in shown["items"]] == ["2026-03-10", "2026-03-24"]
    assert "nextSyncToken" not in shown
    assert len(ada("GET", path, params={"showDeleted": "true"}).json()["items"]) == 3
    assert len(ada("GET", path, params={"timeMin": "2026-03-20T00:00:00Z"}).json()["items"]) == 1
    (one,) = ada("GET", path, params={"originalStart": "2026-03-24"}).json()["items"]
    assert one["originalStartTime"] == {"date": "2026-03-24"}
    page = ada("GET", path, params={"maxResults": 1}).json()
    assert page["items"] == shown["items"][:1]
    token = page["nextPageToken"]
    assert ada("GET", path, params={"maxResults": 1, "pageToken": token}).json()["items"] == shown["items"][1:]


def test_only_a_series_has_instances(sim: Simulator, ada: Any) -> None:
    (single,) = add(sim)
    assert reason(ada("GET", f"{EVENTS}/{single}/instances")) == (400, "badRequest")
    assert reason(ada("GET", f"{EVENTS}/unknown/instances")) == (404, "notFound")


def test_an_instance_becomes_an_exception_when_it_is_changed(sim: Simulator, ada: Any) -> None:
    (series,) = add(sim, **WEEKLY)
    second = ada("GET", f"{EVENTS}/{series}/instances").json()["items"][1]
    path = f"{EVENTS}/{second['id']}"
    assert ada("GET", path).json()["start"] == {"date": "2026-03-17"}
    assert ada("PATCH", path, json={"summary": "x"}).json()["summary"] == "x"
    assert ada("GET", path).json()["originalStartTime"] == {"date": "2026-03-17"}
    third = ada("GET", f"{EVENTS}/{series}/instances").json()["items"][2]
    assert ada("DELETE", f"{EVENTS}/{third['id']}").status_code == 204
    assert len(ada("GET", f"{EVENTS}/{series}/instances").json()["items"]) == 2


def test_rules_beyond_the_simulator_are_refused_rather_than_feigned(sim: Simulator, ada: Any) -> None:
    add(sim, recurrence=["RRULE:FREQ=MONTHLY;BYSETPOS=-1;BYDAY=MO,TU"])
    assert reason(ada("GET", f"{EVENTS}?singleEvents=true")) == (501, "notImplemented")
