"""Tensor creation, under the ``keras.ops`` names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from kplug.backend import DTypeLike, TensorLike, shaping, to_dtype
from kplug.ops.operands import Function, of_one, to_float, to_operand, to_operands


def _convert_to_tensor(
    x: TensorLike, dtype: DTypeLike = None, sparse: bool | None = None, ragged: bool | None = None
) -> torch.Tensor:
    del sparse, ragged
    return to_operand(x) if dtype is None else to_operand(x).to(to_dtype(dtype))


def _arange(
    start: Any, stop: Any = None, step: Any = None, dtype: DTypeLike = None
) -> torch.Tensor:
    step = 1 if step is None else step
    given = (0, start, step) if stop is None else (start, stop, step)
    first, last, step = (one.item() if isinstance(one, torch.Tensor) else one for one in given)
    is_whole = all(isinstance(one, int) for one in (first, last, step))
    dtype = ("int32" if is_whole else None) if dtype is None else dtype
    # torch counts in the target type, which would truncate a step of 0.5 for integers.
    counted = torch.arange(first, last, step, dtype=torch.int64 if is_whole else None)
    return counted.to(to_dtype(dtype))


def _full(shape: Any, fill_value: Any, dtype: DTypeLike = None) -> torch.Tensor:
    return to_operand(fill_value).to(to_dtype(dtype)).expand(shape).clone()


def _full_like(x: TensorLike, fill_value: Any, dtype: DTypeLike = None) -> torch.Tensor:
    x = to_operand(x)
    value = to_operand(fill_value).to(x.device, x.dtype if dtype is None else to_dtype(dtype))
    return value.expand(x.shape).clone()


def _linspace(
    start: TensorLike,
    stop: TensorLike,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: DTypeLike = None,
    axis: int = 0,
) -> Any:
    first, last = (to_float(one) for one in to_operands(start, stop))
    step = (last - first) / max(num - 1 if endpoint else num, 1)
    places = torch.arange(num, dtype=step.dtype, device=step.device)
    made = first.unsqueeze(-1) + places * step.unsqueeze(-1)
    if endpoint and num > 1:
        made = torch.cat([made[..., :-1], last.expand(step.shape).unsqueeze(-1)], dim=-1)
    made = made.movedim(-1, axis)
    if dtype is not None and not to_dtype(dtype).is_floating_point:
        made = made.floor()
    made = made if dtype is None else made.to(to_dtype(dtype))
    return (made, step) if retstep else made


def _logspace(
    start: TensorLike,
    stop: TensorLike,
    num: int = 50,
    endpoint: bool = True,
    base: float = 10,
    dtype: DTypeLike = None,
    axis: int = 0,
) -> torch.Tensor:
    made = torch.pow(base, _linspace(start, stop, num, endpoint, axis=axis))
    return made if dtype is None else made.to(to_dtype(dtype))


def _geomspace(
    start: TensorLike,
    stop: TensorLike,
    num: int = 50,
    endpoint: bool = True,
    dtype: DTypeLike = None,
    axis: int = 0,
) -> torch.Tensor:
    first, last = map(to_float, to_operands(start, stop))
    first = first.expand((first + last).shape)
    logs = _linspace(first.abs().log(), last.abs().log(), num, endpoint, axis=axis)
    made = torch.sign(first).unsqueeze(axis) * torch.exp(logs)
    return made if dtype is None else made.to(to_dtype(dtype))


def _tri(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike = None) -> torch.Tensor:  # noqa: N803
    return torch.ones(N, N if M is None else M, dtype=to_dtype(dtype)).tril(k)


def _eye(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike = None) -> torch.Tensor:  # noqa: N803
    return _tri(N, M, k, dtype).triu(k)


def _meshgrid(*x: TensorLike, indexing: str = "xy") -> list[torch.Tensor]:
    flat = [one.reshape(-1) for one in to_operands(*x)]
    return list(torch.meshgrid(*flat, indexing=indexing))


def _window(function: Function) -> Function:
    """Return a function that creates a window of a given length."""
    return lambda x: _make_window(function, x)


def _kaiser(x: TensorLike, beta: TensorLike) -> Any:
    return _make_window(torch.kaiser_window, x, beta=float(to_operand(beta)))


def _make_window(function: Function, count: TensorLike, **numbers: float) -> Any:
    made = function(int(to_operand(count)), periodic=False, dtype=torch.float32, **numbers)
    return made.to(to_dtype(None))


_zeros_like = of_one(lambda x, dtype=None: shaping.zeros_like(x, dtype))

CREATION: Mapping[str, Function] = {
    "arange": _arange,
    "array": _convert_to_tensor,
    "bartlett": _window(torch.bartlett_window),
    "blackman": _window(torch.blackman_window),
    "convert_to_tensor": _convert_to_tensor,
    "empty": lambda shape, dtype=None: torch.empty(shape, dtype=to_dtype(dtype)),
    "empty_like": _zeros_like,
    "eye": _eye,
    "full": _full,
    "full_like": _full_like,
    "geomspace": _geomspace,
    "hamming": _window(torch.hamming_window),
    "hanning": _window(torch.hann_window),
    "identity": lambda n, dtype=None: torch.eye(n, dtype=to_dtype(dtype)),
    "kaiser": _kaiser,
    "linspace": _linspace,
    "logspace": _logspace,
    "meshgrid": _meshgrid,
    "ones": lambda shape, dtype=None: shaping.ones(shape, dtype),
    "ones_like": of_one(lambda x, dtype=None: shaping.ones_like(x, dtype)),
    "tri": _tri,
    "zeros": lambda shape, dtype=None: shaping.zeros(shape, dtype),
    "zeros_like": _zeros_like,
}
