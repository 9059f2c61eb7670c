"""kplug's metrics behind the calls that Keras's tests and the authors of Keras's metrics make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from kplug import backend, metrics

from .imports import Names

_MODULES = (
    "accuracy_metrics confusion_metrics correlation_metrics f_score_metrics hinge_metrics iou_metrics "
    "metric probabilistic_metrics reduction_metrics regression_metrics"
)


class Metric(metrics.Metric):
    """The base class for a test's own metric, with Keras's default type."""

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype or backend.floatx())

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Take as many arguments as the test's own ``update_state`` does."""
        self.update_state(*arguments, **keywords)
        return self.result()


def give_keras_calls() -> None:
    """Let every metric of kplug answer to Keras's calls."""
    owner: Any = metrics.Metric
    metrics.AUC._from_logits = property(lambda self: self.from_logits)  # type: ignore[attr-defined]
    owner.variables = _with_names(owner.variables.fget)
    owner.stateless_update_state = _update_stateless
    owner.stateless_result = _read_stateless
    owner.stateless_reset_state = _reset_stateless
    metrics.FBetaScore._build = _see_shapes  # type: ignore[attr-defined]


def make_stand_ins() -> dict[str, Any]:
    """Return Keras module → stand-in."""
    door = Names("metrics", {"Metric": Metric}, metrics)
    words = Names("metrics_utils", {"AUCCurve": _Curve, "AUCSummationMethod": _SummationMethod})
    table = {f"keras.src.metrics.{name}": door for name in _MODULES.split()}
    table["keras.src.metrics.metrics_utils"] = words
    return {"keras.src.metrics": door, **table}


class _Curve:
    """Keras's enumeration; kplug has words."""

    PR = "PR"


class _SummationMethod:
    """The same."""

    MAJORING = "majoring"


def _with_names(read: Any) -> property:
    """Return ``variables`` with each tensor's name, as Keras's variables have one."""

    def list_variables(self: Any) -> list[torch.Tensor]:
        for name, state in self.state.items():
            state._peer_name = name
        variables: list[torch.Tensor] = read(self)
        return variables

    return property(list_variables)


def _see_shapes(self: Any, y_true_shape: tuple[int, ...], y_pred_shape: tuple[int, ...]) -> None:
    """kplug sees shapes when it sees a batch."""
    self.update_state(torch.zeros(y_true_shape), torch.zeros(y_pred_shape))


def _update_stateless(
    self: Any, metric_variables: Sequence[Any], *arguments: Any, **keywords: Any
) -> list[torch.Tensor]:
    before = _swap(self, metric_variables)
    self.update_state(*arguments, **keywords)
    return _swap(self, before)


def _read_stateless(self: Any, metric_variables: Sequence[Any]) -> Any:
    before = _swap(self, metric_variables)
    found = self.result()
    _swap(self, before)
    return found


def _reset_stateless(self: Any) -> list[torch.Tensor]:
    before = [variable.clone() for variable in self.variables]
    self.reset_state()
    return _swap(self, before)


def _swap(metric: Any, values: Sequence[Any]) -> list[torch.Tensor]:
    """Give the metric this state and return the one that it had."""
    before = [variable.clone() for variable in metric.variables]
    for variable, value in zip(metric.variables, values, strict=True):
        variable.copy_(torch.as_tensor(value))
    return before
