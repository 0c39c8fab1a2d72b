"""What a token endpoint says is read tolerantly, checked, and never repeated."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conference.errors import (
    ConferenceFailure,
    CredentialsRefused,
    NotConnected,
    OutcomeUnknown,
    Permanent,
    Temporary,
)
from conference.providers.base import Reply
from conference.token_reply import LIFETIME, Granted, missing, read, refusal

CANARY = "canary-5fbb0c1e"
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def reply(body: Any, status: int = 200, **headers: str) -> Reply:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def granted(**fields: Any) -> Granted:
    return read(reply({"access_token": CANARY, "token_type": "Bearer", "expires_in": 60, **fields}))


def test_tokens_scopes_and_lifetime_are_read() -> None:
    got = granted(refresh_token="r", scope="a b")
    assert got == Granted(CANARY, "r", frozenset({"a", "b"}), 60.0)


@pytest.mark.parametrize("scope", ["b a", "b,a", "b, a", ["a", "b"]])
def test_scopes_are_a_list_in_any_spelling(scope: Any) -> None:
    assert granted(scope=scope).scopes == frozenset({"a", "b"})


@pytest.mark.parametrize("fields", [{}, {"scope": ""}, {"scope": None}, {"scope": []}, {"scope": 7}])
def test_scopes_that_are_not_told_are_not_known(fields: dict[str, Any]) -> None:
    assert granted(**fields).scopes is None


@pytest.mark.parametrize("fields", [{}, {"refresh_token": ""}, {"refresh_token": None}])
def test_a_refresh_token_may_be_left_out(fields: dict[str, Any]) -> None:
    assert granted(**fields).refresh_token == ""


@pytest.mark.parametrize(
    ("value", "seconds"), [(3599, 3599.0), ("3599", 3599.0), (12.5, 12.5), (1, 1.0), (10**12, 400 * 86400.0)]
)
def test_f69_a_lifetime_is_a_number_in_any_spelling(value: Any, seconds: float) -> None:
    assert granted(expires_in=value).lifetime == seconds


@pytest.mark.parametrize("value", [0, -1, "0", "", "soon", None, True, [], {}, "nan", "inf", "-inf", 10**400])
def test_f69_a_lifetime_that_says_nothing_is_an_hour(value: Any) -> None:
    assert granted(expires_in=value).lifetime == LIFETIME


def test_f69_a_lifetime_that_is_missing_is_an_hour() -> None:
    assert read(reply({"access_token": "t"})).lifetime == LIFETIME


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>" + CANARY.encode(),
        b"[" * 100_000,
        [CANARY],
        {"refresh_token": CANARY},
        {"access_token": ""},
        {"access_token": 7},
        {"access_token": f"{CANARY}\r\nX: y"},
        {"access_token": f"{CANARY} "},
        {"access_token": "é"},
        {"access_token": "a" * 16_385},
        {"access_token": CANARY, "token_type": "mac"},
        {"access_token": CANARY, "token_type": None},
        {"access_token": CANARY, "refresh_token": f"{CANARY}\n"},
        {"access_token": CANARY, "refresh_token": 7},
    ],
)
def test_f68_a_success_without_a_usable_token_leaves_open_what_has_happened(body: Any) -> None:
    with pytest.raises(OutcomeUnknown) as raised:
        read(reply(body))
    assert raised.value.reason == "token-malformed"
    assert CANARY not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_token_has_at_most_sixteen_kilobytes() -> None:
    longest = "a" * 16_384
    assert read(reply({"access_token": longest})).access_token == longest


def test_an_id_token_comes_along_where_it_is_one() -> None:
    assert granted(id_token="a.b.c").id_token == "a.b.c"
    assert [granted(id_token=value).id_token for value in (7, None, "a b")] == ["", "", ""]


def test_what_is_not_told_is_nothing_and_a_token_lasts_an_hour() -> None:
    assert Granted("t") == Granted("t", "", None, 3600.0, "")


def test_what_was_granted_shows_no_token() -> None:
    assert repr(granted()) == "Granted(...)"
    assert CANARY not in repr(granted(refresh_token=CANARY)) + str(granted())


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (400, {"error": "invalid_grant"}, NotConnected),
        (401, {"error": "invalid_grant"}, NotConnected),
        (400, {"error": "interaction_required", "error_codes": [50076]}, NotConnected),
        (400, {"reason": "Invalid Token!", "error": "invalid_grant"}, NotConnected),
        (401, {"error": "invalid_client", "error_codes": [7000215]}, CredentialsRefused),
        (400, {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}, CredentialsRefused),
        (400, {"error": "unauthorized_client", "error_codes": [700016]}, CredentialsRefused),
        (400, {"error": "invalid_scope"}, Permanent),
        (400, {"error": "invalid_request", "code": 4711}, NotConnected),
        (400, {"error": "invalid_request", "code": "4741"}, NotConnected),
        (400, {"errorCode": 4702}, CredentialsRefused),
        (400, {"error": "invalid_request", "code": 4709}, Permanent),
        (400, {"error": "invalid_grant", "code": 4700}, NotConnected),
        (400, {"error": "temporarily_unavailable"}, Temporary),
        (429, {"error": "invalid_grant"}, Temporary),
        (503, {"error": "invalid_grant"}, Temporary),
        (400, {"error": "server_error"}, OutcomeUnknown),
        (500, {"error": "invalid_grant"}, OutcomeUnknown),
        (502, b"<html>", OutcomeUnknown),
        (400, {"message": "POST failed", "errors": []}, NotConnected),
        (401, {"message": "The refresh token provided is expired"}, NotConnected),
        (401, {"message": "Authentication failed"}, CredentialsRefused),
        (403, {"message": "The refresh token provided is expired"}, Permanent),
        (400, b"<html>Bad request", Permanent),
        (404, {"error": ["invalid_grant"]}, Permanent),
        (302, b"", Permanent),
    ],
)
def test_a_refusal_is_whose_it_is(status: int, body: Any, failure: type[ConferenceFailure]) -> None:
    assert type(refusal(reply(body, status), NOW)) is failure


WORDS: dict[str, type[ConferenceFailure]] = {
    "invalid_grant": NotConnected,
    "interaction_required": NotConnected,
    "consent_required": NotConnected,
    "login_required": NotConnected,
    "access_denied": NotConnected,
    "invalid_client": CredentialsRefused,
    "unauthorized_client": CredentialsRefused,
    "temporarily_unavailable": Temporary,
    "slow_down": Temporary,
    "server_error": OutcomeUnknown,
    "invalid_request": Permanent,
    "invalid_scope": Permanent,
    "unsupported_grant_type": Permanent,
}


@pytest.mark.parametrize(("word", "failure"), WORDS.items(), ids=WORDS)
@pytest.mark.parametrize("status", [400, 401, 403])
def test_each_word_of_the_standards_means_one_thing_whatever_the_status(
    word: str, failure: type[ConferenceFailure], status: int
) -> None:
    refused = refusal(reply({"error": word}, status), NOW)
    assert type(refused) is failure
    assert refused.detail == f"the token endpoint answered {status} {word}"


REASONS = {"grant-refused": NotConnected, "token-refused": CredentialsRefused, "token-unavailable": Temporary}


@pytest.mark.parametrize(("reason", "failure"), REASONS.items(), ids=REASONS)
def test_the_reason_says_whose_it_is(reason: str, failure: type[ConferenceFailure]) -> None:
    word = next(word for word, of in WORDS.items() if of is failure)
    assert refusal(reply({"error": word}, 400), NOW).reason == reason


CODES: dict[int, type[ConferenceFailure]] = {
    **dict.fromkeys((4702, 4704, 4706), CredentialsRefused),
    **dict.fromkeys((4705, 4709, 4717, 4738), Permanent),
    **dict.fromkeys((4711, 4733, 4734, 4735, 4737, 4740, 4741), NotConnected),
}


@pytest.mark.parametrize("code", range(4695, 4750))
def test_each_code_of_zoom_s_means_one_thing_whatever_its_word(code: int) -> None:
    for word in ("invalid_request", "invalid_client"):
        assert type(refusal(reply({"error": word, "code": code}, 400), NOW)) is CODES.get(code, WORDS[word])


@pytest.mark.parametrize("status", range(400, 430))
def test_some_statuses_speak_of_the_moment_only(status: int) -> None:
    passes = status in (408, 425, 429)
    assert isinstance(refusal(reply({"error": "invalid_grant"}, status), NOW), Temporary) == passes


def test_a_status_that_is_no_refusal_of_tokens_says_nothing_of_them() -> None:
    assert type(refusal(reply({"message": "the refresh token"}, 404), NOW)) is Permanent
    assert type(refusal(reply({"message": "The Refresh Token is over"}, 401), NOW)) is NotConnected


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        ([999, 1000, 9_999_999, 10_000_000], "1000 9999999"),
        ([1001, 1002, 1003, 1004, 1005], "1001 1002 1003 1004"),
        (["1001", 1002.5, True, None, "1e3"], "1001 1002 1000"),
    ],
)
def test_codes_are_numbers_of_four_to_seven_digits_and_four_at_most(codes: list[Any], told: str) -> None:
    assert refusal(reply({"error_codes": codes}, 404), NOW).detail == f"the token endpoint answered 404 {told}"


def test_a_refusal_tells_its_word_and_its_numbers_and_nothing_else_of_the_server_s() -> None:
    body = {
        "error": "invalid_grant",
        "error_description": f"AADSTS700082: {CANARY}",
        "error_codes": [700082, CANARY, -4],
        "reason": CANARY,
    }
    refused = refusal(reply(body, 400), NOW)
    assert str(refused) == "grant-refused: the token endpoint answered 400 invalid_grant 700082"


@given(st.text(), st.sampled_from([400, 401, 403, 500]))
def test_a_word_that_nobody_knows_is_not_repeated(word: str, status: int) -> None:
    told = str(refusal(reply({"error": f"{CANARY}{word}"}, status), NOW))
    assert CANARY not in told


def test_a_pause_that_the_server_asks_for_is_told() -> None:
    refused = refusal(reply({}, 429, Retry_After="7"), NOW)
    assert isinstance(refused, Temporary)
    assert refused.retry_after == 7.0


def test_missing_scopes_are_those_that_were_asked_for_and_not_granted() -> None:
    assert missing(("a:read", "a:write"), frozenset({"a:read", "b"})) == {"a:write"}
    assert missing((), frozenset()) == frozenset()


def test_a_scope_may_be_told_with_its_resource_and_in_another_case() -> None:
    assert (
        missing(("OnlineMeetings.ReadWrite",), frozenset({"https://graph.example/onlinemeetings.readwrite"})) == set()
    )


def test_scopes_that_servers_do_not_report_are_not_missing() -> None:
    assert missing(("openid", "offline_access", "email", "profile", "a"), frozenset({"a"})) == frozenset()
