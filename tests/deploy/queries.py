"""Every query that the code makes of the store, as its calls of `find`, `find_all` and `due` say: which kind and field.

What a call is given by name is followed: a constant, a loop over some, or a parameter, to each call in the same file.
"""

import ast
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

from sync.store.find_all import find_all
from tests.deploy.repository import ROOT, files

NO_QUERIES = ("tests/", "simulator/", "bench/", "dev/", "addon/", "sync/store/")
"""What never runs against a deployed database, and the stores themselves."""


def all_queries() -> set[tuple[str, str]]:
    """Each kind and field that is asked for, of every module that may run against Firestore."""
    found: set[tuple[str, str]] = set()
    for path in files(".py"):
        place = path.relative_to(ROOT).as_posix()
        if not place.startswith(NO_QUERIES):
            found |= Module(path).queries()
    return found


Words = tuple[ast.expr, ...]
"""What a query is given: its kind, and where that is not always the same its field."""


class Module:
    """One file's queries."""

    def __init__(self, path: Path) -> None:
        self._name = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
        self._tree = ast.parse(path.read_text("utf-8"))
        self._parents = {child: node for node in ast.walk(self._tree) for child in ast.iter_child_nodes(node)}

    def queries(self) -> set[tuple[str, str]]:
        """Each kind with each field. Raises ValueError for a call whose kind or field cannot be told."""
        found: set[tuple[str, str]] = set()
        for call in ast.walk(self._tree):
            if not isinstance(call, ast.Call):
                continue
            if isinstance(call.func, ast.Name) and call.func.id == find_all.__name__:
                found |= {(kind, field) for kind, field in self._told(tuple(call.args[1:3]), call)}
            elif not isinstance(call.func, ast.Attribute):
                continue
            elif words := _asked(call, "find", ("kind", "field", "value", "limit")):
                found |= {(kind, field) for kind, field in self._told(words[:2], call)}
            elif words := _asked(call, "due", ("kind", "before", "limit")):
                found |= {(kind, "due") for (kind,) in self._told(words[:1], call)}
        return found

    def _told(self, words: Words, node: ast.AST) -> Iterator[tuple[str, ...]]:
        """What the words are, where `node` stands: all that loops and callers around it make of them."""
        names = {word.id for word in words if isinstance(word, ast.Name)}
        around = self._parents.get(node)
        while around is not None and names:
            loops = [around] if isinstance(around, ast.For) else getattr(around, "generators", [])
            for loop in loops:
                if names & set(_names(loop.target)):
                    for bound in self._elements(loop.iter, around):
                        yield from self._told(_with(words, _given(loop.target, bound)), around)
                    return
            if isinstance(around, ast.FunctionDef) and names & {argument.arg for argument in around.args.args}:
                for call, given in self._callers(around):
                    yield from self._told(_with(words, given), call)
                return
            around = self._parents.get(around)
        yield tuple(self._text(word) for word in words)

    def _text(self, word: ast.expr) -> str:
        if isinstance(word, ast.Constant):
            value: object = word.value
        elif isinstance(word, ast.Name | ast.Attribute):
            value = import_module(self._name)
            for part in ast.unparse(word).split("."):
                value = getattr(value, part)
        else:
            value = None
        if not isinstance(value, str):
            raise ValueError(f"{self._name}: {ast.unparse(word)} says neither kind nor field")
        return value

    def _elements(self, node: ast.expr, where: ast.AST) -> Iterator[ast.expr]:
        """What a loop over it goes through."""
        if isinstance(node, ast.Tuple | ast.List):
            yield from node.elts
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if key is None:
                    yield from self._elements(value, where)
                else:
                    yield ast.Tuple([key, value])
        elif isinstance(node, ast.IfExp):
            yield from self._elements(node.body, where)
            yield from self._elements(node.orelse, where)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".items"):
            assert isinstance(node.func, ast.Attribute)
            yield from self._elements(self._assigned(node.func.value, where), where)
        else:
            raise ValueError(f"{self._name}: a loop over {ast.unparse(node)} says neither kind nor field")

    def _assigned(self, name: ast.expr, where: ast.AST) -> ast.expr:
        function: ast.AST | None = where
        while function is not None and not isinstance(function, ast.FunctionDef):
            function = self._parents.get(function)
        for node in ast.walk(function or self._tree):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            value = getattr(node, "value", None)
            if any(one and ast.unparse(one) == ast.unparse(name) for one in targets) and isinstance(value, ast.expr):
                return value
        raise ValueError(f"{self._name}: {ast.unparse(name)} says neither kind nor field")

    def _callers(self, function: ast.FunctionDef) -> Iterator[tuple[ast.Call, dict[str, ast.expr]]]:
        """Each call of that function in this file, with what it gives its parameters."""
        names = [argument.arg for argument in function.args.args if argument.arg != "self"]
        defaults = dict(zip(names[::-1], function.args.defaults[::-1], strict=False))
        called = False
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == function.name:
                called = True
                given = {word.arg: word.value for word in node.keywords if word.arg}
                yield node, defaults | dict(zip(names, node.args, strict=False)) | given
        if not called:
            raise ValueError(f"{self._name}: nobody calls {function.name} here, so it says neither kind nor field")


def _asked(call: ast.Call, method: str, names: tuple[str, ...]) -> Words:
    """What a call of the store's `method` is given, in the order of its parameters; () where it is another's."""
    given = dict(zip(names, call.args, strict=False)) | {word.arg: word.value for word in call.keywords if word.arg}
    of_that_name = isinstance(call.func, ast.Attribute) and call.func.attr == method
    return tuple(given[name] for name in names) if of_that_name and given.keys() >= {*names} else ()


def _names(target: ast.expr) -> list[str]:
    targets = target.elts if isinstance(target, ast.Tuple) else [target]
    return [one.id for one in targets if isinstance(one, ast.Name)]


def _given(target: ast.expr, bound: ast.expr) -> dict[str, ast.expr]:
    if isinstance(target, ast.Tuple) and isinstance(bound, ast.Tuple):
        return dict(zip(_names(target), bound.elts, strict=True))
    return dict(zip(_names(target), [bound], strict=True))


def _with(words: Words, given: Mapping[str, ast.expr]) -> Words:
    return tuple(given.get(word.id, word) if isinstance(word, ast.Name) else word for word in words)
