"""A layer's weights as lists, in Keras's order, checked before assignment."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from kplug.backend.arrays import read_array
from kplug.errors import DataError, WeightsError
from kplug.layers.base.weight_store import WeightStore
from kplug.registry.quoting import quote


def walk_weights(module: nn.Module, store: WeightStore) -> Iterator[tuple[str, Tensor]]:
    """Yield names and weights of a layer in Keras's order; shared weights occur once per name.

    Args:
        module: The layer.
        store: The weights that the layer has added.
    """
    # torch's dicts, since its methods take most of the time; a step of a user's may list weights twice.
    yield from store.named(is_trainable=True)
    yield from _own_tensors(module._parameters)
    yield from store.named(is_trainable=False)
    yield from _own_tensors(module._buffers, module._non_persistent_buffers_set)
    for name, child in module._modules.items():
        if child is None:
            continue
        list_its_own = getattr(child, "named_weights", None)
        inner = _all_tensors(child) if list_its_own is None else list_its_own()
        for inner_name, weight in inner:
            yield f"{name}/{inner_name}", weight


def _all_tensors(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    for prefix, inner in module.named_modules():
        for name, tensor in (
            *_own_tensors(inner._parameters),
            *_own_tensors(inner._buffers, inner._non_persistent_buffers_set),
        ):
            yield (f"{prefix}.{name}" if prefix else name).replace(".", "/"), tensor


def _own_tensors(
    tensors: Mapping[str, Tensor | None], left_out: Container[str] = ()
) -> Iterator[tuple[str, Tensor]]:
    for name, tensor in tensors.items():
        if tensor is not None and name not in left_out:
            yield name, tensor


def count_elements(weights: Sequence[Tensor]) -> int:
    """Return the total number of elements."""
    return sum(math.prod(weight.shape) for weight in weights)


def assign_weights(
    owner: str, named_weights: Sequence[tuple[str, Tensor]], values: Sequence[Any]
) -> None:
    """Write values into weights; all are checked before the first one is written.

    Args:
        owner: The owner of the weights, for messages, such as ``layer 'dense'``.
        named_weights: Names and tensors, in order.
        values: An array or tensor of the same shape for each.

    Raises:
        WeightsError: The number, a shape or a type does not fit. Nothing was assigned.
    """
    if not isinstance(values, Iterable):
        raise WeightsError(
            f"{owner}: weights are a list of arrays, got {quote(values)}; nothing was assigned",
            hint=f"Its weights are: {_describe(named_weights)}.",
        )
    given = list(values)
    if len(given) != len(named_weights):
        raise WeightsError(
            f"{owner} has {_count(len(named_weights), 'weight')}, got {_count(len(given), 'array')};"
            f" nothing was assigned",
            hint=f"Its weights are: {_describe(named_weights)}.",
        )
    arrays = [
        _check_value(owner, name, weight, value)
        for (name, weight), value in zip(named_weights, given, strict=True)
    ]
    with torch.no_grad():
        for (_, weight), array in zip(named_weights, arrays, strict=True):
            weight.copy_(array)


def _check_value(owner: str, name: str, weight: Tensor, value: object) -> Tensor:
    array = _as_tensor(owner, name, value)
    if array.shape != weight.shape:
        raise WeightsError(
            f"{owner}: weight {name!r} has shape {tuple(weight.shape)}, the array has shape "
            f"{tuple(array.shape)}; nothing was assigned"
        )
    return array


def _as_tensor(owner: str, name: str, value: object) -> Tensor:
    if isinstance(value, Tensor):
        return value.detach()
    try:
        array = read_array(value, f"{owner}: what was given for weight {name!r}")
    except DataError as error:
        raise WeightsError(
            f"{error.message}; nothing was assigned",
            hint="Weights are arrays of numbers, one for each weight.",
        ) from error
    return array


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _describe(named_weights: Sequence[tuple[str, Tensor]]) -> str:
    return ", ".join(f"{name} {tuple(weight.shape)}" for name, weight in named_weights) or "none"
