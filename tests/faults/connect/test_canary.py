"""F72: no secret, token, code, verifier, state or cookie of a story is ever said: in logs, addresses, pages, errors."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from werkzeug.test import TestResponse

from conference.errors import AnyroomError
from simulator import faults, registrations
from simulator.authorization import AuthorizationServer
from simulator.oauth_tokens import Tokens
from simulator.zoom_api import zoom_id
from tests.browsing import ENVIRONMENT, Browser, create, vendors
from tests.faults.connect.story import held, hook
from tests.served import Function
from tests.world import ADA, BOB, MovedClock

HOUR = 3600.0
SAID = "canary-that-the-vendor-says"


class Watched(Browser):
    """A browser of which every page and every address is kept, and every cookie and form that it was given."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.pages: list[str] = []
        self.given: set[str] = set()
        send = self.client.open

        def kept(*args: object, **options: object) -> TestResponse:
            response: TestResponse = send(*args, **options)  # type: ignore[arg-type]  # whatever it was asked with
            self.pages.append(response.text)
            for header in response.headers.getlist("Set-Cookie"):
                self.given.add(header.partition("=")[2].partition(";")[0])
            return response

        self.client.open = kept  # type: ignore[method-assign]  # the same, seen


@dataclass
class Said:
    """Everything that must not be said, and where it might have been."""

    function: Function
    browsers: list[Watched]
    tokens: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)

    def secrets(self) -> set[str]:
        """Secrets of ours and tokens, codes and verifiers of all servers: these stand on no page and in no address."""
        found = {value for name, value in {**ENVIRONMENT, **vendors()[1]}.items() if not name.startswith("ANYROOM_")}
        found |= self.tokens
        for request in self.function.simulator.requests:
            form = parse_qs(request.body.decode("utf-8", "replace"))
            found |= {value for name in ("code", "code_verifier") for value in form.get(name, [])}
            found.add(request.headers.get("authorization", "").rpartition(" ")[2])
        return found - {""}

    def states(self) -> set[str]:
        """What stands only in the addresses that lead to a server and back."""
        urls = [url for browser in self.browsers for url in browser.seen]
        queries = [parse_qs(urlsplit(url).query) for url in urls]
        return {value for query in queries for name in ("state", "nonce") for value in query.get(name, [])}

    def cookies(self) -> set[str]:
        return {value for browser in self.browsers for value in browser.given} - {""}

    def check(self) -> None:
        """None of it was said."""
        assert len(self.secrets()) > 20
        assert self.states()
        assert self.cookies()
        private = self.secrets() | self.states() | self.cookies() | {SAID, ADA, BOB}
        log, errors = self.function.log(), "\n".join(self.errors)
        assert self.errors
        pages = "\n".join(page for browser in self.browsers for page in browser.pages)
        ours = [url for browser in self.browsers for url in browser.seen if not url.startswith("http://localhost")]
        stored = self.function.file.read_bytes()
        for text in sorted(private):
            assert text not in log
            assert text not in errors
            assert text in (ADA, BOB) or text not in pages
        for text in sorted(self.secrets() | self.cookies()):
            assert not any(text in unquote(url) for url in ours)
            assert text.encode() not in stored
        assert not any(text.encode() in stored for text in self.states())


@pytest.fixture
def said(function: Function, monkeypatch: pytest.MonkeyPatch) -> Said:
    said = Said(function, [])
    opaque, init = Tokens.opaque, AnyroomError.__init__
    signed = type(function.simulator.identity).sign

    def kept_opaque(tokens: Tokens, length: int = 64) -> str:
        said.tokens.add(token := opaque(tokens, length))
        return token

    def kept_error(error: AnyroomError, reason: str, detail: str = "") -> None:
        init(error, reason, detail)
        said.errors.append(str(error))

    def kept_signed(*args: object, **options: object) -> str:
        said.tokens.add(token := signed(*args, **options))  # type: ignore[arg-type]  # whatever it was asked with
        return token

    monkeypatch.setattr(Tokens, "opaque", kept_opaque)
    monkeypatch.setattr(AnyroomError, "__init__", kept_error)
    monkeypatch.setattr(type(function.simulator.identity), "sign", kept_signed)
    return said


