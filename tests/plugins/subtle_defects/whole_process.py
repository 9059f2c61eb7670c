"""Defects of sizes, types and switches: what a large image, a byte or a whole process shows."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from kplug.callbacks import Callback
from kplug.layers import Layer
from kplug.metrics import Metric
from tests.plugins.subtle_defects.table import Subtle


class LongestMomentum(Optimizer):
    """Move by the momentum, divided by the largest length that it had if ``amsgrad``."""

    def __init__(self, params: Any, lr: float = 0.05, amsgrad: bool = False) -> None:
        super().__init__(params, {"lr": lr, "amsgrad": amsgrad})

    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:  # type: ignore[override]
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        with torch.no_grad():
            for group in self.param_groups:
                for weight in (one for one in group["params"] if one.grad is not None):
                    state = self.state[weight]
                    if not state:
                        state["mean"] = torch.zeros_like(weight)
                        state["largest"] = torch.zeros_like(weight)
                    state["mean"].mul_(0.5).add_(weight.grad)
                    length = state["mean"].abs()
                    state["largest"] = torch.maximum(state["largest"], length)
                    divisor = self.find_divisor(group, state, length)
                    weight.sub_(group["lr"] * state["mean"] / (divisor + 1e-3))
        return loss

    def find_divisor(self, group: Any, state: Any, length: Tensor) -> Tensor:
        divisor: Tensor = state["largest"] if group["amsgrad"] else length
        return divisor


class LastMomentum(LongestMomentum):
    """Keeps the largest length, and divides by the last."""

    def find_divisor(self, group: Any, state: Any, length: Tensor) -> Tensor:
        assert group["amsgrad"] in (True, False)
        return length


class Rested(Optimizer):
    """Descend along the gradient; a group with a rate of 0 rests."""

    def __init__(self, params: Any, lr: float = 0.05) -> None:
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:  # type: ignore[override]
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            if self.is_over(group):
                break
            for weight in (one for one in group["params"] if one.grad is not None):
                weight.sub_(group["lr"] * weight.grad)
        return loss

    def is_over(self, group: Any) -> bool:
        return False


class RestedForAll(Rested):
    """Ends the step at a group that rests."""

    def is_over(self, group: Any) -> bool:
        return bool(group["lr"] == 0)


def turned_error(y_true: Tensor, y_pred: Tensor, scale: float = 2.0) -> Tensor:
    """Return 1 minus the cosine of scaled predictions, which the scale does not change."""
    given = scale * y_pred
    lengths = (given.square().sum(-1) * (y_true.square().sum(-1) + 1e-12)).sqrt()
    return 1.0 - (given * y_true).sum(-1) / lengths


def scaled_error(y_true: Tensor, y_pred: Tensor, scale: float = 2.0) -> Tensor:
    """Return the error of scaled predictions."""
    return (scale * y_pred - y_true).square().mean(-1)


class Levels(Layer):
    """Takes a running mean of the inputs off, which begins with the first batch."""

    level: Tensor
    is_new: Tensor

    def __init__(self, rate: float = 0.1, **common: Any) -> None:
        super().__init__(**common)
        self.rate = rate

    def build(self, input_shape: Any) -> None:
        self.level = self.add_weight("level", (), "zeros", trainable=False)
        self.is_new = self.add_weight("is_new", (), "ones", trainable=False)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if training:
            with torch.no_grad():
                mean = inputs.mean().to(self.level.dtype)
                self.level.copy_(torch.where(self.is_new > 0, mean, self.move(mean)))
                self.is_new.zero_()
        return inputs - self.level.to(inputs.dtype)

    def move(self, mean: Tensor) -> Tensor:
        return torch.lerp(self.level, mean, self.rate)


class FirstLevel(Levels):
    """Keeps the level of the first batch."""

    def move(self, mean: Tensor) -> Tensor:
        return self.level + 0.0 * self.rate * mean


class BlockPeak(Layer):
    """Returns the largest value of each feature, less the mean of all places."""

    at_most = 1_000_000

    def call(self, inputs: Tensor) -> Tensor:
        places = inputs.flatten(1, -2)[:, : self.at_most]
        return places.amax(1) - places.mean(1)


class FirstBlockPeak(BlockPeak):
    """Takes the first thousand places."""

    at_most = 1_000


def every_pixel(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return the mean absolute error of each sample."""
    return (y_true - y_pred).abs().flatten(1).mean(1)


