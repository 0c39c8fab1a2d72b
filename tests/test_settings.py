"""Every knob is read once and checked; a mistake is one line that names the setting and says what to do."""

import json
from pathlib import Path
from typing import Any

import pytest

import settings
from conference.errors import InvalidSetting
from simulator import ids
from simulator.identity import Identity
from tests.world import LOGO, MovedClock, toml

IDENTITY = {"ANYROOM_IDENTITY": "script=client-1"}
LOCAL = {"ANYROOM_PUBLIC_URL": "http://localhost:8080", "HOST": "127.0.0.1"}
JITSI = {"provider": "jitsi", "name": "Jitsi Meet", "logo": LOGO}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    import random

    path = tmp_path / "keys.json"
    Identity(MovedClock(), random.Random(1)).write_keyfile(str(path))
    return str(path)


def refused(environment: dict[str, str]) -> InvalidSetting:
    with pytest.raises(InvalidSetting) as error:
        settings.load(environment)
    assert "\n" not in str(error.value)
    return error.value


def config(folder: Path, **tables: Any) -> dict[str, str]:
    path = folder / "solutions.toml"
    path.write_text(toml(tables), "utf-8")
    return {**IDENTITY, "ANYROOM_CONFIG": str(path)}


def test_without_a_configuration_the_demonstration_set_runs() -> None:
    loaded = settings.load(IDENTITY)
    assert list(loaded.solutions) == ["jitsi", "demo", "demo-signin"]
    assert (loaded.store, loaded.secrets, loaded.reply) == ("sqlite:anyroom.db", "env:", "bare")


def test_f32_without_identity_it_does_not_start() -> None:
    assert refused({}).reason == "ANYROOM_IDENTITY"


def test_who_is_accepted_is_read_by_kind() -> None:
    value = "script=a, b;addon=Bot@Sa.example,client;tasks=T@sa.example"
    accepted = settings.load({"ANYROOM_IDENTITY": value, "ANYROOM_PUBLIC_URL": "https://x.example"}).accepted
    assert accepted.script == {"a", "b"}
    assert (accepted.addon_account, accepted.addon_client) == ("bot@sa.example", "client")
    assert accepted.tasks_account == "t@sa.example"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"ANYROOM_IDENTITY": "nobody=x"}, "ANYROOM_IDENTITY"),
        ({"ANYROOM_IDENTITY": "tasks=x"}, "ANYROOM_IDENTITY"),
        ({"ANYROOM_IDENTITY": "addon=x"}, "ANYROOM_IDENTITY"),
        ({"ANYROOM_IDENTITY": "script=x;tasks=a,b"}, "ANYROOM_IDENTITY"),
        ({"ANYROOM_IDENTITY": "local:missing.json"}, "ANYROOM_IDENTITY"),
        ({"ANYROOM_IDENTITY": "addon=a@b,c"}, "ANYROOM_PUBLIC_URL"),
        ({"ANYROOM_PUBLIC_URL": "ftp://x"}, "ANYROOM_PUBLIC_URL"),
        ({"ANYROOM_PUBLIC_URL": "http://x.example"}, "ANYROOM_PUBLIC_URL"),
        ({"ANYROOM_PUBLIC_URL": "https://x.example/?a=1"}, "ANYROOM_PUBLIC_URL"),
        ({"ANYROOM_PUBLIC_URL": "https://a:b@x.example"}, "ANYROOM_PUBLIC_URL"),
        ({"ANYROOM_REPLY": "both"}, "ANYROOM_REPLY"),
        ({"ANYROOM_CONFIG": "missing.toml"}, "ANYROOM_CONFIG"),
        ({"ANYROOM_GOOGLE_API": "http://127.0.0.1:8090"}, "ANYROOM_GOOGLE_API"),
        ({"ANYROOM_GOOGLE_API": "http://127.0.0.1:8090", **LOCAL, "HOST": "0.0.0.0"}, "ANYROOM_GOOGLE_API"),
        (
            {
                "ANYROOM_GOOGLE_API": "https://evil.example",
                "ANYROOM_PUBLIC_URL": "https://x.example",
                "HOST": "127.0.0.1",
            },
            "ANYROOM_GOOGLE_API",
        ),
        ({"K_SERVICE": "anyroom"}, "ANYROOM_CONFIG"),
    ],
)
def test_f32_a_wrong_setting_is_named(changes: dict[str, str], named: str) -> None:
    assert refused({**IDENTITY, **changes}).reason == named


