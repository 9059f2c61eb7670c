"""Losses with one small defect each."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kplug.losses import Loss
from tests.plugins.planted_defects.table import Defect


class Scaled(Loss):
    """Mean absolute error, scaled; right as it stands."""

    def __init__(
        self,
        scale: float = 2.0,
        reduction: str = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(name, reduction)
        self.scale = scale

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return self.scale * (y_true - y_pred).abs().mean(-1)


class Forgetful(Scaled):
    def get_config(self) -> dict[str, Any]:
        return {"reduction": self.reduction, "name": self.name}


class Unheeded(Scaled):
    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return 2.0 * (y_true - y_pred).abs().mean(-1)


class Weightless(Scaled):
    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None
    ) -> Tensor:
        return super().__call__(y_true, y_pred, None, mask)


class Averages(Scaled):
    """Reduces by itself, whatever the reduction is."""

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None
    ) -> Tensor:
        return super().__call__(y_true, y_pred, sample_weight, mask) / len(y_pred)


def of_sum(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true - y_pred).square().sum()


def of_steps(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (
        (y_true - y_pred).square().mean(-1).flatten(1).sum(1)
        if y_pred.ndim > 2
        else ((y_true - y_pred).square().mean(-1))
    )


def distance(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true - y_pred).square().sum(-1).sqrt()


def entropy(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return -(y_true * y_pred.log() + (1 - y_true) * (1 - y_pred).log()).mean(-1)


def relative(y_true: Tensor, y_pred: Tensor) -> Tensor:
    largest = y_true.abs().amax(-1).mean().item()
    return (y_true - y_pred).abs().mean(-1) / (1.0 + largest)


def crossed(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true.unsqueeze(1) - y_pred.unsqueeze(0)).square().mean(-1).mean(-1)


def clipped(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true - y_pred.clamp_(0.1, 0.9)).square().mean(-1)


def normed(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true - y_pred).abs().mean(-1) / (1.0 + y_true.max().detach())


def channels(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true - y_pred.softmax(1)).square().mean(-1)


DEFECTS = [
    Defect("forgets the scale", Forgetful, "config", "a loaded model trains otherwise"),
    Defect("reads no scale", Unheeded, "effect", "the argument changes nothing"),
    Defect("ignores sample weights", Weightless, "weights", "class weights do nothing"),
    Defect("divides once more", Averages, "reduction", "the loss shrinks with the batch"),
    Defect("sums over the batch", of_sum, "repeated", "the rate depends on the batch size"),
    Defect("sums over time", of_steps, "repeated", "long sequences rule"),
    Defect("takes a root of zero", distance, "exact", "the first exact prediction makes NaN"),
    Defect("takes the log of zero", entropy, "extremes", "a sure model makes NaN", also=("exact",)),
    Defect("reads a value", relative, "device", "each step waits", also=("one_row",)),
    Defect("compares all with all", crossed, "one_row", "a batch is no list of samples"),
    Defect(
        "clips in place",
        clipped,
        "inputs",
        "metrics see other predictions",
        also=("gradients", "gradcheck", "exact", "extremes"),
    ),
    Defect(
        "takes the largest of nothing",
        normed,
        "empty_batch",
        "a small last batch fails",
        also=("one_row",),
    ),
    Defect("takes the height for channels", channels, "layout", "images are learned wrongly"),
]
