"""What only the Firestore adapter promises: lost answers, bounded waiting, the names of its failures, few imports."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from conference.errors import Conflict, Permanent, StoreUnavailable
from sync.store import Change, Create, Delete, Document, Replace, Store
from sync.store.firestore import PATIENCE, FirestoreStore
from tests.emulator import ROOT
from tests.sync.store.relay import Relay
from tests.sync.store.scripted import ScriptedFirestore, scripted

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


def create(store: Store, key: str) -> Document:
    (made,) = store.commit([Create("thing", key, {})])
    assert made is not None
    return made


@pytest.fixture
def in_background() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# Answers that get lost


def commit_without_answer(
    store: FirestoreStore,
    direct: FirestoreStore,
    relay: Relay,
    pool: ThreadPoolExecutor,
    changes: Sequence[Change],
) -> "Future[list[Document | None]]":
    """Commit `changes`, the last of which creates thing/sign, lose the answer, and return once they were made."""
    store.get("thing", "sign")
    relay.lose_answers()
    committing = pool.submit(store.commit, changes)
    wait_for(lambda: direct.get("thing", "sign") is not None)
    return committing


def test_a_commit_whose_answer_was_lost_is_made_once_and_answered(
    store: FirestoreStore, direct: FirestoreStore, relay: Relay, in_background: ThreadPoolExecutor
) -> None:
    replaced, deleted = create(direct, "replaced"), create(direct, "deleted")
    changes: list[Change] = [Delete(deleted), Replace(replaced, {"n": 1}), Create("thing", "sign", {})]
    committing = commit_without_answer(store, direct, relay, in_background, changes)
    relay.mend()
    answered = committing.result(10)
    assert answered == [None, direct.get("thing", "replaced"), direct.get("thing", "sign")]
    assert answered[1] is not None
    assert answered[1].body == {"n": 1, "rev": 2}
    assert direct.get("thing", "deleted") is None
    store.commit([Replace(answered[1], {"n": 2})])


def test_a_commit_whose_request_was_lost_while_another_won_is_refused(
    store: FirestoreStore, direct: FirestoreStore, relay: Relay, in_background: ThreadPoolExecutor
) -> None:
    read = create(direct, "a")
    store.get("thing", "a")
    relay.freeze()
    committing = in_background.submit(store.commit, [Create("thing", "b", {}), Replace(read, {"n": 1})])
    (winner,) = direct.commit([Replace(read, {"n": 1})])
    relay.mend()
    with pytest.raises(Conflict):
        committing.result(10)
    assert direct.get("thing", "a") == winner
    assert direct.get("thing", "b") is None


def test_a_commit_whose_answer_was_lost_and_that_another_has_replaced_is_not_called_refused(
    store: FirestoreStore, direct: FirestoreStore, relay: Relay, in_background: ThreadPoolExecutor
) -> None:
    committing = commit_without_answer(store, direct, relay, in_background, [Create("thing", "sign", {})])
    made = direct.get("thing", "sign")
    assert made is not None
    direct.commit([Replace(made, {})])
    relay.mend()
    with pytest.raises(StoreUnavailable, match="store-outcome"):
        committing.result(10)


def test_a_deletion_whose_answer_was_lost_is_neither_called_made_nor_refused(
    store: FirestoreStore, direct: FirestoreStore, relay: Relay, in_background: ThreadPoolExecutor
) -> None:
    read = create(direct, "a")
    store.get("thing", "a")
    relay.lose_answers()
    committing = in_background.submit(store.commit, [Delete(read)])
    wait_for(lambda: direct.get("thing", "a") is None)
    relay.mend()
    with pytest.raises(StoreUnavailable, match="store-outcome"):
        committing.result(10)


# A store that goes away


def test_a_firestore_that_falls_silent_is_given_up_in_time(store: FirestoreStore, relay: Relay) -> None:
    store.get("thing", "a")
    relay.freeze()
    started = time.monotonic()
    with pytest.raises(StoreUnavailable):
        create(store, "a")
    assert time.monotonic() - started < PATIENCE + 1.5


def test_a_firestore_that_went_away_is_used_again_when_it_is_back(
    direct: FirestoreStore, project: str, relay: Relay
) -> None:
    made = create(direct, "a")
    store = FirestoreStore(project=project, emulator=relay.host, patience=0.4)
    wait_for(lambda: _answers(store))  # a fresh emulator takes longer than this patience
    relay.cut()
    started = time.monotonic()
    with pytest.raises(StoreUnavailable):
        store.get("thing", "a")
    assert time.monotonic() - started < 3
    relay.mend()
    patient = FirestoreStore(project=project, emulator=relay.host)
    assert patient.get("thing", "a") == made
    wait_for(lambda: _answers(store))
    store.close()
    patient.close()


def _answers(store: Store) -> bool:
    try:
        return store.get("thing", "a") is not None
    except StoreUnavailable:
        return False


# What Firestore may answer


class FakeClock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return NOON

    def monotonic(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def firestore() -> Iterator[ScriptedFirestore]:
    with scripted() as firestore:
        yield firestore


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def told(firestore: ScriptedFirestore, clock: FakeClock) -> Iterator[FirestoreStore]:
    """A store that is told what the script says."""
    store = FirestoreStore("base", project="proj", emulator=firestore.host, clock=clock)
    yield store
    store.close()


@pytest.mark.parametrize("passing", ["ABORTED", "UNAVAILABLE", "INTERNAL", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"])
def test_what_passes_is_tried_again_after_a_pause(
    told: FirestoreStore, firestore: ScriptedFirestore, clock: FakeClock, passing: str
) -> None:
    firestore.script = [(passing, ""), (passing, ""), ("OK", "")]
    create(told, "a")
    assert len(firestore.calls) == 3
    assert 0.025 <= clock.slept[0] <= 0.075
    assert 0.05 <= clock.slept[1] <= 0.15


@pytest.mark.parametrize("passing", ["ABORTED", "UNAVAILABLE"])
def test_what_does_not_pass_is_given_up_after_a_bounded_number_of_calls(
    told: FirestoreStore, firestore: ScriptedFirestore, clock: FakeClock, passing: str
) -> None:
    firestore.script = [(passing, "")] * 100
    with pytest.raises(StoreUnavailable, match=passing):
        create(told, "a")
    assert sum(clock.slept) == pytest.approx(PATIENCE)
    assert 8 <= len(firestore.calls) <= 30


@pytest.mark.parametrize("code", ["PERMISSION_DENIED", "UNAUTHENTICATED", "UNIMPLEMENTED", "OUT_OF_RANGE"])
def test_what_will_not_pass_is_not_tried_again(told: FirestoreStore, firestore: ScriptedFirestore, code: str) -> None:
    uses: list[Callable[[], object]] = [
        lambda: told.get("thing", "a"),
        lambda: create(told, "a"),
        lambda: told.due("thing", NOON, 1),
    ]
    for use in uses:
        firestore.script = [(code, "")] * 3
        firestore.calls.clear()
        with pytest.raises(StoreUnavailable, match=code):
            use()
        assert len(firestore.calls) == 1


def test_a_missing_role_is_named(told: FirestoreStore, firestore: ScriptedFirestore) -> None:
    firestore.script = [("PERMISSION_DENIED", "Missing or insufficient permissions.")]
    with pytest.raises(StoreUnavailable, match=r"roles/datastore\.user"):
        told.get("thing", "a")


@pytest.mark.parametrize(
    "text",
    [
        "The database (default) does not exist for project proj Please visit https://console.cloud.google.com/",
        "The project proj does not exist or it does not contain an active Cloud Datastore or Cloud Firestore database.",
    ],
)
def test_a_missing_database_is_not_taken_for_a_missing_document(
    told: FirestoreStore, firestore: ScriptedFirestore, text: str
) -> None:
    uses: list[Callable[[], object]] = [lambda: told.get("thing", "a"), lambda: create(told, "a")]
    for use in uses:
        firestore.script = [("NOT_FOUND", text)]
        with pytest.raises(StoreUnavailable, match="database does not exist"):
            use()


def test_a_document_that_firestore_cannot_hold_is_a_permanent_failure(
    told: FirestoreStore, firestore: ScriptedFirestore
) -> None:
    firestore.script = [("INVALID_ARGUMENT", "too many index entries for entity")]
    with pytest.raises(Permanent, match="document-refused"):
        create(told, "a")


def test_no_value_of_a_document_is_told_in_a_failure(told: FirestoreStore, firestore: ScriptedFirestore) -> None:
    firestore.script = [("PERMISSION_DENIED", "the value user@example.com is not allowed")]
    with pytest.raises(StoreUnavailable) as raised:
        told.commit([Create("thing", "a", {"address": "user@example.com"})])
    assert "user@example.com" not in str(raised.value)


def test_every_call_names_the_database_it_is_for(told: FirestoreStore, firestore: ScriptedFirestore) -> None:
    firestore.script = [("NOT_FOUND", ""), ("OK", ""), ("UNAUTHENTICATED", "")]
    assert told.get("thing", "a") is None
    create(told, "a")
    with pytest.raises(StoreUnavailable):
        told.find("thing", "f", "x", 1)
    root = "projects/proj/databases/base"
    assert [(name, headers["x-goog-request-params"]) for name, headers in firestore.calls] == [
        ("GetDocument", f"name={root}/documents/thing/ka"),
        ("Commit", f"database={root}"),
        ("RunQuery", f"parent={root}/documents"),
    ]
    assert {headers["google-cloud-resource-prefix"] for _, headers in firestore.calls} == {root}


# Places


def test_databases_of_one_project_are_apart(firestore_emulator: str, project: str) -> None:
    default = FirestoreStore(project=project, emulator=firestore_emulator)
    named = FirestoreStore("other", project=project, emulator=firestore_emulator)
    create(default, "a")
    assert named.get("thing", "a") is None
    assert create(named, "a").body == {"rev": 1}
    default.close()
    named.close()


def test_google_s_own_client_reads_the_same_values(
    direct: FirestoreStore, firestore_emulator: str, project: str
) -> None:
    body = {"text": "x", "number": 1, "float": 0.5, "yes": True, "none": None, "due": NOON, "list": [{"a": []}]}
    direct.commit([Create("thing", "a", body)])
    script = """if True:
        from datetime import UTC, datetime
        from google.cloud import firestore
        read = firestore.Client().collection("thing").document("ka").get().to_dict()
        assert len(read.pop("_write")) == 12
        read["due"] = read["due"].astimezone(UTC)
        assert read == {"text": "x", "number": 1, "float": 0.5, "yes": True, "none": None, "rev": 1,
                        "list": [{"a": []}], "due": datetime(2025, 6, 1, 12, 0, tzinfo=UTC)}, read"""
    _run(script, FIRESTORE_EMULATOR_HOST=firestore_emulator, GOOGLE_CLOUD_PROJECT=project)


def test_neither_making_nor_using_a_store_imports_more_than_it_needs() -> None:
    script = """if True:
        import sys
        from sync.store.opening import open_store
        store = open_store("firestore:")
        assert not {"grpc", "proto", "google.protobuf", "sync.store.firestore_wire"} & sys.modules.keys()
        store.open()
        assert "grpc" in sys.modules and "google.cloud.firestore_v1" not in sys.modules
        assert not {"google.api_core", "google.auth", "sqlite3"} & sys.modules.keys()
        import google.cloud.firestore_v1 as whole
        assert whole.Client and whole.types.Document"""
    _run(script, FIRESTORE_EMULATOR_HOST="127.0.0.1:9")


def _run(script: str, **environment: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        timeout=30,
        check=False,
    )
    assert told.returncode == 0
