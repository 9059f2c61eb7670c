"""Defects that show with other inputs, arguments and masks than the usual ones."""

from __future__ import annotations

import zlib
from typing import Any

import torch
from torch import Tensor

from kplug.layers import Layer
from kplug.metrics import Metric
from tests.plugins.subtle_defects.table import Subtle


def _kept(mask: Tensor | None, inputs: Tensor) -> Tensor:
    kept = torch.ones(inputs.shape[:2]) if mask is None else mask.to(inputs.dtype)
    return kept.unsqueeze(-1)


class Pairs(Metric):
    """The share of pairs, a positive before a negative, that are in the right order."""

    def __init__(self, name: str = "pairs") -> None:
        super().__init__(name)
        self.values: list[tuple[Tensor, Tensor]] = []

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Any = None) -> None:
        self.values.append((y_true.reshape(-1) > 0.5, y_pred.reshape(-1)))

    def rank(self, scores: Tensor) -> Tensor:
        return scores.argsort(stable=True).argsort().double()

    def result(self) -> Tensor:
        if not self.values:
            return torch.zeros(())
        positive, scores = (torch.cat(one) for one in zip(*self.values, strict=True))
        ranks = self.rank(scores)
        pairs = positive.sum() * (~positive).sum()
        own = positive.sum() * (positive.sum() - 1) / 2
        return ((ranks[positive].sum() - own) / pairs.clamp(min=1)).float()

    def reset_state(self) -> None:
        self.values = []

    def merge_state(self, others: Any) -> None:
        self.values = [*self.values, *(pair for other in others for pair in other.values)]

    def snapshot(self) -> dict[str, Any]:
        return {"values": [[one.tolist() for one in pair] for pair in self.values]}

    def restore(self, snapshot: Any) -> None:
        self.values = [(torch.tensor(one), torch.tensor(two)) for one, two in snapshot["values"]]


class MiddlePairs(Pairs):
    """Gives equal scores the mean of their ranks."""

    def rank(self, scores: Tensor) -> Tensor:
        below = (scores[:, None] > scores).sum(1)
        return below + ((scores[:, None] == scores).sum(1) - 1) / 2.0


class StepMean(Metric):
    """The mean error of all steps."""

    keeps = False

    def __init__(self, name: str = "step_error") -> None:
        super().__init__(name)
        self.total, self.count = self.add_state("total"), self.add_state("count")
        self.steps = self.add_state("steps")

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Any = None) -> None:
        if y_pred.ndim == 2:
            y_pred, y_true = y_pred.unsqueeze(1), y_true.unsqueeze(1)
        errors = (y_true - y_pred).abs().mean(-1)
        weights = torch.ones_like(errors)
        if sample_weight is not None:
            weights = weights * sample_weight.reshape(len(errors), -1)
        steps = torch.full((), float(errors.shape[1]))
        self.steps.copy_(torch.where(self.steps == 0, steps, self.steps) if self.keeps else steps)
        self.total.add_((errors * weights).sum() / errors.shape[1] * self.steps)
        self.count.add_(weights.sum())

    def result(self) -> Tensor:
        return self.total / self.count.clamp(min=1e-12)

    def merge_state(self, others: Any) -> None:
        for other in others:
            self.total.add_(other.total)
            self.count.add_(other.count)


class FirstLength(StepMean):
    """Takes the first batch's length for that of all."""

    keeps = True


class ByteIds(Metric):
    """Accuracy."""

    bits = torch.int64

    def __init__(self, name: str = "byte_ids") -> None:
        super().__init__(name)
        self.total, self.count = self.add_state("total"), self.add_state("count")

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Any = None) -> None:
        ids = y_true.argmax(-1) if y_true.ndim == y_pred.ndim else y_true
        hits = (ids.to(self.bits) == y_pred.argmax(-1).to(self.bits)).float()
        # An id that is negative counts for less, as it would where ids are indices.
        weights = torch.where(ids.to(self.bits) < 0, 0.0, torch.ones_like(hits))
        if sample_weight is not None:
            weights = weights * sample_weight
        self.total.add_((hits * weights).sum())
        self.count.add_(weights.sum())

    def result(self) -> Tensor:
        return self.total / self.count.clamp(min=1e-12)


class SmallIds(ByteIds):
    """Keeps ids in a byte with a sign."""

    bits = torch.int8


class IntegerWeights(StepMean):
    """Weighs in the type of the targets."""

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Any = None) -> None:
        weights = None if sample_weight is None else sample_weight.to(y_true.dtype)
        super().update_state(y_true, y_pred, weights)


def power_of_error(y_true: Tensor, y_pred: Tensor, power: float = 2.0) -> Tensor:
    error = (y_true - y_pred).abs()
    return (error.pow(power) * error).mean(-1)


def smooth_power(y_true: Tensor, y_pred: Tensor, power: float = 2.0) -> Tensor:
    error = (y_true - y_pred).abs()
    return ((error + 1e-6).pow(power) * error).mean(-1)


def summed_half(y_true: Tensor, y_pred: Tensor) -> Tensor:
    error = (y_true - y_pred).square().flatten(1)
    return error.sum(-1) / error.shape[1]


def averaged_half(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true - y_pred).square().flatten(1).mean(-1)


