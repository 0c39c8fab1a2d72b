"""ANYROOM_SECRETS and `secret:NAME`: what is accepted, what is refused in one line, and what is not loaded."""

import subprocess
import sys
from pathlib import Path

import pytest

from conference.clock import Clock
from conference.errors import InvalidSetting, SecretUnavailable
from conference.secrets import open_secrets, secret_name
from tests.secret_manager import PROJECT, SecretManagerStandIn

CANARY = "canary-5fbb0c1e"


def test_env_reads_the_variable_of_the_secrets_name(clock: Clock) -> None:
    secrets = open_secrets("env:", clock, environ={"ZOOM_CLIENT_ID": "id-1"})

    assert secrets.read("zoom-client-id") == "id-1"


def test_file_reads_the_file_of_the_secrets_name(clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "zoom-client-id").write_text("id-2\n")

    assert open_secrets(f"file:{tmp_path}", clock).read("zoom-client-id") == "id-2"


def test_secretmanager_reads_the_latest_version(clock: Clock, stand_in: SecretManagerStandIn) -> None:
    stand_in.add_version("zoom-client-id", b"id-0")
    stand_in.add_version("zoom-client-id", b"id-3")

    secrets = open_secrets(f"secretmanager:{PROJECT}", clock, channel=stand_in.channel)

    assert secrets.read("zoom-client-id") == "id-3"
    assert stand_in.calls == [f"projects/{PROJECT}/secrets/zoom-client-id/versions/latest"]


@pytest.mark.parametrize("project", ["abcdef", "a-1234", "example.com:my-project", "250644331956"])
def test_every_form_of_a_projects_name_is_accepted(project: str, clock: Clock) -> None:
    open_secrets(f"secretmanager:{project}", clock)


@pytest.mark.parametrize(
    "setting",
    [
        "",
        "env",
        "env:ZOOM",
        "ENV:",
        "file:",
        "file",
        "file:/no/such/directory",
        "file:\0",
        "secretmanager:",
        "secretmanager",
        "secretmanager:UPPER-CASE",
        "secretmanager:short",
        "secretmanager:ends-with-",
        "secretmanager:projects/p",
        "secretmanager:my-project\n",
        "vault:x",
    ],
)
def test_f32_a_wrong_setting_is_refused_in_one_line_that_names_it(setting: str, clock: Clock) -> None:
    with pytest.raises(InvalidSetting) as refused:
        open_secrets(setting, clock)

    assert "ANYROOM_SECRETS" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_is_no_directory_of_secrets(clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")

    with pytest.raises(InvalidSetting, match="ANYROOM_SECRETS"):
        open_secrets(f"file:{tmp_path / 'secret'}", clock)


@pytest.mark.parametrize(
    ("text", "name"), [("secret:zoom-client-id", "zoom-client-id"), ("secret:" + "a" * 255, "a" * 255)]
)
def test_a_text_written_secret_names_a_secret(text: str, name: str) -> None:
    assert secret_name(text) == name


@pytest.mark.parametrize("text", ["", "zoom-client-id", "Secret:zoom", " secret:zoom"])
def test_any_other_text_is_itself(text: str) -> None:
    assert secret_name(text) is None


@pytest.mark.parametrize("name", ["", "a" * 256, "a/b", "..", "a b", "zoom-client-id\n", "ä", f"{CANARY}="])
def test_what_follows_secret_must_be_a_name_and_is_not_repeated(name: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        secret_name(f"secret:{name}")

    assert CANARY not in str(refused.value)


@pytest.mark.parametrize("name", ["", "a" * 256, "a/b", "..", "../etc/passwd", "a b", "a\0", "a\n"])
@pytest.mark.parametrize("ask", ["read", "renew"])
def test_a_wrong_name_reaches_no_source(name: str, ask: str, clock: Clock, stand_in: SecretManagerStandIn) -> None:
    secrets = open_secrets(f"secretmanager:{PROJECT}", clock, channel=stand_in.channel)

    with pytest.raises(SecretUnavailable):
        getattr(secrets, ask)(name)
    assert stand_in.calls == []


def test_opening_loads_no_google_library_before_the_first_reading() -> None:
    script = f"""
import sys
from conference.clock import SystemClock
from conference.secrets import open_secrets

open_secrets("env:", SystemClock(), environ={{"A": "1"}}).read("a")
assert "conference.secrets.secret_manager" not in sys.modules
open_secrets("secretmanager:{PROJECT}", SystemClock())
heavy = {{"grpc", "google.api_core", "google.auth", "google.protobuf", "google.cloud.secretmanager_v1"}}
print(sorted(heavy & set(sys.modules)))
"""
    assert _run(script) == "[]"


def test_a_process_forked_after_opening_reads(stand_in: SecretManagerStandIn) -> None:
    stand_in.add_version("zoom-client-id", b"id-4")
    script = f"""
import os
from conference.clock import SystemClock
from conference.secrets import open_secrets

def channel():
    import grpc
    return grpc.insecure_channel("{stand_in.address}")

secrets = open_secrets("secretmanager:{PROJECT}", SystemClock(), channel=channel)
if os.fork():
    os.wait()
else:
    print(secrets.read("zoom-client-id"), flush=True)
    os._exit(0)
"""
    assert _run(script) == "id-4"


def _run(script: str) -> str:
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
