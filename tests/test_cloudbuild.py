"""What cloudbuild.yaml tells gcloud is what the real gcloud takes, and Cloud Build takes the build."""

import ast
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from simulator import schema
from tests.build import steps
from tests.build.steps import BUILD, BUILT_IN, SUBSTITUTION
from tests.gcloud import REFUSED_BY_PARSER, in_shell
from tests.gcloud import gcloud as gcloud
from tests.thorough import takes_long

ROOT = Path(__file__).resolve().parents[1]


def deployments() -> list[list[str]]:
    """The arguments that a new service is deployed with, and those of one that has users."""
    return [
        arguments
        for place, arguments in lines_for_gcloud()
        if place == "cloudbuild.yaml deploy" and arguments[:2] == ["run", "deploy"]
    ]


def lines_for_gcloud() -> Iterator[tuple[str, list[str]]]:
    """Where each command stands, and its arguments."""
    for step, arguments in steps.recorded():
        yield f"cloudbuild.yaml {step}", [*arguments]
    comments = re.findall(r"^# +(gcloud .*)$", (ROOT / "cloudbuild.yaml").read_text("utf-8"), re.MULTILINE)
    for arguments in in_shell("\n".join(comments)):
        yield "cloudbuild.yaml comment", arguments


LINES = [
    pytest.param(
        arguments,
        id=f"{place}-{' '.join(arguments[:3])}",
        marks=[] if place == "cloudbuild.yaml deploy" else [takes_long],
    )
    for place, arguments in lines_for_gcloud()
]


@pytest.mark.parametrize("arguments", LINES)
def test_gcloud_takes_the_line(gcloud: Any, arguments: list[str]) -> None:
    done = gcloud(arguments)
    assert done.returncode != REFUSED_BY_PARSER, done.stderr
    assert done.returncode == 0 or f"ERROR: (gcloud.{'.'.join(arguments[:2])}" in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("--no-invoker-iam-chek", "unrecognized arguments: --no-invoker-iam-chek"),
        pytest.param("--concurrency=many", "argument --concurrency: Bad value [many]", marks=takes_long),
        pytest.param("--ingress=everybody", "argument --ingress: Invalid choice: 'everybody'", marks=takes_long),
        pytest.param(
            "--set-build-env-vars=DATE", "argument --set-build-env-vars: Bad syntax for dict arg", marks=takes_long
        ),
    ],
)
def test_a_wrong_flag_is_caught(gcloud: Any, wrong: str, said: str) -> None:
    done = gcloud([*deployments()[0], wrong])
    assert done.returncode == REFUSED_BY_PARSER
    assert said in done.stderr


def test_commands_are_found_wherever_a_shell_would() -> None:
    text = (
        "$ gcloud a b \\\n    --flag='x y'\nexport N=$(gcloud c d)\nopenssl rand 8 | gcloud e f --data-file=- && ls\n"
    )
    assert list(in_shell(text)) == [["a", "b", "--flag=x y"], ["c", "d"], ["e", "f", "--data-file=-"]]


def test_what_is_deployed_serves_as_many_requests_as_it_has_threads() -> None:
    [step] = (step for step in BUILD["steps"] if step["id"] == "settings")
    [threads] = (value.removeprefix("THREADS=") for value in step["env"] if value.startswith("THREADS="))
    for deploy in deployments():
        assert f"--concurrency={threads}" in deploy


def test_the_one_line_of_the_readme_deploys_the_same_function() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    [line] = [words for words in in_shell(readme) if words[:2] == ["functions", "deploy"]]
    first = deployments()[0]
    for name in ("cpu", "memory", "concurrency", "timeout", "set-build-env-vars"):
        [flag] = [word for word in first if word.startswith(f"--{name}=")]
        assert flag in line
    [python] = [word.partition("=")[2] for word in first if word.startswith("--base-image=")]
    assert f"--runtime={python}" in line


@pytest.mark.parametrize(
    "flag",
    [
        *("--cpu=1", "--min=0", "--max-instances=10", "--no-invoker-iam-check", "--base-image=python313"),
        *("--service-account=anyroom@example-project.iam.gserviceaccount.com", "--env-vars-file=.run/variables.yaml"),
        "--build-service-account=projects/example-project/serviceAccounts/anyroom-build@example-project.iam.gserviceaccount.com",
    ],
)
def test_a_first_and_a_later_deployment_differ_in_their_traffic_only(flag: str) -> None:
    first, later = deployments()
    assert [argument for argument in later if argument != "--no-traffic"] == first
    assert later.count("--no-traffic") == 1
    assert flag in first


def test_every_substitution_is_declared_and_used() -> None:
    without_defaults = {key: value for key, value in BUILD.items() if key != "substitutions"}
    used = set(SUBSTITUTION.findall(yaml.safe_dump(without_defaults)))
    assert used - set(BUILT_IN) == set(BUILD["substitutions"])
    # Cloud Build refuses one that only a script uses: it does not look into scripts.
    without_scripts = [{key: value for key, value in step.items() if key != "script"} for step in BUILD["steps"]]
    assert set(BUILD["substitutions"]) <= set(SUBSTITUTION.findall(yaml.safe_dump(without_scripts)))


def test_a_script_is_given_what_it_reads() -> None:
    for step in BUILD["steps"]:
        if set(SUBSTITUTION.findall(step.get("script", ""))):
            assert step.get("automapSubstitutions") is True, step["id"]
            # It has a shell of its own, and Cloud Build takes one or the other.
            assert not {"entrypoint", "args"} & set(step)


def build_schema() -> dict[str, Any]:
    """Cloud Build's own type of a build, which refuses every member that it does not name."""
    document = files("googleapiclient.discovery_cache.documents").joinpath("cloudbuild.v1.json")
    types = json.loads(document.read_text("utf-8"))["schemas"]
    return {"$ref": "#/$defs/Build", "$defs": {name: schema._converted(rule) for name, rule in types.items()}}


def test_the_build_is_one_of_cloud_builds() -> None:
    jsonschema.Draft202012Validator(build_schema()).validate(BUILD)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"entryPoint": "sh"}, "'entryPoint' was unexpected"),
        ({"timeout": 600}, "600 is not of type 'string'"),
        ({"env": {"THREADS": "80"}}, "is not of type 'array'"),
        ({"automapSubstitutions": "yes"}, "'yes' is not of type 'boolean'"),
    ],
)
def test_a_step_that_cloud_build_would_refuse_is_found(wrong: dict[str, Any], said: str) -> None:
    first, *others = BUILD["steps"]
    with pytest.raises(jsonschema.ValidationError, match=re.escape(said)):
        jsonschema.Draft202012Validator(build_schema()).validate({**BUILD, "steps": [{**first, **wrong}, *others]})


def test_the_function_that_is_deployed_exists() -> None:
    [name] = {value.partition("=")[2] for line in deployments() for value in line if value.startswith("--function=")}
    tree = ast.parse((ROOT / "main.py").read_text("utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
