"""What Zoom tells: believed when it is signed over these very bytes just now, and read strictly where it counts."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conference.errors import BadRequest, NotFound, Unauthenticated
from conference.providers import read_options, zoom
from conference.providers.base import Hook, Notice

NOW = datetime(2031, 3, 1, 12, tzinfo=UTC)
KEY = "secret-token-of-the-app"
HAPPENED = datetime(2031, 3, 1, 11, 59, 58, 250000, tzinfo=UTC)
USER = "z9jkdsfsdfjhdkfjQ"


def signed(body: bytes, moment: object = int(NOW.timestamp()), key: str = KEY, version: str = "v0") -> dict[str, str]:
    """The headers as Zoom writes them."""
    content = f"{version}:{moment}:".encode() + body
    signature = hmac.new(key.encode(), content, hashlib.sha256).hexdigest()
    return {"x-zm-request-timestamp": str(moment), "x-zm-signature": f"{version}={signature}"}


def told(event: str, payload: Any = None, **more: Any) -> bytes:
    known = {
        "event": event,
        "event_ts": int(HAPPENED.timestamp() * 1000),
        "payload": {} if payload is None else payload,
    }
    return json.dumps({**known, **more}).encode()


def take(body: bytes, headers: Mapping[str, str] | None = None, now: datetime = NOW, secret: str = KEY) -> Notice:
    table = {"client_id": "c", "client_secret": "s", "webhook_secret": secret}
    options = read_options("zoom", {name: value for name, value in table.items() if value})
    return zoom.webhook(Hook(signed(body) if headers is None else headers, body, options, now), str)


DELETED = told("meeting.deleted", {"operation": "all", "object": {"id": "86226580854", "topic": "Plan"}})


def test_a_signed_call_is_believed() -> None:
    assert take(DELETED) == Notice("deleted", "86226580854", HAPPENED)


def test_the_signature_is_the_one_that_zoom_documents() -> None:
    """Worked out apart from this code: printf 'v0:1930132800:{"event":"x"}' | openssl dgst -sha256 -hmac key."""
    digest = "c45f7328796a95672198df348ddc7e58d532014f7537a2d00f9d2f66be52099c"
    headers = {"x-zm-request-timestamp": "1930132800", "x-zm-signature": f"v0={digest}"}
    assert take(b'{"event":"x"}', headers, secret="key") == Notice()


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body + b" ",
        lambda body: body.replace(b'": "', b'":"'),
        lambda body: body.replace(b"86226580854", b"86226580855"),
        lambda body: b"",
    ],
    ids=["a blank more", "other blanks", "another meeting", "nothing"],
)
def test_the_signature_is_over_these_very_bytes(change: Any) -> None:
    assert change(DELETED) != DELETED
    with pytest.raises(Unauthenticated, match="bad-signature"):
        take(change(DELETED), signed(DELETED))


WITHOUT_PROOF = {
    "an empty signature": {"x-zm-signature": ""},
    "no version": {"x-zm-signature": signed(DELETED)["x-zm-signature"].removeprefix("v0=")},
    "another version": {"x-zm-signature": signed(DELETED, version="v1")["x-zm-signature"]},
    "half a signature": {"x-zm-signature": signed(DELETED)["x-zm-signature"][:35]},
    "upper case": {"x-zm-signature": "v0=" + signed(DELETED)["x-zm-signature"].removeprefix("v0=").upper()},
    "another secret": signed(DELETED, key="another"),
    "no secret": signed(DELETED, key=""),
    "a signature with other letters": {"x-zm-signature": "v0=ü"},
    "another second": {"x-zm-request-timestamp": str(int(NOW.timestamp()) + 1)},
}
WITHOUT_TIME = {
    "no headers": {},
    "no time": {"x-zm-signature": signed(DELETED)["x-zm-signature"]},
    "an empty time": {**signed(DELETED), "x-zm-request-timestamp": ""},
    "a time below zero": signed(DELETED, -1),
    "a time with a fraction": signed(DELETED, "1930132800.5"),
    "a time in milliseconds": signed(DELETED, int(NOW.timestamp()) * 1000),
    "a time of more digits than Python reads": signed(DELETED, "1" * 5000),
    "a time with blanks": signed(DELETED, f" {int(NOW.timestamp())}"),
    "digits of another script": signed(DELETED, "١٩٣٠١٣٢٨٠٠"),
    "a date": signed(DELETED, "2031-03-01T12:00:00Z"),
}


@pytest.mark.parametrize("change", WITHOUT_PROOF.values(), ids=WITHOUT_PROOF)
def test_without_a_right_signature_nothing_is_believed(change: Mapping[str, str]) -> None:
    with pytest.raises(Unauthenticated) as refused:
        take(DELETED, {**signed(DELETED), **change})
    assert refused.value.reason == "bad-signature"


def test_without_a_signature_nothing_is_believed() -> None:
    headers = signed(DELETED)
    del headers["x-zm-signature"]
    with pytest.raises(Unauthenticated) as refused:
        take(DELETED, headers)
    assert refused.value.reason == "bad-signature"


@pytest.mark.parametrize("headers", WITHOUT_TIME.values(), ids=WITHOUT_TIME)
def test_without_a_time_nothing_is_believed(headers: Mapping[str, str]) -> None:
    with pytest.raises(Unauthenticated) as refused:
        take(DELETED, headers)
    assert refused.value.reason == "no-signature"


@pytest.mark.parametrize("seconds", [-300, 300])
def test_a_call_is_fresh_for_five_minutes_either_way(seconds: float) -> None:
    assert take(DELETED, now=NOW + timedelta(seconds=seconds)).kind == "deleted"


@pytest.mark.parametrize("seconds", [-301, -300.5, 300.5, 301, 86400])
def test_a_call_that_is_not_fresh_is_refused(seconds: float) -> None:
    with pytest.raises(Unauthenticated, match="not-fresh"):
        take(DELETED, now=NOW + timedelta(seconds=seconds))


def test_the_secret_is_not_read_for_a_call_that_is_refused_without_it() -> None:
    def secret(text: str) -> str:
        raise AssertionError(text)

    options = read_options("zoom", {"client_id": "c", "client_secret": "s", "webhook_secret": KEY})
    for headers in ({}, signed(DELETED, int(NOW.timestamp()) - 301)):
        with pytest.raises(Unauthenticated):
            zoom.webhook(Hook(headers, DELETED, options, NOW), secret)


def test_there_are_no_webhooks_without_a_secret() -> None:
    with pytest.raises(NotFound, match="no-webhook"):
        take(DELETED, secret="")


def test_the_address_is_validated_by_the_hash_of_a_token() -> None:
    """The example of Zoom's "Validate your webhook endpoint" with our secret."""
    plain = "qgg8vlvZRS6UYooatFL8Aw"
    encrypted = hmac.new(KEY.encode(), plain.encode(), hashlib.sha256).hexdigest()
    notice = take(told("endpoint.url_validation", {"plainToken": plain}))
    assert notice == Notice(reply={"plainToken": plain, "encryptedToken": encrypted})


