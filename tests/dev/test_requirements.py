"""The requirement files pin exactly what is imported and what that brings: nothing is missing, nothing left over."""

import ast
import importlib.metadata
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"([A-Za-z0-9._-]+)==(\S+)(?: +# .+)?")
# Imported by others: data that zoneinfo reads, what the host of the function runs on; plugins, tools, a server by name.
BY_NAME = {
    "requirements.txt": {"tzdata", "functions-framework"},
    "requirements-dev.txt": {
        "ruff",
        "mypy",
        "import-linter",
        "pytest-cov",
        "pytest-randomly",
        "pytest-xdist",
        "coverage",
        "matrix-synapse",
    },
}
CODE = {
    "requirements.txt": [*ROOT.glob("*.py"), *ROOT.glob("conference/**/*.py"), *ROOT.glob("sync/**/*.py")],
    "requirements-dev.txt": [
        path
        for name in ("addon", "bench", "dev", "doctor", "simulator", "tests")
        for path in ROOT.glob(f"{name}/**/*.py")
    ],
}


def blocks(name: str) -> list[dict[str, str]]:
    """What a file pins directly, and what that brings: versions by canonical name."""
    direct, brought = re.split(r"\n\n(?!.*#)", (ROOT / name).read_text("utf-8").rstrip(), maxsplit=1)
    return [dict(pins(block)) for block in (direct, brought)]


def pins(block: str) -> Iterator[tuple[str, str]]:
    for line in block.splitlines():
        if line and not line.startswith(("#", "-r ")):
            pin = PIN.fullmatch(line)
            assert pin, f"{line!r} pins no exact version"
            yield canonicalize_name(pin[1]), pin[2]


def pinned(name: str) -> dict[str, str]:
    both = ["requirements.txt"] if name == "requirements.txt" else ["requirements.txt", name]
    return {key: value for file in both for block in blocks(file) for key, value in block.items()}


def brought_by(names: set[str]) -> set[str]:
    """The packages that these need on this machine, and so on, with the extras that they ask for."""
    found: set[tuple[str, str]] = set()
    asked = [(name, "") for name in names]
    while asked:
        name, extra = asked.pop()
        for text in importlib.metadata.requires(name) or []:
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                for one in ((canonicalize_name(needed.name), wanted) for wanted in ("", *needed.extras)):
                    if one not in found:
                        found.add(one)
                        asked.append(one)
    return {name for name, _ in found}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_what_packages_bring_is_pinned_and_nothing_else(name: str) -> None:
    direct, brought = blocks(name)
    needed = brought_by(set(direct))
    assert needed - set(pinned(name)) == set()
    assert set(brought) - needed == set()


def test_what_is_deployed_imports_only_what_is_pinned_directly() -> None:
    assert [*unpinned("requirements.txt", set(blocks("requirements.txt")[0]))] == []


def test_what_is_not_deployed_imports_only_what_is_pinned() -> None:
    assert [*unpinned("requirements-dev.txt", set(pinned("requirements-dev.txt")))] == []


def unpinned(name: str, allowed: set[str]) -> Iterator[str]:
    """What the code behind a requirement file imports from packages that are not allowed."""
    packages = importlib.metadata.packages_distributions()
    for path in CODE[name]:
        for module in imported(path):
            # "google" belongs to a dozen packages: which of them is held in tests/test_layers.py.
            top = module.partition(".")[0]
            if top in packages and top != "google" and not {canonicalize_name(one) for one in packages[top]} & allowed:
                yield f"{path.relative_to(ROOT)}: {module}"


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_what_is_pinned_directly_is_used(name: str) -> None:
    modules = {module for path in CODE[name] for module in imported(path)}
    unused = {
        key
        for key in blocks(name)[0]
        if key not in BY_NAME[name]
        and not key.startswith("types-")
        and not any(module in modules for module in provided(key))
    }
    assert unused == set()


def provided(name: str) -> set[str]:
    """The modules of a package, as dotted names."""
    files = importlib.metadata.files(name) or []
    return {
        ".".join(file.with_suffix("").parts).removesuffix(".__init__")
        for file in files
        if file.suffix in (".py", ".so", ".pyi")
    }


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_what_is_installed_is_what_is_pinned() -> None:
    installed = {name: importlib.metadata.version(name) for name in pinned("requirements-dev.txt")}
    assert installed == pinned("requirements-dev.txt"), f"make install-dev brings them ({sys.prefix})"
