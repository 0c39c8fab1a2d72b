"""Secret Manager over the wire: what it answers, what it refuses, and what a bad line does to a reading."""

import logging
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import grpc
import pytest

from conference.clock import SystemClock
from conference.errors import SecretUnavailable, Temporary
from conference.secrets import open_secrets
from conference.secrets.secret_manager import SecretManager, crc32c
from conference.secrets.source import Payload
from tests.conference.secrets.conftest import StoppedClock
from tests.secret_manager import PROJECT, SecretManagerStandIn, running

CANARY = "canary-5fbb0c1e"
GRANT = "grant roles/secretmanager.secretAccessor"
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


@pytest.fixture
def source(stand_in: SecretManagerStandIn, clock: StoppedClock) -> SecretManager:
    return SecretManager(PROJECT, clock, channel=stand_in.channel)


@pytest.mark.parametrize("data", [b"value", b"", bytes(range(256)), b"x" * 65_536])
def test_a_payload_arrives_as_it_was_stored(data: bytes, source: SecretManager, stand_in: SecretManagerStandIn) -> None:
    stand_in.add_version("key", data)

    assert source.fetch("key") == Payload(data)


def test_f70_the_newest_version_is_read(source: SecretManager, stand_in: SecretManagerStandIn) -> None:
    stand_in.add_version("key", b"one")
    assert source.fetch("key") == Payload(b"one")

    stand_in.add_version("key", b"two")
    assert source.fetch("key") == Payload(b"two")


def unknown(stand_in: SecretManagerStandIn) -> None:
    stand_in.add_version("other", b"x")


def unknown_to_whom_sees_no_project(stand_in: SecretManagerStandIn) -> None:
    stand_in.sees_project = False


def without_version(stand_in: SecretManagerStandIn) -> None:
    stand_in.create_empty("key")


def forbidden(stand_in: SecretManagerStandIn) -> None:
    stand_in.add_version("key", b"x", readable=False)


def disabled(stand_in: SecretManagerStandIn) -> None:
    stand_in.add_version("key", b"x")
    stand_in.set_state("key", stand_in.add_version("key", b"x"), "DISABLED")


def destroyed(stand_in: SecretManagerStandIn) -> None:
    stand_in.set_state("key", stand_in.add_version("key", b"x"), "DESTROYED")


def api_off(stand_in: SecretManagerStandIn) -> None:
    stand_in.api_enabled = False


def unauthenticated(stand_in: SecretManagerStandIn) -> None:
    stand_in.next_codes.append(grpc.StatusCode.UNAUTHENTICATED)


@pytest.mark.parametrize(
    ("arrange", "reason", "remedy"),
    [
        (unknown, "secret-missing", "create it and add a version"),
        (without_version, "secret-missing", "create it and add a version"),
        (forbidden, "secret-permission", f"{GRANT} on it to the service account"),
        (unknown_to_whom_sees_no_project, "secret-permission", f"or no such secret; {GRANT}"),
        (disabled, "secret-disabled", "enable it or add a new one"),
        (destroyed, "secret-disabled", "enable it or add a new one"),
        (api_off, "secret-project", "gcloud services enable secretmanager.googleapis.com"),
        (unauthenticated, "secret-credentials", "check the function's service account"),
    ],
)
def test_f32_a_refusal_names_the_secret_and_says_what_to_do(
    arrange: Callable[[SecretManagerStandIn], None],
    reason: str,
    remedy: str,
    source: SecretManager,
    stand_in: SecretManagerStandIn,
) -> None:
    arrange(stand_in)

    with pytest.raises(SecretUnavailable) as refused:
        source.fetch("key")

    assert refused.value.reason == reason
    assert refused.value.detail.startswith(f"secret key of project {PROJECT}: ")
    assert remedy in refused.value.detail
    assert len(stand_in.calls) == 1


def test_another_project_is_permission_denied(clock: StoppedClock, stand_in: SecretManagerStandIn) -> None:
    stand_in.add_version("key", b"x")

    with pytest.raises(SecretUnavailable, match="secret key of project other-project: permission denied"):
        SecretManager("other-project", clock, channel=stand_in.channel).fetch("key")


def test_a_name_that_secret_manager_does_not_take_is_said_to_be_the_project(
    clock: StoppedClock, stand_in: SecretManagerStandIn
) -> None:
    with pytest.raises(SecretUnavailable, match="check the project in ANYROOM_SECRETS"):
        SecretManager("No/Project", clock, channel=stand_in.channel).fetch("key")


def test_a_payload_that_arrived_damaged_is_asked_for_again(
    source: SecretManager, stand_in: SecretManagerStandIn
) -> None:
    stand_in.add_version("key", b"value")
    stand_in.damage = 1

    assert source.fetch("key") == Payload(b"value")
    assert len(stand_in.calls) == 2


def test_a_payload_that_arrived_damaged_twice_is_refused_and_shown_in_no_traceback(
    source: SecretManager, stand_in: SecretManagerStandIn
) -> None:
    stand_in.add_version("key", f"-{CANARY}".encode())
    stand_in.damage = 2

    with pytest.raises(Temporary, match="secret key: arrived damaged twice") as refused:
        source.fetch("key")

    assert len(stand_in.calls) == 2
    shown = traceback.TracebackException.from_exception(refused.value, capture_locals=True)
    text = "".join(shown.format())
    assert "payload = " in text
    assert CANARY not in text


