"""A calendar is followed from its first conference on, once, and every change reaches the function."""

import json
from typing import Any

import pytest

NOW = 1_790_000_000_000
DAY = 24 * 60 * 60 * 1000
ANN, TEAM = "ann@example.org", "team@group.calendar.google.com"
CONFERENCE = {
    "conferenceId": "room",
    "conferenceSolutionId": "jitsi",
    "entryPoints": [{"entryPointType": "VIDEO", "uri": "https://meet.example.org/room"}],
}
MADE = {"body": {"conferenceData": CONFERENCE}}
DAILY = {"handler": "daily", "days": 1}


def create(calendar: str = ANN) -> tuple[str, dict[str, Any]]:
    return "onCreate_jitsi", {"eventData": {"calendarId": calendar, "eventId": "event-1"}}


def change_trigger(calendar: str) -> dict[str, Any]:
    return {"handler": "onCalendarChange", "calendar": calendar}


def followed(*calendars: str, checked: int = NOW) -> dict[str, str]:
    """User properties that remember calendars."""
    return {f"calendar.{name}": json.dumps({"calendarId": name, "checked": checked}) for name in calendars}


def is_created(outcome: dict[str, Any]) -> bool:
    return all(answer["conferenceData"] == CONFERENCE for answer in outcome["answers"])


def test_the_first_conference_makes_both_triggers(apps_script: Any) -> None:
    outcome = apps_script(create(), http=[MADE])
    assert outcome["triggersMade"] == [DAILY, change_trigger(ANN)]
    assert (outcome["outsideLock"], outcome["locks"]) == (0, 0)
    assert outcome["logs"] == []


def test_a_second_conference_makes_none_and_waits_for_nobody(apps_script: Any) -> None:
    outcome = apps_script(create(), create(), http=[MADE])
    assert outcome["triggersMade"] == [DAILY, change_trigger(ANN)]
    assert outcome["lockings"] == 1
    assert len(outcome["properties"]) == 1


def test_a_second_calendar_gets_its_own_change_trigger_and_no_second_daily_one(apps_script: Any) -> None:
    outcome = apps_script(create(ANN), create(TEAM), create(ANN), http=[MADE])
    assert outcome["triggersMade"] == [DAILY, change_trigger(ANN), change_trigger(TEAM)]
    assert [json.loads(value)["calendarId"] for value in outcome["properties"].values()] == [ANN, TEAM]


def test_the_name_of_a_property_tells_no_calendar(apps_script: Any) -> None:
    outcome = apps_script(create(), http=[MADE])
    [key] = outcome["properties"]
    assert key.startswith("calendar.")
    assert "ann" not in key


def test_an_error_sets_nothing_up(apps_script: Any) -> None:
    error = {"error": {"conferenceErrorType": "PERMISSION_DENIED"}}
    outcome = apps_script(create(), http=[{"body": {"conferenceData": error}}])
    assert outcome["triggersMade"] == []
    assert outcome["properties"] == {}


def test_a_success_after_an_error_sets_it_up(apps_script: Any) -> None:
    outcome = apps_script(create(), create(), http=[{"status": 503}, MADE])
    assert outcome["triggersMade"] == [DAILY, change_trigger(ANN)]


def test_triggers_that_are_there_are_not_doubled(apps_script: Any) -> None:
    present = [DAILY, change_trigger(ANN)]
    outcome = apps_script(create(), http=[MADE], triggers=present)
    assert outcome["triggers"] == present


@pytest.mark.parametrize("other", [change_trigger(TEAM), {"handler": "ofAnEarlierVersion", "calendar": ANN}])
def test_another_trigger_is_not_taken_for_this_calendars(other: dict[str, Any], apps_script: Any) -> None:
    outcome = apps_script(create(), http=[MADE], triggers=[DAILY, other])
    assert outcome["triggersMade"] == [change_trigger(ANN)]


