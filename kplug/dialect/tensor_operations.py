"""Operators between tensors of a graph, which Keras 3 writes as objects that are no layers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

OPERATION = "TensorOperation"

_MODULE = "keras.src.ops.numpy"
_WORD_STARTS = re.compile(r"(?<=[a-z])(?=[A-Z])")


def is_operation(entry: Mapping[str, Any]) -> bool:
    """Return whether Keras 3 wrote an entry for an operator, and not for a layer of that name."""
    return str(entry.get("module")).startswith(("keras.src.ops", "keras.ops"))


def read_operation(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return Keras 3's entry of an operator as kplug's layer.

    Example:
        >>> read_operation({"class_name": "TrueDivide", "config": {"name": "t"}})["config"]
        {'name': 't', 'operation': 'true_divide'}
    """
    operation = _WORD_STARTS.sub("_", str(entry["class_name"])).lower()
    config = entry.get("config")
    # Arguments such as an axis are kept, so that a layer without them refuses the file.
    given = {"name": None, **config} if isinstance(config, Mapping) else {"name": None}
    return {"class_name": OPERATION, "config": {**given, "operation": operation}}


def write_operation(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return kplug's layer as Keras 3's entry of an operator."""
    class_name = "".join(word.capitalize() for word in config["operation"].split("_"))
    return {
        "module": _MODULE,
        "class_name": class_name,
        "config": {"name": config["name"]},
        "registered_name": class_name,
    }
