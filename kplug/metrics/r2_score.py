"""R² score: the share of the targets' variance that predictions explain."""

from __future__ import annotations

import torch
from torch import Tensor

from kplug.backend import to_dtype
from kplug.components.arguments import require_choice, require_integer
from kplug.errors import DataError, KplugWarning
from kplug.losses.base.alignment import ArrayLike, prepare
from kplug.losses.base.reduction import as_weights
from kplug.metrics.base.metric import Metric
from kplug.registry.user_warnings import warn

_NO_SPREAD = 1e-14
_AGGREGATIONS = ("uniform_average", "variance_weighted_average")


class R2Score(Metric):
    """Coefficient of determination, R² = 1 − Σ w (y − ŷ)² / Σ w (y − ȳ)², for each output.

    1 is best; the mean of the targets as prediction gives 0. With p regressors and n values the
    adjusted score is 1 − (1 − R²)(n − 1) / (n − p − 1).

    Args:
        class_aggregation: ``"uniform_average"`` for the mean over outputs,
            ``"variance_weighted_average"`` for their mean weighted by the targets' variances, None for
            one score for each output.
        num_regressors: p, an integer ≥ 0; 0 for the plain score.
        name, dtype: See `Metric`.

    Raises:
        DataError: in ``update_state``, if the shapes are not (N, D).

    Example:
        >>> R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])
        tensor(0.5714)

    Reference:
        ``keras.metrics.R2Score``. Sums are kept in float64: in Keras's float32, the score of targets
        far from 0 is lost. Constant targets score 0, or NaN if they are predicted exactly, as in Keras.
    """

    direction = "max"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        if class_aggregation is not None:
            class_aggregation = require_choice(
                self, "class_aggregation", class_aggregation, _AGGREGATIONS
            )
        self.class_aggregation = class_aggregation
        self.num_regressors = require_integer(
            self, "num_regressors", num_regressors, "an integer >= 0", at_least=0
        )
        self.num_samples = self.add_state("num_samples", dtype="float64")

    def update_state(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike = None
    ) -> None:
        """Add targets of shape (N, D) or (N,) and predictions of shape (N, D)."""
        with torch.no_grad():
            targets, predictions = self._pair(y_true, y_pred)
            self.to(targets.device)
            self._make_state(targets.shape[1])
            kind = self.num_samples.dtype
            truth = targets.to(kind)
            weights = torch.ones((), dtype=kind, device=truth.device)
            if sample_weight is not None:
                weights = as_weights(sample_weight, truth, self.name, kind)
            weights = weights.expand_as(truth)
            self.squared_sum += (truth.square() * weights).sum(0)
            self.sum += (truth * weights).sum(0)
            self.total_mse += ((truth - predictions.to(kind)).square() * weights).sum(0)
            self.count += weights.sum(0)
            self.num_samples += truth.numel()

    def _pair(self, y_true: ArrayLike, y_pred: ArrayLike) -> tuple[Tensor, Tensor]:
        targets, predictions = prepare(y_true, y_pred, self.name, dtype=to_dtype(self.dtype))
        if targets.ndim != 2:
            shape = tuple(predictions.shape)
            raise DataError(f"{self.name}: y_pred has shape {shape}; (N, D) is needed")
        return targets, predictions

    def _make_state(self, outputs: int) -> None:
        known = self.state.get("sum")
        if known is None:
            self.squared_sum = self.add_state("squared_sum", (outputs,), dtype="float64")
            self.sum = self.add_state("sum", (outputs,), dtype="float64")
            self.total_mse = self.add_state("total_mse", (outputs,), dtype="float64")
            self.count = self.add_state("count", (outputs,), dtype="float64")
        elif len(known) != outputs:
            raise DataError(
                f"{self.name}: y_pred has {outputs} outputs, and {len(known)} are expected"
            )

    def result(self) -> Tensor:
        """Return the score so far, shape (), or (D,) without ``class_aggregation``."""
        if "sum" not in self.state:
            return self._as_result(torch.zeros((), device=self._device))
        spread = self.squared_sum - self.sum * (self.sum / self.count)
        # A remainder for equal targets is rounding, not variance.
        spread = torch.where(spread <= _NO_SPREAD * self.squared_sum, 0.0, spread)
        scores = 1.0 - self.total_mse / spread
        scores = torch.where(scores.isinf() | (self.count == 0), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = scores.mean()
        elif self.class_aggregation == "variance_weighted_average":
            scores = (spread * scores).sum() / spread.sum()
        return self._as_result(self._adjust(scores))

    def _adjust(self, score: Tensor) -> Tensor:
        if not self.num_regressors:
            return score
        values = self.num_samples.item()
        freedom = values - self.num_regressors - 1
        if freedom <= 0:
            warn(
                f"{self.name}: {values:.0f} values are too few for num_regressors="
                f"{self.num_regressors}, so the score is not adjusted",
                KplugWarning,
            )
            return score
        return 1.0 - (1.0 - score) * (values - 1.0) / freedom
