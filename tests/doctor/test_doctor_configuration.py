"""The doctor names each wrong setting, each secret that cannot be used, and what the machine itself lacks."""

from importlib import metadata
from pathlib import Path

import pytest

from conference.clock import Deadline, SystemClock
from doctor import machine
from doctor.configuration import checks
from doctor.subject import Subject
from tests.doctor_place import Place
from tests.secret_manager import PROJECT, SecretManagerStandIn
from tests.secret_manager import running as running_secret_manager


def machines(requirements: Path, running: tuple[int, int] = (3, 12)) -> list[str]:
    deadline = Deadline(SystemClock(), 5)
    return [found.line() for check in machine.checks(requirements, running) for found in check.find(deadline)]


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.txt"
    version = metadata.version("msgspec")
    path.write_text(f"# Known good on Python 3.11, 3.12 and 3.13 (production).\nmsgspec=={version}   # why\n", "utf-8")
    return path


def test_a_python_and_packages_that_are_known_good_are_well(requirements: Path) -> None:
    assert machines(requirements) == ["ok       Python: 3.12", "ok       packages: 1, as requirements.txt says"]


def test_a_python_that_nobody_tried_is_a_warning(requirements: Path) -> None:
    assert machines(requirements, (3, 15))[0] == (
        "warning  Python: 3.15 was not tried; use 3.13: make doctor PYTHON=python3.13"
    )


@pytest.mark.parametrize("pin", ["msgspec==0.0.1", "no-such-package==1.0"])
def test_a_package_that_is_another_or_missing_is_named(requirements: Path, pin: str) -> None:
    requirements.write_text(f"# Known good on Python 3.12 (production).\n{pin}\n", "utf-8")
    assert machines(requirements)[1] == (
        f"problem  packages: 1 of 1 are not as requirements.txt says ({pin.partition('==')[0]});"
        " run .venv/bin/python -m pip install -r requirements.txt"
    )


def test_the_packages_here_are_those_of_the_real_file() -> None:
    assert machines(machine.REQUIREMENTS)[1].startswith("ok       packages: ")


def test_settings_that_are_right_are_counted(healthy: Place) -> None:
    assert healthy.about("settings") == ["ok       settings: 5 solutions of anyroom.toml"]


def test_every_wrong_setting_and_solution_has_a_line_and_the_others_are_examined_still(healthy: Place) -> None:
    healthy.environment |= {"ANYROOM_GRACE": "soon", "ANYROOM_REPLY": "loud"}
    healthy.solutions["webex"]["logo"] = "https://example.org/logo.png"
    del healthy.solutions["goto"]["client_id"]
    lines = healthy.lines()
    assert [line for line in lines if line.startswith("problem")][:4] == [
        (
            "problem  [solutions.webex] logo: must be an https address on Google's servers, such as"
            " lh3.googleusercontent.com"
        ),
        "problem  anyroom.toml, line 36, [solutions.goto] client_id: is missing",
        "problem  ANYROOM_REPLY: must be bare or wrapped",
        "problem  ANYROOM_GRACE: must be a number with m, h or d, such as 30m, 1h or 2d",
    ]
    assert "ok       solution rooms: answers, and takes our credentials" in lines


def test_without_settings_at_all_each_check_says_something(healthy: Place) -> None:
    healthy.environment = {}
    lines = healthy.lines()
    assert "problem  ANYROOM_IDENTITY: is not set: say whose calls are accepted, e.g. script=CLIENT_ID" in lines
    assert "problem  callers: nobody is let in before ANYROOM_IDENTITY is right" in lines
    assert not [line for line in lines if "make doctor itself failed" in line]


