"""The ``WeightStore`` class: the weights of one layer, declared first and initialized when needed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, TypeAlias, final

import torch
from torch import Tensor, nn

from kplug.errors import ArgumentValueError
from kplug.layers.base.weight_entry import WeightEntry

TensorFunction: TypeAlias = "Callable[[Tensor], Tensor]"


@final
class WeightStore:
    """The weights that a layer has added, in order, and their declarations.

    The tensors are parameters and buffers of the layer, as in any module. ``Layer.add_weight`` declares
    them, and first use initializes them, so that reading a shape draws no random numbers.

    Args:
        layer: The layer.
        given_values: Arrays that replace the initial values, or ``None``.

    Attributes:
        entries: The declaration of each weight.
    """

    def __init__(self, layer: nn.Module, given_values: Sequence[Any] | None) -> None:
        # Store the dicts, not the layer: a reference cycle would leave layers to the garbage collector.
        self._parameters = layer._parameters
        self._buffers = layer._buffers
        self._given_values = given_values
        self.entries: list[WeightEntry] = []

    def __contains__(self, name: object) -> bool:
        return any(entry.name == name for entry in self.entries)

    def get(self, entry: WeightEntry) -> Tensor:
        """Return the tensor of a weight."""
        weight: Tensor = self._home_of(entry)[entry.attribute]
        return weight

    def _home_of(self, entry: WeightEntry) -> dict[str, Any]:
        return self._parameters if entry.is_trainable else self._buffers

    def named(self, *, is_trainable: bool) -> list[tuple[str, Tensor]]:
        """Return names and weights, either trainable or non-trainable."""
        home: dict[str, Any] = self._parameters if is_trainable else self._buffers
        return [
            (entry.name, home[entry.attribute])
            for entry in self.entries
            if entry.is_trainable is is_trainable
        ]

    def find_components(
        self, role: Literal["regularizer", "constraint"]
    ) -> Iterator[tuple[TensorFunction, Tensor]]:
        """Yield the components of one role and the weights that they apply to.

        A frozen weight has none, as in Keras 3.
        """
        for entry in self.entries:
            component = getattr(entry, role).value
            if component is not None and (weight := self.get(entry)).requires_grad:
                yield component, weight

    def find_free_name(self) -> str:
        """Return ``variable``, or the first free name of ``variable_1``, ``variable_2`` and so on."""
        names = ("variable", *(f"variable_{number + 1}" for number in range(len(self.entries))))
        return next(name for name in names if name not in self)

    def find_entry(self, weight: Tensor) -> WeightEntry | None:
        """Return the declaration of a weight, or None if the layer does not own the tensor."""
        found = (entry for entry in self.entries if self.get(entry) is weight)
        return next(found, None)

    def take_out(self, entry: WeightEntry) -> None:
        """Remove the tensor of a weight from its attribute, before it moves to another one."""
        del self._home_of(entry)[entry.attribute]

    def forget_after(self, count: int) -> None:
        """Drop all weights after the first ``count``, whose ``build`` failed and may be retried."""
        for entry in self.entries[count:]:
            self.take_out(entry)
        del self.entries[count:]

    def remove(self, name: str) -> None:
        """Remove a weight and its declaration."""
        entry = next(entry for entry in self.entries if entry.name == name)
        self.take_out(entry)
        self.entries.remove(entry)

    def freeze(self, is_frozen: bool) -> None:
        """Freeze or unfreeze the weights that were declared as trainable."""
        for weight in self._parameters.values():
            if weight is not None:
                weight.requires_grad_(not is_frozen and weight.is_floating_point())
        for entry in self.entries:
            if entry.is_adapted:
                self.get(entry).requires_grad_(False)

    # -- memory and values -------------------------------------------------------------------

    @property
    def byte_count(self) -> int:
        """The size of the weights in bytes, allocated or not."""
        return sum(math.prod(entry.shape) * entry.dtype.itemsize for entry in self.entries)

    def fill(self, device: torch.device | None, owner: str) -> set[str]:
        """Initialize the weights without values; the slots must be resolved.

        Args:
            device: The weights' device; ``None`` is torch's default device.
            owner: Name of the layer, for messages.

        Returns:
            The names of the weights that were filled.
        """
        empty = [entry for entry in self.entries if not entry.has_values]
        for entry in empty:
            entry.fill(self.get(entry), device, f"{owner}.{entry.name}_initializer")
        return {entry.name for entry in empty}

    def forget_values(self) -> None:
        """Make the next ``fill`` run all initializers again."""
        for entry in self.entries:
            entry.has_values = False

    def reserve(self, device: torch.device | None) -> None:
        """Allocate the weights without values, which a file provides; adapters start anew."""
        for entry in self.entries:
            if not (entry.has_values or entry.is_adapter):
                entry.reserve(self.get(entry), device)

    def take_given_values(self) -> Sequence[Any] | None:
        """Return the arrays that replace the initial values, once."""
        given, self._given_values = self._given_values, None
        return given


def check_name(owner: str, name: object) -> str:
    """Return the name of a weight.

    Args:
        owner: The called method, for messages.
        name: The name.

    Raises:
        ArgumentValueError: The name is invalid.
    """
    if isinstance(name, (tuple, list)):  # Keras 3 puts the shape first
        error = ArgumentValueError(owner, "name", name, "a string")
        error.hint = f"Give the shape by its keyword: add_weight(shape={tuple(name)})."
        raise error
    if not isinstance(name, str) or not name or "." in name or "/" in name:
        raise ArgumentValueError(owner, "name", name, "a name without '.' and '/'")
    return name


def check_sizes(owner: str, layer_name: str, shape: Sequence[Any]) -> tuple[int, ...]:
    """Return the shape of a weight.

    Args:
        owner: The called method, for messages.
        layer_name: Name of the layer, for messages.
        shape: The shape.

    Raises:
        ArgumentValueError: A size is unknown.
    """
    if all(isinstance(size, int) and size >= 0 for size in shape):
        return tuple(shape)
    error = ArgumentValueError(owner, "shape", shape, "integers >= 0, all known")
    if any(isinstance(size, (tuple, list)) for size in shape):
        error.hint = (
            f"Layer {layer_name!r} was called on several tensors. If it takes one, join them first: "
            "Concatenate()([…])."
        )
    raise error
