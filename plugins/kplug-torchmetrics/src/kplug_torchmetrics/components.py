"""The adapter classes, one per metric, created on first access."""

from __future__ import annotations

import inspect
from typing import Any

from kplug_torchmetrics.adapter import TorchMetric, find_original
from kplug_torchmetrics.table import ROWS

#: Arguments of torchmetrics.Metric, which its subclasses accept as keywords.
_COMMON = {"compute_on_cpu": False, "sync_on_compute": True, "compute_with_cache": True}


def __getattr__(name: str) -> type[TorchMetric]:
    if name not in ROWS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = globals()[name] = make_class(name)
    return made


def make_class(class_name: str) -> type[TorchMetric]:
    """Create the adapter of a torchmetrics class, with its arguments as the signature.

    Raises:
        AttributeError: if the installed torchmetrics lacks it.
    """
    original = find_original(class_name)
    body = {
        "class_name": class_name,
        "__doc__": f"{ROWS[class_name].summary}\n\nReference:\n    ``torchmetrics.{class_name}``, "
        "whose documentation explains the arguments.",
        "__module__": "kplug_torchmetrics.components",
        "__signature__": _signature_of(original),
    }
    return type(class_name, (TorchMetric,), body)


def _signature_of(original: type) -> inspect.Signature:
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    given = list(inspect.signature(original).parameters.values())
    kept = [each for each in given if each.kind not in variadic]
    added: dict[str, Any] = {"name": None}
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in given):
        added |= _COMMON
    names = {each.name for each in kept}
    keyword = inspect.Parameter.KEYWORD_ONLY
    further = [
        inspect.Parameter(name, keyword, default=default)
        for name, default in added.items()
        if name not in names
    ]
    return inspect.Signature([*kept, *further])