def test_two_conferences_at_once_make_one_set(apps_script: Any) -> None:
    function, argument = create()
    other = {"function": function, "args": [argument]}
    outcome = apps_script(create(), http=[MADE], meanwhile=other)
    assert outcome["triggersMade"] == [DAILY, change_trigger(ANN)]
    assert (outcome["lockings"], outcome["listings"]) == (2, 1)
    assert (outcome["outsideLock"], outcome["locks"]) == (0, 0)


def test_who_does_not_get_the_lock_leaves_it_to_the_one_who_has(apps_script: Any) -> None:
    outcome = apps_script(create(), http=[MADE], busyLock=True)
    assert is_created(outcome)
    assert outcome["triggersMade"] == []
    assert outcome["locks"] == 0


def test_triggers_that_were_lost_come_back_within_a_week(apps_script: Any) -> None:
    before = apps_script(create(), http=[MADE])["properties"]
    for later, made in ((6 * DAY, []), (8 * DAY, [DAILY, change_trigger(ANN)])):
        outcome = apps_script(create(), http=[MADE], properties=before, now=NOW + later)
        assert outcome["triggersMade"] == made


def test_nothing_is_set_up_when_calendar_has_waited_long(apps_script: Any) -> None:
    slow = {**MADE, "seconds": 21}
    outcome = apps_script(create(), create(), http=[slow, MADE])
    assert is_created(outcome)
    assert len(outcome["triggersMade"]) == 2
    assert outcome["millis"] - NOW < 30_000
    assert apps_script(create(), http=[slow])["triggersMade"] == []


@pytest.mark.parametrize("taken", [19, 20])
def test_the_daily_trigger_serves_calendars_beyond_the_limit(taken: int, apps_script: Any) -> None:
    present = [DAILY, *(change_trigger(f"{n}@example.org") for n in range(taken - 1))]
    outcome = apps_script(create(), create(), ("daily",), http=[MADE, MADE, {"status": 204}], triggers=present)
    assert len(outcome["triggers"]) == 20
    assert outcome["triggersMade"] == ([change_trigger(ANN)] if taken == 19 else [])
    assert [log["level"] for log in outcome["logs"]] == ([] if taken == 19 else ["warn"])
    assert outcome["requests"][-1]["body"]["calendarId"] == ANN


def test_the_daily_trigger_has_the_last_place(apps_script: Any) -> None:
    present = [change_trigger(f"{n}@example.org") for n in range(19)]
    outcome = apps_script(create(), http=[MADE], triggers=present)
    assert outcome["triggersMade"] == [DAILY]
    assert [log["level"] for log in outcome["logs"]] == ["warn"]


@pytest.mark.parametrize("scope", ["script.scriptapp", "calendar.readonly"])
def test_without_the_scope_for_triggers_the_conference_is_made(
    scope: str, apps_script: Any, manifest: dict[str, Any]
) -> None:
    manifest["oauthScopes"].remove(f"https://www.googleapis.com/auth/{scope}")
    outcome = apps_script(create(), http=[MADE], manifest=manifest)
    assert is_created(outcome)
    assert change_trigger(ANN) not in outcome["triggersMade"]
    assert [log["level"] for log in outcome["logs"]] == ["error"]
    assert outcome["locks"] == 0


@pytest.mark.parametrize("what", ["Properties.setProperty", "ScriptApp.getProjectTriggers", "ScriptApp.newTrigger"])
def test_a_failed_set_up_costs_the_conference_nothing_and_is_tried_again(what: str, apps_script: Any) -> None:
    outcome = apps_script(create(), http=[MADE], fails={what: "Service unavailable"})
    assert is_created(outcome)
    assert [log["level"] for log in outcome["logs"]] == ["error"]
    assert outcome["locks"] == 0
    again = apps_script(create(), http=[MADE], properties=outcome["properties"])
    assert again["triggersMade"] == [DAILY, change_trigger(ANN)]


def test_a_change_is_relayed_with_a_fresh_token(apps_script: Any) -> None:
    outcome = apps_script(("onCalendarChange", {"calendarId": TEAM}), http=[{"body": {"more": False}}])
    [request] = outcome["requests"]
    assert request["url"] == "https://rooms.example.org/calendar-changes"
    assert request["headers"]["Authorization"].startswith("Bearer eyJ")
    assert request["body"] == {"calendarId": TEAM, "oauthToken": "ya29.oauth-token-of-the-user"}
    assert outcome["logs"] == []


