"""Lists a model's weights by layer, in Keras's order and under its names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from kplug.errors import NotBuiltError, WeightsError
from kplug.graph import list_modules
from kplug.layers.base.layer import Layer
from kplug.layers.base.lora import AdaptableLayer, compute_merged, get_unadapted, list_adapter
from kplug.saving.protocols import LayeredModel
from kplug.training.component_rows import holds_layers


@dataclass(frozen=True)
class NamedWeight:
    """A tensor of the model and its name in a file.

    Args:
        name: Keras 2's name, such as ``dense/kernel:0``.
        tensor: The tensor itself, not a copy, in Keras's shape.
        owner: Class name of its layer, such as ``Conv2D``.
        is_channels_first: Whether that layer is channels-first.
        adapted: That layer, if the file holds the sum of the weight and the layer's low-rank adapter.
    """

    name: str
    tensor: Tensor
    owner: str
    is_channels_first: bool = False
    adapted: AdaptableLayer | None = None

    @property
    def values(self) -> Tensor:
        """What the file holds."""
        if self.adapted is None:
            return self.tensor
        return compute_merged(self.adapted).detach()


@dataclass(frozen=True)
class LayerWeights:
    """One layer of a model and its weights in file order; a nested model counts as one layer."""

    name: str
    title: str
    weights: tuple[NamedWeight, ...]
    is_nested: bool = False


def describe(model: LayeredModel) -> list[LayerWeights]:
    """Return the model's layers with their weights, layer by layer.

    Raises:
        NotBuiltError: The model or one of its layers has no weights yet.
        WeightsError: Two layers have one name, or a name cannot be stored.
    """
    require_built(model)
    _check_names(model)
    return [_describe_layer(layer) for layer in model.layers]


def require_built(model: LayeredModel) -> None:
    """Raise ``NotBuiltError`` for a model that has no weights yet."""
    if not model.built:
        raise NotBuiltError(
            f"model {model.name!r} has no weights yet: its input shape is unknown",
            hint="Give the first layer an input_shape, or call the model on data once.",
        )
    for layer in model.layers:
        if not layer.built:
            raise NotBuiltError(
                f"layer {layer.name!r} of model {model.name!r} has no weights yet",
                hint="Call the model on data once. If it never calls this layer, take the layer out.",
            )


def describe_own(model: LayeredModel) -> LayerWeights:
    """Return the weights that no layer of the model has (a subclass that calls ``add_weight``)."""
    of_layers = {id(tensor) for layer in model.layers for tensor in layer.weights}
    own = [(name, tensor) for name, tensor in model.named_weights() if id(tensor) not in of_layers]
    return LayerWeights(model.name, "the model itself", tuple(_name_weights(model, own)))


def list_adapted(layer: Any) -> list[AdaptableLayer]:
    """Return the layers inside a layer or model that have low-rank adapters."""
    inner = list_modules(layer)
    return [each for each in inner if isinstance(each, AdaptableLayer) and each.lora_enabled]


def as_merged(layer: object, weights: Sequence[NamedWeight]) -> list[NamedWeight]:
    """Return a layer's weights as files hold them: without an adapter, which is part of the kernel there."""
    if not (isinstance(layer, AdaptableLayer) and layer.lora_enabled):
        return list(weights)
    left_out = {id(tensor) for tensor in list_adapter(layer)}
    return [
        replace(weight, adapted=layer) if weight.tensor is get_unadapted(layer) else weight
        for weight in weights
        if id(weight.tensor) not in left_out
    ]


def _describe_layer(layer: Layer) -> LayerWeights:
    if isinstance(layer, LayeredModel) and holds_layers(layer):
        weights, is_nested = list(_flatten(layer)), True
    else:
        named = layer.named_weights()
        weights, is_nested = _name_weights(layer, named), any("/" in name for name, _ in named)
    unique = _unique(_order(layer, weights))
    return LayerWeights(layer.name, f"layer {layer.name!r}", unique, is_nested)


def _flatten(model: LayeredModel) -> Iterator[NamedWeight]:
    for layer in describe(model):
        yield from layer.weights
    yield from describe_own(model).weights


def _order(layer: Layer, weights: Sequence[NamedWeight]) -> list[NamedWeight]:
    """Return a layer's weights in Keras's order: the trainable ones first, each only once.

    For a single layer that is the order of ``layer.weights``, also if it is frozen. In a nested model, the
    moving statistics of normalizations follow the last kernel.
    """
    unique = {id(weight.tensor): weight for weight in weights}.values()
    trainable = {id(tensor) for tensor in layer.trainable_weights} | _list_rebuilt(layer)
    trainable -= {id(get_unadapted(each)) for each in list_adapted(layer)}
    return sorted(unique, key=lambda weight: id(weight.tensor) not in trainable)


def _list_rebuilt(layer: Layer) -> set[int]:
    """Return the weights that `kplug.lora` has frozen, and that a configuration makes trainable again."""
    if not list_adapted(layer):
        return set()
    inner = [each for each in list_modules(layer) if isinstance(each, Layer)]
    if isinstance(layer, LayeredModel):  # its configuration says which layers are frozen
        inner = [each for each in inner if each.trainable]
    return {
        id(each._store.get(entry))
        for each in inner
        for entry in each._store.entries
        if entry.is_trainable
    }


def _name_weights(
    layer: LayeredModel | Layer, named: Iterable[tuple[str, Tensor]]
) -> list[NamedWeight]:
    """Return weights under Keras 2's names, each with the class of the module that has it."""
    owners = {
        id(tensor): module
        for module in layer.modules()
        for tensor in (*module._parameters.values(), *module._buffers.values())
        if tensor is not None
    }
    found = []
    for name, tensor in named:
        owner = owners.get(id(tensor), layer)
        is_channels_first = getattr(owner, "data_format", None) == "channels_first"
        full = f"{layer.name}/{name}:0"
        found.append(NamedWeight(full, tensor, type(owner).__name__, is_channels_first))
    return found


def _unique(weights: Sequence[NamedWeight]) -> tuple[NamedWeight, ...]:
    """Return the weights with unique names."""
    seen: set[str] = set()
    unique = []
    for weight in weights:
        stem, name, number = weight.name.removesuffix(":0"), weight.name, 0
        while name in seen:
            number += 1
            name = f"{stem}_{number}:0"
        seen.add(name)
        unique.append(replace(weight, name=name))
    return tuple(unique)


def _check_names(model: LayeredModel) -> None:
    seen: set[str] = set()
    for layer in model.layers:
        parts = layer.name.split("/")
        if "\0" in layer.name or any(part in {"", ".", ".."} for part in parts):
            raise WeightsError(
                f"the layer name {layer.name!r} of model {model.name!r} cannot be stored in HDF5",
                hint="Use a name without empty, '.' or '..' parts between slashes.",
            )
        if layer.name in seen:
            raise WeightsError(
                f"model {model.name!r} has two layers named {layer.name!r}; a file tells layers "
                "apart by name",
                hint="Give each layer its own name=….",
            )
        seen.add(layer.name)
