"""Layers that create their own cell, such as ``LSTM``, and expose its attributes."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from kplug.backend import snake_case
from kplug.components.configurable import list_keywords
from kplug.layers.base.layer import Layer

_OF_LAYER = frozenset(list_keywords(Layer))


def show_cell(layer_class: type, cell_class: type) -> None:
    """Expose each argument of the cell as a property of the layer."""
    for name in list_keywords(cell_class):
        if name not in _OF_LAYER:
            setattr(layer_class, name, _make_property(name))


def _make_property(name: str) -> property:
    return property(lambda layer: getattr(layer.cell, name), doc=f"``{name}`` of the cell.")


def make_cell(cell_class: Any, arguments: Mapping[str, Any]) -> tuple[Layer, dict[str, Any]]:
    """Make the cell of a layer.

    Args:
        cell_class: Class of the cell.
        arguments: The arguments of the layer.

    Returns:
        The cell, and the arguments that are not the cell's.
    """
    known = inspect.signature(cell_class).parameters.keys() - _OF_LAYER
    cell = cell_class(
        **{name: arguments[name] for name in arguments if name in known},
        dtype=arguments.get("dtype"),
        trainable=arguments.get("trainable", True),
        name=snake_case(cell_class.__name__),
    )
    return cell, {name: arguments[name] for name in arguments if name not in known}


def describe_cell(cell: Layer) -> dict[str, Any]:
    """Return the part of a layer's configuration that describes its cell."""
    return {name: value for name, value in cell.get_config().items() if name not in _OF_LAYER}
