"""Converts a model to boxes and arrows, independent of the renderer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kplug.graph import Node, SymbolicTensor
from kplug.models.model import Model
from kplug.models.sequential import Sequential
from kplug.models.summary.rows import find_nodes

Path = tuple[str, ...]
"""Names of the models around a layer, and its own."""


@dataclass(frozen=True, slots=True)
class Details:
    """The details that boxes show, and whether nested models are expanded."""

    names: bool = True
    shapes: bool = False
    dtypes: bool = False
    activations: bool = False
    trainable: bool = False
    expands_nested: bool = False


@dataclass(frozen=True)
class Box:
    """A layer, or a nested model with its layers inside.

    Args:
        path: Its path in the model.
        title: The class of the layer.
        lines: Further lines of text.
        role: ``input``, ``layer``, ``frozen`` or ``model``.
        inside: The layers of an expanded nested model.
    """

    path: Path
    title: str
    lines: tuple[str, ...] = ()
    role: str = "layer"
    inside: Diagram | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """An arrow from one box of a diagram to another, by their indices.

    ``start`` and ``end`` are the innermost boxes, if a model is expanded.
    """

    source: int
    target: int
    start: Path
    end: Path


@dataclass
class Diagram:
    """The boxes of a model in topological order, and the arrows between them."""

    boxes: list[Box] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)


def make_diagram(model: Model, details: Details) -> Diagram:
    """Return the boxes and arrows of a built model; a model without a graph is one box."""
    if find_nodes(model):
        return _Collector(details).collect(model, ())
    return Diagram([Box((model.name,), type(model).__name__, _names_of(model, details), "model")])


@dataclass
class _Collector:
    details: Details

    def collect(self, model: Any, path: Path) -> Diagram:
        nodes = self._shown_nodes(model, path)
        layers = list({id(node.layer): node.layer for node in nodes}.values())
        places = {id(layer): index for index, layer in enumerate(layers)}
        links = dict.fromkeys(link for node in nodes for link in self._links_to(node, path, places))
        return Diagram([self._box(layer, path, nodes) for layer in layers], list(links))

    def _shown_nodes(self, model: Any, path: Path) -> list[Node]:
        """Skip the input of a nested chain: its arrow goes to the first layer."""
        nodes = find_nodes(model)
        is_nested_chain = bool(path) and isinstance(model, Sequential)
        return [node for node in nodes if not (is_nested_chain and node.is_input)]

    def _is_whole(self, layer: Any) -> bool:
        return self.details.expands_nested and bool(find_nodes(layer))

    def _box(self, layer: Any, path: Path, nodes: Sequence[Node]) -> Box:
        calls = [node for node in nodes if node.layer is layer]
        own = (*path, layer.name)
        title = type(layer).__name__
        if self._is_whole(layer):
            return Box(
                own, title, _names_of(layer, self.details), "model", self.collect(layer, own)
            )
        lines = (*_names_of(layer, self.details), *_facts_of(layer, calls, self.details))
        return Box(own, title, lines, _role_of(layer, calls))

    def _links_to(self, node: Node, path: Path, places: Mapping[int, int]) -> Iterator[Link]:
        for index, tensor in zip(_entries_of(node), node.input_tensors, strict=True):
            source = places.get(id(tensor.layer))
            if source is None:  # the input of a nested chain
                continue
            start = self._start(tensor, path)
            for end in self._ends(node.layer, index, path):
                yield Link(source, places[id(node.layer)], start, end)

    def _start(self, tensor: SymbolicTensor, path: Path) -> Path:
        layer, own = tensor.layer, (*path, tensor.layer.name)
        if not self._is_whole(layer):
            return own
        inner = layer.outputs[tensor.index]
        return own if inner.node.is_input else self._start(inner, own)

    def _ends(self, layer: Any, index: int, path: Path) -> Iterator[Path]:
        own = (*path, layer.name)
        if not self._is_whole(layer):
            yield own
            return
        entry = layer.inputs[index]
        if not isinstance(layer, Sequential):
            yield (*own, entry.layer.name)
            return
        for node in find_nodes(layer):
            for place, tensor in enumerate(node.input_tensors):
                if tensor is entry:
                    yield from self._ends(node.layer, place, own)


def _entries_of(node: Node) -> Sequence[int]:
    """Return, for each input tensor of a call, the index of the layer's input."""
    given, names = node.args[0] if node.args else None, getattr(node.layer, "input_names", ())
    if isinstance(given, dict) and set(given) <= set(names):
        return [names.index(name) for name in sorted(given)]
    return range(len(node.input_tensors))


def _names_of(layer: Any, details: Details) -> tuple[str, ...]:
    return (layer.name,) if details.names else ()


def _role_of(layer: Any, calls: Sequence[Node]) -> str:
    if all(node.is_input for node in calls):
        return "input"
    if find_nodes(layer):
        return "model"
    return "frozen" if layer.weights and not layer.trainable else "layer"


def _facts_of(layer: Any, calls: Sequence[Node], details: Details) -> Iterator[str]:
    activation = getattr(layer, "activation", None)
    if details.activations and activation is not None:
        yield f"activation: {getattr(activation, '__name__', type(activation).__name__)}"
    made = [tensor for node in calls for tensor in node.output_tensors]
    taken = [tensor for node in calls for tensor in node.input_tensors]
    if details.shapes:
        if taken:
            yield f"in: {_join(tensor.shape for tensor in taken)}"
        yield f"out: {_join(tensor.shape for tensor in made)}"
    if details.dtypes:
        yield f"dtype: {_join(tensor.dtype for tensor in made)}"
    if details.trainable and layer.weights:
        yield "trainable" if layer.trainable else "not trainable"


def _join(values: Iterable[object]) -> str:
    return ", ".join(dict.fromkeys(str(value) for value in values))
