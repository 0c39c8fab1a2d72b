"""What cloudbuild.yaml and the documents tell gcloud is what the real gcloud takes, and what is uploaded is whole.

gcloud runs with an empty configuration and a proxy that is not there: its parser refuses a wrong line with exit code 2;
a right one gets past the parser and stops for want of an account.
"""

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.thorough import takes_long

ROOT = Path(__file__).resolve().parents[1]
BUILD: Mapping[str, Any] = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text("utf-8"))
DOCUMENTS = sorted(path for path in ROOT.glob("*.md"))
# What Cloud Build fills in itself (Cloud Build, "Substituting variable values").
BUILT_IN = {"PROJECT_ID": "example-project", "PROJECT_NUMBER": "123456789012"}
SUBSTITUTION = re.compile(r"\$\{?(_?[A-Z][A-Z0-9_]*)\}?")
REFUSED_BY_PARSER = 2


def substituted(text: str) -> str:
    values = {**BUILT_IN, **BUILD["substitutions"]}
    return SUBSTITUTION.sub(lambda found: values[found[1]], text)


def in_shell(text: str) -> Iterator[list[str]]:
    """Every gcloud command in lines of shell, also behind a prompt, a pipe or a $(...)."""
    joined = re.sub(r"\\\n\s*", " ", text)
    for line in joined.splitlines():
        if "gcloud " not in line:
            continue
        lexer = shlex.shlex(line.strip().removeprefix("$ "), posix=True, punctuation_chars=True)
        lexer.commenters = ""
        lexer.whitespace_split = True
        command: list[str] = []
        for word in [*lexer, ";"]:
            if set(word) <= set("();<>|&"):
                if command[:1] == ["gcloud"]:
                    yield command[1:]
                command = []
            else:
                command.append(word)
                for nested in re.findall(r"\$\((gcloud [^)]*)\)", word):
                    yield from in_shell(nested)


def lines_for_gcloud() -> Iterator[tuple[str, list[str]]]:
    """Where each command stands, and its arguments."""
    for step in BUILD["steps"]:
        if step.get("entrypoint") == "gcloud":
            yield f"cloudbuild.yaml {step['id']}", [substituted(argument) for argument in step["args"]]
    comments = re.findall(r"^# +(gcloud .*)$", (ROOT / "cloudbuild.yaml").read_text("utf-8"), re.MULTILINE)
    for arguments in in_shell("\n".join(comments)):
        yield "cloudbuild.yaml comment", arguments
    for document in DOCUMENTS:
        for block in re.findall(r"^ *```[a-z]*\n(.*?)^ *```", document.read_text("utf-8"), re.MULTILINE | re.DOTALL):
            for arguments in in_shell(block):
                yield document.name, arguments


LINES = [
    pytest.param(
        arguments, id=f"{place}-{' '.join(arguments[:3])}", marks=[takes_long] if place.endswith(".md") else []
    )
    for place, arguments in lines_for_gcloud()
]


@pytest.fixture
def gcloud(tmp_path: Path) -> Any:
    """Runs gcloud where it can reach nothing and knows nobody."""
    program = shutil.which("gcloud")
    if program is None:
        pytest.skip("gcloud is not installed: the commands for it are not put through its parser")
    environment = {
        **os.environ,
        "CLOUDSDK_CONFIG": str(tmp_path / "configuration"),
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_PROJECT": BUILT_IN["PROJECT_ID"],
        "CLOUDSDK_CORE_CHECK_GCE_METADATA": "0",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
        "CLOUDSDK_PROXY_TYPE": "http",
        "CLOUDSDK_PROXY_ADDRESS": "127.0.0.1",
        "CLOUDSDK_PROXY_PORT": "1",
    }
    environment.pop("GOOGLE_APPLICATION_CREDENTIALS", None)

    def run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


