"""The client library's requests reach our exchange as they are, and only by the method that is meant."""

import httplib2
import msgspec
import pytest

from conference.clock import Deadline, SystemClock
from conference.providers.base import Reply, Request
from sync.carrier import Carrier

URL = "https://cloudtasks.googleapis.com/v2/x?alt=json"


class Exchange:
    """Answers everything alike, and remembers what it was asked and until when."""

    def __init__(self) -> None:
        self.asked: list[tuple[Request, Deadline]] = []

    def __call__(self, request: Request, deadline: Deadline) -> Reply:
        self.asked.append((request, deadline))
        return Reply(409, {"Set-Cookie": "x"}, b"{}")


def test_the_body_is_sent_as_it_was_built_with_nothing_but_the_authorization() -> None:
    exchange, deadline = Exchange(), Deadline(SystemClock(), 5.0)
    headers = {"authorization": "Bearer t", "user-agent": "python", "x-goog-api-client": "gdcl"}
    body = '{"task":  {"name": "é"}}'
    reply = Carrier(exchange, deadline, "POST").request(URL, "POST", headers, body, connection_type=None)
    [(request, until)] = exchange.asked
    assert (request.method, request.url, request.headers) == ("POST", URL, {"Authorization": "Bearer t"})
    assert (msgspec.json.encode(request.json).decode(), until) == (body, deadline)
    assert (type(reply[0]), reply[0].status, reply[1]) == (httplib2.Response, 409, b"{}")


def test_without_a_body_none_is_sent() -> None:
    exchange = Exchange()
    Carrier(exchange, Deadline(SystemClock(), 5.0), "GET").request(URL, "GET", {"authorization": ""}, None)
    assert exchange.asked[0][0].json is None


@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH"])
def test_f60_another_method_is_never_sent(method: str) -> None:
    exchange = Exchange()
    with pytest.raises(AssertionError):
        Carrier(exchange, Deadline(SystemClock(), 5.0), "GET").request(URL, method, {"authorization": ""})
    assert exchange.asked == []
