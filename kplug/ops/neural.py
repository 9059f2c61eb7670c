"""Activations, cross-entropies and encodings, by their names in ``keras.ops.nn``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F

from kplug import backend as K
from kplug.backend import DTypeLike, TensorLike, to_dtype
from kplug.ops.operands import Function, of_float, of_one, to_operand


def _softmax(function: Function) -> Function:
    """Return softmax or its logarithm over one axis or several."""

    def along(x: torch.Tensor, axis: int | Sequence[int] = -1) -> Any:
        if isinstance(axis, int):
            return function(x, dim=axis)
        axes = tuple(one % x.ndim for one in axis)
        last = tuple(range(x.ndim - len(axes), x.ndim))
        moved = torch.movedim(x, axes, last)
        flat = moved.reshape(*moved.shape[: last[0]], -1)
        return torch.movedim(function(flat, dim=-1).reshape(moved.shape), last, axes)

    return along


def _one_hot(
    x: TensorLike,
    num_classes: int,
    axis: int = -1,
    dtype: DTypeLike = None,
    sparse: bool = False,
) -> torch.Tensor:
    del sparse
    rows = K.one_hot(to_operand(x), num_classes).to(to_dtype(dtype))
    return rows if axis == -1 else rows.movedim(-1, axis)


def _multi_hot(
    inputs: TensorLike,
    num_classes: int,
    axis: int = -1,
    dtype: DTypeLike = None,
    sparse: bool = False,
) -> torch.Tensor:
    x = to_operand(inputs)
    reduced = 1 if x.ndim > 1 else 0
    return _one_hot(x, num_classes, axis, dtype, sparse).amax(reduced)


def _binary(target: TensorLike, output: TensorLike, from_logits: bool = False) -> torch.Tensor:
    return K.binary_crossentropy(target, output, from_logits)


def _normalize(
    x: torch.Tensor, axis: int = -1, order: float = 2, epsilon: float | None = None
) -> torch.Tensor:
    return F.normalize(x, order, axis, K.epsilon() if epsilon is None else epsilon)


def _gelu(x: torch.Tensor, approximate: bool = True) -> torch.Tensor:
    return F.gelu(x, approximate="tanh" if approximate else "none")


NEURAL: Mapping[str, Function] = {
    "binary_crossentropy": _binary,
    "categorical_crossentropy": K.categorical_crossentropy,
    "celu": of_float(lambda x, alpha=1.0: F.celu(x, alpha)),
    "elu": of_float(lambda x, alpha=1.0: F.elu(x, alpha)),
    "gelu": of_float(_gelu),
    "glu": of_float(lambda x, axis=-1: F.glu(x, axis)),
    "hard_sigmoid": of_float(F.hardsigmoid),
    "hard_silu": of_float(F.hardswish),
    "hard_swish": of_float(F.hardswish),
    "hard_tanh": of_float(F.hardtanh),
    "leaky_relu": of_float(lambda x, negative_slope=0.2: F.leaky_relu(x, negative_slope)),
    "log_sigmoid": of_float(F.logsigmoid),
    "log_softmax": of_float(_softmax(torch.log_softmax)),
    "multi_hot": _multi_hot,
    "normalize": of_float(_normalize),
    "one_hot": _one_hot,
    "relu": of_one(F.relu),
    "relu6": of_one(F.relu6),
    "selu": of_float(F.selu),
    "sigmoid": of_float(torch.sigmoid),
    "silu": of_float(F.silu),
    "softmax": of_float(_softmax(torch.softmax)),
    "softplus": of_float(K.softplus),
    "softsign": of_float(F.softsign),
    "sparse_categorical_crossentropy": K.sparse_categorical_crossentropy,
    "swish": of_float(F.silu),
    "tanh_shrink": of_float(F.tanhshrink),
}
