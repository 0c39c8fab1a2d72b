"""One reading for all who ask, five minutes' memory, an hour's patience with a source that is down, and renewal."""

import logging
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Lock

import pytest

from conference.errors import ConferenceFailure, SecretUnavailable, Temporary
from conference.secrets.cache import FRESH, NAMES, PAUSE, SERVES, Secrets
from conference.secrets.source import Payload
from tests.conference.secrets.conftest import StoppedClock

CANARY = "canary-5fbb0c1e"
DOWN = Temporary("secrets-down", "secret key: no answer")
DENIED = SecretUnavailable("secret-permission", "secret key: permission denied; grant it")


class Values:
    """A source that holds `values`, or raises what stands in their place; its readings wait until it is `open`."""

    def __init__(self, **values: str | ConferenceFailure) -> None:
        self.values = values
        self.readings: list[str] = []
        self.open = Event()
        self.open.set()

    def fetch(self, name: str) -> Payload:
        self.readings.append(name)
        assert self.open.wait(10)
        value = self.values[name]
        if isinstance(value, ConferenceFailure):
            raise type(value)(value.reason, value.detail)
        return Payload(value.encode())


class OpeningClock(StoppedClock):
    """A clock that opens `source` when it has been looked at `looks` times: each who reads looks before waiting."""

    def __init__(self, source: Values, looks: int) -> None:
        super().__init__()
        self._source = source
        self._looks = looks
        self._lock = Lock()
        source.open.clear()

    def monotonic(self) -> float:
        with self._lock:
            self._looks -= 1
            if not self._looks:
                self._source.open.set()
        return super().monotonic()


def at_once(count: int, ask: Callable[[], object]) -> list[object]:
    """What `count` threads get that ask at the same moment: answers, or the failures raised."""
    barrier = Barrier(count)

    def one() -> object:
        barrier.wait(10)
        try:
            return ask()
        except ConferenceFailure as failure:
            return failure

    with ThreadPoolExecutor(count) as threads:
        return [future.result(20) for future in [threads.submit(one) for _ in range(count)]]


def test_a_value_is_read_once_and_served_for_five_minutes(clock: StoppedClock) -> None:
    source = Values(key="one")
    secrets = Secrets(source, clock)
    assert secrets.read("key") == "one"

    source.values["key"] = "two"
    clock.seconds += FRESH - 1
    assert secrets.read("key") == "one"
    assert source.readings == ["key"]


def test_f70_a_rotated_value_is_seen_after_five_minutes(clock: StoppedClock) -> None:
    source = Values(key="one")
    secrets = Secrets(source, clock)
    secrets.read("key")

    source.values["key"] = "two"
    clock.seconds += FRESH
    assert secrets.read("key") == "two"


def test_secrets_are_kept_apart(clock: StoppedClock) -> None:
    secrets = Secrets(Values(a="one", b="two"), clock)

    assert [secrets.read("a"), secrets.read("b"), secrets.read("a")] == ["one", "two", "one"]


def test_past_the_bound_in_count_the_one_asked_for_longest_ago_is_forgotten(clock: StoppedClock) -> None:
    names = [f"key{number}" for number in range(NAMES + 1)]
    source = Values(**dict.fromkeys(names, "x"))
    secrets = Secrets(source, clock)
    for name in names:
        secrets.read(name)
        secrets.read("key0")
    assert source.readings == names

    secrets.read("key0")
    secrets.read("key1")
    assert source.readings == [*names, "key1"]


def test_threads_that_ask_at_once_share_one_reading() -> None:
    source = Values(key="one")
    secrets = Secrets(source, OpeningClock(source, looks=32))

    assert at_once(32, lambda: secrets.read("key")) == ["one"] * 32
    assert source.readings == ["key"]


@pytest.mark.parametrize("failure", [DOWN, DENIED])
def test_threads_that_ask_at_once_share_a_failure_but_not_its_exception(failure: ConferenceFailure) -> None:
    source = Values(key=failure)
    secrets = Secrets(source, OpeningClock(source, looks=8))

    raised = at_once(8, lambda: secrets.read("key"))

    assert [(type(error), str(error)) for error in raised] == [(type(failure), str(failure))] * 8
    assert len({id(error) for error in raised}) == 8
    assert source.readings == ["key"]


def test_while_one_thread_reads_again_the_others_get_the_old_value(clock: StoppedClock) -> None:
    source = Values(key="one")
    secrets = Secrets(source, clock)
    secrets.read("key")
    clock.seconds += FRESH
    source.values["key"] = "two"
    source.open.clear()

    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(secrets.read, "key")
        while len(source.readings) < 2:
            assert not reading.done()
        assert secrets.read("key") == "one"
        source.open.set()
        assert reading.result(10) == "two"

    assert secrets.read("key") == "two"
    assert source.readings == ["key", "key"]


