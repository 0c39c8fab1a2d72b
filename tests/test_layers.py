"""Who may import whom, where import-linter cannot look: modules outside packages, and packages below `google`."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOP = {path.stem for path in ROOT.glob("*.py")}
DEVELOPMENT = {"simulator", "addon", "bench", "deploy", "dev", "doctor", "operations", "tests"}
DEPLOYED = sorted([*ROOT.glob("*.py"), *ROOT.glob("conference/**/*.py"), *ROOT.glob("sync/**/*.py")])
PROVIDERS = sorted(path for path in ROOT.glob("conference/providers/*.py") if path.stem not in ("__init__", "base"))

# Each is imported by these files alone, and by no other that is deployed.
HOMES = {
    "google.cloud.firestore": ("sync/store/firestore",),
    "google.cloud.secretmanager": ("conference/secrets/secret_manager.py",),
    "google.auth": ("sync/own_token.py", "sync/store/firestore", "conference/secrets/secret_manager.py"),
    "googleapiclient": ("sync/calendar.py", "sync/cloud_tasks.py"),
    "httplib2": ("sync/calendar.py", "sync/carrier.py", "sync/cloud_tasks.py"),
    "functions_framework": ("main.py",),
    "flask": ("main.py",),
}
FOR_PROVIDERS = {
    *("conference.data", "conference.errors", "conference.event", "conference.entry_point", "conference.uris"),
    *("conference.jwt", "conference.providers.base", "msgspec", "defusedxml"),
}
OF_ONE_PROVIDER = {"custom": "conference.custom"}
"""What a provider is made of that does not fit into its file."""


def imported(path: Path) -> Iterator[str]:
    """The full names of what a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, package: str) -> bool:
    """`google.cloud.firestore_v1.types` is within `google.cloud.firestore`, as generations of it are."""
    return name == package or name.startswith((f"{package}.", f"{package}_v"))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", DEPLOYED, ids=named)
def test_a_deployed_file_imports_nothing_of_development(path: Path) -> None:
    assert {name.partition(".")[0] for name in imported(path)} & DEVELOPMENT == set()


@pytest.mark.parametrize("library", HOMES)
def test_a_library_of_google_s_is_imported_in_one_place(library: str) -> None:
    users = {named(path) for path in DEPLOYED if any(within(name, library) for name in imported(path))}
    assert [user for user in users if not user.startswith(HOMES[library])] == []


def test_only_the_entry_imports_the_modules_that_join_everything() -> None:
    joining = TOP - {"settings"}
    for path in DEPLOYED:
        if named(path) not in {f"{name}.py" for name in TOP}:
            assert {name.partition(".")[0] for name in imported(path)} & TOP == set(), named(path)
    assert {name.partition(".")[0] for name in imported(ROOT / "settings.py")} & (joining | {"sync"}) == set()


@pytest.mark.parametrize("path", PROVIDERS, ids=named)
def test_a_provider_imports_the_contract_and_the_standard_library(path: Path) -> None:
    strange = [
        name
        for name in imported(path)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not any(within(name, known) for known in FOR_PROVIDERS | {OF_ONE_PROVIDER.get(path.stem, "msgspec")})
    ]
    assert strange == []
