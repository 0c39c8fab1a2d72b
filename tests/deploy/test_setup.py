"""The set-up makes what is missing and nothing twice, whenever it is stopped; shown only, it changes nothing."""

import pytest

from tests.deploy.cloud_project import ALWAYS_ON, API, CloudProject
from tests.deploy.conftest import Gcloud, Scripts
from tests.thorough import THOROUGH, takes_long

pytestmark = takes_long

CONFIG = """
[solutions.studio]
provider = "janus"
room_secret = "secret:janus-room-secret"
# api_secret = "secret:not-in-use"
[solutions.zoom]
client_id = 'secret:zoom-client-id'
client_secret = "secret:zoom-client-secret"
"""
METRIC = "description: Creates\nfilter: jsonPayload.route=create\n"
ALERT = 'displayName: "Anyroom: of a test"\ncombiner: OR\nconditions:\n- displayName: of a condition\n'
ALERT_JSON = '{\n  "displayName": "Anyroom: in JSON",\n  "combiner": "OR"\n}\n'
NOT_ASKED = ("run.googleapis.com", "cloudfunctions.googleapis.com")
LISTS = {
    *("iam service-accounts list", "firestore databases list", "firestore indexes fields list"),
    *("firestore fields ttls list", "secrets list", "tasks queues list", "scheduler jobs list"),
    *("logging metrics list", "monitoring channels list", "monitoring policies list", "run services list"),
}
EVERYTHING = {"DELEGATION": "yes", "ACCOUNTS": "users", "NOTIFY": "ops@example.com"}


@pytest.fixture
def full(scripts: Scripts) -> Scripts:
    """With everything that can be chosen, and two more metrics and alerts of a test's own."""
    (scripts.folder / "anyroom.toml").write_text(CONFIG)
    put(scripts, "metrics/anyroom_creates.yaml", METRIC)
    put(scripts, "metrics/anyroom_lag.yaml", METRIC)
    put(scripts, "alerts/of-a-test.yaml", ALERT)
    put(scripts, "alerts/in-json.json", ALERT_JSON)
    scripts.settings.update(EVERYTHING)
    return scripts


def put(scripts: Scripts, name: str, text: str) -> None:
    path = scripts.folder / "deploy" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def set_up(scripts: Scripts) -> str:
    done = scripts.run("setup.sh")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_second_run_makes_nothing_and_ends_in_the_same_state(full: Scripts, gcloud: Gcloud) -> None:
    set_up(full)
    state, first = gcloud.project.state(), len(gcloud.changes)
    set_up(full)
    assert gcloud.project.state() == state
    again = gcloud.changes[first:]
    assert {verb for words in again for verb in words if verb in ("create", "enable", "add")} == set()
    assert not [words for words in again if words[0] == "firestore" or words[:3] == ["alpha", "monitoring", "policies"]]


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("step", [5, 9] if THOROUGH else [9])
def test_stopped_again_and_again_it_ends_in_the_same_state(
    full: Scripts, gcloud: Gcloud, step: int, lost: bool
) -> None:
    set_up(full)
    whole = without_keys(gcloud.project)
    gcloud.project = CloudProject(gcloud.project.project)
    gcloud.lost = lost
    allowed = 0
    while True:
        gcloud.stop_after = allowed
        done = full.run("setup.sh")
        if not done.returncode:
            break
        assert done.stderr.splitlines() == [
            "ERROR: gcloud crashed",
            "That did not work. What is done is kept: put it right and run this again.",
        ]
        allowed += step
    assert allowed > 3 * step
    assert without_keys(gcloud.project) == whole


def without_keys(project: CloudProject) -> object:
    """The state, with only the number of each secret's versions: keys are made at random."""
    resources, policies = project.state()
    for secret in resources["secrets"].values():
        secret["versions"] = len(secret["versions"])
    return resources, policies


def test_shown_it_changes_nothing_and_says_what_then_is_run(full: Scripts, gcloud: Gcloud) -> None:
    before = gcloud.project.state()
    shown = full.run("setup.sh", "--show")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert gcloud.changes == []
    assert gcloud.project.state() == before
    done = set_up(full).replace("notificationChannels/1", "notificationChannels/CHANNEL")
    assert shown.stdout == done
    assert len(commands(shown.stdout)) == len(gcloud.changes)


