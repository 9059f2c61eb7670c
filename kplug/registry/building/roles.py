"""Roles of registered objects: the component itself, a class of it, or a factory."""

from __future__ import annotations

import functools
import inspect

from kplug.registry.component import Component, Role, find_role
from kplug.registry.errors import ContractError
from kplug.registry.kinds import Kind
from kplug.registry.parameters import find_parameters
from kplug.registry.quoting import name_type


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


def _undecided(kind: Kind, component: Component, finding: str) -> ContractError:
    return ContractError(
        f"{component.qualified_name} ({component.location}) {finding}: it may be "
        f"{kind.with_article} or a factory of one",
        hint="Its author marks it: @kplug.function if it is the "
        f"{kind.name} itself, @kplug.factory if it returns one"
        + (f"; or names its first parameters {', '.join(kind.leading)}." if kind.leading else "."),
    )
