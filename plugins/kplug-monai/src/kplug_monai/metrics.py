"""MONAI's metrics for channels-last data, created on first access."""

from __future__ import annotations

import inspect
from typing import Any

import monai.metrics

from kplug_monai.adapter import MonaiMetric
from kplug_monai.table import METRICS

_FURTHER = {"masks": {"threshold": 0.5, "argmax": False}}


def __getattr__(name: str) -> type[MonaiMetric]:
    if name not in METRICS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = globals()[name] = make_class(name)
    return made


def make_class(class_name: str) -> type[MonaiMetric]:
    """Create the adapter of a MONAI class, with its arguments and the adapter's as the signature.

    Raises:
        AttributeError: if the installed MONAI lacks it.
    """
    original = getattr(monai.metrics, class_name)
    name, inputs, summary = METRICS[class_name]
    keyword = inspect.Parameter.KEYWORD_ONLY
    further: dict[str, Any] = {**_FURTHER.get(inputs, {}), "name": None}
    parameters = [
        *inspect.signature(original).parameters.values(),
        *(inspect.Parameter(key, keyword, default=value) for key, value in further.items()),
    ]
    body = {
        "original": original,
        "inputs": inputs,
        "usual_name": name,
        "__doc__": f"{summary}\n\nReference:\n    ``monai.metrics.{class_name}``, whose documentation "
        "explains the arguments.",
        "__module__": __name__,
        "__signature__": inspect.Signature(parameters),
    }
    return type(class_name, (MonaiMetric,), body)