def test_the_function_is_asked_again_while_it_has_more(apps_script: Any) -> None:
    more = {"body": {"more": True}}
    outcome = apps_script(("onCalendarChange", {"calendarId": ANN}), http=[more, more, {"body": {"more": False}}])
    assert len(outcome["requests"]) == 3


@pytest.mark.parametrize("seconds", [0.1, 20, 55])
def test_a_function_that_never_has_enough_is_left_in_time(seconds: float, apps_script: Any) -> None:
    endless = {"body": {"more": True}, "seconds": seconds}
    outcome = apps_script(("onCalendarChange", {"calendarId": ANN}), http=[endless])
    assert 1 < len(outcome["requests"]) <= 12
    assert outcome["millis"] - NOW < 5 * 60 * 1000
    assert [log["level"] for log in outcome["logs"]] == ["warn"]


@pytest.mark.parametrize("status", [204, 404, 410])
def test_a_calendar_that_is_not_followed_is_left_quietly(status: int, apps_script: Any) -> None:
    outcome = apps_script(("onCalendarChange", {"calendarId": ANN}), http=[{"status": status}])
    assert len(outcome["requests"]) == 1
    assert outcome["logs"] == []


@pytest.mark.parametrize(
    "answer", [{"status": 401}, {"status": 429}, {"status": 503}, {"body": "?"}, {"throws": "Timeout: https://x"}]
)
def test_a_failed_relay_is_logged_and_never_fails_the_trigger(answer: dict[str, Any], apps_script: Any) -> None:
    outcome = apps_script(("onCalendarChange", {"calendarId": ANN}), http=[answer])
    assert len(outcome["requests"]) == 1
    assert [log["level"] for log in outcome["logs"]] == ["error"]
    assert ANN not in outcome["logs"][0]["message"]


def relayed(outcome: dict[str, Any]) -> list[str]:
    return [request["body"]["calendarId"] for request in outcome["requests"]]


def test_the_daily_trigger_relays_every_calendar_in_use(apps_script: Any) -> None:
    stored = {**followed(ANN, TEAM), "something.else": "x"}
    assert set(relayed(apps_script(("daily",), http=[{"status": 204}], properties=stored))) == {ANN, TEAM}


def test_the_daily_trigger_goes_on_after_a_calendar_that_fails(apps_script: Any) -> None:
    outcome = apps_script(("daily",), http=[{"status": 500}, {"status": 204}], properties=followed(ANN, TEAM))
    assert set(relayed(outcome)) == {ANN, TEAM}


def test_the_daily_trigger_asks_all_before_it_asks_one_again(apps_script: Any) -> None:
    http = [{"body": {"more": True}}, {"status": 204}, {"status": 204}]
    first, second, again = relayed(apps_script(("daily",), http=http, properties=followed(ANN, TEAM)))
    assert first != second
    assert again == first


def test_a_day_too_short_leaves_out_other_calendars_each_day(apps_script: Any) -> None:
    calendars = [f"{n}@example.org" for n in range(7)]
    served: set[str] = set()
    for day in range(7):
        outcome = apps_script(
            ("daily",),
            http=[{"status": 204, "seconds": 100}],
            properties=followed(*calendars),
            now=NOW + day * DAY,
        )
        assert len(outcome["requests"]) < len(calendars)
        assert outcome["millis"] - NOW - day * DAY < 6 * 60 * 1000
        served.update(relayed(outcome))
    assert served == set(calendars)


def test_a_user_without_calendars_has_a_quiet_day(apps_script: Any) -> None:
    outcome = apps_script(("daily",))
    assert outcome["requests"] == []
    assert outcome["logs"] == []


def test_a_day_without_properties_never_fails_the_trigger(apps_script: Any) -> None:
    outcome = apps_script(("daily",), fails={"Properties.getProperties": "Service error"}, properties=followed(ANN))
    assert outcome["requests"] == []
    assert [log["level"] for log in outcome["logs"]] == ["error"]
