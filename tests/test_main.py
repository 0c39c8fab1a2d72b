"""The HTTP function as a client sees it: who may, which route, what bad input gets, and one clean log line for each."""

import io
import json
import re
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from simulator import faults
from simulator.identity import Identity
from sync.records import CALENDARS, MAPPINGS
from tests.served import CREATE, Function, served, serving
from tests.world import ADA, BOB

if TYPE_CHECKING:
    pass

CANARY = "c4n4ry"
TITLE = "Takeover of Acme c4n4ry"


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    with serving(tmp_path, monkeypatch) as function:
        yield function


def test_a_create_over_http(function: Function) -> None:
    response = function.post()
    assert response.status_code == 200
    assert response.json
    assert response.json["conferenceData"]["entryPoints"][0]["uri"].startswith(function.simulator.url)
    assert function.post().json == response.json


def test_a_create_in_the_shape_of_an_http_addon(function: Function) -> None:
    identity, access = function.simulator.identity, function.simulator.access_token(ADA)
    body = {
        "commonEventObject": {"hostApp": "CALENDAR", "platform": "WEB"},
        "authorizationEventObject": {"userOAuthToken": access, "userIdToken": identity.user_id_token(ADA)},
        "calendar": {"calendarId": "primary", "id": "event1"},
    }
    response = function.post(body=body, token=identity.system_token("http://localhost:8080" + CREATE))
    assert response.json
    markup = response.json["hostAppAction"]["calendarAction"]["createConferenceDataActionMarkup"]
    assert markup["createConferenceData"]["conferenceSolutionId"] == "demo"


def test_health_needs_no_proof(function: Function) -> None:
    assert function.client.get("/health").json == {"status": "ok"}
    assert function.client.head("/health").status_code == 200


def test_the_settings_address_is_built_from_the_setting_and_never_from_host(function: Function) -> None:
    response = function.post("/settings-url", Host="evil.example")
    assert response.json == {"settingsUrl": "http://localhost:8080/settings"}


