"""Constraints: where weights may be, enforced after each update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.constraints.adapt import as_constraint
from kplug.constraints.base import Constraint
from kplug.constraints.norms import MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from kplug.constraints.radial import RadialConstraint
from kplug.registry import resolve_object
from kplug.serialization import deserialize_component, serialize_component

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


def serialize(constraint: object) -> dict[str, Any] | str | None:
    """Return a constraint as data: Keras's dict or name where Keras has it, else its spec as text."""
    return serialize_component("constraint", constraint)


def deserialize(config: object, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the constraint that `serialize`, or any Keras, has written."""
    return deserialize_component("constraint", config, custom_objects)


__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "RadialConstraint",
    "UnitNorm",
    "as_constraint",
    "deserialize",
    "get",
    "max_norm",
    "maxnorm",
    "min_max_norm",
    "non_neg",
    "nonneg",
    "radial_constraint",
    "serialize",
    "unit_norm",
    "unitnorm",
]