def test_who_removes_the_app_is_named_by_zoom_s_id() -> None:
    payload = {"account_id": "a", "user_id": USER, "user_data_retention": None, "client_id": "c"}
    assert take(told("app_deauthorized", payload)) == Notice("deauthorised", USER, HAPPENED)


def test_when_it_happened_may_be_unsaid() -> None:
    body = json.dumps({"event": "app_deauthorized", "payload": {"user_id": USER}}).encode()
    assert take(body) == Notice("deauthorised", USER, None)


@pytest.mark.parametrize("meeting", [86226580854, "86226580854"])
def test_a_meeting_s_number_may_come_as_a_number_or_as_text(meeting: object) -> None:
    assert take(told("meeting.deleted", {"object": {"id": meeting}})).id == "86226580854"


def test_a_deletion_that_does_not_say_of_what_is_of_all() -> None:
    assert take(told("meeting.deleted", {"object": {"id": 1}})) == Notice("deleted", "1", HAPPENED)


def test_the_deletion_of_one_occurrence_is_nothing_to_us() -> None:
    payload = {"operation": "single", "object": {"id": 1, "occurrences": [{"occurrence_id": "1"}]}}
    assert take(told("meeting.deleted", payload)) == Notice()


NOTHING = {
    "an event that we did not subscribe to": told("meeting.started", {"object": {"id": 1}}),
    "one without a payload": json.dumps({"event": "meeting.ended"}).encode(),
    "one whose payload is null": told("user.created", payload=None).replace(b"{}", b"null"),
    "one whose payload is a list": told("user.created", [1, 2]),
    "one with fields of other types": told("user.updated", {"user_id": 7, "operation": None, "object": []}),
    "one of another case": told("Meeting.Deleted", {"object": {"id": 1}}),
}


@pytest.mark.parametrize("body", NOTHING.values(), ids=NOTHING)
def test_other_events_are_nothing_to_us_whatever_they_hold(body: bytes) -> None:
    assert take(body) == Notice()


MALFORMED = {
    "nothing": b"",
    "no JSON": b"{",
    "no object": b"[]",
    "no event": b"{}",
    "an event that is no text": b'{"event": 1}',
    "bytes that are no text": b'{"event": "\xff"}',
    "very deep": b'{"event": "x", "payload": ' + b"[" * 100_000,
    "a user without an id": told("app_deauthorized", {"account_id": "a"}),
    "a user with an empty id": told("app_deauthorized", {"user_id": ""}),
    "a user whose id is no text": told("app_deauthorized", {"user_id": 7}),
    "a meeting without an id": told("meeting.deleted", {"object": {}}),
    "a meeting whose id is empty": told("meeting.deleted", {"object": {"id": ""}}),
    "a meeting whose id is no number": told("meeting.deleted", {"object": {"id": "1/2"}}),
    "no meeting": told("meeting.deleted", {"operation": "all"}),
    "no plain token": told("endpoint.url_validation", {}),
    "an empty plain token": told("endpoint.url_validation", {"plainToken": ""}),
    "a time before all times": told("meeting.deleted", {"object": {"id": 1}}, event_ts=-1),
    "a time after all times": told("meeting.deleted", {"object": {"id": 1}}, event_ts=10**18),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_what_makes_no_sense_is_refused_in_words_of_ours(body: bytes) -> None:
    with pytest.raises(BadRequest) as refused:
        take(body)
    assert str(refused.value) == "malformed-webhook: the body is no event of Zoom's"
