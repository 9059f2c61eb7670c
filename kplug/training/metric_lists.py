"""The metrics of a model: those of ``compile``, and those that it and its layers have as attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torch import nn

from kplug.layers.base.layer import Layer
from kplug.metrics import Metric
from kplug.metrics.base.metric import find_metrics
from kplug.training.model_protocol import TrainableModel

# What every module has, and where no metric stands: this is looked through with each reading of the logs.
_OF_TORCH = frozenset(vars(nn.Module()))


def find_attribute_metrics(model: TrainableModel) -> list[Metric]:
    """Return the metrics that a model and its layers have as attributes, also in lists and dicts."""
    layers = (module for module in model.modules() if isinstance(module, Layer))
    held = (vars(layer).items() for layer in layers)
    own = (value for items in held for name, value in items if name not in _OF_TORCH)
    found = [metric for value in own for metric in find_metrics(value)]
    return list({id(metric): metric for metric in found}.values())


def merge_results(metrics: Iterable[Any]) -> dict[str, Any]:
    """Return the results of metrics by name; a result that is a dict has an entry for each key.

    Example:
        >>> from kplug.metrics import Sum
        >>> merge_results([Sum("count")])
        {'count': tensor(0.)}
    """
    logs: dict[str, Any] = {}
    for metric in metrics:
        result = metric.result()
        logs |= result if isinstance(result, Mapping) else {metric.name: result}
    return logs
