"""Layers that add noise in training and are the identity otherwise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kplug.backend.nn import dropout_mask
from kplug.components.arguments import require_number
from kplug.layers.base.layer import Layer
from kplug.layers.base.seeds import make_seeded_generator, read_noise_shape
from kplug.registry import Range, search_ranges

# selu(−∞), AlphaDropout's value for dropped elements.
_SELU_FLOOR = -1.6732632423543772 * 1.0507009873554805


class Noise(Layer):
    """Base class of layers that add noise in training; a subclass implements ``disturb``."""

    casts_integers = True
    supports_masking = True

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed, self._generator = make_seeded_generator(type(self).__name__, seed)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the inputs, disturbed in training; shape unchanged."""
        return self.disturb(inputs) if self.training else inputs

    def disturb(self, inputs: Tensor) -> Tensor:
        """Return the disturbed inputs."""
        raise NotImplementedError

    def _draw_normal(self, inputs: Tensor) -> Tensor:
        generator = self._generator
        if generator is None:
            return torch.randn_like(inputs)
        draws = torch.randn(inputs.shape, generator=generator, device=generator.device)
        return draws.to(inputs)

    def _require_rate(self, rate: object) -> float:
        allowed = "a number in [0, 1)"
        return require_number(type(self).__name__, "rate", rate, allowed, at_least=0.0, below=1.0)


@search_ranges(stddev=Range(0.01, 1.0, log=True))
class GaussianNoise(Noise):
    """Outputs inputs + noise in training; noise is normal with mean 0.

    Args:
        stddev: Standard deviation of the noise, >= 0.

    Example:
        >>> GaussianNoise(0.5)(torch.ones(1, 2))
        tensor([[1., 1.]])

    Reference:
        ``keras.layers.GaussianNoise``.
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        allowed = "a number >= 0"
        self.stddev = require_number("GaussianNoise", "stddev", stddev, allowed, at_least=0.0)

    def disturb(self, inputs: Tensor) -> Tensor:
        """Return the inputs with noise."""
        return inputs + self.stddev * self._draw_normal(inputs)


@search_ranges(rate=Range(0.0, 0.5))
class GaussianDropout(Noise):
    """Outputs inputs · factor in training; factor is normal, mean 1, variance rate / (1 − rate).

    Args:
        rate: The noise is as strong as dropout of this rate, in [0, 1).

    Example:
        >>> GaussianDropout(0.5)(torch.ones(1, 2))
        tensor([[1., 1.]])

    Reference:
        Srivastava et al., 2014. Keras takes a rate of 1 and divides by 0 in training.
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.rate = self._require_rate(rate)

    def disturb(self, inputs: Tensor) -> Tensor:
        """Return the scaled inputs."""
        stddev = math.sqrt(self.rate / (1.0 - self.rate))
        return inputs * (1.0 + stddev * self._draw_normal(inputs))


@search_ranges(rate=Range(0.0, 0.5))
class AlphaDropout(Noise):
    """Dropout for ``selu`` networks: it preserves a mean of 0 and a variance of 1.

    Elements dropped with probability ``rate`` become p = −1.7581, selu's floor; the outputs are
    a · x + b, with a = 1 / √((1 − rate)(1 + rate p²)) and b = −a · p · rate.

    Args:
        rate: Probability of dropping a value, in [0, 1).

    Example:
        >>> AlphaDropout(0.5)(torch.ones(1, 2))
        tensor([[1., 1.]])

    Reference:
        Klambauer et al., 2017. Keras takes a rate of 1 and divides by 0 in training.
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        self.rate = self._require_rate(rate)
        self.noise_shape = read_noise_shape("AlphaDropout", noise_shape)

    def disturb(self, inputs: Tensor) -> Tensor:
        """Return the inputs, a part of them dropped."""
        keep = dropout_mask(inputs, self.rate, self.noise_shape, self._generator) != 0
        variance = (1.0 - self.rate) * (1.0 + self.rate * _SELU_FLOOR**2)
        scale = 1.0 / math.sqrt(variance)
        return torch.where(keep, inputs, _SELU_FLOOR) * scale - scale * _SELU_FLOOR * self.rate
