"""``Lambda`` layers in configurations: functions by name, never by code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.registry import Kind, get_kind
from kplug.registry.kinds import find_kind_of_slot

KIND = "activation"  # the kind under which the layer's functions are registered

_LAMBDA = "Lambda"
_FUNCTIONS = ("function", "output_shape", "mask")
# Keys with which Keras 2 marks code.
_TYPES = ("function_type", "output_shape_type")


def is_code(entry: Mapping[str, Any]) -> bool:
    """Return whether an entry contains Python code: a lambda, or a ``Lambda`` layer with one."""
    class_name, config = entry.get("class_name"), entry.get("config")
    if class_name != _LAMBDA:
        return class_name == "__lambda__"
    if not isinstance(config, Mapping):
        return True
    function = config.get("function")
    is_described = isinstance(function, Mapping) and isinstance(function.get("class_name"), str)
    is_named = isinstance(function, str) or is_described
    return not is_named or any(config.get(key) == "lambda" for key in _TYPES)


def find_kind_of_argument(layer: str, argument: str) -> Kind | None:
    """Return the kind of component that an argument of a layer takes, or None if it takes none.

    Args:
        layer: Name of the class, qualified or not.
        argument: Name of the argument.

    Example:
        >>> find_kind_of_argument("kplug/Lambda", "function").name
        'activation'
    """
    if argument in _FUNCTIONS and layer.rpartition("/")[2] == _LAMBDA:
        return get_kind(KIND)
    return find_kind_of_slot(argument)
