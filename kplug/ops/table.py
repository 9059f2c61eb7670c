"""The functions of ``keras.ops`` that are here: each name with what it computes on tensors."""

from __future__ import annotations

from collections.abc import Mapping

from kplug.ops.elementwise import ELEMENTWISE
from kplug.ops.linear import LINALG, PRODUCTS
from kplug.ops.neural import NEURAL
from kplug.ops.operands import Function
from kplug.ops.reductions import REDUCTIONS
from kplug.ops.shaping import SHAPING

# Files of models hold these names.
OPERATIONS: Mapping[str, Function] = {
    **ELEMENTWISE,
    **REDUCTIONS,
    **SHAPING,
    **PRODUCTS,
    **LINALG,
    **NEURAL,
}

# In a graph their number of outputs has to be found first.
WITH_SEVERAL_OUTPUTS = frozenset({"meshgrid", "moments", "split", "top_k", "unstack"})
