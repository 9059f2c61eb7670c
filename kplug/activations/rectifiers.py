"""Activations that keep positive inputs and damp negative ones."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.activations.operands import apply
from kplug.backend import TensorLike
from kplug.errors import ArgumentError


def linear(x: TensorLike) -> Tensor:
    """Return the input: what a layer without an activation does.

    Example:
        >>> linear(torch.tensor([-1.0, 2.0]))
        tensor([-1.,  2.])

    Reference:
        ``keras.activations.linear``; ``torch.nn.Identity``.
    """
    if not isinstance(x, Tensor):
        return apply(linear, x)
    return x


def relu(
    x: TensorLike,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
    *,
    alpha: float | None = None,
) -> Tensor:
    """Rectified linear unit: ``max(x, 0)``, or one with a leak, a ceiling and a threshold.

    ``max_value`` above it, ``x`` between ``threshold`` and it, and
    ``negative_slope · (x − threshold)`` below ``threshold``.

    Args:
        x: Any shape, floating.
        negative_slope: Slope below the threshold.
        max_value: Ceiling; None for none.
        threshold: Inputs up to here are damped.
        alpha: Keras 2's name of ``negative_slope``.

    Raises:
        ArgumentError: if both ``alpha`` and ``negative_slope`` are given.

    Example:
        >>> relu(torch.tensor([-2.0, 1.0, 8.0]), negative_slope=0.5, max_value=6.0)
        tensor([-1.,  1.,  6.])

    Reference:
        Keras 3's ``relu``.
    """
    if not isinstance(x, Tensor):
        return apply(
            relu,
            x,
            negative_slope=negative_slope,
            max_value=max_value,
            threshold=threshold,
            alpha=alpha,
        )
    slope = _read_slope("relu", "negative_slope", negative_slope, alpha, default=0.0)
    if max_value is None and threshold == 0.0:
        return torch.relu(x) if slope == 0.0 else F.leaky_relu(x, slope)
    kept = torch.where(x > threshold, x, 0.0) if threshold != 0.0 else torch.relu(x)
    if max_value is not None:
        kept = kept.clamp(0.0, max_value)
    return kept if slope == 0.0 else kept - slope * torch.relu(threshold - x)


def leaky_relu(x: TensorLike, negative_slope: float = 0.2, *, alpha: float | None = None) -> Tensor:
    """Leaky rectified linear unit: ``x`` above 0, ``negative_slope · x`` below.

    Args:
        x: Any shape, floating.
        negative_slope: Slope below 0.
        alpha: Keras 2's name of ``negative_slope``.

    Raises:
        ArgumentError: if both names of the slope are given.

    Example:
        >>> leaky_relu(torch.tensor([-1.0, 2.0]))
        tensor([-0.2000,  2.0000])

    Reference:
        Maas et al., 2013. Keras 3's function has slope 0.2, its layer 0.3, torch 0.01.
    """
    if not isinstance(x, Tensor):
        return apply(leaky_relu, x, negative_slope=negative_slope, alpha=alpha)
    slope = _read_slope("leaky_relu", "negative_slope", negative_slope, alpha, default=0.2)
    return F.leaky_relu(x, slope)


def relu6(x: TensorLike) -> Tensor:
    """Rectified linear unit with ceiling 6: ``min(max(x, 0), 6)``.

    Example:
        >>> relu6(torch.tensor([-1.0, 2.0, 9.0]))
        tensor([0., 2., 6.])

    Reference:
        Krizhevsky, 2010.
    """
    if not isinstance(x, Tensor):
        return apply(relu6, x)
    return F.relu6(x)


def elu(x: TensorLike, alpha: float = 1.0) -> Tensor:
    """Exponential linear unit: ``x`` above 0, ``alpha · (exp(x) − 1)`` below.

    Args:
        x: Any shape, floating.
        alpha: Depth of the negative side.

    Example:
        >>> elu(torch.tensor([-1.0, 2.0]))
        tensor([-0.6321,  2.0000])

    Reference:
        Clevert et al., 2016.
    """
    if not isinstance(x, Tensor):
        return apply(elu, x, alpha=alpha)
    return F.elu(x, alpha)


def celu(x: TensorLike, alpha: float = 1.0) -> Tensor:
    """Continuously differentiable ELU: ``x`` above 0, ``alpha · (exp(x / alpha) − 1)`` below.

    Args:
        x: Any shape, floating.
        alpha: Depth of the negative side, not 0.

    Example:
        >>> celu(torch.tensor([-1.0, 2.0]), alpha=2.0)
        tensor([-0.7869,  2.0000])

    Reference:
        Barron, 2017.
    """
    if not isinstance(x, Tensor):
        return apply(celu, x, alpha=alpha)
    return F.celu(x, alpha)


def selu(x: TensorLike) -> Tensor:
    """Scaled ELU, ``1.0507 · elu(x, 1.6733)``: keeps mean 0 and variance 1 from layer to layer.

    It does so for weights from ``lecun_normal``.

    Example:
        >>> selu(torch.tensor([-1.0, 2.0]))
        tensor([-1.1113,  2.1014])

    Reference:
        Klambauer et al., 2017.
    """
    if not isinstance(x, Tensor):
        return apply(selu, x)
    return F.selu(x)


def threshold(x: TensorLike, threshold: float, default_value: float) -> Tensor:
    """``x`` above the threshold, ``default_value`` elsewhere.

    Args:
        x: Any shape, floating.
        threshold: Inputs up to here are replaced.
        default_value: Their replacement.

    Example:
        >>> threshold(torch.tensor([0.5, 2.0]), threshold=1.0, default_value=-1.0)
        tensor([-1.,  2.])

    Reference:
        ``keras.activations.threshold``; ``torch.nn.Threshold``.
    """
    if not isinstance(x, Tensor):
        return apply(_THRESHOLD, x, threshold=threshold, default_value=default_value)
    return F.threshold(x, threshold, default_value)


_THRESHOLD = threshold  # an argument shadows the name in the function


def _read_slope(owner: str, name: str, value: float, alias: float | None, default: float) -> float:
    if alias is None:
        return value
    if value != default:
        raise ArgumentError(
            f"{owner}: {name!r} and 'alpha' are the same argument, and both are given "
            f"({value!r} and {alias!r})",
            hint=f"Leave 'alpha' out: {owner}({name}={value!r})",
        )
    return alias
