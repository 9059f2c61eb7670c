"""Layers that are right, in unusual forms."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from kplug import InputSpec, Layer
from kplug.components.arguments import require_nonnegative, require_positive, require_share
from kplug.layers import make_seeded_generator


class AnyLengthPositions(Layer):
    """Add sines of the absolute positions, for any length.

    Args:
        period: Steps of a period, > 0.
    """

    supports_masking = True

    def __init__(self, period: float = 10.0, **common: Any) -> None:
        super().__init__(**common)
        self.period = require_positive(self, "period", period)

    def call(self, inputs: Tensor) -> Tensor:
        places = torch.arange(inputs.shape[1], device=inputs.device, dtype=torch.float64)
        waves = torch.sin(places * (2 * math.pi / self.period)).to(inputs.dtype)
        return inputs + waves.reshape(1, -1, *[1] * (inputs.ndim - 2))


class KeptMean(Layer):
    """Mean of the steps that the mask keeps; 0 where it keeps none."""

    def __init__(self, **common: Any) -> None:
        super().__init__(**common)
        self.input_spec = InputSpec(min_ndim=3)

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:
            return inputs.mean(1)
        kept = mask.reshape(*mask.shape, *[1] * (inputs.ndim - mask.ndim))
        total = torch.where(kept, inputs, torch.zeros_like(inputs)).sum(1)
        return total / kept.to(inputs.dtype).sum(1).clamp(min=1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None


class SeededNoise(Layer):
    """Normal noise in training, from a generator with a seed.

    Args:
        stddev: Standard deviation.
        seed: Seed; None takes torch's generator.
    """

    supports_masking = True

    def __init__(self, stddev: float = 0.1, seed: int | None = None, **common: Any) -> None:
        super().__init__(**common)
        self.stddev = require_nonnegative(self, "stddev", stddev)
        self.seed, self._generator = make_seeded_generator(self, seed)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if not training:
            return inputs
        if self._generator is None:
            return inputs + self.stddev * torch.randn_like(inputs)
        draws = torch.randn(inputs.shape, generator=self._generator, device=self._generator.device)
        return inputs + self.stddev * draws.to(inputs)


class RunningScale(Layer):
    """Divide by a running mean of the absolute values, which is a weight that training does not change.

    Args:
        momentum: How much stays.
    """

    def __init__(self, momentum: float = 0.9, **common: Any) -> None:
        super().__init__(**common)
        self.momentum = require_share(self, "momentum", momentum)

    def build(self, input_shape: Any) -> None:
        self.size = self.add_weight("size", (), "ones", trainable=False)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if training and inputs.numel():
            with torch.no_grad():
                self.size.lerp_(inputs.detach().abs().mean().to(self.size), 1 - self.momentum)
        return inputs / (self.size + 1e-3).to(inputs.dtype)


class Named(Layer):
    """The identity, with a note.

    Args:
        note: Any text.
    """

    supports_masking = True

    def __init__(self, note: str = "", **common: Any) -> None:
        super().__init__(**common)
        self.note = note

    def call(self, inputs: Tensor) -> Tensor:
        return inputs


class TwoOutputs(Layer):
    """The positive and the negative part: two outputs."""

    output_count = 2

    def call(self, inputs: Tensor) -> list[Tensor]:
        return [inputs.clamp(min=0), (-inputs).clamp(min=0)]


class TorchScale(torch.nn.Module):
    """A torch module with one learned scale.

    Args:
        first: The first scale.
    """

    def __init__(self, first: float = 1.0) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(first))

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs * self.scale
