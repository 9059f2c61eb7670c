"""Converts numbers and arrays to tensors, and normalizes axis arguments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch

from kplug.backend.arrays import from_numpy, is_table, read_array
from kplug.backend.dtypes import DTypeLike, to_dtype
from kplug.errors import ArgumentValueError, DataError, KplugError, SymbolicValueError
from kplug.registry.quoting import name_type, quote

TensorLike: TypeAlias = "torch.Tensor | np.ndarray[Any, Any] | Sequence[Any] | complex"
Axis: TypeAlias = "int | Sequence[int] | None"


def to_tensor(value: TensorLike, dtype: DTypeLike = None) -> torch.Tensor:
    """Return ``value`` as a tensor; a tensor that already has the dtype is returned itself.

    ``dtype=None`` keeps the type of tensors and arrays; Python floats become ``floatx()``.

    Raises:
        SymbolicValueError: ``value`` is a symbolic tensor.
        DataError: It contains other values than numbers, or rows of different lengths.
    """
    if isinstance(value, torch.Tensor):
        return value if dtype is None else value.to(to_dtype(dtype))
    if getattr(value, "is_symbolic", False):
        raise SymbolicValueError(
            f"{value!r} has no values until the model runs, so K cannot compute with it",
            hint="Write a layer whose call(self, inputs) computes with K, and call it on the tensor.",
        )
    if isinstance(value, np.ndarray) or is_table(value):
        tensor = (
            from_numpy(value) if isinstance(value, np.ndarray) else read_array(value, "the table")
        )
        return tensor if dtype is None else tensor.to(to_dtype(dtype))
    if dtype is not None:
        return _from_python(value, to_dtype(dtype))
    tensor = _from_python(value)
    return tensor.to(to_dtype(None)) if tensor.is_floating_point() else tensor


def _from_python(value: Any, dtype: torch.dtype | None = None) -> torch.Tensor:
    try:
        return torch.as_tensor(value, dtype=dtype)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(
            f"{quote(value)} ({name_type(value)}) cannot become a tensor: {error}",
            hint="Give a number, an array, a tensor, or nested lists of numbers; rows are of one length.",
        ) from error


def to_operand_of(owner: object, value: TensorLike) -> torch.Tensor:
    """Return ``value`` as a tensor; an error names the called object.

    Args:
        owner: The name of the called object, or the object itself.
        value: Its argument.

    Raises:
        KplugError: As by ``to_tensor``.
    """
    if isinstance(value, torch.Tensor):
        return value
    try:
        return to_tensor(value)
    except KplugError as error:
        name = owner if isinstance(owner, str) else type(owner).__name__
        raise error.at(name) from error.__cause__


def to_float(value: TensorLike) -> torch.Tensor:
    """Return ``value`` as a tensor of a float type; integers and booleans become ``floatx()``."""
    tensor = value if isinstance(value, torch.Tensor) else to_tensor(value)
    if tensor.is_floating_point() or tensor.is_complex():
        return tensor
    return tensor.to(to_dtype(None))


def to_pair(left: TensorLike, right: TensorLike) -> tuple[torch.Tensor, torch.Tensor]:
    """Return both as tensors; a Python number takes type and device from the other side.

    torch's binary functions such as ``torch.maximum`` refuse Python numbers, Keras's accept them.
    """
    if isinstance(left, torch.Tensor) and isinstance(right, torch.Tensor):
        return left, right
    if isinstance(left, torch.Tensor):
        return left, _like(right, left)
    if isinstance(right, torch.Tensor):
        return _like(left, right), right
    return to_tensor(left), to_tensor(right)


def _like(value: TensorLike, other: torch.Tensor) -> torch.Tensor:
    if isinstance(value, (bool, int, float)):
        # Filled on the device: copying a number would synchronize.
        return torch.full((), value, dtype=type_beside(other, value), device=other.device)
    return to_tensor(value).to(other.device)


def type_beside(other: torch.Tensor, value: float) -> torch.dtype:
    """Return what ``torch.result_type`` does of a real number, which torch's compiler cannot trace."""
    is_wide_enough = other.is_floating_point() or other.is_complex()
    if isinstance(value, bool) or is_wide_enough:
        return other.dtype
    if isinstance(value, float):
        return torch.get_default_dtype()
    return torch.int64 if other.dtype is torch.bool else other.dtype


def to_axes(axis: Axis) -> tuple[int, ...] | None:
    """Return the axes as a tuple, or ``None`` for all of them."""
    if axis is None:
        return None
    return (axis,) if isinstance(axis, int) else tuple(int(one) for one in axis)


def to_shape(shape: object) -> tuple[int, ...]:
    """Return a shape given as a number, a sequence, a ``torch.Size`` or a 1-D tensor.

    Raises:
        ArgumentValueError: ``shape`` contains other values than integers >= 0.
    """
    given = shape.tolist() if isinstance(shape, (torch.Tensor, np.ndarray)) else shape
    sizes: list[Any] = list(given) if isinstance(given, Iterable) else [given]
    if any(not isinstance(size, (int, np.integer)) or size < 0 for size in sizes):
        raise ArgumentValueError("backend", "shape", shape, "integers >= 0")
    return tuple(int(size) for size in sizes)
