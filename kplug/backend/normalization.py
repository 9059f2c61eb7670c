"""Batch normalization as a function, with given or batch moments."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from kplug.backend.convert import TensorLike, to_float, to_tensor


def batch_normalization(
    x: TensorLike,
    mean: TensorLike,
    var: TensorLike,
    beta: TensorLike | None,
    gamma: TensorLike | None,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> torch.Tensor:
    """Return gamma·(x − mean) / √(var + epsilon) + beta.

    The moments, beta (``None`` is 0) and gamma (``None`` is 1) have a value for each channel along
    ``axis``, or a shape that broadcasts with ``x``. torch.nn.functional.batch_norm takes beta after
    gamma.

    Example:
        >>> batch_normalization([[3.0], [5.0]], [4.0], [1.0], None, [2.0], epsilon=0.0)
        tensor([[-2.],
                [ 2.]])
    """
    x = to_float(x)
    scale = torch.rsqrt(_along(axis, x, var) + epsilon)
    if gamma is not None:
        scale = scale * _along(axis, x, gamma)
    result = (x - _along(axis, x, mean)) * scale
    return result if beta is None else result + _along(axis, x, beta)


def _along(axis: int, x: torch.Tensor, values: TensorLike) -> torch.Tensor:
    """Reshape per-channel values to broadcast with ``x``."""
    values = to_tensor(values).to(x)
    if values.ndim != 1 or x.ndim == 1:
        return values
    sizes = [1] * x.ndim
    sizes[axis] = -1
    return values.reshape(sizes)


def normalize_batch_in_training(
    x: TensorLike,
    gamma: TensorLike | None,
    beta: TensorLike | None,
    reduction_axes: Sequence[int],
    epsilon: float = 1e-3,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return ``x`` normalised with the moments of the batch over some axes, the mean and the variance.

    gamma (``None`` is 1) and beta (``None`` is 0) have a value for each position of the other axes. The
    variance is divided by n; Keras 2 divides by n − 1 where TensorFlow has a fused kernel (four axes,
    channels last).

    Example:
        >>> normed, mean, var = normalize_batch_in_training([[1.0], [3.0]], None, None, [0])
        >>> mean, var
        (tensor([2.]), tensor([1.]))
    """
    x = to_float(x)
    axes = sorted(axis % x.ndim for axis in reduction_axes)
    var, mean = torch.var_mean(x, dim=axes, correction=0)
    sizes = [1 if axis in axes else size for axis, size in enumerate(x.shape)]

    def spread(values: TensorLike | None) -> torch.Tensor | None:
        return None if values is None else to_tensor(values).reshape(sizes)

    normed = batch_normalization(
        x, mean.reshape(sizes), var.reshape(sizes), spread(beta), spread(gamma), -1, epsilon
    )
    return normed, mean, var
