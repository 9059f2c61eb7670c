"""What other Kerases write into a loss's configuration, in the words of Keras 3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from kplug.backend import to_dtype


def read_dtype(dtype: Any) -> torch.dtype:
    """Return the type to compute in: a policy such as ``mixed_float16`` has one of its own."""
    given = getattr(dtype, "compute_dtype", dtype)
    if isinstance(given, Mapping):
        given = str(given.get("config", {}).get("name", ""))
    return to_dtype(given.removeprefix("mixed_") if isinstance(given, str) else given)


def translate_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration of any Keras in the words of Keras 3.

    tf-keras writes the reduction ``auto`` where nothing was chosen, and the name of the function
    behind a class as ``fn``.

    Example:
        >>> translate_config({"reduction": "auto", "fn": "mean_squared_error"})
        {'reduction': 'sum_over_batch_size'}
    """
    translated = {key: value for key, value in config.items() if key != "fn"}
    if translated.get("reduction") == "auto":
        translated["reduction"] = "sum_over_batch_size"
    return translated
