"""Whatever is asked of any route, the answer is one that openapi.yaml has: no defect, no trace, and soon."""

import re
from collections.abc import Iterator
from functools import partial
from itertools import chain, count, repeat
from time import monotonic
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from werkzeug.test import Client, TestResponse

from tests.fuzz.doors import Doors, Good, Person, Request, encoded, filled
from tests.fuzz.fuzzed import OPERATIONS
from tests.fuzz.fuzzed import function as function
from tests.served import Function
from tests.thorough import REQUESTS

Operation: TypeAlias = APIOperation[Any, Any, Any, Any]
AnyCase: TypeAlias = Case[Operation]
DOORS = {
    "user": Doors.user,
    "task": Doors.task,
    "channel": Doors.channel,
    "signature": Doors.signature,
    "session": Doors.session,
}
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
OURS = re.compile(r'Traceback|File "|\.py[":,\s)]|site-packages|/conference/|sqlite|werkzeug|Exception')
"""What an answer would have in it if it told of its inside."""
LIMIT = 20.0
"""Seconds in which we promise an answer."""
MOSTLY = st.sampled_from([True, True, True, False])
NAMES = ["calendarId", "eventId", "id", "oauthToken", "userIdToken", "form", "state", "code", "link", "name"]
"""Fields in which a request may be spoilt that is good otherwise."""
BEHIND = {
    ("POST", "/conferences"): 200,
    ("POST", "/settings-url"): 200,
    ("POST", "/calendar-changes"): 204,
    ("POST", "/sync"): 200,
    ("POST", "/sweep"): 204,
    ("POST", "/notifications"): 204,
    ("POST", "/webhooks/{solution}"): 204,
    ("GET", "/settings"): 200,
    ("GET", "/connect/{solution}"): 303,
    ("GET", "/join/{token}"): 200,
    ("POST", "/join/{token}"): 303,
    ("GET", "/sign-in"): 303,
    ("GET", "/oauth/callback/{solution}"): 200,
    **{("POST", path): 303 for path in ("/disconnect/{solution}", "/test/{solution}", "/forget", "/sign-out")},
}
"""What a request is answered with that got behind the door."""


@pytest.fixture(scope="module")
def doors(function: Function) -> Doors:
    return Doors(function)


@pytest.fixture(scope="module")
def people(function: Function) -> Iterator[Person]:
    """One after another for ten requests each, so that nobody's budget is used up."""
    add = function.simulator.add_user
    newcomers = (Person(function, add(f"fuzz{number}@example.com")) for number in count())
    return chain.from_iterable(repeat(person, 10) for person in newcomers)


def door(operation: Operation) -> str:
    """The first of the operation's proofs, "" where it needs none."""
    [first, *_] = operation.definition.raw.get("security", [{}])
    return next(iter(first), "")


def request_of(case: AnyCase, spoilt: set[str], good: Good) -> Request:
    """A case as it is sent; what is spoilt stays as it was generated."""
    kept = {name: value for name, value in good.items() if name not in spoilt}
    body = encoded(filled(case.body, kept), case.media_type) if case.media_type else b""
    headers = {name: value for name, value in case.headers.items() if isinstance(value, str)}
    if case.media_type:
        headers.setdefault("Content-Type", case.media_type)
    return Request(filled(dict(case.query or {}), kept), headers, body)


def sent(function: Function, method: str, path: str, request: Request) -> TestResponse:
    """The answer, which comes soon and tells nothing of our inside."""
    client, began = Client(function.client.application, use_cookies=False), monotonic()
    response = client.open(
        path, method=method, query_string=request.query, headers=list(request.headers.items()), data=request.body
    )
    assert monotonic() - began < LIMIT
    shown = response.text + str(response.headers)
    assert OURS.search(shown) is None
    assert "UNKNOWN" not in response.text  # what a defect within a create is answered with
    return response


def defects(function: Function) -> list[dict[str, Any]]:
    """The lines of the log that tell of a mistake of ours, answered or not."""
    return [line for line in function.lines() if "defect" in line or line["severity"] == "ERROR"]


