"""Layers that take one tensor, and the message when they are given several."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from torch import Tensor

from kplug.errors import DataError
from kplug.graph import is_symbolic
from kplug.layers.base.shapes import holds_arrays

# As it stands, and as `from __future__ import annotations` leaves it.
_TENSOR: tuple[object, ...] = (Tensor, "Tensor", "torch.Tensor")


def asks_for_one(call: Callable[..., Any]) -> bool:
    """Return whether the first argument after ``self`` is annotated as one tensor.

    Example:
        >>> def call(self, inputs: Tensor) -> Tensor: ...
        >>> asks_for_one(call)
        True
    """
    parameters = list(inspect.signature(call).parameters.values())
    return len(parameters) > 1 and parameters[1].annotation in _TENSOR


def refuse_several(layer_name: str, inputs: Any) -> None:
    """Refuse a list, tuple or dict of tensors, arrays, or symbolic tensors.

    Raises:
        DataError: It is one; lists of numbers are one array, and pass.
    """
    if not isinstance(inputs, (list, tuple, dict)):
        return
    if is_symbolic(inputs) or holds_arrays(inputs):
        kind = next(kind for kind in (list, tuple, dict) if isinstance(inputs, kind))
        raise DataError(
            f"layer {layer_name!r} takes one tensor, got a {kind.__name__} of {len(inputs)}",
            hint="Join them first, as Concatenate()([…]) does, or call the layer on each.",
        )
