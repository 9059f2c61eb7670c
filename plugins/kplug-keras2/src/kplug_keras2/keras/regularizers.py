"""``keras.regularizers`` of Keras 1 and 2: kplug's regularizers, and Keras 1's names."""

from __future__ import annotations

from typing import Any

from kplug import regularizers
from kplug.regularizers import L1L2
from kplug_keras2.arguments.aliases import alias_classes

_aliases = alias_classes(regularizers)
globals().update(_aliases)
__all__ = [
    *_aliases,
    "ActivityRegularizer",
    "L1L2Regularizer",
    "WeightRegularizer",
    "activity_l1",
    "activity_l1l2",
    "activity_l2",
    "l1l2",
]


def l1l2(l1: float = 0.01, l2: float = 0.01) -> Any:
    """Return a penalty of l1 · Σ|w| + l2 · Σw²."""
    return L1L2(l1=l1, l2=l2)


def WeightRegularizer(l1: float = 0.0, l2: float = 0.0) -> Any:  # noqa: N802 - Keras's name
    """Return the same, without a penalty unless one is given."""
    return L1L2(l1=l1, l2=l2)


def activity_l1(l: float = 0.01) -> Any:  # noqa: E741 - Keras's name
    """Return a penalty of l · Σ|a|, of a layer's outputs."""
    return L1L2(l1=l, l2=0.0)


def activity_l2(l: float = 0.01) -> Any:  # noqa: E741 - Keras's name
    """Return a penalty of l · Σa², likewise."""
    return L1L2(l1=0.0, l2=l)


ActivityRegularizer = L1L2Regularizer = WeightRegularizer
activity_l1l2 = l1l2
