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
    """The weights that a layer has added, in order, and what it was told about each.

    The tensors stand among the layer's parameters and buffers, as torch wants it. They are declared by
    ``Layer.add_weight`` and get their values when they are first needed, so that asking for a shape
    draws no random numbers.

    Args:
        layer: The layer.
        given_values: Arrays that replace the initial values, or ``None``.

    Attributes:
        entries: What the layer was told about each weight.
    """

    def __init__(self, layer: nn.Module, given_values: Sequence[Any] | None) -> None:
        # The dicts, not the layer: a reference to it would leave every layer to the garbage collector.
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

    def named(self, *, is_trainable: bool) -> Iterator[tuple[str, Tensor]]:
        """Yield names and weights: those that training changes, or the others."""
        for entry in self.entries:
            if entry.is_trainable is is_trainable:
                yield entry.name, self.get(entry)

    def find_components(
        self, role: Literal["regularizer", "constraint"]
    ) -> Iterator[tuple[TensorFunction, Tensor]]:
        """Yield the components of one role, and the weights that they are applied to.

        A frozen weight has none, as in Keras 3.
        """
        for entry in self.entries:
            component = getattr(entry, role).value
            weight = self.get(entry)
            if component is not None and weight.requires_grad:
                yield component, weight

    def find_free_name(self) -> str:
        """Return ``variable``, or the first free name of ``variable_1``, ``variable_2`` and so on."""
        names = ("variable", *(f"variable_{number + 1}" for number in range(len(self.entries))))
        return next(name for name in names if name not in self)

    def find_entry(self, weight: Tensor) -> WeightEntry | None:
        """Return what the layer was told about a weight, or None if the tensor is no weight of it."""
        found = (entry for entry in self.entries if self.get(entry) is weight)
        return next(found, None)

    def take_out(self, entry: WeightEntry) -> None:
        """Take the tensor of a weight out of its attribute; it is about to be put into another one."""
        del self._home_of(entry)[entry.attribute]

    def forget_after(self, count: int) -> None:
        """Keep the first weights only: what added the others has failed, and may be tried again."""
        for entry in self.entries[count:]:
            self.take_out(entry)
        del self.entries[count:]

    def freeze(self, is_frozen: bool) -> None:
        """Let training change the weights that were declared as trainable, or leave them as they are."""
        for weight in self._parameters.values():
            if weight is not None:
                weight.requires_grad_(not is_frozen and weight.is_floating_point())

    # -- memory and values -------------------------------------------------------------------

    @property
    def byte_count(self) -> int:
        """How many bytes the weights take, whether they have memory or not."""
        return sum(math.prod(entry.shape) * entry.dtype.itemsize for entry in self.entries)

    def fill(self, device: torch.device | None, owner: str) -> set[str]:
        """Run the initializers of the weights that have no values yet; slots are resolved.

        Args:
            device: Where the weights are to be; ``None`` is torch's default device.
            owner: Name of the layer, for messages.

        Returns:
            The names of the weights that were filled.
        """
        empty = [entry for entry in self.entries if not entry.has_values]
        for entry in empty:
            entry.fill(self.get(entry), device, f"{owner}.{entry.name}_initializer")
        return {entry.name for entry in empty}

    def forget_values(self) -> None:
        """Let ``fill`` run the initializers of all weights once more."""
        for entry in self.entries:
            entry.has_values = False

    def reserve(self, device: torch.device | None) -> None:
        """Give the weights memory without values: a file has them."""
        for entry in self.entries:
            if not entry.has_values:
                entry.reserve(self.get(entry), device)

    def take_given_values(self) -> Sequence[Any] | None:
        """Return the arrays that replace the initial values, once."""
        given, self._given_values = self._given_values, None
        return given


def check_name(owner: str, name: object) -> str:
    """Return the name of a weight.

    Args:
        owner: The method that was called, for messages.
        name: The name.

    Raises:
        ArgumentValueError: It is no name.
    """
    if isinstance(name, (tuple, list)):  # Keras 3 has the shape first
        error = ArgumentValueError(owner, "name", name, "a string")
        error.hint = f"Give the shape by its keyword: add_weight(shape={tuple(name)})."
        raise error
    if not isinstance(name, str) or not name or "." in name or "/" in name:
        raise ArgumentValueError(owner, "name", name, "a name without '.' and '/'")
    return name


def check_sizes(owner: str, layer_name: str, shape: Sequence[Any]) -> tuple[int, ...]:
    """Return the shape of a weight.

    Args:
        owner: The method that was called, for messages.
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
