"""Components as data, in Keras's words: what the families' `serialize` and `deserialize` share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.dialect.names import is_in_keras, strip_packages
from kplug.dialect.writing_components import MODULES, describe
from kplug.registry import get_kind, resolve, resolve_object, scope


def describe_for_keras(kind: str, component: Any) -> dict[str, Any] | None:
    """Return Keras 3's dict for an instance of a built-in class that Keras has too; None for others."""
    owner = type(component)
    if not is_in_keras(kind, owner):
        return None
    return describe(MODULES[kind], owner.__name__, component.get_config())


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
    described = describe_for_keras(kind, component)
    if described is not None:
        return described
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
    # No preference changes what a stored name means; text with arguments is a spec, with a qualified name.
    if isinstance(config, str) and "(" not in config:
        config = {"class_name": config, "config": {}}
    with scope(**{get_kind(kind).plural: strip_packages(custom_objects)}):
        return resolve_object(kind, config)
