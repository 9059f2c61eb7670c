"""Adapts losses, functions and classes to `Metric`, the type that training uses."""

from __future__ import annotations

from torch import nn

from kplug.components.contracts import instantiate
from kplug.errors import ContractError
from kplug.losses.adapt import as_loss
from kplug.losses.base.loss import Loss
from kplug.metrics.base.function import FunctionMetric
from kplug.metrics.base.mean import find_metric_class
from kplug.metrics.base.metric import Metric
from kplug.metrics.torch_convention import Meter
from kplug.registry.quoting import quote


def as_metric(candidate: object) -> Metric:
    """Return the candidate as a `Metric`.

    A `Metric` is kept, a `Meter` stands for its metric; a class is called without arguments first. A `Loss`
    or ``torch.nn`` loss module becomes the mean of its values. Any other callable is a function of
    ``(y_true, y_pred)``.

    Raises:
        ContractError: if it is none of these.

    Example:
        >>> def bias(y_true, y_pred):
        ...     return y_pred - y_true
        >>> as_metric(bias).name
        'bias'
    """
    if isinstance(candidate, Metric):
        return candidate
    if isinstance(candidate, Meter):
        return candidate.metric
    if isinstance(candidate, type):
        return as_metric(instantiate(candidate, "a metric"))
    if all(callable(getattr(candidate, name, None)) for name in ("update", "compute", "reset")):
        raise ContractError(
            f"{type(candidate).__name__} gathers state over batches in torchmetrics's way, with update "
            "and compute",
            hint="Install kplug-torchmetrics and name it ('auroc(…)'), or give "
            "kplug_torchmetrics.wrap(metric).",
        )
    if isinstance(candidate, (Loss, nn.Module)):
        loss = as_loss(candidate)
        return FunctionMetric(loss.values, loss.name)
    if not callable(candidate):
        raise ContractError(
            f"{quote(candidate)} is no metric",
            hint="A metric is a name, a kplug.metrics.Metric, a loss, or a function of "
            "(y_true, y_pred).",
        )
    known = find_metric_class(candidate)
    return FunctionMetric(candidate) if known is None else as_metric(known)
