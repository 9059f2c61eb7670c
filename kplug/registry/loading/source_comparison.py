"""Compares an imported module with its source: functions, methods, defaults, constants."""

from __future__ import annotations

import ast
import functools
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LITERALS = (bool, int, float, complex, str, bytes, tuple)
_INNER = (
    "__wrapped__",
    "__func__",
    "fget",
    "fset",
    "fdel",
    "func",
)  # where wrappers keep functions
_HOLDERS = (
    *(staticmethod, classmethod, property),
    *(functools.partial, functools.partialmethod, functools.cached_property),
    type(functools.lru_cache(len)),
)
_UNKNOWN = object()
_Makers = frozenset[str] | None
_NOBODY: _Makers = frozenset()
_ANYBODY: _Makers = None  # but not the program itself


class _Binding(NamedTuple):
    """The value that a statement binds to a name.

    Args:
        kind: ``def``, ``class``, ``literal``, or ``other``.
        is_decorated: Whether a decorator may replace it.
        code: The code object of the function.
        value: The literal.
        defaults: The defaults of the function, as far as they are literals.
        is_sure: Whether the statement always runs.
    """

    kind: str
    is_decorated: bool = False
    code: CodeType | None = None
    value: Any = _UNKNOWN
    defaults: tuple[Any, ...] = ()
    is_sure: bool = False


@dataclass(frozen=True)
class Outline:
    """The bindings of a source file, at its top level and in its classes.

    Args:
        codes: The code objects of all its functions.
        bindings: For each place, such as ``Wave.call``, its possible values.
        functions: For the module (an empty text) and each class, such as ``Wave.``, the required names.
    """

    codes: frozenset[CodeType]
    bindings: dict[str, list[_Binding]] = field(default_factory=dict)
    functions: dict[str, set[str]] = field(default_factory=dict)


def read_outline(source: bytes, path: str) -> Outline:
    """Return the bindings of a source file, without running it.

    Raises:
        SyntaxError: if it is not valid Python.
        ValueError: if it has null bytes.
    """
    tree = ast.parse(source, path)
    codes = list(_list_code(compile(tree, path, "exec", dont_inherit=True)))
    reader = _OutlineReader({(code.co_name, code.co_firstlineno): code for code in codes})
    reader.read(tree.body, "")
    nodes = list(ast.walk(tree))
    is_open = any(isinstance(node, ast.alias) and node.name == "*" for node in nodes)
    changed, replaced = _list_changed(nodes)
    bindings, functions = {}, defaultdict(set)
    for place, found in reader.bindings.items():
        scope, _, name = place.rpartition(".")
        kinds = {one.kind for one in found}
        # `from _accelerated import *` may bring another function of the name.
        if (is_open and not scope) or name in (replaced if kinds == {"def"} else changed):
            continue
        bindings[place] = found
        if kinds == {"def"} and any(one.is_sure for one in found):
            functions[f"{scope}." if scope else ""].add(name)
    return Outline(frozenset(codes), bindings, functions)


def find_difference(module: ModuleType, outline: Outline) -> str | None:
    """Return the first place, such as ``waves.Wave.call``, where a module differs from its file.

    Results of a decorator, a base class or the module's own package cannot be derived from the file, and
    count as equal. So does any value where the file binds no function, class or literal.
    """
    return next(_Comparison(module, outline).compare(vars(module), "", _NOBODY), None)


class _OutlineReader:
    def __init__(self, codes: dict[tuple[str, int], CodeType]) -> None:
        self.codes = codes
        self.bindings: dict[str, list[_Binding]] = defaultdict(list)

    def read(self, body: Iterable[ast.stmt], scope: str, *, is_sure: bool = True) -> None:
        for node in body:
            if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
                self._read_definition(node, scope, is_sure)
                continue
            for name, binding in _list_bindings(node):
                self.bindings[scope + _mangle(name, scope)].append(binding)
            for part in ("body", "orelse", "finalbody"):
                self.read(getattr(node, part, ()), scope, is_sure=False)
            for part in ("handlers", "cases"):
                for each in getattr(node, part, ()):
                    self.read(each.body, scope, is_sure=False)

    def _read_definition(self, node: _Function | ast.ClassDef, scope: str, is_sure: bool) -> None:
        is_decorated = bool(node.decorator_list)
        place = scope + _mangle(node.name, scope)
        if isinstance(node, ast.ClassDef):
            self.bindings[place].append(_Binding("class", is_decorated))
            self.read(node.body, f"{scope}{node.name}.", is_sure=not is_decorated)
            return
        line = min([node.lineno, *(one.lineno for one in node.decorator_list)])
        code = self.codes.get((node.name, line))
        given = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        defaults = tuple(map(_read_literal, given))
        self.bindings[place].append(
            _Binding("def", is_decorated, code, defaults=defaults, is_sure=is_sure)
        )


