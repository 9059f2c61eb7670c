"""Layers as arguments of layers: as configurations, and as copies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.layers.base import Layer
from kplug.registry import REGISTRY, Spec, get_kind, resolve_object
from kplug.registry.reverse import find_component_of


def describe_layer(layer: Layer) -> dict[str, Any]:
    """Return a layer as ``{"class_name": …, "config": …}``; only built-in classes have bare names."""
    return {"class_name": _name_class(layer), "config": layer.get_config()}


def _name_class(layer: Layer) -> str:
    owner = type(layer)
    if owner.__module__.partition(".")[0] == "kplug":
        return owner.__name__
    component = find_component_of(REGISTRY, get_kind("layer"), layer)
    return f"custom/{owner.__name__}" if component is None else component.qualified_name


def read_inner(entry: Any) -> Any:
    """Return the layer that ``{"class_name", "config"}`` or a spec means; a layer is returned itself.

    Raises:
        ResolutionError: No installed package offers the class.
    """
    if not isinstance(entry, Mapping) or "class_name" not in entry:
        return resolve_object("layer", entry)
    return find_layer_class(str(entry["class_name"])).from_config(dict(entry.get("config") or {}))


def find_layer_class(name: str) -> Any:
    """Return the class of layer or model that a configuration names.

    Raises:
        ResolutionError: No installed package offers it.
    """
    choice = REGISTRY.lookup(get_kind("layer"), Spec(name))
    return REGISTRY.load(choice.component)


def copy_layer(layer: Layer, **changes: Any) -> Any:
    """Return a new layer with the arguments of another one, and weights of its own.

    Args:
        layer: The other one. Components are those that it was given, objects included.
        changes: Arguments that differ.
    """
    config = layer.get_config()
    config.update(_given_components(layer, config))
    for name, value in list(config.items()):
        held = vars(layer).get("_modules", {}).get(name)
        if isinstance(held, Layer) and isinstance(value, Mapping):
            config[name] = copy_layer(held)
        elif name == "cells":
            config[name] = [copy_layer(cell) for cell in layer.cells]  # type: ignore[union-attr]
    return type(layer).from_config({**config, **changes})


def _given_components(layer: Layer, config: Mapping[str, Any]) -> dict[str, object]:
    return {
        name: slot.identifier
        for name, slot in layer.slots.items()
        if slot.is_argument and name in config
    }
