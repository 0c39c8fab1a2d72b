"""Whatever a system answers, a provider gives a conference or the right failure, in time, and tells nobody a secret."""

import gzip
import json
import logging
import time
from collections.abc import Mapping

import pytest

from conference.data import compose
from conference.errors import (
    ConferenceFailure,
    CredentialsRefused,
    OutcomeUnknown,
    Permanent,
    PermissionDenied,
    SecretUnavailable,
    Temporary,
)
from conference.providers.base import Code, Conference, Request
from conference.solution import Solution
from tests.contracts.providers.events import EVENT, PRIVATE
from tests.contracts.providers.harness import ACCESS_TOKEN, Bench
from tests.contracts.providers.wire import (
    Answer,
    Spoiler,
    answers_half,
    changes,
    drips_body,
    drips_headers,
    each_text,
    hangs_up,
    says,
    stays_silent,
)
from tests.thorough import THOROUGH

SOLUTION = Solution("canary", "Canary", "https://www.gstatic.com/x.png", "canary", None)


def outcome(bench: Bench, attempt: str, spoiler: Spoiler, seconds: float = 10.0) -> Conference | ConferenceFailure:
    """What creating a conference comes to while the deciding answer, or every answer, is spoiled."""
    bench.wire.spoil(spoiler, bench.harness.decides or (lambda asked: True))
    try:
        conference = bench.made(EVENT, attempt, bench.call(seconds, attempt=attempt))
    except ConferenceFailure as failure:
        return failure
    compose(conference, SOLUTION, "mapping")
    return conference


def assert_failure(bench: Bench, result: Conference | ConferenceFailure, kind: type[ConferenceFailure]) -> None:
    """The failure where the system decides, else the conference all the same, with a word for the log."""
    if bench.harness.decides is None:
        assert isinstance(result, Conference)
        assert any(call.notes for call in bench.calls)
    else:
        assert isinstance(result, kind)
        assert_tells_nothing(bench, str(result))


def assert_tells_nothing(bench: Bench, text: str) -> None:
    for private in (*PRIVATE, ACCESS_TOKEN, *bench.harness.hidden.values()):
        assert private not in text


def test_every_declared_code_gives_its_failure(bench: Bench, attempt: str, declared_code: Code) -> None:
    result = outcome(bench, attempt, says(bench.harness.refuses(declared_code)))

    assert_failure(bench, result, bench.provider.declared.errors[declared_code])


COMMON: Mapping[int, type[ConferenceFailure]] = {
    301: Permanent,
    302: Permanent,
    400: Permanent,
    401: CredentialsRefused,
    403: PermissionDenied,
    404: Permanent,
    405: Permanent,
    408: Temporary,
    409: Permanent,
    410: Permanent,
    413: Permanent,
    415: Permanent,
    418: Permanent,
    422: Permanent,
    423: Temporary,
    425: Temporary,
    429: Temporary,
    500: Temporary,
    501: Permanent,
    502: Temporary,
    503: Temporary,
    504: Temporary,
    529: Temporary,
}


ONE_OF_EACH = (302, 401, 403, 404, 429, 500)
"""A status for each kind of failure."""


@pytest.mark.parametrize("status", COMMON if THOROUGH else ONE_OF_EACH)
def test_every_other_status_gives_the_failure_of_the_common_table(bench: Bench, attempt: str, status: int) -> None:
    echo = " ".join((*PRIVATE, *bench.harness.secrets.values())).encode()
    answer = Answer(status, echo, {"Content-Type": "text/html", "Location": "https://evil.example/"})

    kind = bench.provider.declared.errors.get(status, COMMON[status])
    assert_failure(bench, outcome(bench, attempt, says(answer)), kind)


def test_f07_retry_after_is_kept(bench: Bench, attempt: str) -> None:
    result = outcome(bench, attempt, says(Answer(429, b"", {"Retry-After": "7"})))

    assert_failure(bench, result, Temporary)
    assert not isinstance(result, Temporary) or result.retry_after == 7


def test_f08_a_server_error_leaves_the_outcome_unknown_where_creating_twice_makes_two(
    bench: Bench, attempt: str
) -> None:
    result = outcome(bench, attempt, says(Answer(500)))

    if bench.harness.decides is not None:
        repeatable = bench.provider.declared.idempotency in ("chosen", "keyed")
        assert isinstance(result, OutcomeUnknown) is not repeatable


@pytest.mark.parametrize("spoiler", [stays_silent, drips_headers, drips_body], ids=lambda spoiler: spoiler.__name__)
def test_f10_a_system_that_takes_its_time_is_cut_at_the_deadline(bench: Bench, attempt: str, spoiler: Spoiler) -> None:
    began = time.monotonic()
    result = outcome(bench, attempt, spoiler, seconds=1.0)

    assert_failure(bench, result, OutcomeUnknown)
    assert time.monotonic() - began < 8, "the replies would take ten seconds and more"


MALFORMED = {
    "html": Answer(200, b"<!doctype html><title>canary</title>", {"Content-Type": "text/html"}),
    "xml": Answer(200, b"<?xml version='1.0'?><r/>", {"Content-Type": "application/xml"}),
    "empty": Answer(200),
    "no content": Answer(204),
    "truncated": Answer(201, b'{"id": "canary", "join_url": "https:/', {"Content-Type": "application/json"}),
    "null": Answer(200, b"null"),
    "list": Answer(200, b"[]"),
    "object": Answer(200, b"{}"),
    "number": Answer(200, b"1e400"),
    "not utf-8": Answer(200, b'{"id": "\xff\xfe"}'),
    "deep": Answer(200, b"[" * 100_000),
    "odd types": Answer.json(200, {"id": [], "join_url": 7, "janus": {}, "data": "x", "plugindata": 1, "numbers": 3}),
    "dots for an id": Answer.json(201, {"id": "../canary", "join_url": "https://meet.example.org/x"}),
}


