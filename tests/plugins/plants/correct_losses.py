"""Losses that are right, in unusual forms."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kplug.components.arguments import require_nonnegative, require_positive, require_share
from kplug.losses import Loss


class RowNorm(torch.nn.Module):
    """Mean absolute error of each sample, a torch module without a reduction.

    Args:
        scale: Factor, > 0.
    """

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = require_positive("RowNorm", "scale", scale)

    def forward(self, y_pred: Tensor, y_true: Tensor) -> Tensor:
        return self.scale * (y_pred - y_true).abs().flatten(1).mean(1)


class RowSquares(torch.nn.Module):
    """Squared error of each sample, a torch module without arguments that returns (N,)."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return (input - target).square().flatten(1).mean(1)


class Captioned:
    """Squared error with a caption for reports.

    Args:
        caption: Any text; ``repr`` shows it.
    """

    def __init__(self, caption: str = "error") -> None:
        self.caption = caption

    def __call__(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return (y_true - y_pred).square().mean(-1)

    def __repr__(self) -> str:
        return f"Captioned({self.caption!r})"

    def get_config(self) -> dict[str, Any]:
        return {"caption": self.caption}


class OwnSum(Loss):
    """Squared error of the batch over that of its mean, by a ``__call__`` of its own.

    Args:
        floor: Added to the divisor, > 0.
    """

    def __init__(self, floor: float = 0.1) -> None:
        super().__init__()
        self.floor = require_positive("OwnSum", "floor", floor)

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None
    ) -> Tensor:
        made = torch.as_tensor(y_pred)
        truth = torch.as_tensor(y_true).to(made)
        spread = (truth - truth.mean()).square().mean()
        return (truth - made).square().mean() / (spread + self.floor)


def batch_mean(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """One number for the batch: the mean squared error."""
    return (y_true - y_pred).square().mean()


def unreduced(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Squared errors of all values, unreduced."""
    return (y_true - y_pred).square()


def charbonnier(y_true: Tensor, y_pred: Tensor, epsilon: float = 1e-3) -> Tensor:
    """Smooth absolute error, ``√(e² + ε²) − ε``.

    Args:
        y_true: Targets.
        y_pred: Predictions.
        epsilon: ε, > 0.
    """
    epsilon = require_positive("charbonnier", "epsilon", epsilon)
    return (torch.sqrt((y_true - y_pred).square() + epsilon**2) - epsilon).mean(-1)


def logistic(y_true: Tensor, y_pred: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Binary crossentropy of logits with label smoothing.

    Args:
        y_true: Targets between 0 and 1.
        y_pred: Logits.
        label_smoothing: From 0 to 1.
    """
    label_smoothing = require_share("logistic", "label_smoothing", label_smoothing)
    truth = y_true * (1 - label_smoothing) + 0.5 * label_smoothing
    return torch.nn.functional.binary_cross_entropy_with_logits(
        y_pred, truth, reduction="none"
    ).mean(-1)


logistic.takes_logits = True  # type: ignore[attr-defined]


def soft_target_entropy(y_true: Tensor, y_pred: Tensor, temperature: float = 1.0) -> Tensor:
    """Crossentropy of logits and soft targets, with a temperature.

    Args:
        y_true: Shares of the classes.
        y_pred: Logits.
        temperature: Divides the logits, > 0.
    """
    temperature = require_positive("soft_target_entropy", "temperature", temperature)
    return -(y_true * (y_pred / temperature).log_softmax(-1)).sum(-1)


soft_target_entropy.takes_logits = True  # type: ignore[attr-defined]


def per_sample_dice(y_true: Tensor, y_pred: Tensor, smooth: float = 1.0) -> Tensor:
    """One minus the Dice coefficient of each sample.

    Args:
        y_true: Masks.
        y_pred: Probabilities.
        smooth: Added above and below, > 0.
    """
    smooth = require_positive("per_sample_dice", "smooth", smooth)
    truth, made = y_true.flatten(1), y_pred.flatten(1)
    return 1 - (2 * (truth * made).sum(1) + smooth) / (truth.sum(1) + made.sum(1) + smooth)


def step_weighted(y_true: Tensor, y_pred: Tensor, tilt: float = 1.0) -> Tensor:
    """Squared error whose features weigh more towards the last, in the predictions' type.

    Args:
        y_true: Targets.
        y_pred: Predictions.
        tilt: How much more the last weighs, >= 0.
    """
    tilt = require_nonnegative("step_weighted", "tilt", tilt)
    weights = 1 + tilt * torch.linspace(
        0, 1, y_pred.shape[-1], dtype=y_pred.dtype, device=y_pred.device
    )
    return ((y_true - y_pred).square() * (weights / weights.mean())).mean(-1)
