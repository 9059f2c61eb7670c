"""Texts among a model's inputs, which become the numbers of the layers that take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from kplug.backend import holds_texts
from kplug.training.model_protocol import TrainableModel


def read_texts(model: TrainableModel, values: Sequence[Any]) -> Sequence[Any]:
    """Return the value of each input, in order, with texts as the numbers of their layer."""
    if not any(not isinstance(value, Tensor) and holds_texts(value) for value in values):
        return values  # nearly always
    readers = model.find_text_readers()
    if len(readers) != len(values):
        return values
    pairs = zip(readers, values, strict=True)
    return [reader(value) if reader and holds_texts(value) else value for reader, value in pairs]


def read_nested_texts(model: TrainableModel, x: Any, names: Sequence[str]) -> Any:
    """Return the inputs of a model with texts as the numbers of their layers.

    Args:
        model: The model.
        x: The value of its only input, a list with one for each, or a dict by name.
        names: The names of the inputs, in order.
    """
    if isinstance(x, Mapping):
        known = [name for name in names if name in x]
        if len(known) < len(names):
            return x
        return {
            **x,
            **dict(zip(known, read_texts(model, [x[name] for name in known]), strict=True)),
        }
    if len(names) == 1:
        return read_texts(model, [x])[0]
    is_one_each = isinstance(x, (list, tuple)) and len(x) == len(names)
    return list(read_texts(model, x)) if is_one_each else x
