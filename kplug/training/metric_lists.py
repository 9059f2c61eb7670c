"""The metrics of a model: those of ``compile``, and attributes of the model and its layers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import FunctionType, NoneType
from typing import Any

import torch

from kplug.layers.base.layer import Layer
from kplug.metrics import Metric
from kplug.metrics.base.metric import find_metrics
from kplug.training.model_protocol import TrainableModel

# Attributes and types that never hold metrics: skipped, as all attributes are searched several times
# in each epoch and in each call of evaluate.
_OF_LAYERS = frozenset(vars(Layer(name="any")))
_PLAIN = frozenset({NoneType, bool, int, float, str, torch.dtype, FunctionType})


def find_attribute_metrics(model: TrainableModel) -> list[Metric]:
    """Return the metrics in attributes of a model and its layers, also in lists and dicts."""
    found = [
        metric
        for module in model.modules()
        if isinstance(module, Layer)
        for name, value in vars(module).items()
        if name not in _OF_LAYERS and type(value) not in _PLAIN
        for metric in find_metrics(value)
    ]
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
