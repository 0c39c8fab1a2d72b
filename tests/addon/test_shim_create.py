"""Calendar gets the conference that the function answered, or a ConferenceError, whatever happens on the way."""

import base64
import json
from typing import Any

import pytest

ARGUMENT = {"eventData": {"calendarId": "ann@example.org", "eventId": "event-1"}}
CREATE = ("onCreate_jitsi", ARGUMENT)
VIDEO = {"entryPointType": "VIDEO", "uri": "https://meet.example.org/room"}
CONFERENCE = {
    "conferenceId": "room",
    "conferenceSolutionId": "jitsi",
    "entryPoints": [VIDEO],
    "conferenceParameters": [{"key": "anyroom", "value": "key-of-the-mapping"}],
}
TEMPORARY = {"error": {"conferenceErrorType": "TEMPORARY"}}


def created(outcome: dict[str, Any]) -> Any:
    """The ConferenceData of the only call, as Google's builders hold it."""
    [answer] = outcome["answers"]
    return answer["conferenceData"]


def answering(data: Any) -> list[dict[str, Any]]:
    return [{"body": {"conferenceData": data}}]


def test_the_function_is_asked_as_the_user(apps_script: Any) -> None:
    outcome = apps_script(("onCreate_my_zoom", ARGUMENT), http=answering(CONFERENCE))
    [request] = outcome["requests"]
    assert request["url"] == "https://rooms.example.org/conferences?solution=my-zoom"
    assert request["contentType"] == "application/json"
    assert request["followRedirects"] is False
    assert request["body"] == {
        "calendarId": "ann@example.org",
        "eventId": "event-1",
        "oauthToken": "ya29.oauth-token-of-the-user",
    }
    kind, token = request["headers"]["Authorization"].split(" ")
    claims = token.split(".")[1]
    assert kind == "Bearer"
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["email"] == "ann@example.org"


def test_a_conference_arrives_with_everything_that_calendar_can_hold(apps_script: Any) -> None:
    whole = {
        "conferenceId": "room",
        "conferenceSolutionId": "jitsi",
        "entryPoints": [
            {**VIDEO, "meetingCode": "1", "accessCode": "2", "passcode": "3", "password": "4", "pin": "5"},
            {
                "entryPointType": "PHONE",
                "uri": "tel:+12345678900,,,123;1#",
                "pin": "123",
                "regionCode": "US",
                "features": ["TOLL_FREE"],
            },
            {"entryPointType": "SIP", "uri": "sip:room@meet.example.org"},
            {"entryPointType": "MORE", "uri": "http://meet.example.org/help"},
        ],
        "conferenceParameters": [{"key": "anyroom", "value": "k"}, {"key": "adminEmail", "value": "ann@example.org"}],
        "notes": "<b>Recorded</b> \u2028 \U0001f600",
    }
    assert created(apps_script(CREATE, http=answering(whole))) == whole


def test_what_calendar_cannot_hold_in_a_script_is_left_out(apps_script: Any) -> None:
    labelled = {**CONFERENCE, "entryPoints": [{**VIDEO, "label": "meet.example.org", "pin": None, "passcode": ""}]}
    assert created(apps_script(CREATE, http=answering({**labelled, "notes": ""}))) == CONFERENCE


@pytest.mark.parametrize(
    "kind", ["CONFERENCE_SOLUTION_FORBIDDEN", "PERMANENT", "PERMISSION_DENIED", "TEMPORARY", "UNKNOWN"]
)
def test_an_error_keeps_its_type(kind: str, apps_script: Any) -> None:
    error = {"error": {"conferenceErrorType": kind}}
    outcome = apps_script(CREATE, http=answering(error))
    assert created(outcome) == error
    [log] = outcome["logs"]
    assert log["message"] == "Anyroom: the function refused a conference of jitsi"


def test_a_user_who_must_sign_in_gets_the_address(apps_script: Any) -> None:
    error = {
        "error": {
            "conferenceErrorType": "AUTHENTICATION",
            "authenticationUrl": "https://rooms.example.org/connect/zoom?s=1",
        }
    }
    assert created(apps_script(CREATE, http=answering(error))) == error


@pytest.mark.parametrize(
    "answer",
    [
        {"throws": "Address unavailable: https://rooms.example.org/conferences?solution=jitsi"},
        {"throws": "Timeout: https://rooms.example.org/conferences?solution=jitsi"},
        {"status": 302, "body": {"conferenceData": CONFERENCE}},
        {"status": 401, "body": {"error": "unauthenticated"}},
        {"status": 404, "body": ""},
        {"status": 500, "body": {"conferenceData": CONFERENCE}},
        {"status": 503, "body": "<html>"},
        {"status": 202, "body": {"conferenceData": CONFERENCE}},
        {"status": 204, "body": ""},
        {"body": ""},
        {"body": "<html>no JSON</html>"},
        {"body": "null"},
        {"body": "[]"},
        {"body": "7"},
        {"body": {}},
        {"body": {"conferenceData": None}},
        {"body": {"conferenceData": "room"}},
    ],
    ids=lambda answer: json.dumps(answer)[:40],
)
def test_no_answer_or_a_strange_one_is_temporary(answer: dict[str, Any], apps_script: Any) -> None:
    outcome = apps_script(CREATE, http=[answer])
    assert created(outcome) == TEMPORARY
    assert len(outcome["requests"]) == 1
    assert [log["level"] for log in outcome["logs"]] == ["error"]
    assert outcome["triggersMade"] == []
    assert outcome["properties"] == {}


