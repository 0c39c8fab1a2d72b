"""What README.md says is what the code does: its tables, its examples and its names."""

import ast
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from inspect import signature
from itertools import takewhile
from pathlib import Path
from typing import Any

import msgspec
import pytest

import settings
from bench.figures import AT_LEAST, COUNTS, GOALS, written
from conference import addon, providers
from conference.custom import files
from conference.data import EntryPoint, compose
from conference.errors import InvalidSetting
from conference.limits import ERROR_TYPES, MOST_OF_TYPE
from conference.providers.base import Conference
from conference.solution import Solution
from tests import simulating
from tests.doctor_place import listening
from tests.served import served
from tests.thorough import takes_long

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
DEPLOYED = sorted([*ROOT.glob("*.py"), *ROOT.glob("conference/**/*.py"), *ROOT.glob("sync/**/*.py")])
NOT_DEPLOYED = "demo"
SECOND_RENDERING = "microsoft_teams"
"""An example of a provider without code, which does what another one does."""
DESCRIBED_BY_ITS_SOLUTION = "custom"
"""Its options are tables, which docs/custom.md explains."""
ASKED_AGAIN = {
    "chosen": "the same room: we choose its id",
    "keyed": "the same room: it knows our key",
    "searchable": "looked for first",
    "none": "might be made twice",
}


def table(*head: str) -> list[list[str]]:
    """The rows of the one table whose first columns are headed so."""
    [rows] = [rows for names, rows in tables() if tuple(names[: len(head)]) == head]
    return rows


