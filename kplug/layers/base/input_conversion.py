"""Converts a layer's call inputs to tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from kplug.backend import to_tensor


def convert_inputs(inputs: Any, dtype: torch.dtype, casts_integers: bool) -> Any:
    """Return inputs as tensors, nested as they are; lists of numbers are one tensor.

    Args:
        inputs: A tensor, an array, numbers, or nested lists, tuples and dicts of these.
        dtype: The type that floats are cast to.
        casts_integers: Whether integers are cast to it, too.
    """
    if isinstance(inputs, Tensor):
        if inputs.dtype is dtype:
            return inputs
        is_cast = casts_integers or inputs.is_floating_point()
        # Under autocast, torch chooses the types of activations.
        if is_cast and (inputs.is_meta or not torch.is_autocast_enabled(inputs.device.type)):
            return inputs.to(dtype)
        return inputs
    if isinstance(inputs, dict):
        return {key: convert_inputs(part, dtype, casts_integers) for key, part in inputs.items()}
    if isinstance(inputs, (list, tuple)) and holds_arrays(inputs):
        parts = [convert_inputs(part, dtype, casts_integers) for part in inputs]
        return parts if isinstance(inputs, list) else tuple(parts)
    return convert_inputs(to_tensor(inputs), dtype, casts_integers)


def holds_arrays(inputs: object) -> bool:
    """Return whether nested lists hold tensors or arrays: several inputs, not rows of numbers."""
    if isinstance(inputs, (list, tuple)):
        return any(holds_arrays(part) for part in inputs)
    return isinstance(inputs, (Tensor, np.ndarray, dict))