def test_the_old_value_serves_on_while_the_source_is_down_and_the_log_says_so(
    clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    source = Values(key=CANARY)
    secrets = Secrets(source, clock)
    secrets.read("key")

    source.values["key"] = DOWN
    clock.seconds += SERVES - 1
    assert secrets.read("key") == CANARY
    assert caplog.messages == ["secret key: no answer; the value read 3599 s ago serves on"]


def test_the_old_value_serves_for_an_hour_at_most(clock: StoppedClock) -> None:
    source = Values(key="one")
    secrets = Secrets(source, clock)
    secrets.read("key")
    source.values["key"] = DOWN
    clock.seconds += SERVES - 1
    secrets.read("key")

    clock.seconds += 1
    with pytest.raises(Temporary, match="secret key: no answer"):
        secrets.read("key")


def test_a_source_that_is_down_is_asked_once_in_a_pause(clock: StoppedClock) -> None:
    source = Values(key="one")
    secrets = Secrets(source, clock)
    secrets.read("key")
    source.values["key"] = DOWN
    clock.seconds += FRESH
    secrets.read("key")

    clock.seconds += PAUSE - 1
    secrets.read("key")
    assert len(source.readings) == 2

    source.values["key"] = "two"
    clock.seconds += 1
    assert secrets.read("key") == "two"


def test_without_an_old_value_a_source_that_came_back_is_heard_at_once(clock: StoppedClock) -> None:
    source = Values(key=DOWN)
    secrets = Secrets(source, clock)
    with pytest.raises(Temporary):
        secrets.read("key")

    source.values["key"] = "one"
    assert secrets.read("key") == "one"


def test_f32_a_secret_that_is_refused_is_asked_for_once_in_a_pause(clock: StoppedClock) -> None:
    source = Values(key=DENIED)
    secrets = Secrets(source, clock)
    for _ in range(2):
        with pytest.raises(SecretUnavailable, match="secret key: permission denied; grant it"):
            secrets.read("key")
    assert source.readings == ["key"]

    source.values["key"] = "one"
    clock.seconds += PAUSE
    assert secrets.read("key") == "one"


def test_a_refusal_takes_the_old_value_away(clock: StoppedClock) -> None:
    source = Values(key="one")
    secrets = Secrets(source, clock)
    secrets.read("key")

    source.values["key"] = DENIED
    clock.seconds += FRESH
    with pytest.raises(SecretUnavailable):
        secrets.read("key")


def test_f32_a_refusal_is_logged_with_its_remedy(clock: StoppedClock, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(SecretUnavailable):
        Secrets(Values(key=DENIED), clock).read("key")

    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "secret key: permission denied; grant it")
    ]


def test_f70_renewal_reads_a_rotated_value_at_once(clock: StoppedClock) -> None:
    source = Values(key="one")
    secrets = Secrets(source, clock)
    secrets.read("key")

    source.values["key"] = "two"
    assert secrets.renew("key") is True
    assert secrets.read("key") == "two"
    assert len(source.readings) == 2


def test_renewal_of_an_unchanged_value_says_so(clock: StoppedClock) -> None:
    source = Values(key="one")
    secrets = Secrets(source, clock)
    secrets.read("key")

    assert secrets.renew("key") is False
    assert secrets.read("key") == "one"


def test_renewal_of_what_was_never_read_changes_nothing(clock: StoppedClock) -> None:
    assert Secrets(Values(key="one"), clock).renew("key") is False


def test_f70_a_wrong_secret_is_no_storm_of_readings(clock: StoppedClock) -> None:
    source = Values(key="one")
    secrets = Secrets(source, clock)
    secrets.read("key")

    assert [secrets.renew("key") for _ in range(50)] == [False] * 50
    assert len(source.readings) == 2

    clock.seconds += PAUSE
    source.values["key"] = "two"
    assert secrets.renew("key") is True
    assert len(source.readings) == 3


def test_f70_renewals_at_once_collapse_to_one_and_all_learn_of_the_change(clock: StoppedClock) -> None:
    source = Values(key="one")
    secrets = Secrets(source, clock)
    secrets.read("key")
    source.values["key"] = "two"

    assert at_once(16, lambda: secrets.renew("key")) == [True] * 16
    assert len(source.readings) == 2


def test_f70_who_used_the_value_before_a_plain_reading_changed_it_learns_of_the_change(clock: StoppedClock) -> None:
    source = Values(key="one")
    secrets = Secrets(source, clock)
    secrets.read("key")
    source.values["key"] = "two"
    clock.seconds += FRESH
    secrets.read("key")

    clock.seconds += PAUSE - 1
    assert secrets.renew("key") is True
    clock.seconds += 1
    assert secrets.renew("key") is False


def test_renewal_while_the_source_is_down_keeps_the_value(
    clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    source = Values(key="one")
    secrets = Secrets(source, clock)
    secrets.read("key")

    source.values["key"] = DOWN
    assert secrets.renew("key") is False
    assert secrets.read("key") == "one"
    assert "secret key: no answer" in caplog.text


def test_renewal_that_is_refused_is_told_by_the_next_read(clock: StoppedClock) -> None:
    source = Values(key="one")
    secrets = Secrets(source, clock)
    secrets.read("key")

    source.values["key"] = DENIED
    assert secrets.renew("key") is False
    with pytest.raises(SecretUnavailable, match="grant it"):
        secrets.read("key")


def test_no_value_is_shown_by_a_repr_a_log_or_a_traceback(
    clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    source = Values(key=CANARY)
    secrets = Secrets(source, clock)
    secrets.read("key")
    source.values["key"] = f"{CANARY}-2"
    secrets.renew("key")
    source.values["key"] = DOWN
    clock.seconds += SERVES

    with pytest.raises(Temporary) as raised:
        secrets.read("key")

    shown = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
    text = "".join(shown.format())
    assert "state = _State(" in text
    assert CANARY not in text + caplog.text + repr(secrets)
