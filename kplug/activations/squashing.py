"""Bounded activations: sigmoids, tangents and their piecewise linear versions."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.activations.operands import apply
from kplug.backend import TensorLike


def sigmoid(x: TensorLike) -> Tensor:
    """Logistic function ``1 / (1 + exp(−x))``: from 0 to 1.

    Example:
        >>> sigmoid(torch.tensor([-2.0, 0.0]))
        tensor([0.1192, 0.5000])

    Reference:
        ``keras.activations.sigmoid``.
    """
    if not isinstance(x, Tensor):
        return apply(sigmoid, x)
    return torch.sigmoid(x)


def hard_sigmoid(x: TensorLike, slope: float = 1 / 6) -> Tensor:
    """Straight-edged sigmoid: ``clip(slope · x + 0.5, 0, 1)``.

    Args:
        x: Any shape, floating.
        slope: How steep it is at 0; 1/6 in Keras 3, 0.2 in Keras 2 and tf-keras.

    Example:
        >>> hard_sigmoid(torch.tensor([-4.0, 0.0, 1.0]))
        tensor([0.0000, 0.5000, 0.6667])
        >>> hard_sigmoid(torch.tensor([-4.0, 0.0, 1.0]), slope=0.2)
        tensor([0.0000, 0.5000, 0.7000])

    Reference:
        ``keras.activations.hard_sigmoid``, which has no slope. Files of Keras 2 and tf-keras are read
        with theirs.
    """
    if not isinstance(x, Tensor):
        return apply(hard_sigmoid, x, slope=slope)
    if slope == 1 / 6:
        return F.hardsigmoid(x)
    return (slope * x + 0.5).clamp(0.0, 1.0)


def log_sigmoid(x: TensorLike) -> Tensor:
    """Logarithm of the sigmoid, ``−log(1 + exp(−x))``, without overflow.

    Example:
        >>> log_sigmoid(torch.tensor([-200.0, 0.0]))
        tensor([-200.0000,   -0.6931])

    Reference:
        ``keras.activations.log_sigmoid``.
    """
    if not isinstance(x, Tensor):
        return apply(log_sigmoid, x)
    return F.logsigmoid(x)


def sparse_sigmoid(x: TensorLike) -> Tensor:
    """Steep straight-edged sigmoid: ``clip((x + 1) / 2, 0, 1)``.

    Example:
        >>> sparse_sigmoid(torch.tensor([-2.0, 0.0, 0.5]))
        tensor([0.0000, 0.5000, 0.7500])

    Reference:
        Blondel, Martins & Niculae, 2019.
    """
    if not isinstance(x, Tensor):
        return apply(sparse_sigmoid, x)
    return (0.5 * (x + 1.0)).clamp(0.0, 1.0)


def tanh(x: TensorLike) -> Tensor:
    """Hyperbolic tangent: from −1 to 1.

    Example:
        >>> tanh(torch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.7616])

    Reference:
        ``keras.activations.tanh``.
    """
    if not isinstance(x, Tensor):
        return apply(tanh, x)
    return torch.tanh(x)


def hard_tanh(x: TensorLike) -> Tensor:
    """Straight-edged tangent: ``clip(x, −1, 1)``.

    Example:
        >>> hard_tanh(torch.tensor([-2.0, 0.5]))
        tensor([-1.0000,  0.5000])

    Reference:
        ``keras.activations.hard_tanh``; ``torch.nn.Hardtanh`` can have other bounds.
    """
    if not isinstance(x, Tensor):
        return apply(hard_tanh, x)
    return F.hardtanh(x)


def softsign(x: TensorLike) -> Tensor:
    """``x / (1 + |x|)``: from −1 to 1, slower than the tangent.

    Example:
        >>> softsign(torch.tensor([-1.0, 3.0]))
        tensor([-0.5000,  0.7500])

    Reference:
        ``keras.activations.softsign``.
    """
    if not isinstance(x, Tensor):
        return apply(softsign, x)
    return F.softsign(x)
