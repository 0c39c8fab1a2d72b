"""Every line for gcloud in the repository is one that it takes: in documents and scripts, and as the set-up runs it.

What the steps of cloudbuild.yaml run is put through the parser by tests/test_cloudbuild.py.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.deploy.conftest import Gcloud, Scripts
from tests.deploy.parser import Parser, in_markdown, in_shell
from tests.deploy.repository import ROOT, files
from tests.deploy.test_setup import full as full
from tests.thorough import takes_long

RUN_HERE = {"setup.sh", "remove.sh", "project.sh"}
"""Scripts whose commands are taken from a run, because their words are put together there."""
FEW = 2


def written() -> Iterator[tuple[str, list[str]]]:
    """Where each line stands, and its arguments."""
    for path in files(".sh", ".md", ".yaml"):
        if path.name in RUN_HERE:
            continue
        read = in_shell if path.suffix == ".sh" else in_markdown
        lines = read(path.read_text("utf-8"))
        for arguments in lines:
            yield path.relative_to(ROOT).as_posix(), arguments


DISTINCT = {tuple(arguments): place for place, arguments in written()}
LINES = [
    pytest.param(list(arguments), id=f"{place}-{' '.join(arguments[:3])}", marks=[takes_long] if number >= FEW else [])
    for number, (arguments, place) in enumerate(DISTINCT.items())
]


@pytest.fixture
def parser(tmp_path: Path) -> Parser:
    return Parser(tmp_path / "configuration")


@pytest.mark.parametrize("arguments", LINES)
def test_gcloud_takes_the_line(parser: Parser, arguments: list[str]) -> None:
    assert parser.refusal(arguments) == ""


def as_run(full: Scripts, gcloud: Gcloud) -> list[list[str]]:
    """The lines of the set-up, of a second one after a change, and of the removal; of like ones the last."""
    gcloud.project.deploy()
    assert full.run("setup.sh").returncode == 0
    alert = full.folder / "deploy" / "alerts" / "of-a-test.yaml"
    alert.write_text(alert.read_text() + "severity: CRITICAL\n")
    assert full.run("setup.sh").returncode == 0
    assert full.run("remove.sh", "--data", "--yes", settings={"DATABASE": "(default)"}).returncode == 0
    gcloud.project.resources["functions"]["europe-west1/anyroom"] = {"name": "functions/anyroom"}
    assert full.run("remove.sh", "--yes").returncode == 0
    return list({shape(words): words for words in gcloud.asked}.values())


def shape(words: list[str]) -> tuple[str, ...]:
    """The command and the names of its flags."""
    named = [word for word in words if not word.startswith("--")]
    return (*named[:4], *(word.partition("=")[0] for word in words if word.startswith("--")))


@takes_long
def test_gcloud_takes_each_line_that_the_set_up_and_the_removal_run(
    full: Scripts, gcloud: Gcloud, parser: Parser
) -> None:
    lines = as_run(full, gcloud)
    assert len(lines) > 40
    with ThreadPoolExecutor(2) as workers:
        refused = [said for said in workers.map(parser.refusal, lines) if said]
    assert refused == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "firestore indexes fields update due --collection-group=mapping --index=order=upwards",
            "Invalid choice: upwards",
        ),
        ("tasks queues update anyroom --location=europe-west1 --max-dispatch=1", "unrecognized arguments"),
        ("monitoring policies --help", "Invalid choice: 'policies'"),
    ],
)
def test_a_wrong_line_is_caught(parser: Parser, line: str, said: str) -> None:
    assert said in parser.refusal(line.split())


def test_commands_are_found_in_documents_wherever_they_stand() -> None:
    sentence = "Run `gcloud a b\n--flag=$PROJECT` or `gcloud f`:\n\n"
    text = sentence + "```sh\n$ gcloud c \\\n --x='y z'\nopenssl rand | gcloud d e\n```\n"
    assert list(in_markdown(text)) == [
        ["c", "--x=y z"],
        ["d", "e"],
        ["a", "b", "--flag=example-project"],
        ["f", "--help"],
    ]
