"""Finds arguments that a component's source never reads."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any

# Methods that only report constructor arguments.
_TELLS = frozenset({"get_config", "__repr__"})


def find_unread(target: Any, names: Iterable[str]) -> list[str]:
    """Return the arguments that nothing reads, as far as the source is available.

    An argument of a class counts as read if its constructor does more than store it, or if another method
    reads its attribute. Reads through ``getattr`` are not detected.

    Args:
        target: A class or a function.
        names: The arguments in question.

    Example:
        >>> from kplug.regularizers import L1
        >>> find_unread(L1, ["l1"])
        []
    """
    function = target.func if isinstance(target, functools.partial) else target
    is_class = inspect.isclass(function)
    try:
        tree = _parse(inspect.getattr_static(target, "__init__") if is_class else function)
    except (OSError, TypeError, SyntaxError):
        return []
    read = set(_read_by_class(target, tree)) if is_class else _loaded(tree)
    # A signature may have arguments that are not in the source.
    written = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return [name for name in names if name in written - read]


def is_taken_up(target: Any, name: str) -> bool:
    """Whether a function, or a constructor, does anything with an argument; True if the source is unknown.

    Example:
        >>> from kplug.losses import Dice
        >>> is_taken_up(Dice, "reduction")
        True
    """
    function = _find_function(target)
    try:
        tree = _parse(function)
    except (OSError, TypeError, SyntaxError):
        return True
    written = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return name not in written or name in _loaded(tree)


def find_texts(target: Any, most: int = 40) -> list[str]:
    """Return the words in the code of a class or function, and of functions that it calls.

    Args:
        target: The class or function.
        most: The length of the list, at most.

    Example:
        >>> def total(values, over="mean"):
        ...     return sum(values) if over == "total" else sum(values) / len(values)
        >>> find_texts(total)
        ['total']
    """
    functions = [_find_function(target)]
    if inspect.isclass(target):
        functions += [one for one in vars(target).values() if inspect.isfunction(one)]
    found: dict[str, None] = {}
    for function in functions:
        code = getattr(inspect.unwrap(function), "__code__", None)
        if code is None:
            continue
        _add_texts(code, found)
        around = getattr(function, "__globals__", {})
        for name in _names_of(code):
            value = around.get(name)
            if inspect.isfunction(value):
                _add_texts(value.__code__, found)
            elif isinstance(value, (dict, list, tuple, set, frozenset)):
                found.update(dict.fromkeys(one for one in value if isinstance(one, str)))
    return [text for text in found if text.replace("_", "a").isalnum() and len(text) < 40][:most]


def _add_texts(code: Any, found: dict[str, None]) -> None:
    for constant in code.co_consts:
        if inspect.iscode(constant):
            _add_texts(constant, found)
        for one in constant if isinstance(constant, (tuple, frozenset)) else (constant,):
            if isinstance(one, str):
                found[one] = None


def _find_function(target: Any) -> Any:
    function = target.func if isinstance(target, functools.partial) else target
    return inspect.getattr_static(function, "__init__") if inspect.isclass(function) else function


def find_read_settings(owner: type) -> set[str]:
    """Return the keys that an optimizer's methods look up outside its state.

    Example:
        >>> from torch.optim import SGD
        >>> sorted(find_read_settings(SGD) & {"lr", "dampening", "momentum_buffer"})
        ['dampening', 'lr']
    """
    return {key for method in _methods(owner) for key in _looked_up(method)}


def _looked_up(function: Callable[..., Any]) -> Iterator[str]:
    """Return the texts in ``group["lr"]`` and ``group.get("lr")``."""
    try:
        tree = _parse(function)
    except (OSError, TypeError, SyntaxError):
        return
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(place, ast.Constant(str(key)), ast.Load()):
                pass
            case ast.Call(ast.Attribute(place, "get"), [ast.Constant(str(key)), *_]):
                pass
            case _:
                continue
        if "state" not in ast.unparse(place):
            yield key


def _read_by_class(owner: type, tree: ast.AST) -> Iterator[str]:
    kept = {id(name): place for place, name in _kept_as_they_are(tree)}
    yield from _loaded(tree, leaving_out=kept)
    attributes = {name for method in _methods(owner) for name in _read_attributes(method)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and kept.get(id(node)) in attributes:
            yield node.id


def _kept_as_they_are(tree: ast.AST) -> Iterator[tuple[str, ast.Name]]:
    """Yield names that are merely assigned to attributes: ``self.a, self.b = a, b``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for place in node.targets:
                yield from _pairs(place, node.value)
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            yield from _pairs(node.target, node.value)


def _pairs(place: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.Name]]:
    if isinstance(place, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, other in zip(place.elts, value.elts, strict=False):
            yield from _pairs(one, other)
    if isinstance(place, ast.Attribute) and isinstance(value, ast.Name):
        yield place.attr, value


def _methods(owner: type) -> Iterator[Callable[..., Any]]:
    """Yield the methods other than the constructor, including those called through ``super()``."""
    for name in dir(owner):
        if name in _TELLS or name == "__init__":
            continue
        for one in owner.__mro__:
            method = vars(one).get(name)
            function = getattr(method, "fget", None) or getattr(method, "__func__", method)
            if inspect.isfunction(function):
                yield function
                if "super" not in function.__code__.co_names:
                    break


def _read_attributes(function: Callable[..., Any]) -> set[str]:
    """Return the attributes that a function reads, of any object."""
    return set(_names_of(inspect.unwrap(function).__code__))


def _names_of(code: Any) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if inspect.iscode(constant):
            yield from _names_of(constant)


def _loaded(tree: ast.AST, leaving_out: Container[int] = ()) -> set[str]:
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Load)
        and id(node) not in leaving_out
    }


def _parse(function: Any) -> ast.AST:
    return ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
