"""`make provider` writes three files that fit together, under any good name, or none at all and says why."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conference import providers
from conference.secrets.source import NAME as SECRET
from dev import provider
from tests.dev.conftest import ROOT

LONGEST = "a_system_of_a_very_very_long_nm"
"""As long as a name may be."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository without a provider."""
    for path in (provider.PROVIDERS, provider.HARNESSES):
        (tmp_path / path).mkdir(parents=True)
    return tmp_path


def there(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in found}


def refused(folder: Path, capsys: pytest.CaptureFixture[str], name: str = "acme") -> str:
    """The one line that says why nothing was written."""
    before = there(folder)
    assert provider.main([f"--name={name}"], folder) == 1
    assert there(folder) == before
    said = capsys.readouterr()
    assert said.out == ""
    [line] = said.err.splitlines()
    return line


def test_three_files_are_written(folder: Path) -> None:
    assert provider.main(["--name=acme"], folder) == 0
    assert there(folder) == provider.files("acme")
    assert set(there(folder)) == {
        "conference/providers/acme.py",
        "tests/contracts/providers/harnesses/acme.py",
        "tests/contracts/providers/harnesses/acme.json",
    }


@pytest.mark.parametrize("name", ["a", "z9_", "big_blue", LONGEST])
def test_what_is_written_is_in_our_style_and_a_provider_whatever_its_name(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert provider.main([f"--name={name}"], folder) == 0

    for path, text in there(folder).items():
        assert "acme" not in text.lower()
        if path.endswith(".py"):
            assert ruff(path, text) == ""
    assert loaded(folder, name, monkeypatch).declared.name == name
    harness = there(folder)[f"{provider.HARNESSES}/{name}.py"]
    [secret] = re.findall(r'"secret:(.*?)"', harness)
    assert SECRET.fullmatch(secret)
    assert f'{{"{secret}": TOKEN}}' in harness


def test_hosts_and_secrets_have_hyphens_and_a_title_has_blanks() -> None:
    sample, harness, file = provider.files("big_blue").values()
    assert "https://rooms.big-blue.example/" in sample
    assert '"secret:big-blue-token"' in harness
    assert file.startswith('"""Big Blue: ')
    assert 'name="big_blue"' in file


def ruff(path: str, text: str) -> str:
    """What ruff would change."""
    said = ""
    for words in (["check"], ["format", "--diff"]):
        line = [sys.executable, "-m", "ruff", *words, "--quiet", f"--stdin-filename={path}", "-"]
        said += subprocess.run(line, cwd=ROOT, input=text, capture_output=True, text=True, check=False).stdout
    return said


def loaded(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The provider, checked against the contract as one in its place is."""
    real = Path(providers.__file__)
    monkeypatch.setattr(providers, "__file__", str(folder / provider.PROVIDERS / "__init__.py"))
    monkeypatch.setattr(providers, "__path__", [str(folder / provider.PROVIDERS), str(real.parent)])
    providers.load.cache_clear()
    try:
        return providers.load(name)
    finally:
        providers.load.cache_clear()
        sys.modules.pop(f"conference.providers.{name}", None)


@pytest.mark.parametrize("name", ["", "Acme", "9acme", "_acme", "ac-me", "../acme", "acme.py", "acmé", f"{LONGEST}x"])
def test_a_name_that_is_none_is_refused(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    line = refused(folder, capsys, name)
    assert line.startswith("NAME is a letter and up to 30 more letters, digits or _, all of them small, ")
    assert line.endswith(f"not {name!r}" if name else "as in make provider NAME=acme")


@pytest.mark.parametrize("name", ["base", "acme_account", "class", "or"])
def test_a_name_that_means_something_else_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert refused(folder, capsys, name).endswith(": choose another one")


def test_an_argument_that_there_is_not_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert provider.main(["--nme=acme"], folder) == 1
    assert capsys.readouterr().err == "unrecognized arguments: --nme=acme\n"


@pytest.mark.parametrize("path", [*provider.files("acme"), f"{provider.PROVIDERS}/acme.toml"])
def test_what_is_there_already_is_never_touched(folder: Path, capsys: pytest.CaptureFixture[str], path: str) -> None:
    (folder / path).write_text("mine", "utf-8")
    assert refused(folder, capsys) == f"{path} is there already: choose another NAME, or remove it first"


@pytest.mark.parametrize("path", provider.files("acme"))
def test_nothing_is_left_when_one_cannot_be_written(
    folder: Path, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    (folder / path).symlink_to(folder / "nowhere")
    assert refused(folder, capsys) == "Nothing was written: File exists"


def test_nothing_is_left_after_ctrl_c(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = Path.open

    def interrupted(path: Path, *how: str, **more: str) -> Any:
        if path.parent.name == "providers":
            raise KeyboardInterrupt
        return begin(path, *how, **more)  # type: ignore[call-overload]

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", interrupted)
        with pytest.raises(KeyboardInterrupt):
            provider.main(["--name=acme"], folder)
    assert there(folder) == {}
