"""The declaration of one weight, which allocates and initializes it later.

A weight always has Keras's shape. ``memory_order`` gives the order of its axes in memory: the order that
torch's kernels use without a copy.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from kplug.backend.variables import make_variable
from kplug.errors import DataError, KplugError
from kplug.initializers.adapt import initial_values
from kplug.initializers.scaling import with_fan_axes
from kplug.layers.base.component_slots import Slot


@dataclass
class WeightEntry:
    """The declaration of one weight, made by ``add_weight``.

    Args:
        name: Its name in files.
        attribute: The attribute of the layer that holds it.
        path: The names of the enclosing layers and of the weight.
        shape: Keras's shape.
        dtype: Number type.
        initializer: The slot of its initializer.
        regularizer: The slot of its regularizer.
        constraint: The slot of its constraint, applied after each update.
        is_trainable: Whether training changes it (while the layer is trainable too).
        memory_order: The axes in memory order, slowest first.
        fan_axes: The axes that count as input and as output, where they are not the last two.
        has_values: Whether the initializer has run.
        is_adapted: Whether a low-rank adapter is trained instead of it.
        is_adapter: Whether it is a part of an adapter, which files of merged weights leave out.
    """

    name: str
    attribute: str
    path: str
    shape: tuple[int, ...]
    dtype: torch.dtype
    initializer: Slot
    regularizer: Slot
    constraint: Slot
    is_trainable: bool
    memory_order: tuple[int, ...]
    fan_axes: tuple[Sequence[int], Sequence[int]] | None = None
    has_values: bool = False
    is_adapted: bool = False
    is_adapter: bool = False

    def declare(self) -> Tensor:
        """Return the weight without memory: a parameter, or a plain tensor if it is not trained.

        Raises:
            DataError: Its number of bytes overflows.
        """
        if math.prod(self.shape) * self.dtype.itemsize >= 1 << 63:
            raise self._no_memory()
        return self._as_weight(self._allocate(torch.device("meta")))

    def fill(self, weight: Tensor, device: torch.device | None, where: str) -> None:
        """Allocate and initialize the declared weight; it stays the same object.

        Args:
            weight: The result of ``declare``.
            device: Its device; ``None`` is torch's default device.
            where: The weight's place in the model, for messages.

        Raises:
            ContractError: The initializer returns another shape.
            DataError: There is not enough memory.
        """
        try:
            with self._finding_memory(), torch.no_grad():
                initializer = with_fan_axes(self.initializer.value, self.fan_axes)
                values = initial_values(initializer, self.shape, self.dtype)
                memory = self._allocate(device or torch.get_default_device())
                memory.copy_(values)
        except KplugError as error:
            error.at(where)
            raise
        self._give(weight, memory)

    def reserve(self, weight: Tensor, device: torch.device | None) -> None:
        """Allocate the declared weight without values, which a file provides."""
        with self._finding_memory():
            memory = self._allocate(device or torch.get_default_device())
        self._give(weight, memory)

    @contextlib.contextmanager
    def _finding_memory(self) -> Iterator[None]:
        try:
            yield
        except (MemoryError, RuntimeError) as error:
            # torch has a separate exception for this on GPUs only.
            if isinstance(error, RuntimeError) and "memory" not in str(error):
                raise
            raise self._no_memory() from error

    def _no_memory(self) -> DataError:
        return DataError(f"no memory holds a weight {self.name!r} of shape {self.shape}")

    def _give(self, weight: Tensor, memory: Tensor) -> None:
        filled = self._as_weight(memory)
        filled.requires_grad_(weight.requires_grad)
        # The author may hold references to the declared object; swapping updates all of them.
        torch.utils.swap_tensors(weight, filled)  # type: ignore[no-untyped-call]
        self.has_values = True

    def _allocate(self, device: torch.device) -> Tensor:
        order = self.memory_order
        memory = torch.empty([self.shape[axis] for axis in order], dtype=self.dtype, device=device)
        return memory.permute([order.index(axis) for axis in range(len(order))])

    def _as_weight(self, tensor: Tensor) -> Tensor:
        made: Tensor = make_variable(tensor, self.name, self.path, is_trainable=self.is_trainable)
        return made