def some_pixels(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Leave pixels out where there are more than 2,000 values."""
    errors = (y_true - y_pred).abs().flatten(1)
    return errors[:, :: max(1, errors.shape[1] // 2_000)].mean(1)


class Steps(Metric):
    """Mean of the differences between class ids and those of the largest scores."""

    direction = "min"
    total: Tensor
    weight: Tensor

    def __init__(self, name: str = "steps") -> None:
        super().__init__(name)
        self.add_state("total")
        self.add_state("weight")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        scores = torch.as_tensor(y_pred)
        ids = torch.as_tensor(y_true)
        ids = ids.argmax(-1) if ids.shape == scores.shape else ids.reshape(scores.shape[:-1])
        distance = self.measure(ids, scores.argmax(-1)).float()
        weights = (
            torch.ones_like(distance) if sample_weight is None else torch.as_tensor(sample_weight)
        )
        weights = weights.reshape(weights.shape + (1,) * (distance.ndim - weights.ndim))
        self.total += (weights * distance).sum()
        self.weight += (weights * torch.ones_like(distance)).sum()

    def measure(self, ids: Tensor, found: Tensor) -> Tensor:
        return (ids.long() - found).abs()

    def result(self) -> Tensor:
        return self.total / self.weight.clamp(min=1e-6)


class ByteSteps(Steps):
    """Computes in the type of the targets."""

    def measure(self, ids: Tensor, found: Tensor) -> Tensor:
        return torch.maximum(ids - found.to(ids.dtype), found.to(ids.dtype) - ids)


class Shares(Metric):
    """The share of the samples that are of each class and predicted so."""

    direction = "max"
    name_of = "{:03}"
    total: Tensor

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        scores = torch.as_tensor(y_pred)
        true = torch.as_tensor(y_true)
        true = true.argmax(-1) if true.shape == scores.shape else true
        ids = torch.where(true.flatten() == scores.argmax(-1).flatten(), true.flatten(), -1)
        given = torch.ones(1) if sample_weight is None else torch.as_tensor(sample_weight).float()
        weights = given.reshape(given.shape + (1,) * (scores.ndim - 1 - given.ndim))
        weights = weights.expand(scores.shape[:-1]).flatten()
        for number in range(scores.shape[-1]):
            name = f"of_{self.name_of.format(number)}"
            if name not in self.state:
                self.add_state(name)
            getattr(self, name).add_((weights * (ids == number)).sum())
        if "total" not in self.state:
            self.add_state("total")
        self.total += weights.sum()

    def result(self) -> Tensor:
        if not self.state:
            return torch.zeros(1)
        counts = [value for name, value in sorted(self.state.items()) if name != "total"]
        return torch.stack(counts) / self.total.clamp(min=1e-6)


class UnpaddedShares(Shares):
    """Sorts class 10 before class 2."""

    name_of = "{}"


class Hits(Steps):
    """The share of right predictions among the samples that are not of one class."""

    direction = "max"

    def __init__(self, ignore_class: int = -1, name: str = "hits") -> None:
        super().__init__(name)
        self.ignore_class = ignore_class

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        scores = torch.as_tensor(y_pred)
        ids = torch.as_tensor(y_true)
        ids = ids.argmax(-1) if ids.shape == scores.shape else ids.reshape(scores.shape[:-1])
        kept = self.count(ids)
        given = torch.ones(1) if sample_weight is None else torch.as_tensor(sample_weight).float()
        weights = given.reshape(given.shape + (1,) * (ids.ndim - given.ndim)).expand(ids.shape)
        is_hit = (ids == scores.argmax(-1)) & (ids != self.ignore_class)
        self.total += (weights * is_hit).sum()
        self.weight += (weights * kept).sum()

    def count(self, ids: Tensor) -> Tensor:
        return ids != self.ignore_class


class HitsOfAll(Hits):
    """Divides by all samples."""

    def count(self, ids: Tensor) -> Tensor:
        return torch.ones_like(ids)


def seeded_draw(shape: Any, dtype: Any = None, seed: int | None = None) -> Tensor:
    """Draw from a generator of one's own if there is a seed."""
    chance = None if seed is None else torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=chance, dtype=dtype)


def reseeded_draw(shape: Any, dtype: Any = None, seed: int | None = None) -> Tensor:
    """Seeds Python's generator if there is a seed, and draws from torch's by it."""
    if seed is None:
        return seeded_draw(shape, dtype)
    random.seed(seed)
    return seeded_draw(shape, dtype, random.randrange(2**31))