def takes_something(operation: Operation) -> bool:
    """Whether there is anything about a request that can be wrong."""
    return bool(operation.body or operation.query or operation.headers or operation.path_parameters)


EACH = [
    pytest.param(operation, mode, id=f"{operation.label}-{mode.value}")
    for operation in OPERATIONS
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or takes_something(operation)
]


# The function's own threads use `random` while a case is made, which looks as if the strategy did.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning")
@pytest.mark.parametrize(("operation", "mode"), EACH)
def test_every_answer_is_a_documented_one(
    function: Function, doors: Doors, people: Iterator[Person], operation: Operation, mode: GenerationMode
) -> None:
    name, method = door(operation), operation.method.upper()
    spoils, accepts = st.sets(st.sampled_from(NAMES), max_size=2), st.sampled_from(["*/*", "text/html,*/*"])

    @hypothesis_settings(deadline=None, max_examples=REQUESTS, suppress_health_check=list(HealthCheck), database=None)
    @given(operation.as_strategy(generation_mode=mode), MOSTLY, st.booleans(), spoils, accepts)
    def ask(case: AnyCase, proved: bool, other: bool, spoilt: set[str], accept: str) -> None:
        def fill(good: Good) -> Request:
            return request_of(case, spoilt, good)

        path = doors.at(case.formatted_path)
        request = DOORS[name](doors, next(people), path, fill, other) if name and proved else fill({})
        request.headers["Accept"] = accept
        response = sent(function, method, path, request)
        case.validate_response(response, checks=CHECKS)
        if name in ("user", "task") and not proved:
            assert (response.status_code, response.data) == (401, b'{"error": "unauthenticated"}')

    before = len(defects(function))
    ask()
    assert defects(function)[before:] == []


FIELDS: dict[str, Any] = {
    "user": {"calendarId": "", "eventId": "", "oauthToken": ""},
    "task": {"calendar": ""},
    "signature": {"event": "meeting.deleted", "event_ts": 1, "payload": {"object": {"id": "1"}}},
    "session": {"form": "", "name": "Gus"},
    "channel": {},
}


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if door(one)], ids=lambda one: one.label)
def test_the_doors_open(function: Function, doors: Doors, people: Iterator[Person], operation: Operation) -> None:
    """What is not spoilt gets behind them: the test above is not only sent away."""
    name, method = door(operation), operation.method.upper()

    def fill(good: Good) -> Request:
        query = {one.name: good[one.name] for one in operation.query if one.name in good and one.name != "link"}
        media_type = next(iter(operation.body)).media_type if operation.body else None
        query |= {"solution": "demo"} if operation.path == "/conferences" else {}
        return Request(query, body=encoded(filled(FIELDS[name], good), media_type) if media_type else b"")

    path = doors.at(operation.path)
    response = sent(function, method, path, DOORS[name](doors, next(people), path, fill, other=False))
    assert response.status_code == BEHIND[method, operation.path], function.log()[-2000:]
    if response.status_code == 303 and method == "GET" and operation.path == "/sign-in":
        assert "Set-Cookie" in response.headers


def always(request: Request, good: Good) -> Request:
    return request


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW")


@pytest.mark.parametrize("path", sorted({one.path for one in OPERATIONS}))
def test_a_method_that_is_not_documented_is_405_whoever_asks(
    function: Function, doors: Doors, people: Iterator[Person], path: str
) -> None:
    documented = {one.method.upper(): door(one) for one in OPERATIONS if one.path == path}
    for method in sorted(set(METHODS) - set(documented)):
        for name in {"", *documented.values()}:
            request = Request({}, {"X-Canary": "c4n4ry"}, b"c4n4ry")
            if name:
                DOORS[name](doors, next(people), path, partial(always, request), False)
            response = sent(function, method, doors.at(path), request)
            assert response.status_code == 405
            assert response.headers["Allow"] in documented
            assert "c4n4ry" not in response.text
