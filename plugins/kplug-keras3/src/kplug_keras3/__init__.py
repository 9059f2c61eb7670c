"""Keras 3's versions of the five optimizers that differ from Keras 2's.

SGD and Adam are the same in both, and in kplug. The classes are imported lazily, so that listing the
plugin's names does not import torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kplug_keras3.adagrad import Adagrad
    from kplug_keras3.defaults import Adadelta, Adamax, Nadam
    from kplug_keras3.rmsprop import RMSprop

__all__ = ["Adadelta", "Adagrad", "Adamax", "Nadam", "RMSprop"]

_HOMES = {"Adagrad": "adagrad", "RMSprop": "rmsprop"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES.get(name, 'defaults')}"), name)
