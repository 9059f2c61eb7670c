"""Translates old configurations of losses, initializers and optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OF_TENSORFLOW = ("jit_compile", "is_legacy_optimizer")


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


def translate_optimizer_config(
    config: Mapping[str, Any], unset: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return an optimizer's configuration without what means nothing here.

    tf-keras writes settings of TensorFlow, and for an optimizer around another one the arguments of the inner
    one too, as if nobody had set them.

    Args:
        config: The arguments as they were written.
        unset: Arguments that the optimizer lacks, with the values that say nothing.

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
