"""Layers that disturb what they are given in training, and else do nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kplug.arguments import require_integer, require_number
from kplug.backend import standardize_data_format
from kplug.backend.nn import dropout_mask
from kplug.backend.random import make_generator
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.layer import Layer

# Outputs of selu for inputs of −∞, which AlphaDropout puts in the place of what it drops.
_SELU_FLOOR = -1.6732632423543772 * 1.0507009873554805


class _Noise(Layer):
    """A layer that draws random numbers in training.

    Args:
        seed: Lets the layer draw from a generator of its own. ``None``: torch's.
        kwargs: What every layer takes.
    """

    supports_masking = True

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        owner, allowed = type(self).__name__, "an integer, or None"
        self.seed = None if seed is None else require_integer(owner, "seed", seed, allowed)
        self._generator = None if self.seed is None else make_generator(self.seed)

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

    def _require_rate(self, rate: object, *, is_one_allowed: bool = False) -> float:
        owner = type(self).__name__
        if is_one_allowed:
            allowed = "a number in [0, 1]"
            return require_number(owner, "rate", rate, allowed, at_least=0.0, at_most=1.0)
        return require_number(owner, "rate", rate, "a number in [0, 1)", at_least=0.0, below=1.0)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "seed": self.seed}


class GaussianNoise(_Noise):
    """Outputs inputs + noise in training; noise is normal with mean 0.

    Args:
        stddev: Standard deviation of the noise, >= 0.
        seed: Lets the layer draw from a generator of its own. ``None``: torch's.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: ``stddev`` is outside its range.

    Example:
        >>> GaussianNoise(0.5)(torch.ones(1, 2))
        tensor([[1., 1.]])

    Reference:
        ``keras.layers.GaussianNoise``.
    """

    casts_integers = True

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        allowed = "a number >= 0"
        self.stddev = require_number("GaussianNoise", "stddev", stddev, allowed, at_least=0.0)

    def disturb(self, inputs: Tensor) -> Tensor:
        """Return the inputs with noise."""
        return inputs + self.stddev * self._draw_normal(inputs)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "stddev": self.stddev}


class GaussianDropout(_Noise):
    """Outputs inputs · factor in training; factor is normal, mean 1, variance rate / (1 − rate).

    Args:
        rate: As strong as dropping this part of the inputs, in [0, 1).
        seed: Lets the layer draw from a generator of its own. ``None``: torch's.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: ``rate`` is outside its range.

    Example:
        >>> GaussianDropout(0.5)(torch.ones(1, 2))
        tensor([[1., 1.]])

    Reference:
        Srivastava et al., 2014. Keras takes a rate of 1 and divides by 0 in training.
    """

    casts_integers = True

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.rate = self._require_rate(rate)

    def disturb(self, inputs: Tensor) -> Tensor:
        """Return the scaled inputs."""
        stddev = math.sqrt(self.rate / (1.0 - self.rate))
        return inputs * (1.0 + stddev * self._draw_normal(inputs))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "rate": self.rate}


class AlphaDropout(_Noise):
    """Dropout for layers with ``selu``: mean 0 and variance 1 of the inputs are kept.

    What is dropped, with probability ``rate``, becomes p = −1.7581, selu's floor; the outputs are
    a · x + b, with a = 1 / √((1 − rate)(1 + rate p²)) and b = −a · p · rate.

    Args:
        rate: The part that is dropped, in [0, 1).
        noise_shape: Shape of the random mask, the batch included; ``None`` is that size of the
            inputs, 1 shares the draw along that axis.
        seed: Lets the layer draw from a generator of its own. ``None``: torch's.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: ``rate`` is outside its range.

    Example:
        >>> AlphaDropout(0.5)(torch.ones(1, 2))
        tensor([[1., 1.]])

    Reference:
        Klambauer et al., 2017. Keras takes a rate of 1 and divides by 0 in training.
    """

    casts_integers = True

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        self.rate = self._require_rate(rate)
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)

    def disturb(self, inputs: Tensor) -> Tensor:
        """Return the inputs, a part of them dropped."""
        keep = dropout_mask(inputs, self.rate, self.noise_shape, self._generator) != 0
        variance = (1.0 - self.rate) * (1.0 + self.rate * _SELU_FLOOR**2)
        scale = 1.0 / math.sqrt(variance)
        return torch.where(keep, inputs, _SELU_FLOOR) * scale - scale * _SELU_FLOOR * self.rate

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "rate": self.rate, "noise_shape": self.noise_shape}


class _SpatialDropout(_Noise):
    """Drops whole channels of a sample in training and scales up the rest.

    Args:
        rate: The part of the channels that is dropped, in [0, 1].
        rank: Number of axes besides the batch and the channels.
        is_last: Whether the channels are the last axis, else the second.
        seed: Lets the layer draw from a generator of its own. ``None``: torch's.
        kwargs: What every layer takes.
    """

    def __init__(
        self, rate: float, rank: int, is_last: bool, seed: int | None, kwargs: dict[str, Any]
    ) -> None:
        super().__init__(seed, **kwargs)
        self.rate = self._require_rate(rate, is_one_allowed=True)
        self.input_spec = InputSpec(ndim=rank + 2)
        ones = [1] * rank
        self._noise_shape = (None, *ones, None) if is_last else (None, None, *ones)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the inputs, a part of the channels dropped in training; shape unchanged."""
        if inputs.ndim != len(self._noise_shape):
            self._check_shapes(inputs)
        return super().call(inputs)

    def disturb(self, inputs: Tensor) -> Tensor:
        """Return the inputs, a part of the channels dropped."""
        return inputs * dropout_mask(inputs, self.rate, self._noise_shape, self._generator)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "rate": self.rate}


