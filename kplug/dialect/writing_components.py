"""Writes initializers, regularizers and other components in Keras's form."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from kplug.dialect.names import (
    CUSTOM,
    OWN_ARGUMENTS,
    OWN_NAME,
    find_keras_class,
    has_plain_name,
)
from kplug.dialect.tuples import list_tuples, mark_tuples
from kplug.errors import KplugError
from kplug.registry import REGISTRY, Component, Spec, get_kind, look_up, parse_spec
from kplug.registry.kinds import find_kind_of_slot

# Kinds of Keras functions: written as a bare name if all arguments have their defaults.
_WRITTEN_AS_NAMES = ("activation", "loss")


def write_component(kind: str, text: object) -> Any:
    """Return a component's spec in Keras 3's form; other values are unchanged.

    Args:
        kind: Its kind.
        text: The spec with its qualified name, such as ``kplug/l2(l2=0.01)``.

    Example:
        >>> write_component("regularizer", "kplug/l2(l2=0.5)")["class_name"]
        'L2'
        >>> write_component("activation", "kplug/relu")
        'relu'
    """
    if isinstance(text, Mapping):  # an unresolved slot, as given
        return dict(text)
    if not isinstance(text, (str, Spec)):
        return text
    return _write_spec(kind, parse_spec(text) if isinstance(text, str) else text)


def _write_spec(kind: str, spec: Spec, *, may_be_name: bool = True) -> Any:
    if spec.distribution is None:
        return str(spec)
    if may_be_name and kind in _WRITTEN_AS_NAMES and _is_default(kind, spec):
        return spec.name
    arguments = {key: _write_value(kind, key, value) for key, value in spec.kwargs.items()}
    return write_object(kind, spec.distribution, spec.name, arguments)


def write_object(
    kind: str, package: str, name: str, config: dict[str, Any], may_be_keras: bool = True
) -> dict[str, Any]:
    """Return Keras 3's dict for a component of a package with its arguments.

    Args:
        kind: Its kind.
        package: Its package.
        name: Its name.
        config: Its arguments.
        may_be_keras: Whether it may stand under the name of the Keras class that it is.
    """
    component = _find(kind, f"{package}/{name}") if may_be_keras else None
    stated = None if component is None else find_keras_class(kind, REGISTRY.load(component))
    is_plain = component is not None and stated is not None and has_plain_name(kind, component)
    if package == CUSTOM and not config and kind != "layer":
        return describe("builtins", "function", f"{CUSTOM}>{name}", "function")
    if stated is None:
        described = describe(None, name, list_tuples(config), f"{package}>{name}")
    else:
        module, _, class_name = stated.rpartition(".")
        described = describe(module, class_name, list_tuples(config))
        if is_plain:
            return described
        described[OWN_NAME] = f"{package}/{name}"
    own = mark_tuples(config)
    return {**described, OWN_ARGUMENTS: own} if own else described


def _find(kind: str, qualified_name: str) -> Component | None:
    """Return the loadable component with a name; None for the user's own."""
    try:
        component = look_up(get_kind(kind), Spec(qualified_name)).component
        REGISTRY.load(component)
    except KplugError:
        return None
    return component


def describe(
    module: str | None, class_name: str, config: Any, registered_name: str | None = None
) -> dict[str, Any]:
    """Return the dict in which Keras 3 describes an object."""
    return {
        "module": module,
        "class_name": class_name,
        "config": config,
        "registered_name": registered_name,
    }


def _write_value(kind: str, name: str, value: Any) -> Any:
    if isinstance(value, Spec):
        found = find_kind_of_slot(name) or get_kind(kind)
        # The name of a loss inside another would be read as a text.
        return _write_spec(found.name, value, may_be_name=found.name != "loss")
    if isinstance(value, (list, tuple)):
        items = [_write_value(kind, name, item) for item in value]
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, Mapping):
        return {key: _write_value(kind, name, item) for key, item in value.items()}
    return value


def _is_default(kind: str, spec: Spec) -> bool:
    """Return whether a component has a plain name, and its spec only default arguments."""
    component = _find(kind, f"{spec.distribution}/{spec.name}")
    if component is None or spec.args or not has_plain_name(kind, component):
        return False
    parameters = inspect.signature(REGISTRY.load(component)).parameters
    return all(
        name in parameters and parameters[name].default == value
        for name, value in spec.kwargs.items()
    )
