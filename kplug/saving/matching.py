"""Which weight of a file goes into which of a model; all decided before anything is read."""

from __future__ import annotations

from collections.abc import Sequence

import h5py
import torch

from kplug.errors import KplugError, WeightsError
from kplug.saving.conversions import Origin, find_sources
from kplug.saving.keras2_hdf5 import StoredLayer, StoredWeights
from kplug.saving.model_weights import LayerWeights, NamedWeight
from kplug.saving.plan import Plan

_CHANGE_MODEL = "Build the model as it was saved"
_SKIP = "pass skip_mismatch=True to leave what differs as it is"
_BY_NAME = "pass by_name=True to load only the layers whose names agree"


def match_by_position(
    layers: Sequence[LayerWeights], own: LayerWeights, stored: StoredWeights
) -> Plan:
    """Pair the layers that have weights, in order; names are not looked at.

    Raises:
        WeightsError: The numbers of layers differ, so that no pairing is meant.
    """
    ours = [layer for layer in layers if layer.weights]
    theirs = [layer for layer in stored.layers if layer.weight_names]
    if len(ours) != len(theirs):
        raise WeightsError(
            f"the file holds {_count(theirs, 'layer')} with weights{_list(theirs)}, "
            f"the model has {len(ours)}{_list(ours)}",
            hint=f"{_CHANGE_MODEL}, or {_BY_NAME}.",
        )
    plan = Plan()
    for layer, stored_layer in zip(ours, theirs, strict=True):
        hint = f"{_CHANGE_MODEL}, {_BY_NAME}, or {_SKIP}."
        _match_layer(plan, layer, stored_layer, hint, stored.origin)
    if own.weights:
        stored_own = stored.top_level or StoredLayer(own.name, (), None)
        hint = f"{_CHANGE_MODEL}, {_BY_NAME}, or {_SKIP}."
        _match_layer(plan, own, stored_own, hint, stored.origin)
    return plan


def match_by_name(layers: Sequence[LayerWeights], own: LayerWeights, stored: StoredWeights) -> Plan:
    """Pair the layers with equal names; all others, on either side, are left alone."""
    by_name = {layer.name: layer for layer in stored.layers}
    plan = Plan()
    for layer in layers:
        if layer.name in by_name:
            hint = f"Rename the layer, or {_SKIP}."
            _match_layer(plan, layer, by_name[layer.name], hint, stored.origin)
    if own.weights and stored.top_level and stored.top_level.weight_names:
        _match_layer(plan, own, stored.top_level, f"{_CHANGE_MODEL}, or {_SKIP}.", stored.origin)
    return plan


def _match_layer(
    plan: Plan, layer: LayerWeights, stored: StoredLayer, hint: str, origin: Origin
) -> None:
    names = _order_names(layer, stored.weight_names)
    datasets = [stored.get_dataset(name) for name in names]
    sources = find_sources(layer.weights, datasets, origin)
    if sources is None:
        plan.problems.append(
            WeightsError(
                f"{layer.title} has {_count(layer.weights, 'weight')}{_list(layer.weights)}, "
                f"the file holds {len(stored.weight_names)} for it"
                f"{list_names(stored.weight_names)}, saved as {stored.name!r}",
                hint=hint,
            )
        )
        return
    for weight, (found, make) in zip(layer.weights, sources, strict=True):
        dataset, *more = found
        mismatch = None if make is not None else find_mismatch(weight.tensor, dataset)
        if mismatch:
            message = f"{layer.title}: weight {weight.name!r} {mismatch}"
            plan.problems.append(WeightsError(message, hint=hint))
        else:
            plan.assign(weight, dataset, make, tuple(more))


def find_mismatch(tensor: torch.Tensor, dataset: h5py.Dataset) -> str | None:
    """Return why the tensor cannot take the dataset's values, judged without reading them."""
    expected, found = tuple(tensor.shape), tuple(dataset.shape)
    if expected != found:
        return f"has shape {expected}, the file's {dataset.name!r} has shape {found}"
    kind = dataset.dtype.kind
    is_narrower = (kind == "c" and not tensor.is_complex()) or (
        kind == "f" and not (tensor.is_floating_point() or tensor.is_complex())
    )
    if is_narrower:
        return f"is {_dtype(tensor.dtype)}, the file's {dataset.name!r} is {dataset.dtype}"
    return None


def _order_names(layer: LayerWeights, stored: tuple[str, ...]) -> tuple[str, ...]:
    """Return the file's names in the order of the layer's weights.

    Position decides, as in Keras, except inside a nested model: its group lists the trainable
    weights first, so the order changes when a layer of it is frozen between saving and loading.
    Where the names say which weight is which, they decide there.
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


def raise_misfits(problems: Sequence[KplugError]) -> None:
    """Raise the first problem, saying how many there are."""
    first, *others = problems
    if not others:
        raise first
    message = f"{first.message}; {len(others)} more weights or layers do not fit"
    raise WeightsError(message, hint=first.hint) from first


def _dtype(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _count(things: Sequence[object], noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


def _list(things: Sequence[LayerWeights | StoredLayer | NamedWeight]) -> str:
    return list_names([thing.name for thing in things])


def list_names(names: Sequence[str], most: int = 6) -> str:
    """Return the names in brackets, for a message."""
    if not names:
        return ""
    shown = ", ".join(repr(name) for name in names[:most])
    return f" ({shown}, …)" if len(names) > most else f" ({shown})"
