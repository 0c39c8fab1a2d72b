"""A user's token is had without a key, only for reading, only where an administrator said so, and once for all."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import settings as knobs
from addon.manifest import SCRIPT_SCOPES
from conference.clock import Deadline
from conference.errors import ConferenceFailure, Permanent, PermissionDenied, Temporary
from conference.providers.base import Reply, Request
from simulator import faults, ids
from simulator.faults import Fault
from sync import credentials
from sync.calendar import GoogleCalendar
from sync.credentials import SCOPES, Delegation
from tests.cloud import NO_ANSWER, UNREADABLE, Cloud, cloud, rpc_error

ADA, BOB = "ada@example.com", "bob@example.com"
SIGN = f"/v1/projects/-/serviceAccounts/{ids.DELEGATE_SERVICE_ACCOUNT}:signJwt"
TOKEN = "/token"


@pytest.fixture
def google() -> Iterator[Cloud]:
    with cloud() as google:
        for email in (ADA, BOB):
            google.simulator.add_user(email)
        google.simulator.delegation.authorise(ids.DELEGATE_SERVICE_ACCOUNT, SCOPES, "example.com")
        yield google


@pytest.fixture
def delegation(google: Cloud) -> Delegation:
    return opened(google)


def opened(google: Cloud, account: str = ids.DELEGATE_SERVICE_ACCOUNT) -> Delegation:
    return Delegation(account, google.token, google.send, google.clock, iam=google.url, oauth2=google.url)


def failure(google: Cloud, delegation: Delegation, email: str = ADA) -> ConferenceFailure:
    with pytest.raises(ConferenceFailure) as raised:
        delegation.access_token(email, google.deadline())
    assert "@" not in str(raised.value)
    return raised.value


def waiting_at_the_server(google: Cloud) -> tuple[Delegation, threading.Event, threading.Event]:
    """A delegation whose first exchange tells when it has come as far as the server, and waits for a word to go on."""
    asked, go_on = threading.Event(), threading.Event()

    def send(request: Request, deadline: Deadline) -> Reply:
        if request.url == google.url + TOKEN and not asked.is_set():
            asked.set()
            assert go_on.wait(30)
        return google.send(request, deadline)

    account = ids.DELEGATE_SERVICE_ACCOUNT
    return Delegation(account, google.token, send, google.clock, iam=google.url, oauth2=google.url), asked, go_on


def canned(status: int, body: bytes) -> Fault:
    return faults.status(status, body)


def test_a_token_reads_the_users_calendar(google: Cloud, delegation: Delegation) -> None:
    calendar = GoogleCalendar(google.url, google.send)
    token = delegation.access_token(ADA, google.deadline())
    assert calendar.access_role(ADA, token, google.deadline()) == "owner"
    with pytest.raises(PermissionDenied):
        calendar.access_role(BOB, token, google.deadline())


def test_the_scopes_are_those_of_the_add_on_that_read() -> None:
    reads = {scope for scope in SCRIPT_SCOPES if scope.endswith(".readonly")}
    assert reads == set(SCOPES)


def test_the_hosts_are_googles() -> None:
    urls: list[str] = []

    def send(request: Request, deadline: Deadline) -> Reply:
        urls.append(request.url)
        return Reply(200, {}, b'{"signedJwt": "a.b.c", "access_token": "t", "expires_in": 3599}')

    with cloud() as google:
        delegation = Delegation("a@b.c", google.token, send, google.clock, iam=knobs.IAM, oauth2=knobs.OAUTH2)
        delegation.access_token(ADA, google.deadline())
    assert urls == [
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a%40b.c:signJwt",
        "https://oauth2.googleapis.com/token",
    ]
    assert urls[1] == credentials.AUDIENCE


def test_a_token_is_kept_until_five_minutes_before_its_end(google: Cloud, delegation: Delegation) -> None:
    first = delegation.access_token(ADA, google.deadline())
    google.clock.advance(3599 - 300 - 10)
    assert delegation.access_token(ADA, google.deadline()) == first
    google.clock.advance(11)
    assert delegation.access_token(ADA, google.deadline()) != first
    assert google.simulator.requests.lines() == [f"POST {SIGN}", f"POST {TOKEN}"] * 2


def test_each_user_has_a_token_of_their_own(google: Cloud, delegation: Delegation) -> None:
    assert delegation.access_token(ADA, google.deadline()) != delegation.access_token(BOB, google.deadline())


def test_many_who_ask_for_one_user_wait_for_one_exchange(google: Cloud, delegation: Delegation) -> None:
    google.simulator.faults.add(faults.latency(0.2), TOKEN)
    start = threading.Barrier(8)

    def ask(_: int) -> str:
        start.wait()
        return delegation.access_token(ADA, google.deadline())

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert len(google.simulator.requests.under(TOKEN)) == 1


def test_who_waits_for_another_exchange_waits_no_longer_than_their_deadline(google: Cloud) -> None:
    delegation, asked, go_on = waiting_at_the_server(google)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(delegation.access_token, ADA, google.deadline(60.0))
        assert asked.wait(30)
        with pytest.raises(Temporary):
            delegation.access_token(ADA, google.deadline(0.05))
        go_on.set()
        assert first.result(30)


def test_another_users_exchange_is_not_waited_for(google: Cloud) -> None:
    delegation, asked, go_on = waiting_at_the_server(google)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(delegation.access_token, ADA, google.deadline(60.0))
        assert asked.wait(30)
        assert delegation.access_token(BOB, google.deadline())
        assert not first.done()
        go_on.set()
        assert first.result(30)


def test_no_more_than_a_thousand_tokens_are_kept() -> None:
    exchanges: list[str] = []

    def send(request: Request, deadline: Deadline) -> Reply:
        exchanges.append(request.url)
        return Reply(200, {}, b'{"signedJwt": "a.b.c", "access_token": "t", "expires_in": 3599}')

    with cloud() as google:
        delegation = Delegation("a@b.c", google.token, send, google.clock, iam=knobs.IAM, oauth2=knobs.OAUTH2)
        for number in range(1001):
            delegation.access_token(f"u{number}@example.com", google.deadline())
        exchanges.clear()
        delegation.access_token("u1000@example.com", google.deadline())
        assert exchanges == []
        delegation.access_token("u0@example.com", google.deadline())
        assert len(exchanges) == 2


@pytest.mark.parametrize(
    ("email", "reason", "word"),
    [
        ("eve@other.example", "delegation-refused", "unauthorized_client"),
        ("nobody@example.com", "keeper-refused", "invalid_grant"),
    ],
)
def test_a_user_who_cannot_be_impersonated_is_said_without_a_name(
    google: Cloud, delegation: Delegation, email: str, reason: str, word: str
) -> None:
    google.simulator.add_user("eve@other.example")
    refused = failure(google, delegation, email)
    assert type(refused) is PermissionDenied
    assert (refused.reason, refused.detail) == (reason, f"this user cannot be impersonated: {word}")


def test_a_scope_that_is_not_authorised_is_refused(google: Cloud, delegation: Delegation) -> None:
    google.simulator.delegation.authorise(ids.DELEGATE_SERVICE_ACCOUNT, SCOPES[:1], "example.com")
    assert failure(google, delegation).reason == "delegation-refused"


def test_a_refusal_is_not_kept(google: Cloud, delegation: Delegation) -> None:
    google.simulator.delegation.authorise(ids.DELEGATE_SERVICE_ACCOUNT, (), "example.com")
    failure(google, delegation)
    google.simulator.delegation.authorise(ids.DELEGATE_SERVICE_ACCOUNT, SCOPES, "example.com")
    assert delegation.access_token(ADA, google.deadline())


def test_without_the_role_the_administrator_is_told_which(google: Cloud, delegation: Delegation) -> None:
    google.simulator.delegation.signers.clear()
    refused = failure(google, delegation)
    assert (type(refused), refused.reason) == (Permanent, "sign-jwt-refused")
    assert "roles/iam.serviceAccountTokenCreator" in refused.detail


def test_without_the_api_the_administrator_is_told_how_to_enable_it(google: Cloud, delegation: Delegation) -> None:
    google.simulator.faults.add(canned(403, rpc_error("PERMISSION_DENIED", "SERVICE_DISABLED")), SIGN)
    assert failure(google, delegation).detail.endswith("gcloud services enable iamcredentials.googleapis.com")


@pytest.mark.parametrize(
    ("path", "fault", "expected", "reason"),
    [
        (SIGN, canned(500, b""), Temporary, "sign-jwt-unavailable"),
        (SIGN, canned(503, b"<html>"), Temporary, "sign-jwt-unavailable"),
        (SIGN, canned(429, rpc_error("RESOURCE_EXHAUSTED")), Temporary, "sign-jwt-unavailable"),
        (SIGN, canned(401, rpc_error("UNAUTHENTICATED")), Temporary, "sign-jwt-unavailable"),
        (SIGN, canned(404, rpc_error("NOT_FOUND")), Permanent, "sign-jwt-refused"),
        (SIGN, canned(403, b"<html>"), Permanent, "sign-jwt-refused"),
        (TOKEN, canned(500, b""), Temporary, "token-unavailable"),
        (TOKEN, canned(429, b"{}"), Temporary, "token-unavailable"),
        (TOKEN, canned(403, b'{"error": "access_denied"}'), PermissionDenied, "delegation-refused"),
        (TOKEN, canned(400, b'{"error": "invalid_scope"}'), Permanent, "token-refused"),
        (TOKEN, canned(400, b'{"error": "for ada@example.com"}'), Permanent, "token-refused"),
        (TOKEN, canned(404, b"<html>"), Permanent, "token-refused"),
    ],
)
def test_each_refusal_is_one_that_stays_or_one_that_passes(
    google: Cloud, delegation: Delegation, path: str, fault: Fault, expected: type[ConferenceFailure], reason: str
) -> None:
    google.simulator.faults.add(fault, path)
    refused = failure(google, delegation)
    assert (type(refused), refused.reason) == (expected, reason)
    assert delegation.access_token(ADA, google.deadline())


@pytest.mark.parametrize("path", [SIGN, TOKEN])
@pytest.mark.parametrize("fault", NO_ANSWER.values(), ids=NO_ANSWER)
def test_a_lost_answer_is_a_hiccup(google: Cloud, delegation: Delegation, path: str, fault: Fault) -> None:
    google.simulator.faults.add(fault, path, times=3)  # a kept connection that is cut is replaced twice
    assert type(failure(google, delegation)) is Temporary
    google.simulator.faults.clear()
    assert delegation.access_token(ADA, google.deadline())


@pytest.mark.parametrize("path", [SIGN, TOKEN])
@pytest.mark.parametrize("fault", UNREADABLE.values(), ids=UNREADABLE)
def test_an_answer_that_cannot_be_read_is_a_hiccup(
    google: Cloud, delegation: Delegation, path: str, fault: Fault
) -> None:
    google.simulator.faults.add(fault, path)
    assert type(failure(google, delegation)) is Temporary


def test_nothing_is_asked_after_the_deadline(google: Cloud, delegation: Delegation) -> None:
    with pytest.raises(Temporary):
        delegation.access_token(ADA, google.deadline(0))
    assert len(google.simulator.requests) == 0
