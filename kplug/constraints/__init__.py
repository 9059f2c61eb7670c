"""Constraints: where weights may be, enforced after each update."""

from __future__ import annotations

from typing import Any

from kplug.constraints.adapt import as_constraint
from kplug.constraints.base import Constraint
from kplug.constraints.norms import MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from kplug.constraints.radial import RadialConstraint
from kplug.registry import resolve_object

# Keras's lower-case names of the classes; those in one word are Keras 2's.
max_norm = maxnorm = MaxNorm
non_neg = nonneg = NonNeg
unit_norm = unitnorm = UnitNorm
min_max_norm = MinMaxNorm
radial_constraint = RadialConstraint


def get(identifier: object) -> Any:
    """Return the constraint for a name, spec, dict, function, class or instance; None for None.

    Example:
        >>> get("max_norm(3)")
        MaxNorm(max_value=3.0, axis=0)
    """
    return resolve_object("constraint", identifier)


__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "RadialConstraint",
    "UnitNorm",
    "as_constraint",
    "get",
    "max_norm",
    "maxnorm",
    "min_max_norm",
    "non_neg",
    "nonneg",
    "radial_constraint",
    "unit_norm",
    "unitnorm",
]
