"""Detects which generation of Keras wrote a configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from kplug.registry.lookup_keys import lookup_key

# Versions of multi-backend Keras, and those of TensorFlow's Keras, with this suffix until 2.3.
_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})\S*")
_OF_TENSORFLOW = "-tf"


class Generation(NamedTuple):
    """A generation of Keras, which determines the meaning of names and absent arguments.

    Args:
        number: 3 for Keras 3 and kplug, whose names are Keras 3's; 2 for all before.
        is_multi_backend: Whether it is known to be multi-backend Keras up to 2.3, not TensorFlow's.
    """

    number: int
    is_multi_backend: bool = False


KERAS_3, KERAS_2 = Generation(3), Generation(2)


def find_generation(entry: Any, version: str | None = None) -> Generation:
    """Return which generation of Keras wrote a configuration.

    Args:
        entry: The configuration.
        version: The version stated in the file. By default that of the configuration, or its form
            decides: dicts with modules are Keras 3's.

    Example:
        >>> find_generation({"class_name": "GRU", "config": {"units": 3}})
        Generation(number=2, is_multi_backend=False)
        >>> find_generation({}, "2.2.4")
        Generation(number=2, is_multi_backend=True)
    """
    if version is None and isinstance(entry, Mapping):
        version = entry.get("keras_version")
    found = _VERSION.match(version) if isinstance(version, str) else None
    if found is None:
        has_modules = isinstance(entry, Mapping) and "module" in entry
        return KERAS_3 if has_modules else KERAS_2
    major, minor = int(found[1]), int(found[2])
    is_old = (major, minor) < (2, 4) and _OF_TENSORFLOW not in found[0]
    return KERAS_3 if major > 2 else Generation(2, is_old)


def looks_like_keras_2(entry: Any) -> bool:
    """Return whether a layer's entry without modules has a form that kplug never writes.

    kplug qualifies names of components and writes all arguments; Keras 2 does neither.

    Example:
        >>> looks_like_keras_2({"class_name": "Activation", "config": {"activation": "hard_sigmoid"}})
        True
    """
    if not isinstance(entry, Mapping) or not isinstance(entry.get("config"), Mapping):
        return False
    config = entry["config"]
    names = (config.get("activation"), config.get("recurrent_activation"))
    if any(isinstance(name, str) and lookup_key(name) == "hardsigmoid" for name in names):
        return True
    if entry.get("class_name") in ("GRU", "GRUCell") and "reset_after" not in config:
        return True
    is_old = entry.get("class_name") in ("CuDNNGRU", "CuDNNLSTM", "ThresholdedReLU")
    return is_old or any(looks_like_keras_2(value) for value in config.values())