def commands(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_ctrl_c_ends_it_with_one_line_and_nothing_is_lost(full: Scripts, gcloud: Gcloud) -> None:
    gcloud.hold = True
    stopped = full.interrupted("setup.sh", gcloud.held)
    assert stopped.returncode == 130
    assert stopped.stderr.splitlines() == ["Stopped. What is done is kept: run this again to go on."]
    gcloud.hold = False
    set_up(full)


def test_what_google_has_not_heard_of_yet_is_waited_for(full: Scripts, gcloud: Gcloud) -> None:
    gcloud.project.unheard_of = 3
    done = full.run("setup.sh")
    assert (done.returncode, done.stderr.count("once more in 15 seconds")) == (0, 3)


def test_an_api_that_was_just_turned_on_is_waited_for(full: Scripts, gcloud: Gcloud) -> None:
    """Google, of such an API: "wait a few minutes for the action to propagate to our systems and retry"."""
    gcloud.project.slow = 2
    done = full.run("setup.sh")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("once more in 15 seconds") == 2 * len({*API.values()} - {*ALWAYS_ON, *NOT_ASKED})


def test_another_refusal_is_not_waited_for(scripts: Scripts, gcloud: Gcloud) -> None:
    put(scripts, "roles.txt", "anyroom roles/datastore.user nobody always\n")
    done = scripts.run("setup.sh")
    assert done.returncode == 1
    assert "once more" not in done.stderr
    assert "NOT_FOUND" in done.stderr


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"PROJECT": ""}, "Say which project"),
        ({"PROJECT": "123456789012"}, "PROJECT is a project's id"),
        ({"PROJECT": "another-project"}, "The project another-project is not there"),
        ({"REGION": "Europe"}, "REGION is a region"),
        ({"LOCATION": "Europe"}, "LOCATION is a place of Firestore's"),
        ({"DATABASE": "x"}, "DATABASE is a Firestore database's id"),
        ({"DELEGATION": "true"}, "DELEGATION is yes or no"),
        ({"ACCOUNTS": "yes"}, "ACCOUNTS is none, service or users"),
        ({"CALENDAR_QUOTA": "10.000"}, "CALENDAR_QUOTA is the Calendar API's quota"),
        ({"CALENDAR_QUOTA": "239"}, "CALENDAR_QUOTA is the Calendar API's quota"),
        ({"NOTIFY": "ops"}, "NOTIFY is one e-mail address"),
        ({"URL": "https://example.com/path"}, "URL is https:// and the function's host"),
    ],
)
def test_each_mistake_is_one_line(scripts: Scripts, gcloud: Gcloud, settings: dict[str, str], said: str) -> None:
    done = scripts.run("setup.sh", settings=settings)
    assert done.returncode == 64
    [line] = [line for line in done.stderr.splitlines() if not line.startswith("ERROR: ")]
    assert line.startswith(said)
    assert gcloud.changes == []


def test_who_is_not_logged_in_is_told_how(scripts: Scripts, gcloud: Gcloud) -> None:
    gcloud.project.account = ""
    done = scripts.run("setup.sh")
    assert (done.returncode, done.stderr) == (64, "gcloud has no account yet: gcloud auth login\n")


def test_a_word_that_is_none_of_its_own_is_refused(scripts: Scripts, gcloud: Gcloud) -> None:
    done = scripts.run("setup.sh", "--shwo")
    assert (done.returncode, gcloud.asked) == (64, [])


def test_only_the_secrets_that_are_named_are_made_and_only_the_function_reads_them(
    full: Scripts, gcloud: Gcloud
) -> None:
    said = set_up(full)
    account = f"serviceAccount:anyroom@{gcloud.project.project}.iam.gserviceaccount.com"
    names = {"anyroom-keys", "anyroom-sign-in", "janus-room-secret", "zoom-client-id", "zoom-client-secret"}
    assert set(gcloud.project.resources["secrets"]) == names
    readers = {name: bound for name, bound in gcloud.project.policies.items() if name.startswith("secrets ")}
    assert readers == {f"secrets {name}": {("roles/secretmanager.secretAccessor", account)} for name in names}
    assert {name for name in names if f"give the secret {name} its value" in said} == names - {"anyroom-keys"}