def test_a_moments_unavailability_is_waited_out(
    source: SecretManager, stand_in: SecretManagerStandIn, clock: StoppedClock
) -> None:
    stand_in.add_version("key", b"value")
    stand_in.next_codes.extend([UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED])

    assert source.fetch("key") == Payload(b"value")
    assert clock.slept == [0.25, 1.0]


def test_longer_unavailability_is_temporary_after_three_attempts(
    source: SecretManager, stand_in: SecretManagerStandIn
) -> None:
    stand_in.next_codes.extend([UNAVAILABLE] * 4)

    with pytest.raises(Temporary, match=r"secret key: .*\(UNAVAILABLE\)"):
        source.fetch("key")
    assert len(stand_in.calls) == 3


def test_no_attempt_is_made_past_the_timeout(clock: StoppedClock, stand_in: SecretManagerStandIn) -> None:
    stand_in.next_codes.extend([UNAVAILABLE] * 4)

    with pytest.raises(Temporary):
        SecretManager(PROJECT, clock, channel=stand_in.channel, timeout=1.2).fetch("key")
    assert clock.slept == [0.25]


@pytest.mark.parametrize("code", ["INTERNAL", "UNKNOWN", "ABORTED", "CANCELLED", "DEADLINE_EXCEEDED", "UNIMPLEMENTED"])
def test_any_other_failure_is_temporary_and_not_repeated(
    code: str, source: SecretManager, stand_in: SecretManagerStandIn
) -> None:
    stand_in.next_codes.append(grpc.StatusCode[code])

    with pytest.raises(Temporary, match=code):
        source.fetch("key")
    assert len(stand_in.calls) == 1


def test_a_slow_answer_is_not_waited_for(stand_in: SecretManagerStandIn) -> None:
    stand_in.add_version("key", b"value")
    stand_in.delay = 30.0
    clock = SystemClock()
    source = SecretManager(PROJECT, clock, channel=stand_in.channel, timeout=0.1)
    started = clock.monotonic()

    with pytest.raises(Temporary, match="DEADLINE_EXCEEDED"):
        source.fetch("key")
    assert clock.monotonic() - started < 15


def test_nobody_listening_is_temporary(clock: StoppedClock) -> None:
    with running(SecretManagerStandIn()) as gone:
        pass

    with pytest.raises(Temporary, match="UNAVAILABLE"):
        SecretManager(PROJECT, clock, channel=gone.channel).fetch("key")


def test_without_google_credentials_the_refusal_says_how_to_get_some(
    clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/no/such/file.json")

    with pytest.raises(SecretUnavailable, match=r"secret key: .*gcloud auth application-default login"):
        SecretManager(PROJECT, clock).fetch("key")


def test_threads_that_ask_at_once_make_one_call(clock: StoppedClock, stand_in: SecretManagerStandIn) -> None:
    stand_in.add_version("key", b"value")
    stand_in.delay = 0.05
    secrets = open_secrets(f"secretmanager:{PROJECT}", clock, channel=stand_in.channel)
    barrier = Barrier(32)

    def ask() -> str:
        barrier.wait(10)
        return secrets.read("key")

    with ThreadPoolExecutor(32) as threads:
        assert [future.result(10) for future in [threads.submit(ask) for _ in range(32)]] == ["value"] * 32
    assert len(stand_in.calls) == 1


def test_f70_a_rotation_is_found_by_renewal_and_an_outage_is_bridged(
    clock: StoppedClock, stand_in: SecretManagerStandIn
) -> None:
    stand_in.add_version("key", b"one")
    secrets = open_secrets(f"secretmanager:{PROJECT}", clock, channel=stand_in.channel)
    assert secrets.read("key") == "one"

    stand_in.add_version("key", b"two")
    assert secrets.renew("key") is True
    stand_in.next_codes.extend([UNAVAILABLE] * 3)
    clock.seconds += 300
    assert secrets.read("key") == "two"
    assert not stand_in.next_codes


def test_no_value_is_logged_even_when_everything_is(
    stand_in: SecretManagerStandIn, clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    stand_in.add_version("key", CANARY.encode())
    library = logging.getLogger("google")
    propagate = library.propagate
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="google")
    secrets = open_secrets(f"secretmanager:{PROJECT}", clock, channel=stand_in.channel)
    try:
        library.addHandler(caplog.handler)
        assert secrets.read("key") == CANARY
    finally:
        library.removeHandler(caplog.handler)
        library.propagate = propagate

    logged = "".join(str(vars(record)) for record in caplog.records)
    assert "Created client" in logged
    assert CANARY not in logged
    # A reply is logged as JSON, its bytes in base64.
    assert "Y2FuYXJ5" not in logged


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        (b"", 0x00000000),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(reversed(range(32))), 0x113FDB5C),
    ],
)
def test_crc32c_of_the_published_examples(data: bytes, checksum: int) -> None:
    assert crc32c(data) == checksum
