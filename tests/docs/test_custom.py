"""docs/custom.md says what a definition may have; its example goes through the whole conformance suite (acme.py)."""

import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

import settings
from conference import providers
from conference.custom import files, formats
from conference.custom.authentication import KINDS
from conference.custom.fields import OF
from conference.custom.options import TYPES
from conference.custom.refusals import WORDS
from conference.errors import InvalidSetting
from conference.limits import CODES
from conference.providers.base import EventField, Idempotency
from conference.providers.custom import Options
from tests.docs.page import ROOT, Page, code, dead_links

PAGE = Page(ROOT / "docs/custom.md")


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The example of the page as an anyroom.toml."""
    path = tmp_path / "anyroom.toml"
    path.write_text(PAGE.blocks("toml")[0], "utf-8")
    return path


def words(*head: str) -> list[str]:
    return [word for row in PAGE.table(*head) for word in code(row[0])]


def meaning(key: str) -> str:
    [row] = [row for row in PAGE.table("key", "default") if key in code(row[0])]
    return row[2]


def test_the_example_is_a_whole_anyroom_toml(example: Path) -> None:
    [solution] = settings.load_solutions(str(example))
    loaded = providers.of(solution)
    assert loaded.declared.hosts(solution.options) == ("https://api.acme.example:443",)
    assert all((loaded.create, loaded.update, loaded.delete))


def test_its_mistake_is_told_as_the_page_says(example: Path) -> None:
    [shown] = [line for line in PAGE.blocks("console")[0].splitlines() if line.startswith("problem")]
    text = example.read_text("utf-8")
    example.write_text(text.replace('title = "{summary}"', 'title = "{sumary}"'), "utf-8")
    with pytest.raises(InvalidSetting) as mistake:
        settings.load_solutions(str(example))
    assert shown == f"problem  {mistake.value}"


def test_every_key_of_a_definition_is_explained() -> None:
    assert set(words("key", "default")) == {field.name for field in msgspec.structs.fields(Options)}


def test_every_field_stands_where_the_page_says() -> None:
    documented: dict[str, set[str]] = {operation: set() for operation in OF}
    for row in PAGE.table("field"):
        places = OF if row[1] == "everywhere" else re.split(r", ", row[1])
        for name in code(row[0]):
            for place in places:
                if place in documented and not name.startswith(("options.", "kept.", "changed.")):
                    documented[place].add(name)
    assert documented == {
        operation: {name for name in fields if not name.startswith("changed.")} for operation, fields in OF.items()
    }


def test_every_format_takes_what_the_page_says() -> None:
    documented = {}
    for row in PAGE.table("format"):
        for written in code(row[0]):
            name, *arguments = written.split(":")
            documented[name] = row[1], len(arguments)
    assert documented == {name: (formats.WORDS[one.takes], one.arguments) for name, one in formats.FORMATS.items()}


@pytest.mark.parametrize(
    ("documented", "known"),
    [
        (words("type"), KINDS),
        (words("word"), WORDS),
        (set(code(meaning("idempotency"))) - {"{attempt}", "find"}, get_args(Idempotency)),
        (code(meaning("updates")), get_args(EventField)),
        (re.findall(r"`(\w+)`", PAGE.flowing.partition("A type is")[2].partition(";")[0]), TYPES),
    ],
    ids=["types of authentication", "failures", "idempotency", "changes", "types of options"],
)
def test_every_word_is_explained(documented: Any, known: Any) -> None:
    assert set(documented) == set(known)


def test_every_code_of_an_entry_point_is_named() -> None:
    assert set(CODES) <= set(PAGE.spans())


def test_the_options_of_a_file_are_taken(tmp_path: Path) -> None:
    options = PAGE.blocks("toml")[1]
    path = tmp_path / "acme.toml"
    path.write_text(
        'system = "Acme"\nidempotency = "none"\nauthentication = { type = "bearer", token = "{options.key}" }\n'
        'reply = { id = "id", video = { url = "url" } }\n[[create]]\nmethod = "POST"\n'
        f'url = "https://acme.example/rooms"\njson = {{ level = "{{options.level}}" }}\n{options}',
        "utf-8",
    )
    declared = files.read(path).definition.declared
    assert declared.struct(key="x") == declared.struct(key="x", level="low")


def test_its_links_lead_somewhere() -> None:
    assert dead_links(PAGE) == []
