"""Weighted means: of given values, and of the values of a function of targets and predictions."""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from typing_extensions import Self

from kplug.backend.masks import get_mask
from kplug.errors import ContractError
from kplug.losses.alignment import ArrayLike, align_ranks, as_tensor
from kplug.losses.function import check_signature, find_function_name, require_function
from kplug.losses.reduction import fit_weights
from kplug.metrics.base import Metric


class _WeightedMean(Metric):
    """Total and count, and how a batch of values is added to them."""

    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        super().__init__(name, dtype)
        # float64, because float32 sums of ones stop growing at 2**24; hence also the += below.
        self.total = self.add_state("total", dtype="float64")
        self.count = self.add_state("count", dtype="float64")

    def result(self) -> Tensor:
        """Return Σ total / Σ count, and 0 before the first batch."""
        is_empty = self.count == 0
        mean = torch.where(is_empty, 0.0, self.total / torch.where(is_empty, 1.0, self.count))
        return self._as_result(mean)

    def accumulate(self, values: Tensor, sample_weight: ArrayLike = None) -> None:
        """Add values of shape (N, …): each sample counts as the mean of its values, times its weight."""
        self.to(values.device)
        kind = self.total.dtype
        if sample_weight is None:
            rows = values.shape[0] if values.ndim else 1
            self.total += _scale(values.sum(dtype=kind), rows, values)
            self.count += rows
            return
        given = as_tensor(sample_weight, self.name, "sample_weight")
        weights = fit_weights(given.to(device=values.device, dtype=kind), values)
        product = values * weights
        rows = product.shape[0] if product.ndim else 1
        self.total += _scale(product.sum(), rows, product)
        self.count += _scale(weights.expand_as(product).sum(), rows, product)


class Mean(_WeightedMean):
    """Weighted mean of the values it is given.

    m = Σ w v / Σ w over all batches; values of shape (N, …) are averaged for each sample first.

    Args:
        name: Label in logs and history.
        dtype: Type of the result; None means ``floatx()``.

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
        name: Label in logs and history.
        dtype: Type of the result; None means ``floatx()``.

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
                given = as_tensor(sample_weight, self.name, "sample_weight")
                weights = given.to(device=added.device, dtype=added.dtype)
                added = added * fit_weights(weights, added)
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


class MeanMetric(_WeightedMean):
    """Weighted mean of ``call(y_true, y_pred)``, which a subclass writes.

    m = Σ w call(y, ŷ) / Σ w over all samples. Before ``call`` runs, (N,) beside (N, 1) is given shape
    (N, 1), and so is (N,) beside (N,).

    Args:
        name: Label in logs and history; by default the class's name in snake case.
        dtype: Type of the result; None means ``floatx()``.

    Example:
        >>> class Bias(MeanMetric):
        ...     def call(self, y_true, y_pred):
        ...         return y_pred - y_true
        >>> Bias()(torch.tensor([1.0, 2.0]), torch.tensor([[1.5], [2.0]]))
        tensor(0.2500)
    """

    aligns_ranks = True

    @abstractmethod
    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return a value for each sample, shape (N,) or (N, …), or one for the batch, shape ()."""

    def update_state(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike = None
    ) -> None:
        """Add a batch; see `Metric.update_state`."""
        with torch.no_grad():
            predictions = as_tensor(y_pred, self.name, "y_pred")
            targets = as_tensor(y_true, self.name, "y_true").to(predictions.device)
            mask = get_mask(y_pred)
            if mask is not None:
                sample_weight = _mask(sample_weight, mask)
            if self.aligns_ranks:
                targets, predictions = _align(targets, predictions)
            self.accumulate_pair(targets, predictions, sample_weight)

    def accumulate_pair(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: ArrayLike = None
    ) -> None:
        """Add a batch of tensors on one device, of one rank where ranks are aligned."""
        self.accumulate(self.call(y_true, y_pred), sample_weight)


