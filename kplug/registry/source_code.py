"""`SourceCode`: finds a name's definition by parsing source and following its imports."""

from __future__ import annotations

import ast
import operator
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import NamedTuple

_LONGEST_CHAIN = 20  # of imports from module to module
_DEEPEST_STARS, _MOST_STARS = 3, 20  # of `from … import *`
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BLOCKS = (ast.If, ast.Try, ast.With, ast.For, ast.While)


class Imported(NamedTuple):
    """The origin of a name imported from another module."""

    module: str
    name: str


Binding = ast.stmt | Imported  # the statement that binds a name, or where it is imported from


class Bindings(NamedTuple):
    """The names of a module or a class.

    Args:
        names: The binding of each name.
        stars: The modules of ``from … import *``.
        fallbacks: What other branches of ``if`` and ``try`` bind to these names.
    """

    names: dict[str, Binding]
    stars: list[str]
    fallbacks: dict[str, Binding]


class SourceCode:
    """Modules whose source is available, each parsed on first use.

    A subclass locates the source.
    """

    def __init__(self) -> None:
        self._modules: dict[str, Bindings | None] = {}

    def find_source(self, module: str) -> tuple[str, str | bytes] | None:
        """Return file and source of a module, or None; the file of a package is its ``__init__.py``."""
        raise NotImplementedError

    def refuse(self, file: str, error: Exception) -> None:
        """Handle a file that cannot be parsed. Unless this raises, the file binds nothing."""

    def find_documentation(self, target: str) -> str:
        """Return the docstring of a target that is a class or function; empty for anything else."""
        found = self.find(target)
        return (ast.get_docstring(found) or "") if isinstance(found, _DEFINITIONS) else ""

    def find(self, target: str) -> Binding | None:
        """Return the binding of a target ``"package.module:object"``, or None.

        It is the defining statement, in whichever module, or an ``Imported`` if that module has no source.
        """
        module, _, path = target.partition(":")
        first, *rest = path.split(".")
        found = self._find(module, first)
        for name in rest:
            body = found.body if isinstance(found, ast.ClassDef) else []
            found = find_bindings(body).names.get(name)
        return found

    def find_module(self, name: str) -> Bindings | None:
        """Return the bindings of a module, or None without its source."""
        if name not in self._modules:
            self._modules[name] = self._parse(name)
        return self._modules[name]

    def _parse(self, module: str) -> Bindings | None:
        found = self.find_source(module)
        if found is None:
            return None
        file, source = found
        is_package = PurePath(file).name == "__init__.py"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about the parsed code, not for its users
                body = ast.parse(source).body
            return find_bindings(body, module if is_package else module.rpartition(".")[0])
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            self.refuse(file, error)
        return None

    def _find(self, module_name: str, name: str, depth: int = 0) -> Binding | None:
        """Return the binding of a name in a module, followed through imports."""
        for _ in range(_LONGEST_CHAIN):
            module = self.find_module(module_name)
            if module is None:
                return None
            found = module.names.get(name)
            if found is None:
                return self._find_in_stars(module, name, depth)
            if self._has_no_source(found):
                found = module.fallbacks.get(name, found)
            if not isinstance(found, Imported) or self._has_no_source(found):
                return found
            module_name, name = found
        return None

    def _has_no_source(self, found: Binding) -> bool:
        return isinstance(found, Imported) and self.find_module(found.module) is None

    def _find_in_stars(self, module: Bindings, name: str, depth: int) -> Binding | None:
        """Return the binding of a name that ``from other import *`` provides."""
        is_too_far = depth == _DEEPEST_STARS or len(module.stars) > _MOST_STARS
        if is_too_far or name.startswith("_"):
            return None
        found = (self._find(source, name, depth + 1) for source in module.stars)
        return next((one for one in found if one is not None), None)


def find_bindings(body: Sequence[ast.stmt], package: str = "") -> Bindings:
    """Return the bindings of statements, where later ones override earlier ones.

    Args:
        body: The statements of a module or a class.
        package: The package that relative imports start from.
    """
    found = Bindings({}, [], {})
    for statement in body:
        if isinstance(statement, _BLOCKS):
            _add_block(found, statement, package)
        elif isinstance(statement, ast.ImportFrom):
            _add_imports(found, statement, package)
        else:
            found.names.update(dict.fromkeys(_list_names(statement), statement))
    return found


def _add_block(found: Bindings, block: ast.stmt, package: str) -> None:
    """Add the bindings of a block, first those of the branch that runs, where its condition tells.

    Those of the other branches are for names still unbound, and fallbacks for what has no source.
    """
    handlers = [handler.body for handler in getattr(block, "handlers", ())]
    body, *rest = (getattr(block, name, ()) for name in ("body", "orelse", "finalbody"))
    is_idle = isinstance(block, ast.If) and _is_false(block.test)
    for place, each in enumerate((rest[0], body) if is_idle else (body, *handlers, *rest)):
        branch = find_bindings(each, package)
        found.stars.extend(branch.stars)
        found.fallbacks.update(branch.fallbacks)
        if place == 0:
            found.names.update(branch.names)
            continue
        for name, binding in branch.names.items():
            if found.names.setdefault(name, binding) is not binding:
                found.fallbacks.setdefault(name, binding)


_FACTS = {"sys.version_info": sys.version_info, "sys.platform": sys.platform}
_COMPARE = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne"}


def _is_false(test: ast.expr) -> bool:
    """Whether a condition is known not to hold where its module is imported by this Python."""
    if not isinstance(test, ast.Compare) or len(test.ops) > 1:
        return ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING", "False", "0")
    compare = _COMPARE.get(type(test.ops[0]))
    fact = _FACTS.get(ast.unparse(test.left))
    try:
        value = ast.literal_eval(test.comparators[0])
        return bool(fact and compare) and not getattr(operator, str(compare))(fact, value)
    except (ValueError, TypeError, AttributeError):
        return False


def _add_imports(found: Bindings, statement: ast.ImportFrom, package: str) -> None:
    parts = package.split(".") if statement.level else []
    parts = parts[: len(parts) + 1 - statement.level] if statement.level > 1 else parts
    module = ".".join([*parts, *([statement.module] if statement.module else [])])
    for alias in statement.names:
        if alias.name == "*":
            found.stars.append(module)
        else:
            found.names[alias.asname or alias.name] = Imported(module, alias.name)


def _list_names(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a single statement binds."""
    if isinstance(statement, _DEFINITIONS):
        yield statement.name
    elif isinstance(statement, ast.Import):
        for alias in statement.names:
            yield alias.asname or alias.name.partition(".")[0]
    elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))
