"""A provider's call: secrets at hand, refusals turned into the right error, waits that are asked for kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from conference.clock import Deadline
from conference.errors import (
    ConferenceFailure,
    CredentialsRefused,
    OutcomeUnknown,
    Permanent,
    PermissionDenied,
    SecretUnavailable,
    SolutionForbidden,
    Temporary,
)
from conference.http import MOST_RETRY_AFTER, HttpCall, retry_after
from conference.providers.base import ErrorTable, Idempotency, Provider, Reply, Request

NOW = datetime(2031, 3, 14, 15, 0, tzinfo=UTC)
GET = Request("GET", "https://rooms.example/")
POST = Request("POST", "https://rooms.example/", json={})


class StoppedClock:
    """Time that passes only when the client takes some."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Scripted:
    """Answers with one reply, and keeps what it was told."""

    reply: Reply
    takes: float = 0.0
    clock: StoppedClock = field(default_factory=StoppedClock)
    told: list[tuple[float, frozenset[str], bool]] = field(default_factory=list)

    def exchange(self, request: Request, seconds: float, origins: frozenset[str], repeatable: bool) -> Reply:
        self.told.append((seconds, origins, repeatable))
        self.clock.sleep(self.takes)
        return self.reply


def reply(status: int, body: bytes = b"", **headers: str) -> Reply:
    return Reply(status, {name.replace("_", "-"): text for name, text in headers.items()}, body)


def provider(idempotency: Idempotency = "none") -> Provider:
    table: ErrorTable = {"teapot": SolutionForbidden, 418: PermissionDenied, 299: Permanent, 503: Permanent}
    return Provider(
        name="rooms",
        authentication="secrets",
        idempotency=idempotency,
        hosts=lambda options: ("https://rooms.example:443",),
        errors=table,
        error_code=lambda answer: answer.json().get("code") if answer.body else None,
    )


def call(client: Scripted, idempotency: Idempotency = "none", secrets: Mapping[str, str] | None = None) -> HttpCall:
    def read(name: str) -> str:
        if secrets is None or name not in secrets:
            raise SecretUnavailable("secret-missing", name)
        return secrets[name]

    return HttpCall(provider(idempotency), {"a": 1}, client, Deadline(client.clock, 18.0), client.clock, read)


def failure(answer: Reply, request: Request = POST, idempotency: Idempotency = "none") -> ConferenceFailure:
    with pytest.raises(ConferenceFailure) as raised:
        call(Scripted(answer), idempotency)(request)
    return raised.value


def test_a_reply_of_success_is_returned() -> None:
    answer = reply(201, b'{"id": 1}')

    assert call(Scripted(answer))(POST) is answer


def test_only_declared_hosts_and_what_is_left_of_the_deadline_go_to_the_client() -> None:
    client = Scripted(reply(200), takes=7.0)
    rooms = call(client)
    rooms(POST)
    rooms(Request("GET", GET.url, seconds=2.0))
    rooms(Request("GET", GET.url, seconds=60.0))

    hosts = frozenset({"https://rooms.example:443"})
    assert client.told == [(18.0, hosts, False), (2.0, hosts, True), (4.0, hosts, True)]


def test_nothing_is_asked_when_no_time_is_left() -> None:
    client = Scripted(reply(200), takes=20.0)
    rooms = call(client)
    rooms(POST)

    with pytest.raises(Temporary):
        rooms(POST)
    assert len(client.told) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST", "PATCH"])
@pytest.mark.parametrize("idempotency", ["chosen", "keyed", "searchable", "none"])
def test_what_may_be_repeated(method: str, idempotency: Idempotency) -> None:
    client = Scripted(reply(200))
    call(client, idempotency)(Request(method, GET.url))  # type: ignore[arg-type]  # a method of the list above

    assert client.told[0][2] is (method in ("GET", "PUT", "DELETE") or idempotency in ("chosen", "keyed"))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Permanent),
        (304, Permanent),
        (400, Permanent),
        (401, CredentialsRefused),
        (402, Permanent),
        (403, PermissionDenied),
        (404, Permanent),
        (405, Permanent),
        (408, Temporary),
        (409, Permanent),
        (410, Permanent),
        (413, Permanent),
        (415, Permanent),
        (422, Permanent),
        (423, Temporary),
        (425, Temporary),
        (429, Temporary),
        (501, Permanent),
        (505, Permanent),
    ],
)
def test_a_status_has_its_failure(status: int, kind: type[ConferenceFailure]) -> None:
    assert type(failure(reply(status))) is kind


@pytest.mark.parametrize("status", [500, 502, 504, 520, 599])
def test_f08_after_a_server_error_only_what_can_be_repeated_is_known_not_to_be_made_twice(status: int) -> None:
    assert type(failure(reply(status))) is OutcomeUnknown
    assert type(failure(reply(status), idempotency="searchable")) is OutcomeUnknown
    assert type(failure(reply(status), idempotency="keyed")) is Temporary
    assert type(failure(reply(status), GET)) is Temporary


