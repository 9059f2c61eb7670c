"""Configurations of losses and initializers from older versions of Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def translate_loss_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a loss's configuration in the words of Keras 3.

    tf-keras writes the reduction ``auto`` where nothing was chosen, and the name of the function
    behind a class as ``fn``.

    Example:
        >>> translate_loss_config({"reduction": "auto", "fn": "mean_squared_error"})
        {'reduction': 'sum_over_batch_size'}
    """
    translated = {key: value for key, value in config.items() if key != "fn"}
    if translated.get("reduction") == "auto":
        translated["reduction"] = "sum_over_batch_size"
    return translated


def translate_initializer_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return an initializer's configuration without the ``dtype`` that Keras 2 writes; calls say theirs.

    Example:
        >>> translate_initializer_config({"gain": 2.0, "dtype": "float32"})
        {'gain': 2.0}
    """
    return {key: value for key, value in config.items() if key != "dtype"}
