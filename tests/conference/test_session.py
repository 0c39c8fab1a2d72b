"""Links, cookies and forms are ours only, each good for one thing and one time; anything else says nothing."""

import base64
from collections.abc import Callable
from datetime import timedelta

import pytest

from conference.browser import Cookie
from conference.clock import Clock
from conference.identity import User
from conference.seal import Seal
from conference.secrets.cache import Secrets
from conference.secrets.local import Environment
from conference.session import FLOW, LINK, SESSION, TOLD, Flow, Sessions, Told
from tests.conference.secrets.conftest import StoppedClock
from tests.inside import StillClock
from tests.world import MovedClock

ADA = User("1001", "ada@example.com", "example.com")
BOB = User("1002", "bob@example.com", "example.com")
KEY = base64.b64encode(bytes(range(32))).decode()
JUST_BEFORE = timedelta(seconds=1)


@pytest.fixture
def clock() -> MovedClock:
    return StillClock()


@pytest.fixture
def sessions(clock: MovedClock) -> Sessions:
    return made(clock)


def made(clock: Clock, secure: bool = True, key: str = KEY) -> Sessions:
    numbers = iter(range(10**6))
    seal = Seal("keys", Secrets(Environment({"KEYS": key}), clock), lambda size: next(numbers).to_bytes(size))
    return Sessions(seal, clock, lambda: f"{next(numbers):043d}", secure)


def jar(*cookies: Cookie) -> dict[str, str]:
    return {cookie.name: cookie.value for cookie in cookies}


Read = Callable[[Sessions, str], object]

READERS: dict[str, Read] = {
    "link": lambda sessions, text: sessions.expected(text, "zoom"),
    "session": lambda sessions, text: sessions.visitor({"__Host-session": text}),
    "flow": lambda sessions, text: sessions.under_way({"__Host-flow": text}),
    "form": lambda sessions, text: sessions.is_form_of(ADA, text) or None,
    "told": lambda sessions, text: sessions.told(text),
}
MAKERS: dict[str, Callable[[Sessions], str]] = {
    "link": lambda sessions: sessions.link(ADA, "zoom"),
    "session": lambda sessions: sessions.begin(ADA).value,
    "flow": lambda sessions: sessions.flow("google")[1].value,
    "form": lambda sessions: sessions.form(ADA),
    "told": lambda sessions: sessions.tell(Told("deleted")),
}


@pytest.mark.parametrize("made_as", MAKERS)
@pytest.mark.parametrize("read_as", READERS)
def test_each_is_good_for_itself_and_nothing_else(sessions: Sessions, made_as: str, read_as: str) -> None:
    read = READERS[read_as](sessions, MAKERS[made_as](sessions))
    assert (read is not None) == (made_as == read_as)


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("spoil", ["cut", "other-key", "empty", "text", "another-shape"])
def test_what_is_not_ours_says_nothing(clock: MovedClock, kind: str, spoil: str) -> None:
    sessions = made(clock)
    other = made(clock, key=base64.b64encode(bytes(range(1, 33))).decode())
    text = {
        "cut": MAKERS[kind](sessions)[:-4],
        "other-key": MAKERS[kind](other),
        "empty": "",
        "text": "ada@example.com",
        "another-shape": sessions._seal.seal('{"user": 1}', kind),
    }[spoil]
    assert READERS[kind](sessions, text) is None


@pytest.mark.parametrize(("kind", "lasts"), [("link", LINK), ("session", SESSION), ("form", SESSION), ("told", TOLD)])
def test_each_has_its_time(sessions: Sessions, clock: MovedClock, kind: str, lasts: timedelta) -> None:
    text = MAKERS[kind](sessions)
    clock.advance((lasts - JUST_BEFORE).total_seconds())
    assert READERS[kind](sessions, text) is not None
    clock.advance(JUST_BEFORE.total_seconds())
    assert READERS[kind](sessions, text) is None


