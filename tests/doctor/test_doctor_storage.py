"""The doctor tries the store as the function uses it, and leaves nothing there."""

import secrets
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.auth import environment_vars

from doctor import storage
from doctor.storage import KIND
from sync.store import Create
from sync.store.firestore import FirestoreStore
from sync.store.sqlite import SqliteStore
from tests.doctor_place import Place
from tests.sync.store.scripted import scripted

FAR = datetime.now(UTC) + timedelta(days=3650)


def left(path: Path) -> list[str]:
    with closing(SqliteStore(str(path))) as store:
        return [found.key for found in store.due(KIND, FAR, 100)]


def test_a_probe_is_written_and_nothing_of_it_stays(healthy: Place, tmp_path: Path) -> None:
    path = tmp_path / "anyroom.db"
    assert left(path) == []
    assert healthy.about("store") == [f"ok       store: {path}: a probe document was written, found and deleted"]
    assert left(path) == []


def test_a_database_that_is_not_there_is_not_made(healthy: Place, tmp_path: Path) -> None:
    path = tmp_path / "anyroom.db"
    before = set(tmp_path.iterdir())
    assert healthy.about("store") == [
        f"ok       store: {path} is made at the function's first start; its folder can be written to"
    ]
    assert {one.name for one in tmp_path.iterdir()} - {one.name for one in before} <= {"anyroom.toml"}


def test_a_folder_that_is_not_there_is_said(healthy: Place, tmp_path: Path) -> None:
    healthy.environment["ANYROOM_STORE"] = f"sqlite:{tmp_path}/none/anyroom.db"
    assert healthy.about("store") == [
        f"problem  store: {tmp_path}/none is no folder that can be written to (No such file or directory); make it one"
    ]


def test_a_file_of_another_program_is_said(healthy: Place, tmp_path: Path) -> None:
    (tmp_path / "anyroom.db").write_text("no database at all, but a text that is long enough" * 40, "utf-8")
    assert healthy.about("store") == [
        f"problem  store: ANYROOM_STORE: '{tmp_path}/anyroom.db' is no database of ours (file is not a database)"
    ]


def test_a_store_that_is_none_is_said(healthy: Place) -> None:
    healthy.environment["ANYROOM_STORE"] = "postgres:"
    assert healthy.about("store") == [
        "problem  store: ANYROOM_STORE: must be sqlite:PATH, firestore: or firestore:DATABASE (a-z 0-9 -, 4 to 63 long)"
    ]


def test_what_a_killed_doctor_left_is_deleted_and_what_another_one_is_at_stays(healthy: Place, tmp_path: Path) -> None:
    path, now = tmp_path / "anyroom.db", datetime.now(UTC)
    with closing(SqliteStore(str(path))) as store:
        store.commit([Create(KIND, "old", {"due": now - timedelta(minutes=6)}), Create(KIND, "new", {"due": now})])
    healthy.lines()
    assert left(path) == ["new"]


def test_a_store_that_does_not_find_what_it_took_is_said(
    healthy: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left(tmp_path / "anyroom.db")

    class Forgetful(SqliteStore):
        def find(self, kind: str, field: str, value: str, limit: int, after: str | None = None) -> list[object]:  # type: ignore[override]
            return []

    monkeypatch.setattr(storage, "open_store", lambda setting: Forgetful(str(tmp_path / "anyroom.db")))
    assert healthy.about("store") == [
        "problem  store: ANYROOM_STORE: the store does not find what it has just taken; use another one"
    ]
    assert left(tmp_path / "anyroom.db") == []


FIRESTORE = {
    "PERMISSION_DENIED": (
        "Firestore answered PERMISSION_DENIED: the service account needs roles/datastore.user; run: gcloud projects"
        " add-iam-policy-binding PROJECT --role=roles/datastore.user --member=serviceAccount:ACCOUNT"
    ),
    "NOT_FOUND": (
        "Firestore answered NOT_FOUND: the database does not exist; run: gcloud firestore databases create"
        " --location=eur3"
    ),
    "FAILED_PRECONDITION": (
        "Firestore answered FAILED_PRECONDITION: an index is missing, or the database is not in native mode; run"
        " deploy/setup.sh, which makes the indexes, for a database in native mode"
    ),
    "UNAVAILABLE": "Firestore answered UNAVAILABLE; it may pass, so try again in a minute",
}


@pytest.fixture
def in_firestore(healthy: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The store is Firestore, without anything else to look at."""
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "canary-project")
    healthy.environment = {"ANYROOM_IDENTITY": "script=a", "ANYROOM_STORE": "firestore:"}
    healthy.solutions = {"rooms": healthy.solutions["rooms"]}
    return healthy


@pytest.mark.parametrize("code", FIRESTORE)
def test_what_firestore_refuses_is_said_with_what_to_do(
    in_firestore: Place, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    with scripted() as firestore:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore.host)
        firestore.script = [(code, "canary")] * 50
        assert in_firestore.about("store") == [f"problem  store: store-unavailable: {FIRESTORE[code]}"]


def test_a_firestore_that_takes_the_probe_is_well_and_nothing_of_it_stays(
    in_firestore: Place, monkeypatch: pytest.MonkeyPatch, firestore_emulator: str
) -> None:
    project = f"doctor-{secrets.token_hex(6)}"
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_emulator)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", project)
    assert in_firestore.about("store") == ["ok       store: Firestore: a probe document was written, found and deleted"]
    with closing(FirestoreStore(project=project, emulator=firestore_emulator)) as store:
        assert store.due(KIND, FAR, 100) == []


def test_without_google_credentials_it_is_said_how_a_laptop_gets_them(
    in_firestore: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv(environment_vars.CREDENTIALS, "/none")
    assert in_firestore.about("store") == [
        (
            "problem  store: store-credentials: this machine has no Google credentials; run on a laptop: gcloud auth"
            " application-default login"
        )
    ]
