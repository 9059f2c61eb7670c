"""Matrix products and linear algebra, under their ``keras.ops`` names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from kplug.backend import TensorLike, linear
from kplug.components.arguments import require_choice
from kplug.ops.operands import (
    Function,
    of_float,
    of_one_type,
    of_two,
    of_two_floats,
    to_one_type,
    to_operand,
)


def _matmul(x1: TensorLike, x2: TensorLike) -> torch.Tensor:
    first, second = _to_factors(x1, x2)
    if first.dtype is torch.bool:
        return torch.matmul(first.int(), second.int()) != 0
    return torch.matmul(first, second)


def _einsum(subscripts: str, *operands: TensorLike) -> torch.Tensor:
    return torch.einsum(subscripts, *_to_factors(*operands))


def _to_factors(*operands: TensorLike) -> list[torch.Tensor]:
    """Return operands of one type; products of int8 are int32, as quantized layers need them."""
    tensors = [to_operand(one) for one in operands]
    if all(one.dtype is torch.int8 for one in tensors):
        return [one.int() for one in tensors]
    return to_one_type(*operands)


def _tensordot(x1: TensorLike, x2: TensorLike, axes: Any = 2) -> torch.Tensor:
    first, second = to_one_type(x1, x2)
    if not isinstance(axes, int):
        axes = [[one] if isinstance(one, int) else list(one) for one in axes]
    product: torch.Tensor = torch.tensordot(first, second, dims=axes)
    return product


def _dot(x1: torch.Tensor, x2: torch.Tensor) -> torch.Tensor:
    return x1 * x2 if x1.ndim == 0 or x2.ndim == 0 else linear.dot(x1, x2)


def _vdot(x1: torch.Tensor, x2: torch.Tensor) -> torch.Tensor:
    return torch.vdot(x1.reshape(-1), x2.reshape(-1))


def _outer(x1: torch.Tensor, x2: torch.Tensor) -> torch.Tensor:
    return torch.outer(x1.reshape(-1), x2.reshape(-1))


def _cross(
    x1: TensorLike,
    x2: TensorLike,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
) -> Any:
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    vectors = [
        one.movedim(at, -1) for one, at in zip(to_one_type(x1, x2), (axisa, axisb), strict=True)
    ]
    is_flat = all(one.shape[-1] == 2 for one in vectors)
    padded = [torch.nn.functional.pad(one, (0, 3 - one.shape[-1])) for one in vectors]
    product = torch.linalg.cross(*padded, dim=-1)
    return product[..., 2] if is_flat else product.movedim(-1, axisc)


def _slogdet(x: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return tuple(torch.linalg.slogdet(x))


PRODUCTS: Mapping[str, Function] = {
    "cdist": of_two_floats(lambda x, y: torch.cdist(x, y)),
    "cross": _cross,
    "dot": of_one_type(_dot),
    "einsum": _einsum,
    "inner": of_one_type(torch.inner),
    "kron": of_one_type(torch.kron),
    "logdet": of_float(torch.logdet),
    "matmul": _matmul,
    "outer": of_two(_outer),
    "slogdet": of_float(_slogdet),
    "tensordot": _tensordot,
    "vdot": of_one_type(_vdot),
}


def _norm(x: torch.Tensor, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    return torch.linalg.norm(x, ord, tuple(axis) if isinstance(axis, list) else axis, keepdims)


def _cholesky(x: torch.Tensor, upper: bool = False) -> Any:
    return torch.linalg.cholesky(x, upper=upper)


def _cholesky_inverse(x: torch.Tensor, upper: bool = False) -> torch.Tensor:
    return torch.cholesky_inverse(x, upper=upper)


def _jvp(
    fun: Function,
    primals: Sequence[TensorLike],
    tangents: Sequence[TensorLike],
    has_aux: bool = False,
) -> Any:
    given = (tuple(to_operand(one) for one in values) for values in (primals, tangents))
    return torch.func.jvp(fun, *given, has_aux=has_aux)


def _lstsq(a: torch.Tensor, b: torch.Tensor, rcond: float | None = None) -> torch.Tensor:
    columns = b.unsqueeze(-1) if b.ndim == a.ndim - 1 else b
    if a.is_meta:  # only the shape is needed
        made = a.new_empty((*a.shape[:-2], a.shape[-1], columns.shape[-1]))
    else:
        made = torch.linalg.lstsq(a, columns, rcond=rcond).solution
    return made if columns is b else made.squeeze(-1)


def _lu_factor(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    factors, pivots = torch.linalg.lu_factor(x)
    return factors, pivots - 1


def _qr(x: torch.Tensor, mode: str = "reduced") -> Any:
    mode = require_choice("qr", "mode", mode, ("reduced", "complete"))
    return tuple(torch.linalg.qr(x, mode=mode))


def _solve(a: torch.Tensor, b: torch.Tensor) -> Any:
    return torch.linalg.solve(a, b)


def _solve_triangular(a: torch.Tensor, b: torch.Tensor, lower: bool = False) -> Any:
    if b.ndim == a.ndim - 1:
        return torch.linalg.solve_triangular(a, b.unsqueeze(-1), upper=not lower).squeeze(-1)
    return torch.linalg.solve_triangular(a, b, upper=not lower)


def _svd(x: torch.Tensor, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    if not compute_uv:
        return torch.linalg.svdvals(x)
    return tuple(torch.linalg.svd(x, full_matrices))


def _matrix_rank(x: torch.Tensor, tol: Any = None) -> Any:
    return torch.linalg.matrix_rank(x, atol=tol, rtol=None if tol is None else 0.0).int()


LINALG: Mapping[str, Function] = {
    "cholesky": of_float(_cholesky),
    "cholesky_inverse": of_float(_cholesky_inverse),
    "det": of_float(torch.linalg.det),
    "eig": of_float(lambda x: tuple(torch.linalg.eig(x))),
    "eigh": of_float(lambda x: tuple(torch.linalg.eigh(x))),
    "inv": of_float(torch.linalg.inv),
    "jvp": _jvp,
    "lstsq": of_two_floats(_lstsq),
    "lu_factor": of_float(_lu_factor),
    "matrix_rank": of_float(_matrix_rank),
    "norm": of_float(_norm),
    "pinv": of_float(lambda x, rcond=None: torch.linalg.pinv(x, rtol=rcond)),
    "qr": of_float(_qr),
    "solve": of_two_floats(_solve),
    "solve_triangular": of_two_floats(_solve_triangular),
    "svd": of_float(_svd),
}
