"""Both wire shapes are read tolerantly, bad input is refused with a reason, and both are rendered in Google's words."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conference import addon
from conference.addon import AddOnRequest
from conference.data import ConferenceData, ConferenceFailed, EntryPoint, Parameter
from conference.errors import BadRequest

ANSWER = ConferenceData(
    "room-1",
    "demo",
    (
        EntryPoint("VIDEO", "https://meet.example.org/room-1", label="meet.example.org/room-1", passcode="123"),
        EntryPoint("PHONE", "tel:+12025550123,,,987%23;1", pin="987", region_code="US", features=("TOLL",)),
        EntryPoint("SIP", "sip:room-1@example.org", access_code="7", meeting_code="8", password="9"),
    ),
    (Parameter("anyroom", "k1"), Parameter("adminEmail", "host@example.org")),
    "Be kind.",
)


def read(message: Any) -> AddOnRequest:
    return addon.parse(json.dumps(message).encode())


def refused(body: bytes) -> str:
    with pytest.raises(BadRequest) as error:
        addon.parse(body)
    return error.value.reason


def test_the_script_sends_two_ids_and_a_token() -> None:
    sent = {"calendarId": "c1", "eventId": "e1", "oauthToken": "t1", "more": [1]}
    assert read(sent) == AddOnRequest("script", "c1", "e1", "t1")


@pytest.mark.parametrize(
    "calendar",
    [
        {"calendar": {"calendarId": "c1", "id": "e1"}},
        {"calendar": {"calendarId": "c1", "eventId": "e1"}},
        {"calendarEventObject": {"calendarId": "c1", "id": "e1"}},
        {"eventData": {"calendarId": "c1", "eventId": "e1"}},
        {"calendar": {"eventData": {"calendarId": "c1", "eventId": "e1"}}},
    ],
)
@pytest.mark.parametrize("spelling", ["userOAuthToken", "userOauthToken"])
def test_an_http_addon_is_read_in_every_spelling_that_google_might_send(
    calendar: dict[str, Any], spelling: str
) -> None:
    authorization = {spelling: "t1", "userIdToken": "i1", "systemIdToken": "s1"}
    message = {"commonEventObject": {"hostApp": "CALENDAR"}, "authorizationEventObject": authorization, **calendar}
    assert read(message) == AddOnRequest("addon", "c1", "e1", "t1", "i1")


def test_primary_is_the_callers_own_calendar_and_ids_of_calendars_are_lower_case() -> None:
    assert read({"calendarId": "primary"}).of("ada@example.com").calendar_id == "ada@example.com"
    assert read({"calendarId": "Ada@Example.COM", "eventId": "AbC"}).of("x") == AddOnRequest(
        "script", "ada@example.com", "AbC"
    )


@pytest.mark.parametrize("missing", ["calendarId", "eventId", "oauthToken"])
def test_what_is_needed_and_missing_is_named(missing: str) -> None:
    sent = {"calendarId": "c1", "eventId": "e1", "oauthToken": "t1"}
    del sent[missing]
    with pytest.raises(BadRequest) as error:
        addon.require_event(read(sent))
    assert error.value.reason == "missing-field"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "malformed-json"),
        (b"{", "malformed-json"),
        (b"\xff\xfe", "malformed-json"),
        (b'{"calendarId": "a", "calendarId": "b"}', "malformed-json"),
        (b'{"a": 1e400}', "malformed-json"),
        (b'{"a": NaN}', "malformed-json"),
        (b'{"a": -Infinity}', "malformed-json"),
        (b'{"a": ' + b"9" * 100_000 + b"}", "malformed-json"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "malformed-json"),
        (b"[]", "not-an-object"),
        (b"null", "not-an-object"),
        (b'"text"', "not-an-object"),
        (b'{"calendarId": 7}', "wrong-type"),
        (b'{"calendarId": ["c"]}', "wrong-type"),
        (b'{"authorizationEventObject": [], "calendar": {}}', "wrong-type"),
        (b'{"commonEventObject": {}, "calendar": "c"}', "wrong-type"),
        (json.dumps({"calendarId": "c" * 801}).encode(), "too-long"),
        (json.dumps({"eventId": "é" * 400}).encode(), "too-long"),
        (b'{"eventId": ".."}', "bad-id"),
        (json.dumps({"oauthToken": "t" * 8193}).encode(), "too-long"),
        (b'{"calendarId": "a\\u0000b"}', "bad-id"),
        (b'{"calendarId": "\\ud800"}', "bad-id"),
        (b'{"eventId": " e"}', "bad-id"),
        (b'{"oauthToken": "a\\r\\nX-Evil: 1"}', "bad-token"),
        (b'{"oauthToken": "a b"}', "bad-token"),
        ('{"oauthToken": "é"}'.encode(), "bad-token"),
    ],
)
def test_f27_bad_input_is_refused_with_a_reason(body: bytes, reason: str) -> None:
    assert refused(body) == reason


@given(
    st.binary(max_size=300)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["calendarId", "eventId", "oauthToken", "calendar", "authorizationEventObject"]), inner
            )
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_f27_any_body_is_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(BadRequest):
        assert isinstance(addon.parse(body), AddOnRequest)


def test_the_script_gets_the_names_of_its_builders() -> None:
    assert addon.render("script", ANSWER) == {
        "conferenceData": {
            "conferenceId": "room-1",
            "conferenceSolutionId": "demo",
            "entryPoints": [
                {"entryPointType": "VIDEO", "uri": "https://meet.example.org/room-1", "passcode": "123"},
                {
                    "entryPointType": "PHONE",
                    "uri": "tel:+12025550123,,,987%23;1",
                    "pin": "987",
                    "regionCode": "US",
                    "features": ["TOLL"],
                },
                {
                    "entryPointType": "SIP",
                    "uri": "sip:room-1@example.org",
                    "accessCode": "7",
                    "meetingCode": "8",
                    "password": "9",
                },
            ],
            "conferenceParameters": [
                {"key": "anyroom", "value": "k1"},
                {"key": "adminEmail", "value": "host@example.org"},
            ],
            "notes": "Be kind.",
        }
    }


def test_an_http_addon_gets_the_markup_with_labels_and_one_note() -> None:
    bare = addon.render("addon", ANSWER)
    created = bare["hostAppAction"]["calendarAction"]["createConferenceDataActionMarkup"]["createConferenceData"]
    assert created["note"] == "Be kind."
    assert created["parameters"][0] == {"key": "anyroom", "value": "k1"}
    assert created["entryPoints"][0] == {
        "type": "VIDEO",
        "uri": "https://meet.example.org/room-1",
        "label": "meet.example.org/room-1",
        "passcode": "123",
    }
    assert addon.render("addon", ANSWER, wrapped=True) == {"renderActions": bare}


@pytest.mark.parametrize(
    ("failed", "script", "markup"),
    [
        (
            ConferenceFailed("AUTHENTICATION", "https://x.example/in"),
            {"conferenceErrorType": "AUTHENTICATION", "authenticationUrl": "https://x.example/in"},
            {"type": "AUTHENTICATION", "authenticationUrl": "https://x.example/in"},
        ),
        (ConferenceFailed("TEMPORARY"), {"conferenceErrorType": "TEMPORARY"}, {"type": "TEMPORARY"}),
    ],
)
def test_an_error_stands_alone(failed: ConferenceFailed, script: dict[str, str], markup: dict[str, str]) -> None:
    assert addon.render("script", failed) == {"conferenceData": {"error": script}}
    action = addon.render("addon", failed)["hostAppAction"]["calendarAction"]
    assert action == {"createConferenceDataActionMarkup": {"createConferenceData": {"error": markup}}}


def test_the_settings_address_in_both_shapes() -> None:
    assert addon.render_settings_url("script", "https://x/settings") == {"settingsUrl": "https://x/settings"}
    action = addon.render_settings_url("addon", "https://x/settings", wrapped=True)["renderActions"]
    assert action["hostAppAction"]["calendarAction"] == {
        "createConferenceSettingUrlActionMarkup": {"settingsUrl": "https://x/settings"}
    }
