"""Activations, penalties, constraints and losses with one subtle defect each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

import kplug
from kplug.losses import Loss
from kplug.regularizers import Regularizer
from tests.plugins.subtle_defects.table import Subtle


@kplug.function
def viewed(x: Tensor) -> Tensor:
    return x.view(-1).tanh().view(x.shape)


@kplug.function
def reshaped(x: Tensor) -> Tensor:
    return x.reshape(-1).tanh().reshape(x.shape)


class Scaled(Regularizer):
    """A penalty whose factor stands in the instance; right as it stands."""

    def __init__(self, factor: float = 0.5) -> None:
        self.factor = factor

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return self.factor * weight_matrix.square().sum()


class OfTheClass(Scaled):
    current = 0.5

    def __init__(self, factor: float = 0.5) -> None:
        super().__init__(factor)
        OfTheClass.current = factor

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return self.current * weight_matrix.square().sum()


class Remembering(Scaled):
    """Keeps the mean of the first weight."""

    mean: Tensor | None = None

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        if self.mean is None:
            self.mean = weight_matrix.detach().mean()
        return super().__call__(weight_matrix) + self.mean


class _Cubed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, is_detached: bool) -> Tensor:
        ctx.save_for_backward(x)
        ctx.is_detached = is_detached
        return x**3

    @staticmethod
    def backward(ctx: Any, *above: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return above[0] * 3.0 * (x.detach() if ctx.is_detached else x) ** 2, None


_apply_cubed: Callable[[Tensor, bool], Tensor] = _Cubed.apply


@kplug.function
def cubed(x: Tensor) -> Tensor:
    return _apply_cubed(x, False)


@kplug.function
def cubed_once(x: Tensor) -> Tensor:
    return _apply_cubed(x, True)


@kplug.function
def softplus(x: Tensor) -> Tensor:
    return nn.functional.softplus(x)


@kplug.function
def promoted(x: Tensor) -> Tensor:
    return x.float().tanh() if x.dtype is torch.float16 else x.tanh()


def unit(weight_matrix: Tensor) -> Tensor:
    norm: Tensor = weight_matrix.norm()
    return weight_matrix / (norm + 1e-6)


def overflowing(weight_matrix: Tensor) -> Tensor:
    large = 1e4 * weight_matrix
    return weight_matrix / (large.square().sum().sqrt() / 1e4 + 1e-6)


class Squared(Loss):
    """Mean squared error; right as it stands."""

    def __init__(self, reduction: str = "sum_over_batch_size", name: str | None = None) -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return (y_true - y_pred).square().mean(-1)


def logistic(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return nn.functional.softplus((1.0 - 2.0 * y_true) * y_pred).mean(-1)


def exp_plus(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (1.0 + ((1.0 - 2.0 * y_true) * y_pred).exp()).log().mean(-1)


class Rooted(Squared):
    """Takes the roots of weights."""

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None
    ) -> Tensor:
        weights = None if sample_weight is None else sample_weight.sqrt()
        return super().__call__(y_true, y_pred, weights, mask)


class Padded(Squared):
    """Divides by all steps, masked ones too."""

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None
    ) -> Tensor:
        if mask is None:
            return super().__call__(y_true, y_pred, sample_weight)
        weighted: Tensor = self.values(y_true, y_pred) * mask
        return weighted.mean()


class First(Squared):
    """Looks at the first thousand places of a sample."""

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        places = (y_true - y_pred).square().flatten(1)[:, :1000]
        return places.mean(-1)


class Ten(Squared):
    """Looks at ten classes."""

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return (y_true - y_pred).square()[..., :10].mean(-1)


class Rounding(Squared):
    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return super().call(y_true.round(), y_pred)


class Ignoring(Squared):
    """Cross-entropy without one class; ``total`` divides by all samples."""

    takes_class_ids = True
    total = False

    def __init__(
        self,
        ignore_index: int = -100,
        reduction: str = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name)
        self.ignore_index = ignore_index

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        kept = y_true != self.ignore_index
        logs = y_pred.log().gather(-1, torch.where(kept, y_true, 0).unsqueeze(-1)).squeeze(-1)
        values = -(logs * kept).sum()
        return values / (len(kept) if self.total else kept.sum().clamp(min=1))


class Diluting(Ignoring):
    total = True


class Half(nn.Module):
    """Adds squares in the type of the predictions."""

    reduction = "mean"

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        error = (input - target).flatten(1)
        return sum_of(error.square()) / error.numel()


class Wide(Half):
    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return super().forward(input.float(), target.float()).to(input.dtype)


def sum_of(values: Tensor) -> Tensor:
    return values.sum()


SUBTLE = [
    Subtle("activation", "memory", viewed, reshaped, "RuntimeError: view size"),
    Subtle("activation", "second_order", cubed_once, cubed, "by differences of gradients$"),
    Subtle("loss", "precise", exp_plus, logistic, "for predictions of 100: inf in float32"),
    Subtle("activation", "half", promoted, softplus, "torch.float32 for torch.float16"),
    Subtle("regularizer", "instances", OfTheClass, Scaled, r"beside one made with factor=0\.25"),
    Subtle("regularizer", "calls", Remembering, Scaled, "at first, and after others"),
    Subtle("constraint", "half", overflowing, unit, "in torch.float16"),
    Subtle("loss", "uneven_weights", Rooted, Squared, "the sum of weighted values"),
    Subtle("loss", "mask", Padded, Squared, "with three more that are masked"),
    Subtle("loss", "many", First, Squared, "and turned by 180°|four beside each other"),
    Subtle("loss", "classes", Ten, Squared, "in two orders"),
    Subtle("loss", "soft_targets", Rounding, Squared, "and for those softer by 0.2"),
    Subtle("loss", "left_out_class", Diluting, Ignoring, "with ignore_index=2, two such samples"),
    Subtle("loss", "half", Half, Wide, "in torch.float16"),
]
