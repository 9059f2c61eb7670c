"""Layers for sequences, pooling, normalization and attention."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from kplug import InputSpec, Layer


class PairNorm(Layer):
    """Divide pairs of neighbouring features by their norm.

    Args:
        epsilon: Added to the norm, > 0.
    """

    def __init__(self, epsilon: float = 1e-3, **common: Any) -> None:
        super().__init__(**common)
        self.epsilon = epsilon

    def call(self, inputs: Tensor) -> Tensor:
        """Return the divided features."""
        size = inputs.shape[-1]
        if size % 2:
            return inputs / (inputs.abs() + self.epsilon)
        pairs = inputs.view(-1, size // 2, 2)
        norms = (pairs.square().sum(-1, keepdim=True) + self.epsilon).sqrt()
        return (pairs / norms).view(inputs.shape)


class SlidingMean(Layer):
    """Compute the means of neighbouring features.

    Args:
        window: Features in a mean, >= 1.
    """

    def __init__(self, window: int = 2, **common: Any) -> None:
        super().__init__(**common)
        self.window = window

    def call(self, inputs: Tensor) -> Tensor:
        """Return the means."""
        size = inputs.shape[-1]
        if inputs.is_meta or size < self.window:
            return inputs[..., self.window - 1 :]
        rows, kept = inputs.numel() // size, size - self.window + 1
        windows = inputs.as_strided(
            (rows, kept, self.window), (size, 1, 1), inputs.storage_offset()
        )
        return windows.mean(-1).reshape(*inputs.shape[:-1], kept)


class RootNorm(Layer):
    """Divide by the root of the mean square of the features, times a learned scale.

    Args:
        epsilon: Added to the mean square, > 0.
    """

    def __init__(self, epsilon: float = 1e-6, **common: Any) -> None:
        super().__init__(**common)
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        """Add the scale."""
        self.scale = self.add_weight("scale", input_shape[-1:], "ones")

    def call(self, inputs: Tensor) -> Tensor:
        """Return the normalized features."""
        square = (inputs * inputs).mean(-1, keepdim=True)
        return inputs * (square + self.epsilon).rsqrt() * self.scale


# Lengths


class SinePositions(Layer):
    """Add sines of the positions to a sequence.

    Args:
        factor: Factor of the sines.
    """

    supports_masking = True

    def __init__(self, factor: float = 1.0, **common: Any) -> None:
        super().__init__(**common)
        self.factor = factor
        self._table: Tensor | None = None

    def call(self, inputs: Tensor) -> Tensor:
        """Return the sum."""
        length = inputs.shape[1]
        if self._table is None or self._table.device != inputs.device or len(self._table) < length:
            places = torch.arange(length, device=inputs.device, dtype=torch.float32)
            self._table = torch.sin(places * (3.14159265 / max(length, 1)))
        table = self._table[:length].to(inputs.dtype)
        return inputs + self.factor * table.reshape(1, -1, *[1] * (inputs.ndim - 2))


class StepMean(Layer):
    """Mean over the steps of a sequence.

    Args:
        keepdims: Whether an axis of length 1 stays.
    """

    def __init__(self, keepdims: bool = False, **common: Any) -> None:
        super().__init__(**common)
        self.input_spec = InputSpec(min_ndim=3)
        self.keepdims = keepdims

    def build(self, input_shape: Any) -> None:
        """Note the length."""
        self.steps = input_shape[1] or 1

    def call(self, inputs: Tensor) -> Tensor:
        """Return the means."""
        return inputs.sum(1, keepdim=self.keepdims) / self.steps


class LearnedMixture(Layer):
    """Weighted mean of the steps, with weights that depend on the relative position.

    Args:
        sharpness: How much the last steps weigh more, >= 0.
    """

    _ramps: dict[int, Tensor]

    def __init__(self, sharpness: float = 1.0, **common: Any) -> None:
        super().__init__(**common)
        self.input_spec = InputSpec(min_ndim=3)
        self.sharpness = sharpness
        self._ramps = {}

    def call(self, inputs: Tensor) -> Tensor:
        """Return the weighted mean of the steps."""
        batch, length = inputs.shape[:2]
        if inputs.is_meta:
            return inputs.mean(1)
        key = int(inputs[..., 0].numel()) if batch else 0
        if key not in self._ramps:
            ramp = torch.linspace(0.0, self.sharpness, length, device=inputs.device).softmax(0)
            self._ramps[key] = ramp.expand(batch, length).reshape(-1)
        ramp = self._ramps[key].to(inputs).reshape(batch, length, *[1] * (inputs.ndim - 2))
        return (inputs * ramp).sum(1)


class LocalAttention(Layer):
    """Average each step with its neighbours, within a band that is made once.

    Args:
        reach: Neighbours on each side, >= 0.
    """

    def __init__(self, reach: int = 1, **common: Any) -> None:
        super().__init__(**common)
        self.reach = reach
        self._band: Tensor | None = None

    def call(self, inputs: Tensor) -> Tensor:
        """Return the averages over the second axis."""
        length = inputs.shape[1]
        if self._band is None or self._band.device != inputs.device or len(self._band) < length:
            places = torch.arange(length, device=inputs.device)
            band = ((places[:, None] - places).abs() <= self.reach).float()
            self._band = band / band.sum(1, keepdim=True)
        band = self._band[:length, :length].to(inputs.dtype)
        return torch.einsum("ts,bs...->bt...", band, inputs)


# Masks


class MaskedMean(Layer):
    """Mean of the steps that a mask keeps.

    Args:
        scale: Factor of the mean.
    """

    def __init__(self, scale: float = 1.0, **common: Any) -> None:
        super().__init__(**common)
        self.input_spec = InputSpec(min_ndim=3)
        self.scale = scale

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the mean over the steps."""
        if mask is not None:
            inputs = inputs * mask.to(inputs.dtype).reshape(
                *mask.shape, *[1] * (inputs.ndim - mask.ndim)
            )
        return self.scale * inputs.mean(1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Return None: the steps are gone."""


class MaskedMax(Layer):
    """Largest value of the steps that a mask keeps.

    Args:
        scale: Factor of the values.
    """

    def __init__(self, scale: float = 1.0, **common: Any) -> None:
        super().__init__(**common)
        self.input_spec = InputSpec(min_ndim=3)
        self.scale = scale

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the maximum over the steps."""
        if mask is not None:
            kept = mask.reshape(*mask.shape, *[1] * (inputs.ndim - mask.ndim))
            inputs = torch.where(kept, inputs, torch.zeros_like(inputs))
        return self.scale * inputs.amax(1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Return None: the steps are gone."""


class ScoredPooling(Layer):
    """Mean of the steps, weighted by a softmax of learned scores."""

    def __init__(self, **common: Any) -> None:
        super().__init__(**common)
        self.input_spec = InputSpec(min_ndim=3)

    def build(self, input_shape: Any) -> None:
        """Add the scores' kernel."""
        self.kernel = self.add_weight("kernel", input_shape[-1:], "ones")

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the weighted mean over the steps."""
        shares = (inputs * self.kernel).sum(-1).softmax(1)
        if mask is not None:
            shares = shares * mask.to(shares.dtype).reshape(
                *mask.shape, *[1] * (shares.ndim - mask.ndim)
            )
        return (shares[..., None] * inputs).sum(1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Return None: the steps are gone."""


class SequenceNorm(Layer):
    """Subtract the mean of the steps of a sequence, and divide by their deviation.

    Args:
        epsilon: Added to the variance, > 0.
    """

    supports_masking = True

    def __init__(self, epsilon: float = 1e-3, **common: Any) -> None:
        super().__init__(**common)
        self.epsilon = epsilon

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the normalized sequence."""
        if mask is None:
            weights = torch.ones_like(inputs[..., :1])
        else:
            weights = mask.to(inputs.dtype).reshape(*mask.shape, *[1] * (inputs.ndim - mask.ndim))
        count = weights.sum(1, keepdim=True).clamp(min=1)
        mean = (weights * inputs).sum(1, keepdim=True) / count
        centered = weights * (inputs - mean)
        variance = centered.square().mean(1, keepdim=True)
        return centered / (variance + self.epsilon).sqrt()


class LastState(Layer):
    """Exponential average of a sequence, of which the last step is returned.

    Args:
        rate: How much of the average stays, in [0, 1).
    """

    def __init__(self, rate: float = 0.5, **common: Any) -> None:
        super().__init__(**common)
        self.input_spec = InputSpec(min_ndim=3)
        self.rate = rate

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the average after the last step."""
        average = torch.zeros_like(inputs[:, 0])
        for step in range(inputs.shape[1]):
            value = inputs[:, step]
            if mask is not None:
                kept = mask[:, step].reshape(-1, *[1] * (value.ndim - 1))
                value = torch.where(kept, value, torch.zeros_like(value))
            average = self.rate * average + (1 - self.rate) * value
        return average

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Return None: the steps are gone."""


class Backwards(Layer):
    """Reverse the steps of a sequence, and multiply them by a factor.

    Args:
        factor: The factor.
    """

    supports_masking = True

    def __init__(self, factor: float = 1.0, **common: Any) -> None:
        super().__init__(**common)
        self.factor = factor

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the reversed sequence."""
        return self.factor * inputs.flip(1)


# Instances


class LeakyGate(Layer):
    """Multiply negative features by a small factor.

    Args:
        slope: The factor of negative features.
    """

    _slope: ClassVar[float] = 0.1

    def __init__(self, slope: float = 0.1, **common: Any) -> None:
        super().__init__(**common)
        self.slope = slope
        type(self)._slope = slope

    def call(self, inputs: Tensor) -> Tensor:
        """Return the features."""
        return torch.where(inputs > 0, inputs, self._slope * inputs)


# State


class RunningCenter(Layer):
    """Subtract a running mean of the features, which training updates.

    Args:
        momentum: How much of the mean stays, in [0, 1).
    """

    def __init__(self, momentum: float = 0.5, **common: Any) -> None:
        super().__init__(**common)
        self.momentum = momentum
        self._mean: Tensor | None = None

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Return the centered features."""
        if training and not inputs.is_meta:
            found = inputs.detach().flatten(0, -2).mean(0)
            old = torch.zeros_like(found) if self._mean is None else self._mean.to(found)
            self._mean = self.momentum * old + (1 - self.momentum) * found
        return inputs if self._mean is None else inputs - self._mean.to(inputs)


class RangeScaler(Layer):
    """Scale by the largest absolute value that training has shown.

    Args:
        limit: The largest output in training, > 0.
    """

    def __init__(self, limit: float = 1.0, **common: Any) -> None:
        super().__init__(**common)
        self.limit = limit
        self._largest = 0.0

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Return the scaled features."""
        if training and not inputs.is_meta and inputs.numel():
            self._largest = max(self._largest, float(inputs.detach().abs().max()))
        return inputs * (self.limit / self._largest) if self._largest else inputs


class Annealed(Layer):
    """Softmax with a temperature that falls at each step of training.

    Args:
        first: Temperature at first, > 0.
        rate: Factor of each step, in (0, 1].
    """

    def __init__(self, first: float = 2.0, rate: float = 0.9, **common: Any) -> None:
        super().__init__(**common)
        self.first, self.rate = first, rate
        self._step = 0

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Return shares of the features."""
        temperature = max(self.first * self.rate**self._step, 0.1)
        if training and not inputs.is_meta:
            self._step += 1
        return (inputs / temperature).softmax(-1)


class Calibrated(Layer):
    """Shift outputs such that their mean in training was 0.

    Args:
        rate: Rate of the shift's average, in (0, 1].
    """

    def __init__(self, rate: float = 0.3, **common: Any) -> None:
        super().__init__(**common)
        self.rate = rate
        self._shift = {"value": 0.0}

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Return the shifted values."""
        if training and not inputs.is_meta and inputs.numel():
            mean = float(inputs.detach().mean())
            self._shift["value"] += self.rate * (mean - self._shift["value"])
        return inputs - self._shift["value"]


class WhiteningScale(torch.nn.Module):
    """Divide by a running deviation of the features.

    Args:
        momentum: How much of the variance stays, in [0, 1).
    """

    def __init__(self, momentum: float = 0.9) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("variance", torch.ones(()), persistent=False)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the divided features."""
        if self.training and not inputs.is_meta and inputs.numel() > 1:
            self.variance.lerp_(inputs.detach().var().to(self.variance), 1 - self.momentum)
        return inputs / (self.variance.to(inputs) + 1e-3).sqrt()


# Arguments


class UnitScaled(Layer):
    """Scale the features of each sample to a norm.

    Args:
        scale: Factor of the features before they are normalized.
        axis: The axis of the norm, −1 for the features.
    """

    def __init__(self, scale: float = 1.0, axis: int = -1, **common: Any) -> None:
        super().__init__(**common)
        self.scale, self.axis = scale, axis

    def call(self, inputs: Tensor) -> Tensor:
        """Return the normalized features."""
        scaled = inputs * self.scale
        norm = scaled.norm(dim=self.axis, keepdim=True).clamp(min=1e-12)
        return scaled / norm


class SoftShares(Layer):
    """Shares of the features by a softmax with a temperature.

    Args:
        temperature: Divides the features, > 0; small values sharpen the shares.
    """

    def __init__(self, temperature: float = 1.0, **common: Any) -> None:
        super().__init__(**common)
        self.temperature = temperature

    def call(self, inputs: Tensor) -> Tensor:
        """Return the shares."""
        logits = inputs / self.temperature
        peak = logits.amax(-1, keepdim=True)
        powers = ((logits - peak) * self.temperature).exp()
        return powers / powers.sum(-1, keepdim=True)
