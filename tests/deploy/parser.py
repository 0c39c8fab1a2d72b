"""gcloud's own parser, offline: the commands in texts, and what it says of each.

gcloud runs with an empty configuration and a proxy that is not there: its parser refuses a wrong line with exit code 2;
a right one gets past the parser and stops for want of an account.
"""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.repository import ROOT

VALUES = {
    "PROJECT": "example-project",
    "PROJECT_ID": "example-project",
    "PROJECT_NUMBER": "123456789012",
    "NUMBER": "123456789012",
    "REGION": "europe-west1",
    "SERVICE": "anyroom",
    "REVISION": "anyroom-00001-abc",
}
"""What the variables of documents and scripts stand for."""
_COMMAND = re.compile(r"(?:^|[|;&(])\s*(?:\$ )?gcloud [a-z]")
_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?")


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
                    yield [_substituted(each) for each in command[1:]]
                command = []
            else:
                command.append(word)
                for nested in re.findall(r"\$\((gcloud [^)]*)\)", word):
                    yield from in_shell(nested)


def in_markdown(text: str) -> Iterator[list[str]]:
    """The same of a document's blocks of code, and of what stands in backticks within its sentences. Without flags that
    is the name of a command, whose help is asked for, as it may lack what the command needs.
    """
    blocks = re.compile(r"^ *```[a-z]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
    for block in blocks.findall(text):
        yield from in_shell(block)
    for code in re.findall(r"`(gcloud [a-z][^`]*)`", blocks.sub("", text)):
        line = " ".join(code.split())
        yield from in_shell(line if " --" in line else f"{line} --help")


def _substituted(word: str) -> str:
    return _VARIABLE.sub(lambda found: VALUES.get(found[1], found[1].lower()), word)


class Parser:
    """The real gcloud, which can reach nothing and knows nobody."""

    def __init__(self, configuration: Path) -> None:
        program = shutil.which("gcloud")
        if program is None:
            pytest.skip("gcloud is not installed: the commands for it are not put through its parser")
        self._program = program
        self._environment = {
            **os.environ,
            "CLOUDSDK_CONFIG": str(configuration),
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_PROJECT": VALUES["PROJECT"],
            "CLOUDSDK_CORE_CHECK_GCE_METADATA": "0",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
            "CLOUDSDK_PROXY_TYPE": "http",
            "CLOUDSDK_PROXY_ADDRESS": "127.0.0.1",
            "CLOUDSDK_PROXY_PORT": "1",
        }
        self._environment.pop("GOOGLE_APPLICATION_CREDENTIALS", None)

    def refusal(self, arguments: list[str]) -> str:
        """What it says against that line; "" when it takes it. A login opens no browser, and nobody answers."""
        asks = "login" in arguments
        done = subprocess.run(
            [self._program, *arguments, *["--no-launch-browser"] * asks],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        named = [word for word in arguments if not word.startswith("-")]
        known = (f"ERROR: (gcloud.{'.'.join(named[:2])}", *["gcloud crashed (EOFError)"] * asks)
        if done.returncode == 0 or (done.returncode == 1 and any(words in done.stderr for words in known)):
            return ""
        return f"gcloud {shlex.join(arguments)}: {done.stderr}"
