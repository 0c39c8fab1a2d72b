"""A wrong substitution stops the build before anything is deployed; right ones are what the function is told."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import settings
from tests.build.steps import BUILD, BUILT_IN, SUBSTITUTION
from tests.world import LOGO, toml

ROOT = Path(__file__).resolve().parents[2]
CLIENT = "client.apps.googleusercontent.com"
ACCOUNT = "anyroom-delegate@example-project.iam.gserviceaccount.com"
JITSI = {"provider": "jitsi", "name": "Meet", "logo": LOGO}
ZOOM = {"provider": "zoom", "name": "Zoom", "logo": LOGO, "client_id": "secret:a", "client_secret": "secret:b"}
FOLLOWING = {
    "_IDENTITY": f"script={CLIENT},{CLIENT};tasks=anyroom-tasks@example-project.iam.gserviceaccount.com",
    "_CREDENTIAL": f"delegation:{ACCOUNT}",
    "_QUEUE": "cloudtasks:example-project/europe-west1/anyroom",
}


def settings_step(
    folder: Path, solution: dict[str, str] | None = None, **substitutions: str
) -> subprocess.CompletedProcess[str]:
    """The step, beside the deployer's anyroom.toml; it writes into `folder`."""
    [step] = (step for step in BUILD["steps"] if step["id"] == "settings")
    values = {**BUILT_IN, **BUILD["substitutions"], **substitutions}
    environment = dict(SUBSTITUTION.sub(lambda found: values[found[1]], line).split("=", 1) for line in step["env"])
    if solution is not None:
        (folder / "anyroom.toml").write_text(toml({"meet": solution}), "utf-8")
    assert step["entrypoint"] == ".venv/bin/python"
    return subprocess.run(
        [sys.executable, *step["args"]],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def written(folder: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((folder / ".run/variables.yaml").read_text("utf-8"))
    return found


def test_with_the_defaults_an_identity_is_all_it_takes(tmp_path: Path) -> None:
    done = settings_step(tmp_path, JITSI, _IDENTITY=f"script={CLIENT}")
    assert (done.returncode, done.stderr) == (0, "")
    assert written(tmp_path) == {
        "THREADS": "80",
        "GOOGLE_CLOUD_PROJECT": "example-project",
        "ANYROOM_IDENTITY": f"script={CLIENT}",
        "ANYROOM_STORE": "firestore:",
        "ANYROOM_SECRETS": "secretmanager:example-project",
        "ANYROOM_CREDENTIAL": "relay",
        "ANYROOM_QUEUE": "inline:",
        "ANYROOM_GRACE": "1h",
        "ANYROOM_REPLY": "bare",
        "ANYROOM_PUBLIC_URL": "https://anyroom-123456789012.europe-west1.run.app",
    }


def test_everything_that_can_be_told_arrives_as_it_was_said(tmp_path: Path) -> None:
    told = {**FOLLOWING, "_KEYS": "secret:anyroom-keys", "_SIGNIN": f"{CLIENT},secret:anyroom-sign-in"}
    assert settings_step(tmp_path, ZOOM, **told).returncode == 0
    for name, value in told.items():
        assert written(tmp_path)[f"ANYROOM{name}"] == value


def test_every_setting_that_is_for_the_cloud_can_be_told() -> None:
    [step] = (step for step in BUILD["steps"] if step["id"] == "settings")
    told = {line.partition("=")[0] for line in step["env"]}
    source = Path(settings.__file__).read_text("utf-8")
    known = {name for name in source.replace('"', " ").replace("`", " ").split() if name.startswith("ANYROOM_")}
    known = {name.rstrip(",.:)") for name in known}
    # The file's place is fixed, and Google's address is another one on a laptop only.
    assert {name for name in known if name.isupper()} - {"ANYROOM_CONFIG", "ANYROOM_GOOGLE_API"} <= told


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"_IDENTITY": ""}, "ANYROOM_IDENTITY: is not set"),
        ({"_IDENTITY": "local:keys.json"}, "ANYROOM_IDENTITY"),
        ({"_STORE": "sqlite:anyroom.db"}, "ANYROOM_STORE: SQLite does not outlive"),
        ({"_STORE": "firestorm:"}, "ANYROOM_STORE"),
        ({"_CREDENTIAL": "delegation:me"}, "ANYROOM_CREDENTIAL"),
        ({"_CREDENTIAL": f"delegation:{ACCOUNT}"}, "ANYROOM_QUEUE: inline: does not outlive"),
        ({"_QUEUE": "cloudtasks:anyroom"}, "ANYROOM_QUEUE"),
        ({"_GRACE": "soon"}, "ANYROOM_GRACE"),
        ({"_KEYS": "anyroom-keys"}, "ANYROOM_KEYS"),
        ({"_KEYS": "secret:k", "_SIGNIN": "a,b"}, "ANYROOM_SIGNIN"),
        ({"_SIGNIN": f"{CLIENT},secret:s"}, "ANYROOM_KEYS: is needed with ANYROOM_SIGNIN"),
        ({"_REPLY": "both"}, "ANYROOM_REPLY"),
        ({"_SERVICE": "Any Room"}, "_SERVICE must"),
        ({"_SERVICE": "a" * 31}, "_SERVICE must"),
        ({"_SERVICE_ACCOUNT": "me@example.com"}, "_SERVICE_ACCOUNT must"),
        ({"_BUILD_ACCOUNT": "me@example.com"}, "_BUILD_ACCOUNT must"),
        ({"_REGION": "Belgium"}, "_REGION must"),
        ({"_MIN_INSTANCES": "-1"}, "_MIN_INSTANCES must"),
        ({"_MAX_INSTANCES": "many"}, "_MAX_INSTANCES must"),
        ({"_MAX_INSTANCES": "0"}, "_MAX_INSTANCES must be at least 1"),
        ({"_MIN_INSTANCES": "11"}, "_MAX_INSTANCES must be at least 1, and at least _MIN_INSTANCES"),
    ],
)
def test_a_wrong_substitution_stops_the_build_in_one_line(tmp_path: Path, wrong: dict[str, str], said: str) -> None:
    done = settings_step(tmp_path, JITSI, **{"_IDENTITY": f"script={CLIENT}", **wrong})
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(said)
    assert not (tmp_path / ".run").exists()


@pytest.mark.parametrize(
    ("solution", "said"),
    [
        (None, "anyroom.toml is missing"),
        ({**JITSI, "provider": "skype"}, "provider: is none of"),
        (ZOOM, "ANYROOM_KEYS: is needed by the solution meet"),
    ],
)
def test_an_anyroom_toml_that_does_not_fit_stops_it_too(
    tmp_path: Path, solution: dict[str, str] | None, said: str
) -> None:
    done = settings_step(tmp_path, solution, _IDENTITY=f"script={CLIENT}")
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    done = settings_step(tmp_path, JITSI, _REGION="Belgium", _GRACE="soon", _REPLY="both")
    assert len(done.stderr.splitlines()) == 4
