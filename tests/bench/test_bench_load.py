"""The load sends what the add-on sends, and takes nothing for an answer that is none."""

import json
import socket
import threading
from collections.abc import Iterator

import pytest

from bench import load
from bench.failure import BenchFailure


def answer(body: object, status: int = 200) -> load.Answer:
    return load.Answer(status, body if isinstance(body, bytes) else json.dumps(body).encode(), 0.0)


@pytest.fixture
def hangs_up() -> Iterator[int]:
    """A port where every connection is closed after its first bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def close_one() -> None:
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.close()

        thread = threading.Thread(target=close_one, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@pytest.fixture
def says_nothing() -> Iterator[int]:
    """A port where each request, without a body, is answered 204."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                while connection.recv(65536):
                    connection.sendall(b"HTTP/1.1 204 NO CONTENT\r\nServer: x\r\n\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_every_lane_gets_an_answer_to_each_request(port: int) -> None:
    lanes = [[load.get("/oauth2/v3/certs"), load.get("/nothing")], [load.get("/nothing")]]
    assert [answer.status for answer in load.run(port, lanes)] == [200, 404, 404]


def test_a_cut_connection_ends_the_run(hangs_up: int) -> None:
    with pytest.raises(BenchFailure, match="cut after 0 answers"):
        load.run(hangs_up, [[load.get("/")]])


def test_a_cut_connection_fails_a_first_request(hangs_up: int) -> None:
    with socket.create_connection(("127.0.0.1", hangs_up)) as connection, pytest.raises(BenchFailure):
        load.exchange(connection, load.get("/"))


def test_a_create_is_the_add_ons_call_on_the_callers_own_calendar() -> None:
    head, body = load.create("user@bench.example", "token", "event1").split(b"\r\n\r\n")
    assert head.startswith(b"POST /conferences?solution=demo HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer token\r\n" in head
    assert f"\r\nContent-Length: {len(body)}".encode() in head
    asked = json.loads(body)
    assert (asked["calendarId"], asked["eventId"]) == ("user@bench.example", "event1")
    assert asked["oauthToken"]


def test_a_relay_is_the_call_of_the_add_ons_trigger() -> None:
    head, body = load.relay("user@bench.example", "token").split(b"\r\n\r\n")
    assert head.startswith(b"POST /calendar-changes HTTP/1.1\r\n")
    assert f"\r\nContent-Length: {len(body)}".encode() in head
    assert json.loads(body)["calendarId"] == "user@bench.example"


def test_an_answer_without_content_needs_no_length(says_nothing: int) -> None:
    lane = [load.notification("channel", "secret", "resource")] * 2
    assert [answer.status for answer in load.run(says_nothing, [lane])] == [204, 204]


def test_a_conference_with_an_entry_point_is_right() -> None:
    load.check_conference(answer({"conferenceData": {"entryPoints": [{"uri": "https://rooms.example/a"}]}}))


@pytest.mark.parametrize(
    "wrong",
    [
        answer({"conferenceData": {"error": {"conferenceErrorType": "TEMPORARY"}}}),
        answer({"conferenceData": {"entryPoints": []}}),
        answer({"conferenceData": {"entryPoints": [{"uri": ""}]}}),
        answer({"conferenceData": {"entryPoints": [{"uri": "https://rooms.example/a"}]}}, status=401),
        answer(b"no json TEMPORARY"),
    ],
)
def test_any_other_answer_fails_with_its_text(wrong: load.Answer) -> None:
    with pytest.raises(BenchFailure) as failure:
        load.check_conference(wrong)
    assert wrong.body.decode() in str(failure.value)


def test_a_room_needs_its_address() -> None:
    load.check_room(answer({"join_url": "https://rooms.example/a"}))
    with pytest.raises(BenchFailure):
        load.check_room(answer({"id": "a"}))
