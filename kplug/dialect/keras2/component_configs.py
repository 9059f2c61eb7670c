"""Translates old configurations of losses, initializers and optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OF_TENSORFLOW = ("jit_compile", "is_legacy_optimizer")


def translate_loss_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a loss's configuration in Keras 3's form.

    tf-keras writes ``auto`` as the default reduction, and the name of a class's function as ``fn``.

    Example:
        >>> translate_loss_config({"reduction": "auto", "fn": "mean_squared_error"})
        {'reduction': 'sum_over_batch_size'}
    """
    translated = {key: value for key, value in config.items() if key != "fn"}
    if translated.get("reduction") == "auto":
        translated["reduction"] = "sum_over_batch_size"
    return translated


def translate_initializer_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return an initializer's configuration without Keras 2's ``dtype``, which each call passes.

    Example:
        >>> translate_initializer_config({"gain": 2.0, "dtype": "float32"})
        {'gain': 2.0}
    """
    return {key: value for key, value in config.items() if key != "dtype"}


def translate_optimizer_config(
    config: Mapping[str, Any], unset: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return an optimizer's configuration without entries that are meaningless in kplug.

    tf-keras writes settings of TensorFlow. For a wrapper it also writes the inner optimizer's arguments,
    with default values.

    Args:
        config: The written arguments.
        unset: Arguments that the optimizer lacks, with their values for "not set".

    Example:
        >>> translate_optimizer_config({"learning_rate": 0.1, "jit_compile": True})
        {'learning_rate': 0.1}
    """
    idle = unset or {}
    return {
        key: value
        for key, value in config.items()
        if key not in _OF_TENSORFLOW and not (key in idle and value == idle[key])
    }
