"""Class weights: a weight for each sample, from the class of its target."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from kplug.backend import to_dtype
from kplug.errors import ArgumentValueError, DataError
from kplug.training.data.lazy_arrays import read_all
from kplug.training.data.samples import Samples


def weigh_classes(samples: Samples, class_weight: Mapping[int, float]) -> Samples:
    """Return the samples with the weight of their class.

    Args:
        samples: Data whose targets are class ids, (N,) or (N, 1), or one-hot rows, (N, C).
        class_weight: Weight by class id; a class that is missing weighs 1.

    Raises:
        DataError: If there are sample weights as well, or no targets, or several outputs.
        ArgumentValueError: If a key is no class id or a weight is no finite number.
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
    weights = torch.ones(classes.shape, dtype=to_dtype(None), device=classes.device)
    for label, weight in table.items():
        weights[classes == label] = weight
    return replace(samples, weights=weights)


def _class_table(class_weight: Any) -> dict[int, float]:
    table: dict[int, float] = {}
    if isinstance(class_weight, Mapping):
        for label, weight in class_weight.items():
            try:
                table[int(label)] = float(weight)
            except (TypeError, ValueError):
                break
            if int(label) != label or not math.isfinite(float(weight)):
                break
        else:
            return table
    raise ArgumentValueError("fit", "class_weight", class_weight, "{class id: finite weight, …}")


def _class_ids(targets: Tensor) -> Tensor:
    if targets.ndim == 1:
        return targets.long()
    return targets.argmax(-1) if targets.shape[-1] > 1 else targets.squeeze(-1).long()