@pytest.mark.parametrize("arguments", LINES)
def test_gcloud_takes_the_line(gcloud: Any, arguments: list[str]) -> None:
    done = gcloud(arguments)
    assert done.returncode != REFUSED_BY_PARSER, done.stderr
    assert done.returncode == 0 or f"ERROR: (gcloud.{'.'.join(arguments[:2])}" in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("--no-invoker-iam-chek", "unrecognized arguments: --no-invoker-iam-chek"),
        ("--concurrency=many", "argument --concurrency: Bad value [many]"),
        ("--ingress=everybody", "argument --ingress: Invalid choice: 'everybody'"),
        ("--set-env-vars=THREADS", "argument --set-env-vars: Bad syntax for dict arg"),
    ],
)
def test_a_wrong_flag_is_caught(gcloud: Any, wrong: str, said: str) -> None:
    [deploy] = (arguments for place, arguments in lines_for_gcloud() if place == "cloudbuild.yaml deploy")
    done = gcloud([*deploy, wrong])
    assert done.returncode == REFUSED_BY_PARSER
    assert said in done.stderr


def test_commands_are_found_wherever_a_shell_would() -> None:
    text = (
        "$ gcloud a b \\\n    --flag='x y'\nexport N=$(gcloud c d)\nopenssl rand 8 | gcloud e f --data-file=- && ls\n"
    )
    assert list(in_shell(text)) == [["a", "b", "--flag=x y"], ["c", "d"], ["e", "f", "--data-file=-"]]


def test_what_is_deployed_serves_as_many_requests_as_it_has_threads() -> None:
    [deploy] = (arguments for place, arguments in lines_for_gcloud() if place == "cloudbuild.yaml deploy")
    [concurrency] = (value.partition("=")[2] for value in deploy if value.startswith("--concurrency="))
    [settings] = (value.partition("=^|^")[2].split("|") for value in deploy if value.startswith("--set-env-vars="))
    assert f"THREADS={concurrency}" in settings


def test_every_substitution_is_declared_and_used() -> None:
    without_defaults = {key: value for key, value in BUILD.items() if key != "substitutions"}
    used = set(SUBSTITUTION.findall(yaml.safe_dump(without_defaults)))
    assert used - set(BUILT_IN) == set(BUILD["substitutions"])


def test_the_build_has_only_what_cloud_build_knows() -> None:
    document = files("googleapiclient.discovery_cache.documents").joinpath("cloudbuild.v1.json")
    schemas = json.loads(document.read_text("utf-8"))["schemas"]
    assert list(unknown(BUILD, {"$ref": "Build"}, schemas, "")) == []
    misspelt = {**BUILD, "steps": [{**BUILD["steps"][0], "entryPoint": "sh"}]}
    assert list(unknown(misspelt, {"$ref": "Build"}, schemas, "")) == [".steps.entryPoint"]


def unknown(value: Any, schema: Mapping[str, Any], schemas: Mapping[str, Any], path: str) -> Iterator[str]:
    """The paths in `value` that the discovery document does not have."""
    schema = schemas[schema["$ref"]] if "$ref" in schema else schema
    if isinstance(value, list):
        for item in value:
            yield from unknown(item, schema.get("items", {}), schemas, path)
    elif isinstance(value, dict):
        for key, item in value.items():
            inner = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            if inner is None:
                yield f"{path}.{key}"
            else:
                yield from unknown(item, inner, schemas, f"{path}.{key}")


def test_what_is_uploaded_is_what_the_function_imports(gcloud: Any, tmp_path: Path) -> None:
    done = gcloud(["meta", "list-files-for-upload"])
    assert done.returncode == 0, done.stderr
    uploaded = set(done.stdout.split())
    assert not [name for name in uploaded if name.endswith(".py") and not deployed(name)]
    copy = tmp_path / "uploaded"
    for name in uploaded:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    modules = sorted(name.removesuffix(".py").replace("/", ".") for name in uploaded if deployed(name))
    code = (
        "import importlib, functions_framework\n"
        "functions_framework.create_app('anyroom', 'main.py')\n"
        f"for name in {[name for name in modules if name != 'main']!r}: importlib.import_module(name)"
    )
    # -P keeps this folder out of the path; nothing but the copy is there then.
    ran = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "ANYROOM_IDENTITY": "script=CLIENT_ID"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "requirements.txt" in uploaded


def deployed(name: str) -> bool:
    return name.endswith(".py") and ("/" not in name or name.startswith(("conference/", "sync/")))


def test_the_function_that_is_deployed_exists() -> None:
    [deploy] = (arguments for place, arguments in lines_for_gcloud() if place == "cloudbuild.yaml deploy")
    [name] = (value.partition("=")[2] for value in deploy if value.startswith("--function="))
    tree = ast.parse((ROOT / "main.py").read_text("utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
