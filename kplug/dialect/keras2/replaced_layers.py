"""Replaces removed layers of older Keras versions by equivalent ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.dialect.names import BUILT_IN
from kplug.registry.lookup_keys import lookup_key

_CUDNN = {"activation": "kplug/tanh", "recurrent_activation": "kplug/sigmoid"}


def replace_former(owner: str, config: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a layer's class and arguments, with a former class replaced by a present one.

    Example:
        >>> replace_former("ThresholdedReLU", {"theta": 2.0})
        ('kplug/Activation', {'activation': 'kplug/threshold(threshold=2.0, default_value=0.0)'})
    """
    package, _, name = owner.rpartition("/")
    read = dict(config)
    if package not in ("", BUILT_IN):
        return owner, read
    if name == "CuDNNLSTM":
        return f"{BUILT_IN}/LSTM", {**_CUDNN, **read}
    if name == "CuDNNGRU":
        return f"{BUILT_IN}/GRU", {**_CUDNN, "reset_after": True, **read}
    if lookup_key(name) == "thresholdedrelu" and isinstance(read.get("theta", 1.0), (int, float)):
        theta = float(read.pop("theta", 1.0))
        spec = f"{BUILT_IN}/threshold(threshold={theta!r}, default_value=0.0)"
        return f"{BUILT_IN}/Activation", {**read, "activation": spec}
    return owner, read
