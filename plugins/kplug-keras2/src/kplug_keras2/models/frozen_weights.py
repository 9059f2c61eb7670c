"""Fixes ``trainable`` at ``compile``, as Keras 1 and 2 do; kplug reads it at each step.

So Keras 2's code for adversarial training works: it compiles the discriminator, freezes it, and
compiles it again as a part of another model.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from kplug.layers import Layer

# For each model its layers, outer ones first, with their ``trainable`` flags.
_noted: WeakKeyDictionary[Any, list[tuple[Layer, bool]]] = WeakKeyDictionary()


def note_trainable(model: Any) -> None:
    """Record which layers are trainable now."""
    _noted[model] = _read_trainable(model)


@contextmanager
def training_as_compiled(model: Any) -> Iterator[None]:
    """Restore the ``trainable`` flags from ``compile`` for a block."""
    now = _read_trainable(model)
    noted = dict(_noted.get(model, now))
    wanted = [(layer, noted.get(layer, flag)) for layer, flag in now]
    _set_trainable(now, wanted)
    try:
        yield
    finally:
        _set_trainable(wanted, now)


def _read_trainable(model: Any) -> list[tuple[Layer, bool]]:
    return [(one, one.trainable) for one in model.modules() if isinstance(one, Layer)]


def _set_trainable(before: list[tuple[Layer, bool]], after: list[tuple[Layer, bool]]) -> None:
    if before == after:
        return
    for layer, flag in after:  # a layer's flag propagates to inner layers, which come later
        layer.trainable = flag