def test_the_settings_page_needs_no_proof_and_may_load_nothing_but_its_own_style(function: Function) -> None:
    response = function.client.get("/settings")
    assert (response.status_code, response.content_type) == (200, "text/html; charset=utf-8")
    assert response.text.startswith("<!doctype html>")
    [style] = re.findall(r"<style>(.*?)</style>", response.text, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = [part.strip() for part in response.headers["Content-Security-Policy"].split(";")]
    assert policy[:2] == ["default-src 'none'", f"style-src 'sha256-{digest}'"]
    assert {"base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert not re.search(r"<script|<link|<img|<iframe|javascript:|style=|\son\w+=", response.text, re.IGNORECASE)
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_the_settings_page_s_head_is_that_of_its_get(function: Function) -> None:
    got, head = function.client.get("/settings"), function.client.head("/settings")
    assert (head.status_code, head.data) == (200, b"")
    for name in ("Content-Type", "Content-Security-Policy", "Content-Length"):
        assert head.headers[name] == got.headers[name]


def test_without_an_address_of_our_own_there_is_no_settings_address(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sys.modules["main"], "_settings", msgspec.structs.replace(sys.modules["main"]._settings, public_url="")
    )
    response = function.post("/settings-url")
    assert (response.status_code, response.data) == (404, b'{"error": "not found"}')
    assert function.lines()[-1]["reason"] == "no-public-url"


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Basic YTpi", "bearer x.y.z", "Bearer " + "x" * 9000]
)
@pytest.mark.parametrize("path", [CREATE, "/settings-url", "/conferences?solution=nobody"])
def test_f24_without_proof_the_answer_is_401_with_a_constant_body(
    function: Function, authorization: str | None, path: str
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    content = json.dumps(function.ids()).encode()
    for body, accept in ((content, "*/*"), (b"{", "*/*"), (b"", "*/*"), (content, "text/html")):
        response = function.client.post(path, data=body, headers={**headers, "Accept": accept})
        assert (response.status_code, response.data) == (401, b'{"error": "unauthenticated"}')
        assert response.headers["WWW-Authenticate"] == "Bearer"
    assert function.simulator.requests.lines("/calendar") == []


FORGERIES: dict[str, Callable[[Identity], str]] = {
    "alg none": lambda identity: identity.script_token(ADA, algorithm="none"),
    "keyed with the public key": lambda identity: identity.script_token(ADA, algorithm="HS256"),
    "another key": lambda identity: identity.script_token(ADA, key=identity.new_key()),
    "another key under a known name": lambda identity: identity.script_token(
        ADA, key=replace(identity.new_key(), kid=identity.key.kid)
    ),
    "wrong audience": lambda identity: identity.script_token(ADA, aud="somebody.apps.googleusercontent.com"),
    "wrong issuer": lambda identity: identity.script_token(ADA, iss="https://accounts.example"),
    "expired": lambda identity: identity.script_token(ADA, lifetime=-3600),
    "of a service account": lambda identity: identity.script_token("robot@acme.iam.gserviceaccount.com"),
    "address not verified": lambda identity: identity.script_token(ADA, email_verified=False),
    "of the add-on": lambda identity: identity.user_id_token(ADA),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_f24_a_forged_token_asks_nobody_and_leaves_nothing(
    function: Function, forge: Callable[[Identity], str]
) -> None:
    response = function.post(token=forge(function.simulator.identity))
    assert (response.status_code, response.data) == (401, b'{"error": "unauthenticated"}')
    assert function.simulator.requests.lines("/calendar") == []
    assert function.simulator.requests.lines("/rooms-api") == []
    assert function.stored() == []
    assert function.post().status_code == 200
    assert {document.kind for document in function.stored()} == {MAPPINGS, CALENDARS}


def test_f24_a_system_token_of_another_route_is_401(function: Function) -> None:
    identity = function.simulator.identity
    body = {
        "authorizationEventObject": {"userIdToken": identity.user_id_token(ADA)},
        "calendar": {"calendarId": "primary"},
    }
    assert (
        function.post(body=body, token=identity.system_token("http://localhost:8080/settings-url")).status_code == 401
    )


def test_f23_an_unknown_solution_is_404(function: Function) -> None:
    for solution in ("nobody", "../demo", "conference.providers.demo", "", "DEMO", "demo%00"):
        assert function.post(f"/conferences?solution={solution}").status_code == 404
    assert function.post("/conferences").status_code == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"calendarId": 7}', b'{"a": 1e400}', b"[" * 50_000, b"{}"])
def test_f27_a_body_that_is_no_request_is_400_with_a_reason(function: Function, body: bytes) -> None:
    response = function.post(body=body)
    assert response.status_code == 400
    assert response.json
    assert response.json["error"]


def test_f28_what_is_too_large_is_refused_before_it_is_parsed(function: Function) -> None:
    assert function.post(body=b" " * (256 * 1024 + 1)).status_code == 413
    assert function.post(f"/conferences?solution={'x' * 5000}").status_code == 400
    assert function.post(body=b"x", **{"Content-Encoding": "gzip"}).status_code == 400
    endless = {"wsgi.input_terminated": True, "CONTENT_LENGTH": "", "wsgi.input": io.BytesIO(b" " * 300_000)}
    proof = {"Authorization": f"Bearer {function.simulator.identity.script_token(ADA)}"}
    assert function.client.post(CREATE, headers=proof, environ_overrides=endless).status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", CREATE, 405),
        ("PUT", CREATE, 405),
        ("OPTIONS", "/settings-url", 405),
        ("TRACE", "/health", 405),
        ("BREW", "/health", 405),
        ("POST", "/health", 405),
        ("GET", "/", 404),
        ("GET", "/healthz", 404),
        ("POST", "/conferences/", 404),
        ("POST", "//conferences", 404),
        ("POST", "/Conferences", 404),
        ("POST", "/../conferences", 404),
        ("POST", "/conferences/..", 404),
        ("POST", "/conferences\0", 404),
    ],
)
def test_f29_odd_methods_and_paths(function: Function, method: str, path: str, status: int) -> None:
    response = function.client.open("/x", method=method, environ_overrides={"PATH_INFO": path.partition("?")[0]})
    assert response.status_code == status
    assert "Location" not in response.headers
    if status == 405:
        assert response.headers["Allow"] in ("GET", "POST")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
