"""The real gcloud, offline: the commands in lines of shell, and a gcloud that reaches nothing and knows nobody.

It has an empty configuration and a proxy that is not there: its parser refuses a wrong line with exit code 2; a right
one gets past the parser and stops for want of an account.
"""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = "example-project"
REFUSED_BY_PARSER = 2
_COMMAND = re.compile(r"(?:^|[|;&(])\s*(?:\$ )?gcloud [a-z]")


def in_shell(text: str) -> Iterator[list[str]]:
    """The arguments of every gcloud command in lines of shell, also behind a prompt, a pipe or in a $(...)."""
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        if not _COMMAND.search(line) or line.lstrip().startswith("#"):
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


def environment(configuration: Path) -> dict[str, str]:
    """Of a gcloud that keeps its configuration in that folder, which is empty."""
    ours = {
        "CLOUDSDK_CONFIG": str(configuration),
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_PROJECT": PROJECT,
        "CLOUDSDK_CORE_CHECK_GCE_METADATA": "0",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
        "CLOUDSDK_PROXY_TYPE": "http",
        "CLOUDSDK_PROXY_ADDRESS": "127.0.0.1",
        "CLOUDSDK_PROXY_PORT": "1",
    }
    return {**{name: value for name, value in os.environ.items() if name != "GOOGLE_APPLICATION_CREDENTIALS"}, **ours}


def program() -> str:
    """Where gcloud is; without one the test is skipped."""
    found = shutil.which("gcloud")
    if found is None:
        pytest.skip("gcloud is not installed: the commands for it are not put through its parser")
    return found


def run(arguments: list[str], configuration: Path) -> subprocess.CompletedProcess[str]:
    """What becomes of a command; nobody answers its questions."""
    return subprocess.run(
        [program(), *arguments],
        cwd=ROOT,
        env=environment(configuration),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def gcloud(tmp_path: Path) -> Any:
    """Runs gcloud. The file that an earlier step of the build writes is there."""
    variables = tmp_path / "variables.yaml"
    variables.write_text('{"THREADS": "80", "ANYROOM_IDENTITY": "script=a,b;tasks=c"}')
    return lambda arguments: run(
        [argument.replace(".run/variables.yaml", str(variables)) for argument in arguments], tmp_path / "configuration"
    )
