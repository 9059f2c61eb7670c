"""``optimizers.schedules``: Keras's namespace of learning-rate schedules."""

from kplug.schedules import (
    CosineDecay as CosineDecay,
    CosineDecayRestarts as CosineDecayRestarts,
    ExponentialDecay as ExponentialDecay,
    InverseTimeDecay as InverseTimeDecay,
    LearningRateSchedule as LearningRateSchedule,
    PiecewiseConstantDecay as PiecewiseConstantDecay,
    PolynomialDecay as PolynomialDecay,
    deserialize as deserialize,
    get as get,
    serialize as serialize,
)
from kplug.support.exports import export_names

export_names(globals())