@pytest.mark.parametrize("safe", [True, False])
def test_a_request_that_changes_nothing_may_be_repeated_and_leaves_nothing_open(safe: bool) -> None:
    client = Scripted(reply(500))
    rooms = call(client)
    with pytest.raises(Temporary) as raised:
        rooms(Request("POST", POST.url, safe=safe))
    assert isinstance(raised.value, OutcomeUnknown) is not safe
    assert client.told[0][2] is safe
    assert rooms.may_have_acted is not safe


@pytest.mark.parametrize(
    ("request_", "acted"), [(POST, True), (GET, False), (Request("POST", POST.url, safe=True), False)]
)
def test_f06_what_was_acted_on_is_remembered_for_whatever_fails_after_it(request_: Request, acted: bool) -> None:
    rooms = call(Scripted(reply(200)))
    rooms(request_)
    assert rooms.may_have_acted is acted


def test_the_systems_own_table_comes_first_by_code_then_by_status() -> None:
    assert type(failure(reply(418, b'{"code": "teapot"}'))) is SolutionForbidden
    assert type(failure(reply(418, b'{"code": "other"}'))) is PermissionDenied
    assert type(failure(reply(503))) is Permanent
    assert type(failure(reply(299))) is Permanent
    assert type(failure(reply(200, b'{"code": "teapot"}'))) is SolutionForbidden


def test_a_code_that_nobody_declared_under_a_status_of_success_leaves_the_outcome_unknown() -> None:
    assert type(failure(reply(200, b'{"code": "new"}'))) is OutcomeUnknown


def test_an_error_whose_body_cannot_be_read_has_its_status() -> None:
    assert type(failure(reply(403, b"<html>"))) is PermissionDenied


@pytest.mark.parametrize("accepted", ["teapot", 418])
def test_what_is_accepted_is_returned(accepted: str | int) -> None:
    answer = reply(418, b'{"code": "teapot"}')

    assert call(Scripted(answer))(POST, frozenset({accepted})) is answer


def test_f11_a_failure_tells_status_size_and_type_and_nothing_else() -> None:
    told = failure(reply(400, b'{"code": "canary", "message": "canary"}', Content_Type="canary/json", X_Key="canary"))

    assert str(told) == "rooms-400: HTTP 400, 39 bytes of json"


def test_f07_the_wait_that_is_asked_for_is_kept() -> None:
    told = failure(reply(429, b"", Retry_After="120"))

    assert isinstance(told, Temporary)
    assert told.retry_after == 120


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("-5", 0.0),
        ("3600", 3600.0),
        ("3601", MOST_RETRY_AFTER),
        ("1e400", MOST_RETRY_AFTER),
        ("inf", MOST_RETRY_AFTER),
        ("-inf", 0.0),
        ("nan", None),
        ("9" * 5000, MOST_RETRY_AFTER),
        ("Fri, 14 Mar 2031 15:01:30 GMT", 90.0),
        ("Fri, 14 Mar 2031 16:01:30 +0100", 90.0),
        ("Friday, 14-Mar-31 15:01:30 GMT", 90.0),
        ("Fri, 14 Mar 1970 15:01:30 GMT", 0.0),
        ("Fri, 14 Mar 9999 15:01:30 GMT", MOST_RETRY_AFTER),
        ("2031-03-14T15:01:30Z", 90.0),
        ("2031-03-14T15:01:30", 90.0),
        ("2031-03-14T16:01:30+01:00", 90.0),
        ("soon", None),
        ("Fri, 99 Mar 2031 99:99:99 GMT", None),
        ("0001-01-01T00:00:00+14:00", 0.0),
        ("\x00", None),
    ],
)
def test_f07_retry_after_is_read_in_every_form_and_clamped(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


def test_secrets_are_resolved_and_remembered() -> None:
    rooms = call(Scripted(reply(200)), secrets={"a": "one", "b": "two"})

    assert rooms.used_secrets == frozenset()
    assert [rooms.secret("secret:a"), rooms.secret("plain text"), rooms.secret("secret:a")] == [
        "one",
        "plain text",
        "one",
    ]
    assert rooms.used_secrets == {"a"}


def test_a_missing_secret_is_remembered_too() -> None:
    rooms = call(Scripted(reply(200)))

    with pytest.raises(SecretUnavailable):
        rooms.secret("secret:a")
    assert rooms.used_secrets == {"a"}


def test_notes_are_kept_in_their_order() -> None:
    rooms = call(Scripted(reply(200)))
    rooms.note("first")
    rooms.note("second")

    assert rooms.notes == ["first", "second"]


def test_the_solutions_options_are_at_hand() -> None:
    assert call(Scripted(reply(200))).options == {"a": 1}
