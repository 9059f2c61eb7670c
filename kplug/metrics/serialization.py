"""Metrics as data, in Keras's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.components.types import MetricLike
from kplug.dialect.serialization import describe_for_keras, deserialize_component, resolve_whole
from kplug.metrics.base.metric import Metric
from kplug.metrics.torch_convention import TorchConvention
from kplug.registry import resolve_object


def serialize(metric: object) -> dict[str, Any] | str:
    """Return a metric as data that JSON can hold and `deserialize` reads.

    Args:
        metric: A metric, or a function of ``(y_true, y_pred)``.

    Returns:
        For the metrics that Keras has, Keras 3's dict, which Keras reads too; for any other, its spec as
        text.

    Raises:
        ContractError: if it is no metric, or its ``get_config`` leaves out what it was given.

    Example:
        >>> from kplug.metrics import TopKCategoricalAccuracy
        >>> serialize(TopKCategoricalAccuracy(k=3))["config"]
        {'k': 3, 'name': 'top_k_categorical_accuracy', 'dtype': None}
    """
    return describe_for_keras("metric", metric) or str(resolve_whole("metric", metric).spec)


def deserialize(config: object, custom_objects: Mapping[str, Any] | None = None) -> Metric | None:
    """Return the metric that data describes: a name, a spec, or a dict of Keras 2, tf-keras or Keras 3.

    Args:
        config: What `serialize` returned, or Keras's own.
        custom_objects: Metrics by name, known for this call only.

    Raises:
        ResolutionError: if nothing has that name.

    Example:
        >>> deserialize({"class_name": "AUC", "config": {"curve": "PR"}}).curve
        'PR'
    """
    metric: Metric | None = deserialize_component("metric", config, custom_objects)
    return metric


def get(identifier: MetricLike | Mapping[str, Any]) -> Any:
    """Return the metric that a name, dict, class, function or instance stands for; None for None.

    ``torch_convention(…)`` is returned as its `Meter`, which is called with (input, target).

    Example:
        >>> import torch
        >>> get("top_k_categorical_accuracy(k=3)").k
        3
        >>> get("torch_convention(mae)")(torch.ones(2), torch.zeros(2))
        tensor(1.)
    """
    found = resolve_object("metric", identifier)
    return found.meter if isinstance(found, TorchConvention) else found
