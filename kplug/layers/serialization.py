"""Layers as data that JSON can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.layers.base.layer import Layer
from kplug.layers.base.layer_configs import describe_layer
from kplug.registry import resolve_object
from kplug.serialization import deserialize_component


def serialize(layer: Layer) -> dict[str, Any]:
    """Return a layer as ``{"class_name", "config"}``, without its weights.

    Args:
        layer: A layer or a model.

    Example:
        >>> from kplug.layers import ReLU
        >>> serialize(ReLU(name="r"))["class_name"]
        'ReLU'

    Reference:
        ``keras.layers.serialize``. Components are texts with qualified names, as in ``get_config``; what
        Keras reads is ``model.to_json()``.
    """
    return describe_layer(layer)


def deserialize(config: object, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the layer that data describes.

    Args:
        config: What ``serialize`` returned, here or in any version of Keras.
        custom_objects: Classes by name, known for this call only.

    Raises:
        ResolutionError: Nothing has that name.

    Example:
        >>> deserialize({"class_name": "Dense", "config": {"units": 3}}).units
        3

    Reference:
        ``keras.layers.deserialize``.
    """
    return deserialize_component("layer", config, custom_objects)


def get(identifier: object) -> Any:
    """Return the layer that an identifier means.

    Args:
        identifier: Text such as ``"dense(units=3)"``, a dict, a class or an instance.

    Returns:
        A ``Layer``.
    """
    return resolve_object("layer", identifier)
