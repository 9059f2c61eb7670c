"""Layers of a few lines for tests of graphs."""

from __future__ import annotations

from typing import Any

from kplug.layers import Layer


class Sum(Layer):
    """Adds a list of tensors, or two arguments."""

    def call(self, inputs: Any, other: Any = None) -> Any:
        if other is not None:
            return inputs + other
        return sum(inputs[1:], start=inputs[0])


class Halves(Layer):
    """Cuts the last axis into two."""

    output_count = 2

    def call(self, inputs: Any) -> Any:
        return inputs.chunk(2, dim=-1)
