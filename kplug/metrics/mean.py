"""Weighted means and sums of given values."""

from __future__ import annotations

import torch
from torch import Tensor

from kplug.losses.base.alignment import ArrayLike, as_tensor
from kplug.losses.base.reduction import as_weights
from kplug.metrics.base.mean import MeanMetric
from kplug.metrics.base.metric import Metric


class Mean(MeanMetric):
    """Weighted mean of the values it is given.

    m = Σ w v / Σ w over all batches; values of shape (N, …) are averaged for each sample first.

    Args:
        name, dtype: See `Metric`.

    Example:
        >>> metric = Mean()
        >>> metric.update_state([1.0, 3.0, 5.0, 7.0], sample_weight=[1, 1, 0, 0])
        >>> metric.result()
        tensor(2.)

    Reference:
        ``keras.metrics.Mean``.
    """

    def __init__(self, name: str | None = "mean", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def update_state(  # type: ignore[override]  # Keras's signature: values, not a pair
        self, values: ArrayLike, sample_weight: ArrayLike = None
    ) -> None:
        """Add values of shape () or (N, …)."""
        with torch.no_grad():
            self.accumulate(as_tensor(values, self.name, "values"), sample_weight)

    def __call__(  # type: ignore[override]
        self, values: ArrayLike, sample_weight: ArrayLike = None
    ) -> Tensor:
        """Add values and return the result so far."""
        self.update_state(values, sample_weight)
        return self.result()


class Sum(Metric):
    """Weighted sum of the values it is given.

    m = Σ w v over all batches and axes.

    Args:
        name, dtype: See `Metric`.

    Example:
        >>> metric = Sum()
        >>> metric.update_state([1.0, 3.0, 5.0, 7.0], sample_weight=[1, 1, 0, 0])
        >>> metric.result()
        tensor(4.)

    Reference:
        ``keras.metrics.Sum``.
    """

    total: Tensor

    def __init__(self, name: str | None = "sum", dtype: str | None = None) -> None:
        super().__init__(name, dtype)
        self.add_state("total", dtype="float64")

    def update_state(  # type: ignore[override]  # Keras's signature: values, not a pair
        self, values: ArrayLike, sample_weight: ArrayLike = None
    ) -> None:
        """Add values of shape () or (N, …), times weights of shape (), (N,) or (N, …)."""
        with torch.no_grad():
            added = as_tensor(values, self.name, "values")
            self.to(added.device)
            added = added.to(self.total.dtype)
            if sample_weight is not None:
                added = added * as_weights(sample_weight, added, self.name, added.dtype)
            self.total += added.sum()

    def result(self) -> Tensor:
        """Return the sum so far, shape ()."""
        return self._as_result(self.total)

    def __call__(  # type: ignore[override]
        self, values: ArrayLike, sample_weight: ArrayLike = None
    ) -> Tensor:
        """Add values and return the result so far."""
        self.update_state(values, sample_weight)
        return self.result()
