"""The weights of a layer: declared first, given memory and values later, read and set as NumPy.

A weight has Keras's shape wherever it is seen. ``memory_order`` says in which order its axes lie in
memory, so that torch's kernels find what they want without a copy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from kplug.backend.arrays import read_array
from kplug.errors import DataError, KplugError, WeightsError
from kplug.initializers.adapt import initial_values
from kplug.initializers.scaling import with_fan_axes
from kplug.layers.base.component_slots import Slot


@dataclass
class WeightEntry:
    """What ``add_weight`` was told about one weight.

    Args:
        name: Its name in files.
        attribute: The attribute of the layer that holds it.
        shape: Keras's shape.
        dtype: Number type.
        initializer: The slot that its first values come from.
        regularizer: The slot of its penalty.
        constraint: The slot of what is applied after each update.
        is_trainable: Whether training changes it (while the layer is trainable too).
        memory_order: The axes in the order in which they lie in memory, slowest first.
        fan_axes: The axes that count as input and as output, where they are not the last two.
        has_values: Whether the initializer has run.
    """

    name: str
    attribute: str
    shape: tuple[int, ...]
    dtype: torch.dtype
    initializer: Slot
    regularizer: Slot
    constraint: Slot
    is_trainable: bool
    memory_order: tuple[int, ...]
    fan_axes: tuple[Sequence[int], Sequence[int]] | None = None
    has_values: bool = False

    def declare(self) -> Tensor:
        """Return the weight without memory: a parameter, or a plain tensor if it is not trained.

        Raises:
            DataError: It would have more bytes than can be counted.
        """
        if math.prod(self.shape) * self.dtype.itemsize >= 1 << 63:
            raise DataError(f"no memory holds a weight {self.name!r} of shape {self.shape}")
        return self._as_weight(self._allocate(torch.device("meta")))

    def fill(self, weight: Tensor, device: torch.device | None, where: str) -> None:
        """Give the declared weight memory and its first values; it stays the same object.

        Args:
            weight: What ``declare`` returned.
            device: Where it is to be; ``None`` is torch's default device.
            where: The weight's place in the model, for messages.

        Raises:
            ContractError: The initializer makes something of another shape.
        """
        try:
            initializer = with_fan_axes(self.initializer.value, self.fan_axes)
            values = initial_values(initializer, self.shape, self.dtype)
        except KplugError as error:
            error.at(where)
            raise
        with torch.no_grad():
            memory = self._allocate(device or torch.get_default_device())
            memory.copy_(values)
        self._give(weight, memory)

    def reserve(self, weight: Tensor, device: torch.device | None) -> None:
        """Give the declared weight memory alone: its values come from a file."""
        self._give(weight, self._allocate(device or torch.get_default_device()))

    def _give(self, weight: Tensor, memory: Tensor) -> None:
        filled = self._as_weight(memory)
        filled.requires_grad_(weight.requires_grad)
        # The author may have kept the declared object anywhere; a swap reaches all these places.
        torch.utils.swap_tensors(weight, filled)  # type: ignore[no-untyped-call]
        self.has_values = True

    def _allocate(self, device: torch.device) -> Tensor:
        order = self.memory_order
        memory = torch.empty([self.shape[axis] for axis in order], dtype=self.dtype, device=device)
        return memory.permute([order.index(axis) for axis in range(len(order))])

    def _as_weight(self, tensor: Tensor) -> Tensor:
        if not self.is_trainable:
            return tensor
        return nn.Parameter(tensor, requires_grad=tensor.is_floating_point())


def count_elements(weights: Sequence[Tensor]) -> int:
    """Return how many numbers the weights hold together."""
    return sum(math.prod(weight.shape) for weight in weights)


def assign_weights(
    owner: str, named_weights: Sequence[tuple[str, Tensor]], values: Sequence[Any]
) -> None:
    """Write values into weights; all are checked before the first one is written.

    Args:
        owner: Whose weights they are, for messages, such as ``layer 'dense'``.
        named_weights: Names and tensors, in order.
        values: An array or tensor of the same shape for each.

    Raises:
        WeightsError: The number, a shape or a type does not fit. Nothing was assigned.
    """
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
