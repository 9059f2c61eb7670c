"""Initializers, regularizers, constraints and activations as data, in Keras's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.registry import get_kind, resolve, resolve_object, scope

# Where the classes are that Keras has too, under the same names and with the same arguments.
_KNOWN_TO_KERAS = {
    f"kplug.{family}.{module}": f"keras.{family}"
    for family, modules in {
        "initializers": ("constant", "fourier", "orthogonal", "random", "recipes", "scaling"),
        "regularizers": ("norms", "orthogonality"),
        "constraints": ("norms",),
    }.items()
    for module in modules
}


def serialize_component(kind: str, component: object) -> dict[str, Any] | str | None:
    """Return a component as data that JSON can hold and `deserialize_component` reads.

    Args:
        kind: Its kind.
        component: What may stand for one; None stays None.

    Returns:
        For what Keras has as a class, Keras 3's dict, which Keras reads too. For a function of Keras, its
        name. For any other, its spec as text.

    Raises:
        ContractError: if it is no component of the kind.

    Example:
        >>> from kplug.regularizers import L2
        >>> serialize_component("regularizer", L2(0.5))["config"]
        {'l2': 0.5}
    """
    if component is None:
        return None
    owner = type(component)
    module = _KNOWN_TO_KERAS.get(owner.__module__)
    if module is not None and hasattr(component, "get_config"):
        return {
            "module": module,
            "class_name": owner.__name__,
            "config": component.get_config(),
            "registered_name": None,
        }
    found = resolve(kind, component)
    is_plain = not found.arguments and found.component.origin.distribution == "kplug"
    return found.component.name if is_plain else str(found.spec)


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
    with scope(**{get_kind(kind).plural: dict(custom_objects or {})}):
        return resolve_object(kind, config)
