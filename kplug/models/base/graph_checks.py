"""Checks a functional model's inputs, outputs and layer names at construction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kplug.errors import GraphError
from kplug.graph import Layout, SymbolicTensor
from kplug.layers import InputLayer, Layer
from kplug.registry.quoting import name_type


def read_inputs(owner: str, inputs: Any) -> Layout:
    """Return the nested inputs of a model.

    Raises:
        GraphError: One is no result of ``Input``, or occurs twice; or there is none.
    """
    layout = read_tensors(owner, "input", inputs, "Input(shape) makes a symbolic tensor.")
    for tensor in layout.leaves:
        if not isinstance(tensor.layer, InputLayer):
            raise GraphError(
                f"model {owner!r}: input {tensor.name!r} is the output of layer "
                f"{tensor.layer.name!r}, and no Input",
                hint="Make an Input of its shape, and call the layers that follow on that.",
            )
    known: set[SymbolicTensor] = set()
    for tensor in layout.leaves:
        if tensor in known:
            raise GraphError(f"model {owner!r}: input {tensor.name!r} is given twice")
        known.add(tensor)
    return layout


def read_tensors(owner: str, role: str, structure: Any, hint: str) -> Layout:
    """Return the nested inputs or outputs of a model.

    Raises:
        GraphError: One is no symbolic tensor; or there is none.
    """
    try:
        layout = Layout(structure, SymbolicTensor)
    except TypeError as error:
        given = error.args[0]
        raise GraphError(
            f"model {owner!r}: an {role} is of type {type(given).__name__}, and no symbolic tensor",
            hint=hint,
        ) from None
    if not layout.leaves:
        raise GraphError(f"model {owner!r} has no {role}s", hint=hint)
    return layout


def check_names(owner: str, layers: Sequence[Layer]) -> None:
    """Refuse two layers of the same name.

    Raises:
        GraphError: The message names both classes.
    """
    known: dict[str, Layer] = {}
    for layer in layers:
        other = known.setdefault(layer.name, layer)
        if other is not layer:
            raise GraphError(
                f"model {owner!r} has two layers named {layer.name!r}: "
                f"{name_type(other)} and {name_type(layer)}",
                hint="Names are unique in a model; give one of them another name=….",
            )


def name_outputs(outputs: Sequence[SymbolicTensor]) -> list[str]:
    """Return a name for each output: its layer's name, with a suffix if that is taken."""
    names: dict[str, None] = {}
    for tensor in outputs:
        name, number = tensor.layer.name, 0
        while name in names:
            number += 1
            name = f"{tensor.layer.name}_{number}"
        names[name] = None
    return list(names)
