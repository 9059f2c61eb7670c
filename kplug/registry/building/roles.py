"""Roles of registered objects: the component itself, a class of it, or a factory."""

from __future__ import annotations

import functools
import inspect
from typing import Any

from kplug.registry.component import Component, Role, find_role
from kplug.registry.errors import ContractError
from kplug.registry.kinds import Kind
from kplug.registry.quoting import name_type

VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def decide_role(kind: Kind, target: object, component: Component) -> Role:
    """Decide whether a registered object is the component or makes it (D4).

    The author's mark wins. Without one, an object whose leading parameters are those of the kind is the
    component itself, and so is a callable instance. A class, or a function whose parameters use none of
    the kind's words, makes the component.

    Raises:
        ContractError: if the object is not callable, or its parameter names could mean either.
    """
    if not callable(target):
        raise ContractError(
            f"{component.qualified_name} ({component.location}) is {name_type(target)}, "
            f"not {kind.with_article}",
            hint="Offer a class or a function.",
        )
    marked = component.role or find_role(target)
    if marked is not None:
        return marked
    parameters = find_parameters(target)
    names = list(parameters or ())
    leading = kind.leading
    if leading and tuple(names[: len(leading)]) == leading:
        return "function"
    if inspect.isclass(target):
        return "class"
    # A callable instance, such as a torch module, can only be the component. A partial is judged by its
    # inner function, as if that had fewer parameters.
    if not isinstance(target, functools.partial) and not inspect.isroutine(inspect.unwrap(target)):
        return "function"
    if parameters is None:
        raise _undecided(kind, component, "has no signature that Python can read")
    # A loss may be written as (target, output); calling it as a factory would fail far from its author.
    words = set(names[: max(len(leading), 1)]) & (kind.vocabulary | set(leading))
    if words:
        raise _undecided(kind, component, f"takes ({', '.join(names)})")
    return "factory"


def find_parameters(target: Any) -> dict[str, inspect.Parameter] | None:
    """Return the parameters of a callable by name, or None where Python cannot read its signature."""
    try:
        return dict(inspect.signature(target).parameters)
    except (TypeError, ValueError):  # functions written in C often have none
        return None


def has_parameter(target: Any, name: str) -> bool:
    """Whether a callable has a parameter of this name, or passes it on to a base class that has it."""
    parameter = find_all_parameters(target).get(name)
    return parameter is not None and parameter.kind not in VARIADIC


def find_all_parameters(target: Any) -> dict[str, inspect.Parameter]:
    """Return the parameters of a callable, and of the base classes that it passes further keywords on to."""
    parameters = find_parameters(target) or {}
    if takes_any_keyword(target) and inspect.isclass(target):
        for base in target.__mro__[1:]:
            parameters = {**(find_parameters(base) or {}), **parameters}
    return parameters


def takes_any_keyword(target: Any) -> bool:
    """Return whether a callable has ``**kwargs``."""
    return any(item.kind is item.VAR_KEYWORD for item in (find_parameters(target) or {}).values())


def _undecided(kind: Kind, component: Component, finding: str) -> ContractError:
    return ContractError(
        f"{component.qualified_name} ({component.location}) {finding}: it may be "
        f"{kind.with_article} or a factory of one",
        hint="Its author marks it: @kplug.function if it is the "
        f"{kind.name} itself, @kplug.factory if it returns one"
        + (f"; or names its first parameters {', '.join(kind.leading)}." if kind.leading else "."),
    )
