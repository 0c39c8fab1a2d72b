"""Every YAML and JSON file of the repository says each thing once, and in words that every reader takes alike.

A key that is there twice is no mistake to PyYAML nor to gcloud: the last one counts, and nobody hears of the first.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.deploy.repository import ROOT, files

FILES = [
    path
    for path in files(".yaml", ".yml", ".json")
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)  # what tools keep is theirs
]
_UNSURE = re.compile(r"(?i)yes|no|on|off|y|n|0[0-9]+|[0-9]+(?::[0-5]?[0-9])+")
"""What YAML 1.1 takes for a truth or a number of another base, and YAML 1.2 for a word."""
_UNTIDY = re.compile(r"\t|[ \t]$", re.MULTILINE)


def complaints(text: str, suffix: str) -> list[str]:
    """What is wrong with a file's text, a line each. Raises yaml.YAMLError or ValueError where it is none."""
    found: list[str] = []
    if suffix == ".json":

        def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
            found.extend(repeated([key for key, _ in pairs]))
            return dict(pairs)

        json.loads(text, object_pairs_hook=once)
        return found
    node = yaml.compose(text, yaml.SafeLoader)
    found += [*in_node(node)] if node else ["it is empty"]
    found += [f"a tab, or a space at a line's end: {match.start()}" for match in _UNTIDY.finditer(text)]
    return found + ([] if text.endswith("\n") else ["the last line has no end"])


def in_node(node: yaml.Node) -> Iterator[str]:
    if isinstance(node, yaml.ScalarNode):
        if node.style is None and _UNSURE.fullmatch(node.value):
            yield f"{node.value} in line {node.start_mark.line + 1} should be quoted, or true or false"
    elif isinstance(node, yaml.MappingNode):
        yield from repeated([key.value for key, _ in node.value])
        for _, value in node.value:
            yield from in_node(value)
    else:
        for value in node.value:
            yield from in_node(value)


def repeated(keys: list[str]) -> list[str]:
    return [f"{key} is there twice" for key in sorted({key for key in keys if keys.count(key) > 1})]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_it_has_nothing_to_complain_of(path: Path) -> None:
    assert complaints(path.read_text("utf-8"), path.suffix) == []


def test_the_build_and_what_is_deployed_are_among_them() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in FILES}
    assert {"cloudbuild.yaml", "deploy/alerts/errors.yaml", "deploy/metrics/anyroom-errors.yaml"} <= names


@pytest.mark.parametrize(
    ("text", "suffix", "said"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", ".yaml", "c is there twice"),
        ("a:\n- b: 1\n  b: 2\n", ".yaml", "b is there twice"),
        ("a: no\n", ".yaml", "no in line 1 should be quoted, or true or false"),
        ("a: 010\n", ".yaml", "010 in line 1 should be quoted, or true or false"),
        ("a: 1 \n", ".yaml", "a tab, or a space at a line's end: 4"),
        ("a: 1", ".yaml", "the last line has no end"),
        ("", ".yaml", "it is empty"),
        ('{"a": {"b": 1, "b": 2}}', ".json", "b is there twice"),
    ],
)
def test_what_is_careless_is_found(text: str, suffix: str, said: str) -> None:
    assert said in complaints(text, suffix)
