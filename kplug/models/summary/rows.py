"""Data of a model summary: one row per layer, and the totals."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from kplug.components.arguments import refusal
from kplug.errors import NotBuiltError
from kplug.graph import Node, Shape, find_path
from kplug.layers import Layer
from kplug.training.model_protocol import TrainableModel

_INDENT = "   "
_RANGE = "the names of the first and the last layer, or patterns for them"


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer of a model.

    Args:
        name: The layer's name.
        class_name: The name of its class.
        shape: Shape of the output; ``?`` if unknown, ``multiple`` if it differs from call to call.
        params: The number of its parameters; None while it is not built.
        connections: Where its inputs come from, as ``layer[call][output]``.
        trainable: ``Y``, ``N``, or ``-`` for a layer without weights.
        level: The nesting depth below the summarized model.
    """

    name: str
    class_name: str
    shape: str
    params: int | None
    connections: tuple[str, ...] = ()
    trainable: str = "-"
    level: int = 0

    @property
    def title(self) -> str:
        """Name and class, indented by nesting depth."""
        prefix = f"{_INDENT * self.level}└ " if self.level else ""
        return f"{prefix}{self.name} ({self.class_name})"


@dataclass(frozen=True, slots=True)
class Count:
    """The number of elements of some tensors, and their size in bytes."""

    number: int = 0
    size: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.number + other.number, self.size + other.size)

    def __str__(self) -> str:
        return f"{self.number:,} ({format_size(self.size)})"


@dataclass(frozen=True, slots=True)
class Totals:
    """Element counts of a model's weights and its optimizer's state; None without a state."""

    trainable: Count
    non_trainable: Count
    optimizer: Count | None = None

    @property
    def total(self) -> Count:
        """All of them."""
        return self.trainable + self.non_trainable + (self.optimizer or Count())


class SummarizedModel(TrainableModel, Protocol):
    """The interface of a model for its summary."""

    @property
    def layers(self) -> list[Layer]:
        """The layers in their order."""

    @property
    def weights(self) -> list[Tensor]:
        """All weights."""

    @property
    def trainable_weights(self) -> list[Tensor]:
        """The weights that training changes."""


def find_nodes(layer: object) -> list[Node]:
    """Return the nodes of a graph model, input nodes first; nothing for other models.

    A model that is not built yet has no nodes.
    """
    try:
        inputs, outputs = layer.inputs, layer.outputs  # type: ignore[attr-defined]
    except (AttributeError, NotBuiltError):
        return []
    starts = dict.fromkeys(tensor.node for tensor in inputs)
    return [*starts, *(node for node in find_path(inputs, outputs) if node not in starts)]


def is_chain(nodes: Sequence[Node]) -> bool:
    """Return whether the nodes form a chain without shared layers."""
    layers = {id(node.layer) for node in nodes}
    links = itertools.pairwise(nodes)
    return len(layers) == len(nodes) and all(
        len(node.input_tensors) == 1 and node.input_tensors[0].node is before
        for before, node in links
    )


def select_layers(layers: Sequence[Layer], layer_range: Any) -> list[Layer]:
    """Return the layers in a range given by two name patterns; all for None.

    Raises:
        ArgumentValueError: If ``layer_range`` is not a pair of strings, or no layer has such a name.
    """
    if layer_range is None:
        return list(layers)
    is_pair = isinstance(layer_range, (list, tuple)) and len(layer_range) == 2
    if not is_pair or not all(isinstance(each, str) for each in layer_range):
        raise refusal("summary", "layer_range", layer_range, _RANGE)
    found = [
        [index for index, layer in enumerate(layers) if re.match(pattern, layer.name)]
        for pattern in layer_range
    ]
    if not all(found):
        known = ", ".join(layer.name for layer in layers)
        raise refusal("summary", "layer_range", layer_range, f"{_RANGE}, of {known}")
    (first, last) = sorted(found)
    return list(layers[min(first) : max(last) + 1])


def describe_layers(
    layers: Iterable[Layer], nodes: Iterable[Node], expand_nested: bool, level: int = 0
) -> Iterator[LayerRow]:
    """Yield a row for each layer, and for those of nested models if asked."""
    known = set(nodes)
    for layer in layers:
        yield _describe(layer, known, level)
        inner = getattr(layer, "layers", None) if expand_nested else None
        if inner:
            yield from describe_layers(inner, find_nodes(layer), expand_nested, level + 1)


def _describe(layer: Layer, known: set[Node], level: int) -> LayerRow:
    calls = [node for node in layer.inbound_nodes if node in known] or layer.inbound_nodes
    return LayerRow(
        name=layer.name,
        class_name=type(layer).__name__,
        shape=_describe_shape(calls) if layer.built else "?",
        params=_count_params(layer),
        connections=tuple(_connections_of(calls)),
        trainable=_describe_trainable(layer),
        level=level,
    )


def _count_params(layer: Layer) -> int | None:
    if layer.built:
        return int(layer.count_params())
    is_weightless = type(layer).build is Layer.build and not list(layer.children())
    return 0 if is_weightless else None


def _describe_trainable(layer: Layer) -> str:
    if not layer.built or not layer.weights:
        return "-"
    return "Y" if layer.trainable else "N"


def _describe_shape(calls: Sequence[Node]) -> str:
    found = {_format_shapes(node.output_shapes) for node in calls}
    if not found:
        return "?"
    return found.pop() if len(found) == 1 else "multiple"


def _format_shapes(shapes: Sequence[Shape]) -> str:
    texts = [str(tuple(shape)) for shape in shapes]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def _connections_of(calls: Iterable[Node]) -> Iterator[str]:
    for node in calls:
        for tensor in node.input_tensors:
            yield f"{tensor.layer.name}[{tensor.node.node_index}][{tensor.index}]"


def count_totals(model: SummarizedModel) -> Totals:
    """Return the element counts of a model's weights; zero before it is built."""
    weights: list[Tensor] = list(model.weights) if model.built else []
    trainable = {id(weight) for weight in model.trainable_weights} if model.built else set()
    return Totals(
        trainable=count_numbers(weight for weight in weights if id(weight) in trainable),
        non_trainable=count_numbers(weight for weight in weights if id(weight) not in trainable),
        optimizer=_count_optimizer(model.built_optimizer),
    )


def count_numbers(tensors: Iterable[Tensor]) -> Count:
    """Return the total number of elements and bytes of distinct tensors."""
    unique = {id(tensor): tensor for tensor in tensors}.values()
    return Count(
        sum(tensor.numel() for tensor in unique),
        sum(tensor.numel() * tensor.element_size() for tensor in unique),
    )


def _count_optimizer(optimizer: torch.optim.Optimizer | None) -> Count | None:
    """Return the element count of an optimizer's state; the step counts of all parameters count once."""
    if optimizer is None:
        return None
    state = (
        value
        for entries in optimizer.state.values()
        for name, value in entries.items()
        if isinstance(value, Tensor) and name != "step"
    )
    # Keras counts the step count and the learning rate, four bytes each.
    return count_numbers(state) + Count(2, 8)


def format_size(size: int) -> str:
    """Return a number of bytes with the unit that suits it.

    Example:
        >>> format_size(7052)
        '6.89 KB'
    """
    if size < 1024:
        return f"{size:.2f} B"
    exponent = min(3, (size.bit_length() - 1) // 10)
    return f"{size / 1024**exponent:.2f} {('KB', 'MB', 'GB')[exponent - 1]}"
