"""F-scores: the harmonic mean of precision and recall, for each class or averaged."""

from __future__ import annotations

import torch
from torch import Tensor

from kplug.backend import epsilon, to_dtype
from kplug.components.arguments import require_choice, require_number
from kplug.errors import DataError
from kplug.losses.base.alignment import REDUCED_TYPES, ArrayLike, prepare
from kplug.losses.base.reduction import as_weights
from kplug.metrics.base.metric import Metric

_AVERAGES = ("micro", "macro", "weighted")
_STATES = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")


class FBetaScore(Metric):
    """Harmonic mean of precision p and recall r, in which recall counts β² times.

    F = (1 + β²) p r / (β² p + r), from sums over samples for each of C classes or labels.

    Args:
        average: None for a score for each class; ``"micro"`` for one score over all classes' sums;
            ``"macro"`` for the mean of the scores; ``"weighted"`` for their mean weighted by the number
            of true labels.
        beta: β, a number > 0.
        threshold: A prediction is positive where ŷ exceeds it, a number in (0, 1]; None makes the
            largest score of each sample the only positive one, unless it is 0.
        name, dtype: See `Metric`.

    Raises:
        DataError: in ``update_state``, if the shapes are not (N, C).

    Example:
        >>> metric = FBetaScore(beta=2.0, threshold=0.5)
        >>> metric([[1, 1], [1, 0]], [[0.2, 0.6], [0.7, 0.6]])
        tensor([0.5556, 0.8333])

    Reference:
        ``keras.metrics.FBetaScore``; denominators contain ``epsilon()``, as in Keras. With one value for
        each class, logs and history have lists.
    """

    direction = "max"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        if average is not None:
            average = require_choice(self, "average", average, _AVERAGES)
        self.average = average
        self.beta = require_number(self, "beta", beta, "a finite number > 0", above=0.0)
        if threshold is not None:
            allowed = "None or a number in (0, 1]"
            require_number(self, "threshold", threshold, allowed, above=0.0, at_most=1.0)
        self.threshold = threshold

    def update_state(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike = None
    ) -> None:
        """Add labels 0 or 1 and scores, both of shape (N, C)."""
        with torch.no_grad():
            targets, scores = self._pair(y_true, y_pred)
            weights = None
            if sample_weight is not None:
                weights = as_weights(sample_weight, scores, self.name)
            self._accumulate(targets, self._decide(scores), weights)

    def _pair(self, y_true: ArrayLike, y_pred: ArrayLike) -> tuple[Tensor, Tensor]:
        targets, scores = prepare(y_true, y_pred, self.name, dtype=to_dtype(self.dtype))
        if scores.ndim != 2:
            raise DataError(
                f"{self.name}: y_pred has shape {tuple(scores.shape)}; (N, C) is needed"
            )
        return targets, scores

    def _decide(self, scores: Tensor) -> Tensor:
        if self.threshold is not None:
            return scores > self.threshold
        best = scores.amax(-1, keepdim=True)
        return (scores >= best) & (scores.abs() > 1e-9)

    def _accumulate(self, targets: Tensor, is_yes: Tensor, weights: Tensor | None) -> None:
        self.to(targets.device)
        self._make_state(targets.shape[1])
        kind = self.state[_STATES[0]].dtype
        if targets.dtype in REDUCED_TYPES:
            targets = targets.float()
        yes = is_yes.to(targets.dtype)
        batch = (yes * targets, yes * (1 - targets), (1 - yes) * targets, targets)
        for name, values in zip(_STATES, batch, strict=True):
            weighted = values if weights is None else values * weights.to(kind)
            state = getattr(self, name)
            total = weighted.sum() if state.ndim == 0 else weighted.sum(0)
            state += total.to(kind)  # in place

    def _make_state(self, classes: int) -> None:
        known = self.state.get(_STATES[0])
        if known is None:
            shape = () if self.average == "micro" else (classes,)
            for name in _STATES:
                self.add_state(name, shape, dtype="float64")
        elif known.ndim and len(known) != classes:
            raise DataError(
                f"{self.name}: y_pred has {classes} classes, and {len(known)} are expected"
            )

    def result(self) -> Tensor:
        """Return the score so far, shape (), or (C,) without ``average``; 0 before the first batch."""
        if not self.state:
            return self._as_result(torch.zeros((), device=self._device))
        found, false_yes, false_no, weight = self.variables
        precision = found / (found + false_yes + epsilon())
        recall = found / (found + false_no + epsilon())
        square = self.beta**2
        scores = (1 + square) * precision * recall / (square * precision + recall + epsilon())
        if self.average == "weighted":
            scores = (scores * (weight / (weight.sum() + epsilon()))).sum()
        return self._as_result(scores if self.average is None else scores.mean())


class F1Score(FBetaScore):
    """Harmonic mean of precision p and recall r.

    F = 2 p r / (p + r), from sums over samples for each of C classes or labels.

    Args:
        average, threshold, name, dtype: See `FBetaScore`.

    Example:
        >>> metric = F1Score(threshold=0.5)
        >>> metric([[1, 1], [1, 0]], [[0.2, 0.6], [0.7, 0.6]])
        tensor([0.6667, 0.6667])

    Reference:
        ``keras.metrics.F1Score``.
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: str | None = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)