def tables() -> Iterator[tuple[list[str], list[list[str]]]]:
    lines = README.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("| --- |"):
            rows = takewhile(lambda text: text.startswith("|"), lines[number + 1 :])
            yield cells(lines[number - 1]), [cells(row) for row in rows]


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def code(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def texts(path: Path) -> Iterator[str]:
    """Every text in a file's code."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_the_systems_are_as_their_providers_declare() -> None:
    expected = [row_of(name) for name in providers.names()]
    wanted = "\n".join(f"| {' | '.join(row)} |" for row in expected)
    assert table("provider", "system") == expected, f"the table should be\n{wanted}"


def row_of(name: str) -> list[str]:
    loaded = providers.load(name)
    system, ways = system_and_ways(name)
    needed = [field.name for field in msgspec.structs.fields(loaded.declared.options) if field.required]
    if name == DESCRIBED_BY_ITS_SOLUTION:
        able = ["as its tables say"] * 5
        return [f"`{name}`", system, ", ".join(f"`{field}`" for field in needed_tables()), *able]
    return [
        f"`{name}`",
        system,
        ", ".join(f"`{field}`" for field in needed) or "nothing",
        ", ".join(way for way in MOST_OF_TYPE if way in ways),
        ", ".join(sorted(loaded.declared.updates)) or "nothing",
        "yes" if loaded.delete else "no",
        "yes" if loaded.find else "no",
        ASKED_AGAIN[loaded.declared.idempotency],
    ]


def needed_tables() -> list[str]:
    """What the example of a system without code cannot be without."""
    given = tomllib.loads(blocks("toml")[0])["solutions"]["rooms"]
    tables = {name: value for name, value in given.items() if name not in signature(Solution).parameters}

    def is_needed(name: str) -> bool:
        try:
            providers.read_options("custom", {key: value for key, value in tables.items() if key != name})
        except InvalidSetting:
            return True
        return False

    return list(filter(is_needed, tables))


def system_and_ways(name: str) -> tuple[str, set[str]]:
    """What a provider in code, or without, is for, and which ways in it gives."""
    if path := providers.definition(name):
        definition = files.read(path).definition
        phones = {"PHONE"} if definition.reply.phones else set()
        return definition.system, {point.type for point in definition.reply.points} | phones
    module = import_module(f"conference.providers.{name}")
    return (module.__doc__ or "").partition(":")[0], set(texts(Path(str(module.__file__)))) & set(MOST_OF_TYPE)


def test_the_fields_of_every_solution_are_those_that_there_are() -> None:
    documented = [code(row[0])[0] for row in table("every solution")]
    assert set(documented) == set(signature(Solution).parameters) - {"id", "options"}


def test_the_options_of_each_provider_have_those_defaults() -> None:
    rows = table("provider", "option")
    documented = {(row[0], name): row[2] for row in rows for name in code(row[1])}
    expected = {
        (name, field.name): "needed" if field.required else f"`{json.dumps(field.default)}`"
        for name in providers.names()
        for field in msgspec.structs.fields(providers.load(name).declared.options)
        if name not in (NOT_DEPLOYED, DESCRIBED_BY_ITS_SOLUTION)
    }
    assert documented == expected


def test_every_variable_that_is_read_is_documented() -> None:
    read = {text for path in DEPLOYED for text in texts(path) if re.fullmatch(r"ANYROOM_[A-Z_]+", text)}
    documented = {code(row[0])[0] for row in table("variable")}
    assert {name for name in documented if name.startswith("ANYROOM_")} == read
    everything = {text for path in DEPLOYED for text in texts(path)}
    assert documented <= everything


def test_the_variables_have_those_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = settings.load({"ANYROOM_IDENTITY": "script=CLIENT_ID"})
    defaults = {code(row[0])[0]: (code(row[1]) or [""])[0] for row in table("variable")}
    following = {name: defaults.pop(name) for name in ("ANYROOM_CREDENTIAL", "ANYROOM_QUEUE", "ANYROOM_GRACE")}
    assert settings.load({"ANYROOM_IDENTITY": "script=CLIENT_ID", **following}) == loaded
    assert f'"THREADS", "{defaults.pop("THREADS")}"' in (ROOT / "main.py").read_text("utf-8")
    assert defaults == {
        "ANYROOM_IDENTITY": "",
        "ANYROOM_CONFIG": settings.DEFAULT_CONFIG,
        "ANYROOM_SIGNIN": "",
        "ANYROOM_KEYS": loaded.keys,
        "ANYROOM_STORE": loaded.store,
        "ANYROOM_SECRETS": loaded.secrets,
        "ANYROOM_PUBLIC_URL": loaded.public_url,
        "ANYROOM_REPLY": loaded.reply,
        "ANYROOM_GOOGLE_API": loaded.google_api,
        "GOOGLE_CLOUD_PROJECT": loaded.project,
    }


def test_the_configuration_in_it_is_taken(tmp_path: Path) -> None:
    [example] = blocks("toml")
    (tmp_path / "anyroom.toml").write_text(example, "utf-8")
    solutions = settings.load_solutions(str(tmp_path / "anyroom.toml"))
    assert {solution.provider for solution in solutions} == set(providers.names()) - {NOT_DEPLOYED, SECOND_RENDERING}


def test_the_first_run_installs_as_many_packages_as_it_shows() -> None:
    pinned = len(re.findall(r"^[^#\s-][^=\n]*==", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE))
    assert re.findall(r"Installing (\d+) packages of requirements.txt", README) == [str(pinned)]
    assert set(re.findall(r"fetching package \d+ of (\d+)", README)) == {str(pinned)}


def test_the_routes_are_those_of_the_function() -> None:
    tree = ast.parse((ROOT / "main.py").read_text("utf-8"))
    [routes] = [
        node.value for node in tree.body if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "ROUTES"
    ]
    assert isinstance(routes, ast.Dict)
    expected = {
        ast.literal_eval(path): ast.literal_eval(answer.elts[0])
        for path, answer in zip(routes.keys, routes.values, strict=True)
        if path is not None and isinstance(answer, ast.Tuple)
    }
    expected["/join/ID"] = "GET, POST"
    assert {path: row[1] for row in table("route") for path in code(row[0])} == expected


def test_the_answer_in_it_has_the_shape_of_a_real_one() -> None:
    [shown] = (json.loads(block) for block in blocks("json"))
    data = shown["conferenceData"]
    made = Conference(data["conferenceId"], (EntryPoint("VIDEO", data["entryPoints"][0]["uri"]),))
    solution = Solution(data["conferenceSolutionId"], "Jitsi Meet", "", "jitsi", None)
    [parameter] = data["conferenceParameters"]
    assert addon.render("script", compose(made, solution, parameter["value"])) == shown


def test_every_error_type_and_every_reason_in_it_exists() -> None:
    rows = table("`outcome`")
    outcomes = {name for row in rows for name in code(row[0])}
    assert outcomes - {"refused"} == set(ERROR_TYPES)
    known = {text for path in DEPLOYED for text in texts(path)} | set(provider_reasons())
    reasons = [reason for row in rows for reason in code(row[1])]
    reasons += [reason for row in table("`reason` of a run") for reason in code(row[0])]
    assert [reason for reason in reasons if reason not in known] == []


def provider_reasons() -> Iterator[str]:
    """A provider's name, and a status or the system's own code."""
    for name in providers.names():
        codes = [*providers.load(name).declared.errors, *range(400, 600)]
        yield from (f"{name}-{code}" for code in codes)


@takes_long
def test_the_example_of_a_provider_passes_the_conformance_suite(tmp_path: Path) -> None:
    [example] = blocks("python")
    suite = tmp_path / "tests/contracts/providers"
    unwanted = shutil.ignore_patterns("__pycache__")
    for needed in ("conference", "simulator"):
        shutil.copytree(ROOT / needed, tmp_path / needed, ignore=unwanted)
    shutil.copytree(ROOT / "tests/contracts/providers", suite, ignore=unwanted)
    for needed in ("pyproject.toml", "tests/thorough.py", "tests/conference/custom/hostile.py"):
        (tmp_path / needed).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / needed, tmp_path / needed)
    (tmp_path / "conference/providers/roundtable.py").write_text(example, "utf-8")
    shutil.copy(ROOT / "tests/roundtable.py", suite / "harnesses/roundtable.py")
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "roundtable", str(suite)]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) > 50, "the suite is far larger"
    assert "skipped" not in done.stdout


def test_the_example_of_a_provider_is_styled_as_the_others(tmp_path: Path) -> None:
    [example] = blocks("python")
    for words in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *words, "--stdin-filename=conference/providers/roundtable.py", "-"]
        done = subprocess.run(command, cwd=ROOT, input=example, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_goals_are_those_of_the_bench() -> None:
    documented = {}
    for name, _, sqlite, _, firestore in table("figure"):
        [figure] = code(name)
        documented[figure.replace("STORE", "sqlite")] = sqlite
        documented[figure.replace("STORE", "firestore")] = firestore
    for _, name, _, goal in table("what it costs"):
        [figure] = code(name)
        bound, documented[figure] = goal.rsplit(" ", 1)
        assert bound == ("at least" if figure in AT_LEAST else "at most")
    goals = {name: goal for name, goal in GOALS.items() if goal is not None}
    assert documented == {name: written(goal, "" if name in COUNTS else "x") for name, goal in goals.items()}


def test_what_it_points_at_is_there() -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", README)
    files = [link for link in links if not link.startswith(("#", "https://"))]
    assert [link for link in files if not (ROOT / link.partition("#")[0]).exists()] == []
    headings = {
        re.sub(r"[^a-z -]", "", text.lower()).replace(" ", "-") for text in re.findall(r"^#+ (.*)$", README, re.M)
    }
    assert {link[1:] for link in links if link.startswith("#")} <= headings


def test_the_make_targets_in_it_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = {
        name
        for block in blocks("(?:sh|console)")
        for name in re.findall(r"^(?:\$ )?make ([a-z]+)", block, re.MULTILINE)
    }
    targets |= set(re.findall(r"`make ([a-z-]+)", README))
    assert targets >= {"run", "test", "addon", "bench"}
    operations = re.findall(r"^OPERATIONS := (.*)$", makefile, re.MULTILINE)[0].split()
    assert targets <= {*re.findall(r"^([a-z-]+):", makefile, re.MULTILINE), *operations}
    variables = set(re.findall(r"make [a-z]+ ([A-Z_]+)=", README))
    assert [name for name in variables if f"$({name})" not in makefile and f"given,{name}," not in makefile] == []


def test_the_doctor_says_what_is_shown_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [block] = [block for block in blocks("console") if "$ make doctor" in block]
    told, _, shown = block.partition("$ make doctor\n")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".run").mkdir()
    with simulating.simulator() as simulator, socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]
        taken.close()
        simulator.identity.write_keyfile(".run/keys.json")
        for name, value in re.findall(r"(\w+)=(\S+)", told):
            monkeypatch.setenv(name, re.sub(r"http://127.0.0.1:8090", simulator.url, value).replace("8080", str(port)))
        with listening(port, served()):
            sys.modules["main"].service()
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            command = [sys.executable, "-m", "doctor"]
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        sys.modules["main"].service().close()
    said = done.stdout.replace(f":{port}", ":8080").replace(simulator.url, "http://127.0.0.1:8090")
    said = re.sub(r"Python: 3\.1[1-3]$", "Python: 3.13", said, flags=re.MULTILINE)
    assert said == shown, f"it says\n{said}{done.stderr}"
    assert done.returncode == 0


def test_the_picture_is_a_picture_for_everybody() -> None:
    from xml.etree import ElementTree

    tree: Any = ElementTree.parse(ROOT / "docs/create-flow.svg").getroot()
    words = " ".join(tree.itertext())
    assert "prefers-color-scheme: dark" in words
    assert "/conferences" in words
    assert tree.find("{http://www.w3.org/2000/svg}desc") is not None
    assert re.search(r"!\[[^\]]{40,}\]\(docs/create-flow\.svg\)", README)
