"""A layer that calls a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kplug.backend import auto_name
from kplug.layers import Layer


class FunctionLayer(Layer):
    """A layer that calls a function, created by ``K.square(symbolic)``, for example.

    Args:
        function: The function. Its arguments are the layer's.
        name: Derived from the function's name if omitted.
    """

    supports_masking = True  # outputs have no mask, without a warning

    def __init__(
        self, function: Callable[..., Any], name: str | None = None, **options: Any
    ) -> None:
        super().__init__(name=name or auto_name(function.__name__.strip("<>")), **options)
        self.function = function

    def call(self, inputs: Any, *others: Any, **named: Any) -> Any:
        """Return what the function returns."""
        return self.function(inputs, *others, **named)

    def convert_inputs(self, inputs: Any) -> Any:
        """Return the inputs as they are."""
        return inputs

    def compute_mask(self, inputs: Any, previous_mask: Any) -> None:
        """Return ``None``: in Keras 2, outputs of functions have no mask."""

    def trace_masks(self, inputs: Any, previous_mask: Any) -> None:
        """Return ``None``, likewise."""
