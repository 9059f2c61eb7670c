"""Learning rates that depend on the step, with Keras's names and formulas.

An optimizer takes a schedule as ``lr`` or ``learning_rate`` and calls it before every step.
"""

__kplug_keras_module__ = (
    "keras.optimizers.schedules"  # of the classes in here; see `kplug.keras_class`
)

from kplug.schedules.adapt import as_schedule as as_schedule
from kplug.schedules.base import LearningRateSchedule as LearningRateSchedule
from kplug.schedules.cosine import (
    CosineDecay as CosineDecay,
    CosineDecayRestarts as CosineDecayRestarts,
)
from kplug.schedules.decay import (
    ExponentialDecay as ExponentialDecay,
    InverseTimeDecay as InverseTimeDecay,
    PiecewiseConstantDecay as PiecewiseConstantDecay,
    PolynomialDecay as PolynomialDecay,
)
from kplug.schedules.serialization import (
    deserialize as deserialize,
    get as get,
    serialize as serialize,
)
from kplug.support.exports import export_names

export_names(globals())
