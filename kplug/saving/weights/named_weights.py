"""What a model has to save: its layers' weights, in Keras's order and under its names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from torch import Tensor, nn

from kplug.errors import NotBuiltError, WeightsError


@runtime_checkable
class LayerLike(Protocol):
    """What saving needs of a layer."""

    @property
    def name(self) -> str:
        """The layer's name, unique in its model."""

    @property
    def weights(self) -> Sequence[Tensor]:
        """The tensors, in Keras's shapes and order."""


@runtime_checkable
class ModelLike(Protocol):
    """What saving needs of a model: layers, which may be models themselves."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def layers(self) -> Sequence[LayerLike]:
        """The layers in the model's order."""


@runtime_checkable
class NamesWeights(Protocol):
    """A layer that knows what its weights are called, as every kplug layer does."""

    def named_weights(self) -> Iterable[tuple[str, Tensor]]:
        """Return names, with ``/`` before those of inner layers, and tensors."""


@dataclass(frozen=True)
class NamedWeight:
    """A tensor of the model and its name in a file.

    Args:
        name: Keras 2's name, such as ``dense/kernel:0``.
        tensor: The tensor itself, not a copy, in Keras's shape.
        owner: Class name of the layer that made it, such as ``Conv2D``.
        is_channels_first: Whether that layer has its channels before the other axes.
    """

    name: str
    tensor: Tensor
    owner: str
    is_channels_first: bool = False


@dataclass(frozen=True)
class LayerWeights:
    """One layer of a model and its weights in file order; a nested model counts as one layer.

    Args:
        name: The layer's name.
        weights: Its weights.
        is_nested: Whether they belong to several layers or modules inside it.
    """

    name: str
    weights: tuple[NamedWeight, ...]
    is_nested: bool = False

    @property
    def title(self) -> str:
        """How messages call it."""
        return f"layer {self.name!r}"


@dataclass(frozen=True)
class OwnWeights(LayerWeights):
    """The weights that a model has beside those of its layers."""

    @property
    def title(self) -> str:
        """How messages call it."""
        return "the model itself"


def describe(model: ModelLike) -> list[LayerWeights]:
    """Return the model's layers with their weights, layer by layer.

    Raises:
        NotBuiltError: The model or one of its layers has no weights yet.
        WeightsError: Two layers have one name, or a name cannot be stored.
    """
    require_built(model)
    layers = list(model.layers)
    _check_names(model, layers)
    return [_describe_layer(layer) for layer in layers]


def require_built(model: ModelLike) -> None:
    """Raise ``NotBuiltError`` for a model that has no weights yet."""
    if not getattr(model, "built", True):
        raise NotBuiltError(
            f"model {model.name!r} has no weights yet: its input shape is unknown",
            hint="Give the first layer an input_shape, or call the model on data once.",
        )
    for layer in model.layers:
        if not getattr(layer, "built", True):
            raise NotBuiltError(
                f"layer {layer.name!r} of model {model.name!r} has no weights yet",
                hint="Call the model on data once. If it never calls this layer, take the layer out.",
            )


def describe_own(model: ModelLike) -> OwnWeights:
    """Return the weights that no layer of the model has (a subclass that calls ``add_weight``)."""
    weights = getattr(model, "weights", ())
    of_layers = {id(tensor) for layer in model.layers for tensor in layer.weights}
    own = [tensor for tensor in weights if id(tensor) not in of_layers]
    return OwnWeights(model.name, _named(model.name, own, model))


def _describe_layer(layer: LayerLike) -> LayerWeights:
    sublayers = _find_sublayers(layer)
    if sublayers is None:
        names = _find_names(layer)
        weights = _named(layer.name, layer.weights, layer)
        is_nested = any("/" in name for name in names.values())
    else:
        weights, is_nested = tuple(_flatten(sublayers)), True
    return LayerWeights(layer.name, _unique(_order(layer, weights)), is_nested)


def _find_sublayers(layer: LayerLike) -> ModelLike | None:
    """Return the layer as a model if it is one, and no layer that calls something else ``layers``."""
    if not isinstance(layer, ModelLike):
        return None
    are_layers = all(isinstance(sublayer, LayerLike) for sublayer in layer.layers)
    return layer if are_layers else None


def _flatten(model: ModelLike) -> Iterator[NamedWeight]:
    for layer in describe(model):
        yield from layer.weights
    yield from describe_own(model).weights


def _order(layer: LayerLike, weights: Sequence[NamedWeight]) -> list[NamedWeight]:
    """Return a layer's weights in Keras's order: the trainable ones first, each only once.

    For a single layer that is the order of ``layer.weights`` as it is, also when it is frozen. A
    normalization inside a nested model has its moving statistics moved behind the last kernel.
    """
    unique = list({id(weight.tensor): weight for weight in weights}.values())
    trainable = getattr(layer, "trainable_weights", None)
    if trainable is None:
        return unique
    first = {id(tensor) for tensor in trainable}
    return sorted(unique, key=lambda weight: id(weight.tensor) not in first)


def _named(prefix: str, tensors: Sequence[Tensor], layer: object) -> tuple[NamedWeight, ...]:
    names, owners = (_find_names(layer), _find_owners(layer)) if tensors else ({}, {})
    return _unique(
        [
            _name_weight(
                f"{prefix}/{names.get(id(tensor), f'weight_{index}')}:0",
                tensor,
                owners.get(id(tensor), layer),
            )
            for index, tensor in enumerate(tensors)
        ]
    )


def _name_weight(name: str, tensor: Tensor, owner: object) -> NamedWeight:
    is_channels_first = getattr(owner, "data_format", None) == "channels_first"
    return NamedWeight(name, tensor, type(owner).__name__, is_channels_first)


def _find_owners(layer: object) -> dict[int, nn.Module]:
    """Return which of the modules in a layer has each tensor."""
    modules = layer.modules() if isinstance(layer, nn.Module) else ()
    return {
        id(tensor): module
        for module in modules
        for tensor in (*module._parameters.values(), *module._buffers.values())
        if tensor is not None
    }


def _find_names(layer: object) -> dict[int, str]:
    """Return the path of each tensor inside its layer: ``kernel``, ``cell/recurrent_kernel``."""
    named: Iterable[tuple[str, Tensor]] = ()
    if isinstance(layer, NamesWeights):
        named = layer.named_weights()
    elif isinstance(layer, nn.Module):
        named = (*layer.named_parameters(), *layer.named_buffers())
    # The first of several names counts, as in `named_parameters`.
    found: dict[int, str] = {}
    for name, tensor in named:
        found.setdefault(id(tensor), name.replace(".", "/"))
    return found


def _unique(weights: Sequence[NamedWeight]) -> tuple[NamedWeight, ...]:
    """Return the weights with names that can stand side by side in one group."""
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


def _check_names(model: ModelLike, layers: Sequence[LayerLike]) -> None:
    seen: set[str] = set()
    for layer in layers:
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
