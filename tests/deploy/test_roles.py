"""The function's account has the roles that the code speaks of, and nobody has more than is said here."""

import re
from pathlib import Path

from tests.deploy.repository import ROOT

ROWS = [
    tuple(line.split())
    for line in (ROOT / "deploy" / "roles.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
BY_NAME = "secretmanager.secretAccessor"
"""The role that is given on each secret that is named, not in the table."""
ROLE = r"roles/[A-Za-z.]+[A-Za-z]"
ACT_AS = "iam.serviceAccountUser"
"""What Cloud Tasks asks of who stores a task that is signed by another account; the code calls it actAs."""


def spoken_of(*folders: str) -> set[str]:
    """Every role that the code tells an administrator to give to the function's account."""
    texts = [path.read_text("utf-8") for folder in folders for path in sorted((ROOT / folder).glob("**/*.py"))]
    roles = set(re.findall(r"roles/([A-Za-z.]+[A-Za-z])", "\n".join(texts)))
    return roles | ({ACT_AS} if any("actAs" in text for text in texts) else set())


def test_the_function_may_do_what_its_code_needs_and_no_more() -> None:
    given = {role.removeprefix("roles/") for account, role, _, _ in ROWS if account == "anyroom"}
    assert given | {BY_NAME} == spoken_of("conference", "sync")


def test_in_the_project_it_only_has_firestore() -> None:
    assert [(role, when) for account, role, on, when in ROWS if (account, on) == ("anyroom", "project")] == [
        ("roles/datastore.user", "always")
    ]


def test_who_calls_and_who_is_delegated_to_has_no_role() -> None:
    assert {account for account, *_ in ROWS} == {"anyroom", "anyroom-build"}


def test_nobody_may_act_as_more_than_its_own() -> None:
    acting = {(account, on) for account, role, on, _ in ROWS if role == f"roles/{ACT_AS}"}
    assert acting == {
        ("anyroom", "anyroom-tasks"),
        ("anyroom-build", "anyroom"),
        ("anyroom-build", "anyroom-build"),
    }


def test_the_build_and_its_page_name_the_roles_that_its_account_is_given() -> None:
    given = {role for account, role, *_ in ROWS if account == "anyroom-build"}
    comment = (ROOT / "cloudbuild.yaml").read_text("utf-8").partition("\nsubstitutions:")[0]
    [of_the_build] = [part for part in comment.split("\n#\n") if "deploy/roles.txt" in part]
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    [sentence] = re.findall(r"`anyroom-build`, has (.*?)\.\n", page, re.DOTALL)
    assert set(re.findall(ROLE, of_the_build)) == given
    assert set(re.findall(ROLE, sentence)) == given


def test_no_role_is_a_basic_one() -> None:
    assert not {role for _, role, _, _ in ROWS} & {"roles/owner", "roles/editor", "roles/viewer"}


def test_each_account_and_place_is_one_that_is_made() -> None:
    accounts = {line.split()[0] for line in _lines("accounts.txt")}
    for account, _, on, _ in ROWS:
        assert account in accounts
        assert on in accounts | {"project", "queue"}


def _lines(name: str) -> list[str]:
    text = Path(ROOT / "deploy" / name).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
