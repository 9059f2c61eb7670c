"""Activations, cross-entropies and encodings, under their ``keras.ops.nn`` names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F

from kplug import activations, backend as K
from kplug.backend import DTypeLike, TensorLike, nn, normalization, shaping, to_dtype
from kplug.backend.convert import to_axes
from kplug.components.arguments import require_integer
from kplug.ops.operands import (
    Function,
    check_axis,
    of_float,
    of_one,
    of_two_floats,
    to_flat,
    to_operand,
)
from kplug.registry.user_warnings import warn


def _over_axes(function: Function) -> Function:
    """Wrap a function so that ``axis=None`` means all axes."""

    def compute(x: torch.Tensor, axis: int | Sequence[int] | None = -1) -> torch.Tensor:
        axes = tuple(range(x.ndim)) if axis is None else axis
        for one in to_axes(axes) or ():
            check_axis(x, one)
        made: torch.Tensor = function(x, axes)
        return made

    return compute


_plain_softmax = _over_axes(activations.softmax)


def _softmax(x: torch.Tensor, axis: int | Sequence[int] | None = -1) -> torch.Tensor:
    made: torch.Tensor = _plain_softmax(x, axis)
    if isinstance(axis, int) and x.shape[axis] == 1:
        warn(
            f"softmax along axis {axis} of shape {tuple(x.shape)} is 1 everywhere: the axis has size 1. "
            "A sigmoid gives the probability of one class."
        )
    return made


def _one_hot(
    x: TensorLike,
    num_classes: int,
    axis: int = -1,
    dtype: DTypeLike = None,
    sparse: bool = False,
) -> torch.Tensor:
    del sparse
    rows = shaping.one_hot(x, num_classes).to(to_dtype(dtype))
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


def _layer_normalization(
    x: torch.Tensor,
    gamma: TensorLike | None = None,
    beta: TensorLike | None = None,
    axis: int | Sequence[int] = -1,
    epsilon: float | None = None,
) -> torch.Tensor:
    counted = x.to(torch.promote_types(x.dtype, torch.float32))
    var, mean = torch.var_mean(counted, to_axes(axis), correction=0, keepdim=True)
    made = (counted - mean) * torch.rsqrt(var + (K.epsilon() if epsilon is None else epsilon))
    made = made if gamma is None else made * _along(axis, x, gamma)
    return (made if beta is None else made + _along(axis, x, beta)).to(x.dtype)


def _rms_normalization(
    x: torch.Tensor,
    scale: TensorLike | None = None,
    axis: int | Sequence[int] = -1,
    epsilon: float | None = None,
) -> torch.Tensor:
    counted = x.to(torch.promote_types(x.dtype, torch.float32))
    square = counted.square().mean(to_axes(axis), keepdim=True)
    made = counted * torch.rsqrt(square + (K.epsilon() if epsilon is None else epsilon))
    return (made if scale is None else made * _along(axis, x, scale)).to(x.dtype)


def _along(axis: int | Sequence[int], x: torch.Tensor, values: TensorLike) -> torch.Tensor:
    """Reshape values along the normalized axes to broadcast with ``x``."""
    axes = [one % x.ndim for one in to_axes(axis) or ()]
    sizes = [size if at in axes else 1 for at, size in enumerate(x.shape)]
    values = to_operand(values)
    return values if values.ndim == x.ndim else values.reshape(sizes)


def _batch_normalization(
    x: torch.Tensor,
    mean: TensorLike,
    variance: TensorLike,
    axis: int,
    offset: TensorLike | None = None,
    scale: TensorLike | None = None,
    epsilon: float = 1e-3,
) -> torch.Tensor:
    counted = x.to(torch.promote_types(x.dtype, torch.float32))
    made = normalization.batch_normalization(counted, mean, variance, offset, scale, axis, epsilon)
    return made.to(x.dtype)


def _psnr(x1: torch.Tensor, x2: torch.Tensor, max_val: float) -> torch.Tensor:
    error = (x1 - x2).square().mean()
    return 20 * torch.log10(torch.as_tensor(max_val).to(error)) - 10 * torch.log10(error)


def _normalize(
    x: torch.Tensor, axis: int | None = -1, order: int = 2, epsilon: float | None = None
) -> torch.Tensor:
    require_integer("normalize", "order", order, "an integer >= 1", at_least=1)
    flat, along = to_flat(x, axis)
    made = F.normalize(flat, order, along, K.epsilon() if epsilon is None else epsilon)
    return made.reshape(x.shape)


def _gelu(x: torch.Tensor, approximate: bool = True) -> torch.Tensor:
    return F.gelu(x, approximate="tanh" if approximate else "none")


NEURAL: Mapping[str, Function] = {
    "binary_crossentropy": nn.binary_crossentropy,
    "batch_normalization": of_float(_batch_normalization),
    "categorical_crossentropy": nn.categorical_crossentropy,
    "celu": of_float(lambda x, alpha=1.0: F.celu(x, alpha)),
    "elu": nn.elu,
    "gelu": of_float(_gelu),
    "glu": of_float(lambda x, axis=-1: F.glu(x, axis)),
    "hard_shrink": of_float(activations.hard_shrink),
    "hard_sigmoid": of_float(F.hardsigmoid),
    "hard_silu": of_float(F.hardswish),
    "hard_swish": of_float(F.hardswish),
    "hard_tanh": of_float(F.hardtanh),
    "layer_normalization": of_float(_layer_normalization),
    "leaky_relu": of_float(lambda x, negative_slope=0.2: F.leaky_relu(x, negative_slope)),
    "log_sigmoid": of_float(F.logsigmoid),
    "log_softmax": of_float(_over_axes(activations.log_softmax)),
    "multi_hot": _multi_hot,
    "normalize": of_float(_normalize),
    "one_hot": _one_hot,
    "psnr": of_two_floats(_psnr),
    "relu": of_one(F.relu),
    "relu6": of_one(F.relu6),
    "rms_normalization": of_float(_rms_normalization),
    "selu": of_float(F.selu),
    "sigmoid": nn.sigmoid,
    "silu": of_float(F.silu),
    "soft_shrink": of_float(activations.soft_shrink),
    "softmax": of_float(_softmax),
    "softplus": nn.softplus,
    "softsign": nn.softsign,
    "sparse_categorical_crossentropy": nn.sparse_categorical_crossentropy,
    "sparse_plus": of_float(activations.sparse_plus),
    "sparse_sigmoid": of_float(activations.sparse_sigmoid),
    "sparsemax": of_float(activations.sparsemax),
    "squareplus": of_float(activations.squareplus),
    "swish": of_float(F.silu),
    "tanh_shrink": of_float(F.tanhshrink),
    "threshold": of_one(activations.threshold),
}
