"""Losses for regression, classification and segmentation."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, ClassVar

import torch
from torch import Tensor

from kplug.losses import FormulaLoss


def moving_average_error(y_true: Tensor, y_pred: Tensor, window: int = 3) -> Tensor:
    """Squared error of moving averages along the features, which forgives small shifts.

    Args:
        y_true: Targets, shape (N, …, C).
        y_pred: Predictions, the same shape.
        window: Length of the average, >= 1; the whole axis if it is shorter.
    """
    error = (y_true - y_pred).flatten(0, -2) if y_pred.ndim > 1 else (y_true - y_pred)[None]
    rows, size = error.shape
    window = min(window, size)
    windows = error.as_strided((rows, size - window + 1, window), (size, 1, 1))
    smooth = windows.mean(-1).square().mean(-1)
    return smooth.reshape(y_pred.shape[:-1])


def overlapping_l1(y_true: Tensor, y_pred: Tensor, scale: float = 1.0) -> Tensor:
    """Mean absolute error of each sample, over all of its values.

    Args:
        y_true: Targets, shape (N, …).
        y_pred: Predictions, the same shape.
        scale: Factor of the loss, > 0.
    """
    size = math.prod(y_pred.shape[1:])
    return scale * (y_true.reshape(-1, size) - y_pred.view(-1, size)).abs().mean(-1)


class PackedGradient(torch.autograd.Function):
    """The absolute error, with a gradient from packed signs."""

    @staticmethod
    def forward(ctx: Any, error: Tensor) -> Tensor:
        ctx.signs = error.sign().to(torch.int8).flatten()
        ctx.layout = error.shape, error.stride()
        return error.abs()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        return ctx.signs.as_strided(*ctx.layout).to(gradient.dtype) * gradient


def compact_absolute(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Absolute error that keeps one byte a value for the backward pass.

    Args:
        y_true: Targets, shape (N, …, C).
        y_pred: Predictions, the same shape.
    """
    return PackedGradient.apply(y_true - y_pred).mean(-1)


# Types of lower precision


def safe_crossentropy(y_true: Tensor, y_pred: Tensor, epsilon: float = 1e-8) -> Tensor:
    """Crossentropy of probabilities, with an ε that keeps the logarithm finite.

    Args:
        y_true: Shares of the classes, shape (N, …, C).
        y_pred: Probabilities, the same shape.
        epsilon: Added to the probabilities, > 0.
    """
    return -(y_true * (y_pred.clamp(0, 1) + epsilon).log()).sum(-1)


def root_scaled_error(y_true: Tensor, y_pred: Tensor, scale: float = 100.0) -> Tensor:
    """Squared error in percentage points: errors are scaled, squared and averaged.

    Args:
        y_true: Targets, shape (N, …, C).
        y_pred: Predictions, the same shape.
        scale: Factor of the errors; the loss is divided by it again.
    """
    error = scale * (y_true - y_pred)
    return error.square().sum(-1) / (y_pred.shape[-1] * scale)


def balanced_absolute(y_true: Tensor, y_pred: Tensor, tilt: float = 0.5) -> Tensor:
    """Absolute error whose weight grows along the features.

    Args:
        y_true: Targets, shape (N, …, C).
        y_pred: Predictions, the same shape.
        tilt: How much more the last feature weighs than the first.
    """
    weights = torch.linspace(1.0, 1.0 + tilt, y_pred.shape[-1], device=y_pred.device)
    return ((y_true - y_pred).abs() * weights / weights.mean()).mean(-1)


# Sequences and images


