"""The `ConfusionMetric` base class: binary outcomes at thresholds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from kplug.backend import to_dtype
from kplug.components.arguments import require_integer
from kplug.errors import DataError
from kplug.losses.base.alignment import ArrayLike, prepare
from kplug.losses.base.checks import is_any
from kplug.losses.base.reduction import as_weights
from kplug.metrics.base.metric import Metric
from kplug.metrics.base.thresholds import (
    Outcomes,
    Thresholds,
    read_thresholds,
    spread_thresholds,
)
from kplug.registry.user_warnings import warn

#: The threshold with ``top_k``: scores outside the best k are below it, all others above.
_BELOW_ALL = -1e10
#: Probabilities may exceed [0, 1] by rounding.
_SLACK = 1e-5


class ConfusionMetric(Metric):
    """Base of metrics that are computed from the outcomes at some thresholds.

    A prediction is positive where ŷ > t. Its outcome is true positive, false positive, true negative or false
    negative; their weights are summed over all axes. A subclass that selects classes, or evenly spread
    thresholds, configures that before it calls this constructor, which creates the state.

    Args:
        thresholds: One threshold, or several; None means 0.5, and with ``top_k`` no threshold.
        name: Label in logs and history; by default the class's name in snake case.
        dtype: Type of the scores and of the result; None means ``floatx()``.
    """

    #: The accumulated outcomes, by their names in the state.
    _kept: ClassVar[dict[str, str]] = {name: name for name in Outcomes._fields}
    top_k: int | None = None
    class_id: int | None = None
    num_thresholds: int | None = None
    true_positives: Tensor
    false_positives: Tensor
    true_negatives: Tensor
    false_negatives: Tensor

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        self._counter = self._make_counter(thresholds)
        self._make_state()

    def _make_counter(self, thresholds: Any) -> Thresholds:
        if self.num_thresholds is not None:
            return Thresholds(
                spread_thresholds(self.num_thresholds), is_even=self.num_thresholds > 1
            )
        values = read_thresholds(self, thresholds, 0.5 if self.top_k is None else _BELOW_ALL)
        is_list = thresholds is not None and not isinstance(thresholds, (int, float))
        self.init_thresholds = values if is_list else thresholds
        return Thresholds(values)

    @property
    def thresholds(self) -> list[float]:
        """The thresholds as a list."""
        return self._counter.values

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with the thresholds as given."""
        config = super().get_config()
        if "thresholds" in config:
            config["thresholds"] = self.init_thresholds
        return config

    def _keep_classes(self, top_k: int | None, class_id: int | None) -> None:
        """Store which scores of the last axis count."""
        self.top_k = _require(self, "top_k", top_k, 1)
        self.class_id = _require(self, "class_id", class_id, 0)

    def _make_state(self) -> None:
        for state in self._kept:
            self.add_state(state, (len(self._counter),), dtype="float64")

    def update_state(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike = None
    ) -> None:
        """Add labels, positive where they are not 0, and scores, both of shape (N, …)."""
        with torch.no_grad():
            kind = to_dtype(self.dtype)
            targets, scores = self._select(*prepare(y_true, y_pred, self.name, dtype=kind))
            self.check_first(targets, scores)
            weights = None
            if sample_weight is not None:
                weights = as_weights(sample_weight, scores, self.name).expand_as(scores)
            self._accumulate(targets.bool(), scores, weights)

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:  # noqa: ARG002  # the contract
        """Warn of scores that are no probabilities; with a threshold of 0 they may be logits."""
        has_threshold = self.top_k is None and self.thresholds != [0.0]
        if has_threshold and is_any((y_pred < -_SLACK) | (y_pred > 1 + _SLACK)):
            lowest, highest = y_pred.min().item(), y_pred.max().item()
            warn(
                f"{self.name}: y_pred holds numbers from {lowest:.6g} to {highest:.6g}, and thresholds are "
                "those of probabilities, which are in [0, 1]. End the model with a sigmoid or softmax."
            )

    def _select(self, targets: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Select the best k scores and the requested class."""
        classes = scores.shape[-1] if scores.ndim > 1 else 0
        if self.top_k is not None:
            if self.top_k > (scores.shape[-1] if scores.ndim else 1):
                raise _too_few(self.name, "top_k", self.top_k, scores)
            best = torch.topk(scores, self.top_k).indices
            is_best = torch.zeros_like(scores, dtype=torch.bool).scatter_(-1, best, True)
            scores = torch.where(is_best, scores, -math.inf)
        if self.class_id is not None:
            if self.class_id >= classes:
                raise _too_few(self.name, "class_id", self.class_id, scores)
            kept = slice(self.class_id, self.class_id + 1)
            targets, scores = targets[..., kept], scores[..., kept]
        return targets, scores

    def _accumulate(self, is_positive: Tensor, scores: Tensor, weights: Tensor | None) -> None:
        self.to(scores.device)
        flat = None if weights is None else weights.reshape(-1, 1)
        outcomes = self._counter.count(is_positive.reshape(-1, 1), scores.reshape(-1, 1), flat)
        self._add(Outcomes(*(each.squeeze(-1) for each in outcomes)))

    def _add(self, outcomes: Outcomes) -> None:
        for state, outcome in self._kept.items():
            getattr(self, state).add_(getattr(outcomes, outcome))

    def _one_or_all(self, values: Tensor) -> Tensor:
        """Return a value for each threshold, as a scalar if there is one threshold."""
        return self._as_result(values[0] if len(self._counter) == 1 else values)


def _require(owner: Metric, argument: str, value: object, at_least: int) -> int | None:
    if value is None:
        return None
    return require_integer(
        owner, argument, value, f"None or an integer >= {at_least}", at_least=at_least
    )


def _too_few(owner: str, argument: str, value: int, scores: Tensor) -> DataError:
    return DataError(
        f"{owner}: argument {argument!r} is {value}, but y_pred has shape {tuple(scores.shape)}",
        hint="The classes are the last axis of y_pred, shape (N, …, C).",
    )