PHONE = {"entryPointType": "PHONE", "uri": "tel:+1"}
MORE = {"entryPointType": "MORE", "uri": "https://meet.example.org/more"}
LONG_URI = "https://meet.example.org/"
AT_THE_LIMIT = [
    {"conferenceId": "x" * 512},
    {"entryPoints": [{**VIDEO, "uri": LONG_URI.ljust(1300, "x")}]},
    *({"entryPoints": [{**VIDEO, code: "x" * 128}]} for code in ("pin", "accessCode", "meetingCode", "passcode")),
    {"entryPoints": [{**VIDEO, "password": "x" * 128}]},
    {"entryPoints": [VIDEO, *[PHONE] * 299]},
    {"notes": "x" * 2048},
    {"conferenceParameters": [{"key": "x" * 50, "value": "x" * 1024}] * 300},
]
PAST_THE_LIMIT = [
    {"conferenceId": "x" * 513},
    {"conferenceId": ""},
    {"conferenceId": 7},
    {"conferenceId": None},
    {"entryPoints": [{**VIDEO, "uri": LONG_URI.ljust(1301, "x")}]},
    *({"entryPoints": [{**VIDEO, code: "x" * 129}]} for code in ("pin", "accessCode", "meetingCode", "passcode")),
    {"entryPoints": [{**VIDEO, "password": "x" * 129}]},
    {"entryPoints": [VIDEO, *[PHONE] * 300]},
    {"notes": "x" * 2049},
    {"conferenceParameters": [{"key": "k", "value": "v"}] * 301},
    {"conferenceParameters": [{"key": "x" * 51, "value": "v"}]},
    {"conferenceParameters": [{"key": "k", "value": "x" * 1025}]},
    {"conferenceParameters": [{"key": "k"}]},
    {"conferenceParameters": [None]},
    {"conferenceParameters": {"key": "value"}},
    {"entryPoints": []},
    {"entryPoints": None},
    {"entryPoints": "https://meet.example.org/room"},
    {"entryPoints": [None]},
    {"entryPoints": [MORE]},
    {"entryPoints": [VIDEO, VIDEO]},
    {"entryPoints": [VIDEO, MORE, MORE]},
    {"entryPoints": [{"entryPointType": "VIDEO"}]},
    {"entryPoints": [{"entryPointType": "VIDEO", "uri": "javascript:alert(1)"}]},
    {"entryPoints": [{"entryPointType": "PHONE", "uri": "https://meet.example.org"}]},
    {"entryPoints": [{"entryPointType": "video", "uri": LONG_URI}]},
    {"entryPoints": [{"entryPointType": "HOLOGRAM", "uri": LONG_URI}]},
    {"entryPoints": [{"entryPointType": "toString", "uri": LONG_URI}]},
    {"entryPoints": [{"uri": LONG_URI}]},
    {"entryPoints": [{**VIDEO, "regionCode": "US"}]},
    {"entryPoints": [{**VIDEO, "features": ["TOLL"]}]},
    {"entryPoints": [{**PHONE, "features": ["TOLL", "TOLL_FREE"]}]},
    {"entryPoints": [{**PHONE, "features": ["VIP"]}]},
    {"entryPoints": [{**PHONE, "features": "TOLL"}]},
    {"conferenceSolutionId": None},
]


@pytest.mark.parametrize("change", AT_THE_LIMIT, ids=lambda change: json.dumps(change)[:60])
def test_what_googles_builder_just_takes_is_passed_on(change: dict[str, Any], apps_script: Any) -> None:
    data = {**CONFERENCE, **change}
    assert created(apps_script(CREATE, http=answering(data))) == data


@pytest.mark.parametrize("change", PAST_THE_LIMIT, ids=lambda change: json.dumps(change)[:60])
def test_what_googles_builder_refuses_is_temporary(change: dict[str, Any], apps_script: Any) -> None:
    outcome = apps_script(CREATE, http=answering({**CONFERENCE, **change}))
    assert created(outcome) == TEMPORARY
    assert [log["level"] for log in outcome["logs"]] == ["error"]
    assert outcome["triggersMade"] == []


@pytest.mark.parametrize(
    "error",
    [
        {"conferenceErrorType": "AUTHENTICATION", "authenticationUrl": "not a URL"},
        {"conferenceErrorType": "AUTHENTICATION", "authenticationUrl": "ftp://rooms.example.org/"},
        {"conferenceErrorType": "AUTHENTICATION", "authenticationUrl": LONG_URI.ljust(1801, "x")},
        {"conferenceErrorType": "BUSY"},
        {},
    ],
)
def test_an_error_that_googles_builder_refuses_is_temporary(error: dict[str, Any], apps_script: Any) -> None:
    assert created(apps_script(CREATE, http=answering({"error": error}))) == TEMPORARY


