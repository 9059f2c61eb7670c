"""Names of metrics in the logs of Keras 2: ``acc`` is what ``accuracy`` is called there."""

from __future__ import annotations

from typing import Any


def name_metrics(metrics: Any) -> Any:
    """Return the metrics of ``compile`` with the accuracy under the name that Keras 2 writes."""
    if isinstance(metrics, dict):
        return {name: name_metrics(one) for name, one in metrics.items()}
    if isinstance(metrics, (list, tuple)):
        return [name_metrics(one) for one in metrics]
    if str(getattr(metrics, "__module__", "")).startswith(("kplug.metrics", "kplug.losses")):
        return getattr(metrics, "__wrapped__", metrics)  # kplug's own, which files name
    return "acc" if metrics == "accuracy" else metrics
