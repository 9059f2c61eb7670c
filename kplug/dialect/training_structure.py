"""Maps over the lists and dicts of losses and metrics in ``compile``'s arguments."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from kplug.dialect.reading_components import is_description
from kplug.registry.spec import as_plain, is_named

# The arguments that name components, with their kinds.
KINDS = {"loss": "loss", "metrics": "metric", "weighted_metrics": "metric"}


def map_identifiers(given: Any, change: Callable[[Any], Any], outputs: Collection[str] = ()) -> Any:
    """Return lists and dicts of identifiers with every identifier changed; None stays None.

    Args:
        given: The identifiers.
        change: Changes one.
        outputs: Names of outputs: a dict of these alone is none of a component.

    Example:
        >>> map_identifiers({"score": "mse", "kind": [None, "mae"]}, str.upper)
        {'score': 'MSE', 'kind': [None, 'MAE']}
    """
    given = as_plain(given)
    if given is None:
        return None
    if isinstance(given, Mapping) and (given.keys() <= {*outputs} or not _is_component(given)):
        return {name: map_identifiers(entry, change) for name, entry in given.items()}
    if isinstance(given, (list, tuple)):
        entries = [map_identifiers(entry, change) for entry in given]
        return entries if isinstance(given, list) else tuple(entries)
    return change(given)


def _is_component(value: Mapping[str, Any]) -> bool:
    return is_description(value) or is_named(value)
