"""Configurations of optimizers from older versions of Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OF_TENSORFLOW = ("jit_compile", "is_legacy_optimizer")


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
