"""Building of layers: resolves their components, then initializes the weights in order."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Protocol

import torch

from kplug.graph import Node, sort_nodes
from kplug.layers.base.component_slots import HoldsSlots, resolve_slots
from kplug.layers.base.weight_store import WeightStore
from kplug.registry.building.recorded_lookups import remembering
from kplug.registry.errors import raise_problems


class HoldsWeights(HoldsSlots, Protocol):
    """The interface of a layer whose weights can be initialized."""

    built: bool
    _is_ready: bool
    _store: WeightStore
    _device: torch.device | None

    def _flatten_layers(self) -> Sequence[HoldsWeights]:
        """Return the layer itself and the layers inside it."""

    def _fill_own_weights(self) -> None: ...


def fill_layers(layers: Iterable[HoldsWeights], label: str) -> None:
    """Initialize the declared weights of layers, inner layers included.

    Args:
        layers: The layers, in the order in which their weights are to be drawn.
        label: Their name in error messages.

    Raises:
        KplugError: A component cannot be found, or an initializer makes a wrong shape;
            ``SeveralProblemsError`` if several components cannot be found.
    """
    every = dict.fromkeys([inner for layer in layers for inner in layer._flatten_layers()])
    if False not in [layer._is_ready for layer in every]:
        return
    # Resolve all names before any initializer runs: an unknown name leaves no layer half initialized.
    raise_problems(resolve_slots(every), f"{label} cannot be built")
    for layer in every:
        if layer.built:
            layer._fill_own_weights()


def draw_again(layer: HoldsWeights, label: str) -> None:
    """Run the initializers of all weights of a layer once more, inner layers included.

    Args:
        layer: The layer.
        label: Its name in error messages.
    """
    for inner in layer._flatten_layers():
        inner._store.forget_values()
        inner._is_ready = False
    fill_layers([layer], label)


def count_bytes(layer: HoldsWeights) -> int:
    """Return how many bytes the declared weights of a layer take, inner layers included."""
    return sum(inner._store.byte_count for inner in layer._flatten_layers())


def reserve_memory(layer: HoldsWeights) -> None:
    """Allocate all declared weights of a layer, inner layers included; a file provides the values."""
    for inner in layer._flatten_layers():
        if inner.built:
            inner._store.reserve(inner._device)


def list_upstream(nodes: Collection[Node]) -> list[Any]:
    """Return a layer and its predecessors in the graph of its first call, in topological order.

    Args:
        nodes: The calls of the layer; at least one.
    """
    first = next(iter(nodes))
    return list(dict.fromkeys(node.layer for node in sort_nodes(first.output_tensors)))


def marking_built(build: Callable[..., None]) -> Callable[..., None]:
    """Return a ``build`` that also marks the layer as built, even when its author calls it directly."""

    @functools.wraps(build)
    def build_and_mark(self: Any, *shape: Any, **named: Any) -> None:
        with remembering(self, dict):
            build(self, *shape, **named)  # some authors call it without a shape
        self.built, self.built_shape = True, next(iter((*shape, *named.values())), None)

    return build_and_mark
