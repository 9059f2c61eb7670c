"""RMSprop with ε inside the root."""

from __future__ import annotations

from typing import ClassVar

from typing_extensions import Unpack

from kplug import keras_class, optimizers
from kplug.components.types import ScheduleLike
from kplug.optimizers import CommonArguments, takes_common


@keras_class("keras.optimizers.RMSprop")
class RMSprop(optimizers.RMSprop):
    """Steps divided by a running average of the gradient's magnitude.

    a ← ρ·a + (1 − ρ)·g²; with ``centered`` ḡ ← ρ·ḡ + (1 − ρ)·g, else ḡ = 0;
    u = lr·g / √(a − ḡ² + ε); with momentum μ m ← μ·m + u and p ← p − m, else p ← p − u.

    Args:
        momentum: μ >= 0.
        centered: Whether to divide by the variance instead of the mean square.

    Example:
        >>> import torch
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> rmsprop = RMSprop(lr=0.5, rho=0.0, epsilon=9.0).build([weight])
        >>> weight.grad = torch.tensor([4.0])
        >>> rmsprop.step()
        >>> round(weight.item(), 4)
        0.6

    Reference:
        Tieleman and Hinton, Neural Networks for Machine Learning, lecture 6, 2012; Graves, Generating
        Sequences With Recurrent Neural Networks, 2013; ``keras.optimizers.RMSprop`` of Keras 3. In
        ``kplug/rmsprop`` ε stands outside the root, as in Keras 2, unless there is momentum or centering.
    """

    has_epsilon_inside: ClassVar[bool] = True

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float | None = 1e-7,
        centered: bool = False,
        **common: Unpack[CommonArguments],
    ) -> None:
        super().__init__(lr, rho, epsilon, momentum=momentum, centered=centered, **common)
