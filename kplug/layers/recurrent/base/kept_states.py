"""The states that a layer keeps from batch to batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kplug.backend import to_tensor
from kplug.errors import DataError
from kplug.layers.base.layer import Layer


class KeepsStates(Layer):
    """The side of a recurrent layer that keeps its last states, as buffers outside its weights."""

    _state_count = 0
    # The size of all batches, if it is known before there is one.
    _batch_size: int | None = None

    def get_initial_state(self, batch_size: int = 1) -> list[Tensor]:
        """Return the states before the first time."""
        raise NotImplementedError

    @property
    def states(self) -> list[Tensor] | None:
        """The kept states, shape (N, units) each; ``None`` while there are none."""
        if not self._state_count:
            return None
        return [getattr(self, f"_state_{index}") for index in range(self._state_count)]

    def _adjust_first_values(self, filled: set[str]) -> None:  # noqa: ARG002 - it adds to them
        if self._batch_size is not None and not self._state_count:
            self._make_states(self._batch_size)

    def _kept_states(self, batch_size: int) -> list[Tensor]:
        states = self.states
        if states is None:
            return self._make_states(batch_size)
        if states[0].shape[0] != batch_size:
            raise DataError(
                f"layer {self.name!r} is stateful and keeps states of {states[0].shape[0]} samples, "
                f"the batch has {batch_size}",
                hint="All batches have the same size; reset_states() forgets the states.",
            )
        return states

    def _make_states(self, batch_size: int) -> list[Tensor]:
        first = self.get_initial_state(batch_size)
        for index, state in enumerate(first):
            self.register_buffer(f"_state_{index}", state, persistent=False)
        self._state_count = len(first)
        return first

    @torch.no_grad()
    def _keep(self, states: Sequence[Tensor]) -> None:
        # In place: a compiled step and torch.func see buffers that change, not ones that are replaced.
        for kept, state in zip(self._kept_states(len(states[0])), states, strict=True):
            kept.copy_(state)

    def reset_states(self, states: Any = None) -> None:
        """Forget the kept states, or replace them.

        Args:
            states: New states: a tensor or array (N, units), or a list with one for each state.
                ``None``: the next batch starts from zeros, and may have another size.

        Raises:
            DataError: The number or a shape of the states does not fit.
        """
        if states is None:
            self._start_again()
            return
        given = [
            to_tensor(one) for one in (states if isinstance(states, (list, tuple)) else [states])
        ]
        first = self.get_initial_state(len(given[0]) if given and given[0].ndim else 1)
        if [one.shape for one in given] != [one.shape for one in first]:
            raise DataError(
                f"layer {self.name!r} keeps states of shapes {_shapes(first)}, got {_shapes(given)}"
            )
        self._forget_states()
        self._make_states(len(first[0]))
        self._keep(given)

    def reset_state(self) -> None:
        """Forget the kept states; Keras 3's name."""
        self.reset_states()

    @torch.no_grad()
    def _start_again(self) -> None:
        if self._batch_size is None or not self._state_count:
            self._forget_states()
        else:  # in place, so that a compiled step goes on
            self._keep(self.get_initial_state(self._batch_size))

    def _forget_states(self) -> None:
        for index in range(self._state_count):
            del self._buffers[f"_state_{index}"]
        self._state_count = 0


def _shapes(tensors: Sequence[Tensor]) -> str:
    return ", ".join(str(tuple(tensor.shape)) for tensor in tensors) or "none"
