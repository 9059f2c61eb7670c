"""The states that a stateful layer keeps from batch to batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn


@final
class KeptStates:
    """The last states of a layer, which stand among its buffers: they move with it and are no weights.

    Args:
        layer: The layer.

    Attributes:
        batch_size: The size of all batches, if it is known before there is one.
    """

    def __init__(self, layer: nn.Module) -> None:
        self._buffers = layer._buffers
        self._unsaved = layer._non_persistent_buffers_set
        self._names: tuple[str, ...] = ()
        self.batch_size: int | None = None

    def get(self) -> list[Tensor] | None:
        """Return the states, shape (N, units) each, or None while there are none."""
        if not self._names:
            return None
        return [self._buffers[name] for name in self._names]  # type: ignore[misc]

    def start(self, states: Sequence[Tensor]) -> None:
        """Keep these tensors in the place of those that were kept."""
        self.forget()
        self._names = tuple(f"_state_{index}" for index in range(len(states)))
        self._buffers.update(zip(self._names, states, strict=True))
        self._unsaved.update(self._names)

    @torch.no_grad()
    def update(self, states: Sequence[Tensor]) -> None:
        """Give the kept tensors other values."""
        # In place: a compiled step and torch.func see buffers that change, not ones that are replaced.
        for name, state in zip(self._names, states, strict=True):
            self._buffers[name].copy_(state)  # type: ignore[union-attr]

    def forget(self) -> None:
        """Keep nothing."""
        for name in self._names:
            del self._buffers[name]
        self._names = ()
