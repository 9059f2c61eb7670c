"""Pairs a model's weights with those of a Keras 2 file, before any are read."""

from __future__ import annotations

from collections.abc import Sequence

from kplug.errors import WeightsError
from kplug.saving.weights.keras2_layout import StoredLayer, StoredWeights
from kplug.saving.weights.kernel_conversions import FileOrigin, find_sources
from kplug.saving.weights.load_plan import LoadPlan, count_things, list_names
from kplug.saving.weights.named_weights import LayerWeights, NamedWeight

_CHANGE_MODEL = "Build the model as it was saved"
_SKIP = "pass skip_mismatch=True to leave what differs as it is"
_BY_NAME = "pass by_name=True to load only the layers whose names agree"


def match_by_position(
    layers: Sequence[LayerWeights], own: LayerWeights, stored: StoredWeights
) -> LoadPlan:
    """Pair the layers that have weights in order, regardless of names.

    Raises:
        WeightsError: The numbers of layers differ.
    """
    ours = [layer for layer in layers if layer.weights]
    theirs = [layer for layer in stored.layers if layer.weight_names]
    if len(ours) != len(theirs):
        raise WeightsError(
            f"the file holds {count_things(theirs, 'layer')} with weights{_list(theirs)}, "
            f"the model has {len(ours)}{_list(ours)}",
            hint=f"{_CHANGE_MODEL}, or {_BY_NAME}.",
        )
    plan = LoadPlan()
    for layer, stored_layer in zip(ours, theirs, strict=True):
        hint = f"{_CHANGE_MODEL}, {_BY_NAME}, or {_SKIP}."
        _match_layer(plan, layer, stored_layer, hint, stored.origin)
    if own.weights:
        stored_own = stored.top_level or StoredLayer(own.name, (), None)
        hint = f"{_CHANGE_MODEL}, {_BY_NAME}, or {_SKIP}."
        _match_layer(plan, own, stored_own, hint, stored.origin)
    return plan


def match_by_name(
    layers: Sequence[LayerWeights], own: LayerWeights, stored: StoredWeights
) -> LoadPlan:
    """Pair the layers with equal names; ignore all others on both sides."""
    by_name = {layer.name: layer for layer in stored.layers}
    plan = LoadPlan()
    for layer in layers:
        if layer.name in by_name:
            hint = f"Rename the layer, or {_SKIP}."
            _match_layer(plan, layer, by_name[layer.name], hint, stored.origin)
    if own.weights and stored.top_level and stored.top_level.weight_names:
        _match_layer(plan, own, stored.top_level, f"{_CHANGE_MODEL}, or {_SKIP}.", stored.origin)
    return plan


def _match_layer(
    plan: LoadPlan, layer: LayerWeights, stored: StoredLayer, hint: str, origin: FileOrigin
) -> None:
    names = _order_names(layer, stored.weight_names)
    datasets = [stored.get_dataset(name) for name in names]
    sources = find_sources(layer.weights, datasets, origin)
    if sources is None:
        message = (
            f"{layer.title} has {count_things(layer.weights, 'weight')}{_list(layer.weights)}, "
            f"the file holds {len(stored.weight_names)} for it"
            f"{list_names(stored.weight_names)}, saved as {stored.name!r}"
        )
        plan.add_problem(message, hint)
        return
    for weight, source in zip(layer.weights, sources, strict=True):
        plan.assign(layer.title, weight, source, hint)


def _order_names(layer: LayerWeights, stored: tuple[str, ...]) -> tuple[str, ...]:
    """Return the file's names in the order of the layer's weights.

    The order is by position, as in Keras, except inside a nested model: its group lists the trainable
    weights first, so the order changes if an inner layer is frozen between saving and loading.
    There the names decide, if they are unambiguous.
    """
    if not layer.is_nested:
        return stored
    ours = [weight.name for weight in layer.weights]
    for key in (_whole_name, _layer_and_weight):
        by_key = {key(name): name for name in stored}
        keys = [key(name) for name in ours]
        if len(set(keys)) == len(stored) and set(keys) == set(by_key):
            return tuple(by_key[one] for one in keys)
    return stored


def _whole_name(name: str) -> str:
    return name.removesuffix(":0")


def _layer_and_weight(name: str) -> str:
    return "/".join(_whole_name(name).split("/")[-2:])


def _list(things: Sequence[LayerWeights | StoredLayer | NamedWeight]) -> str:
    return list_names([thing.name for thing in things])