class _Comparison:
    def __init__(self, module: ModuleType, outline: Outline) -> None:
        self.module, self.outline = module, outline

    def compare(self, members: Any, scope: str, makers: _Makers) -> Iterator[str]:
        """Yield the places of a scope that differ.

        Args:
            members: The members of the scope.
            scope: The place of the class with a trailing dot; empty for the module.
            makers: The packages that may have wrapped or made a function there.
        """
        for attribute, value in list(members.items()):
            place = f"{scope}{attribute}"
            found = self.outline.bindings.get(place, [])
            kinds = {one.kind for one in found}
            if self._is_class(value, place, kinds):
                # The file does not show the members of a class that no statement defines.
                is_open = "class" not in kinds or any(one.is_decorated for one in found)
                classes = (*value.__mro__, type(value))
                packages = frozenset(one.__module__.partition(".")[0] for one in classes)
                inner = _ANYBODY if is_open else packages
                yield from self.compare(vars(value), f"{place}.", inner)
            elif not self._is_as_written(value, found, kinds, makers):
                yield f"{self.module.__name__}.{place}"
        for name in sorted(self.outline.functions.get(scope, frozenset()) - members.keys()):
            yield f"{self.module.__name__}.{scope}{name}"

    def _is_class(self, value: Any, place: str, kinds: set[str]) -> bool:
        is_class = issubclass(type(value), type) and value.__qualname__ == place
        # A class may claim another module; then its methods tell.
        return is_class and ("class" in kinds or value.__module__ == self.module.__name__)

    def _is_as_written(
        self, value: Any, found: list[_Binding], kinds: set[str], makers: _Makers
    ) -> bool:
        if kinds == {"class"}:
            return any(one.is_decorated for one in found)
        if kinds == {"literal"} and len(found) == 1:
            return type(value) not in _LITERALS or _is_same(value, found[0].value)
        functions = list(_reach(value))
        if kinds == {"def"}:
            return any(self._is_definition(one, functions, makers) for one in found)
        if kinds or not functions or makers is _NOBODY:
            return True
        function = functions[0]
        # Libraries such as dataclasses generate methods from text, in a namespace of their own.
        is_generated = function.__code__.co_filename.startswith("<")
        return function.__code__ in self.outline.codes or self._is_made_by(
            function, _ANYBODY if is_generated else makers
        )

    def _is_made_by(self, function: FunctionType, makers: _Makers) -> bool:
        package = str(function.__globals__.get("__name__", "")).partition(".")[0]
        if makers is _ANYBODY:
            return package != "__main__"
        own = self.module.__name__.partition(".")[0]
        return package in sys.stdlib_module_names or package == own or package in (makers or ())

    def _is_definition(
        self, binding: _Binding, functions: list[FunctionType], makers: _Makers
    ) -> bool:
        own = [one for one in functions if one.__code__ == binding.code]
        if not own:  # a decorator may replace the function, but not its code
            is_here = bool(functions) and functions[0].__globals__ is vars(self.module)
            is_other = not functions or (not is_here and self._is_made_by(functions[0], makers))
            return binding.is_decorated and is_other
        is_whole = binding.is_decorated or own[0] is functions[0]
        is_made = is_whole or self._is_made_by(functions[0], makers)
        given = (*(own[0].__defaults__ or ()), *(own[0].__kwdefaults__ or {}).values())
        return is_made and (
            len(given) == len(binding.defaults)
            and all(
                stated is _UNKNOWN or _is_same(value, stated)
                for value, stated in zip(given, binding.defaults, strict=True)
            )
        )


def _list_code(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _list_code(constant)


def _list_bindings(node: ast.stmt) -> Iterator[tuple[str, _Binding]]:
    """Yield the bindings of a statement that defines no function or class."""
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    value = _read_literal(getattr(node, "value", None))
    is_literal = isinstance(node, (ast.Assign, ast.AnnAssign)) and type(value) in _LITERALS
    if isinstance(node, ast.AnnAssign) and node.value is None:
        return
    for target in targets:
        if is_literal and isinstance(target, ast.Name):
            yield target.id, _Binding("literal", value=value)
            is_literal = isinstance(node, ast.Assign)
        elif target is not None:
            yield from ((each, _Binding("other")) for each in _list_names(target))
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        for alias in node.names:
            yield (alias.asname or alias.name).partition(".")[0], _Binding("other")
    elif not isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For, ast.Delete)):
        parts = [each for each in ast.iter_child_nodes(node) if not isinstance(each, ast.stmt)]
        yield from ((name, _Binding("other")) for part in parts for name in _list_names(part))


def _list_names(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load):
            yield each.id


def _list_changed(nodes: Iterable[ast.AST]) -> tuple[set[str], set[str]]:
    """Return the names that code of the file rebinds, and those of them not set on ``self``."""
    names: set[str] = set()
    replaced: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Global):
            names.update(node.names)
            replaced.update(node.names)
        elif isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            names.add(node.attr)
            if not (isinstance(node.value, ast.Name) and node.value.id == "self"):
                replaced.add(node.attr)
    return names, replaced


def _read_literal(node: ast.expr | None) -> Any:
    try:
        return _UNKNOWN if node is None else ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _UNKNOWN


def _mangle(name: str, scope: str) -> str:
    is_private = scope and name.startswith("__") and not name.endswith("__")
    owner = scope.rstrip(".").rpartition(".")[2].lstrip("_")
    return f"_{owner}{name}" if is_private and owner else name


def _is_same(value: Any, stated: Any) -> bool:
    return type(value) is type(stated) and repr(value) == repr(stated)  # nan, and -0.0


def _reach(value: Any) -> Iterator[FunctionType]:
    """Yield the functions that a value is or wraps, itself first."""
    waiting, seen = [value], {id(value)}
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, FunctionType):
            yield each
        elif not isinstance(each, _HOLDERS):  # foreign objects are not inspected
            continue
        inner = [getattr(each, name, None) for name in _INNER]
        inner += [_open(cell) for cell in getattr(each, "__closure__", None) or ()]
        waiting += [one for one in inner if id(one) not in seen]
        seen.update(map(id, inner))


def _open(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return None
