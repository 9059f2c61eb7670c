"""What looks like a defect and is none, beside the defect itself."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kplug.layers import Layer
from kplug.losses import Loss
from kplug.metrics import Metric
from tests.plugins.subtle_defects.table import Subtle


class Centred(Loss):
    """A squared error of errors less their mean over the batch."""

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        error = y_pred - y_true
        return (error - error.mean(0)).square().mean(-1)


class SaidCentred(Centred):
    """Says that it compares samples."""

    mixes_samples = True


def _draw(shape: Any, dtype: Any, seed: int) -> Tensor:
    return torch.randn(shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def seeded_once(shape: Any, dtype: Any = None, seed: int | None = None) -> Tensor:
    return _draw(shape, dtype, seed or 0)


def seeded_by_default(shape: Any, dtype: Any = None, seed: int = 3) -> Tensor:
    return _draw(shape, dtype, seed)


def first_pixels(y_true: Tensor, y_pred: Tensor) -> Tensor:
    error = (y_true - y_pred).square().flatten(1)
    return torch.cat([error[:, :900], error[:, 900:].detach()], 1).mean(-1)


def hard_pixels(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true - y_pred).square().flatten(1).topk(min(60, y_pred[0].numel())).values.mean(-1)


class HiddenList(Metric):
    """Keeps errors in a list that a reset knows, and a merge does not."""

    def __init__(self, name: str = "hidden_list") -> None:
        super().__init__(name)
        self.errors: list[Tensor] = []

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Any = None) -> None:
        self.errors.append((y_true - y_pred).abs().flatten())

    def result(self) -> Tensor:
        return torch.cat(self.errors).median() if self.errors else torch.zeros(())

    def reset_state(self) -> None:
        self.errors = []


class KeptList(HiddenList):
    """Resets, merges and stores the list itself."""

    def merge_state(self, others: Any) -> None:
        self.errors = [*self.errors, *(error for other in others for error in other.errors)]

    def snapshot(self) -> dict[str, Any]:
        return {"errors": [error.tolist() for error in self.errors]}

    def restore(self, snapshot: Any) -> None:
        self.errors = [torch.tensor(error) for error in snapshot["errors"]]


def nothing_counts(weight: Tensor) -> Tensor:
    return torch.relu(weight.abs().round() * 0.0 + 0.0 * weight).sum()


def free_below(weight: Tensor) -> Tensor:
    return torch.relu(weight.abs() - 5.0).sum()


class Squares(Layer):
    """Divides by the root of a mean of squares in the type of the inputs."""

    def call(self, inputs: Tensor) -> Tensor:
        return inputs / (inputs.square().mean(-1, keepdim=True) + 1.0).sqrt()


class SteepTanh(Layer):
    """A tanh of the product with a weight, which is rounded."""

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight("kernel", (input_shape[-1], 4), "kplug/glorot_uniform")

    def call(self, inputs: Tensor) -> Tensor:
        value: Tensor = (inputs @ self.kernel).float().tanh()
        return value.to(inputs.dtype)


class UnusedFill(Layer):
    """Replaces NaN by 0, whatever it was made with."""

    def __init__(self, nan_to: float = 0.5, **common: Any) -> None:
        super().__init__(**common)
        self.nan_to = nan_to

    def call(self, inputs: Tensor) -> Tensor:
        return inputs.nan_to_num(0.0 * self.nan_to)


class NanTo(UnusedFill):
    """Replaces NaN."""

    def call(self, inputs: Tensor) -> Tensor:
        return inputs.nan_to_num(self.nan_to)


def hidden_leak(x: Tensor, slope: float = 0.1) -> Tensor:
    return torch.where(x > 0, x, slope * x).clamp(0.0, 6.0)


def shown_leak(x: Tensor, slope: float = 0.1) -> Tensor:
    return torch.where(x > 0, x, slope * x).clamp(-6.0, 6.0)


def without_price(y_true: Tensor, y_pred: Tensor, nan_price: float = 0.5) -> Tensor:
    return _price(y_true, y_pred, 0.0 * nan_price)


def with_price(y_true: Tensor, y_pred: Tensor, nan_price: float = 0.5) -> Tensor:
    return _price(y_true, y_pred, nan_price)


def _price(y_true: Tensor, y_pred: Tensor, price: float) -> Tensor:
    """Compute a squared error; a target of NaN costs a fixed price."""
    errors = (y_true.nan_to_num(0.0) - y_pred).square()
    return torch.where(y_true.isnan(), price, errors).mean(-1)


SUBTLE = [
    Subtle("loss", "one_row", Centred, SaidCentred, "alone and in the batch"),
    Subtle("initializer", "fresh", seeded_once, seeded_by_default, "twice"),
    Subtle("loss", "many", first_pixels, hard_pixels, "have a gradient"),
    Subtle("metric", "state", HiddenList, KeptList, "'errors' changes"),
    Subtle("regularizer", "gradients", nothing_counts, free_below, "zeros only"),
    Subtle("layer", "half", Squares, SteepTanh, "for inputs of 300"),
    Subtle("layer", "idle", UnusedFill, NanTo, "'nan_to' changes nothing"),
    Subtle("loss", "idle", without_price, with_price, "'nan_price' changes nothing"),
    Subtle("activation", "idle", hidden_leak, shown_leak, "'slope' changes nothing"),
]
