"""The states that a stateful layer keeps between batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, final

import torch
from torch import Tensor, nn

from kplug.errors import DataError

_PREFIX = "_state_"

MakeStates: TypeAlias = "Callable[[int], list[Tensor]]"


@final
class KeptStates:
    """The last states of a layer, stored as buffers: they move with it and are no weights.

    Args:
        layer: The layer.

    Attributes:
        batch_size: The size of all batches, if it is known before there is one.
    """

    def __init__(self, layer: nn.Module) -> None:
        self._buffers = layer._buffers
        self._unsaved = layer._non_persistent_buffers_set
        self.batch_size: int | None = None

    @property
    def _names(self) -> list[str]:
        # The buffers alone tell: see what `layers.base.remat` restores.
        return [name for name in self._buffers if name.startswith(_PREFIX)]

    def get(self) -> list[Tensor] | None:
        """Return the states, shape (N, units) each, or None while there are none."""
        return [self._buffers[name] for name in self._names] or None  # type: ignore[misc]

    def get_for(self, batch_size: int, make_initial: MakeStates, owner: str) -> list[Tensor]:
        """Return the states for a batch; initial ones if there are none yet.

        Args:
            batch_size: How many samples the batch has.
            make_initial: Creates initial states for a number of samples.
            owner: Name of the layer, for messages.

        Raises:
            DataError: The kept states are those of another number of samples.
        """
        states = self.get()
        if states is None:
            states = make_initial(batch_size)
            self._start(states)
        if len(states[0]) != batch_size:
            raise DataError(
                f"layer {owner!r} is stateful and keeps states of {len(states[0])} samples, "
                f"the batch has {batch_size}",
                hint="All batches have the same size; reset_states() forgets the states.",
            )
        return states

    @torch.no_grad()
    def update(self, states: Sequence[Tensor]) -> None:
        """Store the values of these states."""
        # In place: compiled steps and torch.func do not notice replaced buffers.
        for name, state in zip(self._names, states, strict=True):
            self._buffers[name].copy_(state)  # type: ignore[union-attr]

    def replace(self, given: Sequence[Tensor], make_initial: MakeStates, owner: str) -> None:
        """Store the values of a user's states.

        Args:
            given: The states.
            make_initial: Creates initial states for a number of samples.
            owner: Name of the layer, for messages.

        Raises:
            DataError: The number or a shape does not fit; what was kept stays.
        """
        initial = make_initial(len(given[0]) if given and given[0].ndim else 1)
        if [one.shape for one in given] != [one.shape for one in initial]:
            raise DataError(
                f"layer {owner!r} keeps states of shapes {_shapes(initial)}, got {_shapes(given)}"
            )
        self._start(initial)
        self.update(given)

    def start_again(self, make_initial: MakeStates) -> None:
        """Reset to initial states if the batch size is known, else to none."""
        if self.batch_size is None:
            self._start([])
        elif not self._names:
            self._start(make_initial(self.batch_size))
        else:
            self.update(make_initial(self.batch_size))

    def _start(self, states: Sequence[Tensor]) -> None:
        """Register these tensors as the layer's buffers in place of the kept ones."""
        for name in self._names:
            del self._buffers[name]
        made = {f"{_PREFIX}{index}": state for index, state in enumerate(states)}
        self._buffers.update(made)
        self._unsaved.update(made)


def _shapes(tensors: Sequence[Tensor]) -> str:
    return ", ".join(str(tuple(tensor.shape)) for tensor in tensors) or "none"
