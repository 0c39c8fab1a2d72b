"""A server sees what the script sends, and the script understands what a server answers, over real HTTP."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

CREATE = ("onCreate_jitsi", {"eventData": {"calendarId": "ann@example.org", "eventId": "event/1 \u00e4\u2028"}})
CONFERENCE = {
    "conferenceId": "room",
    "conferenceSolutionId": "jitsi",
    "entryPoints": [{"entryPointType": "VIDEO", "uri": "https://meet.example.org/room"}],
    "notes": "Grüße \U0001f600",
}


class Function(ThreadingHTTPServer):
    """Answers each route from a table, `path: (status, headers, body)`, and keeps what came in."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.routes: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Function

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        status, headers, content = self.server.routes.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _answer

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def function() -> Iterator[Function]:
    with Function() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def over(function: Function) -> dict[str, str]:
    """The wire of a scenario: requests to the public origin go to `function`."""
    return {"origin": "https://rooms.example.org", "server": function.address}


def answer(value: Any) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "application/json"}, json.dumps(value, ensure_ascii=False).encode()


def test_a_conference_is_made_over_the_wire(function: Function, apps_script: Any) -> None:
    function.routes["/conferences?solution=jitsi"] = answer({"conferenceData": CONFERENCE})
    outcome = apps_script(CREATE, http=over(function))
    assert outcome["answers"] == [{"conferenceData": CONFERENCE}]
    [(method, path, headers, body)] = function.seen
    assert (method, path) == ("POST", "/conferences?solution=jitsi")
    assert headers["Content-Type"] == "application/json"
    assert headers["Authorization"].startswith("Bearer eyJ")
    assert json.loads(body) == {
        "calendarId": "ann@example.org",
        "eventId": "event/1 \u00e4\u2028",
        "oauthToken": "ya29.oauth-token-of-the-user",
    }


def test_changes_are_relayed_until_the_server_has_enough(function: Function, apps_script: Any) -> None:
    function.routes["/calendar-changes"] = 204, {}, b""
    outcome = apps_script(("onCalendarChange", {"calendarId": "ann@example.org"}), http=over(function))
    assert [path for _, path, _, _ in function.seen] == ["/calendar-changes"]
    assert outcome["logs"] == []


def test_the_token_never_follows_a_redirect(function: Function, apps_script: Any) -> None:
    function.routes["/conferences?solution=jitsi"] = 307, {"Location": f"{function.address}/elsewhere"}, b""
    function.routes["/elsewhere"] = answer({"conferenceData": CONFERENCE})
    outcome = apps_script(CREATE, http=over(function))
    assert outcome["answers"] == [{"conferenceData": {"error": {"conferenceErrorType": "TEMPORARY"}}}]
    assert [path for _, path, _, _ in function.seen] == ["/conferences?solution=jitsi"]


def test_a_server_that_is_not_there_is_temporary(function: Function, apps_script: Any) -> None:
    wire = {**over(function), "server": "http://127.0.0.1:1"}
    outcome = apps_script(CREATE, http=wire)
    assert outcome["answers"] == [{"conferenceData": {"error": {"conferenceErrorType": "TEMPORARY"}}}]
    assert [log["message"] for log in outcome["logs"]] == ["Anyroom: no conference of jitsi: Address unavailable"]
