"""docs/operations.md says what is deployed and logged: its queries find lines, its tables are the code's."""

import ast
import re
import subprocess
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any

import pytest

from conference import audit
from sync.measures import Swept
from tests.observability.deployed import ALERTS, METRICS, ROOT
from tests.observability.logging_query import Entry, matching

PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
QUERIES = re.findall(r"^```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
DEPLOYED = [*ROOT.glob("*.py"), *ROOT.glob("conference/**/*.py"), *ROOT.glob("sync/**/*.py")]
KINDS = {"told", "parked", "token", "audit"}
NEVER_HERE = {"jsonPayload.channel_age_seconds>561600", 'jsonPayload.logger="anyroom.channel"'}
"""What the queries ask for that the story does not tell."""


def paragraph(title: str) -> str:
    found = re.search(rf"^## {title}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def rows(*head: str) -> list[list[str]]:
    """The rows of the table that begins with those columns."""
    lines = PAGE.splitlines()
    [start] = [
        number
        for number, line in enumerate(lines[1:], 1)
        if line.startswith("| ---") and cells(lines[number - 1])[: len(head)] == list(head)
    ]
    return [cells(line) for line in takewhile(lambda line: line.startswith("|"), lines[start + 1 :])]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_each_alert_has_its_paragraph_which_says_how_to_see_it_and_what_to_do() -> None:
    for name, alert in ALERTS.items():
        title = name.replace("-", " ")
        text = paragraph(title.capitalize())
        assert re.findall(r"\*\*(\w+)\.\*\*", text) == ["Symptom", "See", "Do"]
        assert "```text" in text
        assert f"docs/operations.md in Anyroom's repository, *{title.capitalize()}*." in content(alert)


def content(alert: Mapping[str, Any]) -> str:
    """What is written to whoever is woken, as one line."""
    return " ".join(alert["documentation"]["content"].split())


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_itself_says_where_to_look_and_what_to_do(name: str, entries: list[Entry]) -> None:
    """It is read in a mailbox, where a link into the repository leads nowhere."""
    text = content(ALERTS[name])
    assert "](" not in text
    assert text.count(" - ") >= 2
    [query] = re.findall(r"in the Logs Explorer: `([^`]+)`", text)
    assert matching(query, entries) or any(term in query for term in NEVER_HERE)
    words = [word for word in code(text) if re.fullmatch(r"[a-z]+(-[a-z]+)+", word)]
    assert [word for word in words if f"`{word}`" not in PAGE] == []


def test_each_metric_has_its_row_with_its_labels() -> None:
    told = {code(name)[0]: [label for label in by.split(", ") if label] for name, _, by in rows("metric")}
    assert told == {name: list(metric.get("labelExtractors", {})) for name, metric in METRICS.items()}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_of_the_page_finds_what_it_is_for(query: str, entries: list[Entry]) -> None:
    found = matching(query, entries)
    assert found or any(term in query for term in NEVER_HERE)


def test_the_page_has_queries() -> None:
    assert len(QUERIES) >= len(ALERTS) + 3


def test_every_field_of_the_log_stands_in_the_table_and_no_other(payloads: list[Mapping[str, Any]]) -> None:
    told = [name for row in rows("field") for name in code(row[0])]
    assert len(told) == len(set(told))
    assert set(told) - {"severity"} == set(written())
    assert {name for one in payloads for name in one} <= set(told)


def test_the_kinds_of_lines_are_those_that_occur(payloads: list[Mapping[str, Any]]) -> None:
    [words] = [row[1] for row in rows("field") if row[0] == "`kind`"]
    assert {one["kind"] for one in payloads if "kind" in one} == set(code(words)) == KINDS


def test_the_words_by_which_the_page_knows_a_cause_are_words_of_the_code() -> None:
    said = "\n".join(path.read_text("utf-8") for path in DEPLOYED)
    causes = [line for line in PAGE.splitlines() if line.startswith(("- ", "  "))]
    words = {word for line in causes for word in code(line) if re.fullmatch(r"[a-z]+([- ][a-z]+)+", word)}
    names = {"anyroom-sweep"}
    assert len(words) > 12
    assert [word for word in sorted(words - names) if f'"{word}"' not in said and f'"{word}: ' not in said] == []


def test_the_audit_lines_are_those_of_the_table(payloads: list[Mapping[str, Any]]) -> None:
    users = {"the user"}
    told = {(code(row[0])[0], code(row[1])[0], (code(row[2]) or [row[2]])[0]) for row in rows("`action`")}
    written = {
        (one["action"], one["object"], one["subject"] if not is_hash(one["subject"]) else "the user")
        for one in payloads
        if one.get("kind") == "audit"
    }
    assert written == told
    assert {subject for _, _, subject in told} == {audit.SYSTEM, audit.SYNC, audit.START, *users}


def test_a_start_tells_its_solutions_and_a_digest_of_the_policy(payloads: list[Mapping[str, Any]]) -> None:
    [start] = [one for one in payloads if one.get("subject") == audit.START]
    assert {"demo", "zoom", "closed"} <= set(start["solutions"])
    assert re.fullmatch(r"[0-9a-f]{16}", start["digest"])


def test_a_user_is_named_as_the_page_says(payloads: list[Mapping[str, Any]]) -> None:
    [command] = re.findall(r"^```sh\n(.*?)\n```", PAGE, re.MULTILINE | re.DOTALL)
    made = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout.strip()
    assert made == audit.subject("109876543210987654321")


def is_hash(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{32}", text) is not None


def written() -> set[str]:
    """Every field that the code gives a line."""
    found = {"message", "logger", "request", *Swept.__struct_fields__}
    for path in DEPLOYED:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            found.update(_given(node))
    return found


def _given(node: ast.AST) -> Iterator[str]:
    """Fields that this node gives: to a request's note, to an audit line, or beside a line of its own."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        target = ast.unparse(node.func)
        if target.endswith("note.update") or target == "audit.record":
            yield from (keyword.arg for keyword in node.keywords if keyword.arg)
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and isinstance(node.slice, ast.Constant):
        name, of = str(node.slice.value), ast.unparse(node.value)
        if (of.endswith(".note") or of == "line") and not name.startswith("logging.googleapis.com/"):
            yield name
    if isinstance(node, ast.Dict):
        keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
        words = {value.value for value in node.values if isinstance(value, ast.Constant)}
        if ("kind" in keys and words & KINDS) or keys[:1] == ["route"] or "digest" in keys:
            yield from map(str, keys)