def test_an_address_to_sign_in_may_have_1800_characters(apps_script: Any) -> None:
    error = {"error": {"conferenceErrorType": "AUTHENTICATION", "authenticationUrl": LONG_URI.ljust(1800, "x")}}
    assert created(apps_script(CREATE, http=answering(error))) == error


@pytest.mark.parametrize("argument", [None, {}, {"eventData": None}])
def test_a_call_without_an_event_is_temporary_and_asks_nobody(argument: Any, apps_script: Any) -> None:
    outcome = apps_script(("onCreate_jitsi", argument), http=answering(CONFERENCE))
    assert created(outcome) == TEMPORARY
    assert outcome["requests"] == []


@pytest.mark.parametrize("scope", ["openid", "https://www.googleapis.com/auth/script.external_request"])
def test_without_the_scope_to_ask_the_answer_is_temporary(
    scope: str, apps_script: Any, manifest: dict[str, Any]
) -> None:
    manifest["oauthScopes"].remove(scope)
    outcome = apps_script(CREATE, http=answering(CONFERENCE), manifest=manifest)
    assert created(outcome) == TEMPORARY
    assert outcome["requests"] == []
    assert len(outcome["logs"]) == 1


def test_a_function_off_the_whitelist_is_temporary(apps_script: Any, manifest: dict[str, Any]) -> None:
    manifest["urlFetchWhitelist"] = ["https://elsewhere.example.org/"]
    outcome = apps_script(CREATE, http=answering(CONFERENCE), manifest=manifest)
    assert created(outcome) == TEMPORARY
    assert outcome["requests"] == []


@pytest.mark.parametrize(
    "scenario",
    [
        {"http": [{"throws": "Invalid header Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.e30.x for ann@example.org"}]},
        {"http": [{"throws": "Not found: ann@example.org"}]},
        {"http": [{"status": 500, "body": "ann@example.org ya29.oauth-token-of-the-user"}]},
        {"http": answering(CONFERENCE), "refuses": "setUri"},
        {"http": answering(CONFERENCE), "refuses": "setConferenceId"},
        {"http": answering(CONFERENCE), "fails": {"TriggerBuilder.forUserCalendar": "No calendar ann@example.org"}},
    ],
    ids=["header", "address", "body", "uri", "id", "trigger"],
)
def test_the_log_says_why_without_tokens_addresses_or_links(scenario: dict[str, Any], apps_script: Any) -> None:
    logs = apps_script(CREATE, **scenario)["logs"]
    assert [log["level"] for log in logs] == ["error"]
    said = logs[0]["message"]
    for secret in ("eyJ", "ya29", "@", "example.org", "event-1", "room"):
        assert secret not in said.removeprefix("Anyroom: ")
    assert len(said) > len("Anyroom: ")


def test_a_builder_that_refuses_is_named_in_the_log(apps_script: Any) -> None:
    [log] = apps_script(CREATE, http=answering(CONFERENCE), refuses="setUri")["logs"]
    assert log["message"] == "Anyroom: no conference of jitsi: setUri refused what the function answered"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"status": 503}, "the function answered 503"),
        (
            {"status": 404, "headers": {"X-Request-Id": "0123456789abcdef"}},
            "the function answered 404, request 0123456789abcdef",
        ),
        ({"status": 404, "headers": {"X-Request-Id": "about ada@example.com"}}, "the function answered 404"),
        ({"body": "<html>"}, "the function did not answer with JSON"),
        ({"body": "null"}, "the function did not answer with a JSON object"),
        ({"body": {"conferenceData": None}}, "the answer holds no conferenceData"),
        (
            answering({"error": {"conferenceErrorType": "BUSY"}})[0],
            "the answer names a type that Calendar does not know",
        ),
    ],
)
def test_a_strange_answer_is_described_in_the_log(answer: dict[str, Any], reason: str, apps_script: Any) -> None:
    log = apps_script(CREATE, http=[answer])["logs"][-1]
    assert log["message"] == f"Anyroom: no conference of jitsi: {reason}"


def test_the_settings_page_is_the_users_own(apps_script: Any) -> None:
    own = "https://rooms.example.org/settings?token=1"
    outcome = apps_script(("getSettingsUrl",), http=[{"body": {"settingsUrl": own}}])
    assert outcome["answers"] == [own]
    [request] = outcome["requests"]
    assert request["url"] == "https://rooms.example.org/settings-url"
    assert request["headers"]["Authorization"].startswith("Bearer eyJ")
    assert request["body"] == {}


@pytest.mark.parametrize(
    "answer",
    [
        {"throws": "DNS error: https://rooms.example.org"},
        {"status": 503},
        {"body": "no JSON"},
        {"body": {}},
        {"body": {"settingsUrl": ""}},
        {"body": {"settingsUrl": 7}},
    ],
)
def test_the_settings_page_can_be_opened_when_the_function_fails(answer: dict[str, Any], apps_script: Any) -> None:
    outcome = apps_script(("getSettingsUrl",), http=[answer])
    assert outcome["answers"] == ["https://rooms.example.org/settings"]
    assert len(outcome["logs"]) == 1