IDS = st.sampled_from([ADA, "primary", "event1", " ", "x" * 1025, "\0"]) | st.text(max_size=20) | JSON
ANY_ID = dict.fromkeys(("calendarId", "eventId", "id"), IDS)
TOKENS = st.sampled_from(["access", "id token", "x.y.z", "", "a b", "x" * 9000]) | JSON
SCRIPT_BODIES = st.fixed_dictionaries({}, optional={**ANY_ID, "oauthToken": TOKENS})
ADDON_BODIES = st.fixed_dictionaries(
    {
        "authorizationEventObject": JSON
        | st.fixed_dictionaries({}, optional=dict.fromkeys(("userOAuthToken", "userOauthToken", "userIdToken"), TOKENS))
    },
    optional={
        "commonEventObject": JSON,
        "calendar": JSON | st.fixed_dictionaries({}, optional={**ANY_ID, "eventData": JSON}),
        "calendarEventObject": JSON,
        "eventData": JSON | st.fixed_dictionaries({}, optional=ANY_ID),
    },
)
CLICKS = st.fixed_dictionaries(
    {
        "calendarId": st.sampled_from(["primary", "PRIMARY"]),
        "eventId": st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=20),
        "oauthToken": st.just("access"),
    },
    optional={"more": JSON},
)
BODIES = SCRIPT_BODIES | ADDON_BODIES | JSON | st.binary(max_size=400)
CREATES = st.tuples(
    st.just(("POST", "/conferences", "demo")),
    st.booleans().flatmap(lambda right: CLICKS if right else BODIES),
    st.sampled_from(["script", "script", "script", "addon"]),
)
REQUESTS = st.tuples(
    st.tuples(
        st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]),
        st.sampled_from(["/conferences", "/settings-url", "/health", "/settings"])
        | st.text(max_size=40).map(lambda text: "/" + text),
        st.just("demo") | st.text(max_size=60),
    ),
    BODIES,
    st.sampled_from(["script", "addon", "none", "x.y.z"]),
)


def filled(value: Any, tokens: Mapping[str, str]) -> Any:
    """The body with good tokens for the words that stand for them."""
    if isinstance(value, dict):
        return {name: filled(item, tokens) for name, item in value.items()}
    return tokens.get(value, value) if isinstance(value, str) else value


def answers(function: Function, requests: st.SearchStrategy[Any], examples: int) -> list[TestResponse]:
    """The answers to many requests, none of which may be a defect; each is of the next of twenty people."""
    people = [f"ada{number}@example.com" for number in range(20)]
    for person in people:
        function.simulator.add_user(person)
    answered: list[TestResponse] = []

    @hypothesis_settings(deadline=None, max_examples=examples)
    @given(requests)
    def ask(request: tuple[tuple[str, str, str], Any, str]) -> None:
        (method, path, solution), body, proof = request
        person = people[len(answered) % len(people)]
        identity = function.simulator.identity
        tokens = {"access": function.simulator.access_token(person), "id token": identity.user_id_token(person)}
        bearers = {
            "script": identity.script_token(person),
            "addon": identity.system_token("http://localhost:8080/conferences"),
        }
        response = function.client.open(
            "/x",
            method=method,
            data=body if isinstance(body, bytes) else json.dumps(filled(body, tokens)).encode(),
            headers={} if proof == "none" else {"Authorization": f"Bearer {bearers.get(proof, proof)}"},
            query_string={"solution": solution},
            environ_overrides={"PATH_INFO": path.encode("utf-8", "replace").decode("latin-1")},
        )
        answered.append(response)
        assert response.status_code in (200, 400, 401, 404, 405, 413, 429)
        assert "UNKNOWN" not in response.text  # what a defect within a create is answered with

    ask()
    return answered


def test_no_create_is_ever_answered_500(function: Function) -> None:
    answered = answers(function, CREATES, 120)
    assert sum("entryPoints" in response.text for response in answered) >= 10
    assert sum(response.status_code == 400 for response in answered) >= 10


def test_no_request_is_ever_answered_500(function: Function) -> None:
    assert {404, 405} <= {response.status_code for response in answers(function, REQUESTS, 60)}


def test_f31_over_the_budget_the_settings_address_is_429_with_a_time(function: Function) -> None:
    responses = (function.post("/settings-url") for _ in range(100))
    refused = next(response for response in responses if response.status_code != 200)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 3


def test_f32_a_missing_secret_is_permanent_and_the_log_names_it(function: Function) -> None:
    response = function.post("/conferences?solution=keyed")
    assert response.json == {"conferenceData": {"error": {"conferenceErrorType": "PERMANENT"}}}
    line = function.lines()[-1]
    assert line["severity"] == "ERROR"
    assert "rooms-key" in line["detail"]


