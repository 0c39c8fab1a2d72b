"""Every query that the code can make of the store, as its calls of `find` and `due` say: which kind, by which field.

What a call is given by name is followed: a constant, a loop over some, or a parameter, to each call in the same file.
"""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NO_QUERIES = ("tests", "simulator", "bench", "dev", "addon", ".venv", ".run", "sync/store")
"""What never runs against a deployed database, and the stores themselves."""


def all_queries() -> set[tuple[str, str]]:
    """Each kind and field that is asked for, of every module that may run against Firestore."""
    found: set[tuple[str, str]] = set()
    for path in sorted(ROOT.glob("**/*.py")):
        place = path.relative_to(ROOT).as_posix()
        if not place.startswith(NO_QUERIES):
            found |= Module(path).queries()
    return found


class Module:
    """One file's queries."""

    def __init__(self, path: Path) -> None:
        self._name = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
        self._tree = ast.parse(path.read_text("utf-8"))
        self._parents = {child: node for node in ast.walk(self._tree) for child in ast.iter_child_nodes(node)}

    def queries(self) -> set[tuple[str, str]]:
        """Each kind with each field. Raises ValueError for a call whose kind or field cannot be told."""
        found: set[tuple[str, str]] = set()
        for call in self._calls():
            if call.func.attr == "find" and len(call.args) >= 4:
                found |= self._pairs(call)
            elif call.func.attr == "due" and len(call.args) == 3:
                found |= {(kind, "due") for kind in self._values(call.args[0], call)}
        return found

    def _calls(self) -> Iterator["_Call"]:
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield _Call(node, node.func)

    def _pairs(self, call: "_Call") -> set[tuple[str, str]]:
        """A kind and a field that are both parameters come together, call by call."""
        kind, field = call.args[:2]
        function = self._function(call.node)
        names = [each.id for each in (kind, field) if isinstance(each, ast.Name) and each.id in _parameters(function)]
        if len(names) < 2 or function is None:
            return {(one, other) for one in self._values(kind, call) for other in self._values(field, call)}
        return {
            (one, other)
            for outer, given in self._callers(function)
            for one in self._values(given[names[0]], outer)
            for other in self._values(given[names[1]], outer)
        }

    def _values(self, node: ast.expr, call: "_Call") -> set[str]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return {node.value}
        if isinstance(node, ast.Attribute):
            return {self._imported(ast.unparse(node))}
        if isinstance(node, ast.Name):
            looped = self._looped(node, call)
            if looped:
                return looped
            function = self._function(call.node)
            if function is not None and node.id in _parameters(function):
                return {
                    value for outer, given in self._callers(function) for value in self._values(given[node.id], outer)
                }
            return {self._imported(node.id)}
        raise ValueError(f"{self._name}: {ast.unparse(call.node)} says neither kind nor field")

    def _imported(self, name: str) -> str:
        value: object = import_module(self._name)
        for part in name.split("."):
            value = getattr(value, part)
        if not isinstance(value, str):
            raise ValueError(f"{self._name}: {name} is no text")
        return value

    def _looped(self, name: ast.Name, call: "_Call") -> set[str]:
        """What a loop or comprehension around the call gives that name, one after the other."""
        node: ast.AST | None = call.node
        while node is not None and not isinstance(node, ast.FunctionDef):
            node = self._parents.get(node)
            loops = [node] if isinstance(node, ast.For) else getattr(node, "generators", [])
            for loop in loops:
                target = loop.target.elts[0] if isinstance(loop.target, ast.Tuple) else loop.target
                if isinstance(target, ast.Name) and target.id == name.id:
                    return {value for each in self._elements(loop.iter, call) for value in self._values(each, call)}
        return set()

    def _elements(self, node: ast.expr, call: "_Call") -> Iterator[ast.expr]:
        if isinstance(node, ast.Tuple | ast.List):
            yield from node.elts
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if key is not None:
                    yield key
                else:
                    yield from self._elements(value, call)
        elif isinstance(node, ast.IfExp):
            yield from self._elements(node.body, call)
            yield from self._elements(node.orelse, call)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "items":
            yield from self._elements(self._assigned(node.func.value, call), call)
        else:
            raise ValueError(f"{self._name}: {ast.unparse(node)} cannot be told")

    def _assigned(self, name: ast.expr, call: "_Call") -> ast.expr:
        for node in ast.walk(self._function(call.node) or self._tree):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            value = getattr(node, "value", None)
            if any(one and ast.unparse(one) == ast.unparse(name) for one in targets) and isinstance(value, ast.expr):
                return value
        raise ValueError(f"{self._name}: {ast.unparse(name)} cannot be told")

    def _function(self, node: ast.AST) -> ast.FunctionDef | None:
        found: ast.AST | None = node
        while found is not None and not isinstance(found, ast.FunctionDef):
            found = self._parents.get(found)
        return found

    def _callers(self, function: ast.FunctionDef) -> Iterator[tuple["_Call", dict[str, ast.expr]]]:
        """Each call of that method in this file, with what it gives its parameters."""
        names = [argument.arg for argument in function.args.args if argument.arg != "self"]
        defaults = dict(zip(names[::-1], function.args.defaults[::-1], strict=False))
        called = False
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == function.name:
                called = True
                given = {word.arg: word.value for word in node.keywords if word.arg}
                yield _Call(node, node.func), defaults | dict(zip(names, node.args, strict=False)) | given
        if not called:
            raise ValueError(f"{self._name}: nobody calls {function.name} here")


class _Call:
    """A call and what it calls."""

    def __init__(self, node: ast.Call, func: ast.expr) -> None:
        self.node = node
        self.args = node.args
        self.func = func if isinstance(func, ast.Attribute) else ast.Attribute(ast.Name("self"), ast.unparse(func))


def _parameters(function: ast.FunctionDef | None) -> set[str]:
    return {argument.arg for argument in function.args.args} if function else set()
