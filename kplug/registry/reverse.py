"""From an object in the user's code back to the component that it is an instance of."""

from __future__ import annotations

import functools
import inspect
import re
import sys
from typing import TYPE_CHECKING, Any

from kplug.registry.component import NAME, Component
from kplug.registry.kinds import Kind

if TYPE_CHECKING:
    from kplug.registry.host import Registry


def find_component_of(registry: Registry, kind: Kind, instance: object) -> Component | None:
    """Return the component whose class or function an object is, or None.

    Only modules that are imported already are looked at: nothing is imported to find out.
    """
    if isinstance(instance, functools.partial):
        instance = instance.func
    wanted = instance if _is_definition(instance) else type(instance)
    for component in registry.components(kind):
        if _find_loaded(component.target) is wanted:
            return component
    return None


def name_of(instance: object) -> str:
    """Return a declared name for an object of the user's code.

    Example:
        >>> name_of(lambda w: w)
        'lambda_function'
    """
    while isinstance(instance, functools.partial):
        instance = instance.func
    name = getattr(instance, "__name__", type(instance).__name__)
    if name == "<lambda>":
        return "lambda_function"
    name = name.lstrip("_") or "unnamed"
    if not NAME.fullmatch(name):
        name = re.sub(r"[^a-z0-9_]", "_", name.lower()).lstrip("_0123456789") or "unnamed"
    return name


def _is_definition(instance: object) -> bool:
    return inspect.isclass(instance) or inspect.isroutine(instance)


def _find_loaded(target: Any) -> object:
    if not isinstance(target, str):
        return target
    module, _, path = target.partition(":")
    found: object = sys.modules.get(module)
    for attribute in path.split("."):
        found = getattr(found, attribute, None)
    return found
