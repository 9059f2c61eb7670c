"""Adadelta, Adamax and Nadam: kplug's rules with Keras 3's defaults."""

from __future__ import annotations

from typing_extensions import Unpack

from kplug import keras_class, optimizers
from kplug.components.types import ScheduleLike
from kplug.optimizers import CommonArguments, takes_common


@keras_class("keras.optimizers.Adadelta")
class Adadelta(optimizers.Adadelta):
    """Steps in the units of the weights, from running averages of gradients and of updates.

    a ← ρ·a + (1 − ρ)·g²; u = g·√(d + ε) / √(a + ε); p ← p − lr·u; d ← ρ·d + (1 − ρ)·u².

    Example:
        >>> Adadelta().lr
        0.001

    Reference:
        Zeiler, ADADELTA: An Adaptive Learning Rate Method, 2012; ``keras.optimizers.Adadelta`` of
        Keras 3. The default rate of ``kplug/adadelta`` is Keras 2's 1.
    """

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 0.001,
        rho: float = 0.95,
        epsilon: float | None = 1e-7,
        **common: Unpack[CommonArguments],
    ) -> None:
        super().__init__(lr, rho, epsilon, **common)


@keras_class("keras.optimizers.Adamax")
class Adamax(optimizers.Adamax):
    """Steps from a running average of the gradient, divided by its fading maximum.

    m ← β₁·m + (1 − β₁)·g; u ← max(β₂·u, |g|); p ← p − lr / (1 − β₁ᵗ) · m / (u + ε).

    Example:
        >>> Adamax().lr
        0.001

    Reference:
        Kingma and Ba, Adam: A Method for Stochastic Optimization, 2015; ``keras.optimizers.Adamax`` of
        Keras 3. The default rate of ``kplug/adamax`` is Keras 2's 0.002.
    """

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        **common: Unpack[CommonArguments],
    ) -> None:
        super().__init__(lr, beta_1, beta_2, epsilon, **common)


@keras_class("keras.optimizers.Nadam")
class Nadam(optimizers.Nadam):
    """Adam whose momentum looks one step ahead, with a momentum that warms up.

    μ_t = β₁·(1 − ½·0.96^t); Π = μ₁·…·μ_t; m ← β₁·m + (1 − β₁)·g; v ← β₂·v + (1 − β₂)·g²;
    m̄ = (1 − μ_t)·g / (1 − Π) + μ_{t+1}·m / (1 − Π·μ_{t+1}); p ← p − lr·m̄ / (√(v / (1 − β₂ᵗ)) + ε).

    Example:
        >>> Nadam().lr
        0.001

    Reference:
        Dozat, Incorporating Nesterov Momentum into Adam, 2015; ``keras.optimizers.Nadam`` of Keras 3.
        In ``kplug/nadam``, as in Keras 2, the momentum warms up 250 times more slowly
        (``schedule_decay=0.004``), and the default rate is 0.002.
    """

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        **common: Unpack[CommonArguments],
    ) -> None:
        super().__init__(lr, beta_1, beta_2, epsilon, schedule_decay=1.0, **common)
