"""What the statements of a module or a class bind to names, read from their syntax."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BLOCKS = (ast.If, ast.Try, ast.With, ast.For, ast.While)


class Imported(NamedTuple):
    """Where a name comes from that is another module's."""

    module: str
    name: str


Binding = ast.stmt | Imported  # the statement that binds a name, or where it is imported from


class Bindings(NamedTuple):
    """The names of a module or a class.

    Args:
        names: What binds each.
        stars: The modules of ``from … import *``.
    """

    names: dict[str, Binding]
    stars: list[str]


def find_bindings(body: Sequence[ast.stmt], package: str = "") -> Bindings:
    """Return what statements bind: a later one counts more than an earlier one.

    Args:
        body: The statements of a module or a class.
        package: The package that relative imports begin with.
    """
    found = Bindings({}, [])
    for statement in body:
        if isinstance(statement, _BLOCKS):
            _add_block(found, statement, package)
        elif isinstance(statement, ast.ImportFrom):
            _add_imports(found, statement, package)
        else:
            found.names.update(dict.fromkeys(_list_names(statement), statement))
    return found


def _add_block(found: Bindings, block: ast.stmt, package: str) -> None:
    """Add what a block binds. Its `else` and `except` count where nothing else does: they stand in for it."""
    first = find_bindings(getattr(block, "body", ()), package)
    found.names.update(first.names)
    found.stars.extend(first.stars)
    handlers = [handler.body for handler in getattr(block, "handlers", ())]
    for body in (*handlers, getattr(block, "orelse", ()), getattr(block, "finalbody", ())):
        other = find_bindings(body, package)
        found.stars.extend(other.stars)
        for name, binding in other.names.items():
            found.names.setdefault(name, binding)


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
