"""Shared implementation of the families' `serialize` and `deserialize`, in Keras's format."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from kplug.dialect.names import find_keras_class, has_plain_name, strip_packages
from kplug.dialect.writing_components import describe
from kplug.errors import ContractError
from kplug.registry import REGISTRY, Resolved, get_kind, resolve, resolve_object, scope
from kplug.registry.building.reverse_lookup import find_component_of, name_of


def describe_for_keras(kind: str, component: Any) -> dict[str, Any] | None:
    """Return Keras 3's dict for an instance of a class with a counterpart in Keras, else None."""
    path = find_plain_class(kind, type(component))
    if path is None:
        return None
    module, _, name = path.rpartition(".")
    return describe(module, name, component.get_config())


def find_plain_class(kind: str, owner: type) -> str | None:
    """Return module and name of the Keras class that stands for a component class in files, or None."""
    found = find_component_of(REGISTRY, get_kind(kind), owner)
    return find_keras_class(kind, owner) if found and has_plain_name(kind, found) else None


def serialize_component(kind: str, component: object) -> dict[str, Any] | str | None:
    """Return a component as data that JSON can hold and `deserialize_component` reads.

    Args:
        kind: Its kind.
        component: The component, or a name, spec or dict of it; None stays None.

    Returns:
        Keras 3's dict for a component that Keras has as a class; Keras reads it, too. The name for a function
        of Keras. The spec as text for any other.

    Raises:
        ContractError: if it is not a component of the kind, or its ``get_config`` leaves out an argument.

    Example:
        >>> from kplug.regularizers import L2
        >>> serialize_component("regularizer", L2(0.5))["config"]
        {'l2': 0.5}
    """
    if component is None:
        return None
    described = describe_for_keras(kind, component)
    if described is not None:
        return described
    found = resolve_whole(kind, component)
    is_plain = not found.arguments and has_plain_name(kind, found.component)
    return found.component.name if is_plain else str(found.spec)


def resolve_whole(kind: str, component: object) -> Resolved:
    """Resolve a component, and refuse it if its spec would not reproduce it."""
    found = resolve(kind, component)
    require_whole(found, kind)
    return found


def require_whole(resolved: Resolved, where: str) -> None:
    """Refuse a component whose configuration would not reproduce it.

    Args:
        resolved: The component; those inside it are checked too.
        where: Its slot.

    Raises:
        ContractError: A ``get_config`` leaves out an argument.
    """
    lost = resolved.lost
    if lost:
        what = f"{resolved.kind} {resolved.component.qualified_name}"
        raise refusal_of_lost(what, resolved.source, lost).at(where)
    for place, child in resolved.children.items():
        require_whole(child, f"{where}.{place}")


def refusal_of_lost(what: str, instance: object, lost: Sequence[str]) -> ContractError:
    """Return the error about an object whose configuration lacks arguments that it was given."""
    owner, listed = name_of(instance), " and ".join(map(repr, lost))
    if isinstance(instance, functools.partial):
        return ContractError(
            f"the {what} cannot be saved: a file cannot hold the {listed} of its functools.partial",
            hint=f"Write a function that calls {owner}, or save the weights alone, with save_weights.",
        )
    lines = "; ".join(f'config["{name}"] = self.{_find_attribute(instance, name)}' for name in lost)
    return ContractError(
        f"the {what} cannot be saved: it was given {listed}, which {owner}.get_config leaves out, so "
        f"another one would be loaded ({owner} is in {type(instance).__module__})",
        hint=f"Return it from {owner}.get_config as it was given, as a value that JSON can hold: {lines}; or "
        "save the weights alone, with save_weights.",
    )


def _find_attribute(instance: object, name: str) -> str:
    private = f"_{name}"
    return private if hasattr(instance, private) and not hasattr(instance, name) else name


def deserialize_component(
    kind: str, config: object, custom_objects: Mapping[str, Any] | None = None
) -> Any:
    """Return the component that data describes: a name, a spec, a dict of Keras 2, tf-keras or Keras 3.

    Args:
        kind: Its kind.
        config: The data; None stays None where the kind allows it.
        custom_objects: Components by name, known for this call only.

    Raises:
        ResolutionError: if nothing has that name.

    Example:
        >>> deserialize_component("regularizer", {"class_name": "L2", "config": {"l2": 0.5}})
        L2(l2=0.5)
    """
    # Preferences do not affect a stored name; text with arguments, or a sum, has qualified names.
    if isinstance(config, str) and {"(", "+", "*"}.isdisjoint(config):
        config = {"class_name": config, "config": {}}
    with scope(**{get_kind(kind).plural: strip_packages(custom_objects)}):
        return resolve_object(kind, config)
