"""Builds the public functions, which dispatch on eager and symbolic arguments."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable
from typing import Any, NoReturn

from kplug.backend.refusals import REFUSALS, explain
from kplug.dialect.operation_classes import find_class_of
from kplug.errors import GraphError
from kplug.graph import is_symbolic
from kplug.graph.operators import connect
from kplug.ops.captured import refuse_captured
from kplug.ops.control import CONTROL
from kplug.ops.operands import Function
from kplug.ops.summaries import SUMMARIES
from kplug.ops.table import OPERATIONS
from kplug.registry.suggestions import find_most_alike


def make_functions(names: Iterable[str], module: str = "") -> dict[str, Function]:
    """Return the public functions of the given names, for one module of ``kplug.ops``."""
    prefix = module and f"{module}."
    return {name: _make_function(prefix + name, OPERATIONS[prefix + name]) for name in names}


def _make_function(name: str, compute: Function) -> Function:
    calls_functions = name in CONTROL
    signature = _find_signature(name, compute)
    first = next(iter(signature.parameters))

    def function(*args: Any, **kwargs: Any) -> Any:
        if not args and first in kwargs:  # what it is called here is no matter then
            args = (kwargs.pop(first),)
        if is_symbolic((args, kwargs)):
            if calls_functions:
                refuse_captured(name, (args, kwargs))
            return connect(name, args, kwargs)
        try:
            return compute(*args, **kwargs)
        except GraphError:
            if calls_functions:
                refuse_captured(name, (args, kwargs))
            raise
        except REFUSALS as error:
            is_of_users = calls_functions and isinstance(
                error, TypeError
            )  # in a function of theirs
            if is_of_users:
                raise
            hint = f"keras.io/api/ops says what {name} takes."
            explain(f"kplug.ops.{name}", error, (args, kwargs), hint)

    prefix = "kplug" if name.startswith("random.") else "kplug.ops"
    module, _, own = f"{prefix}.{name}".rpartition(".")
    function.__module__, function.__name__, function.__qualname__ = module, own, own
    theirs = f"{module.replace('kplug', 'keras')}.{own}"
    function.__doc__ = f"Return {SUMMARIES[name]}.\n\n    Reference:\n        ``{theirs}``."
    function.__signature__ = signature  # type: ignore[attr-defined]
    return function


def _find_signature(name: str, compute: Function) -> inspect.Signature:
    """Return names and defaults of arguments: Keras's names where torch's differ or are unknown."""
    try:
        given = inspect.signature(compute).parameters
    except ValueError:
        given = inspect.signature(compute, follow_wrapped=False).parameters
    found = find_class_of(name)
    if found is None or name == "einsum":
        return inspect.Signature([one.replace(annotation=_EMPTY) for one in given.values()])
    shown: list[inspect.Parameter] = []
    for own in found.parameters:
        default = given[own].default if own in given else _EMPTY
        if shown and default is _EMPTY and shown[-1].default is not _EMPTY:
            default = None
        shown.append(inspect.Parameter(own, _PLAIN, default=default))
    return inspect.Signature(shown)


_EMPTY, _PLAIN = inspect.Parameter.empty, inspect.Parameter.POSITIONAL_OR_KEYWORD


def refuse_name(module: str, name: str, known: Collection[str]) -> NoReturn:
    """Raise the error for a name that a module of functions lacks.

    Raises:
        AttributeError: The message lists similar names, and the number of names.
    """
    if name.startswith("_"):
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    alike = ", ".join(find_most_alike(name, known, 3))
    raise AttributeError(
        f"module {module!r} has no function {name!r}; most alike among its {len(known)} functions: "
        f"{alike}; dir({module}) lists all. A torch function does the same in a layer's call."
    )
