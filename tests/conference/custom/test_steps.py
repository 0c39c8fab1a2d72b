"""Requests of one operation are made in turn, as far as they are needed, and fail as what they are."""

from typing import Any

import pytest

from conference.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    Permanent,
    PermissionDenied,
    SolutionForbidden,
    Temporary,
)
from conference.providers.base import Known, Reply
from tests.conference.custom.asking import ATTEMPT, MADE, ROOMS, Asking, reply

TAKEN = {"error": {"code": "taken"}}
MORE = {"denied": "PERMISSION_DENIED", "maybe": "OUTCOME_UNKNOWN", "who": "CREDENTIALS_REFUSED"}
ONE_AFTER_ANOTHER: dict[str, Any] = {
    "idempotency": "chosen",
    "error_code": "error.code",
    "errors": {"full": "CONFERENCE_SOLUTION_FORBIDDEN", "4711": "TEMPORARY", "1": "TEMPORARY", **MORE},
    "create": [
        {"method": "POST", "url": ROOMS, "json": {"name": "{attempt}"}, "accept": ["taken", 410]},
        {"method": "GET", "url": f"{ROOMS}/{{attempt}}", "after": ["taken"]},
        {"method": "PUT", "url": f"{ROOMS}/{{attempt}}", "after": [410]},
    ],
}


def test_a_request_after_a_refusal_is_made_only_then() -> None:
    plain = Asking(reply(), **ONE_AFTER_ANOTHER)
    taken = Asking(reply(409, TAKEN), reply(), **ONE_AFTER_ANOTHER)
    gone = Asking(Reply(410, {}, b"<p>gone</p>"), reply(), **ONE_AFTER_ANOTHER)

    assert plain.create() == taken.create() == gone.create()
    assert [[asked.method for asked in one.asked] for one in (plain, taken, gone)] == [
        ["POST"],
        ["POST", "GET"],
        ["POST", "PUT"],
    ]


@pytest.mark.parametrize(
    ("status", "body", "failure", "reason"),
    [
        (400, {"error": {"code": "full"}}, SolutionForbidden, "custom-full"),
        (400, {"error": {"code": 4711}}, Temporary, "custom-4711"),
        (400, {"error": {"code": "4711"}}, Temporary, "custom-4711"),
        (400, {"error": {"code": "canary"}}, Permanent, "custom-400"),
        (400, {"error": {"code": True}}, Permanent, "custom-400"),
        (400, {"error": {"code": {}}}, Permanent, "custom-400"),
        (400, {"error": {"code": 1.5}}, Permanent, "custom-400"),
        (400, {"error": {"code": "denied"}}, PermissionDenied, "custom-denied"),
        (400, {"error": {"code": "maybe"}}, OutcomeUnknown, "custom-maybe"),
        (400, {"error": {"code": "who"}}, CredentialsRefused, "custom-who"),
        (200, {"error": {"code": "canary"}}, OutcomeUnknown, "custom-200"),
        (401, None, CredentialsRefused, "custom-401"),
        (409, None, Permanent, "custom-409"),
    ],
)
def test_a_refusal_is_what_the_table_says(status: int, body: Any, failure: type[Exception], reason: str) -> None:
    with pytest.raises(failure) as met:
        Asking(reply(status, body), **ONE_AFTER_ANOTHER).create()
    assert type(met.value) is failure
    assert getattr(met.value, "reason", "") == reason


@pytest.mark.parametrize(
    "value", [None, [], {}, 1.5, 2**54, "x" * 20_000], ids=["none", "list", "table", "part", "large", "long"]
)
def test_what_a_later_request_needs_and_does_not_get_is_a_failure(value: Any) -> None:
    asking = Asking(
        reply(body={"key": value}),
        create=[
            {"method": "POST", "url": ROOMS, "keep": {"key": "key"}},
            {"method": "POST", "url": ROOMS, "headers": {"X-Key": "{kept.key}"}},
        ],
    )
    with pytest.raises(OutcomeUnknown) as met:
        asking.create()
    assert met.value.reason == "malformed-reply"
    assert len(asking.asked) == 1


def test_what_is_not_found_before_anything_is_made_leaves_nothing_open() -> None:
    asking = Asking(
        reply(body={"users": []}),
        create=[
            {"method": "GET", "url": ROOMS, "query": {"user": "{host}"}, "keep": {"user": "users[0].id"}},
            {"method": "POST", "url": f"{ROOMS}/{{kept.user}}"},
        ],
    )
    with pytest.raises(Permanent) as met:
        asking.create()
    assert met.value.reason == "value-missing"


@pytest.mark.parametrize("id", ["", ".", ".."])
def test_an_id_that_names_no_place_is_not_asked_with(id: str) -> None:
    asking = Asking(delete=[{"method": "DELETE", "url": f"{ROOMS}/{{id}}"}])
    with pytest.raises(Permanent) as met:
        asking.options.behind.delete(Known(id, ATTEMPT), asking.call())
    assert met.value.reason == "value-missing"
    assert not asking.asked


HOST_TOKEN: dict[str, Any] = {
    "client_id": "client id",
    "client_secret": "secret:client",
    "authentication": {
        "type": "client_credentials",
        "token": "https://id.example.org/token",
        "scope": "{host}",
        "client": "basic",
    },
}


def test_a_token_for_the_host_is_asked_for_once_in_an_operation() -> None:
    twice = [{"method": "POST", "url": ROOMS}, {"method": "POST", "url": ROOMS}]
    asking = Asking(reply(body={"access_token": "token"}), reply(), **{**HOST_TOKEN, "create": twice})

    asking.create()

    asked = asking.asked
    assert [one.url for one in asked] == ["https://id.example.org/token", ROOMS, ROOMS]
    assert asked[0].form == {"grant_type": "client_credentials", "scope": "host@example.org"}
    assert asked[0].headers == {"Authorization": "Basic Y2xpZW50K2lkOmNhbmFyeQ=="}
    assert [one.headers["Authorization"] for one in asked[1:]] == ["Bearer token"] * 2


@pytest.mark.parametrize(
    "refusal",
    [reply(500, None), reply(200, None), reply(200, {"access_token": 7}), reply(200, {"access_token": "a\nb"})],
    ids=["a defect", "nothing", "no text", "two lines"],
)
def test_a_token_that_does_not_come_leaves_nothing_open(refusal: Reply) -> None:
    asking = Asking(refusal, **HOST_TOKEN)
    with pytest.raises(Temporary) as met:
        asking.create()
    assert not isinstance(met.value, OutcomeUnknown)
    assert not asking.calls[0].may_have_acted


def test_what_was_made_is_unknown_when_the_request_itself_breaks() -> None:
    asking = Asking(reply(body={"access_token": "token"}), reply(500, MADE), **HOST_TOKEN)
    with pytest.raises(OutcomeUnknown):
        asking.create()
    assert asking.calls[0].may_have_acted
