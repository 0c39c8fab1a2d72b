"""Every small mistake that could be made in a module: what each one is, and the module with it, as Python parses it.

Comparisons, conditions, arithmetic and constants are changed; returned values, named arguments, calls whose value
nobody needs, and raised exceptions are left out. Annotations, docstrings, what is logged and prose for people are left
as they are: a mistake in a sentence is no mistake of the program.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_TEXT = "XX"
_LOGS = "_log"
_FOR_PROGRAMMERS = frozenset({"frozen", "slots"})
"""Named arguments that keep programmers from mistakes, and change nothing for anybody else."""
Node = TypeVar("Node", bound=ast.AST)


@dataclass(frozen=True, slots=True)
class _Change:
    """A node of the original, what stands in its place, and what that is called."""

    node: ast.AST
    instead: ast.AST
    what: str


@dataclass(frozen=True, slots=True)
class Mutation:
    """One mistake: in which function or class it is, the line's number and text, and what the mistake is."""

    inside: str
    number: int
    line: str
    what: str
    _original: ast.Module
    _change: _Change

    @property
    def module(self) -> ast.Module:
        """The module with the mistake; all but its own path is shared with the original."""
        change = self._change
        instead = ast.copy_location(change.instead, change.node)
        return ast.fix_missing_locations(copy.deepcopy(self._original, {id(change.node): instead}))


def mutations(source: str, inside: frozenset[str] = frozenset()) -> Iterator[Mutation]:
    """The mutations of a module, in the order of its lines; only those `inside` functions or classes of these names,
    where any are given.
    """
    tree, lines = ast.parse(source), source.splitlines()
    for outermost, name, change in _changes_of(tree):
        if inside and outermost not in inside:
            continue
        number = getattr(change.node, "lineno", 1)
        yield Mutation(name, number, lines[number - 1].strip(), change.what, tree, change)


def _changes_of(tree: ast.Module) -> Iterator[tuple[str, str, _Change]]:
    """Each change, with the name of the outermost function or class that it is in, and the full one."""
    found = list(_within(tree, ()))
    found.sort(key=lambda one: (getattr(one[1].node, "lineno", 1), getattr(one[1].node, "col_offset", 0)))
    for names, change in found:
        yield (names[0] if names else ""), ".".join(names), change


def _within(node: ast.AST, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], _Change]]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        names = (*names, node.name)
    if isinstance(node, ast.ClassDef) and any(
        isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases
    ):
        return
    for change in _changes(node):
        yield names, change
    for child in _children(node):
        yield from _within(child, names)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below that are worth a mistake."""
    if isinstance(node, ast.keyword) and node.arg in _FOR_PROGRAMMERS:
        return
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "bases", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_for_people(child):
                yield child


def _is_for_people(node: ast.AST) -> bool:
    """A docstring, a line of the log or the log itself; an import; what only a type checker reads."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == _LOGS:
        return True
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return True
    if not isinstance(node, ast.Expr):
        return False
    called = node.value.func if isinstance(node.value, ast.Call) else node.value
    logged = isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == _LOGS
    return logged or isinstance(node.value, ast.Constant)


def _changes(node: ast.AST) -> Iterator[_Change]:
    match node:
        case ast.Compare():
            yield from _compared(node)
        case ast.BoolOp():
            yield from _joined(node)
        case ast.UnaryOp(op=ast.Not()):
            yield _Change(node, node.operand, "without not")
        case ast.BinOp() | ast.AugAssign() if type(node.op) in _ARITHMETIC:
            other = _ARITHMETIC[type(node.op)]
            yield _with(node, f"{other.__name__} for {type(node.op).__name__}", op=other())
        case ast.Constant():
            yield from _constant(node)
        case ast.Call():
            yield from _called(node)
        case _:
            yield from _step(node)


def _step(node: ast.AST) -> Iterator[_Change]:
    """What can go wrong with where the program goes next."""
    match node:
        case ast.If() | ast.While() | ast.IfExp() if not isinstance(node.test, ast.Compare | ast.BoolOp | ast.UnaryOp):
            yield _with(node, "the other way round", test=ast.UnaryOp(ast.Not(), node.test))
        case ast.Return(value=ast.expr()) if not _is_none(node.value):
            yield _with(node, "nothing returned", value=ast.Constant(None))
        case ast.Raise():
            yield _Change(node, ast.Pass(), "nothing raised")
        case ast.ExceptHandler():
            yield _with(node, "not caught", body=[ast.Raise()])
        case ast.Expr(value=ast.Call()):
            yield _Change(node, ast.Pass(), "not done")
        case ast.Break():
            yield _Change(node, ast.Continue(), "continue for break")
        case ast.Continue():
            yield _Change(node, ast.Break(), "break for continue")


def _compared(node: ast.Compare) -> Iterator[_Change]:
    for place, operator in enumerate(node.ops):
        for other in _COMPARISONS[type(operator)]:
            ops = [*node.ops[:place], other(), *node.ops[place + 1 :]]
            yield _with(node, f"{other.__name__} for {type(operator).__name__}", ops=ops)


def _joined(node: ast.BoolOp) -> Iterator[_Change]:
    other: ast.boolop = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield _with(node, f"{type(other).__name__} for {type(node.op).__name__}", op=other)
    for place, value in enumerate(node.values):
        left = [*node.values[:place], *node.values[place + 1 :]]
        instead = left[0] if len(left) == 1 else ast.BoolOp(node.op, left)
        yield _Change(node, instead, f"without {_shown(value)}")


def _constant(node: ast.Constant) -> Iterator[_Change]:
    value = node.value
    if isinstance(value, bool):
        yield _Change(node, ast.Constant(not value), f"{not value} for {value}")
    elif isinstance(value, int | float):
        yield _Change(node, ast.Constant(value + 1), f"{value + 1} for {value}")
    elif isinstance(value, str) and " " not in value:
        yield _Change(
            node,
            ast.Constant(value[: len(value) // 2] + _TEXT + value[len(value) // 2 :]),
            f"another text for {value!r}",
        )
    elif isinstance(value, bytes):
        yield _Change(node, ast.Constant(_TEXT.encode() + value), f"other bytes for {value!r}")


def _called(node: ast.Call) -> Iterator[_Change]:
    for place, keyword in enumerate(node.keywords):
        if keyword.arg and keyword.arg not in _FOR_PROGRAMMERS:
            left = [*node.keywords[:place], *node.keywords[place + 1 :]]
            yield _with(node, f"without the argument {keyword.arg}", keywords=left)


def _with(node: Node, what: str, **fields: object) -> _Change:
    """The node with other fields."""
    return _Change(node, type(node)(**{**dict(ast.iter_fields(node)), **fields}), what)


def _is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _shown(node: ast.expr) -> str:
    return ast.unparse(node)
