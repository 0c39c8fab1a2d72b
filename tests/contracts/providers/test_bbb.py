"""The stand-in of BigBlueButton refuses what BigBlueButton refuses, and what it would overlook."""

import hashlib
from urllib.parse import quote_plus
from xml.etree import ElementTree

import pytest

from tests.contracts.providers.bbb import PREFIX, SECRET, BigBlueButton
from tests.contracts.providers.wire import Answer, Asked

CREATE = "name=Test&meetingID=m1&attendeePW=ap&moderatorPW=mp"
JOIN = "meetingID=m1&fullName=Ada&role=MODERATOR"


def target(call: str, query: str, secret: str = SECRET, algorithm: str = "sha256") -> str:
    checksum = hashlib.new(algorithm, f"{call}{query}{secret}".encode()).hexdigest()
    return f"{PREFIX}/{call}?{query}{'&' if query else ''}checksum={checksum}"


def get(server: BigBlueButton, target: str, method: str = "GET", body: bytes = b"") -> str:
    """The messageKey or the returncode of the answer, or its status when it is no XML."""
    answer: Answer = server(Asked(method, target, {}, body))
    if answer.status != 200:
        return str(answer.status)
    response = ElementTree.fromstring(answer.body)
    return response.findtext("messageKey") or response.findtext("returncode") or ""


@pytest.fixture
def server() -> BigBlueButton:
    """One with a meeting."""
    server = BigBlueButton()
    assert get(server, target("create", CREATE)) == "SUCCESS"
    return server


@pytest.mark.parametrize(
    ("call", "query", "key"),
    [
        ("create", CREATE, "duplicateWarning"),
        ("create", CREATE.replace("=ap", "=other"), "idNotUnique"),
        ("create", CREATE.replace("name=Test&", ""), "validationError"),
        ("create", CREATE.replace("Test", "T"), "validationError"),
        ("create", CREATE.replace("Test", "T" * 65), "validationError"),
        ("create", CREATE.replace("m1", "a,b"), "validationError"),
        ("create", CREATE.replace("meetingID=m1&", ""), "missingParamMeetingID"),
        ("create", f"{CREATE}&name=Test", "validationError"),
        ("create", f"{CREATE}&muteOnstart=true", "validationError"),
        ("create", f"{CREATE}&record=True", "validationError"),
        ("create", f"{CREATE}&duration=1.5", "validationError"),
        ("create", f"{CREATE}&guestPolicy=ASK", "validationError"),
        ("create", f"{CREATE}&welcome={quote_plus(chr(10))}", "validationError"),
        ("join", JOIN, "302"),
        ("join", JOIN.replace("fullName=Ada&", ""), "missingParamFullName"),
        ("join", JOIN.replace("Ada", "+"), "validationError"),
        ("join", JOIN.replace("MODERATOR", "HOST"), "validationError"),
        ("join", JOIN.replace("&role=MODERATOR", ""), "invalidPassword"),
        ("join", JOIN.replace("m1", "m2"), "notFound"),
        ("join", f"{JOIN}&createTime=1", "mismatchCreateTimeParam"),
        ("end", "meetingID=m1", "sentEndMeetingRequest"),
        ("end", "meetingID=m2", "notFound"),
        ("getMeetings", "", "SUCCESS"),
        ("getMeetings", "a=b", "validationError"),
        ("insertDocument", "meetingID=m1", "unsupportedRequest"),
    ],
)
def test_a_call_is_answered_as_it_deserves(call: str, query: str, key: str, server: BigBlueButton) -> None:
    assert get(server, target(call, query)) == key


def test_a_call_that_is_not_signed_as_it_is_sent_is_refused(server: BigBlueButton) -> None:
    good = target("create", CREATE)
    for bad in (
        target("create", CREATE, secret="another"),
        good.replace("Test", "Best"),
        good.replace("/create", "/end"),
        good.partition("&checksum")[0],
        f"{good}&checksum=0",
        good[:-1],
    ):
        assert get(server, bad) == "checksumError"


def test_another_method_and_a_body_are_refused(server: BigBlueButton) -> None:
    assert get(server, target("create", CREATE), "POST") == "unsupportedRequest"
    assert get(server, target("create", CREATE), body=b"name=Test") == "unsupportedRequest"


def test_an_older_server_ends_a_meeting_for_its_moderators_only() -> None:
    server = BigBlueButton(old=True)
    get(server, target("create", CREATE))

    assert get(server, target("end", "meetingID=m1")) == "invalidPassword"
    assert get(server, target("end", "meetingID=m1&password=ap")) == "invalidPassword"
    assert get(server, target("end", "meetingID=m1&password=mp")) == "sentEndMeetingRequest"


def test_it_takes_no_more_people_than_it_was_told() -> None:
    server = BigBlueButton()
    get(server, target("create", f"{CREATE}&maxParticipants=1"))

    assert [get(server, target("join", JOIN)) for _ in range(2)] == ["302", "maxParticipantsReached"]
