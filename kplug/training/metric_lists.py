"""The metrics of a model: those of ``compile``, and attributes of the model and its layers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kplug.graph import list_modules
from kplug.layers.base.layer import Layer
from kplug.metrics import Metric
from kplug.metrics.base.metric import find_metrics
from kplug.training.model_protocol import TrainableModel

# Attributes that never hold metrics, and the types of those that may: all attributes are searched several
# times in each epoch, and in each step of a class that lists its metrics there. No type is remembered: that
# would keep a user's class, and what its methods refer to, alive.
_OF_LAYERS = frozenset({*vars(Layer(name="any")), "built_shape", "_output_keys"})
_HOLDERS = frozenset({Metric, dict, list, tuple})
_PLAIN = frozenset({bool, float, int, str, type(None)})


def find_attribute_metrics(model: TrainableModel) -> list[Metric]:
    """Return the metrics in attributes of a model and its layers, also in lists and dicts."""
    found = [
        metric
        for module in list_modules(model)
        if isinstance(module, Layer)
        for name, value in vars(module).items()
        if name not in _OF_LAYERS
        and (kind := type(value)) not in _PLAIN
        and not _HOLDERS.isdisjoint(kind.__mro__)
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
