"""Activations: functions of a layer's output, of any shape; all but `glu` preserve it."""

from kplug.activations.adapt import as_activation as as_activation
from kplug.activations.normalizing import (
    glu as glu,
    log_softmax as log_softmax,
    softmax as softmax,
    sparsemax as sparsemax,
)
from kplug.activations.rectifiers import (
    celu as celu,
    elu as elu,
    leaky_relu as leaky_relu,
    linear as linear,
    relu as relu,
    relu6 as relu6,
    selu as selu,
    threshold as threshold,
)
from kplug.activations.serialization import (
    deserialize as deserialize,
    get as get,
    serialize as serialize,
)
from kplug.activations.smooth import (
    exponential as exponential,
    gelu as gelu,
    hard_shrink as hard_shrink,
    hard_silu as hard_silu,
    mish as mish,
    silu as silu,
    soft_shrink as soft_shrink,
    softplus as softplus,
    sparse_plus as sparse_plus,
    squareplus as squareplus,
    tanh_shrink as tanh_shrink,
)
from kplug.activations.squashing import (
    hard_sigmoid as hard_sigmoid,
    hard_tanh as hard_tanh,
    log_sigmoid as log_sigmoid,
    sigmoid as sigmoid,
    softsign as softsign,
    sparse_sigmoid as sparse_sigmoid,
    tanh as tanh,
)
from kplug.support.exports import export_names

swish = silu
hard_swish = hard_silu

export_names(globals())
