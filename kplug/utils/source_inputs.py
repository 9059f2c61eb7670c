"""Finds the inputs that a symbolic tensor depends on."""

from __future__ import annotations

from typing import Any

from kplug.components.arguments import refusal
from kplug.graph.nodes import SymbolicTensor, sort_nodes


def get_source_inputs(tensor: SymbolicTensor) -> list[Any]:
    """Return the inputs that a symbolic tensor depends on.

    Args:
        tensor: A symbolic tensor, from ``Input`` or a layer.

    Returns:
        Symbolic tensors, each once.

    Raises:
        ArgumentValueError: The value is no symbolic tensor.

    Example:
        >>> from kplug.layers import Dense, Input
        >>> x = Input((3,))
        >>> get_source_inputs(Dense(2)(x)) == [x]
        True

    Reference:
        ``keras.utils.get_source_inputs``.
    """
    if not isinstance(tensor, SymbolicTensor):
        raise refusal("get_source_inputs", "tensor", tensor, "a symbolic tensor")
    inputs = [node for node in sort_nodes([tensor]) if node.is_input]
    return [one for node in inputs for one in node.output_tensors]
