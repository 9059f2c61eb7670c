"""The `MeanMetric` base class: the weighted mean of a value per sample."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from kplug.backend.masks import get_mask
from kplug.components.contracts import find_class_of
from kplug.losses.base.alignment import (
    REDUCED_TYPES,
    ArrayLike,
    align_ranks,
    as_tensor,
    has_several,
)
from kplug.losses.base.formula import (
    Formula,
    find_common_parameters,
    find_loss_class,
    name_constructor,
    require_formula,
)
from kplug.losses.base.loss import Loss
from kplug.losses.base.reduction import as_weights
from kplug.metrics.base.metric import Metric
from kplug.registry.component_facts import find_metric_names


class MeanMetric(Metric):
    """Weighted mean of ``call(y_true, y_pred)``, which a subclass defines, or of a formula that it passes.

    m = Σ w call(y, ŷ) / Σ w over all samples. Before ``call`` runs, (N,) and (N, 1) both become (N, 1). Two
    shapes (N,) are one sample, as for a loss and in Keras; with N weights they become (N, 1) too. A
    ``formula`` with further parameters needs an ``__init__`` that stores them as attributes of the same
    names. Otherwise no ``__init__`` is needed, and the formula's name is the label. Smaller values are better
    where the formula is that of a loss.

    Args:
        name: Label in logs and history; by default the class's name in snake case.
        dtype: Type of the result; None means ``floatx()``.

    Raises:
        ContractError: if the class has neither ``call`` nor ``formula``.

    Example:
        >>> def bias(y_true, y_pred):
        ...     return y_pred - y_true
        >>> class Bias(MeanMetric, formula=bias): ...
        >>> Bias()(torch.tensor([1.0, 2.0]), torch.tensor([[1.5], [2.0]]))
        tensor(0.2500)
    """

    aligns_ranks = True
    formula: ClassVar[Formula | None] = None
    _parameters: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, formula: Formula | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if formula is None:
            return
        cls.formula = staticmethod(formula)
        name_constructor(cls, MeanMetric, formula)
        cls._parameters = find_common_parameters(formula, cls)
        if "direction" not in vars(cls):  # a parent's is that of the parent's formula
            cls.direction = find_direction(formula) or cls.direction
        _CLASS_OF.setdefault(formula, cls)

    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        super().__init__(name, dtype)
        own = type(self)
        if own.call is MeanMetric.call and own.update_state is MeanMetric.update_state:
            require_formula(own, "a metric")
        # float64, since float32 sums of ones stop growing at 2**24; hence also the += below.
        self.total = self.add_state("total", dtype="float64")
        self.count = self.add_state("count", dtype="float64")

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return a value for each sample, shape (N,) or (N, …), or one for the batch, shape ()."""
        arguments = {name: getattr(self, name) for name in self._parameters}
        return self.formula(y_true, y_pred, **arguments)  # type: ignore[misc]  # checked by __init__

    def update_state(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike = None
    ) -> None:
        """Add a batch; see `Metric.update_state`."""
        with torch.no_grad():
            predictions = as_tensor(y_pred, self.name, "y_pred")
            if predictions.dtype in REDUCED_TYPES:
                predictions = predictions.float()
            targets = as_tensor(y_true, self.name, "y_true").to(predictions.device)
            mask = get_mask(y_pred)
            if mask is not None:
                sample_weight = _mask(sample_weight, mask)
            if self.aligns_ranks:
                targets, predictions = _align(targets, predictions, sample_weight)
            if not self._has_checked:
                self.check_first(targets, predictions, sample_weight)
            self.accumulate_pair(targets, predictions, sample_weight)

    def accumulate_pair(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: ArrayLike = None
    ) -> None:
        """Add a batch of tensors on one device, and of one rank if ranks are aligned."""
        self.accumulate(self.call(y_true, y_pred), sample_weight)

    def accumulate(self, values: Tensor, sample_weight: ArrayLike = None) -> None:
        """Add values of shape (N, …): each sample counts as the mean of its values, times its weight."""
        if values.device != self._device:
            self.to(values.device)
        kind, ndim = self.total.dtype, values.ndim
        if sample_weight is None:
            rows, total = values.shape[0] if ndim else 1, values.sum(dtype=kind)
            self.total += total if ndim < 2 else _scale(total, rows, values)
            self.count += float(rows)  # of the count's own kind: torch would convert an integer
            return
        weights = as_weights(sample_weight, values, self.name, kind)
        product = values * weights
        rows = product.shape[0] if weights.ndim else 1  # a single weight counts once, as in Keras
        self.total += _scale(product.sum(), rows, product)
        self.count += _scale(weights.expand_as(product).sum(), rows, product)

    def result(self) -> Tensor:
        """Return Σ total / Σ count, and 0 before the first batch."""
        mean = self.total / self.count
        return self._as_result(mean.masked_fill_(self.count == 0, 0.0))


_CLASS_OF: dict[Formula, type[MeanMetric]] = {}


def find_metric_class(function: object) -> type[MeanMetric] | None:
    """Return the class whose formula a function is, None for any other object."""
    return find_class_of(function, _CLASS_OF)


def find_direction(function: object) -> str | None:
    """Return the direction of a function of targets and predictions: its own, or that of a loss.

    Losses are made smaller: those of classes, their formulas, and functions that state `metric_named`.
    """
    function = getattr(function, "func", function)  # unwrap bound arguments
    stated = getattr(function, "direction", None)
    if stated is not None:
        return str(stated)
    is_loss = isinstance(getattr(function, "__self__", None), Loss)
    is_formula = find_loss_class(function) is not None or bool(find_metric_names(function))
    return "min" if is_loss or is_formula else None


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
    """Divide a sum by the number of values per sample."""
    share = rows / max(values.numel(), 1)
    return total if share == 1.0 else total * share


def _align(y_true: Tensor, y_pred: Tensor, sample_weight: ArrayLike) -> tuple[Tensor, Tensor]:
    if y_true.ndim == y_pred.ndim == 1 and has_several(sample_weight):
        return y_true.unsqueeze(-1), y_pred.unsqueeze(-1)
    # The last axis is kept: a value per step takes weights per step, and the mean is the same.
    return align_ranks(y_true, y_pred, keep_last_axis=True)
