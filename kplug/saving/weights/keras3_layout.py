"""Keras 3's HDF5 layout of weights, which finds a layer by its class and position.

::

    /layers/<class>/vars/<number>   weights of a layer; `vars` carries the layer's name
    /layers/<class>/<attribute>/…   layers inside a layer
    /vars/<number>                  weights of the model itself
    /optimizer/vars/<number>        state of the optimizer, in files of whole models
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from kplug.backend.global_settings import snake_case
from kplug.layers.base.layer import Layer
from kplug.layers.base.tracked_containers import list_containers
from kplug.saving.hdf5_library import h5py
from kplug.saving.protocols import LayeredModel
from kplug.saving.weights.hdf5_tensors import write_all
from kplug.saving.weights.named_weights import NamedWeight, as_merged, require_built
from kplug.support.nested import find_leaves


@dataclass(frozen=True)
class WeightGroup:
    """A layer's own weights and the group that holds them.

    Args:
        path: The group, such as ``layers/dense_1``; empty for the model itself.
        name: The layer's name.
        weights: Its own weights, without those of inner layers, the trainable ones first.
    """

    path: str
    name: str
    weights: tuple[NamedWeight, ...]

    @property
    def title(self) -> str:
        """Its name in messages."""
        return f"layer {self.name!r}" if self.path else "the model itself"


def list_weight_groups(model: LayeredModel, *, is_exact: bool = False) -> list[WeightGroup]:
    """Return the group of every layer of a built model, in Keras 3's traversal order.

    Args:
        model: The model.
        is_exact: Whether low-rank adapters are weights of their own, and not merged into the kernels.
    """
    require_built(model)
    groups = _visit(model, "", set())
    return [group for group, _ in groups] if is_exact else [_merge(*each) for each in groups]


def _merge(group: WeightGroup, layer: object) -> WeightGroup:
    return replace(group, weights=tuple(as_merged(layer, group.weights)))


def write_weight_groups(file: h5py.File, groups: Iterable[WeightGroup]) -> None:
    """Write the weights of all groups below the root of a file."""
    write_all(_list_datasets(file, groups))


def _list_datasets(
    file: h5py.File, groups: Iterable[WeightGroup]
) -> Iterator[tuple[h5py.Group, str, Tensor]]:
    for group in groups:
        variables = file.require_group(f"{group.path}/vars".lstrip("/"))
        variables.attrs["name"] = group.name
        for number, weight in enumerate(group.weights):
            yield variables, str(number), weight.values


def _visit(
    layer: LayeredModel | Layer, path: str, seen: set[int]
) -> Iterator[tuple[WeightGroup, LayeredModel | Layer]]:
    if id(layer) in seen:  # a shared layer is written at its first occurrence
        return
    seen.add(id(layer))
    children = list(_list_children(layer))
    inner = {id(tensor) for _, child in children for tensor in child.weights}
    own = [
        NamedWeight(name, tensor, type(layer).__name__)
        for name, tensor in layer.named_weights()
        # What a layer has of one inside as its own attribute is in the file twice.
        if id(tensor) not in inner or "/" not in name
    ]
    yield WeightGroup(path, layer.name, tuple(own)), layer
    for step, child in children:
        yield from _visit(child, f"{path}/{step}".lstrip("/"), seen)


def _list_children(layer: LayeredModel | Layer) -> Iterator[tuple[str, Layer]]:
    """Yield the steps to the layers inside a layer, in Keras's order: its list, then attributes."""
    if getattr(layer, "lists_layers", False):
        yield from _list_contained("layers", layer.layers)
        return
    found = {_public_name(layer, name): child for name, child in _attributes(layer)}
    # Keras finds the list of a model's layers among its attributes.
    if isinstance(layer, LayeredModel):
        found["layers"] = list(layer.layers)
    for name in sorted(found, key=lambda name: f"~{name}" if name.startswith("_") else name):
        child = found[name]
        if isinstance(child, Layer):
            yield name, child
        else:
            yield from _list_contained(name, child)


def _attributes(layer: Any) -> Iterator[tuple[str, Any]]:
    """Yield the attributes that hold layers, or lists and dicts of them."""
    containers = list_containers(layer)
    held = {name: {id(one) for one in find_leaves(value, nn.Module)} for name, value in containers}
    for name, child in layer._modules.items():
        # Modules in a list are also modules of the layer, as `blocks_0`; Keras finds them in the list.
        if id(child) not in held.get(name.rpartition("_")[0], ()):
            yield name, child
    yield from containers


def _list_contained(path: str, container: Any) -> Iterator[tuple[str, Layer]]:
    """Yield ``path/dense``, ``path/dense_1``, … for the layers of a list or dict, nested ones too."""
    if isinstance(container, (dict, nn.ModuleDict)):
        container = container.values()
    elif not isinstance(container, (list, tuple, nn.ModuleList)):
        return
    used: dict[str, int] = {}
    for one in list(container):
        is_container = isinstance(one, (list, tuple, dict, nn.ModuleList, nn.ModuleDict))
        if not is_container and not isinstance(one, Layer):
            continue
        name = "container" if is_container else snake_case(type(one).__name__)
        used[name] = used.get(name, -1) + 1
        step = f"{path}/{name}" + (f"_{used[name]}" if used[name] else "")
        if is_container:
            yield from _list_contained(step, one)
        else:
            yield step, one


def _public_name(layer: Any, name: str) -> str:
    """Return the attribute under which Keras first finds a layer: private names come last."""
    public = name.lstrip("_")
    is_shown = public != name and getattr(layer, public, None) is getattr(layer, name, None)
    return public if is_shown else name
