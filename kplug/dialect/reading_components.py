"""Reads components from the configurations of any Keras, with qualified names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.dialect.lambda_layers import is_code
from kplug.dialect.names import (
    BUILT_IN,
    CUSTOM,
    OWN_NAME,
    Names,
    find_built_in,
)
from kplug.dialect.tuples import read_arguments
from kplug.errors import WeightsError
from kplug.registry import get_kind
from kplug.registry.kinds import find_kind_of_slot
from kplug.registry.lookup_keys import lookup_key

# Names whose meaning in Keras 2 and tf-keras differs from the current one.
_OLD_ACTIVATIONS = {
    lookup_key(f"{BUILT_IN}/hard_sigmoid"): f"{BUILT_IN}/hard_sigmoid(slope=0.2)",
}


def is_description(value: object) -> bool:
    """Return whether a value is Keras's dict of an object."""
    return isinstance(value, Mapping) and isinstance(value.get("class_name"), str)


def refuse_code(entry: Mapping[str, Any]) -> None:
    """Raise ``WeightsError`` for an entry that contains Python code."""
    if is_code(entry):
        config = entry.get("config")
        name = config.get("name") if isinstance(config, Mapping) else None
        of_layer = f" (layer {name!r})" if isinstance(name, str) else ""
        raise WeightsError(
            f"the file holds Python code, a {entry['class_name'].strip('_')}{of_layer}, and code "
            "from files is never run",
            hint="Write it as a Layer of your own or a named function, build the model in code, "
            "and load its weights with load_weights.",
        )


def read_component(kind: str, value: Any, names: Names) -> Any:
    """Return a component with its qualified name, in a form that the registry resolves.

    Raises:
        WeightsError: It is code.
    """
    if isinstance(value, str):
        # kplug's names and texts with arguments are specs already.
        return value if "/" in value or "(" in value else _read_name(kind, value, names)
    if not is_description(value):
        return value
    refuse_code(value)
    if value["class_name"] == "function":
        return _read_name(kind, str(value.get("config")), names)
    if value["class_name"] == "OptimizerMap":
        return {"class_name": "OptimizerMap", "config": _read_all(kind, value["config"], names)}
    config = read_arguments(value) or {}
    if isinstance(config, str):  # Keras 2's form of some functions
        return _read_name(kind, config, names)
    return {"class_name": qualify(kind, value, names), "config": _read_all(kind, config, names)}


def qualify(kind: str, entry: Mapping[str, Any], names: Names) -> str:
    """Return the qualified name of the class that an entry describes.

    A registered class, or one outside Keras, is never a built-in of the same name.
    """
    class_name, own = str(entry["class_name"]), entry.get(OWN_NAME)
    if isinstance(own, str) and "/" in own:
        package, _, name = own.partition("/")
        return names.qualify_package(kind, package, name)
    registered, module = entry.get("registered_name"), entry.get("module")
    full = class_name if ">" in class_name else registered
    if isinstance(full, str) and ">" in full:
        package, _, name = full.rpartition(">")
        if _is_tf_keras(kind, package, name, entry):
            return f"{BUILT_IN}/{name}"
        return names.qualify_package(kind, package, name)
    if isinstance(module, str) and module.partition(".")[0] in ("keras", "tf_keras"):
        return names.find(kind, class_name) or f"{BUILT_IN}/{class_name}"
    if "module" in entry:
        return f"{CUSTOM}/{class_name}"
    return names.qualify(kind, class_name)


def _is_tf_keras(kind: str, package: str, name: str, entry: Mapping[str, Any]) -> bool:
    """Return whether this is a built-in optimizer of tf-keras, such as ``Custom>Adam``."""
    config = entry.get("config")
    is_marked = isinstance(config, Mapping) and "is_legacy_optimizer" in config
    return (
        kind == "optimizer"
        and package == "Custom"
        and is_marked
        and bool(find_built_in(kind, name))
    )


def _read_name(kind: str, name: str, names: Names) -> str:
    package, _, bare = name.rpartition(">")
    if package:
        return names.qualify_package(kind, package, bare)
    qualified = names.qualify(kind, name)
    if names.generation.number > 2 or kind != "activation":
        return qualified
    return _OLD_ACTIVATIONS.get(lookup_key(qualified), qualified)


def _read_all(kind: str, config: Any, names: Names) -> Any:
    """Return arguments, with components among them converted."""
    if not isinstance(config, Mapping):
        return config
    return {key: _read_argument(kind, key, value, names) for key, value in config.items()}


def _read_argument(kind: str, key: str, value: Any, names: Names) -> Any:
    if key == "dtype" and isinstance(value, Mapping):  # a dtype policy
        inner = value.get("config")
        return inner.get("name") if isinstance(inner, Mapping) else None
    if is_description(value):
        found = find_kind_of_slot("learning_rate" if key == "lr" else key) or get_kind(kind)
        return read_component(found.name, value, names)
    if isinstance(value, (list, tuple)):
        items = [_read_argument(kind, key, item, names) for item in value]
        return items if isinstance(value, list) else tuple(items)
    if key in ("optimizer_map", "inner_optimizer") and isinstance(value, Mapping):
        return _read_all(kind, value, names)
    return value
