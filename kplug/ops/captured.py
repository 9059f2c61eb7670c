"""Refuses symbolic tensors captured by the closures of loops and branches."""

from __future__ import annotations

import inspect
from types import FunctionType
from typing import Any

from kplug.errors import GraphError
from kplug.graph import SymbolicTensor, is_symbolic
from kplug.support.nested import find_leaves


def refuse_captured(operation: str, given: Any) -> None:
    """Raise if a function argument of an operation captures a symbolic tensor.

    Raises:
        GraphError: The message names the function, its line and the tensor.
    """
    for function in find_leaves(given, FunctionType):
        variables = inspect.getclosurevars(function)
        for name, value in {**variables.globals, **variables.nonlocals}.items():
            if is_symbolic(value):
                code = function.__code__
                tensor = next(find_leaves(value, SymbolicTensor))
                raise GraphError(
                    f"kplug.ops.{operation}: the function {code.co_name!r} (line {code.co_firstlineno} of "
                    f"{code.co_filename}) uses {name!r} from around it, the symbolic tensor of layer "
                    f"{tensor.layer.name!r}, which has values in the model alone",
                    hint=f"Give {name!r} to the function as one of its operands, or compute the whole in the "
                    "call of a layer of your own.",
                )
