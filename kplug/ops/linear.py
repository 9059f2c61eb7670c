"""Products of tensors, and linear algebra, by their names in ``keras.ops``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from kplug import backend as K
from kplug.backend import TensorLike
from kplug.ops.operands import Function, of_float, of_two, of_two_floats, to_operands


def _promote(*values: TensorLike) -> list[torch.Tensor]:
    """Return operands of one type: torch's products refuse to mix them."""
    tensors = to_operands(*values)
    dtype = tensors[0].dtype
    for tensor in tensors[1:]:
        dtype = torch.promote_types(dtype, tensor.dtype)
    return [tensor.to(dtype) for tensor in tensors]


def _product(function: Function) -> Function:
    return lambda x1, x2: function(*_promote(x1, x2))


def _einsum(subscripts: str, *operands: TensorLike) -> torch.Tensor:
    return torch.einsum(subscripts, *_promote(*operands))


def _tensordot(x1: TensorLike, x2: TensorLike, axes: Any = 2) -> torch.Tensor:
    first, second = _promote(x1, x2)
    if not isinstance(axes, int):
        axes = [[one] if isinstance(one, int) else list(one) for one in axes]
    product: torch.Tensor = torch.tensordot(first, second, dims=axes)
    return product


def _dot(x1: torch.Tensor, x2: torch.Tensor) -> torch.Tensor:
    return x1 * x2 if x1.ndim == 0 or x2.ndim == 0 else K.dot(x1, x2)


def _norm(x: torch.Tensor, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    return torch.linalg.norm(x, ord, axis, keepdims)


PRODUCTS: Mapping[str, Function] = {
    "dot": _product(_dot),
    "einsum": _einsum,
    "inner": _product(torch.inner),
    "matmul": _product(torch.matmul),
    "outer": of_two(lambda x1, x2: torch.outer(x1.reshape(-1), x2.reshape(-1))),
    "tensordot": _tensordot,
    "vdot": _product(lambda x1, x2: torch.vdot(x1.reshape(-1), x2.reshape(-1))),
}

LINALG: Mapping[str, Function] = {
    "cholesky": of_float(torch.linalg.cholesky),
    "det": of_float(torch.linalg.det),
    "inv": of_float(torch.linalg.inv),
    "norm": of_float(_norm),
    "solve": of_two_floats(torch.linalg.solve),
}
