"""Regularizers: penalties on weights and outputs, added to the training loss."""

__kplug_keras_module__ = "keras.regularizers"  # of these classes; see `kplug.keras_class`

from kplug.regularizers.adapt import as_regularizer as as_regularizer
from kplug.regularizers.base import Regularizer as Regularizer
from kplug.regularizers.norms import L1 as L1, L1L2 as L1L2, L2 as L2
from kplug.regularizers.orthogonality import OrthogonalRegularizer as OrthogonalRegularizer
from kplug.regularizers.serialization import (
    deserialize as deserialize,
    get as get,
    serialize as serialize,
)
from kplug.regularizers.weight_rules import WeightRules as WeightRules, penalize as penalize
from kplug.support.exports import export_names

# Keras's lower-case names of the classes.
l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer

export_names(globals())
