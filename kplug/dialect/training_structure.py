"""What ``compile`` is told, as Keras structures it: losses and metrics in lists and dicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kplug.dialect.reading_components import is_description
from kplug.registry.spec.model import is_spec_mapping

# The arguments that name components, with their kinds.
KINDS = {"loss": "loss", "metrics": "metric", "weighted_metrics": "metric"}

# Settings of Keras 2's and Keras 3's optimizers that leave the rule of ours as it is.
UNUSED_SETTINGS = {"decay": 0.0, "momentum": 0.0, "centered": False, "schedule_decay": 0.004}


def map_identifiers(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a structure of identifiers with every one changed."""
    if value is None:
        return None
    if isinstance(value, Mapping) and not is_description(value) and not _is_spec(value):
        return {key: map_identifiers(item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [map_identifiers(item, change) for item in value]
    return change(value)


def _is_spec(value: Any) -> bool:
    return isinstance(value, dict) and is_spec_mapping(value)
