"""`python -m addon` writes three files and says what to do next, or says in one line what is wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
URL = "https://rooms.example.org"
CONFIGURATION = """
[solutions.meet-here]
provider = "jitsi"
name = "Meet here"
logo = "https://lh3.googleusercontent.com/abc"
"""


def run(folder: Path, *arguments: str, configuration: str = CONFIGURATION) -> subprocess.CompletedProcess[str]:
    config = folder / "anyroom.toml"
    config.write_text(configuration, encoding="utf-8")
    command = [sys.executable, "-m", "addon", "--config", str(config), "--out", str(folder / "out"), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_three_files_are_written_and_the_next_steps_named(tmp_path: Path) -> None:
    done = run(tmp_path, "--url", URL)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "Code.gs",
        "appsscript.json",
        "deployment.json",
    ]
    assert "1 solution at https://rooms.example.org" in done.stdout
    assert "ANYROOM_IDENTITY" in done.stdout
    assert len(done.stdout.splitlines()) < 8


def test_name_and_logo_of_the_addon_can_be_chosen(tmp_path: Path) -> None:
    logo = "https://lh3.googleusercontent.com/own"
    assert run(tmp_path, "--url", URL, "--name", "Räume", "--logo", logo).returncode == 0
    for name in ("appsscript.json", "deployment.json"):
        content = json.loads((tmp_path / "out" / name).read_text(encoding="utf-8"))
        assert content["addOns"]["common"] == {"name": "Räume", "logoUrl": logo}


@pytest.mark.parametrize(
    ("url", "configuration", "named"),
    [
        ("http://rooms.example.org", CONFIGURATION, "--url"),
        (URL, CONFIGURATION.replace("lh3.googleusercontent.com", "example.org"), "[solutions.meet-here] logo"),
        (URL, CONFIGURATION.replace("meet-here", "Meet_Here"), "Meet_Here"),
        (URL, "no = [", "ANYROOM_CONFIG"),
    ],
    ids=["url", "logo", "id", "file"],
)
def test_a_wrong_setting_is_named_in_one_line_and_nothing_is_written(
    url: str, configuration: str, named: str, tmp_path: Path
) -> None:
    done = run(tmp_path, "--url", url, configuration=configuration)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert named in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    done = run(tmp_path, "--url", URL)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
