"""Every knob is read once and checked; a mistake is one line that names the setting and says what to do."""

import json
from datetime import timedelta
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


def test_the_demonstration_set_has_the_simulators_zoom_where_users_can_connect() -> None:
    connecting = {
        **IDENTITY,
        "ANYROOM_SIGNIN": "1-a.apps.googleusercontent.com,secret:sign-in",
        "ANYROOM_KEYS": "secret:keys",
        "ANYROOM_PUBLIC_URL": "https://x.example",
    }
    assert list(settings.load(connecting).solutions) == ["jitsi", "demo", "demo-signin", "demo-host", "zoom"]


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
        ({"opens": "5m"}, "opens"),
        ({"co_hosts": ["a@example.com"]}, "co_hosts"),
    ],
)
def test_f23_a_wrong_field_of_a_solution_is_named(tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    error = refused(config(tmp_path, acme={**JITSI, **changes}))
    assert "[solutions.acme]" in str(error)
    assert named in str(error)


ROOMS = {"provider": "demo", "name": "Rooms", "logo": LOGO, "join_page": True}
JOINING = {
    "ANYROOM_KEYS": "secret:keys",
    "ANYROOM_SIGNIN": "1-a.apps.googleusercontent.com,secret:sign-in",
    "ANYROOM_PUBLIC_URL": "https://x.example",
}


def test_a_join_page_has_its_opening_time_and_its_co_hosts(tmp_path: Path) -> None:
    table = {**ROOMS, "opens": "2h", "co_hosts": ["Ada@Example.org"]}
    [solution] = settings.load({**config(tmp_path, rooms=table), **JOINING}).solutions.values()
    assert (solution.opens, sorted(solution.co_hosts)) == (timedelta(hours=2), ["ada@example.org"])
    [usual] = settings.load({**config(tmp_path, rooms=ROOMS), **JOINING}).solutions.values()
    assert (usual.opens, len(usual.co_hosts)) == (timedelta(minutes=15), 0)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"opens": 15}, "opens"),
        ({"opens": "soon"}, "opens"),
        ({"co_hosts": "ada@example.org"}, "co_hosts"),
        ({"co_hosts": ["ada"]}, "co_hosts"),
        ({"co_hosts": ["ada@example.org "]}, "co_hosts"),
        ({"co_hosts": ["Ada <ada@example.org>"]}, "co_hosts"),
        ({"co_hosts": ["ada@example.org,bob@example.org"]}, "co_hosts"),
        ({"co_hosts": ["@example.org"]}, "co_hosts"),
    ],
)
def test_what_a_join_page_cannot_have_is_named(tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    assert f"[solutions.rooms] {named}" in str(refused({**config(tmp_path, rooms={**ROOMS, **changes}), **JOINING}))


@pytest.mark.parametrize("missing", JOINING)
def test_a_join_page_needs_an_address_keys_and_hosts_who_sign_in(tmp_path: Path, missing: str) -> None:
    environment = {name: value for name, value in JOINING.items() if name != missing}
    error = refused({**config(tmp_path, rooms=ROOMS), **environment})
    assert (error.reason, "rooms" in error.detail) == (missing, True)


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


ACCOUNT = "delegate@acme.iam.gserviceaccount.com"
DELEGATION = {
    "ANYROOM_IDENTITY": "script=client-1;tasks=tasks@acme.iam.gserviceaccount.com",
    "ANYROOM_CREDENTIAL": f"delegation:{ACCOUNT}",
    "ANYROOM_QUEUE": "cloudtasks:acme-rooms/europe-west1/sync",
    "ANYROOM_PUBLIC_URL": "https://x.example",
}


def test_without_a_word_about_it_changes_are_relayed_and_a_cancelled_event_keeps_its_room_for_an_hour() -> None:
    loaded = settings.load(IDENTITY)
    assert (loaded.credential, loaded.queue, loaded.grace) == ("", "", timedelta(hours=1))
    named = {"ANYROOM_CREDENTIAL": "relay", "ANYROOM_QUEUE": "inline:"}
    assert settings.load({**IDENTITY, **named}) == loaded


def test_delegation_names_a_service_account_and_a_queue() -> None:
    loaded = settings.load(DELEGATION)
    assert (loaded.credential, loaded.queue) == (ACCOUNT, "acme-rooms/europe-west1/sync")
    assert settings.load({**DELEGATION, "ANYROOM_QUEUE": "inline:"}).queue == ""


@pytest.mark.parametrize(
    ("value", "minutes"), [("0m", 0), ("30m", 30), ("1h", 60), ("2d", 2880), ("30d", 43200), ("720h", 43200)]
)
def test_the_grace_is_a_number_with_its_unit(value: str, minutes: int) -> None:
    assert settings.load({**IDENTITY, "ANYROOM_GRACE": value}).grace == timedelta(minutes=minutes)


@pytest.mark.parametrize("value", ["", "1", "h", "-1h", "1.5h", "1w", "1 h", "1H", "31d", "721h", "9999999m", "1h\n"])
def test_f32_a_grace_that_is_none_or_too_long_is_refused(value: str) -> None:
    assert refused({**IDENTITY, "ANYROOM_GRACE": value}).reason == "ANYROOM_GRACE"


@pytest.mark.parametrize(
    "value",
    ["", "Relay", "delegation", "delegation:", "delegation:ada@example.com", f"delegation:{ACCOUNT}\n", ACCOUNT],
)
def test_f32_a_credential_that_is_none_is_refused(value: str) -> None:
    assert refused({**DELEGATION, "ANYROOM_CREDENTIAL": value}).reason == "ANYROOM_CREDENTIAL"


@pytest.mark.parametrize(
    "value",
    ["", "inline", "cloudtasks:", "cloudtasks:sync", "cloudtasks:a/b/c/d", "cloudtasks:acme-rooms/eu/../x", "sqs:a"],
)
def test_f32_a_queue_that_is_none_is_refused(value: str) -> None:
    assert refused({**DELEGATION, "ANYROOM_QUEUE": value}).reason == "ANYROOM_QUEUE"


@pytest.mark.parametrize(
    ("changes", "named", "says"),
    [
        ({"ANYROOM_CREDENTIAL": "relay"}, "ANYROOM_QUEUE", "delegation:"),
        ({"ANYROOM_PUBLIC_URL": ""}, "ANYROOM_PUBLIC_URL", "delegation"),
        ({"ANYROOM_IDENTITY": "script=client-1"}, "ANYROOM_IDENTITY", "tasks="),
        ({"ANYROOM_QUEUE": "inline:", "ANYROOM_PUBLIC_URL": ""}, "ANYROOM_PUBLIC_URL", "delegation"),
    ],
)
def test_f32_what_a_credential_and_a_queue_need_of_each_other_is_said(
    changes: dict[str, str], named: str, says: str
) -> None:
    error = refused({**DELEGATION, **changes})
    assert error.reason == named
    assert says in error.detail


def test_f32_in_the_cloud_delegation_needs_a_queue_that_outlives_the_instance(tmp_path: Path) -> None:
    cloud = {**config(tmp_path, jitsi=JITSI), **DELEGATION, "K_SERVICE": "anyroom", "ANYROOM_STORE": "firestore:"}
    assert settings.load(cloud).queue
    error = refused({**cloud, "ANYROOM_QUEUE": "inline:"})
    assert (error.reason, "cloudtasks:" in error.detail) == ("ANYROOM_QUEUE", True)
    relay = {**cloud, "ANYROOM_QUEUE": "inline:", "ANYROOM_CREDENTIAL": "relay"}
    assert settings.load(relay).queue == ""


def test_googles_services_have_their_own_addresses_and_the_simulator_one_for_all() -> None:
    loaded = settings.load(IDENTITY)
    assert (loaded.iam, loaded.oauth2) == ("https://iamcredentials.googleapis.com", "https://oauth2.googleapis.com")
    assert loaded.cloud_tasks == "https://cloudtasks.googleapis.com"
    local = settings.load({**IDENTITY, **LOCAL, "ANYROOM_GOOGLE_API": "http://127.0.0.1:8090/"})
    assert {local.iam, local.oauth2, local.cloud_tasks} == {"http://127.0.0.1:8090"}


def test_f32_every_mistake_is_told_at_once_and_the_rest_is_read(tmp_path: Path) -> None:
    known = {"good": JITSI, "bad": {**JITSI, "name": ""}, "worse": {**JITSI, "provider": "none"}}
    wrong = {"ANYROOM_GRACE": "soon", "ANYROOM_SECRETS": "vault:x", "ANYROOM_PUBLIC_URL": "https://x.example"}
    read, mistakes = settings.examine({**config(tmp_path, **known), **wrong})
    assert [mistake.reason for mistake in mistakes] == [
        "[solutions.bad] name",
        "[solutions.worse] provider",
        "ANYROOM_GRACE",
        "ANYROOM_SECRETS",
    ]
    assert (set(read.solutions), read.public_url, read.grace) == ({"good"}, "https://x.example", timedelta(hours=1))


def test_f32_a_value_in_the_wrong_place_is_not_repeated() -> None:
    error = refused({"ANYROOM_IDENTITY": "canary@example.com=x"})
    assert "canary" not in str(error)


def test_the_policy_of_a_start_changes_with_who_may_use_what_and_with_nothing_else(tmp_path: Path) -> None:
    before = settings.load(config(tmp_path, a=JITSI)).policy
    assert before["solutions"] == ["a"]
    renamed = settings.load(config(tmp_path, a={**JITSI, "name": "Meetings"})).policy
    assert renamed == before
    others = [
        settings.load(config(tmp_path, a={**JITSI, "domains": ["example.com"]})).policy,
        settings.load(config(tmp_path, b=JITSI)).policy,
        settings.load({**config(tmp_path, a=JITSI), "ANYROOM_IDENTITY": "script=client-2"}).policy,
        settings.load({**config(tmp_path, a=JITSI), "ANYROOM_GRACE": "2h"}).policy,
    ]
    assert len({one["digest"] for one in [before, *others]}) == 5