def test_a_secret_that_is_there_is_used(function: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOMS_KEY", "demo-rooms-key")
    response = function.post("/conferences?solution=keyed")
    assert response.json
    assert "entryPoints" in response.json["conferenceData"]


def test_one_line_is_logged_for_a_request_with_its_outcome_and_the_time_of_each_leg(function: Function) -> None:
    response = function.post(**{"X-Cloud-Trace-Context": "0123456789abcdef0123456789abcdef/1;o=1"})
    [line] = [line for line in function.lines() if line["logger"] == "anyroom"]
    assert (line["severity"], line["route"], line["solution"], line["outcome"]) == (
        "INFO",
        "/conferences",
        "demo",
        "conference",
    )
    assert {"identity", "claim", "event", "provider", "commit"} <= set(line["legs"])
    assert line["logging.googleapis.com/trace"] == "projects/acme/traces/0123456789abcdef0123456789abcdef"
    assert line["request"] == response.headers["X-Request-Id"]
    assert "provider;dur=" in response.headers["Server-Timing"]


def test_a_failure_is_logged_with_its_reason_and_answered_without(function: Function) -> None:
    function.simulator.faults.add(faults.status(500), "/rooms-api/*", times=None)
    response = function.post()
    assert response.json == {"conferenceData": {"error": {"conferenceErrorType": "TEMPORARY"}}}
    line = function.lines()[-1]
    assert (line["severity"], line["outcome"], line["reason"]) == ("WARNING", "TEMPORARY", "demo-500")


def test_f21_who_is_not_signed_in_is_told_where(function: Function) -> None:
    response = function.post("/conferences?solution=signin")
    assert response.json
    error = response.json["conferenceData"]["error"]
    assert error["conferenceErrorType"] == "AUTHENTICATION"
    assert error["authenticationUrl"].startswith(function.simulator.url)
    line = function.lines()[-1]
    assert (line["severity"], line["outcome"], line["reason"]) == ("WARNING", "AUTHENTICATION", "demo-sign-in")
    assert error["authenticationUrl"] not in function.log()


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "https://u:p@evil.example/c4n4ry", "http://169.254.169.254/"]
)
def test_f12_a_conferencing_system_that_lies_wakes_somebody(function: Function, address: str) -> None:
    room = json.dumps({"id": "r1", "join_url": address}).encode()
    function.simulator.faults.add(faults.status(201, room), "/rooms-api/*", times=None)
    response = function.post()
    assert response.json
    assert "entryPoints" not in response.json["conferenceData"]
    assert address not in response.text + function.log()
    assert function.lines()[-1]["severity"] == "ERROR"


def test_what_will_not_pass_wakes_somebody(function: Function) -> None:
    refusal = json.dumps({"code": "invalid_field", "message": "title"}).encode()
    function.simulator.faults.add(faults.status(422, refusal), "/rooms-api/*", times=None)
    response = function.post()
    assert response.json == {"conferenceData": {"error": {"conferenceErrorType": "PERMANENT"}}}
    line = function.lines()[-1]
    assert (line["severity"], line["outcome"]) == ("ERROR", "PERMANENT")


def test_f72_no_token_address_title_or_secret_is_ever_logged_or_shown(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: dict[str, Any] = {"start": {"dateTime": "2027-03-01T09:00:00Z"}, "end": {"dateTime": "2027-03-01T10:00:00Z"}}
    event = function.simulator.calendar.add_event(ADA, summary=TITLE, attendees=[{"email": BOB}], **times)
    monkeypatch.setenv("ROOMS_KEY", CANARY)
    bearer = function.simulator.identity.script_token(ADA)
    responses = [
        function.post(f"/conferences?solution={name}", function.ids(event), bearer)
        for name in ("demo", "keyed", "signin")
    ]
    function.simulator.faults.add(faults.malformed(), times=None)
    responses += [function.post(CREATE, {**function.ids("e2"), "calendarId": BOB}, bearer)]
    responses += [
        function.post(CREATE, {**function.ids("e3"), "oauthToken": CANARY}, bearer),
        function.post(token=CANARY),
    ]
    shown = function.log() + "".join(str(response.headers) for response in responses)
    for private in (CANARY, TITLE, ADA, BOB, "@example.com", bearer, bearer.split(".")[2], event):
        assert private not in shown
    assert all(CANARY not in response.text for response in responses)


def test_a_defect_outside_a_create_is_500_without_its_text(function: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(CANARY)

    monkeypatch.setattr("conference.endpoint.AddOnEndpoint.settings_url", broken)
    response = function.post("/settings-url")
    assert (response.status_code, response.data) == (500, b'{"error": "internal"}')
    assert CANARY not in function.log()
    assert function.lines()[-1]["defect"][0] == "RuntimeError"


@pytest.mark.parametrize("name", ["ANYROOM_IDENTITY", "ANYROOM_STORE"])
def test_f32_without_a_needed_setting_it_refuses_to_start_with_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # away from the deployer's own anyroom.toml
    monkeypatch.setenv("ANYROOM_IDENTITY", "script=x")
    monkeypatch.setenv(name, "nonsense")
    with pytest.raises(SystemExit) as stopped:
        served()
    assert name in str(stopped.value)
    assert "\n" not in str(stopped.value)
