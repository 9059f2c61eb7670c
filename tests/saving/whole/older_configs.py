"""Configurations of chains of layers, as Keras 2 writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def describe(entries: Sequence[dict[str, Any]], shape: Sequence[int]) -> dict[str, Any]:
    first, *others = entries
    first = {**first, "config": {**first["config"], "batch_input_shape": [None, *shape]}}
    named = [
        {**entry, "config": {"name": f"layer_{number}", "trainable": True, **entry["config"]}}
        for number, entry in enumerate([first, *others])
    ]
    return {"class_name": "Sequential", "config": {"name": "old", "layers": named}}


def layer(class_name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": config}