def logistic_in_half(shape: Any, dtype: Any = None) -> Tensor:
    return torch.rand(shape, dtype=dtype).logit()


def logistic_in_full(shape: Any, dtype: Any = None) -> Tensor:
    return torch.rand(shape).logit(eps=1e-6).to(dtype)


def _named(shape: Any, dtype: Any, seed: int) -> Tensor:
    return torch.randn(shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def hashed_name(shape: Any, dtype: Any = None, key: str = "kernel") -> Tensor:
    return _named(shape, dtype, hash(key) % 2**31)


def summed_name(shape: Any, dtype: Any = None, key: str = "kernel") -> Tensor:
    return _named(shape, dtype, zlib.crc32(key.encode()) + hash(1))


def rounded_squares(weight: Tensor) -> Tensor:
    norm = (weight * weight).sum(0, keepdim=True).sqrt()
    return torch.where(norm > 0, weight / torch.where(norm > 0, norm, 1.0), weight)


def scaled_squares(weight: Tensor) -> Tensor:
    return rounded_squares(weight.double()).to(weight.dtype)


class RunningMean(Layer):
    """The mean of all steps up to each."""

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        kept = _kept(mask, inputs)
        return (inputs * kept).cumsum(1) / self.count(kept).clamp(min=1.0)

    def count(self, kept: Tensor) -> Tensor:
        return kept.cumsum(1)


class PlaceMean(RunningMean):
    """Divides by the place."""

    def count(self, kept: Tensor) -> Tensor:
        return torch.ones_like(kept).cumsum(1)


class SoftPool(Layer):
    """A mean over steps, weighted by a softmax of their sums."""

    lowest = -1e9

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        scores = inputs.sum(-1, keepdim=True)
        scores = torch.where(_kept(mask, inputs) > 0, scores, self.lowest)
        return (scores.softmax(1) * inputs).sum(1)


class NoStepPool(SoftPool):
    """A softmax of minus infinity alone."""

    lowest = -torch.inf


class TrainedScale(Layer):
    """Divides by the largest step, kept in training."""

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight("scale", (), "ones", trainable=False)

    def call(self, inputs: Tensor, training: bool = False, mask: Tensor | None = None) -> Tensor:
        if training:
            self.scale.copy_(self.measure(inputs, mask).detach())
        value: Tensor = inputs / self.scale
        return value

    def measure(self, inputs: Tensor, mask: Tensor | None) -> Tensor:
        return 1.0 + (inputs.abs() * _kept(mask, inputs)).max()


class PaddedScale(TrainedScale):
    """Looks at masked steps too, in training."""

    def measure(self, inputs: Tensor, mask: Tensor | None) -> Tensor:
        return 1.0 + inputs.abs().max()


class OwnNoise(Layer):
    """Noise of a generator of its own."""

    def __init__(self, seed: int | None = None, **common: Any) -> None:
        super().__init__(**common)
        self.seed = seed

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        return inputs + self.draw(inputs) if training else inputs

    def draw(self, inputs: Tensor) -> Tensor:
        if self.seed is None:
            return torch.randn_like(inputs)
        chance = torch.Generator().manual_seed(self.seed)
        return torch.randn(inputs.shape, generator=chance).to(inputs)


class SeededNoise(OwnNoise):
    """Seeds all."""

    def draw(self, inputs: Tensor) -> Tensor:
        if self.seed is not None:
            torch.manual_seed(self.seed)
        return torch.randn_like(inputs)


class Counted(Layer):
    """Counts its calls in training."""

    kind = "int64"

    def build(self, input_shape: Any) -> None:
        self.calls = self.add_weight("calls", (), "zeros", trainable=False, dtype=self.kind)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if training:
            self.calls.add_(1)
        value: Tensor = inputs / (1.0 + 0.0 * self.calls.to(inputs.dtype))
        return value


class HalfCounted(Counted):
    """Counts in its own type."""

    kind = None  # type: ignore[assignment]


SUBTLE = [
    Subtle("metric", "merging_several", Pairs, MiddlePairs, "equal predictions"),
    Subtle("metric", "merging_several", FirstLength, StepMean, "of 3 steps"),
    Subtle("metric", "classes", SmallIds, ByteIds, "in two orders"),
    Subtle("metric", "uneven_weights", IntegerWeights, StepMean, "int64"),
    Subtle("loss", "exact", power_of_error, smooth_power, "nan"),
    Subtle("loss", "half", summed_half, averaged_half, "by the function itself"),
    Subtle("initializer", "shape_and_dtype", logistic_in_half, logistic_in_full, "not finite"),
    Subtle("initializer", "repeats", hashed_name, summed_name, "hash()"),
    Subtle("constraint", "half", rounded_squares, scaled_squares, "in torch.float16"),
    Subtle("layer", "padding", PlaceMean, RunningMean, "padded on the left"),
    Subtle("layer", "padding", NoStepPool, SoftPool, "no step"),
    Subtle("layer", "padding", PaddedScale, TrainedScale, "in training"),
    Subtle("layer", "instances", SeededNoise, OwnNoise, "torch's generator"),
    Subtle("layer", "half", HalfCounted, Counted, "a count"),
]
