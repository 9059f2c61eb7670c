"""Finds the layers that read the texts of a model's inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor

from kplug.graph import Node, SymbolicTensor

TextReader = Callable[[Any], Tensor]


def find_reader(layer: Any, place: int = 0) -> TextReader | None:
    """Return the function with which a layer, or a model for one of its inputs, encodes texts; or None."""
    if hasattr(type(layer), "find_text_readers"):
        readers: list[TextReader | None] = layer.find_text_readers()
        return readers[place] if place < len(readers) else None
    # Asked of the class: of a layer, a missing attribute costs a tenth of a small model's call.
    reader: TextReader | None = layer.read_texts if hasattr(type(layer), "read_texts") else None
    return reader


def find_reader_of(tensor: SymbolicTensor, nodes: Iterable[Node]) -> TextReader | None:
    """Return the function that encodes the texts of an input, or None if no layer has it, or not it alone."""
    users = {
        (node.layer, place): None
        for node in nodes
        for place, one in enumerate(node.input_tensors)
        if one is tensor
    }
    return find_reader(*next(iter(users))) if len(users) == 1 else None
