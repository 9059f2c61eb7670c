"""Reverse lookup: finds the component of which a user's object is an instance."""

from __future__ import annotations

import functools
import re
import sys
from typing import Any

from kplug.registry.building.resolved import config_of
from kplug.registry.candidates.scopes import user_components
from kplug.registry.component import NAME, Component
from kplug.registry.errors import DisabledComponentError, PluginLoadError
from kplug.registry.kinds import Kind
from kplug.registry.loading.running_builds import find_owner
from kplug.registry.registry import Registry


def find_component_of(registry: Registry, kind: Kind, instance: object) -> Component | None:
    """Return the component that an object is, or from which it can be rebuilt; None if there is none.

    An instance that cannot report its arguments, such as ``torch.nn.BCEWithLogitsLoss(pos_weight=…)``,
    has no component: the name alone would make another object. The search covers only modules that are
    loaded already, and imports none.
    """
    maker = instance.func if isinstance(instance, functools.partial) else type(instance)
    own = ((item, _find_loaded(item.target)) for item in user_components(kind.name))
    fitting = [
        component
        for component, loaded in (*own, *registry.index(kind).find_by_object(instance, maker))
        if (loaded is instance or (loaded is maker and config_of(instance) is not None))
        and _may_load(registry, component)
    ]
    # Several distributions may offer one object; the one that owns its code wins.
    return min(fitting, key=lambda one: find_owner(one) != one.origin.distribution, default=None)


def name_of(instance: object) -> str:
    """Return the name of a function, class or callable object, seen through ``functools.partial``.

    Example:
        >>> name_of(functools.partial(print, end=""))
        'print'
    """
    while isinstance(instance, functools.partial):
        instance = instance.func
    return str(getattr(instance, "__name__", type(instance).__name__))


def suggest_name(instance: object) -> str:
    """Return a declared name for an object of the user's code.

    Example:
        >>> suggest_name(lambda w: w)
        'lambda_function'
    """
    name = name_of(instance)
    if name == "<lambda>":
        return "lambda_function"
    name = name.lstrip("_") or "unnamed"
    if not NAME.fullmatch(name):
        name = re.sub(r"[^a-z0-9_]", "_", name.lower()).lstrip("_0123456789") or "unnamed"
    return name


def _may_load(registry: Registry, component: Component) -> bool:
    """Whether its name would load it: a plugin can declare a target in a user's module."""
    try:
        registry.load(component)
    except (PluginLoadError, DisabledComponentError):
        return False
    return True


def _find_loaded(target: Any) -> object:
    if not isinstance(target, str):
        return target
    module, _, path = target.partition(":")
    found: object = sys.modules.get(module)
    for attribute in path.split("."):
        found = getattr(found, attribute, None)
    return found
