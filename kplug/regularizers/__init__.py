"""Regularizers: penalties on weights and outputs, added to the training loss."""

from __future__ import annotations

from typing import Any

from kplug.registry import resolve_object
from kplug.regularizers.adapt import as_regularizer
from kplug.regularizers.base import Regularizer
from kplug.regularizers.norms import L1, L1L2, L2
from kplug.regularizers.orthogonality import OrthogonalRegularizer

# Keras's lower-case names of the classes.
l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer


def get(identifier: object) -> Any:
    """Return the regularizer for a name, spec, dict, function, class or instance; None for None.

    Example:
        >>> get("l2(l2=0.01)")
        L2(l2=0.01)
    """
    return resolve_object("regularizer", identifier)


__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "as_regularizer",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
]