def test_a_link_lasts_an_hour_a_session_half_a_day_and_a_flow_ten_minutes(sessions: Sessions) -> None:
    assert [lasts.total_seconds() for lasts in (LINK, SESSION, FLOW)] == [3600, 43200, 600]
    assert (sessions.begin(ADA).seconds, sessions.flow("google")[1].seconds) == (43200, 600)


def test_a_late_flow_is_still_known_so_that_it_can_be_told(sessions: Sessions, clock: MovedClock) -> None:
    flow, cookie = sessions.flow("google", expected=ADA, then="zoom")
    clock.advance(FLOW.total_seconds() + 1)
    late = sessions.under_way(jar(cookie))
    assert late == flow
    assert late.until < clock.now()


def test_a_link_names_whom_it_expects_for_its_solution_only(sessions: Sessions) -> None:
    text = sessions.link(ADA, "zoom")
    assert sessions.expected(text, "zoom") == ADA
    assert sessions.expected(text, "webex") is None


def test_a_form_is_one_users(sessions: Sessions) -> None:
    assert sessions.is_form_of(ADA, sessions.form(ADA))
    assert not sessions.is_form_of(BOB, sessions.form(ADA))


def test_a_flow_has_a_state_a_verifier_and_a_nonce_of_its_own(sessions: Sessions) -> None:
    flows = [sessions.flow("google")[0] for _ in range(2)]
    texts = [text for flow in flows for text in (flow.state, flow.verifier, flow.nonce)]
    assert len(set(texts)) == 6
    assert all(len(text) == 43 for text in texts)


def test_cookies_bear_the_prefix_that_binds_them_to_this_host(sessions: Sessions, clock: MovedClock) -> None:
    cookies = [sessions.begin(ADA), sessions.end(), sessions.flow("google")[1], sessions.ended()]
    assert {cookie.name for cookie in cookies} == {"__Host-session", "__Host-flow"}
    assert {cookie.name for cookie in (made(clock, secure=False).begin(ADA),)} == {"session"}
    plain = {"session": sessions.begin(ADA).value}
    assert sessions.visitor(plain) is None


def test_a_cookie_that_ends_has_no_value_and_no_time(sessions: Sessions) -> None:
    assert [(cookie.value, cookie.seconds) for cookie in (sessions.end(), sessions.ended())] == [("", 0)] * 2


def test_nothing_that_is_kept_can_be_read_by_others(sessions: Sessions) -> None:
    for make in MAKERS.values():
        sealed = make(sessions)
        assert ADA.email not in sealed
        assert base64.b64encode(ADA.email.encode()).decode()[:12] not in sealed


@pytest.mark.parametrize(
    ("kind", "seconds"), [("link", 3600), ("session", 43200), ("form", 43200), ("told", 300)], ids=lambda one: str(one)
)
def test_each_is_over_at_the_very_end_of_its_time(kind: str, seconds: float) -> None:
    clock = StoppedClock()
    sessions = made(clock)
    text = MAKERS[kind](sessions)
    clock.sleep(seconds - 0.001)
    assert READERS[kind](sessions, text) is not None
    clock.seconds = 1_000.0 + seconds
    assert READERS[kind](sessions, text) is None


def test_a_flow_ends_ten_minutes_after_it_began() -> None:
    clock = StoppedClock()
    flow, _ = made(clock).flow("google")
    assert flow.until == clock.now() + timedelta(minutes=10)


@pytest.mark.parametrize("kind", MAKERS)
def test_what_is_sealed_stays_good_in_the_next_version(sessions: Sessions, kind: str) -> None:
    assert sessions._seal.open(MAKERS[kind](sessions), kind)


def test_a_word_without_an_end_is_not_told(sessions: Sessions) -> None:
    assert sessions.told(sessions._seal.seal('{"word": "deleted"}', "told")) is None


def test_what_is_not_said_is_nothing(clock: MovedClock) -> None:
    flow = Flow("state", "google", "verifier", clock.now())
    assert (flow.nonce, flow.user, flow.expected, flow.then) == ("", None, None, "")
    assert Told("deleted") == Told("deleted", "", "", None)
