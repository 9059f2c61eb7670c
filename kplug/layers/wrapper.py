"""``Wrapper``: the base class of layers that wrap another layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import Self

from kplug.components.arguments import refusal
from kplug.components.configurable import read_config
from kplug.layers.base.layer import Layer
from kplug.layers.serialization import read_inner, serialize


class Wrapper(Layer):
    """The base class of wrapper layers; a subclass implements ``call``.

    Args:
        layer: The wrapped layer, built for the same shape; also an attribute.

    Raises:
        ArgumentValueError: ``layer`` is no layer.

    Example:
        >>> import torch
        >>> from kplug.layers import Dense
        >>> class Twice(Wrapper):
        ...     def call(self, inputs):
        ...         return 2 * self.layer(inputs)
        >>> Twice(Dense(3))(torch.zeros(2, 4)).shape
        torch.Size([2, 3])

    Reference:
        ``keras.layers.Wrapper``.
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise refusal(type(self).__name__, "layer", layer, "a layer")
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any) -> None:
        """Build the wrapped layer."""
        self.layer.declare_for(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "layer": serialize(self.layer)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Create a layer from the result of ``get_config``, here or in Keras."""
        config = read_config(cls, config)
        if "layer" in config:
            config = {**config, "layer": read_inner(config["layer"])}
        return super().from_config(config)