def test_nobody_is_told_to_write_a_secret_into_a_file(full: Scripts, gcloud: Gcloud) -> None:
    """It would lie in the folder that Cloud Build is sent, and in a shell's history if it were on the line."""
    told = [line for line in set_up(full).splitlines() if "secrets versions add" in line]
    assert len(told) == 5
    assert [line for line in told if "--data-file=- " not in line] == []


def test_a_key_is_made_once_and_stays(full: Scripts, gcloud: Gcloud) -> None:
    set_up(full)
    [version] = gcloud.project.resources["secrets"]["anyroom-keys"]["versions"]
    assert len(version["data"].strip()) == 44
    set_up(full)
    assert gcloud.project.resources["secrets"]["anyroom-keys"]["versions"] == [version]


def test_without_delegation_and_accounts_it_makes_as_little_as_possible(scripts: Scripts, gcloud: Gcloud) -> None:
    set_up(scripts)
    resources = gcloud.project.resources
    assert {email.partition("@")[0] for email in resources["accounts"]} == {"anyroom", "anyroom-tasks", "anyroom-build"}
    assert (resources["queues"], resources["secrets"], resources["channels"]) == ({}, {}, {})
    assert "iamcredentials.googleapis.com" not in resources["services"]


def test_the_sweep_is_called_as_the_function_expects_it(scripts: Scripts, gcloud: Gcloud) -> None:
    set_up(scripts)
    [job] = gcloud.project.resources["jobs"].values()
    url = "https://anyroom-123456789012.europe-west1.run.app/sweep"
    assert (job["uri"], job["oidc-token-audience"], job["http-method"]) == (url, url, "POST")
    assert job["oidc-service-account-email"].startswith("anyroom-tasks@")


@pytest.mark.parametrize(("quota", "rate"), [("10000", "41"), ("600", "2"), ("240", "1")])
def test_runs_use_at_most_half_of_calendars_quota(full: Scripts, gcloud: Gcloud, quota: str, rate: str) -> None:
    full.settings["CALENDAR_QUOTA"] = quota
    set_up(full)
    [queue] = gcloud.project.resources["queues"].values()
    assert queue["max-dispatches-per-second"] == rate
    assert int(rate) * 60 * 2 <= int(quota) / 2


def test_an_alert_that_has_changed_is_replaced_and_writes_to_whom_it_wrote(full: Scripts, gcloud: Gcloud) -> None:
    set_up(full)
    alerts = gcloud.project.resources["alerts"]
    for alert in alerts.values():
        alert["notificationChannels"].append("projects/example-project/notificationChannels/99")
    gcloud.project.resources["channels"]["projects/example-project/notificationChannels/99"] = {"name": "by hand"}
    put(full, "alerts/of-a-test.yaml", ALERT.replace("OR", "AND"))
    before = len(gcloud.changes)
    full.settings["NOTIFY"] = ""
    set_up(full)
    [update] = [words for words in gcloud.changes[before:] if words[:3] == ["alpha", "monitoring", "policies"]]
    assert update[3] == "update"
    [changed] = [alert for alert in alerts.values() if alert["displayName"] == "Anyroom: of a test"]
    assert {alert["userLabels"]["service"] for alert in alerts.values()} == {"anyroom"}
    assert changed["combiner"] == "AND"
    assert [name.rpartition("/")[2] for name in changed["notificationChannels"]] == ["1", "99"]


def test_a_region_that_was_forgotten_is_asked_for_where_the_service_is_in_another(
    full: Scripts, gcloud: Gcloud
) -> None:
    """Without it a second queue and a second sweep would be made, beside a service that has its own."""
    full.settings["REGION"] = "europe-north1"
    set_up(full)
    gcloud.project.deploy("europe-north1")
    state, before = gcloud.project.state(), len(gcloud.changes)
    for words in ([], ["--show"]):
        done = full.run("setup.sh", *words, settings={"REGION": ""})
        assert (done.returncode, done.stderr) == (64, "Say which REGION: anyroom runs in europe-north1\n")
    assert len(gcloud.changes) == before
    assert "runs in" not in set_up(full)
    assert gcloud.project.state() == state


