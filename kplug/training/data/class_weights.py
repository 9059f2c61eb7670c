"""Class weights: turn ``class_weight`` into a sample weight per target."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from kplug.backend import to_dtype
from kplug.errors import ArgumentValueError, DataError
from kplug.layers.base.layer_warnings import warn_once
from kplug.registry.user_warnings import warn
from kplug.training.data.lazy_arrays import read_all
from kplug.training.data.samples import Samples
from kplug.training.model_protocol import TrainableModel

_LISTED = 10  # classes that a message names


def weigh_classes(
    model: TrainableModel,
    samples: Samples,
    class_weight: Mapping[int, float],
    *,
    is_batch: bool = False,
) -> Samples:
    """Return the samples with the weight of their class.

    Args:
        model: The model, for which a missing class is warned about once.
        samples: Data whose targets are class ids, (N,) or (N, 1), or one-hot rows, (N, C).
        class_weight: Weight >= 0 by class id; a class that is missing weighs 1.
        is_batch: Whether the samples are one batch of several, which may contain other classes.

    Raises:
        DataError: If there are sample weights as well, no targets, several outputs, or targets that
            are no classes.
        ArgumentValueError: If a key is no class id, or no class of one-hot rows, or a weight is no
            finite number >= 0. Keras accepts all of these.
    """
    if isinstance(samples.y, list):
        raise DataError(
            f"fit: class_weight is for models with one output, and this one has {len(samples.y)}",
            hint="Make a sample_weight for each output, as a list or a dict by name.",
        )
    if samples.weights is not None:
        raise DataError(
            "fit: both class_weight and sample_weight were given",
            hint="Multiply them into one sample_weight.",
        )
    if samples.y is None:
        raise DataError("fit: class_weight needs targets, and y is None")
    table = _class_table(class_weight)
    targets = read_all(samples.y)
    classes = _class_ids(targets)
    _check_classes(table, targets, None if is_batch else classes)
    weights = torch.full(classes.shape, math.nan, dtype=to_dtype(None), device=classes.device)
    for label, weight in table.items():
        weights[classes == label] = weight
    is_missing = weights.isnan()
    if bool(is_missing.any()):
        weights[is_missing] = 1.0
        missing = torch.unique(classes[is_missing]).tolist()
        warn_once(
            model,
            "class_weight",
            f"fit: class_weight has no weight for {_list_classes(missing)} of y, so such samples weigh 1, as "
            "in Keras 3. Give every class a weight.",
        )
    return replace(samples, weights=weights)


def _list_classes(classes: Sequence[int]) -> str:
    more = ", …" if len(classes) > _LISTED else ""
    plural = "class" if len(classes) == 1 else "classes"
    return f"{plural} {', '.join(map(str, classes[:_LISTED]))}{more}"


def _class_table(class_weight: Any) -> dict[int, float]:
    table: dict[int, float] = {}
    if isinstance(class_weight, Mapping):
        for label, weight in class_weight.items():
            try:
                table[int(label)] = float(weight)
            except (TypeError, ValueError):
                break
            if int(label) != label or int(label) < 0 or not 0 <= float(weight) < math.inf:
                break
        else:
            return table
    raise ArgumentValueError(
        "fit", "class_weight", class_weight, "{class id: finite weight >= 0, …}"
    )


def _class_ids(targets: Tensor) -> Tensor:
    if targets.ndim > 1 and targets.shape[-1] > 1:
        return targets.argmax(-1)
    ids = targets.long()
    is_class = ids == targets
    if not bool(is_class.all()):
        raise DataError(
            f"fit: class_weight needs targets that are classes, and y holds {targets[~is_class][0]:.6g}",
            hint="For other targets make a sample_weight, one number for each sample.",
        )
    return ids.squeeze(-1) if ids.ndim > 1 else ids


def _check_classes(table: Mapping[int, float], targets: Tensor, found: Tensor | None) -> None:
    """Refuse a class beyond the columns of one-hot rows; warn of a class without samples."""
    columns = targets.shape[-1] if targets.ndim > 1 else 1
    if columns > 1 and max(table, default=0) >= columns:
        allowed = f"class ids from 0 to {columns - 1}, since y has {columns} columns"
        raise ArgumentValueError("fit", "class_weight", dict(table), allowed)
    if found is None:
        return
    present = set(torch.unique(found).tolist())
    absent = sorted(set(table) - present)
    if absent:
        warn(
            f"fit: class_weight has a weight for class {absent[0]}, and no sample is of this class; "
            f"those in y are {', '.join(map(str, sorted(present)[:_LISTED]))}"
        )