def test_local_identity_reads_the_simulators_key_file(key_file: str) -> None:
    loaded = settings.load({"ANYROOM_IDENTITY": f"local:{key_file}", **LOCAL})
    assert loaded.accepted.script == {ids.SCRIPT_CLIENT_ID}
    assert loaded.key_file == key_file


@pytest.mark.parametrize(
    "changes", [{"ANYROOM_PUBLIC_URL": "https://x.example"}, {"HOST": "0.0.0.0"}, {"HOST": ""}, {"K_SERVICE": "x"}]
)
def test_local_identity_is_refused_wherever_others_can_reach_the_function(
    key_file: str, changes: dict[str, str], tmp_path: Path
) -> None:
    environment = {
        **config(tmp_path, jitsi=JITSI),
        "ANYROOM_IDENTITY": f"local:{key_file}",
        **LOCAL,
        "ANYROOM_STORE": "firestore:",
    }
    assert refused({**environment, **changes}).reason == "ANYROOM_IDENTITY"


def test_in_the_cloud_sqlite_is_refused(tmp_path: Path) -> None:
    environment = {**config(tmp_path, jitsi=JITSI), "K_SERVICE": "anyroom"}
    assert refused(environment).reason == "ANYROOM_STORE"
    assert settings.load({**environment, "ANYROOM_STORE": "firestore:"}).store == "firestore:"


def test_in_the_cloud_the_demo_provider_is_refused(tmp_path: Path) -> None:
    demo = {"provider": "demo", "name": "Demo", "logo": LOGO}
    environment = {**config(tmp_path, demo=demo), "K_SERVICE": "anyroom", "ANYROOM_STORE": "firestore:"}
    assert refused(environment).reason == "ANYROOM_CONFIG"


def test_a_solution_has_its_own_fields_and_its_providers_options(tmp_path: Path) -> None:
    table = {**JITSI, "domains": ["Example.org"], "notes": "Recorded.", "base_url": "https://meet.example.org"}
    [solution] = settings.load(config(tmp_path, acme=table)).solutions.values()
    assert (solution.id, solution.name, solution.provider) == ("acme", "Jitsi Meet", "jitsi")
    assert (set(solution.domains), solution.notes) == ({"example.org"}, "Recorded.")
    assert solution.options.base_url == "https://meet.example.org"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"logo": "https://example.org/logo.png"}, "logo"),
        ({"logo": "http://lh3.googleusercontent.com/x"}, "logo"),
        ({"logo": "https://lh3.googleusercontent.com.evil.example/x"}, "logo"),
        ({"name": ""}, "name"),
        ({"domains": "example.org"}, "domains"),
        ({"domains": []}, "domains"),
        ({"notes": 7}, "notes"),
        ({"parameters": ["a"]}, "parameters"),
        ({"provider": "../../etc/passwd"}, "provider"),
        ({"provider": "os"}, "provider"),
        ({"provider": "base"}, "provider"),
        ({"bse_url": "https://meet.example.org"}, "bse_url"),
        ({"base_url": 7}, "base_url"),
    ],
)
def test_f23_a_wrong_field_of_a_solution_is_named(tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    error = refused(config(tmp_path, acme={**JITSI, **changes}))
    assert "[solutions.acme]" in str(error)
    assert named in str(error)


def test_f32_a_name_that_no_secret_can_have_is_found_at_the_start(tmp_path: Path) -> None:
    demo = {"provider": "demo", "name": "Demo", "logo": LOGO, "api_key": "secret:two words"}
    error = refused(config(tmp_path, demo=demo))
    assert error.reason == "[solutions.demo] api_key"
    assert "two words" not in str(error)


def test_a_notice_that_does_not_fit_is_found_at_the_start(tmp_path: Path) -> None:
    assert "notes" in str(refused(config(tmp_path, acme={**JITSI, "notes": "x" * 2049})))


@pytest.mark.parametrize("text", ["", "[solutions]\n", "x = 1\n", "[other]\na = 1\n", "[solutions.A]\n", "not toml"])
def test_a_configuration_without_solutions_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "solutions.toml"
    path.write_text(text, "utf-8")
    assert refused({**IDENTITY, "ANYROOM_CONFIG": str(path)})


def test_a_damaged_key_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": []}), "utf-8")
    assert refused({"ANYROOM_IDENTITY": f"local:{path}", **LOCAL}).reason == "ANYROOM_IDENTITY"
