"""The Calendar API answers as Google's does: roles, errors, etags, masks, pages; replies fit the discovery document."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator import ids
from simulator.server import Simulator

ADA = "ada@example.com"
BOB = "bob@example.com"
TIMED: dict[str, Any] = {
    "start": {"dateTime": "2026-03-10T10:00:00+01:00", "timeZone": "Europe/Zurich"},
    "end": {"dateTime": "2026-03-10T11:00:00+01:00", "timeZone": "Europe/Zurich"},
}
READ = (ids.SCOPE + "calendar.events.readonly",)


def reason(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["errors"][0]["reason"]


def test_primary_is_the_callers_own_calendar(sim: Simulator, ada: Any) -> None:
    event = sim.calendar.add_event(ADA, **TIMED)
    assert ada("GET", f"primary/events/{event}").json() == ada("GET", f"{ADA}/events/{event}").json()


def test_a_percent_encoded_calendar_id_is_the_same_calendar(sim: Simulator, ada: Any) -> None:
    event = sim.calendar.add_event(ADA, **TIMED)
    assert ada("GET", f"ada%40example.com/events/{event}").status_code == 200


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda sim: None, (401, "required")),
        (lambda sim: "made-up", (401, "authError")),
        (lambda sim: sim.access_token(ADA, lifetime=0), (401, "authError")),
        (lambda sim: sim.access_token(ADA, [ids.SCOPE + "drive"]), (403, "insufficientPermissions")),
    ],
)
def test_a_caller_without_a_good_token_is_refused(
    sim: Simulator, caller: Any, make: Callable[[Simulator], str | None], expected: tuple[int, str]
) -> None:
    program = caller()
    program.token = make(sim)
    reply = program("GET", "primary/events")
    assert reason(reply) == expected
    assert reply.headers["WWW-Authenticate"].startswith('Bearer realm="https://accounts.google.com/"')


def test_a_revoked_token_is_worthless(sim: Simulator, ada: Any) -> None:
    assert ada("GET", "primary/events").status_code == 200
    sim.tokens.revoke(ada.token)
    assert reason(ada("GET", "primary/events")) == (401, "authError")


def test_an_uninstalled_add_on_has_no_tokens_left(sim: Simulator, ada: Any, caller: Any) -> None:
    sim.add_user(BOB)
    bob = caller(BOB)
    sim.tokens.revoke_user(ADA)
    assert ada("GET", "primary/events").status_code == 401
    assert bob("GET", "primary/events").status_code == 200


def test_a_token_expires(clock: Any, ada: Any) -> None:
    clock.sleep(3598)
    assert ada("GET", "primary/events").status_code == 200
    clock.sleep(1)
    assert ada("GET", "primary/events").status_code == 401


def test_a_read_only_token_cannot_write(caller: Any) -> None:
    program = caller(ADA, READ)
    assert program("GET", "primary/events").status_code == 200
    assert reason(program("POST", "primary/events", json=TIMED)) == (403, "insufficientPermissions")


def test_no_access_and_not_existing_look_the_same(sim: Simulator, caller: Any) -> None:
    event = sim.calendar.add_event(ADA, **TIMED)
    bob = caller(BOB)
    answers = [
        bob(method, path, json=TIMED if method in ("POST", "PATCH", "PUT") else None)
        for path in (ADA, "nobody@example.com")
        for method, path in (
            ("GET", f"{path}/events"),
            ("POST", f"{path}/events"),
            ("GET", f"{path}/events/{event}"),
            ("PATCH", f"{path}/events/{event}"),
            ("PUT", f"{path}/events/{event}"),
            ("DELETE", f"{path}/events/{event}"),
        )
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert reason(answers[0]) == (404, "notFound")


@pytest.mark.parametrize("role", ["freeBusyReader", "reader"])
@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE", "POST"])
def test_readers_cannot_write(sim: Simulator, caller: Any, role: str, method: str) -> None:
    event = sim.calendar.add_event(ADA, **TIMED)
    sim.calendar.share(ADA, BOB, role)
    path = f"{ADA}/events" if method == "POST" else f"{ADA}/events/{event}"
    assert reason(caller(BOB)(method, path, json=TIMED)) == (403, "requiredAccessLevel")


@pytest.mark.parametrize("role", ["writerWithoutPrivateAccess", "writer", "owner"])
def test_writers_can_write(sim: Simulator, caller: Any, role: str) -> None:
    sim.calendar.share(ADA, BOB, role)
    reply = caller(BOB)("POST", f"{ADA}/events", json=TIMED).json()
    assert (reply["creator"], reply["organizer"]) == ({"email": BOB}, {"email": ADA, "self": True})


@pytest.mark.parametrize("role", ["freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer", "owner"])
def test_a_list_says_the_callers_role(sim: Simulator, caller: Any, role: str) -> None:
    sim.calendar.share(ADA, BOB, role)
    assert caller(BOB)("GET", f"{ADA}/events?maxResults=1&fields=accessRole").json() == {"accessRole": role}


@pytest.mark.parametrize(
    ("role", "sees"), [("reader", False), ("writerWithoutPrivateAccess", False), ("writer", True), ("owner", True)]
)
def test_details_of_a_private_event_are_hidden_below_writer(sim: Simulator, caller: Any, role: str, sees: bool) -> None:
    event = sim.calendar.add_event(ADA, summary="Surgery", visibility="private", location="Clinic", **TIMED)
    sim.calendar.share(ADA, BOB, role)
    reply = caller(BOB)("GET", f"{ADA}/events/{event}")
    assert ("Surgery" in reply.text, "Clinic" in reply.text) == (sees, sees)
    assert reply.json()["start"] == TIMED["start"]


def test_a_free_busy_reader_sees_times_only(sim: Simulator, caller: Any) -> None:
    sim.calendar.add_event(ADA, summary="Review", **TIMED)
    sim.calendar.share(ADA, BOB, "freeBusyReader")
    assert "Review" not in caller(BOB)("GET", f"{ADA}/events").text


def test_a_guest_sees_a_private_event(sim: Simulator, caller: Any) -> None:
    event = sim.calendar.add_event(ADA, summary="Talk", visibility="private", attendees=[{"email": BOB}], **TIMED)
    sim.calendar.share(ADA, BOB, "reader")
    assert caller(BOB)("GET", f"{ADA}/events/{event}").json()["summary"] == "Talk"


def test_who_cannot_see_an_event_cannot_change_it(sim: Simulator, caller: Any) -> None:
    event = sim.calendar.add_event(ADA, visibility="private", **TIMED)
    sim.calendar.share(ADA, BOB, "writerWithoutPrivateAccess")
    assert reason(caller(BOB)("PATCH", f"{ADA}/events/{event}", json={"summary": "x"})) == (403, "forbidden")


def test_an_inserted_event_comes_back_complete(ada: Any) -> None:
    reply = ada(
        "POST", "primary/events", json={"summary": "Review", **TIMED, "attendees": [{"email": "Bob@Example.com"}]}
    )
    event = reply.json()
    assert reply.headers["ETag"] == event["etag"]
    assert event["creator"] == event["organizer"] == {"email": ADA, "self": True}
    assert event["attendees"] == [{"email": BOB, "responseStatus": "needsAction"}]
    assert event["sequence"] == 0
    assert event["reminders"] == {"useDefault": True}
    assert event["id"] not in event["iCalUID"]
    assert event["id"] not in event["htmlLink"]
    assert ada("GET", f"primary/events/{event['id']}").json() == event


def test_ids_can_be_chosen_once(ada: Any) -> None:
    body = {"id": "abcdefghij0123", **TIMED}
    assert ada("POST", "primary/events", json=body).json()["id"] == body["id"]
    assert reason(ada("POST", "primary/events", json=body)) == (409, "duplicate")


@pytest.mark.parametrize("event_id", ["abcd", "wxyz12", "ABCDE", "a_b_c_d"])
def test_ids_outside_the_rules_are_refused(ada: Any, event_id: str) -> None:
    assert reason(ada("POST", "primary/events", json={"id": event_id, **TIMED})) == (400, "invalid")


def test_a_patch_merges_and_an_update_replaces(sim: Simulator, ada: Any) -> None:
    event = sim.calendar.add_event(ADA, summary="Review", location="Hall", **TIMED)
    patched = ada("PATCH", f"primary/events/{event}", json={"location": None, "description": "Notes"}).json()
    assert (patched["summary"], patched["description"], "location" in patched) == ("Review", "Notes", False)
    updated = ada("PUT", f"primary/events/{event}", json=TIMED).json()
    assert {"summary", "description"}.isdisjoint(updated)
    assert updated["iCalUID"] == patched["iCalUID"]
    assert updated["created"] == patched["created"]


def test_read_only_members_are_ignored(sim: Simulator, ada: Any) -> None:
    event = sim.calendar.add_event(ADA, **TIMED)
    forged = {"organizer": {"email": BOB}, "creator": {"email": BOB}, "iCalUID": "mine", "kind": "x", "id": "abcdef"}
    reply = ada("PATCH", f"primary/events/{event}", json=forged).json()
    assert (reply["id"], reply["organizer"]["email"], reply["kind"]) == (event, ADA, "calendar#event")


def test_a_new_time_is_a_new_sequence_and_a_new_title_is_not(sim: Simulator, ada: Any, clock: Any) -> None:
    event = sim.calendar.add_event(ADA, **TIMED)
    clock.sleep(60)
    titled = ada("PATCH", f"primary/events/{event}", json={"summary": "x"}).json()
    moved = ada("PATCH", f"primary/events/{event}", json={"end": {"dateTime": "2026-03-10T12:00:00+01:00"}}).json()
    assert (titled["sequence"], moved["sequence"]) == (0, 1)
    assert titled["updated"] == "2026-03-02T09:01:00.000Z"


def test_reminders_do_not_move_updated(sim: Simulator, ada: Any, clock: Any) -> None:
    event = sim.calendar.add_event(ADA, **TIMED)
    before = ada("GET", f"primary/events/{event}").json()
    clock.sleep(60)
    own = {"useDefault": False, "overrides": [{"method": "popup", "minutes": 5}]}
    after = ada("PATCH", f"primary/events/{event}", json={"reminders": own}).json()
    assert after["updated"] == before["updated"]
    assert after["etag"] != before["etag"]


def test_a_deleted_event_is_cancelled_and_still_there(sim: Simulator, ada: Any) -> None:
    event = sim.calendar.add_event(ADA, summary="Review", **TIMED)
    reply = ada("DELETE", f"primary/events/{event}")
    assert (reply.status_code, reply.content) == (204, b"")
    gone = ada("GET", f"primary/events/{event}").json()
    assert (gone["status"], gone["summary"]) == ("cancelled", "Review")
    assert reason(ada("DELETE", f"primary/events/{event}")) == (410, "deleted")


def test_a_deleted_event_can_be_restored(sim: Simulator, ada: Any) -> None:
    event = sim.calendar.add_event(ADA, **TIMED)
    sim.calendar.delete(ADA, event)
    assert ada("PATCH", f"primary/events/{event}", json={"status": "confirmed"}).json()["status"] == "confirmed"


def test_a_moved_away_event_leaves_only_its_id(sim: Simulator, ada: Any) -> None:
    event = sim.calendar.add_event(ADA, summary="Review", **TIMED)
    sim.calendar.delete(ADA, event, stub=True)
    reply = ada("GET", f"primary/events/{event}").json()
    assert {"id": event, "status": "cancelled", "etag": reply["etag"]} == reply


def test_a_reserved_event_is_not_found_until_it_is_saved(sim: Simulator, ada: Any) -> None:
    event = sim.calendar.reserve(ADA)
    assert reason(ada("GET", f"primary/events/{event}")) == (404, "notFound")
    sim.calendar.save(ADA, event, summary="Review", **TIMED)
    assert ada("GET", f"primary/events/{event}").json()["summary"] == "Review"


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_a_stale_etag_is_refused(sim: Simulator, ada: Any, method: str) -> None:
    event = sim.calendar.add_event(ADA, **TIMED)
    stale = ada("GET", f"primary/events/{event}").json()["etag"]
    fresh = ada("PATCH", f"primary/events/{event}", json={"summary": "x"}).json()["etag"]
    path = f"primary/events/{event}"
    assert reason(ada(method, path, {"If-Match": stale}, json=TIMED)) == (412, "conditionNotMet")
    assert ada(method, path, {"If-Match": fresh}, json=TIMED).ok


@pytest.mark.parametrize("path", ["primary/events", "primary/events/{event}"])
def test_an_unchanged_reply_is_not_sent_again(sim: Simulator, ada: Any, path: str) -> None:
    event = sim.calendar.add_event(ADA, **TIMED)
    path = path.format(event=event)
    known = {"If-None-Match": ada("GET", path).headers["ETag"]}
    assert (ada("GET", path, known).status_code, ada("GET", path, known).content) == (304, b"")
    sim.calendar.patch(ADA, event, summary="x")
    assert ada("GET", path, known).status_code == 200


def test_masks_are_applied(sim: Simulator, ada: Any) -> None:
    event = sim.calendar.add_event(ADA, summary="Review", **TIMED)
    assert ada("GET", f"primary/events/{event}?fields=id,start/timeZone").json() == {
        "id": event,
        "start": {"timeZone": "Europe/Zurich"},
    }
    assert reason(ada("GET", "primary/events?fields=items/colour")) == (400, "invalidParameter")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("colour=red", "badRequest"),
        ("maxResults=0", "invalidParameter"),
        ("maxResults=many", "invalidParameter"),
        ("maxResults=1&maxResults=2", "invalidParameter"),
        ("showDeleted=perhaps", "invalidParameter"),
        ("orderBy=summary", "invalidParameter"),
        ("orderBy=startTime", "badRequest"),
        ("timeMin=2026-03-02", "invalidParameter"),
        ("timeMin=2026-03-02T10:00:00", "invalidParameter"),
        ("timeMin=2026-03-02T10:00:00Z&timeMax=2026-03-02T10:00:00Z", "timeRangeEmpty"),
        ("pageToken=guess", "invalidParameter"),
        ("timeZone=Mars/Olympus", "invalidParameter"),
        ("syncToken=x&timeMin=2026-03-02T10:00:00Z", "badRequest"),
        ("calendarId=other", "badRequest"),
    ],
)
def test_parameters_that_google_refuses_are_refused(sim: Simulator, ada: Any, query: str, expected: str) -> None:
    sim.calendar.add_event(ADA, **TIMED)
    assert reason(ada("GET", f"primary/events?{query}")) == (400, expected)


def test_a_sync_token_that_was_never_given_asks_for_a_full_sync(ada: Any) -> None:
    assert reason(ada("GET", "primary/events?syncToken=old")) == (410, "fullSyncRequired")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", "parseError"),
        (b"[]", "parseError"),
        (b"[" * 5000, "parseError"),
        (b'{"summary": 7}', "invalid"),
        (b'{"sequence": true}', "invalid"),
        (b'{"colour": "red"}', "badRequest"),
        (b'{"start": {"hour": 7}}', "badRequest"),
        (b'{"attendees": {}}', "invalid"),
    ],
)
def test_bodies_that_are_no_event_are_refused(ada: Any, body: bytes, expected: str) -> None:
    assert reason(ada("POST", "primary/events", data=body)) == (400, expected)


def test_a_page_token_belongs_to_its_query(sim: Simulator, ada: Any) -> None:
    for _ in range(3):
        sim.calendar.add_event(ADA, **TIMED)
    token = ada("GET", "primary/events?maxResults=2").json()["nextPageToken"]
    assert len(ada("GET", f"primary/events?maxResults=2&pageToken={token}").json()["items"]) == 1
    assert reason(ada("GET", f"primary/events?maxResults=3&pageToken={token}")) == (400, "invalidParameter")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/calendar/v3/users/me/calendarList"),
        ("POST", "/calendar/v3/calendars/primary/events/import"),
        ("POST", "/calendar/v3/calendars/primary/events/quickAdd"),
    ],
)
def test_methods_that_the_simulator_lacks_say_so(sim: Simulator, ada: Any, method: str, path: str) -> None:
    assert reason(ada(method, sim.url + path)) == (501, "notImplemented")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/calendar/v3/nothing"),
        ("POST", "/calendar/v3/calendars/primary/events/abc"),
        ("PATCH", "/calendar/v3/calendars/primary/events"),
        ("GET", "/calendar/v4/calendars/primary/events"),
    ],
)
def test_methods_that_do_not_exist_are_not_found(sim: Simulator, ada: Any, method: str, path: str) -> None:
    assert ada(method, sim.url + path).status_code in (404, 405)


def test_times_are_shown_in_the_zone_that_was_asked_for(sim: Simulator, ada: Any) -> None:
    event = sim.calendar.add_event(ADA, **TIMED)
    shown = ada("GET", f"primary/events/{event}?timeZone=America/New_York").json()["start"]
    assert shown == {"dateTime": "2026-03-10T05:00:00-04:00", "timeZone": "Europe/Zurich"}


def test_an_oversized_guest_list_is_left_out(sim: Simulator, ada: Any) -> None:
    guests = [{"email": ADA}, {"email": BOB}, {"email": "eve@example.com"}]
    event = sim.calendar.add_event(ADA, attendees=guests, **TIMED)
    shown = ada("GET", f"primary/events/{event}?maxAttendees=2").json()
    assert (shown["attendeesOmitted"], [person["email"] for person in shown["attendees"]]) == (True, [ADA])
