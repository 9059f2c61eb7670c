"""Dtype names and their torch equivalents."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import torch

from kplug.backend.global_settings import floatx
from kplug.errors import ArgumentValueError

DTypeLike: TypeAlias = "str | torch.dtype | np.dtype[Any] | type | None"

_BY_NAME: dict[str, torch.dtype] = {
    "bool": torch.bool,
    "uint8": torch.uint8,
    "int8": torch.int8,
    "int16": torch.int16,
    "int32": torch.int32,
    "int64": torch.int64,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float32": torch.float32,
    "float64": torch.float64,
    "complex64": torch.complex64,
    "complex128": torch.complex128,
}
_NAMES = {dtype: name for name, dtype in _BY_NAME.items()}
_ALIASES: dict[str, str] = {
    "int": "int64",
    "float": "float32",
    "half": "float16",
    "double": "float64",
    "long": "int64",
}


def to_dtype(dtype: DTypeLike) -> torch.dtype:
    """Return the torch type for a name, a torch type, a NumPy type or ``None`` (``floatx()``).

    A policy dict of Keras 3 is read through its name.

    Example:
        >>> to_dtype("int32"), to_dtype(None)
        (torch.int32, torch.float32)
    """
    if isinstance(dtype, torch.dtype):
        return dtype
    if isinstance(dtype, str) and dtype in _BY_NAME:
        return _BY_NAME[dtype]
    name = floatx() if dtype is None else _name_of(dtype)
    found = _BY_NAME.get(_ALIASES.get(name, name))
    if found is None:
        raise ArgumentValueError("to_dtype", "dtype", dtype, "one of " + ", ".join(_BY_NAME))
    return found


def _name_of(dtype: object) -> str:
    if isinstance(dtype, str):
        return dtype.removeprefix("torch.")
    if isinstance(dtype, Mapping):
        policy = dtype.get("config", {})
        return str(policy.get("name", "")) if isinstance(policy, Mapping) else ""
    try:
        return np.dtype(dtype).name  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError):
        return ""


def dtype_name(dtype: DTypeLike) -> str:
    """Return the name of a type, as Keras writes it.

    Example:
        >>> dtype_name(torch.bfloat16), dtype_name(None)
        ('bfloat16', 'float32')
    """
    found = to_dtype(dtype)
    return _NAMES.get(found) or str(found).removeprefix("torch.")


standardize_dtype = dtype_name


def is_float_dtype(dtype: DTypeLike) -> bool:
    """Return whether a type is a real floating-point type.

    Example:
        >>> is_float_dtype("bfloat16"), is_float_dtype("int8")
        (True, False)
    """
    return to_dtype(dtype).is_floating_point


def is_int_dtype(dtype: DTypeLike) -> bool:
    """Return whether a type is an integer type; bool is not.

    Example:
        >>> is_int_dtype("uint8"), is_int_dtype("bool")
        (True, False)
    """
    found = to_dtype(dtype)
    return found is not torch.bool and not (found.is_floating_point or found.is_complex)


def result_type(*dtypes: DTypeLike) -> str:
    """Return the name of the result type of an operation on values of these types.

    ``int`` and ``float`` are Python's numbers, which do not widen a type of their kind.

    Example:
        >>> result_type("bfloat16", int), result_type("int8", "int32"), result_type("int64", "float16")
        ('bfloat16', 'int32', 'float16')

    Reference:
        ``keras.backend.result_type``. 64-bit types stay, as in torch; Keras narrows them to 32 bits.
    """
    numbers = [one for one in dtypes if one in (int, float)]
    types = [to_dtype(one) for one in dtypes if one not in (int, float)]
    if not types:
        return "int32" if numbers and float not in numbers else floatx()
    made = functools.reduce(torch.promote_types, types)
    for number in numbers:
        made = torch.result_type(torch.empty(1, dtype=made), number(0))  # type: ignore[operator]
    return dtype_name(made)
