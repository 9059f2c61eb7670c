"""A layer that calls a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kplug.backend import auto_name
from kplug.layers import Layer


class FunctionLayer(Layer):
    """A layer that calls a function; what ``K.square(symbolic)`` makes.

    Args:
        function: The function. Its arguments are the layer's.
        name: Made from the function's if it is left out.
    """

    supports_masking = True  # what it makes has none, and that is nothing to warn of

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
        """Return ``None``: what functions make has no mask in Keras 2."""

    def trace_masks(self, inputs: Any, previous_mask: Any) -> None:
        """Return ``None``, likewise."""
