"""Fixes ``trainable`` at ``compile``, as Keras 1 and 2 do; kplug reads it at each step.

So Keras 2's code for adversarial training works: the discriminator is compiled, made untrainable, and
compiled again as a part of another model.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from kplug.layers import Layer

# For each model its layers, outer ones first, and whether they were trainable.
_noted: WeakKeyDictionary[Any, list[tuple[Layer, bool]]] = WeakKeyDictionary()


def note_trainable(model: Any) -> None:
    """Remember which layers are trainable now."""
    _noted[model] = _read_trainable(model)


@contextmanager
def training_as_compiled(model: Any) -> Iterator[None]:
    """Let the layers be trainable that were when the model was compiled, for a block."""
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
    for layer, flag in after:  # what a layer is told reaches those inside, which come later
        layer.trainable = flag
