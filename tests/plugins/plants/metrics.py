"""Metrics for regression, classification, ranking and sequences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import torch
from torch import Tensor

from kplug.metrics import Metric


def _pair(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    made = torch.as_tensor(y_pred).detach()
    return torch.as_tensor(y_true).to(made).reshape(made.shape), made


def _weights(sample_weight: Any, like: Tensor) -> Tensor:
    """Return weights of the shape of the values; (N,) and (N, T) get axes behind."""
    if sample_weight is None:
        return torch.ones_like(like)
    weights = torch.as_tensor(sample_weight).to(like)
    while weights.ndim < like.ndim:
        weights = weights[..., None]
    return weights.expand_as(like)


class SpreadOfErrors(Metric):
    """Standard deviation of the errors, from a histogram.

    Args:
        bins: Number of bins, >= 2.
        limit: Errors beyond it count as the limit, > 0.
        name: Label.
    """

    direction = "min"

    def __init__(self, bins: int = 64, limit: float = 4.0, name: str = "spread_of_errors") -> None:
        super().__init__(name)
        self.bins, self.limit = bins, limit
        self.add_state("histogram", (bins,), dtype="float64")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        weights = _weights(sample_weight, made).reshape(-1)
        error = (made - truth).view(-1).clamp(-self.limit, self.limit)
        places = ((error + self.limit) / (2 * self.limit) * (self.bins - 1)).round().long()
        self.histogram += torch.zeros_like(self.histogram).index_add(
            0, places, weights.to(self.histogram)
        )

    def result(self) -> Tensor:
        """Return the standard deviation."""
        centers = torch.linspace(-self.limit, self.limit, self.bins).to(self.histogram)
        count = self.histogram.sum().clamp(min=1e-12)
        mean = (self.histogram * centers).sum() / count
        return ((self.histogram * (centers - mean).square()).sum() / count).sqrt().float()


class NativeHits(Metric):
    """Share of values within a tolerance, counted in the type of the predictions.

    Args:
        tolerance: The largest error of a hit, >= 0.
        name: Label.
    """

    direction = "max"

    def __init__(self, tolerance: float = 0.5, name: str = "native_hits") -> None:
        super().__init__(name)
        self.tolerance = tolerance
        self.add_state("hits")
        self.add_state("count")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        weights = _weights(sample_weight, made)
        self.hits.add_((((made - truth).abs() <= self.tolerance).to(made.dtype) * weights).sum())
        self.count.add_(weights.float().sum())

    def result(self) -> Tensor:
        """Return the share."""
        return self.hits / self.count.clamp(min=1e-7)


class RunningBias(Metric):
    """Mean error, prediction minus target; the state has the type of the first batch.

    Args:
        name: Label.
    """

    direction = None

    def __init__(self, name: str = "running_bias") -> None:
        super().__init__(name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        if "total" not in self.state:
            self.add_state("total", dtype=made.dtype)
            self.add_state("count", dtype=made.dtype)
        weights = _weights(sample_weight, made)
        self.total.add_((weights * (made - truth)).sum())
        self.count.add_(weights.sum())

    def result(self) -> Tensor:
        """Return the mean."""
        if "total" not in self.state:
            return torch.zeros(())
        return (self.total / self.count.clamp(min=1e-6)).float()


class StepErrors(Metric):
    """Absolute error of sequences, averaged over each step first and over the steps then.

    Args:
        name: Label.
    """

    direction = "min"

    def __init__(self, name: str = "step_errors") -> None:
        super().__init__(name)
        self.add_state("total", dtype="float64")
        self.add_state("count", dtype="float64")
        self._steps: int | None = None

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        weights = _weights(sample_weight, made)
        if self._steps is None:
            self._steps = made[0].numel() if len(made) else None
        self.total += (weights * (made - truth).abs()).double().sum() / (self._steps or 1)
        self.count += weights.unsqueeze(-1).flatten(1).double().mean(1).sum()

    def result(self) -> Tensor:
        """Return the mean."""
        return (self.total / self.count.clamp(min=1e-12)).float()


# Weights


class WeightedWithin(Metric):
    """Share of values within a tolerance.

    Args:
        tolerance: The largest error, >= 0.
        name: Label.
    """

    direction = "max"

    def __init__(self, tolerance: float = 0.5, name: str = "weighted_within") -> None:
        super().__init__(name)
        self.tolerance = tolerance
        self.add_state("hits", dtype="float64")
        self.add_state("count", dtype="float64")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        valid = _weights(sample_weight, made) > 0
        self.hits += (((made - truth).abs() <= self.tolerance) & valid).sum()
        self.count += valid.sum()

    def result(self) -> Tensor:
        """Return the share."""
        return (self.hits / self.count.clamp(min=1)).float()


class RootMeanSquare(Metric):
    """Root of the mean squared error.

    Args:
        name: Label.
    """

    direction = "min"

    def __init__(self, name: str = "root_mean_square") -> None:
        super().__init__(name)
        self.add_state("squares", dtype="float64")
        self.add_state("count", dtype="float64")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        weights = _weights(sample_weight, made)
        self.squares += ((made - truth) * weights).square().double().sum()
        self.count += weights.double().sum()

    def result(self) -> Tensor:
        """Return the root."""
        return (self.squares / self.count.clamp(min=1e-12)).sqrt().float()


class SequenceMae(Metric):
    """Mean absolute error of sequences.

    Args:
        name: Label.
    """

    direction = "min"

    def __init__(self, name: str = "sequence_mae") -> None:
        super().__init__(name)
        self.add_state("total", dtype="float64")
        self.add_state("count", dtype="float64")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        errors = (made - truth).abs().double().unsqueeze(-1).flatten(1).mean(1)
        weights = torch.ones_like(errors)
        if sample_weight is not None:
            given = torch.as_tensor(sample_weight).to(errors)
            weights = given.reshape(len(errors), given.numel() // max(len(errors), 1)).mean(1)
        self.total += (weights * errors).sum()
        self.count += weights.sum()

    def result(self) -> Tensor:
        """Return the mean."""
        return (self.total / self.count.clamp(min=1e-12)).float()


class WeightedF1(Metric):
    """F1 score of binary predictions.

    Args:
        threshold: Predictions above it are positive, between 0 and 1.
        name: Label.
    """

    direction = "max"

    def __init__(self, threshold: float = 0.5, name: str = "weighted_f1") -> None:
        super().__init__(name)
        self.threshold = threshold
        for state in ("both", "said", "true"):
            self.add_state(state, dtype="float64")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        weights = _weights(sample_weight, made).double()
        keep = (weights != 0).double()
        positive, label = (made > self.threshold).double(), (truth > 0.5).double()
        self.both += (weights * positive * label).sum()
        self.said += (weights * positive).sum()
        self.true += (keep * label).sum()

    def result(self) -> Tensor:
        """Return the score."""
        return (2 * self.both / (self.said + self.true).clamp(min=1e-12)).float()


class NormalizedAbsolute(Metric):
    """Mean absolute error, with the weights of each batch normalized for stable numbers.

    Args:
        name: Label.
    """

    direction = "min"

    def __init__(self, name: str = "normalized_absolute") -> None:
        super().__init__(name)
        self.add_state("total", dtype="float64")
        self.add_state("count", dtype="float64")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        weights = _weights(sample_weight, made).double()
        present = (weights != 0).double().sum()
        weights = weights * present / weights.sum().clamp(min=1e-12)
        self.total += (weights * (made - truth).abs()).sum()
        self.count += present

    def result(self) -> Tensor:
        """Return the mean."""
        return (self.total / self.count.clamp(min=1e-12)).float()


# Merging


class _Moments(Metric):
    direction = None

    def __init__(self, name: str) -> None:
        super().__init__(name)
        for state in ("count", "mean", "squares"):
            self.add_state(state, dtype="float64")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        weights = _weights(sample_weight, made).double()
        error = (made - truth).double()
        count = weights.sum()
        safe = count.clamp(min=1e-12)
        mean = (weights * error).sum() / safe
        self._join(count, mean, (weights * (error - mean).square()).sum())

    def _join(self, count: Tensor, mean: Tensor, squares: Tensor) -> None:
        whole = (self.count + count).clamp(min=1e-12)
        gap = mean - self.mean
        self.squares += squares + gap.square() * self.count * count / whole
        self.mean += gap * count / whole
        self.count += count

    def result(self) -> Tensor:
        """Return the variance."""
        return (self.squares / self.count.clamp(min=1e-12)).float()


class ErrorVariance(_Moments):
    """Variance of the errors, by Chan's formula.

    Args:
        name: Label.
    """

    def __init__(self, name: str = "error_variance") -> None:
        super().__init__(name)

    def merge_state(self, others: Iterable[Metric]) -> None:
        """Add the moments of others."""
        own, count = self.mean.clone(), self.count.clone()
        for other in others:
            whole = (count + other.count).clamp(min=1e-12)
            gap = other.mean - own
            self.squares += other.squares + gap.square() * count * other.count / whole
            self.mean += gap * other.count / whole
            self.count += other.count


class ErrorMoments(_Moments):
    """Variance of the errors; processes without data are skipped when merging.

    Args:
        name: Label.
    """

    def __init__(self, name: str = "error_moments") -> None:
        super().__init__(name)

    def merge_state(self, others: Iterable[Metric]) -> None:
        """Add the moments of others."""
        for other in others:
            if not float(other.count):
                break
            self._join(other.count, other.mean, other.squares)


class PeakError(Metric):
    """The largest absolute error and the mean absolute error.

    Args:
        name: Label.
    """

    direction = "min"

    def __init__(self, name: str = "peak_error") -> None:
        super().__init__(name)
        for state in ("peak", "total", "count"):
            self.add_state(state, dtype="float64")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        weights = _weights(sample_weight, made).double()
        error = (made - truth).abs().double()
        seen = torch.where(weights != 0, error, torch.zeros_like(error)).flatten()
        peak = torch.cat([seen, seen.new_zeros(1)]).max()
        self.peak.copy_(torch.maximum(self.peak, peak))
        self.total += (weights * error).sum()
        self.count += weights.sum()

    def merge_state(self, others: Iterable[Metric]) -> None:
        """Add the sums, and keep the largest peak."""
        given = list(others)
        own = self.peak.clone()
        super().merge_state(given)
        for other in given:
            self.peak.copy_(torch.maximum(own, other.peak))

    def result(self) -> dict[str, Tensor]:  # type: ignore[override]
        """Return both."""
        mean = self.total / self.count.clamp(min=1e-12)
        return {"peak": self.peak.float(), "mean": mean.float()}


class MeanOfWorkers(Metric):
    """Mean squared error, kept as a mean and a count.

    Args:
        name: Label.
    """

    direction = "min"

    def __init__(self, name: str = "mean_of_workers") -> None:
        super().__init__(name)
        self.add_state("mean", dtype="float64")
        self.add_state("count", dtype="float64")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        weights = _weights(sample_weight, made).double()
        count = weights.sum()
        whole = (self.count + count).clamp(min=1e-12)
        self.mean.mul_(self.count / whole).add_((weights * (made - truth).square()).sum() / whole)
        self.count += count

    def merge_state(self, others: Iterable[Metric]) -> None:
        """Add the means of others, each by its count."""
        gathered = [self, *others]
        for one, other in zip(gathered, gathered[1:], strict=False):  # noqa: RUF007
            whole = (one.count + other.count).clamp(min=1e-12)
            self.mean.copy_((self.mean * one.count + other.mean * other.count) / whole)
        for other in gathered[1:]:
            self.count += other.count

    def result(self) -> Tensor:
        """Return the mean."""
        return self.mean.float()


# Many classes


def _ids(values: Any) -> Tensor:
    """Return class ids of probabilities or one-hot rows."""
    return torch.as_tensor(values).detach().argmax(-1).reshape(-1)


class _Confusion(Metric):
    direction = "max"

    def __init__(self, classes: int, name: str) -> None:
        super().__init__(name)
        self.classes = classes
        self.add_state("confusion", (classes, classes), dtype="float64")

    def _add(self, cells: Tensor, weights: Tensor) -> None:
        flat = torch.zeros(
            self.classes**2, dtype=self.confusion.dtype, device=self.confusion.device
        )
        self.confusion.add_(
            flat.index_add(0, cells.long(), weights.to(flat)).reshape(self.confusion.shape)
        )

    def _rows(self, y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[Tensor, Tensor, Tensor]:
        made = torch.as_tensor(y_pred).detach()
        self.to(made.device)
        weights = _weights(sample_weight, made[..., 0]).reshape(-1)
        return _ids(y_true), _ids(made), weights

    def result(self) -> Tensor:
        """Return the mean recall of the classes that occur."""
        rows = self.confusion.sum(1)
        recall = self.confusion.diagonal() / rows.clamp(min=1e-12)
        return (recall.sum() / (rows > 0).sum().clamp(min=1)).float()


class CompactRecall(_Confusion):
    """Mean recall of the classes, with ids that are packed in bytes before they go to the device.

    Args:
        classes: Number of classes, >= 2.
        name: Label.
    """

    def __init__(self, classes: int = 20, name: str = "compact_recall") -> None:
        super().__init__(classes, name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one-hot rows and probabilities."""
        truth, made, weights = self._rows(y_true, y_pred, sample_weight)
        truth, made = truth.to(torch.uint8), made.to(torch.uint8)
        self._add(truth * self.classes + made, weights)