class DiscountedError:
    """Squared error of sequences in which early steps weigh more.

    Args:
        rate: How much of a weight is left a step later, in (0, 1].
    """

    def __init__(self, rate: float = 0.9) -> None:
        self.rate = rate
        self._weights: Tensor | None = None

    def __call__(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        error = (y_true - y_pred).square().mean(-1)
        if error.ndim < 2:
            return error
        steps = error.shape[1]
        if self._weights is None or len(self._weights) < steps:
            weights = self.rate ** torch.arange(steps, dtype=torch.float64)
            self._weights = weights / weights.mean()
        weights = self._weights[:steps].to(error)
        return (error * weights.reshape(1, -1, *[1] * (error.ndim - 2))).flatten(1).mean(1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {"rate": self.rate}


_CENTERS: dict[int, Tensor] = {}


def centered_error(y_true: Tensor, y_pred: Tensor, strength: float = 1.0) -> Tensor:
    """Squared error of images whose weight falls off from the center to the edges.

    Args:
        y_true: Images, shape (N, height, width, C); other ranks weigh all values the same.
        y_pred: Predictions, the same shape.
        strength: How fast the weight falls off, >= 0.
    """
    error = (y_true - y_pred).square().mean(-1)
    if error.ndim != 3:
        return error
    height, width = error.shape[1:]
    key = height * width
    if key not in _CENTERS:
        rows = torch.linspace(-1, 1, height, dtype=torch.float64)
        columns = torch.linspace(-1, 1, width, dtype=torch.float64)
        _CENTERS[key] = rows[:, None].square() + columns.square()
    distance = _CENTERS[key].reshape(height, width).to(error)
    return error * (-strength * distance).exp()


# Kernels that are kept


class BlurredError:
    """Squared error of features that were blurred with a Gaussian.

    Args:
        sigma: Width of the Gaussian, > 0.
        size: Length of the kernel, odd.
    """

    _kernels: ClassVar[dict[Any, Tensor]] = {}

    def __init__(self, sigma: float = 1.0, size: int = 5) -> None:
        self.sigma, self.size = sigma, size

    def _kernel(self, like: Tensor) -> Tensor:
        key = (self.size, like.dtype, like.device)
        if key not in self._kernels:
            places = torch.arange(self.size, device=like.device, dtype=like.dtype) - self.size // 2
            kernel = (-places.square() / (2 * self.sigma**2)).exp()
            self._kernels[key] = kernel / kernel.sum()
        return self._kernels[key]

    def __call__(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        error = (y_true - y_pred).reshape(-1, 1, y_pred.shape[-1])
        pad = self.size // 2
        blurred = torch.nn.functional.conv1d(error, self._kernel(error)[None, None], padding=pad)
        return blurred.square().mean((1, 2)).reshape(y_pred.shape[:-1])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {"sigma": self.sigma, "size": self.size}


_OPTIONS = {"low": 1.0, "high": 1.0}


class AsymmetricError:
    """Absolute error with one price for predictions too low and another for those too high.

    Args:
        low: Price of a prediction that is too low, > 0.
        high: Price of a prediction that is too high, > 0.
    """

    def __init__(self, low: float = 2.0, high: float = 1.0) -> None:
        self.low, self.high = low, high
        self._options = _OPTIONS
        self._options.update(low=low, high=high)

    def __call__(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        error = y_true - y_pred
        return torch.maximum(self._options["low"] * error, -self._options["high"] * error).mean(-1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {"low": self.low, "high": self.high}


@lru_cache(maxsize=16)
def _rank_costs(classes: int) -> Tensor:
    places = torch.arange(classes, dtype=torch.float32)
    return (places[:, None] - places).abs()


class OrdinalCost:
    """Expected cost of the predicted class, by its distance from the true one.

    Args:
        power: Power of the distance, > 0.
    """

    def __init__(self, power: float = 2.0) -> None:
        self.power = power

    def __call__(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        costs = _rank_costs(y_pred.shape[-1])
        if costs.max() == y_pred.shape[-1] - 1:  # not raised to the power yet
            costs.pow_(self.power)
        return ((y_true @ costs.to(y_pred)) * y_pred).sum(-1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {"power": self.power}


# Gradients


def piecewise_huber(y_true: Tensor, y_pred: Tensor, delta: float = 1.0) -> Tensor:
    """Huber loss: quadratic near 0, linear beyond ``delta``.

    Args:
        y_true: Targets, shape (N, …, C).
        y_pred: Predictions, the same shape.
        delta: Where the linear part begins, > 0.
    """
    error = (y_true - y_pred).abs()
    inner = (error < delta).to(error.dtype)
    outer = (error > delta).to(error.dtype)
    return (inner * 0.5 * error.square() + outer * delta * (error - 0.5 * delta)).mean(-1)


def margin_root(y_true: Tensor, y_pred: Tensor, margin: float = 0.5) -> Tensor:
    """Root of the part of the error that exceeds a margin.

    Args:
        y_true: Targets, shape (N, …, C).
        y_pred: Predictions, the same shape.
        margin: Errors up to here cost nothing, > 0.
    """
    excess = (y_true - y_pred).abs() - margin
    return torch.where(excess > 0, excess.abs().sqrt(), torch.zeros_like(excess)).mean(-1)


def log_cosh_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Logarithm of the hyperbolic cosine of the error, smooth and almost linear far from 0.

    Args:
        y_true: Targets, shape (N, …, C).
        y_pred: Predictions, the same shape.
    """
    return (y_true - y_pred).cosh().log().mean(-1)


def spread_penalty(y_true: Tensor, y_pred: Tensor, strength: float = 0.1) -> Tensor:
    """Squared error and a price on neighbouring features that lie close together.

    Args:
        y_true: Targets, shape (N, …, C).
        y_pred: Predictions, the same shape.
        strength: Price of closeness, >= 0.
    """
    gaps = y_pred[..., 1:] - y_pred[..., :-1]
    closeness = (-gaps.square().sqrt()).exp().sum(-1) / y_pred.shape[-1]
    return (y_true - y_pred).square().mean(-1) + strength * closeness


class _FastSoftplus(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.slope = torch.sigmoid(x)
        return torch.nn.functional.softplus(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        return ctx.slope * gradient


def fast_logistic(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Logistic loss of logits, with a backward pass that computes no exponential again.

    Args:
        y_true: Targets between 0 and 1, shape (N, …, C).
        y_pred: Logits, the same shape.
    """
    return (_FastSoftplus.apply(y_pred) - y_true * y_pred).mean(-1)


fast_logistic.takes_logits = True  # type: ignore[attr-defined]


# Arguments


def _smoothed(y_true: Tensor, y_pred: Tensor, smoothing: float = 0.0) -> Tensor:
    y_true = (1 - smoothing) * y_true + smoothing * y_true
    return (y_true - y_pred).square().mean(-1)


def smoothed_error(y_true: Tensor, y_pred: Tensor, smoothing: float = 0.1) -> Tensor:
    """Squared error against targets that are pulled towards their mean over the features.

    Args:
        y_true: Targets, shape (N, …, C).
        y_pred: Predictions, the same shape.
        smoothing: How far, from 0 to 1.
    """
    return _smoothed(y_true, y_pred, smoothing)


def _cauchy(y_true: Tensor, y_pred: Tensor, scale: float = 1.0) -> Tensor:
    return ((y_true - y_pred) / scale).square().log1p().mean(-1)


class CauchyLoss(FormulaLoss, formula=_cauchy):
    """Logarithm of one plus the squared error, for targets with outliers.

    Args:
        scale: Errors above this count as outliers, > 0.
        reduction: ``"sum_over_batch_size"``, ``"sum"``, ``"mean"`` or None.
        name: Label.
    """

    def __init__(
        self,
        scale: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "cauchy_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.scale = scale


class ReducedHinge(torch.nn.Module):
    """Squared hinge loss of targets −1 and 1.

    Args:
        margin: Distance from which a prediction costs nothing.
        reduction: ``"mean"`` for the mean over a sample's values, ``"sum"`` for their sum.
    """

    def __init__(self, margin: float = 1.0, reduction: str = "mean") -> None:
        super().__init__()
        self.margin, self.reduction = margin, reduction

    def forward(self, y_pred: Tensor, y_true: Tensor) -> Tensor:
        cost = (self.margin - y_true * y_pred).clamp(min=0).square().flatten(1)
        total = cost.sum(1) if self.reduction == "sum" else cost.mean(1) * cost.shape[1]
        return total / cost.shape[1]


# Classification and segmentation


def sigmoid_crossentropy(y_true: Tensor, y_pred: Tensor, epsilon: float = 1e-7) -> Tensor:
    """Binary crossentropy of logits.

    Args:
        y_true: Targets between 0 and 1, shape (N, …, C).
        y_pred: Logits, the same shape.
        epsilon: Probabilities are kept this far from 0 and 1.
    """
    shares = y_pred.sigmoid().clamp(epsilon, 1 - epsilon)
    return -(y_true * shares.log() + (1 - y_true) * (1 - shares).log()).mean(-1)


sigmoid_crossentropy.takes_logits = True  # type: ignore[attr-defined]


def partition_crossentropy(y_true: Tensor, y_pred: Tensor, temperature: float = 1.0) -> Tensor:
    """Crossentropy of logits: the logarithm of the partition function minus the true logit.

    Args:
        y_true: Shares of the classes, shape (N, …, C).
        y_pred: Logits, the same shape.
        temperature: Divides the logits, > 0.
    """
    logits = y_pred / temperature
    return logits.exp().sum(-1).log() - (y_true * logits).sum(-1)


partition_crossentropy.takes_logits = True  # type: ignore[attr-defined]


def margin_softmax(y_true: Tensor, y_pred: Tensor, margin: float = 0.2) -> Tensor:
    """Crossentropy of logits after the true class was lowered by a margin.

    Args:
        y_true: Shares of the classes, shape (N, …, C).
        y_pred: Logits, the same shape.
        margin: How much the logit of the true class is lowered, >= 0.
    """
    classes = y_true.argmax(-1)
    lowered = y_pred - margin * torch.nn.functional.one_hot(classes, y_pred.shape[-1])
    return -lowered.log_softmax(-1).gather(-1, classes[..., None]).squeeze(-1)


margin_softmax.takes_logits = True  # type: ignore[attr-defined]


def focal_probability(y_true: Tensor, y_pred: Tensor, gamma: float = 2.0) -> Tensor:
    """Binary focal loss of probabilities: ``−(1 − p_t)^γ · log p_t``.

    Args:
        y_true: Targets between 0 and 1, shape (N, …, C).
        y_pred: Probabilities, the same shape.
        gamma: How little easy values weigh, >= 0.
    """
    shares = y_pred.clamp(1e-6, 1 - 1e-6)
    right = torch.where(y_true > 0.5, shares, 1 - shares)
    return -((1 - right).pow(gamma) * right.log()).mean(-1)


def soft_margin_dice(y_true: Tensor, y_pred: Tensor, smooth: float = 1.0) -> Tensor:
    """One minus the Dice coefficient of each sample.

    Args:
        y_true: Masks, soft ones too, shape (N, …).
        y_pred: Probabilities, the same shape.
        smooth: Added above and below, > 0.
    """
    truth, shares = y_true.flatten(1), y_pred.flatten(1)
    overlap = (truth * shares).sum(1)
    return 1 - (2 * overlap + smooth) / ((truth > 0).sum(1) + shares.sum(1) + smooth)


def hard_pixels(y_true: Tensor, y_pred: Tensor, power: float = 2.0) -> Tensor:
    """Mean of the errors of each sample, the largest first so that the sum is exact.

    Args:
        y_true: Targets, shape (N, …).
        y_pred: Predictions, the same shape.
        power: Power of the absolute error, >= 1.
    """
    errors = (y_true - y_pred).abs().pow(power).flatten(1)
    return errors.topk(min(errors.shape[1], 1000)).values.mean(1)


def chunked_distance(y_true: Tensor, y_pred: Tensor, chunk: int = 1024) -> Tensor:
    """Squared error of each sample, in chunks that keep the memory low.

    Args:
        y_true: Targets, shape (N, …).
        y_pred: Predictions, the same shape.
        chunk: Values at a time, >= 1.
    """
    truth, made = y_true.flatten(1), y_pred.flatten(1)
    size = truth.shape[1]
    chunk = min(chunk, size)
    parts = [
        (truth[:, start : start + chunk] - made[:, start : start + chunk]).square().sum(1)
        for start in range(0, size - chunk + 1, chunk)
    ]
    return torch.stack(parts).sum(0) / size
