"""Constraints: restrictions on weights, applied after each update."""

__kplug_keras_module__ = "keras.constraints"  # of these classes; see `kplug.keras_class`

from kplug.constraints.adapt import as_constraint as as_constraint
from kplug.constraints.base import Constraint as Constraint
from kplug.constraints.norms import (
    MaxNorm as MaxNorm,
    MinMaxNorm as MinMaxNorm,
    NonNeg as NonNeg,
    UnitNorm as UnitNorm,
)
from kplug.constraints.radial import RadialConstraint as RadialConstraint
from kplug.constraints.serialization import (
    deserialize as deserialize,
    get as get,
    serialize as serialize,
)
from kplug.support.exports import export_names

# Keras's lower-case names of the classes; names without underscores are Keras 2's.
max_norm = maxnorm = MaxNorm
non_neg = nonneg = NonNeg
unit_norm = unitnorm = UnitNorm
min_max_norm = MinMaxNorm
radial_constraint = RadialConstraint

export_names(globals())