class FunctionMetric(MeanMetric):
    """A metric from a function of ``(y_true, y_pred)``.

    m = Σ w function(y, ŷ) / Σ w over all samples. A function that returns one number for the batch
    counts once a batch, as in Keras.

    Args:
        function: Called with targets and predictions of one rank.
        name: Label in logs and history; by default the function's name.
        dtype: Type of the result; None means ``floatx()``.

    Raises:
        ContractError: if the function cannot be called with two arguments, or returns no number.

    Example:
        >>> def within_one(y_true, y_pred):
        ...     return (y_true - y_pred).abs() <= 1
        >>> FunctionMetric(within_one)(torch.tensor([1.0, 2.0]), torch.tensor([[1.5], [4.0]]))
        tensor(0.5000)

    Reference:
        ``keras.metrics.MeanMetricWrapper``, which does not align ranks.
    """

    def __init__(
        self, function: Callable[..., Any], name: str | None = None, dtype: str | None = None
    ) -> None:
        super().__init__(name if name is not None else find_function_name(function), dtype)
        self.function = function
        self._order = check_signature(function, "a metric")

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return what the function returns, as a tensor."""
        first, second = (y_true, y_pred) if self._order == "targets_first" else (y_pred, y_true)
        values = self.function(first, second)
        if isinstance(values, Tensor):
            return values
        if values is None or callable(values):
            found = "None" if values is None else "a function"
            raise ContractError(
                f"{self.name} returned {found} instead of a number or a tensor",
                hint="A metric function returns one value a sample, shape (N,), or one number.",
            )
        return as_tensor(values, self.name, "result").to(y_pred.device)

    def get_config(self) -> dict[str, Any]:
        """Return name and type, with the function as ``custom/<name>``."""
        function = f"custom/{find_function_name(self.function)}"
        return {"function": function, "name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make the metric again, if the configuration holds the function itself."""
        return super().from_config(require_function(config))


class MeanMetricWrapper(FunctionMetric):
    """A metric from a function and keywords for it; `FunctionMetric` under Keras's name.

    m = Σ w fn(y, ŷ, **kwargs) / Σ w over all samples.

    Args:
        fn: Called with targets and predictions of one rank, and the keywords.
        name: Label in logs and history; by default the function's name.
        dtype: Type of the result; None means ``floatx()``.
        **kwargs: Keywords of the function.

    Raises:
        ContractError: if the function cannot be called so, or returns no number.

    Example:
        >>> def within(y_true, y_pred, distance):
        ...     return (y_true - y_pred).abs() <= distance
        >>> metric = MeanMetricWrapper(within, distance=1)
        >>> metric(torch.tensor([1.0, 2.0]), torch.tensor([[1.5], [4.0]]))
        tensor(0.5000)

    Reference:
        ``keras.metrics.MeanMetricWrapper``, whose default name is the class's.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        name: str | None = None,
        dtype: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(functools.partial(fn, **kwargs) if kwargs else fn, name, dtype)
        self.fn, self.keywords = fn, kwargs

    def get_config(self) -> dict[str, Any]:
        """Return name, type and keywords, with the function as ``custom/<name>``."""
        config = {"name": self.name, "dtype": self.dtype, **self.keywords}
        return {"fn": f"custom/{find_function_name(self.fn)}", **config}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make the metric again, if the configuration holds the function itself."""
        require_function({"function": config.get("fn")})
        return cls(**config)


def _mask(sample_weight: ArrayLike, mask: Tensor) -> Tensor:
    """Return weights that are 0 where the mask is False."""
    kept = mask.to(torch.float32)
    if sample_weight is None:
        return kept
    weights = as_tensor(sample_weight, "metric", "sample_weight").to(kept.device)
    while weights.ndim < kept.ndim:
        weights = weights.unsqueeze(-1)
    while kept.ndim < weights.ndim:
        kept = kept.unsqueeze(-1)
    return weights * kept


def _scale(total: Tensor, rows: int, values: Tensor) -> Tensor:
    """Divide a sum by the number of values that each sample has."""
    share = rows / max(values.numel(), 1)
    return total if share == 1.0 else total * share


def _align(y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
    if y_true.ndim == y_pred.ndim == 1:
        return y_true.unsqueeze(-1), y_pred.unsqueeze(-1)
    # The last axis is kept: a value a step takes weights a step, and the mean is the same.
    return align_ranks(y_true, y_pred, keep_last_axis=True)
