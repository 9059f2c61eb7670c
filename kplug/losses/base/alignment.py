"""Aligns targets and predictions: device, type, rank and shape.

Targets of shape (N,) minus predictions of shape (N, 1) would broadcast to (N, N), whose mean looks like
a loss.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from kplug.backend import to_dtype
from kplug.backend.arrays import read_array
from kplug.components.arguments import refusal, require_integer
from kplug.errors import DataError, GraphError

ArrayLike: TypeAlias = Any  # Tensor, NumPy array, number or nested sequence of numbers

# Types too imprecise for sums and for logarithms near 0 and 1.
REDUCED_TYPES = frozenset({torch.float16, torch.bfloat16})
_SMALL_WHOLE = frozenset({torch.uint8, torch.int8, torch.int16, torch.int32})


def as_tensor(values: ArrayLike, owner: str = "loss", argument: str = "y_pred") -> Tensor:
    """Return the values as a tensor; numbers given as Python sequences get type ``floatx()``.

    Args:
        values: Tensor (returned unchanged), array or nested sequence.
        owner: The loss or metric, for the message.
        argument: The name of the argument, for the message.

    Raises:
        DataError: if they are no rectangular array of numbers.
    """
    if isinstance(values, Tensor):
        return _require_real(values, owner, argument) if values.is_complex() else values
    if getattr(values, "is_symbolic", False):
        raise GraphError(
            f"{owner}: {argument} is {values!r}, which has no values until the model runs",
            hint="Give the loss to compile, or compute it in a layer's call(self, inputs) and pass it to "
            "self.add_loss.",
        )
    # A copy: a metric may keep it, while the array's owner may overwrite its memory.
    tensor = read_array(values, f"{owner}: {argument}", kinds="fiubc").clone()
    _require_real(tensor, owner, argument)
    is_python = not isinstance(values, (np.ndarray, np.generic)) and not hasattr(values, "dtype")
    return tensor.to(to_dtype(None)) if is_python and tensor.is_floating_point() else tensor


def _require_real(tensor: Tensor, owner: str, argument: str) -> Tensor:
    if tensor.is_complex():
        raise DataError(
            f"{owner}: {argument} holds complex numbers ({str(tensor.dtype).removeprefix('torch.')})",
            hint="Give real and imaginary parts as two outputs: torch.view_as_real.",
        )
    return tensor


def as_predictions(
    y_pred: ArrayLike, dtype: torch.dtype | None = None, owner: str = "loss"
) -> Tensor:
    """Return predictions as a float tensor of the given type, by default their own."""
    tensor = as_tensor(y_pred, owner, "y_pred")
    if dtype is None:
        if tensor.is_floating_point():
            return tensor
        dtype = to_dtype(None)
    return tensor.to(dtype)


def as_targets(y_true: ArrayLike, y_pred: Tensor, owner: str = "loss") -> Tensor:
    """Return targets on the predictions' device and in their type."""
    tensor = as_tensor(y_true, owner, "y_true")
    if tensor.dtype is not y_pred.dtype or tensor.device != y_pred.device:
        tensor = tensor.to(device=y_pred.device, dtype=y_pred.dtype)
    return tensor


def as_class_ids(y_true: ArrayLike, y_pred: Tensor, owner: str = "loss") -> Tensor:
    """Return targets on the predictions' device, small whole numbers as int64.

    Masks are often bytes, in which 1 - 2 is 255.
    """
    tensor = as_tensor(y_true, owner, "y_true").to(y_pred.device)
    return tensor.long() if tensor.dtype in _SMALL_WHOLE else tensor


def align_ranks(
    y_true: Tensor, y_pred: Tensor, keep_last_axis: bool = False
) -> tuple[Tensor, Tensor]:
    """Give both tensors the same rank if they differ by a last axis of length 1.

    Shapes (N,) and (N, 1) both become (N, 1), in either order. At higher ranks the axis of length 1 is
    dropped, as in Keras, unless ``keep_last_axis``.

    Args:
        y_true: Targets.
        y_pred: Predictions.
        keep_last_axis: Add the missing axis instead of dropping the extra one, so that a loss
            reduces over it alone and leaves one value for each time step.

    Returns:
        The pair, unchanged if the ranks do not differ in this way.
    """
    difference = y_pred.ndim - y_true.ndim
    if difference == 1 and y_pred.shape[-1] == 1:
        if keep_last_axis or y_true.ndim == 1:
            return y_true.unsqueeze(-1), y_pred
        return y_true, y_pred.squeeze(-1)
    if difference == -1 and y_true.shape[-1] == 1:
        if keep_last_axis or y_pred.ndim == 1:
            return y_true, y_pred.unsqueeze(-1)
        return y_true.squeeze(-1), y_pred
    return y_true, y_pred


def has_several(sample_weight: ArrayLike) -> bool:
    """Return whether there is a weight per sample, not one for all."""
    if sample_weight is None:
        return False
    given = sample_weight if isinstance(sample_weight, Tensor) else as_tensor(sample_weight)
    return given.ndim > 0 and given.numel() != 1


def prepare(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    owner: str,
    advice: str | None = None,
    dtype: torch.dtype | None = None,
) -> tuple[Tensor, Tensor]:
    """Return targets and predictions of one rank, type, device and shape.

    Args:
        y_true: Targets.
        y_pred: Predictions; they determine the device, and the type by default.
        owner: The loss or metric, for the message.
        advice: The hint if the shapes differ.
        dtype: The type of both.

    Raises:
        DataError: if the shapes differ after alignment.
    """
    if (  # the most frequent case, in each step
        dtype is None
        and isinstance(y_pred, Tensor)
        and isinstance(y_true, Tensor)
        and y_true.shape == y_pred.shape
        and y_true.dtype is y_pred.dtype
        and y_pred.is_floating_point()
        and y_true.device == y_pred.device
    ):
        return y_true, y_pred
    predictions = as_predictions(y_pred, dtype, owner)
    targets = as_targets(y_true, predictions, owner)
    if targets.ndim != predictions.ndim:
        targets, predictions = align_ranks(targets, predictions)
    if targets.shape != predictions.shape:
        raise shape_error(owner, targets, predictions, advice)
    return targets, predictions


def require_axis(owner: str, axis: object, predictions: Tensor) -> int:
    """Return an axis of the predictions.

    Raises:
        ArgumentValueError: if they have no such axis, or it is no integer.
    """
    rank = predictions.ndim
    if type(axis) is int and -rank <= axis < rank:
        return axis
    allowed = f"an axis of y_pred, which has {rank}: an integer from {-rank} to {rank - 1}"
    number = require_integer(owner, "axis", axis, allowed, at_least=-rank)
    if number >= rank:
        raise refusal(owner, "axis", axis, allowed)
    return number


def shape_error(owner: str, y_true: Tensor, y_pred: Tensor, advice: str | None = None) -> DataError:
    """Return the error that names both shapes."""
    return DataError(
        f"{owner}: y_true has shape {tuple(y_true.shape)} and y_pred has shape "
        f"{tuple(y_pred.shape)}; the two must have the same shape",
        hint=advice or "Give one target for each output, or change the last layer's size.",
    )
