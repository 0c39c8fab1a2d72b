"""What gcloud's own parser says of the commands in scripts and documents, whose variables get values."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from tests import gcloud

VALUES = {
    "PROJECT": gcloud.PROJECT,
    "PROJECT_ID": gcloud.PROJECT,
    "PROJECT_NUMBER": "123456789012",
    "NUMBER": "123456789012",
    "REGION": "europe-west1",
    "SERVICE": "anyroom",
    "REVISION": "anyroom-00001-abc",
}
"""What the variables of documents and scripts stand for."""
_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?")
_IN_WORDS = re.compile(r"gcloud [a-z](?:[^,;`\n]|,(?! ))*?(?= shows?\b| gives\b|[,;`\n]|$)")
"""A command within a sentence that is said to somebody."""


def in_shell(text: str) -> Iterator[list[str]]:
    """The arguments of every gcloud command in lines of shell, with a value for each variable."""
    for command in gcloud.in_shell(text):
        yield [_substituted(word) for word in command]


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


def in_python(text: str) -> Iterator[list[str]]:
    """The same of what a program says: of its strings, but not of docstrings, with a value for each field."""
    tree = ast.parse(text)
    silent = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            said = "".join(str(one.value) if isinstance(one, ast.Constant) else _field(one) for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in silent | parts:
            said = node.value
        else:
            continue
        yield from in_words(re.sub(r"\{(\w+)\}", r"$\1", said))


def in_words(text: str) -> Iterator[list[str]]:
    """The arguments of the commands in sentences; of one without flags its help is asked for, as in a document."""
    for command in _IN_WORDS.findall(re.sub(r"\\\n\s*", " ", text)):
        yield from in_shell(command if " --" in command else f"{command} --help")


def _field(part: ast.expr) -> str:
    """A field of an f-string, as a variable."""
    named = part.value if isinstance(part, ast.FormattedValue) else part
    return f"${named.id}" if isinstance(named, ast.Name) else "value"


def _substituted(word: str) -> str:
    return _VARIABLE.sub(lambda found: VALUES.get(found[1], found[1].lower()), word)


class Parser:
    """The real gcloud, which can reach nothing and knows nobody."""

    def __init__(self, configuration: Path) -> None:
        self._configuration = configuration
        gcloud.program()

    def refusal(self, arguments: list[str]) -> str:
        """What it says against that line; "" when it takes it. A login opens no browser, and nobody answers."""
        asks = "login" in arguments
        done = gcloud.run([*arguments, *["--no-launch-browser"] * asks], self._configuration)
        named = [word for word in arguments if not word.startswith("-")]
        known = (f"ERROR: (gcloud.{'.'.join(named[:2])}", *["gcloud crashed (EOFError)"] * asks)
        if done.returncode == 0 or (done.returncode == 1 and any(words in done.stderr for words in known)):
            return ""
        return f"gcloud {shlex.join(arguments)}: {done.stderr}"
