"""Initializers: the initial values of weights.

The classes have Keras's names; each is also reachable under its lower-case names
(``initializers.he_normal(seed=1)``), and by name wherever an initializer is expected
(``kernel_initializer="he_normal"``).
"""

__kplug_keras_module__ = "keras.initializers"  # of these classes; see `kplug.keras_class`

from kplug.initializers.adapt import (
    FunctionInitializer as FunctionInitializer,
    as_initializer as as_initializer,
    initial_values as initial_values,
)
from kplug.initializers.base import Initializer as Initializer
from kplug.initializers.constant import (
    Constant as Constant,
    Identity as Identity,
    Ones as Ones,
    Zeros as Zeros,
)
from kplug.initializers.fourier import STFT as STFT
from kplug.initializers.orthogonal import Orthogonal as Orthogonal
from kplug.initializers.random import (
    RandomInitializer as RandomInitializer,
    RandomNormal as RandomNormal,
    RandomUniform as RandomUniform,
    TruncatedNormal as TruncatedNormal,
)
from kplug.initializers.recipes import (
    GlorotNormal as GlorotNormal,
    GlorotUniform as GlorotUniform,
    HeNormal as HeNormal,
    HeUniform as HeUniform,
    LecunNormal as LecunNormal,
    LecunUniform as LecunUniform,
)
from kplug.initializers.scaling import (
    VarianceScaling as VarianceScaling,
    compute_fans as compute_fans,
)
from kplug.initializers.serialization import (
    deserialize as deserialize,
    get as get,
    serialize as serialize,
)
from kplug.support.exports import export_names

# Keras's lower-case names of the classes.
zeros = zero = Zeros
ones = one = Ones
constant = Constant
identity = Identity
orthogonal = Orthogonal
random_normal = normal = RandomNormal
random_uniform = uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
stft = STFT

export_names(globals())
