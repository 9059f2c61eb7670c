"""Rebuilds the graph of a functional model from its configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeAlias

from kplug.dialect.call_numbers import FirstCalls, find_first_calls
from kplug.dialect.layer_calls import (
    LayerCall,
    Reference,
    find_generation,
    read_call,
    read_ends,
    shorten,
)
from kplug.dialect.mask_arguments import drop_masks, find_mask_makers, find_operations
from kplug.errors import GraphError, SpecError
from kplug.graph import SymbolicTensor
from kplug.layers import InputLayer
from kplug.models.configuration.graph_writing import list_graphs
from kplug.models.configuration.reading import layer_from_config
from kplug.support.nested import find_leaves, map_leaves

# The keys that Keras 3 writes besides a model's configuration.
_ABOUT_FILES = ("module", "registered_name", "build_config", "compile_config")

# The name of a layer, and the index of its call.
Key: TypeAlias = "tuple[str, int]"


def connect(config: Mapping[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    """Create the layers of a configuration, and connect them.

    Args:
        config: ``{"name", "layers", "input_layers", "output_layers"}``, as Keras 2, tf-keras, Keras 3
            or kplug writes it.

    Returns:
        Symbolic inputs, symbolic outputs, and the other arguments of the constructor.

    Raises:
        SpecError: A part has another form.
        GraphError: The graph has a cycle, or refers to a missing layer or call.
    """
    rest = dict(config)
    entries = rest.pop("layers", None)
    written_ends = [rest.pop(key, None) for key in ("input_layers", "output_layers")]
    if not isinstance(entries, (list, tuple)):
        raise SpecError(f"the configuration of model {config.get('name')!r} has no list of layers")
    graph = _Graph(str(config.get("name")))
    ends = graph.add(entries, written_ends)
    graph.run()
    inputs, outputs = (map_leaves(end, Reference, graph.find_tensor) for end in ends)
    is_known = rest.get("trainable") is not None
    dropped = _ABOUT_FILES if is_known else (*_ABOUT_FILES, "trainable")
    return inputs, outputs, {key: value for key, value in rest.items() if key not in dropped}


class _Graph:
    """Layers by name, pending calls, and the results of finished calls."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._layers: dict[str, Any] = {}
        self._calls: dict[Key, LayerCall] = {}
        self._first = FirstCalls({}, {})
        self._made: dict[Key, list[SymbolicTensor]] = {}

    def add(self, entries: Sequence[Any], written_ends: Sequence[Any]) -> list[Any]:
        """Create the layers of entries, queue their calls, and return the ends with ``Reference``s."""
        by_name: dict[str, Any] = {}
        for entry in entries:
            name = _name_of(entry)
            if name in by_name:
                raise GraphError(
                    f"the configuration of model {self._owner!r} has two layers {name!r}"
                )
            by_name[name] = entry
        calls = {name: _read_calls(name, entry) for name, entry in by_name.items()}
        generation = find_generation(calls)
        ends = [read_ends(each, generation) for each in written_ends]
        operations, makers = find_operations(entries), find_mask_makers(entries)
        kept = drop_masks(calls, operations, makers, ends)
        for name, own in kept.items():
            layer = self._layers[name] = layer_from_config(by_name[name])
            if isinstance(layer, InputLayer):
                self._made[name, 0] = layer.inbound_nodes[0].output_tensors
            self._calls |= {(name, number): call for number, call in enumerate(own)}
        self._first = find_first_calls(kept, ends, list_graphs(self._layers.values()))
        return ends

    def run(self) -> None:
        """Make the queued calls in topological order."""
        order: TopologicalSorter[Key] = TopologicalSorter(dict.fromkeys(self._calls, ()))
        for key, call in self._calls.items():
            order.add(key, *self._list_needs(key, call))
        try:
            order.prepare()
        except CycleError as error:
            names = ", ".join(dict.fromkeys(name for name, _ in error.args[1]))
            raise GraphError(
                f"the configuration of model {self._owner!r} has a loop: layers that wait for one "
                f"another are {names}"
            ) from None
        while order.is_active():
            for key in order.get_ready():
                self._make(key, self._calls[key])
                order.done(key)

    def _list_needs(self, key: Key, call: LayerCall) -> Iterable[Key]:
        """Yield the calls that a call depends on, except inputs."""
        name, number = key
        if number > 0:
            yield name, number - 1
        for reference in find_leaves([call.args, call.kwargs], Reference):
            needed = self._find_key(reference, self._first.inside)
            if needed not in self._made:
                yield needed

    def _find_key(self, reference: Reference, first: Mapping[str, int]) -> Key:
        key = (reference.layer, reference.call - first.get(reference.layer, 0))
        if key in self._made or key in self._calls:
            return key
        known = ", ".join(self._layers)
        if reference.layer not in self._layers:
            raise GraphError(
                f"the configuration of model {self._owner!r} refers to layer {reference.layer!r}, "
                f"which it does not have; its layers: {known}"
            )
        raise GraphError(
            f"the configuration of model {self._owner!r} refers to call {reference.call} of layer "
            f"{reference.layer!r}, which it does not describe"
        )

    def _make(self, key: Key, call: LayerCall) -> None:
        layer = self._layers[key[0]]

        def find(reference: Reference) -> SymbolicTensor:
            return self._pick(self._find_key(reference, self._first.inside), reference)

        layer(*map_leaves(call.args, Reference, find), **map_leaves(call.kwargs, Reference, find))
        self._made[key] = layer.inbound_nodes[-1].output_tensors

    def find_tensor(self, end: Reference) -> SymbolicTensor:
        """Return the input or output of the model that a reference names."""
        return self._pick(self._find_key(end, self._first.ends), end)

    def _pick(self, key: Key, reference: Reference) -> SymbolicTensor:
        tensors = self._made[key]
        if reference.output >= len(tensors):
            raise GraphError(
                f"the configuration of model {self._owner!r} refers to output {reference.output} of "
                f"layer {reference.layer!r}, which has {len(tensors)}"
            )
        return tensors[reference.output]


def _name_of(entry: Any) -> str:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
        raise SpecError(
            f"{shorten(entry)} does not describe a layer of a graph",
            hint="A layer is {'name': …, 'class_name': …, 'config': {…}, 'inbound_nodes': […]}.",
        )
    return str(entry["name"])


def _read_calls(name: str, entry: Mapping[str, Any]) -> list[LayerCall]:
    calls = entry.get("inbound_nodes") or ()
    if not isinstance(calls, (list, tuple)):
        raise SpecError(f"the calls of layer {name!r} are {shorten(calls)}, which is no list")
    return [read_call(data) for data in calls]
