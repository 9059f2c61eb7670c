"""Operators between symbolic and eager operands: ``K.variable(0.) + model.output``.

The value is read when the graph runs, so later assignments to a variable take effect.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from kplug.graph import SymbolicTensor
from kplug_keras2.symbolic.function_layer import FunctionLayer
from kplug_keras2.symbolic.sizes import Size, apply as apply_sizes

_NAMES = (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "lt",
    "le",
    "gt",
    "ge",
)


def _make_operator(name: str, is_reflected: bool) -> Callable[..., Any]:
    method = f"__{'r' if is_reflected else ''}{name}__"
    known: Callable[..., Any] | None = getattr(SymbolicTensor, method, None)
    compute: Callable[..., Any] = getattr(operator, name)

    def operate(self: Any, other: Any) -> Any:
        if isinstance(other, Size):
            return apply_sizes(compute, *((other, self) if is_reflected else (self, other)))
        if not isinstance(other, (Tensor, np.ndarray)):
            return NotImplemented if known is None else known(self, other)
        value = Tensor(other) if isinstance(other, np.ndarray) else other

        def apply(tensor: Tensor, value: Tensor) -> Any:
            return compute(value, tensor) if is_reflected else compute(tensor, value)

        apply.__name__ = name
        return FunctionLayer(apply)(self, value)

    return operate


OPERATORS: dict[str, Any] = {
    f"__{'r' if is_reflected else ''}{name}__": _make_operator(name, is_reflected)
    for name in _NAMES
    for is_reflected in (False, True)
    if not (is_reflected and name in ("lt", "le", "gt", "ge"))
}
