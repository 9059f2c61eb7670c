"""Names of number types, and their torch counterparts."""

from __future__ import annotations

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
    except TypeError:
        return ""


def dtype_name(dtype: DTypeLike) -> str:
    """Return the name of a type, as Keras writes it.

    Example:
        >>> dtype_name(torch.bfloat16), dtype_name(None)
        ('bfloat16', 'float32')
    """
    return str(to_dtype(dtype)).removeprefix("torch.")
