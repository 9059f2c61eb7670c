"""The code of a wheel, as far as it can be read without running it: targets and their arguments."""

from __future__ import annotations

import ast
import warnings
from typing import NamedTuple

from kplug_registry.wheels.archive import WheelArchive
from kplug_registry.wheels.bindings import Binding, Bindings, Imported, find_bindings

_LONGEST_CHAIN = 20  # of imports from module to module
_DEEPEST_STARS, _MOST_STARS = 3, 20  # of `from … import *`
LONGEST_LINE = 500  # of a summary
_LONGEST_SIGNATURE = 2_000
_LONGEST_DOCUMENTATION = 20_000
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Described(NamedTuple):
    """What the code says of a target.

    Args:
        signature: Arguments with their defaults, such as ``(smooth=1e-05)``; empty if no code shows them.
        documentation: Its documentation; may be empty.
    """

    signature: str = ""
    documentation: str = ""

    @property
    def summary(self) -> str:
        """The first line of the documentation."""
        return self.documentation.strip().partition("\n")[0][:LONGEST_LINE]


class WheelCode:
    """The modules of a wheel, each parsed when it is first needed.

    Args:
        archive: The wheel.
    """

    def __init__(self, archive: WheelArchive) -> None:
        self._archive = archive
        self._modules: dict[str, Bindings | None] = {}

    def describe(self, target: str) -> Described:
        """Return what the code says of a target.

        Raises:
            WheelError: if no module of the wheel binds the name, or the module cannot be parsed.
        """
        module_name, _, path = target.partition(":")
        module = self.find_module(module_name)
        if module is None:
            self._archive.refuse(f"{target[:200]} is in no module of the wheel")
        first, *rest = path.split(".")
        found = self._find(module_name, first)
        for name in rest:
            body = found.body if isinstance(found, ast.ClassDef) else []
            found = find_bindings(body).names.get(name)
        if found is not None:
            return _describe(found)
        if "__getattr__" in module.names:  # it makes names when they are asked for
            return Described()
        self._archive.refuse(f"{target[:200]} is bound by no line of {module_name}")

    def list_functions(self, module_name: str) -> list[str]:
        """Return the names of the functions of a module; of none, if there is no such module."""
        module = self.find_module(module_name)
        names = {} if module is None else module.names
        return [name for name, found in names.items() if isinstance(found, _FUNCTIONS)]

    def find_module(self, name: str) -> Bindings | None:
        """Return what a module of the wheel binds, or None if the wheel has no module of the name."""
        if name not in self._modules:
            self._modules[name] = self._parse(name)
        return self._modules[name]

    def _parse(self, name: str) -> Bindings | None:
        stem = name.replace(".", "/")
        for path, package in (
            (f"{stem}/__init__.py", name),
            (f"{stem}.py", name.rpartition(".")[0]),
        ):
            source = self._archive.find_text(path)
            if source is None:
                continue
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # about the code, which is its author's affair
                    return find_bindings(ast.parse(source).body, package)
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                self._archive.refuse(f"{path} is no Python that can be read: {error}")
        return None

    def _find(self, module_name: str, name: str, depth: int = 0) -> Binding | None:
        """Return what a module binds to a name, followed through imports inside of the wheel."""
        for _ in range(_LONGEST_CHAIN):
            module = self.find_module(module_name)
            found = None if module is None else module.names.get(name)
            if found is None and module is not None:
                return self._find_in_stars(module, name, depth)
            if not isinstance(found, Imported):
                return found
            module_name, name = found
            if self.find_module(module_name) is None:
                return found  # another distribution's: it exists, as far as this wheel can tell
        return None

    def _find_in_stars(self, module: Bindings, name: str, depth: int) -> Binding | None:
        """Return what a module has of a name by ``from other import *``."""
        is_too_far = depth == _DEEPEST_STARS or len(module.stars) > _MOST_STARS
        if is_too_far or name.startswith("_"):
            return None
        found = (self._find(source, name, depth + 1) for source in module.stars)
        return next((one for one in found if one is not None), None)


def _describe(found: Binding) -> Described:
    if isinstance(found, _FUNCTIONS):
        return Described(_format(found.args), _get_documentation(found))
    if not isinstance(found, ast.ClassDef):
        return Described()
    start = find_bindings(found.body).names.get("__init__")
    if not isinstance(start, _FUNCTIONS):
        return Described("", _get_documentation(found))
    del (start.args.posonlyargs or start.args.args)[:1]  # self
    return Described(_format(start.args), _get_documentation(found))


def _get_documentation(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    return (ast.get_docstring(node) or "")[:_LONGEST_DOCUMENTATION]


def _format(arguments: ast.arguments) -> str:
    """Return arguments with their defaults, as ``inspect.signature`` would print them without types."""
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    for argument in (*every, arguments.vararg, arguments.kwarg):
        if argument is not None:
            argument.annotation = None
    try:
        return f"({ast.unparse(arguments)})"[:_LONGEST_SIGNATURE]
    except RecursionError:  # a default that is nested deeper than it can be printed
        return ""