class SpatialDropout1D(_SpatialDropout):
    """Drops whole channels of sequences (N, steps, channels) in training; scales up the rest.

    Args:
        rate: The part of the channels that is dropped, in [0, 1].
        seed: Lets the layer draw from a generator of its own. ``None``: torch's.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: ``rate`` is outside its range.

    Example:
        >>> layer = SpatialDropout1D(0.5)
        >>> sorted({len(set(row)) for row in layer(torch.ones(1, 3, 8), training=True)[0].T.tolist()})
        [1]

    Reference:
        Tompson et al., 2015.
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, 1, True, seed, kwargs)


class _SpatialDropoutOfImages(_SpatialDropout):
    _rank: int

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        self_format = standardize_data_format(data_format, type(self).__name__)
        super().__init__(rate, self._rank, self_format == "channels_last", seed, kwargs)
        self.data_format = self_format

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "data_format": self.data_format}


class SpatialDropout2D(_SpatialDropoutOfImages):
    """Drops whole channels of images in training and scales up the rest.

    Args:
        rate: The part of the channels that is dropped, in [0, 1].
        data_format: ``"channels_last"`` (N, height, width, channels) or ``"channels_first"``.
        seed: Lets the layer draw from a generator of its own. ``None``: torch's.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: ``rate`` is outside its range.

    Example:
        >>> SpatialDropout2D(0.5)(torch.ones(1, 1, 1, 2))
        tensor([[[[1., 1.]]]])

    Reference:
        Tompson et al., 2015; ``torch.nn.Dropout2d`` for channels first.
    """

    _rank = 2


class SpatialDropout3D(_SpatialDropoutOfImages):
    """Drops whole channels of volumes in training and scales up the rest.

    Args:
        rate: The part of the channels that is dropped, in [0, 1].
        data_format: ``"channels_last"`` (N, depth, height, width, channels) or
            ``"channels_first"``.
        seed: Lets the layer draw from a generator of its own. ``None``: torch's.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: ``rate`` is outside its range.

    Example:
        >>> SpatialDropout3D(0.5)(torch.ones(1, 1, 1, 1, 2))
        tensor([[[[[1., 1.]]]]])

    Reference:
        Tompson et al., 2015; ``torch.nn.Dropout3d`` for channels first.
    """

    _rank = 3
