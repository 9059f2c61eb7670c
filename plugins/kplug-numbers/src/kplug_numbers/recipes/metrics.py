"""The recipe of metrics: results after batches, merging, weights and a reset."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from kplug_numbers.recipes.inputs import Family, in_turn, pairs, spread
from kplug_numbers.recipes.recorder import Recorder

_MOST_FAMILIES = 4
_WHOLE = 2  # families of which all cases are recorded
ORDER = (
    "single",
    "shares",
    "choices",
    "real",
    "ids",
    "mask",
    "logits",
    "sequence",
    "image",
    "vector",
)
_WEIGHTS = (0.0, 1.0, 2.5, 0.5, 3.0)


def record_metric(out: Recorder) -> None:
    """Record a metric on the first families that it takes, of the last ones fewer cases."""
    known = {family.name: family for family in pairs()}
    values = Family("values", lambda: (spread("metric/values", 5),))
    tried = [*(known[name] for name in ORDER), values]
    taken = (family for family in tried if _takes(out, family))
    for at, family in enumerate(itertools.islice(taken, _MOST_FAMILIES)):
        _record(out, family, is_whole=at < _WHOLE)


def _takes(out: Recorder, family: Family) -> bool:
    return out.takes(lambda: update(out.make(), family.cast(torch.float32)).result())


def _record(out: Recorder, family: Family, *, is_whole: bool) -> None:
    name, inputs = family.name, family.cast(torch.float32)
    count = len(inputs[0])

    def batches() -> dict[str, Any]:
        metric, found = out.make(), {}
        for at, part in enumerate(in_turn(count, (3, 2))):
            found[f"{at}"] = _result(update(metric, tuple(value[part] for value in inputs)))
        metric.reset_state()
        found["reset"] = _result(update(metric, tuple(value[:1] for value in inputs)))
        return found

    def merged() -> dict[str, Any]:
        parts = [
            update(out.make(), tuple(value[part] for value in inputs))
            for part in in_turn(count, (2, 2, 1))
        ]
        parts[0].merge_state(parts[1:])
        return {"result": _result(parts[0])}

    def weighted() -> dict[str, Any]:
        weights = torch.tensor(_WEIGHTS[:count])
        return {"result": _result(update(out.make(), inputs, weights))}

    def updated(*others: Tensor) -> dict[str, Any]:
        return {"result": _result(update(out.make(), others))}

    out.attempt(f"{name}/batches", batches)
    out.attempt(f"{name}/weighted", weighted)
    if not is_whole:
        return
    out.attempt(f"{name}/merged", merged)
    out.attempt(f"{name}/float64", updated, *family.cast(torch.float64))
    if len(inputs) == 2:
        y_true, y_pred = inputs
        out.attempt(f"{name}/zeros", updated, y_true, torch.zeros_like(y_pred))
        if y_pred.is_floating_point():
            out.attempt(f"{name}/ties", updated, y_true, torch.full_like(y_pred, 0.5))
            exact = family.find_exact()
            if exact is not None:
                out.attempt(f"{name}/exact", updated, y_true, exact.float())


def update(metric: Any, inputs: tuple[Tensor, ...], weights: Tensor | None = None) -> Any:
    """Add a batch to a metric, and return it."""
    # A keyword, so that a metric of single values does not take y_pred for the weights.
    metric.update_state(*(value.clone() for value in inputs), sample_weight=weights)
    return metric


def _result(metric: Any) -> Any:
    """Return a copy of the result, which a later batch cannot change."""
    return _copy(metric.result())


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _copy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copy(item) for item in value]
    return value.detach().clone() if isinstance(value, Tensor) else value