def watched(said: Said, user: str = ADA) -> Watched:
    said.browsers.append(Watched(said.function, user))
    return said.browsers[-1]


def test_f72_a_whole_story_that_goes_well_says_nothing(function: Function, said: Said, clock: MovedClock) -> None:
    browser = watched(said)
    for vendor in ("zoom", "webex", "teams", "goto"):
        create(function, vendor)
        browser.connect(vendor)
        assert "error" not in create(function, vendor)
    clock.advance(15 * 24 * HOUR)
    browser.sign_in()
    for vendor in ("zoom", "webex", "teams", "goto"):
        assert "error" not in create(function, vendor)
        browser.submit(f"/test/{vendor}")
    assert hook(function, {"event": "meeting.deleted", "payload": {"object": {"id": 1}}}).status_code == 204
    browser.submit("/disconnect/webex")
    deauthorised = {"event": "app_deauthorized", "payload": {"user_id": zoom_id(ADA)}}
    assert hook(function, deauthorised).status_code == 204
    assert "Not connected." in browser.open("/settings").text
    browser.submit("/forget")
    said.check()


def refused_code(function: Function, browser: Watched, server: AuthorizationServer) -> None:
    path = held(browser)
    browser.client.get(path.replace("code=", "code=x"))


def withheld(function: Function, browser: Watched, server: AuthorizationServer) -> None:
    browser.scopes = registrations.ZOOM_SCOPES - {"meeting:write:meeting"}
    browser.connect("zoom")


def denied(function: Function, browser: Watched, server: AuthorizationServer) -> None:
    browser.sign_in()
    browser.decision = "deny"
    browser.connect("zoom")


def forged(function: Function, browser: Watched, server: AuthorizationServer) -> None:
    function.simulator.sign_in.forgery = {"nonce": SAID}
    browser.connect("zoom")


def token_endpoint(function: Function, browser: Watched, server: AuthorizationServer) -> None:
    body = json.dumps({"error": "invalid_grant", "error_description": SAID, "reason": SAID}).encode()
    function.simulator.faults.add(faults.status(400, body, acted=True), "/zoom/oauth/token")
    browser.connect("zoom")


def account(function: Function, browser: Watched, server: AuthorizationServer) -> None:
    function.simulator.faults.add(faults.status(500, SAID.encode()), "/zoom/v2/users/me", times=3)
    browser.connect("zoom")


def creation(function: Function, browser: Watched, server: AuthorizationServer) -> None:
    browser.connect("zoom")
    refusal = json.dumps({"code": 300, "message": SAID}).encode()
    function.simulator.faults.add(faults.status(400, refusal), "/zoom/v2/users/*/meetings", times=3)
    create(function, "zoom")


def renewal(function: Function, browser: Watched, server: AuthorizationServer) -> None:
    browser.connect("zoom")
    server.revoke_user(ADA)
    browser.submit("/test/zoom")
    create(function, "zoom")


def giving_back(function: Function, browser: Watched, server: AuthorizationServer) -> None:
    browser.connect("zoom")
    function.simulator.faults.add(faults.status(500, SAID.encode()), "/zoom/oauth/revoke", times=9)
    browser.submit("/disconnect/zoom")


def webhook(function: Function, browser: Watched, server: AuthorizationServer) -> None:
    browser.connect("zoom")
    event = {"event": "app_deauthorized", "payload": {"user_id": SAID}}
    assert hook(function, event, "wrong").status_code == 401


STEPS: list[Callable[[Function, Watched, AuthorizationServer], None]] = [
    *(refused_code, withheld, denied, forged, token_endpoint, account, creation, renewal, giving_back, webhook)
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_f72_a_story_that_fails_at_any_step_says_nothing(
    function: Function, said: Said, step: Callable[[Function, Watched, AuthorizationServer], None]
) -> None:
    create(function, "zoom", BOB)
    watched(said, BOB).connect("zoom")
    create(function, "zoom", BOB)
    browser = watched(said)
    create(function, "zoom")
    step(function, browser, function.simulator.authorization["zoom"])
    said.check()
