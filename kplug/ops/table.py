"""Dispatch table of ``kplug.ops``: maps each name to its implementation."""

from __future__ import annotations

from collections.abc import Mapping

from kplug.ops.control import CONTROL
from kplug.ops.creation import CREATION
from kplug.ops.draws import DRAWS
from kplug.ops.elementwise import ELEMENTWISE
from kplug.ops.linear import LINALG, PRODUCTS
from kplug.ops.neural import NEURAL
from kplug.ops.operands import Function
from kplug.ops.pictures import PICTURES
from kplug.ops.reductions import REDUCTIONS
from kplug.ops.scattering import SCATTERING
from kplug.ops.sequences import SEQUENCES
from kplug.ops.shaping import SHAPING
from kplug.ops.signals import SIGNALS
from kplug.ops.statistics import STATISTICS
from kplug.ops.windows import WINDOWS

# Names of ``kplug.ops`` itself; other functions are only in its submodules.
TOP: Mapping[str, Function] = {
    **ELEMENTWISE,
    **REDUCTIONS,
    **STATISTICS,
    **CREATION,
    **SHAPING,
    **PRODUCTS,
    **LINALG,
    **NEURAL,
    **SEQUENCES,
    **WINDOWS,
    **SIGNALS,
    **SCATTERING,
    **CONTROL,
}

# Model files contain these names.
OPERATIONS: Mapping[str, Function] = {
    **TOP,
    **{f"image.{name}": function for name, function in PICTURES.items()},
    **{f"random.{name}": function for name, function in DRAWS.items()},
}

# Functions with value-dependent shapes, which are inferred on values instead of meta tensors.
OF_VALUES = frozenset(
    {
        "bincount",
        "nonzero",
        "segment_max",
        "segment_min",
        "segment_prod",
        "segment_sum",
        "unique",
        "where",
    }
)

# Functions that broadcast their operands.
BROADCASTING = frozenset({*ELEMENTWISE, "geomspace", "linspace", "logspace"}) - {"isin"}

_NOT_IN_NUMPY = (
    "cast cdist convert_to_tensor erf erfc erfinv in_top_k logdet logsumexp moments rearrange rsqrt "
    "saturate_cast slice stop_gradient top_k unstack view_as_complex view_as_real"
)

# The names of ops.numpy.
NUMPY = sorted(
    {*ELEMENTWISE, *REDUCTIONS, *STATISTICS, *CREATION, *SHAPING, *PRODUCTS}
    - set(_NOT_IN_NUMPY.split())
)
