"""Removes mask tensors, and the operations that compute them, from Keras 3's graphs.

Keras 3 passes a tensor's mask to each call that takes one, and writes it as an argument, with all operations
that compute it. In kplug tensors carry their masks at run time, so such arguments are dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

from kplug.dialect.layer_calls import LayerCall, Reference
from kplug.dialect.tensor_operations import OPERATION, is_operation
from kplug.support.nested import find_leaves


def find_operations(entries: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the names of the entries that are operations, not layers."""
    return {
        str(entry.get("name"))
        for entry in entries
        if is_operation(entry) or _class_of(entry) == OPERATION
    }


def find_mask_makers(entries: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the names of the layers that compute masks from their inputs."""
    return {
        str(entry.get("name"))
        for entry in entries
        if _class_of(entry) == "Masking" or (entry.get("config") or {}).get("mask_zero") is True
    }


def _class_of(entry: Mapping[str, Any]) -> str:
    return str(entry.get("class_name")).rpartition("/")[2]


def drop_masks(
    calls: Mapping[str, list[LayerCall]], operations: Set[str], makers: Set[str], ends: Any
) -> dict[str, list[LayerCall]]:
    """Return the calls without masks that tensors carry anyway, and without their operations."""
    given = [call.args for name in makers for call in calls[name]]
    stems = _Stems(calls, operations, set(find_leaves(given, Reference)))
    kept = {
        name: [_without(call, stems) for call in own]
        for name, own in calls.items()
        if name not in operations
    }
    used = list(find_leaves([ends, list(kept.values())], Reference))
    while used:
        name = used.pop().layer
        if name in operations and name not in kept:
            kept[name] = calls[name]
            used.extend(find_leaves(calls[name], Reference))
    return {name: kept[name] for name in calls if name in kept}


def _without(call: LayerCall, stems: _Stems) -> LayerCall:
    kwargs = {
        key: value
        for key, value in call.kwargs.items()
        if not ((key == "mask" or key.endswith("_mask")) and stems.is_carried(value))
    }
    return call._replace(kwargs=kwargs)


class _Stems:
    """Detects masks that are computed from the input of a layer that makes masks."""

    def __init__(
        self, calls: Mapping[str, list[LayerCall]], operations: Set[str], sources: Set[Reference]
    ) -> None:
        self._calls = calls
        self._operations = operations
        self._sources = sources
        self._known: dict[str, bool] = {}

    def is_carried(self, masks: Any) -> bool:
        """Return whether tensors carry this mask, or all masks of a call with several tensors."""
        given = list(find_leaves(masks, Reference))
        return bool(given) and all(self._is_made_of_source(mask) for mask in given)

    def _is_made_of_source(self, mask: Reference) -> bool:
        if mask.layer not in self._operations:
            return False
        if mask.layer not in self._known:
            self._known[mask.layer] = self._stems_from_source(mask.layer)
        return self._known[mask.layer]

    def _stems_from_source(self, operation: str) -> bool:
        seen, pending = {operation}, [operation]
        while pending:
            for reference in find_leaves(self._calls[pending.pop()], Reference):
                if reference in self._sources:
                    return True
                if reference.layer in self._operations and reference.layer not in seen:
                    seen.add(reference.layer)
                    pending.append(reference.layer)
        return False
