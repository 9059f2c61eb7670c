"""Converts arguments to tensors by Keras 3's type rules: integers become int32."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from kplug.backend import TensorLike, to_tensor
from kplug.backend.convert import to_float as to_float, type_beside
from kplug.backend.functions import Function as Function
from kplug.errors import DataError

_COUNTED_IN_INT32 = (torch.bool, torch.uint8, torch.int8, torch.int16)


def to_operand(value: TensorLike) -> torch.Tensor:
    """Return tensors and arrays in their own type; numbers and lists in int32 or ``floatx()``."""
    tensor = to_tensor(value)
    is_typed = isinstance(value, (torch.Tensor, np.ndarray, np.generic))
    return tensor.int() if not is_typed and tensor.dtype is torch.int64 else tensor


def to_operands(*values: TensorLike) -> tuple[torch.Tensor, ...]:
    """Return all as tensors on one device; a Python number takes its type from the tensors."""
    tensors = [None if _is_number(value) else to_operand(value) for value in values]
    first = next((one for one in tensors if one is not None), None)
    if first is None:
        return tuple(to_operand(value) for value in values)
    device = find_device(values) or first.device
    return tuple(
        _fill(value, first, device) if tensor is None else tensor.to(device)
        for value, tensor in zip(values, tensors, strict=True)
    )


def to_one_type(*values: TensorLike) -> list[torch.Tensor]:
    """Convert operands to one type: many torch functions refuse mixed types."""
    tensors = to_operands(*values)
    dtype = functools.reduce(torch.promote_types, (tensor.dtype for tensor in tensors))
    return [tensor.to(dtype) for tensor in tensors]


def find_device(values: Iterable[Any]) -> torch.device | None:
    """Return the device of the tensors, if there are any; constants are often left on the CPU."""
    devices = [one.device for one in values if isinstance(one, torch.Tensor)]
    return next((one for one in devices if one.type != "cpu"), devices[0] if devices else None)


def _is_number(value: object) -> bool:
    return isinstance(value, (bool, int, float))


def _fill(value: Any, other: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return a number in the type it has beside a tensor; integers beside booleans are int32, as in Keras."""
    dtype = type_beside(other, value)
    if dtype is torch.int64 and other.dtype is torch.bool:
        dtype = torch.int32
    # Filled on the device: copying a number would synchronize.
    return torch.full((), value, dtype=dtype, device=device)


def to_counting(x: torch.Tensor) -> torch.Tensor:
    """Convert booleans and small integers to int32, in which Keras sums them."""
    return x.int() if x.dtype in _COUNTED_IN_INT32 else x


def of_one(function: Function) -> Function:
    """Return a function of one operand; the other arguments are the caller's."""
    return _wrap(function, lambda x, *args, **kwargs: function(to_operand(x), *args, **kwargs))


def of_float(function: Function) -> Function:
    """Return a function of one operand of a float type."""
    return _wrap(function, lambda x, *args, **kwargs: function(to_float(x), *args, **kwargs))


def of_two(function: Function) -> Function:
    """Return a function of two operands, of which one may be a number."""
    return lambda x1, x2: function(*to_operands(x1, x2))


def of_two_floats(function: Function) -> Function:
    """Return a function of two operands of one float type."""
    return _wrap(
        function,
        lambda x1, x2, *args, **kwargs: function(
            *map(to_float, to_one_type(x1, x2)), *args, **kwargs
        ),
    )


def of_one_type(function: Function) -> Function:
    """Return a function of two operands of one type."""
    return lambda x1, x2: function(*to_one_type(x1, x2))


def of_several(function: Function) -> Function:
    """Return a function of a list of operands of one type."""
    return _wrap(function, lambda xs, *args, **kwargs: function(to_one_type(*xs), *args, **kwargs))


def _wrap(function: Function, made: Any) -> Function:
    made.__wrapped__ = function  # documentation shows its signature
    return made  # type: ignore[no-any-return]


def check_axis(x: torch.Tensor, axis: int) -> None:
    """Raise unless a tensor has an axis, which torch does not check on meta tensors.

    Raises:
        DataError: It has fewer.
    """
    count = max(x.ndim, 1)  # a number counts as a vector
    if not -count <= axis < count:
        raise DataError(f"axis {axis} is out of bounds for a tensor of shape {tuple(x.shape)}")


def to_flat(x: torch.Tensor, axis: int | None) -> tuple[torch.Tensor, int]:
    """Return a tensor and the axis to use; without one, flatten the tensor."""
    if axis is None:
        return x.reshape(-1), 0
    check_axis(x, axis)
    return x, axis
