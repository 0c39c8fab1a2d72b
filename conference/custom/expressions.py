"""A JMESPath expression of a definition: checked when it is read, bounded when a system's reply is searched with it."""

import warnings
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

from conference.custom.mistakes import Mistake, Path, meant

LONGEST = 500
"""Characters of one expression."""


class Expression:
    """One expression. Raises Mistake, at `path`, for one that JMESPath does not take.

    Source: the specification of JMESPath (jmespath.org). Its library finds an unknown function, and arguments that are
    too many or too few, only when it searches: they are looked for here.
    """

    def __init__(self, text: str, path: Path) -> None:
        if len(text) > LONGEST:
            raise Mistake(path, f"is {len(text)} characters long; expected a JMESPath expression of at most {LONGEST}")
        try:
            with warnings.catch_warnings():
                # Of an older way to write texts between backticks.
                warnings.simplefilter("error")
                self._compiled = jmespath.compile(text)
        except (JMESPathError, RecursionError, ValueError, Warning) as error:
            where = getattr(error, "lex_position", None)
            place = f" (character {where + 1})" if isinstance(where, int) and where >= 0 else ""
            raise Mistake(path, f"cannot be read{place}; expected a JMESPath expression") from None
        _check_functions(self._compiled.parsed, path)
        self.text = text

    def of(self, document: Any) -> Any:
        """What it finds in a reply, None where it finds nothing, or what is there is of no use to it."""
        try:
            return self._compiled.search(document)
        except (JMESPathError, RecursionError, ValueError, TypeError, ArithmeticError):
            return None


def _check_functions(node: Any, path: Path) -> None:
    """Raise Mistake for a function that JMESPath does not have, or not with so many arguments."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if node["type"] == "function_expression":
            _check_function(node["value"], len(node["children"]), path)
        waiting += [child for child in node.get("children", ()) if isinstance(child, dict)]


def _check_function(name: str, given: int, path: Path) -> None:
    known = Functions.FUNCTION_TABLE
    if name not in known:
        raise Mistake(path, f"{name}() is no function of JMESPath; {meant(name, known)}")
    wanted = known[name]["signature"]
    variadic = bool(wanted) and bool(wanted[-1].get("variadic"))
    if given < len(wanted) or (given > len(wanted) and not variadic):
        least = "at least " if variadic else ""
        raise Mistake(path, f"{name}() has {given} between its brackets; expected {least}{len(wanted)}")