class BucketRecall(_Confusion):
    """Mean recall of the classes, from pairs in 16 × 16 buckets.

    Args:
        classes: Number of classes, >= 2.
        name: Label.
    """

    def __init__(self, classes: int = 20, name: str = "bucket_recall") -> None:
        super().__init__(classes, name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one-hot rows and probabilities."""
        truth, made, weights = self._rows(y_true, y_pred, sample_weight)
        packed = (truth << 4) | made
        self._add((packed >> 4) * self.classes + (packed & 15), weights)


class ClassesSeen(Metric):
    """Share of the classes that the model predicts at least once.

    Args:
        classes: Number of classes, from 2 to 63.
        name: Label.
    """

    direction = "max"

    def __init__(self, classes: int = 20, name: str = "classes_seen") -> None:
        super().__init__(name)
        self.classes = classes
        self.add_state("votes", (classes,), dtype="float64")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one-hot rows and probabilities."""
        made = torch.as_tensor(y_pred).detach()
        self.to(made.device)
        weights = _weights(sample_weight, made[..., 0]).reshape(-1)
        bits = torch.ones_like(_ids(made), dtype=torch.int16) << _ids(made).to(torch.int16)
        places = torch.arange(self.classes, device=made.device, dtype=torch.int16)
        hit = (bits[:, None] >> places) & 1
        self.votes.add_((hit.to(self.votes) * weights[:, None]).sum(0))

    def result(self) -> Tensor:
        """Return the share."""
        return (self.votes > 0).double().mean().float()


class ReciprocalRank(Metric):
    """Mean reciprocal rank of the true class among the predictions.

    Args:
        name: Label.
    """

    direction = "max"

    def __init__(self, name: str = "reciprocal_rank") -> None:
        super().__init__(name)
        self.add_state("total", dtype="float64")
        self.add_state("count", dtype="float64")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one-hot rows and probabilities."""
        made = torch.as_tensor(y_pred).detach()
        self.to(made.device)
        rows = made.reshape(-1, made.shape[-1])
        order = rows.topk(min(rows.shape[1], 10), dim=1).indices
        found = (order == _ids(y_true)[:, None]).double()
        ranks = torch.arange(1, order.shape[1] + 1, device=made.device)
        weights = _weights(sample_weight, made[..., 0]).reshape(-1).double()
        self.total += (weights * (found / ranks).sum(1)).sum()
        self.count += weights.sum()

    def result(self) -> Tensor:
        """Return the mean."""
        return (self.total / self.count.clamp(min=1e-12)).float()


# Results


class HitsOfBins(Metric):
    """Number of predictions in each of some bins between 0 and 1.

    Args:
        bins: Number of bins, >= 1.
        name: Label.
    """

    def __init__(self, bins: int = 5, name: str = "hits_of_bins") -> None:
        super().__init__(name)
        self.bins = bins
        self.add_state("counts", (bins,))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        made = torch.as_tensor(y_pred).detach().float()
        self.to(made.device)
        places = (made.reshape(-1) * self.bins).long().clamp(0, self.bins - 1)
        self.counts.index_add_(0, places, _weights(sample_weight, made).reshape(-1))

    def result(self) -> Tensor:
        """Return one number a bin."""
        return self.counts.to(torch.float32)


class DiagonalCounts(_Confusion):
    """Right predictions of each class, or their share.

    Args:
        classes: Number of classes.
        normalize: Whether to divide by the number of the class.
        name: Label.
    """

    def __init__(
        self, classes: int = 3, normalize: bool = False, name: str = "diagonal_counts"
    ) -> None:
        super().__init__(classes, name)
        self.normalize = normalize
        self.add_state("confusion", (classes, classes))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one-hot rows and probabilities."""
        truth, made, weights = self._rows(y_true, y_pred, sample_weight)
        self._add(truth % self.classes * self.classes + made % self.classes, weights)

    def result(self) -> Tensor:
        """Return one number a class."""
        if not self.normalize:
            return self.confusion.diagonal()
        return (self.confusion.diagonal() / self.confusion.sum(1).clamp(min=1e-12)).float()


class OverAndUnder(Metric):
    """Sums of what is predicted too high and too low.

    Args:
        name: Label.
    """

    def __init__(self, name: str = "over_and_under") -> None:
        super().__init__(name)
        self.add_state("over")
        self.add_state("under")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        error = _weights(sample_weight, made).float() * (made - truth).float()
        self.over.add_(error.clamp(min=0).sum())
        self.under.add_((-error).clamp(min=0).sum())

    def result(self) -> dict[str, Tensor]:  # type: ignore[override]
        """Return both sums."""
        return dict(self.state)


class TotalCost(Metric):
    """Sum of the absolute errors, times a price.

    Args:
        price: Price of a unit.
        name: Label.
    """

    direction = "min"

    def __init__(self, price: float = 1.0, name: str = "total_cost") -> None:
        super().__init__(name)
        self.price = price
        self.add_state("cost")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        self.cost.add_((_weights(sample_weight, made) * (made - truth).abs()).sum().float())

    def result(self) -> Tensor:
        """Return the sum."""
        return self.cost if self.price == 1 else self.cost * self.price


# Resets


class WorstBatch(PeakError):  # noqa: N818
    """The largest absolute error, and the mean of an epoch.

    Args:
        name: Label.
    """

    def __init__(self, name: str = "worst_batch") -> None:
        super().__init__(name)

    def merge_state(self, others: Iterable[Metric]) -> None:
        """Add the sums, and keep the largest peak."""
        given = list(others)
        peaks = torch.stack([self.peak, *(other.peak.to(self.peak) for other in given)])
        Metric.merge_state(self, given)
        self.peak.copy_(peaks.max())

    def reset_state(self) -> None:
        """Begin a new epoch."""
        self.total.zero_()
        self.count.zero_()


class BestSoFar(Metric):
    """Mean absolute error relative to the best that was seen.

    Args:
        name: Label.
    """

    direction = "min"

    def __init__(self, name: str = "best_so_far") -> None:
        super().__init__(name)
        self.add_state("total", dtype="float64")
        self.add_state("count", dtype="float64")
        self._best = torch.full((), float("inf"), dtype=torch.float64)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        weights = _weights(sample_weight, made).double()
        self.total += (weights * (made - truth).abs()).sum()
        self.count += weights.sum()

    def result(self) -> Tensor:
        """Return the ratio."""
        mean = self.total / self.count.clamp(min=1e-12)
        ratio = mean / torch.minimum(self._best.to(mean), mean).clamp(min=1e-12)
        return ratio.float()

    def reset_state(self) -> None:
        """Note the best and begin a new epoch."""
        if float(self.count):
            self._best = torch.minimum(self._best, (self.total / self.count).cpu())
        super().reset_state()


class RangeNormalized(Metric):
    """Mean absolute error, divided by the range of the targets.

    Args:
        name: Label.
    """

    direction = "min"

    def __init__(self, name: str = "range_normalized") -> None:
        super().__init__(name)
        for state in ("total", "count"):
            self.add_state(state, dtype="float64")
        self.add_state("extremes", (2,), dtype="float64")
        self._limits = [float("-inf"), float("-inf")]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        weights = _weights(sample_weight, made).double()
        self.total += (weights * (made - truth).abs()).sum()
        self.count += weights.sum()
        low = torch.where(weights != 0, truth.double(), float("inf")).flatten()
        high = torch.where(weights != 0, truth.double(), float("-inf")).flatten()
        if low.numel():
            self.extremes.copy_(
                torch.stack(
                    [
                        torch.maximum(self.extremes[0], -low.min()),
                        torch.maximum(self.extremes[1], high.max()),
                    ]
                )
            )

    def merge_state(self, others: Iterable[Metric]) -> None:
        """Add the sums, and keep the extremes."""
        given = list(others)
        extremes = torch.stack(
            [self.extremes, *(other.extremes.to(self.extremes) for other in given)]
        )
        super().merge_state(given)
        self.extremes.copy_(extremes.max(0).values)

    def result(self) -> Tensor:
        """Return the ratio."""
        span = self.extremes.sum().clamp(min=1e-12)
        return (self.total / self.count.clamp(min=1e-12) / span).float()

    def reset_state(self) -> None:
        """Reset the sums; extremes are widened by what comes."""
        kept = self.extremes.clone()
        super().reset_state()
        self.extremes.copy_(kept)


class LargestShare(Metric):
    """Share of the largest squared error in the sum of all.

    Args:
        name: Label.
    """

    direction = "min"

    def __init__(self, name: str = "largest_share") -> None:
        super().__init__(name)
        for state in ("squares", "count"):
            self.add_state(state, dtype="float64")
        self.add_state("largest", fill=0.0, dtype="float64")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        weights = _weights(sample_weight, made).double()
        errors = (weights * (made - truth).square()).double().flatten()
        self.squares += errors.sum()
        self.count += weights.sum()
        peak = torch.cat([errors, errors.new_zeros(1)]).max()
        self.largest = torch.maximum(self.largest, peak)

    def merge_state(self, others: Iterable[Metric]) -> None:
        """Add the sums, and keep the largest."""
        given = list(others)
        largest = max([self.largest, *(other.largest for other in given)])
        super().merge_state(given)
        self.largest = largest.clone()

    def result(self) -> Tensor:
        """Return the largest share of one value in the sum."""
        return (self.largest / self.squares.clamp(min=1e-12)).float()

    def reset_state(self) -> None:
        """Begin anew."""
        for name in ("squares", "count"):
            getattr(self, name).zero_()


# Types


class WholeHits(Metric):
    """Share of right classes in per cent.

    Args:
        name: Label.
    """

    direction = "max"

    def __init__(self, name: str = "whole_hits") -> None:
        super().__init__(name)
        self.add_state("hits", dtype="float64")
        self.add_state("count", dtype="float64")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        weights = _weights(sample_weight, made).double()
        self.hits += (((made > 0.5) == (truth > 0.5)).double() * weights).sum()
        self.count += weights.sum()

    def result(self) -> Tensor:
        """Return the share."""
        return (100 * self.hits / self.count.clamp(min=1e-12)).round().long()


class TypedMae(Metric):
    """Mean absolute error.

    Args:
        name: Label.
        dtype: Type of the result.
    """

    direction = "min"

    def __init__(self, name: str = "typed_mae", dtype: str | None = None) -> None:
        super().__init__(name, dtype)
        self.add_state("total", dtype="float64")
        self.add_state("count", dtype="float64")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        weights = _weights(sample_weight, made).double()
        self.total += (weights * (made - truth).abs()).sum()
        self.count += weights.sum()

    def result(self) -> Tensor:
        """Return the mean."""
        return (self.total / self.count.clamp(min=1e-12)).float()


class OffsetVariance(Metric):
    """Variance of the predictions.

    Args:
        name: Label.
    """

    def __init__(self, name: str = "offset_variance") -> None:
        super().__init__(name)
        for state in ("total", "squares", "count"):
            self.add_state(state)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        made = torch.as_tensor(y_pred).detach().float()
        self.to(made.device)
        weights = _weights(sample_weight, made)
        self.total.add_((weights * made).sum())
        self.squares.add_((weights * made.square()).sum())
        self.count.add_(weights.sum())

    def result(self) -> Tensor:
        """Return the variance."""
        count = self.count.clamp(min=1e-7)
        return (self.squares / count - (self.total / count).square()).clamp(min=0)


class TargetTyped(Metric):
    """Mean absolute error, computed in the type of the targets as they were given.

    Args:
        name: Label.
    """

    direction = "min"

    def __init__(self, name: str = "target_typed") -> None:
        super().__init__(name)
        self.add_state("total", dtype="float64")
        self.add_state("count", dtype="float64")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth = torch.as_tensor(y_true)
        made = torch.as_tensor(y_pred).detach().reshape(truth.shape).to(truth)
        self.to(made.device)
        weights = _weights(sample_weight, truth.double())
        self.total += (weights * (made - truth).abs().double()).sum()
        self.count += weights.sum()

    def result(self) -> Tensor:
        """Return the mean."""
        return (self.total / self.count.clamp(min=1e-12)).float()


# Arguments


class RoundedHits(Metric):
    """Share of right binary predictions.

    Args:
        threshold: Predictions above it are positive, between 0 and 1.
        name: Label.
    """

    direction = "max"

    def __init__(self, threshold: float = 0.5, name: str = "rounded_hits") -> None:
        super().__init__(name)
        self.threshold = threshold
        self.add_state("hits", dtype="float64")
        self.add_state("count", dtype="float64")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        weights = _weights(sample_weight, made).double()
        said = made.clamp(0, 1).round() > self.threshold
        self.hits += ((said == (truth > 0.5)).double() * weights).sum()
        self.count += weights.sum()

    def result(self) -> Tensor:
        """Return the share."""
        return (self.hits / self.count.clamp(min=1e-12)).float()


class ThresholdList(Metric):
    """Share of predictions above each threshold.

    Args:
        thresholds: The thresholds; None means 0.5.
        name: Label.
    """

    _shared: ClassVar[list[float]] = []

    def __init__(self, thresholds: list[float] | None = None, name: str = "threshold_list") -> None:
        super().__init__(name)
        self.thresholds = thresholds
        self._shared[:] = thresholds if thresholds is not None else [0.5]
        self.add_state("above", (len(self._shared),), dtype="float64")
        self.add_state("count", dtype="float64")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        made = torch.as_tensor(y_pred).detach().double()
        self.to(made.device)
        weights = _weights(sample_weight, made)
        limits = made.new_tensor(self._shared)[: len(self.above)]
        self.above.add_(((made.reshape(-1, 1) > limits).double() * weights.reshape(-1, 1)).sum(0))
        self.count += weights.sum()

    def result(self) -> Tensor:
        """Return one share a threshold."""
        return (self.above / self.count.clamp(min=1e-12)).float()
