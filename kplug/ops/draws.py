"""Random sampling, under the ``keras.random`` names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.backend import DTypeLike, TensorLike, to_dtype
from kplug.backend.convert import to_shape
from kplug.backend.nn import dropout_mask
from kplug.backend.random import (
    Seed,
    find_generator,
    random_normal,
    random_uniform,
    truncated_normal,
)
from kplug.components.arguments import refusal, require_share
from kplug.errors import DataError
from kplug.ops.operands import Function, check_axis, to_float, to_operand


def _uniform(
    shape: Any,
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: DTypeLike = None,
    seed: Seed = None,
) -> Tensor:
    if not to_dtype(dtype).is_floating_point:
        raise refusal("uniform", "dtype", dtype, "a floating-point type; randint draws integers")
    return random_uniform(shape, minval, maxval, dtype, seed)


def _randint(
    shape: Any, minval: int, maxval: int, dtype: DTypeLike = "int32", seed: Seed = None
) -> Tensor:
    if to_dtype(dtype).is_floating_point or to_dtype(dtype) is torch.bool:
        raise refusal("randint", "dtype", dtype, "an integer type; uniform draws floats")
    return random_uniform(shape, minval, maxval, dtype, seed)


def _categorical(
    logits: TensorLike, num_samples: int, dtype: DTypeLike = "int32", seed: Seed = None
) -> Tensor:
    scores = to_float(logits)
    if scores.ndim != 2:
        raise DataError(
            f"categorical: the logits have shape {tuple(scores.shape)}; (N, classes) is needed"
        )
    generator = find_generator(seed, scores.device)
    drawn = torch.multinomial(scores.softmax(-1), num_samples, True, generator=generator)
    return drawn.to(to_dtype(dtype))


def _dropout(
    inputs: TensorLike,
    rate: float,
    noise_shape: Sequence[int | None] | None = None,
    seed: Seed = None,
) -> Tensor:
    x = to_float(inputs)
    require_share("dropout", "rate", rate)
    if seed is None and noise_shape is None:
        return F.dropout(x, rate, training=True)
    return x * dropout_mask(x, rate, noise_shape, find_generator(seed, x.device))


def _shuffle(x: TensorLike, axis: int = 0, seed: Seed = None) -> Tensor:
    given = to_operand(x)
    check_axis(given, axis)
    axis %= given.ndim
    # Each row before the axis has its own order, as in Keras.
    shape, device = given.shape[: axis + 1], given.device
    order = torch.rand(shape, generator=find_generator(seed, device), device=device).argsort(axis)
    rest = (1,) * (given.ndim - axis - 1)
    return given.gather(axis, order.reshape(*shape, *rest).expand(given.shape))


def _gamma(shape: Any, alpha: TensorLike, dtype: DTypeLike = None, seed: Seed = None) -> Tensor:
    strength = to_float(alpha).expand(to_shape(shape))
    drawn = _draw(torch._standard_gamma, strength, seed=seed)
    return drawn.clamp(min=torch.finfo(drawn.dtype).tiny).to(to_dtype(dtype))


def _beta(
    shape: Any, alpha: TensorLike, beta: TensorLike, dtype: DTypeLike = None, seed: Seed = None
) -> Tensor:
    sizes = to_shape(shape)
    both = torch.stack([to_float(one).expand(sizes) for one in (alpha, beta)], -1)
    return _draw(torch._sample_dirichlet, both, seed=seed)[..., 0].to(to_dtype(dtype))


def _binomial(
    shape: Any,
    counts: TensorLike,
    probabilities: TensorLike,
    dtype: DTypeLike = None,
    seed: Seed = None,
) -> Tensor:
    sizes = to_shape(shape)
    trials, shares = (to_float(one).expand(sizes) for one in (counts, probabilities))
    return _draw(torch.binomial, trials, shares.to(trials), seed=seed).to(to_dtype(dtype))


def _draw(function: Callable[..., Tensor], *numbers: Tensor, seed: Seed) -> Tensor:
    """Return a function's draws, in the shape and type of the first argument."""
    if numbers[0].is_meta:  # only the shape is needed
        return numbers[0]
    return function(*numbers, generator=find_generator(seed, numbers[0].device))


DRAWS: Mapping[str, Function] = {
    "beta": _beta,
    "binomial": _binomial,
    "categorical": _categorical,
    "dropout": _dropout,
    "gamma": _gamma,
    "normal": random_normal,
    "randint": _randint,
    "shuffle": _shuffle,
    "truncated_normal": truncated_normal,
    "uniform": _uniform,
}