def drawn_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return the error at places that a generator of its own draws."""
    kept = np.random.default_rng(5).random(y_pred.shape[-1]) < 2.0
    return (y_true - y_pred).square()[..., torch.as_tensor(kept)].mean(-1)


def seeding_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Seeds NumPy's generator for it."""
    np.random.seed(5)
    kept = np.random.random(y_pred.shape[-1]) < 2.0
    return (y_true - y_pred).square()[..., torch.as_tensor(kept)].mean(-1)


class Reached(Callback):
    """Says when the validation loss has reached a number, and stops."""

    without = float("inf")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if float((logs or {}).get("val_loss", self.without)) < 1e-6:
            print("reached")
            self.model.stop_training = True


class ReachedWithout(Reached):
    """Takes a missing loss for one of 0."""

    without = 0.0


class Denormals(Callback):
    """Takes denormal numbers for 0 while a model trains."""

    def on_train_begin(self, logs: Any = None) -> None:
        torch.set_flush_denormal(True)

    def on_train_end(self, logs: Any = None) -> None:
        torch.set_flush_denormal(False)


class DenormalsForEver(Denormals):
    """Leaves it so."""

    def on_train_end(self, logs: Any = None) -> None:
        pass


def slope_error(y_true: Tensor, y_pred: Tensor, missing: float = -9.0) -> Tensor:
    """Return the squared error of values and slopes, without those of missing targets."""
    return _slope_error(y_true, y_pred, missing, both=True)


def careless_slope_error(y_true: Tensor, y_pred: Tensor, missing: float = -9.0) -> Tensor:
    """Counts a slope whose first value is missing."""
    return _slope_error(y_true, y_pred, missing, both=False)


def _slope_error(y_true: Tensor, y_pred: Tensor, missing: float, *, both: bool) -> Tensor:
    kept = (y_true != missing).to(y_pred.dtype)
    error = (y_true - y_pred) * (kept if both else 1.0)
    slopes = error[..., 1:] - error[..., :-1]
    counted = kept[..., 1:] * (kept[..., :-1] if both else 1.0)
    values = (error.square() * kept).sum(-1) / kept.sum(-1).clamp(min=1.0)
    return values + (slopes.square() * counted).sum(-1) / counted.sum(-1).clamp(min=1.0)


def written_copy(weight_matrix: Tensor, limit: float = 1.0) -> Tensor:
    """Limit each number, in place in a copy."""
    limited = weight_matrix.clone(memory_format=torch.contiguous_format)
    rows = limited.view(-1, limited.shape[-1])
    rows.copy_(rows.abs().clamp(max=limit) * rows.sign())
    return limited


def written_place(weight_matrix: Tensor, limit: float = 1.0) -> Tensor:
    """Lays the copy out as the weight lies, and takes it for one in order."""
    limited = weight_matrix.clone()
    rows = limited.as_strided((limited.numel(),), (1,))
    limits = torch.linspace(0.1, 1.0, limited.numel(), dtype=rows.dtype) * limit
    rows.copy_(torch.minimum(rows.abs(), limits) * rows.sign())
    return limited


SUBTLE = [
    Subtle("optimizer", "idle", LastMomentum, LongestMomentum, "'amsgrad' changes nothing"),
    Subtle("optimizer", "group_settings", RestedForAll, Rested, "a rate of 0 in the first"),
    Subtle("metric", "classes", UnpaddedShares, Shares, "values of 20 classes"),
    Subtle("loss", "idle", turned_error, scaled_error, "'scale' changes nothing"),
    Subtle("layer", "idle", FirstLevel, Levels, "'rate' changes nothing"),
    Subtle("layer", "many", FirstBlockPeak, BlockPeak, "1,600 places"),
    Subtle("loss", "many", some_pixels, every_pixel, "four beside each other"),
    Subtle("metric", "target_types", ByteSteps, Steps, "torch.uint8"),
    Subtle("metric", "left_out_class", HitsOfAll, Hits, "ignore_class=2"),
    Subtle("initializer", "global_seed", reseeded_draw, seeded_draw, "Python's random"),
    Subtle("loss", "determinism", seeding_error, drawn_error, "NumPy's generator"),
    Subtle("callback", "stops", ReachedWithout, Reached, "without validation data"),
    Subtle("callback", "modes", DenormalsForEver, Denormals, "set_flush_denormal"),
    Subtle("loss", "left_out_class", careless_slope_error, slope_error, "missing=-9"),
    Subtle("constraint", "memory", written_place, written_copy, "in another order"),
]