@pytest.mark.parametrize("answer", MALFORMED.values(), ids=MALFORMED)
def test_f11_an_answer_that_cannot_be_read_is_a_failure_of_the_system(
    bench: Bench, attempt: str, answer: Answer
) -> None:
    assert_failure(bench, outcome(bench, attempt, says(answer)), Temporary)


@pytest.mark.parametrize("value", [7, None, [], {}, True], ids=repr)
def test_f11_an_answer_with_wrong_types_is_a_failure_of_the_system(bench: Bench, attempt: str, value: object) -> None:
    result = outcome(bench, attempt, changes(each_text(lambda text: value)))

    if isinstance(result, ConferenceFailure):
        assert_failure(bench, result, Temporary)


@pytest.mark.parametrize("spoiler", [hangs_up, answers_half], ids=lambda spoiler: spoiler.__name__)
def test_a_cut_answer_leaves_the_outcome_unknown(bench: Bench, attempt: str, spoiler: Spoiler) -> None:
    assert_failure(bench, outcome(bench, attempt, spoiler), OutcomeUnknown)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_an_answer_over_a_mebibyte_is_cut(bench: Bench, attempt: str, encoding: str) -> None:
    body = json.dumps({"id": "canary", "filler": "x" * (20 << 20)}).encode()
    packed = gzip.compress(body, 1) if encoding == "gzip" else body

    result = outcome(bench, attempt, says(Answer(200, packed, {"Content-Encoding": encoding})))
    assert_failure(bench, result, OutcomeUnknown)


def test_oversized_fields_give_a_conference_within_the_limits_or_a_failure(bench: Bench, attempt: str) -> None:
    result = outcome(bench, attempt, changes(each_text(lambda text: text + "9" * 5000)))

    assert isinstance(result, (Conference, Temporary))


HOSTILE = [
    "javascript:alert(1)",
    "data:text/html,<b>",
    "http://169.254.169.254/latest",
    "https://user:password@evil.example/",
    "https://evil.example/\r\nX: y",
    "//evil.example/",
    "https://x.example/" + "a" * 1300,
    "",
]


@pytest.mark.parametrize("link", HOSTILE, ids=range(len(HOSTILE)))
def test_f12_a_hostile_link_is_refused(bench: Bench, attempt: str, link: str) -> None:
    hostile = changes(each_text(lambda text: link if text.startswith("http") else text))

    result = outcome(bench, attempt, hostile)

    if bench.harness.reply_carries_link:
        assert isinstance(result, Temporary)
    else:
        assert isinstance(result, Conference)
        assert link not in [point.uri for point in result.entry_points]


@pytest.mark.parametrize(
    "where", ["http://127.0.0.1:9/", "http://169.254.169.254/", "https://evil.example/", "file:///"]
)
def test_a_host_that_is_not_declared_is_not_asked(bench: Bench, where: str) -> None:
    with pytest.raises(Permanent):
        bench.call()(Request("GET", where))
    assert not bench.wire.asked


def test_a_redirect_is_not_followed(bench: Bench, attempt: str) -> None:
    away = Answer(307, b"", {"Location": f"{bench.wire.url}/elsewhere"})

    outcome(bench, attempt, says(away))
    assert "/elsewhere" not in [asked.path for asked in bench.wire.asked]


def test_no_secret_title_or_address_is_logged(bench: Bench, attempt: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        bench.made(EVENT, attempt)
        echo = says(Answer.json(500, {"code": " ".join(bench.harness.secrets.values()), "message": EVENT.summary}))
        outcome(bench, attempt, echo)
        outcome(bench, attempt, hangs_up)

    assert_tells_nothing(bench, caplog.text)
    for call in bench.calls:
        assert_tells_nothing(bench, " ".join(call.notes))


def test_wrong_secrets_are_told_apart_and_named_for_renewal(bench: Bench, attempt: str) -> None:
    if not bench.harness.secrets:
        assert bench.provider.declared.authentication != "secrets"
        return
    assert bench.provider.declared.authentication == "secrets"
    call = bench.call(secrets=dict.fromkeys(bench.harness.secrets, "canary-wrong"), attempt=attempt)

    with pytest.raises(CredentialsRefused) as failure:
        bench.made(EVENT, attempt, call)
    assert call.used_secrets <= set(bench.harness.secrets)
    assert call.used_secrets
    assert "canary" not in str(failure.value)


def test_an_access_token_that_is_refused_is_told_apart(bench: Bench, attempt: str) -> None:
    if not bench.provider.declared.oauth:
        return

    with pytest.raises(CredentialsRefused) as failure:
        bench.made(EVENT, attempt, bench.call(token="canary-wrong", attempt=attempt))
    assert "canary" not in str(failure.value)
    assert bench.harness.count() == 0


def test_a_missing_secret_stops_before_anything_is_made(bench: Bench, attempt: str) -> None:
    if not bench.harness.hidden:
        return

    class Missing(dict[str, str]):
        def __missing__(self, name: str) -> str:
            raise SecretUnavailable("secret-missing", name)

    with pytest.raises(SecretUnavailable):
        bench.made(EVENT, attempt, bench.call(secrets=Missing(), attempt=attempt))
    assert bench.harness.count() == 0