def test_a_place_of_secrets_that_is_none_is_said_of_each_secret(healthy: Place) -> None:
    healthy.environment["ANYROOM_SECRETS"] = "vault:here"
    lines = healthy.lines()
    assert "problem  ANYROOM_SECRETS: must be env:, file:PATH or secretmanager:PROJECT" in lines
    assert (
        "problem  secret rooms of [solutions.rooms] api_key: cannot be read before ANYROOM_SECRETS names a place of"
        " secrets"
    ) in lines


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("good", "ok       {what}: can be read"),
        (None, "problem  {what}: not set; set the variable GOTO_CLIENT"),
        (" \n", "problem  {what}: empty; give it a value"),
        ("good\n", "warning  {what}: ends with a newline, which is left out; store it without one, as printf %s does"),
        ("good \n", "warning  {what}: begins or ends with blanks, which count as a part of it; store it without them"),
        ("\tgood", "warning  {what}: begins or ends with blanks, which count as a part of it; store it without them"),
    ],
)
def test_each_secret_is_read(healthy: Place, value: str | None, line: str) -> None:
    del healthy.environment["GOTO_CLIENT"]
    healthy.environment |= {"GOTO_CLIENT": value} if value is not None else {}
    what = "secret goto-client of [solutions.goto] client_secret"
    assert healthy.about("secret goto-client") == [line.format(what=what)]


def test_the_newline_after_the_last_key_is_no_warning(healthy: Place) -> None:
    healthy.environment["SEALING_KEYS"] += "\n"
    assert healthy.about("secret sealing-keys") == ["ok       secret sealing-keys of ANYROOM_KEYS: can be read"]


def test_a_secret_that_secret_manager_does_not_give_us_is_named_with_the_role() -> None:
    with running_secret_manager(SecretManagerStandIn()) as manager:
        import grpc

        from conference.secrets import open_source

        manager.add_version("keys", b"x", readable=False)
        clock = SystemClock()
        environment = {"ANYROOM_KEYS": "secret:keys", "ANYROOM_SECRETS": f"secretmanager:{PROJECT}"}
        subject = Subject(environment, clock)
        setting = subject.settings.secrets
        subject.source = open_source(setting, clock, channel=lambda: grpc.insecure_channel(manager.address))
        [check] = [check for check in checks(subject) if check.what.startswith("secret keys")]
        [finding] = check.find(Deadline(clock, 10))
    assert finding.line() == (
        f"problem  secret keys of ANYROOM_KEYS: of project {PROJECT}: permission denied, or no such secret; grant"
        " roles/secretmanager.secretAccessor on it to the service account"
    )


def test_the_keys_that_seal_are_counted(healthy: Place) -> None:
    assert healthy.about("ANYROOM_KEYS") == ["ok       ANYROOM_KEYS: 1 key"]
    healthy.environment["SEALING_KEYS"] += "\nY2FuYXJ5LXNlYWxpbmcta2V5LTMyLWJ5dGVzLS0tLT8="
    assert healthy.about("ANYROOM_KEYS") == ["ok       ANYROOM_KEYS: 2 keys; the first one seals, all open"]


def test_a_line_that_is_no_key_is_named_by_its_number(healthy: Place) -> None:
    healthy.environment["SEALING_KEYS"] += "\nshort"
    assert healthy.about("ANYROOM_KEYS") == [
        "problem  ANYROOM_KEYS: line 2 is no key of 32 random bytes in base64; make one with: openssl rand -base64 32"
    ]


def test_where_nothing_is_sealed_no_keys_are_asked_for(healthy: Place) -> None:
    healthy.solutions = {"rooms": healthy.solutions["rooms"]}
    for name in ("ANYROOM_KEYS", "ANYROOM_SIGNIN"):
        del healthy.environment[name]
    assert healthy.about("ANYROOM_KEYS") == ["ok       ANYROOM_KEYS: not set, and nothing is sealed"]


def test_keys_that_are_missing_are_asked_for_though_another_mistake_hides_what_needs_them(healthy: Place) -> None:
    del healthy.environment["ANYROOM_KEYS"]
    healthy.environment["ANYROOM_REPLY"] = "loud"
    assert healthy.about("ANYROOM_KEYS") == [
        "problem  ANYROOM_KEYS: no keys, but tokens of zoom are to be sealed; make a key with: openssl rand -base64 32"
    ]
