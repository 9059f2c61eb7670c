"""Layers and models as plain data, and back."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from torch import nn

from kplug.errors import SpecError
from kplug.layers import InputLayer, Layer
from kplug.registry import REGISTRY, Spec, get_kind, scope
from kplug.registry.kinds import KINDS


def describe_layer(layer: Layer) -> dict[str, Any]:
    """Return a layer as ``{"class_name": …, "config": …}``."""
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def layer_from_config(entry: Any) -> Any:
    """Return the layer, or the model, that a ``{"class_name", "config"}`` entry describes.

    Raises:
        SpecError: If the entry has another form.
        ResolutionError: If no installed package offers the class.
    """
    if not isinstance(entry, Mapping) or "class_name" not in entry:
        raise SpecError(
            f"{entry!r} does not describe a layer",
            hint="A layer is {'class_name': …, 'config': {…}}.",
        )
    owner = find_layer_class(str(entry["class_name"]))
    return owner.from_config(dict(entry.get("config") or {}))


def find_layer_class(name: str) -> Any:
    """Return the class that a configuration names.

    Raises:
        ResolutionError: If no installed package offers it.
    """
    from kplug.models.sequential import Sequential  # it needs this module to read its own layers

    own = {"Sequential": Sequential, "InputLayer": InputLayer}
    if name in own:
        return own[name]
    choice = REGISTRY.lookup(get_kind("layer"), Spec(name))
    return REGISTRY.load(choice.component)


def model_from_config(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Any:
    """Return the model that ``{"class_name": "Sequential", "config": …}`` describes.

    Args:
        config: The configuration; that of ``Sequential.get_config()`` alone is read as well.
        custom_objects: Classes and functions of your own, by the names in the configuration.
    """
    if "class_name" not in config and "layers" in config:
        config = {"class_name": "Sequential", "config": config}
    with scope_of(custom_objects):
        return layer_from_config(config)


def scope_of(custom_objects: Mapping[str, Any] | None) -> AbstractContextManager[Any]:
    """Return a scope in which the names mean the given objects, whatever their kind."""
    if not custom_objects:
        return nullcontext()
    layers = {
        name: each
        for name, each in custom_objects.items()
        if isinstance(each, type) and issubclass(each, nn.Module)
    }
    others = {name: each for name, each in custom_objects.items() if name not in layers}
    kinds = [kind.plural for kind in KINDS.values() if kind.name != "layer"]
    return scope(layers=layers, **{kind: others for kind in kinds if others})
