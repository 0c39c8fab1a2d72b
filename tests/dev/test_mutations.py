"""The mistakes that are made in a module: each kind, one at a time, and none where no test could care."""

import ast

import pytest

from dev.mutations import mutations

KINDS = {
    "a comparison": ("a = b == c", ["a = b != c"]),
    "a limit": ("a = b < c", ["a = b <= c", "a = b >= c"]),
    "two limits": ("a = b <= c > d", ["a = b < c > d", "a = b > c > d", "a = b <= c >= d", "a = b <= c <= d"]),
    "identity": ("a = b is c", ["a = b is not c"]),
    "membership": ("a = b not in c", ["a = b in c"]),
    "a conjunction": ("a = b and c", ["a = b or c", "a = c", "a = b"]),
    "three of them": ("a = b or c or d", ["a = b and c and d", "a = c or d", "a = b or d", "a = b or c"]),
    "a negation": ("a = not b", ["a = b"]),
    "a condition": ("a = b if c else d", ["a = b if not c else d"]),
    "a sum": ("a = b + c", ["a = b - c"]),
    "a sum in place": ("a -= b", ["a += b"]),
    "a union": ("a = b | c", ["a = b & c"]),
    "a number": ("a = 5", ["a = 6"]),
    "a truth": ("a = True", ["a = False"]),
    "a word": ("a = 'word'", ["a = 'woXXrd'"]),
    "an empty word": ("a = ''", ["a = 'XX'"]),
    "a word within others": ("a = f'v{b}'", ["a = f'XXv{b}'"]),
    "bytes": ("a = b'x'", ["a = b'XXx'"]),
    "a named argument": ("a = b(c, d=e, f=g)", ["a = b(c, f=g)", "a = b(c, d=e)"]),
    "a call for its effect": ("a()", ["pass"]),
    "an exception": ("raise a", ["pass"]),
    "a default": ("def a(b=c == d): pass", ["def a(b=c != d): pass"]),
    "a loop's end": ("for a in b: break", ["for a in b: continue"]),
    "a loop's next": ("for a in b: continue", ["for a in b: break"]),
    "a returned value": ("def a(): return b", ["def a(): return None"]),
    "a caught exception": ("try: a\nexcept B: c", ["try: a\nexcept B: raise"]),
}


@pytest.mark.parametrize(("source", "expected"), KINDS.values(), ids=KINDS)
def test_each_mistake_is_made_alone(source: str, expected: list[str]) -> None:
    made = [ast.unparse(mutation.module) for mutation in mutations(source)]
    assert sorted(made) == sorted(ast.unparse(ast.parse(text)) for text in expected)


NONE = {
    "a docstring": '"""Says what."""',
    "prose": "a = 'for people to read'",
    "a line of the log": "_log.info('word', extra=a)",
    "the log": "_log = logging.getLogger('word')",
    "what keeps programmers from mistakes": "class A(B, frozen=True): pass",
    "an annotation": "a: 'B[Literal[5]]'",
    "a function's annotations": "def a(b: 'c') -> 'd': pass",
    "an import": "from a import b",
    "what only a type checker reads": "if TYPE_CHECKING:\n    a = 5",
    "a port": "class A(Protocol):\n    b = 5",
    "a decorator": "@a(b=5)\ndef c(): pass",
    "nothing returned": "def a(): return None",
    "nothing": "a = None",
}


@pytest.mark.parametrize("source", NONE.values(), ids=NONE)
def test_where_no_test_could_care_no_mistake_is_made(source: str) -> None:
    assert list(mutations(source)) == []


MODULE = """
LIMIT = 5

class Door:
    def opens(self, hour):
        return hour < LIMIT

def outside():
    return 'word'
"""


def test_a_mutation_says_where_it_is() -> None:
    known = [(one.inside, one.number, one.line, one.what) for one in mutations(MODULE)]
    assert known == [
        ("", 2, "LIMIT = 5", "6 for 5"),
        ("Door.opens", 6, "return hour < LIMIT", "nothing returned"),
        ("Door.opens", 6, "return hour < LIMIT", "LtE for Lt"),
        ("Door.opens", 6, "return hour < LIMIT", "GtE for Lt"),
        ("outside", 9, "return 'word'", "nothing returned"),
        ("outside", 9, "return 'word'", "another text for 'word'"),
    ]


def test_only_what_is_inside_a_name_is_mutated() -> None:
    assert {one.inside for one in mutations(MODULE, frozenset({"Door"}))} == {"Door.opens"}


def test_a_mutated_module_can_be_compiled() -> None:
    for mutation in mutations(MODULE):
        compile(mutation.module, "module", "exec")
