"""The removal takes away what the set-up made, and the data only when told so; without --yes it changes nothing."""

import pytest

from tests.deploy.conftest import Gcloud, Scripts
from tests.thorough import takes_long

pytestmark = takes_long

CONFIG = '[solutions.studio]\nroom_secret = "secret:janus-room-secret"\n'
KEPT = ("services", "channels")
DATA = ("databases", "fields", "ttls", "secrets")
ROLE = "roles/datastore.user"


@pytest.fixture
def made(scripts: Scripts, gcloud: Gcloud) -> Scripts:
    """A project that is set up, with a function, an account and a role that are not ours."""
    (scripts.folder / "anyroom.toml").write_text(CONFIG)
    alerts = scripts.folder / "deploy" / "alerts"
    alerts.mkdir(exist_ok=True)
    (alerts / "errors.yaml").write_text("displayName: Errors\n")
    scripts.settings.update(DELEGATION="yes", ACCOUNTS="users", DATABASE="(default)")
    assert scripts.run("setup.sh").returncode == 0
    gcloud.project.deploy()
    gcloud.project.resources["accounts"]["other@example.com"] = {"email": "other@example.com"}
    gcloud.project.policies["project example-project"].add((ROLE, "serviceAccount:other@example.com"))
    gcloud.asked.clear()
    return scripts


def left(gcloud: Gcloud) -> set[str]:
    return {kind for kind, there in gcloud.project.resources.items() if there} - set(KEPT)


def remove(scripts: Scripts, *words: str) -> str:
    done = scripts.run("remove.sh", *words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("words", [(), ("--data",)])
def test_without_yes_it_only_says_what_it_would_run(made: Scripts, gcloud: Gcloud, words: tuple[str, ...]) -> None:
    before = gcloud.project.state()
    said = remove(made, *words)
    assert gcloud.changes == []
    assert gcloud.project.state() == before
    assert ("firestore databases delete" in said) == ("--data" in words)
    shown = [line for line in said.splitlines() if not line.startswith("#")]
    remove(made, "--yes", *words)
    assert len(gcloud.changes) == len(shown)


def test_the_data_is_kept_unless_told_otherwise(made: Scripts, gcloud: Gcloud) -> None:
    data = {kind: gcloud.project.resources[kind] for kind in DATA}
    remove(made, "--yes")
    assert {kind: gcloud.project.resources[kind] for kind in DATA} == data
    assert left(gcloud) == {*DATA, "accounts"}


def test_with_data_everything_of_ours_is_gone_and_nothing_else(made: Scripts, gcloud: Gcloud) -> None:
    gcloud.project.resources["secrets"]["other"] = {"name": "projects/1/secrets/other"}
    remove(made, "--data", "--yes")
    assert left(gcloud) == {"accounts", "secrets"}
    assert set(gcloud.project.resources["accounts"]) == {"other@example.com"}
    assert set(gcloud.project.resources["secrets"]) == {"other"}
    assert gcloud.project.policies["project example-project"] == {(ROLE, "serviceAccount:other@example.com")}


def test_a_secret_that_was_there_before_the_set_up_is_kept(made: Scripts, gcloud: Gcloud) -> None:
    secrets = gcloud.project.resources["secrets"]
    before = next(iter(secrets))
    secrets[before]["labels"] = {}
    remove(made, "--data", "--yes")
    assert set(gcloud.project.resources["secrets"]) == {before}


def test_a_database_is_deleted_only_when_it_is_said_which(made: Scripts, gcloud: Gcloud) -> None:
    done = made.run("remove.sh", "--data", "--yes", settings={"DATABASE": ""})
    assert (done.returncode, gcloud.asked) == (64, [])
    assert done.stderr.startswith("Say which database is deleted")


def test_of_two_databases_the_one_that_is_said_is_deleted(made: Scripts, gcloud: Gcloud) -> None:
    assert made.run("setup.sh", settings={"DATABASE": "anyroom"}).returncode == 0
    made.settings["DATABASE"] = "anyroom"
    remove(made, "--data", "--yes")
    assert set(gcloud.project.resources["databases"]) == {"(default)"}
    assert gcloud.project.resources["ttls"] != {}


def test_a_database_that_the_set_up_has_not_made_ready_is_kept(made: Scripts, gcloud: Gcloud) -> None:
    name = "projects/example-project/databases/others"
    gcloud.project.resources["databases"]["others"] = {"name": name, "type": "FIRESTORE_NATIVE"}
    said = made.run("remove.sh", "--data", "--yes", settings={"DATABASE": "others"}).stdout
    assert "# The database others is kept" in said
    assert set(gcloud.project.resources["databases"]) == {"(default)", "others"}


def test_a_database_in_which_others_have_indexes_is_kept(made: Scripts, gcloud: Gcloud) -> None:
    field = "projects/example-project/databases/(default)/collectionGroups/orders/fields/placed"
    gcloud.project.resources["fields"][field] = {"name": field, "indexConfig": {}}
    assert "# The database (default) is kept" in remove(made, "--data", "--yes")
    assert set(gcloud.project.resources["databases"]) == {"(default)"}


def test_a_region_in_which_nothing_is_is_said(made: Scripts, gcloud: Gcloud) -> None:
    said = "# Nothing of it is in europe-west1"
    assert said not in remove(made)
    for kind in ("jobs", "queues", "runs"):
        gcloud.project.resources[kind].clear()
    assert said in remove(made)


def test_a_region_that_was_forgotten_is_asked_for_where_the_service_is_in_another(
    made: Scripts, gcloud: Gcloud
) -> None:
    """Its accounts would be deleted, and the service left without them."""
    gcloud.project.resources["runs"].clear()
    gcloud.project.deploy("europe-north1")
    done = made.run("remove.sh", "--yes")
    assert (done.returncode, gcloud.changes) == (64, [])
    assert done.stderr == "Say which REGION: anyroom runs in europe-north1\n"
    assert made.run("remove.sh", "--yes", settings={"REGION": "europe-north1"}).returncode == 0
    assert gcloud.project.resources["runs"] == {}


def test_it_can_be_run_again_and_after_a_part(made: Scripts, gcloud: Gcloud) -> None:
    gcloud.stop_after = 4
    assert made.run("remove.sh", "--data", "--yes").returncode == 1
    gcloud.stop_after = None
    remove(made, "--data", "--yes")
    asked = len(gcloud.changes)
    remove(made, "--data", "--yes")
    assert len(gcloud.changes) == asked


def test_what_was_deployed_as_a_function_is_deleted_as_one(made: Scripts, gcloud: Gcloud) -> None:
    name = "projects/p/locations/europe-west1/functions/anyroom"
    gcloud.project.resources["functions"]["europe-west1/anyroom"] = {"name": name}
    remove(made, "--yes")
    assert ["functions", "delete", "anyroom"] in [words[:3] for words in gcloud.changes]
    assert ["run", "services", "delete"] not in [words[:3] for words in gcloud.changes]


def test_what_is_set_up_again_after_a_removal_is_as_before(made: Scripts, gcloud: Gcloud) -> None:
    keys = gcloud.project.resources["secrets"]["anyroom-keys"]["versions"]
    remove(made, "--yes")
    assert made.run("setup.sh").returncode == 0
    assert gcloud.project.resources["secrets"]["anyroom-keys"]["versions"] == keys
    assert set(gcloud.project.resources["jobs"]) == {"europe-west1/anyroom-sweep"}
