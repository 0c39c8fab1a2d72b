"""Every line for gcloud in the repository is one that it takes: in documents, in scripts, in what our programs say, and
as the set-up runs it.

What the steps of cloudbuild.yaml run is put through the parser by tests/test_cloudbuild.py.
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.deploy.conftest import Gcloud, Scripts
from tests.deploy.parser import Parser, in_markdown, in_python, in_shell, in_words
from tests.deploy.repository import ROOT, files
from tests.deploy.test_setup import full as full
from tests.thorough import takes_long

READ = {".sh": in_shell, ".md": in_markdown, ".yaml": in_markdown, ".py": in_python}
RUN_HERE = {"setup.sh", "remove.sh", "project.sh"}
"""Scripts whose commands are taken from a run, because their words are put together there; those that they name in a
mistake's line are taken from the file."""
FEW = 2


def written() -> Iterator[tuple[str, list[str]]]:
    """Where each line stands, and its arguments."""
    for path in files(*READ):
        place, text = path.relative_to(ROOT).as_posix(), path.read_text("utf-8")
        read = READ[path.suffix]
        if place.startswith("tests/") and path.suffix == ".py":
            continue
        if path.name in RUN_HERE:
            read, text = in_words, "\n".join(re.findall(r"\((gcloud [a-z -]+ shows?)\b", text))
        for arguments in read(text):
            yield place, arguments


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
    done = full.run("setup.sh")
    assert done.returncode == 0
    told = [line for line in done.stdout.splitlines() if line.startswith("#") and "gcloud" in line]
    gcloud.asked += in_shell("\n".join(line[line.index("gcloud") :] for line in told))
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


def test_commands_are_found_in_what_a_program_says() -> None:
    text = """
def ask(name):
    \'\'\'As gcloud has it.\'\'\'
    print("run: gcloud a b --flag=c; or gcloud d, then gcloud e " f"{name} --on={name.upper()}")
    say("what gcloud f shows, and \\\\\\n  gcloud g \\\\\\n --flag='{folder}/x'")
"""
    assert list(in_python(text)) == [
        ["a", "b", "--flag=c"],
        ["d", "--help"],
        ["e", "name", "--on=value"],
        ["f", "--help"],
        ["g", "--flag=folder/x"],
    ]


def test_commands_are_found_in_documents_wherever_they_stand() -> None:
    sentence = "Run `gcloud a b\n--flag=$PROJECT` or `gcloud f`:\n\n"
    text = sentence + "```sh\n$ gcloud c \\\n --x='y z'\nopenssl rand | gcloud d e\n```\n"
    assert list(in_markdown(text)) == [
        ["c", "--x=y z"],
        ["d", "e"],
        ["a", "b", "--flag=example-project"],
        ["f", "--help"],
    ]