def test_another_region_that_is_said_is_taken_at_its_word(full: Scripts, gcloud: Gcloud) -> None:
    """That is how a service moves: it is there twice for a while."""
    set_up(full)
    gcloud.project.deploy()
    gcloud.project.deploy(name="another")
    full.settings["REGION"] = "europe-north1"
    assert "# anyroom also runs in europe-west1, which stays as it is; this is for europe-north1\n" in set_up(full)
    assert set(gcloud.project.resources["jobs"]) == {"europe-west1/anyroom-sweep", "europe-north1/anyroom-sweep"}
    gcloud.project.deploy("europe-north1")
    done = full.run("setup.sh", settings={"REGION": ""})
    assert (done.returncode, done.stderr) == (64, "Say which REGION: anyroom runs in europe-west1 and europe-north1\n")


def test_a_list_that_fails_ends_it_and_nothing_is_made_twice(full: Scripts, gcloud: Gcloud) -> None:
    """Whatever is not listed would be made again: a channel even without a word, as its name is not its address."""
    set_up(full)
    set_up(full)
    before = len(gcloud.changes)
    asked = {command for command in LISTS if command in [" ".join(shown(words)) for words in gcloud.asked]}
    assert asked == LISTS
    for command in sorted(LISTS):
        gcloud.project.failing = command
        assert full.run("setup.sh").returncode == 1, command
    made = [words for words in gcloud.changes[before:] if {"create", "enable", "add"} & set(words)]
    assert made == []


def shown(words: list[str]) -> list[str]:
    """A command's own words."""
    return [word for word in words if not word.startswith("--") and word not in ("alpha", "beta")]


def test_a_database_that_was_there_before_is_named_and_one_of_ours_is_not(scripts: Scripts, gcloud: Gcloud) -> None:
    name = "projects/example-project/databases/(default)"
    gcloud.project.resources["databases"]["(default)"] = {"name": name, "type": "FIRESTORE_NATIVE"}
    gcloud.project.resources["services"]["firestore.googleapis.com"] = {"config": {"name": "firestore.googleapis.com"}}
    said = "# The database (default) was there before"
    assert said in scripts.run("setup.sh", "--show").stdout
    assert said in set_up(scripts)
    assert said not in set_up(scripts)


def test_a_second_database_is_made_ready_beside_the_first(scripts: Scripts, gcloud: Gcloud) -> None:
    def ready(kind: str, database: str) -> set[str]:
        start = f"projects/example-project/databases/{database}/"
        return {name.removeprefix(start) for name in gcloud.project.resources[kind] if name.startswith(start)}

    set_up(scripts)
    scripts.settings["DATABASE"] = "anyroom"
    set_up(scripts)
    for kind in ("fields", "ttls"):  # as a first run that ended early leaves it
        everything = gcloud.project.resources[kind]
        gcloud.project.resources[kind] = {name: one for name, one in everything.items() if "/anyroom/" not in name}
    set_up(scripts)
    for kind in ("fields", "ttls"):
        assert ready(kind, "anyroom") == ready(kind, "(default)") != set()
    before = len(gcloud.changes)
    set_up(scripts)
    assert not [words for words in gcloud.changes[before:] if words[0] == "firestore"]


def test_a_database_in_datastore_mode_is_refused(scripts: Scripts, gcloud: Gcloud) -> None:
    name = "projects/example-project/databases/(default)"
    gcloud.project.resources["databases"]["(default)"] = {"name": name, "type": "DATASTORE_MODE"}
    gcloud.project.resources["services"]["firestore.googleapis.com"] = {"config": {"name": "firestore.googleapis.com"}}
    done = scripts.run("setup.sh")
    assert done.returncode == 1
    assert "is in Datastore mode" in done.stderr
