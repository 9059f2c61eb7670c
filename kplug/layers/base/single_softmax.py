"""Warns about a softmax over a single unit."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, Protocol

from kplug.activations import softmax
from kplug.errors import KplugError
from kplug.layers.base.component_slots import HoldsSlots
from kplug.layers.base.shape_inference import as_shapes
from kplug.registry.user_warnings import warn


class HoldsShape(HoldsSlots, Protocol):
    """The interface of a layer with an activation slot and an output shape."""

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the output shape for an input shape."""


def warn_of_activation(layer: HoldsShape, input_shape: Any) -> None:
    """Warn if the activation of a layer is a softmax along an axis of length 1.

    Args:
        layer: A layer with declared weights.
        input_shape: The shape that it was built for.
    """
    slot = layer.slots.get("activation")
    if slot is None or slot.is_empty or softmax.__name__ not in str(slot.identifier).lower():
        return  # skip the look-up and the shape inference for other layers
    resolved = slot.find_resolved()
    function = None if resolved is None else resolved.object
    if getattr(function, "func", function) is not softmax:
        return
    with contextlib.suppress(KplugError):  # raised again when the shape is needed
        shapes = as_shapes(layer.compute_output_shape(input_shape))
        axis = getattr(function, "keywords", {}).get("axis", -1)
        warn_of_single_softmax(layer.name, shapes[0], axis)


def warn_of_single_softmax(name: str, shape: Sequence[int | None], axis: Any) -> None:
    """Warn if a softmax over some axes of a shape normalizes a single number.

    Args:
        name: The layer's name.
        shape: Shape with the batch in front.
        axis: An axis or several.
    """
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    if all(-len(shape) <= each < len(shape) and shape[each] == 1 for each in axes):
        warn(
            f"layer {name!r} computes a softmax over one unit, which is always 1; use "
            "activation='sigmoid' for a probability"
        )
